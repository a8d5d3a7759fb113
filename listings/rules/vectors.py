"""Search documents and queries as PostgreSQL literals, without its parser in between.

The parser would cut `c++` and `10/0525` in its own way; written as literals, the tokens that the
tokeniser made are the ones that are stored and asked for.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from functools import lru_cache

MAX_POSITION = 16_383
MAX_POSITIONS = 200  # of one lexeme; PostgreSQL keeps 255
MAX_LEXEME = 500  # characters; PostgreSQL keeps 2046 bytes
WEIGHTS = "ABCD"


def quoted(token: str) -> str:
    """A token as a lexeme literal."""
    return "'" + token.replace("\\", "\\\\").replace("'", "''") + "'"


@lru_cache(maxsize=1 << 17)
def lexeme(token: str) -> str:
    """The token as it may stand in a literal, or "". Remembered: the same few return all day."""
    kept = token.replace("\x00", "").strip()[:MAX_LEXEME]
    return quoted(kept) if kept else ""


def document(parts: Iterable[tuple[str, Iterable[str]]]) -> str:
    """A tsvector literal from (weight, tokens) in reading order."""
    places: dict[str, list[str]] = {}
    position = 0
    for weight, tokens in parts:
        if weight not in WEIGHTS:
            raise ValueError(f"{weight} is no weight.")
        for token in tokens:
            known = lexeme(token)
            if not known:
                continue
            if position < MAX_POSITION:
                position += 1
            found = places.get(known)
            if found is None:
                places[known] = [f"{position}{weight}"]
            elif len(found) < MAX_POSITIONS:
                found.append(f"{position}{weight}")
    return " ".join([f"{known}:{','.join(found)}" for known, found in places.items()])


def query(tokens: Iterable[str]) -> str:
    """A tsquery literal that asks for all of the tokens; empty when there are none."""
    return " & ".join(filter(None, map(lexeme, dict.fromkeys(tokens))))


def shared(asked: Sequence[str], other: Sequence[str]) -> tuple[float, float]:
    """How much of what was asked the other says, and how alike they are (Dice); 0 to 1."""
    both = sum((Counter(asked) & Counter(other)).values())
    return both / max(1, len(asked)), 2 * both / max(1, len(asked) + len(other))
