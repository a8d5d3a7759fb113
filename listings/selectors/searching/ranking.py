"""In which order answers are shown. Never more than pages can reach is put in order."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

import numpy as np
from django.db import connection
from numpy.typing import NDArray

from core import text as language
from listings.rules import vectors
from listings.selectors.searching.columns import Columns
from listings.selectors.searching.wording import Asked, Places

# Text decides, meaning and freshness break what text leaves equal.
MEANING_WEIGHT: Final = 0.35
FRESH_WEIGHT: Final = 0.05
FRESH_DAYS: Final = 365
# Who types this much remembers a title: the title most like the question comes first.
LONG_TEXT: Final = 7
TITLE_WEIGHT: Final = 2.0
# So many are weighed one by one; of a broader result the newest. Of a long question's answers
# those with all of it in the title come first: for a short one, finding these costs 100 ms.
WEIGHED: Final = 160
WEIGHED_OF_LONG: Final = 400
_BESIDE_TITLES: Final = 100
_TITLES_SOUGHT: Final = 20_000


def ordered(places: Places, columns: Columns, order: str, most: int) -> Places:
    """The first of them: newest first, or by price with the negotiable ones last."""
    published = columns["published"][places]
    primary = -published
    if order in {"price", "price-desc"}:
        amount = columns["amount"][places]
        signed = amount if order == "price" else -amount
        primary = np.where(amount < 0, np.iinfo(np.int64).max, signed)
    if len(places) > most:
        near = primary <= np.partition(primary, most - 1)[most - 1]
        places, published, primary = places[near], published[near], primary[near]
    later = np.lexsort((-columns["listing_id"][places], -published, primary))
    return places[later[:most]]


def is_long(text: str) -> bool:
    """Whether somebody may be quoting a title."""
    return len("".join(text.split())) >= LONG_TEXT


def relevant(places: Places, columns: Columns, text: str, most: int, now: datetime) -> Places:
    """By text, meaning and freshness; behind those that were weighed the newest."""
    tokens = language.query_tokens(text)
    by_title = is_long(text)
    room = WEIGHED_OF_LONG if by_title else WEIGHED
    if by_title and tokens and room < len(places) <= _TITLES_SOUGHT:
        titled = np.intersect1d(places, _titled(tokens), assume_unique=True)
        others = np.setdiff1d(places, titled, assume_unique=True)
        first = ordered(titled, columns, "newest", room - _BESIDE_TITLES)
        rest = ordered(others, columns, "newest", room - len(first))
        weighed = np.concatenate([first, rest])
    else:
        weighed = ordered(places, columns, "newest", room)
    best = _weighed(weighed, tokens, text, now, by_title=by_title)
    if most <= len(best):
        return best[:most]
    behind = places[~np.isin(places, best)]
    return np.concatenate([best, ordered(behind, columns, "newest", most - len(best))])


def _titled(tokens: list[str]) -> Places:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT string_agg(int4send(entry_id::int4), ''::bytea) FROM listings_boardtext"
            " WHERE title @@ %s::tsquery",
            [vectors.query(tokens)],
        )
        (packed,) = cursor.fetchone()
    return np.frombuffer(packed or b"", dtype=">i4").astype(np.int32)


def _weighed(
    places: Places, tokens: list[str], text: str, now: datetime, *, by_title: bool
) -> Places:
    vector = language.encode([text])[0]
    meant = bool(np.any(vector))
    asked = Asked(text)
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT b.id, COALESCE(ts_rank(p.search, %s::tsquery), 0),
                   {"p.embedding <=> %s::vector" if meant else "NULL"}, b.published_at,
                   {"p.title" if by_title else "''"}
            FROM listings_boardentry b JOIN listings_patent p ON p.id = b.patent_id
            WHERE b.id = ANY(%s)
            """,
            [vectors.query(tokens), *([literal(vector)] if meant else []), places.tolist()],
        )
        rows = cursor.fetchall()
    top = max((row[1] for row in rows), default=0.0) or 1.0

    def score(row: tuple[Any, ...]) -> tuple[float, int]:
        close = 0.0 if row[2] is None or row[2] != row[2] else max(0.0, 1.0 - row[2])
        age = (now - row[3]).total_seconds() / 86_400 if row[3] else FRESH_DAYS
        fresh = max(0.0, 1.0 - max(0.0, age) / FRESH_DAYS)
        mixed = row[1] / top + MEANING_WEIGHT * close + FRESH_WEIGHT * fresh
        if by_title:
            mixed += TITLE_WEIGHT * asked.compare(row[4])[1]
        return (-round(mixed, 4), -row[0])

    return np.array([row[0] for row in sorted(rows, key=score)], dtype=np.int32)


def literal(vector: NDArray[np.float32]) -> str:
    """A vector as PostgreSQL reads it."""
    return str(vector.astype(float).round(6).tolist())
