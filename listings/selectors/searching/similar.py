"""Patents like this one: near in meaning, of the same class, and still to be had."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from django.db import OperationalError, connection

from core import text as language
from core.errors import Missing
from core.people.types import Actor
from listings.models import Patent
from listings.rules.similar import FARTHEST, Likeness, likeness, worth_showing
from listings.selectors.cards import NOT_FOUND, cards
from listings.types import PatentCard

LOOKED_AT: Final = 60
SHOWN: Final = 6
_NEAREST: Final = """
SELECT e.patent_id, t.distance FROM (
    SELECT entry_id, embedding <=> %(vector)s::halfvec AS distance FROM listings_boardtext
    WHERE embedding IS NOT NULL ORDER BY embedding <=> %(vector)s::halfvec LIMIT %(most)s
) t JOIN listings_boardentry e ON e.id = t.entry_id
WHERE e.listed AND e.patent_id <> %(own)s ORDER BY 2, 1
"""


@dataclass(frozen=True, slots=True)
class Similar:
    """A patent and why it is shown."""

    card: PatentCard
    why: Likeness


def similar(patent_id: int, *, viewer: Actor) -> list[Similar]:
    """The listed patents most like this one, at most six, in a fixed number of queries."""
    own = (
        Patent.objects.visible_to(viewer)
        .filter(pk=patent_id)
        .values_list("embedding", "title", "ipc")
        .first()
    )
    if own is None:
        raise Missing(NOT_FOUND)
    vector, title, ipc = own
    if vector is None:
        return []
    try:
        near = _nearest(patent_id, vector)
    except OperationalError:  # the database's patience is up: a page without this box
        return []
    found = cards(near, viewer=viewer)
    words = _words(title)
    alike = [
        Similar(
            card, likeness(near[pk], ipc, card.ipc, [w for w in words if w in _words(card.title)])
        )
        for pk, card in found.items()
        if card.is_public
    ]
    alike = [one for one in alike if worth_showing(one.why)]
    return sorted(alike, key=lambda s: (-s.why.score, s.card.id))[:SHOWN]


def _nearest(patent_id: int, vector: Iterable[float]) -> dict[int, float]:
    """The listed patents nearest in meaning and how far they are, by the board's vector index."""
    given = "[" + ",".join(f"{x:.6g}" for x in vector) + "]"
    with connection.cursor() as cursor:
        cursor.execute(_NEAREST, {"vector": given, "own": patent_id, "most": LOOKED_AT})
        return {pk: distance for pk, distance in cursor.fetchall() if distance < FARTHEST}


def _words(title: str) -> list[str]:
    """What a title is about, for people: words of two characters and more, each once."""
    plain = language.generic_words()
    known = [word for word in language.words(title) if len(word) > 1 and word not in plain]
    return list(dict.fromkeys(known))[:20]
