"""How licences are numbered."""

from __future__ import annotations

from datetime import date


def numbered(letters: str, pk: int, day: date) -> str:
    """Letters, a year, and the running number."""
    return f"{letters}{day:%Y}{pk:08d}"


def licence_number(pk: int, day: date) -> str:
    """XK 许可, the year of the notice or the signing, and the running number."""
    return numbered("XK", pk, day)


def certificate_number(pk: int, day: date) -> str:
    """JZ 鉴证, the year it was issued, and the running number."""
    return numbered("JZ", pk, day)
