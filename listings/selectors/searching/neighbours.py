"""Patents of the library that lie near a text: by meaning and by words, each with its why."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from django.db import connection
from django.db.models import F, FloatField, Func, TextField, Value
from numpy.typing import NDArray
from pgvector.django import CosineDistance

from core import text as language
from core.people.types import Actor
from listings.models import Patent
from listings.models.board import BoardEntry, BoardText
from listings.rules import vectors
from listings.selectors.cards import as_card, with_parts
from listings.selectors.searching.asking import Matches
from listings.selectors.searching.ranking import literal
from listings.types import PatentCard

NEIGHBOURS: Final = 10
CANDIDATES: Final = 40
TELLING: Final = 8
MEANING: Final = 0.65
"""How much of the likeness is meaning; the rest is the telling words that both share."""


_NEAREST: Final = """
SELECT entry_id FROM listings_boardtext WHERE embedding IS NOT NULL
ORDER BY embedding <=> %(vector)s::halfvec LIMIT %(most)s
"""


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A patent near the text: how near, and by what."""

    card: PatentCard
    likeness: float
    meaning: float
    shared: tuple[str, ...]


# Counts and fillers: in every text, telling of none.
_COUNT = re.compile(r"[一二两三四五六七八九十百千万几半每各第][\u4e00-\u9fff]?$|^[a-z]$")
_FILLERS = frozenset(
    ["即可", "不用", "可以", "没有", "这样", "这个", "进行", "通过", "然后", "需要"]
)


def telling_words(text: str) -> list[str]:
    """The words of a text that tell what it is about, the most used and longest first."""
    generic = language.generic_words()
    counts: dict[str, int] = {}
    for word in language.words(text):
        told = len(word) > 1 and not word.isdigit() and not _COUNT.match(word)
        if told and word not in generic and word not in _FILLERS:
            counts[word] = counts.get(word, 0) + 1
    return sorted(counts, key=lambda word: (-counts[word] * len(word), word))


def neighbours(text: str, *, viewer: Actor, limit: int = NEIGHBOURS) -> list[Neighbour]:
    """The nearest patents that the viewer may see, nearest first; nothing of the text is kept."""
    vector = language.encode([text])[0]
    has_meaning = bool(np.any(vector))
    told = telling_words(text)
    wanted = told[: TELLING * 3]
    ids = _by_words(told[:TELLING], viewer=viewer)
    if has_meaning:
        ids |= _by_meaning(vector, viewer=viewer)
    if not ids:
        return []
    rows = with_parts(Patent.objects.visible_to(viewer).filter(pk__in=ids))
    stored = dict(
        Patent.objects.filter(pk__in=ids, embedding__isnull=False).values_list("pk", "embedding")
    )
    found = []
    for row in rows:
        near = stored.get(row.pk)
        meaning = float(np.dot(vector, np.asarray(near))) if near is not None else 0.0
        body = language.normalise(f"{row.title}\n{row.abstract}")
        shared = tuple(word for word in wanted if word in body)
        words = len(shared) / len(wanted) if wanted else 0.0
        likeness = MEANING * max(0.0, meaning) + (1 - MEANING) * words
        card = as_card(row, viewer=viewer)
        found.append(Neighbour(card, round(likeness, 4), round(max(0.0, meaning), 4), shared[:6]))
    found.sort(key=lambda near: (-near.likeness, near.card.id))
    return found[:limit]


def _by_meaning(vector: NDArray[np.float32], *, viewer: Actor) -> set[int]:
    """The nearest on the board, by its index; and the nearest of the viewer's own stock."""
    with connection.cursor() as cursor:
        cursor.execute(_NEAREST, {"vector": literal(vector), "most": CANDIDATES})
        entries = [entry for (entry,) in cursor.fetchall()]
    board = BoardEntry.objects.filter(pk__in=entries, listed=True)
    own = Patent.objects.managed_by(viewer).filter(embedding__isnull=False)
    near = own.annotate(distance=CosineDistance("embedding", [float(x) for x in vector]))
    mine = near.order_by("distance", "pk").values_list("pk", flat=True)[:CANDIDATES]
    return {*board.values_list("patent_id", flat=True), *mine}


def _by_words(words: Sequence[str], *, viewer: Actor) -> set[int]:
    """Those whose titles on the board, or whose texts in the own stock, say most of the words."""
    asked = [tokens for word in words if (tokens := language.query_tokens(word))]
    if not asked:
        return set()
    any_of = Func(
        Value(" | ".join(f"({vectors.query(tokens)})" for tokens in asked)),
        template="(%(expressions)s)::tsquery",
        output_field=TextField(),
    )

    def rank(column: str) -> Func:
        return Func(F(column), any_of, function="ts_rank", output_field=FloatField())

    board = BoardText.objects.filter(Matches(F("title"), any_of), entry__listed=True)
    own = Patent.objects.managed_by(viewer).filter(Matches(F("search"), any_of))
    best = board.annotate(rank=rank("title")).order_by("-rank", "pk")[:CANDIDATES]
    mine = own.annotate(rank=rank("search")).order_by("-rank", "pk")[:CANDIDATES]
    return {*best.values_list("entry__patent_id", flat=True), *mine.values_list("pk", flat=True)}
