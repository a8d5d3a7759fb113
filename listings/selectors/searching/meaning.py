"""Entries that mean much the same, in whatever words and whichever language."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from django.db import connection
from numpy.typing import NDArray

from core import text as language
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


def nearest(
    text: str, allowed: NDArray[np.bool_], limit: int, farthest: float = FARTHEST
) -> Places:
    """The entries nearest in meaning among those allowed, by the index or, where few are
    allowed, one by one."""
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
