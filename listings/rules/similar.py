"""How alike two patents are, and why: plain values."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Final

FARTHEST: Final = 0.7
"""Cosine distance beyond which texts have nothing to do with each other."""
NEAR: Final = 0.5
"""How alike two texts of different classes must be to be shown."""
SAME_GROUP: Final = 0.10
SAME_SUBCLASS: Final = 0.05
SUBCLASS: Final = 4


@dataclass(frozen=True, slots=True)
class Likeness:
    """What two patents have in common."""

    score: float
    meaning: float
    group: str = ""
    subclass: str = ""
    words: tuple[str, ...] = ()


def worth_showing(why: Likeness) -> bool:
    """Whether two patents have enough in common: much the same text, or a class and some of it."""
    return why.meaning >= NEAR or bool(why.group or why.subclass)


def group_of(symbol: str) -> str:
    """The main group of a symbol: "H01M 10/0525" -> "H01M 10"; "" when it has none."""
    folded = symbol.upper().replace(" ", "")
    head = folded.split("/")[0]
    return f"{head[:SUBCLASS]} {head[SUBCLASS:]}" if head[SUBCLASS:].isdigit() else ""


def subclasses(symbols: Iterable[str]) -> list[str]:
    """The subclasses of symbols, each once, in their order."""
    found = [s.upper().replace(" ", "")[:SUBCLASS] for s in symbols]
    return list(dict.fromkeys(s for s in found if len(s) == SUBCLASS))


def likeness(
    distance: float, mine: Collection[str], theirs: Collection[str], words: Iterable[str] = ()
) -> Likeness:
    """Meaning first; a shared main group or subclass of the IPC brings two patents nearer."""
    meaning = round(max(0.0, min(1.0, 1.0 - distance)), 4)
    groups = [g for g in (group_of(s) for s in mine) if g]
    group = next((g for g in groups if g in {group_of(s) for s in theirs}), "")
    other = set(subclasses(theirs))
    subclass = next((s for s in subclasses(mine) if s in other), "")
    nearer = SAME_GROUP if group else SAME_SUBCLASS if subclass else 0.0
    return Likeness(round(meaning + nearer, 4), meaning, group, subclass, tuple(words))
