"""What the runner says on the terminal."""

from __future__ import annotations

import sys
import unicodedata
from collections.abc import Iterable


def width(text: str) -> int:
    """Columns on a terminal: a Chinese character takes two."""
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def box(title: str, lines: Iterable[str]) -> str:
    """Lines in a frame, wide characters counted right."""
    lines = list(lines)
    inner = max(map(width, [title, *lines])) + 2
    rows = [f"│ {line}{' ' * (inner - width(line) - 1)}│" for line in lines]
    head = f"┌─ {title} {'─' * (inner - width(title) - 3)}┐"
    return "\n".join([head, *rows, f"└{'─' * inner}┘"])


def say(text: str) -> None:
    """One line of progress."""
    print(f"• {text}", file=sys.stderr, flush=True)
