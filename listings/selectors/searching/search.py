"""Finding a patent: words, characters and numbers, filters with true counts, ways on from nothing.

Each facet's counts leave out its own filter, so they say what choosing another value would show.
All counts are exact, of however many entries: see `columns`, `wording` and docs/search.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from typing import Final, cast

import numpy as np
from django.db import OperationalError, connection
from numpy.typing import NDArray

from core import text as language
from core.people.types import Actor
from listings.models import Patent
from listings.rules import facets as counting
from listings.rules import numbers
from listings.rules.facets import NEGOTIABLE, OPEN_NOW, PRICE_BANDS, PRICES
from listings.selectors.cards import cards
from listings.selectors.searching import columns as board_columns
from listings.selectors.searching import meaning, ranking, wording
from listings.selectors.searching.asking import (
    LAST_PAGE,
    LONGEST_QUERY,
    PAGE_SIZE,
    REACHABLE,
    STAFF,
    BoardQuery,
    Matches,
    Rows,
    check,
    on_board,
    saying,
    too_broad,
    too_much,
    tsquery,
)
from listings.selectors.searching.columns import HOLDERS, Columns
from listings.selectors.searching.wording import Places
from listings.types import PatentCard

__all__ = [
    "LAST_PAGE",
    "LONGEST_QUERY",
    "NEGOTIABLE",
    "OPEN_NOW",
    "PAGE_SIZE",
    "PRICES",
    "PRICE_BANDS",
    "REACHABLE",
    "STAFF",
    "BoardQuery",
    "Facet",
    "Found",
    "Matches",
    "Rows",
    "Way",
    "board",
    "check",
    "close_in_meaning",
    "exact",
    "on_board",
    "saying",
    "through",
    "too_broad",
    "too_much",
    "total",
    "tsquery",
    "ways_on",
]
BY_NUMBER: Final = "number"
BY_LIKENESS: Final = "close"
FEW: Final = 50
NEARLY: Final = 0.9


@dataclass(frozen=True)
class Facet:
    """One filter's values with how many results each would have."""

    name: str
    counts: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class Found:
    """One page of results. `why` says of a patent what found it, where words did not."""

    cards: list[PatentCard]
    total: int
    page: int
    facets: tuple[Facet, ...] = ()
    why: Mapping[int, str] = field(default_factory=dict)
    is_close: bool = False  # nothing says exactly this; these come nearest

    @property
    def pages(self) -> int:
        return max(1, min(LAST_PAGE, -(-self.total // PAGE_SIZE)))


@dataclass(frozen=True)
class Way:
    """Another question that does have answers."""

    kind: str
    label: str
    count: int
    query: BoardQuery


# The answer as places in the columns


class Answer:
    """All entries that answer a query, and what is counted and put in order of them."""

    def __init__(
        self,
        query: BoardQuery,
        *,
        viewer: Actor,
        columns: Columns | None = None,
        may_guess: bool = True,
    ) -> None:
        self.query, self.may_guess = query, may_guess
        self.columns = columns or board_columns.current()
        self.is_staff = viewer.has(*STAFF)
        self.chosen = {
            name: values
            for name, values in query.chosen.items()
            if values and (name != "layer" or self.is_staff)
        }

    @cached_property
    def by_number(self) -> Places:
        return self._listed(wording.numbered(self.query.text))

    @cached_property
    def by_words(self) -> Places:
        return self._listed(wording.saying(self.query.tokens, self.columns))

    @cached_property
    def is_close(self) -> bool:
        """Nothing says it, or has the number: what answers only comes near."""
        return not len(self.by_number) and not len(self.by_words) and len(self.by_likeness) > 0

    @cached_property
    def by_likeness(self) -> Places:
        """Titles that come nearest, where nothing says it; or, beside the few that say a long
        question somewhere, titles that are it but for the order of their words."""
        if not self.may_guess or len(self.by_number) or len(self.by_words) > FEW:
            return wording.NOBODY
        least = 0.0
        if len(self.by_words):
            if not ranking.is_long(self.query.text):
                return wording.NOBODY
            least = NEARLY
        pairs = wording.close(self.query.text)
        near = [place for place, likeness in pairs if likeness >= least]
        return self._listed(np.array(near, dtype=np.int32))

    @cached_property
    def said(self) -> Places:
        """The entries that the text finds, whatever the filters."""
        if not self.query.text:
            return np.flatnonzero(self.columns["listed"]).astype(np.int32)
        if self.is_close:
            return self.by_likeness
        beside = self.by_number if len(self.by_number) else self.by_likeness
        return np.union1d(beside, self.by_words).astype(np.int32) if len(beside) else self.by_words

    @cached_property
    def masks(self) -> dict[str, NDArray[np.bool_]]:
        return {name: self._mask(name) for name in self.chosen}

    @cached_property
    def places(self) -> Places:
        return self._left_by("")

    def _left_by(self, name: str) -> Places:
        """What the text and all filters but this one leave."""
        places = self.said
        for other, mask in self.masks.items():
            if other != name:
                places = places[mask[places]]
        return places

    def _listed(self, places: Places) -> Places:
        known: Places = places[places < self.columns.size]
        return cast("Places", known[self.columns["listed"][known]])

    def _mask(self, name: str) -> NDArray[np.bool_]:
        values = self.chosen[name]
        fits = counting.chosen(name, values, self.columns.arrays, HOLDERS)
        if name == "ipc":
            starts = [counting.symbol_start(value) for value in values]
            fine = [start for start in starts if counting.ipc_range(start) is None]
            if fine:
                finer = _classed(fine)
                fits[finer[finer < len(fits)]] = True
        return fits

    def facets(self) -> tuple[Facet, ...]:
        names = [name for name in counting.ORDER if name != "layer" or self.is_staff]
        free = [name for name in names if name not in self.chosen]
        counts = self._counted(free, self.places)
        for name in self.chosen:
            counts |= self._counted([name], self._left_by(name))
        return tuple(Facet(name, tuple(counts[name])) for name in names if counts[name])

    def _counted(self, names: list[str], places: Places) -> dict[str, counting.Counts]:
        return counting.count(names, places, self.columns.arrays, HOLDERS)

    def first(self, most: int, now: datetime) -> Places:
        """The places in the order that was asked for."""
        order = self.query.order
        if order != "relevance":
            return ranking.ordered(self.places, self.columns, order, most)
        if self.is_close:
            left = set(self.places.tolist())
            kept = [place for place in self.by_likeness.tolist() if place in left]
            return np.array(kept[:most], dtype=np.int32)
        found = ranking.relevant(self.places, self.columns, self.query.text, most, now)
        if len(self.by_number):  # whoever types a number means it
            numbered = np.isin(found, self.by_number)
            found = np.concatenate([found[numbered], found[~numbered]])
        return found

    def why(self, places: Places) -> dict[int, str]:
        if not self.query.text:
            return {}
        ids = self.columns["patent_id"]
        if not len(self.by_number) and not len(self.by_likeness):
            return {}
        numbered = set(self.by_number.tolist())
        close = set(np.setdiff1d(self.by_likeness, self.by_words).tolist())
        return {
            int(ids[place]): BY_NUMBER if place in numbered else BY_LIKENESS
            for place in places.tolist()
            if place in numbered or place in close
        }


def _classed(starts: list[str]) -> Places:
    """The entries whose main symbol begins so: groups, which the columns do not hold."""
    likes = [start.replace("%", "").replace("_", "") + "%" for start in starts]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT string_agg(int4send(id::int4), ''::bytea) FROM listings_boardentry"
            f" WHERE {' OR '.join(['main_ipc LIKE %s'] * len(likes))}",
            likes,
        )
        (packed,) = cursor.fetchone()
    return np.frombuffer(packed or b"", dtype=">i4").astype(np.int32)


# Answers


def board(*, viewer: Actor, query: BoardQuery, now: datetime, facets: bool = True) -> Found:
    """One page of the public board, best or newest first, with its facets."""
    check(query)
    try:
        answer = Answer(query, viewer=viewer)
        counted = answer.facets() if facets else ()
        total, start = len(answer.places), (query.page - 1) * PAGE_SIZE
        places = answer.first(start + PAGE_SIZE, now)[start:] if total > start else wording.NOBODY
        why = answer.why(places)
    except OperationalError as error:
        raise too_broad(error) from error
    ids = [int(pk) for pk in answer.columns["patent_id"][places]]
    found = cards(ids, viewer=viewer)
    return Found(
        [found[pk] for pk in ids if pk in found],
        total,
        query.page,
        counted,
        why,
        is_close=bool(query.text) and answer.is_close,
    )


def through(*, viewer: Actor, query: BoardQuery, now: datetime, most: int) -> tuple[int, list[int]]:
    """How many patents answer, and the first of them in order: for exports and alerts. What only
    comes near is not among them."""
    try:
        answer = Answer(query, viewer=viewer, may_guess=False)
        places = answer.first(most, now)
    except OperationalError as error:
        raise too_broad(error) from error
    ids = [int(pk) for pk in answer.columns["patent_id"][places]]
    return len(answer.places), ids


def total(query: BoardQuery, *, viewer: Actor) -> int:
    """How many patents answer."""
    try:
        return len(Answer(query, viewer=viewer, may_guess=False).places)
    except OperationalError as error:
        raise too_broad(error) from error


def exact(text: str, *, viewer: Actor) -> int | None:
    """The listed or otherwise visible patent whose number this is, in any spelling."""
    found = Patent.objects.visible_to(viewer)
    try:
        canonical = numbers.parse(text).canonical
        return found.filter(number=canonical).values_list("pk", flat=True).first()
    except numbers.NumberError:
        pass
    published = numbers.publications(text)
    if not published:
        return None
    rows = found.filter(publication_numbers__overlap=published).values_list("pk", flat=True)
    ids = list(rows[:2])
    return ids[0] if len(ids) == 1 else None


# Nothing found


# Words of a question that lead nowhere when they are searched alone.
ASKING = frozenset(
    (
        *("怎么", "怎样", "如何", "什么", "为什么", "哪些", "哪里"),
        *("可以", "能否", "是否", "有没有", "去掉", "解决"),
    )
)


def ways_on(query: BoardQuery, *, viewer: Actor) -> list[Way]:
    """Questions near this one that do have answers, each with its true count."""
    tried: list[Way] = []
    chosen = [name for name, values in query.chosen.items() if values]
    if query.text and chosen:
        tried.append(Way("no-filters", "", 0, replace(query, chosen={}, page=1)))
    tried += [Way("without", name, 0, query.without(name)) for name in chosen if len(chosen) > 1]
    words = [w for w in language.words(query.text) if len(w) > 1 and w not in ASKING]
    words = list(dict.fromkeys(words))[:6]
    if len(words) > 1:
        tried += [
            Way("word", word, 0, BoardQuery(text=word, chosen={}, sort=query.sort))
            for word in sorted(words, key=len, reverse=True)[:4]
        ]
    columns = board_columns.current()
    found = []
    for way in tried:
        answer = Answer(way.query, viewer=viewer, columns=columns, may_guess=False)
        count = len(answer.places)
        if count:
            found.append(replace(way, count=count))
    return found


def close_in_meaning(
    text: str, *, viewer: Actor, query: BoardQuery | None = None, limit: int = 6
) -> list[PatentCard]:
    """Listed patents that mean much the same and do not say it; the query's filters hold."""
    try:
        answer = Answer(query or BoardQuery(text=text), viewer=viewer)
        allowed = answer.columns["listed"].copy()
        for mask in answer.masks.values():
            allowed &= mask
        allowed[answer.said] = False
        says_it = len(answer.by_words) or len(answer.by_number)
        farthest = meaning.NEAR if says_it else meaning.FARTHEST
        places = meaning.nearest(text, allowed, limit, farthest)
    except OperationalError:
        return []
    ids = [int(pk) for pk in answer.columns["patent_id"][places]]
    found = cards(ids, viewer=viewer)
    return [found[pk] for pk in ids if pk in found]
