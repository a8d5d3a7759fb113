"""Which entries of the board say what was asked: words, characters, numbers, near misses.

A token of few entries is asked of the GIN index; one of very many has a posting, a bit for each
entry, so that no question costs more than its rarest token (docs/search.md).
"""

from __future__ import annotations

import math
import threading
from collections import OrderedDict
from collections.abc import Iterable, Sequence, Set
from itertools import combinations
from typing import Any, Final

import numpy as np
from django.db import connection
from numpy.typing import NDArray

from core import text as language
from listings.models import BoardBuild, BoardPosting
from listings.rules import numbers, vectors
from listings.selectors.searching.columns import Columns

Places = NDArray[np.int32]
NOBODY: Final[Places] = np.zeros(0, dtype=np.int32)
FEWEST_DIGITS: Final = 6
_REMEMBERED: Final = 400  # postings a process keeps, 85 KB each at national size
_CLOSE_TOKENS: Final = 48
_LONGEST_TITLE: Final = 90  # tokens, some 45 characters; more is a description, not a title
_CLOSE_OF_A_TOKEN: Final = 5_000
_TELLING: Final = 4
_PAIRED: Final = 4
_CLOSE_LOOKED_AT: Final = 200
_CLOSE_ENOUGH: Final = 0.6  # of what was asked must stand in the title
_CLOSE_SHOWN: Final = 60

_WORDED = "SELECT string_agg(int4send(entry_id::int4), ''::bytea) FROM listings_boardtext WHERE "
_DIRTY = (
    "changed >= pg_snapshot_xmin(%(built)s::pg_snapshot)"
    " AND NOT pg_visible_in_snapshot(changed, %(built)s::pg_snapshot)"
)


class _Postings:
    """The postings of one build that this process has read."""

    def __init__(self, build: int) -> None:
        self.build = build
        row = BoardBuild.objects.filter(pk=build).values_list("snapshot", flat=True).first()
        self.snapshot = row or ""
        self.counts = dict(BoardPosting.objects.values_list("token", "count"))
        self.bits: OrderedDict[str, NDArray[np.uint8]] = OrderedDict()

    def read(self, tokens: Sequence[str]) -> dict[str, NDArray[np.uint8]]:
        """The bits of those tokens that have a posting."""
        tokens = [token for token in tokens if token in self.counts]
        missing = [token for token in tokens if token not in self.bits]
        if missing:
            for token, bits in BoardPosting.objects.filter(token__in=missing).values_list(
                "token", "bits"
            ):
                self.bits[token] = np.frombuffer(bytes(bits), dtype=np.uint8)
        found = {token: self.bits[token] for token in tokens if token in self.bits}
        for token in found:
            self.bits.move_to_end(token)
        while len(self.bits) > _REMEMBERED:
            self.bits.popitem(last=False)
        return found


_known: _Postings | None = None
_lock = threading.Lock()


def _postings(build: int | None) -> _Postings | None:
    global _known
    if build is None:
        return None
    if _known is None or _known.build != build:
        _known = _Postings(build)
    return _known


def saying(tokens: Sequence[str], columns: Columns) -> Places:
    """The entries in which every one of the tokens stands, on the board or not."""
    tokens = [token for token in tokens if vectors.lexeme(token)]
    if not tokens:
        return NOBODY
    with _lock:
        postings = _postings(columns.build)
    if postings is None:
        return _asked(vectors.query(tokens))
    common = sorted((t for t in tokens if t in postings.counts), key=postings.counts.__getitem__)
    rare = [token for token in tokens if token not in postings.counts]
    if not common:
        return _asked(vectors.query(tokens))
    found = _among(_asked(vectors.query(rare)), common, postings) if rare else None
    if found is None:
        with _lock:
            bits = postings.read(common)
        if len(bits) < len(common):  # built anew this moment
            return _asked(vectors.query(tokens))
        found = _common(list(bits.values()))
    return _mended(found, tokens, postings.snapshot)


def _asked(query: str, where: str = "", **values: str) -> Places:
    condition = f"words @@ %(query)s::tsquery{where}"
    return _places(_WORDED + condition, {"query": query, **values})


def _places(sql: str, values: dict[str, Any]) -> Places:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        (packed,) = cursor.fetchone()
    return np.frombuffer(packed or b"", dtype=">i4").astype(np.int32)


def _among(places: Places, common: Sequence[str], postings: _Postings) -> Places | None:
    """Those of the places whose bit is set for each token, the rarest first; None where a posting
    is no longer there."""
    for token in common:
        if not len(places):
            break
        with _lock:
            bits = postings.read([token]).get(token)
        if bits is None:
            return None
        places = places[places < len(bits) * 8]
        places = places[(bits[places >> 3] >> (places & 7)) & 1 == 1]
    return places


def _common(several: Sequence[NDArray[np.uint8]]) -> Places:
    length = min(len(bits) for bits in several)
    both = several[0][:length]
    for bits in several[1:]:
        both = both & bits[:length]
    return np.flatnonzero(np.unpackbits(both, bitorder="little")).astype(np.int32)


