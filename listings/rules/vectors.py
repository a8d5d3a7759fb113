"""Search documents and queries as PostgreSQL literals, without its parser in between.

The parser would cut `c++` and `10/0525` in its own way; written as literals, the tokens that the
tokeniser made are the ones that are stored and asked for.
"""

from __future__ import annotations

from collections.abc import Iterable

MAX_POSITION = 16_383
MAX_POSITIONS = 200  # of one lexeme; PostgreSQL keeps 255
MAX_LEXEME = 500  # characters; PostgreSQL keeps 2046 bytes
WEIGHTS = "ABCD"


def quoted(token: str) -> str:
    """A token as a lexeme literal."""
    return "'" + token.replace("\\", "\\\\").replace("'", "''") + "'"


def _clean(tokens: Iterable[str]) -> Iterable[str]:
    for token in tokens:
        kept = token.replace("\x00", "").strip()[:MAX_LEXEME]
        if kept:
            yield kept


def document(parts: Iterable[tuple[str, Iterable[str]]]) -> str:
    """A tsvector literal from (weight, tokens) in reading order."""
    places: dict[str, list[str]] = {}
    position = 0
    for weight, tokens in parts:
        if weight not in WEIGHTS:
            raise ValueError(f"{weight} is no weight.")
        for token in _clean(tokens):
            position = min(position + 1, MAX_POSITION)
            found = places.setdefault(token, [])
            if len(found) < MAX_POSITIONS:
                found.append(f"{position}{weight}")
    return " ".join(f"{quoted(token)}:{','.join(found)}" for token, found in places.items())


def query(tokens: Iterable[str]) -> str:
    """A tsquery literal that asks for all of the tokens; empty when there are none."""
    return " & ".join(quoted(token) for token in dict.fromkeys(_clean(tokens)))
