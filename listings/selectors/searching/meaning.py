"""Entries that mean much the same, in whatever words and whichever language."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from django.db import connection
from numpy.typing import NDArray

from core import text as language
from core.text import sentences
from listings.models import ForeignTitle
from listings.selectors.searching.ranking import literal
from listings.selectors.searching.wording import Places

FARTHEST: Final = 0.75  # cosine distance; unrelated texts lie near 1
NEAR: Final = 0.6  # beside results that say it, only what is plainly about the same
_FIRST_LOOK: Final = 60
_LONG_LOOK: Final = 300
_FEW: Final = 1_000  # so many allowed entries are compared one by one
_NEAREST = """
SELECT entry_id, embedding <=> %(vector)s::halfvec AS distance FROM listings_boardtext
WHERE embedding IS NOT NULL ORDER BY embedding <=> %(vector)s::halfvec LIMIT %(most)s
"""
_AMONG = """
SELECT entry_id, embedding <=> %(vector)s::halfvec AS distance FROM listings_boardtext
WHERE entry_id = ANY(%(places)s) AND embedding IS NOT NULL ORDER BY 2, 1 LIMIT %(most)s
"""
FOREIGN_LEAST: Final = 0.45  # likeness from which a foreign title may mean a Chinese question
FOREIGN_PLAIN: Final = 0.55  # beside results that say it
_FOREIGN = """
SELECT b.id, f.sentence <=> %(vector)s::halfvec AS distance FROM listings_foreigntitle f
JOIN listings_boardentry b ON b.patent_id = f.patent_id AND b.listed
ORDER BY 2, 1 LIMIT %(most)s
"""


def nearest(
    text: str, allowed: NDArray[np.bool_], limit: int, farthest: float = FARTHEST
) -> Places:
    """The entries nearest in meaning among those allowed; for a Chinese question the last places,
    up to a third, are for foreign ones that say it and were not among these."""
    said = foreign(text, allowed, max(limit // 3, 1), farthest)
    near = _near(text, allowed, limit, farthest)
    more = said[~np.isin(said, near)]
    return np.concatenate([near[: limit - len(more)], more])


def foreign(text: str, allowed: NDArray[np.bool_], limit: int, farthest: float) -> Places:
    """Entries in other languages that say what a Chinese text says; all of them are compared."""
    if not sentences.has_han(text) or not ForeignTitle.objects.exists():
        return np.zeros(0, dtype=np.int32)
    vector = sentences.rows([sentences.sentence(text)])[0]
    if not np.any(vector):
        return np.zeros(0, dtype=np.int32)
    least = FOREIGN_LEAST if farthest >= FARTHEST else FOREIGN_PLAIN
    asked = {"vector": literal(vector), "most": _LONG_LOOK}
    return _kept(_ask(_FOREIGN, asked), allowed, 1 - least)[:limit]


def _near(text: str, allowed: NDArray[np.bool_], limit: int, farthest: float) -> Places:
    """By word vectors: from the index or, where few are allowed, one by one."""
    vector = language.encode([text])[0]
    if not np.any(vector):
        return np.zeros(0, dtype=np.int32)
    rows = _ask(_NEAREST, {"vector": literal(vector), "most": _FIRST_LOOK})
    found = _kept(rows, allowed, farthest)
    if len(found) < limit:
        places = np.flatnonzero(allowed)
        if len(places) <= _FEW:
            values = {"vector": literal(vector), "most": limit, "places": places.tolist()}
            found = _kept(_ask(_AMONG, values), allowed, farthest)
        elif rows and rows[-1][1] < farthest:  # what lies beyond the last is farther still
            deeper = {"vector": literal(vector), "most": _LONG_LOOK}
            found = _kept(_ask(_NEAREST, deeper), allowed, farthest)
    return found[:limit]


def _ask(sql: str, values: dict[str, Any]) -> list[tuple[int, float]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return list(cursor.fetchall())


def _kept(rows: list[tuple[int, float]], allowed: NDArray[np.bool_], farthest: float) -> Places:
    kept = [
        place
        for place, distance in rows
        if distance is not None and distance < farthest and place < len(allowed) and allowed[place]
    ]
    return np.array(kept, dtype=np.int32)
