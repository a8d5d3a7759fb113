"""A list of patents as people type it: a number a line, and what they say of it."""

from __future__ import annotations

from collections.abc import Iterable

from listings.models import Patent
from listings.selectors.cards import printed


def as_lines(rows: Iterable[tuple[Patent, str]]) -> str:
    """The list as text, to be edited: numbers as on the certificate, each with its note."""
    return "\n".join(
        f"{printed(patent)} | {note}".rstrip(" |") for patent, note in rows if patent.number
    )
