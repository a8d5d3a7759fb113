"""What changed between two texts, in pieces that a page can mark. No Django."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import SequenceMatcher

from core.text.tokeniser import is_han

LONGEST = 6_000


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of text: kept, taken out or put in."""

    kind: str  # "same", "out", "in"
    text: str


def pieces(before: str, after: str) -> list[Piece]:
    """Both texts as one: joining all but "in" gives `before`, all but "out" gives `after`."""
    if before == after:
        return [Piece("same", after)] if after else []
    if len(before) + len(after) > LONGEST:
        return [p for p in (Piece("out", before), Piece("in", after)) if p.text]
    old, new = _units(before), _units(after)
    found: list[Piece] = []
    for kind, a, b, c, d in SequenceMatcher(a=old, b=new, autojunk=False).get_opcodes():
        if kind == "equal":
            found.append(Piece("same", "".join(old[a:b])))
            continue
        if b > a:
            found.append(Piece("out", "".join(old[a:b])))
        if d > c:
            found.append(Piece("in", "".join(new[c:d])))
    return found


def _units(text: str) -> list[str]:
    """Chinese by the character, other writing by the word, so that 12 and 120 differ whole."""
    found: list[str] = []
    joined = False
    for character in text:
        word = character.isalnum() and not is_han(character)
        if word and joined:
            found[-1] += character
        else:
            found.append(character)
        joined = word
    return found
