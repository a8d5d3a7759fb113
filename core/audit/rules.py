"""How an audit entry is hashed into the chain (SHA-256, or SM3 where the setting says so)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping

GENESIS = "0" * 64


def digest(previous: str, content: Mapping[str, object], *, algorithm: str = "sha256") -> str:
    """The 64 hex digits that seal `content` behind the entry whose digest is `previous`."""
    text = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.new(algorithm, f"{previous}\n{text}".encode()).hexdigest()