def _mended(found: Places, tokens: Sequence[str], built: str) -> Places:
    """The same with the texts that changed since the postings were built read from the table."""
    changed = _places(_WORDED + _DIRTY, {"built": built})
    if not len(changed):
        return found
    now = _asked(vectors.query(tokens), f" AND {_DIRTY}", built=built)
    return np.union1d(np.setdiff1d(found, changed), now).astype(np.int32)


# Numbers


def numbered(text: str) -> Places:
    """The entries whose application number has these digits in it; () for text that is none."""
    digits = numbers.fold(text)
    if len(digits) < FEWEST_DIGITS or not digits[:-1].isdigit() or not digits.isalnum():
        return NOBODY
    return _places(
        "SELECT string_agg(int4send(b.id::int4), ''::bytea) FROM listings_patent p"
        " JOIN listings_boardentry b ON b.patent_id = p.id WHERE upper(p.number) LIKE %(like)s",
        {"like": f"%{digits}%"},
    )


# Near misses


def close(text: str) -> list[tuple[int, float]]:
    """Entries whose title nearly says it, the nearest first: a slip of the pen, another order.

    Candidates share rare bigrams with the question; then titles are compared whole.
    """
    asked = Asked(text)
    if len(asked.tokens) > _LONGEST_TITLE:
        return []
    tokens = list(dict.fromkeys(t for t in asked.tokens if len(t) > 1))[:_CLOSE_TOKENS]
    # What lies inside a word survives another order; what spans two words may be an accident.
    inside = {t for word in asked.words for t in language.query_tokens(word)}
    telling = _telling(tokens, inside)
    lists = dict(zip(telling, _titles(telling), strict=True)) if telling else {}
    within = (one for several, one in lists.items() if inside.issuperset(several))
    best = [_most(lists.values()), _most(within)]
    return _compared(asked, sorted({int(place) for places in best for place in places}))


def _most(lists: Iterable[NDArray[Any]]) -> NDArray[Any]:
    """The entries in most of the lists, a short list counting more."""
    several = [one for one in lists if len(one)]
    if not several:
        return NOBODY
    places, owner = np.unique(np.concatenate(several), return_inverse=True)
    worth = np.concatenate([np.full(len(one), 1 / math.log(2 + len(one))) for one in several])
    score = np.bincount(owner, weights=worth)
    return np.asarray(places[np.argsort(-score, kind="stable")[:_CLOSE_LOOKED_AT]])


def _telling(tokens: Sequence[str], inside: Set[str]) -> list[tuple[str, ...]]:
    """What to look for in titles: each token without a posting; where these are few, pairs of the
    rarest of the others too, since a common token alone is in too many titles. The same for those
    inside words."""
    common = dict(BoardPosting.objects.filter(token__in=tokens).values_list("token", "count"))
    rare = [token for token in tokens if token not in common]
    others = sorted((token for token in tokens if token in common), key=lambda t: common[t])
    pairs: list[tuple[str, ...]] = []
    if len(rare) < _TELLING:
        pairs += combinations(others[:_PAIRED], 2)
    if sum(token in inside for token in rare) < _TELLING:
        pairs += combinations([token for token in others if token in inside][:_PAIRED], 2)
    return list(dict.fromkeys([*((token,) for token in rare), *pairs]))


def _titles(sought: Sequence[tuple[str, ...]]) -> list[NDArray[Any]]:
    """For each of these the entries that have all of it in their title."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT (SELECT string_agg(int4send(x.entry_id::int4), ''::bytea) FROM (
                SELECT entry_id FROM listings_boardtext WHERE title @@ query::tsquery
                LIMIT %s) x)
            FROM unnest(%s::text[]) WITH ORDINALITY AS one(query, place) ORDER BY place
            """,
            [_CLOSE_OF_A_TOKEN, [vectors.query(several) for several in sought]],
        )
        return [np.frombuffer(packed or b"", dtype=">i4") for (packed,) in cursor.fetchall()]


class Asked:
    """A question to compare titles with: by characters and bigrams, and by words in any order."""

    def __init__(self, text: str) -> None:
        self.tokens = language.tokens(text)
        self.words = language.words(text)

    def compare(self, title: str) -> tuple[float, float]:
        """How much of the question the title says, and how alike both are."""
        said, likeness = vectors.shared(self.tokens, language.tokens(title))
        _, reordered = vectors.shared(self.words, language.words(title))
        return said, max(likeness, reordered) + likeness / 1_000


def _compared(asked: Asked, places: Sequence[int]) -> list[tuple[int, float]]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT b.id, p.title FROM listings_boardentry b JOIN listings_patent p"
            " ON p.id = b.patent_id WHERE b.id = ANY(%s) AND b.listed",
            [list(places)],
        )
        rows = cursor.fetchall()
    alike = []
    for place, title in rows:
        said, likeness = asked.compare(title)
        if said >= _CLOSE_ENOUGH:
            alike.append((place, likeness))
    return sorted(alike, key=lambda pair: (-pair[1], -pair[0]))[:_CLOSE_SHOWN]
