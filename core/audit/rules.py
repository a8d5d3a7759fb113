"""How an audit entry is hashed into the chain (SHA-256, or SM3 where the setting says so)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime

GENESIS = "0" * 64


def content(
    position: int | None,
    event: str,
    subject_type: str,
    subject_id: str,
    actor_key: str | None,
    organisation_id: int | None,
    at: datetime,
    changes: object,
) -> dict[str, object]:
    """What of an entry is sealed: everything but the erasable name."""
    return {
        "position": position,
        "event": event,
        "subject": f"{subject_type}:{subject_id}",
        "actor": actor_key,
        "organisation": organisation_id,
        "at": at.astimezone(UTC).isoformat(),
        "changes": changes,
    }


_CANONICAL = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def digest(previous: str, content: Mapping[str, object], *, algorithm: str = "sha256") -> str:
    """The 64 hex digits that seal `content` behind the entry whose digest is `previous`."""
    text = _CANONICAL.encode(content)
    return hashlib.new(algorithm, f"{previous}\n{text}".encode()).hexdigest()
