"""Licensing's papers: two columns, item and wording, with the hash that the check page knows."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from core.web.typesetting import typeset as set_in_type

SOURCE = Path(__file__).resolve().parents[2] / "templates" / "licensing" / "paper.typ"


def typeset(
    *, title: str, content: Sequence[tuple[str, Any]], content_hash: str, address: str
) -> bytes:
    """A paper of two columns, item and wording, with its hash and the page that checks it."""
    data = {
        "title": title,
        "rows": [
            [label, value if isinstance(value, list) else [str(value)]] for label, value in content
        ],
        "hash": content_hash,
        "address": address,
    }
    return set_in_type(SOURCE, data)
