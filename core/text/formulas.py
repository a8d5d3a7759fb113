"""Text that a spreadsheet would take for a formula (ASVS 5.0, 1.2.10); every writer asks here."""

from __future__ import annotations

SIGNS = ("=", "+", "-", "@", "＝", "＋", "－", "＠")
STARTS = (*SIGNS, "\t", "\r", "\n", "\0")


def is_formula(text: str) -> bool:
    """Whether a spreadsheet may run it: some trim a cell before they look at its first sign."""
    return text.startswith(STARTS) or text.lstrip().startswith(SIGNS)


def disarmed(text: str) -> str:
    """The same text as a cell that no spreadsheet runs."""
    return "'" + text if is_formula(text) else text
