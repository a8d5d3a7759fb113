"""Finding a patent: words, characters and numbers, filters with true counts, ways on from nothing.

One table of filters serves the page and the API; each facet's counts leave out its own filter, so
they say what choosing another value would show.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

import numpy as np
from django.core.exceptions import EmptyResultSet
from django.db import OperationalError, connection, models
from django.db.models import Case, Exists, F, Func, OuterRef, Q, Value, When
from django.db.models.functions import ExtractYear, Left
from pgvector.django import CosineDistance

from core import text as language
from core.errors import Invalid
from core.people.types import Actor, Role
from listings.models import Encumbrance, Listing, Patent
from listings.rules import numbers, vectors
from listings.selectors.cards import cards
from listings.types import EncumbranceKind, PatentCard

PAGE_SIZE: Final = 20
LAST_PAGE: Final = 50
REACHABLE: Final = PAGE_SIZE * LAST_PAGE
LONGEST_QUERY: Final = 200
OPEN_NOW: Final = "open"
NEGOTIABLE: Final = "negotiable"
PRICE_BANDS: Final[tuple[tuple[str, Decimal, Decimal | None], ...]] = (
    ("free", Decimal(0), Decimal(1)),
    ("to-50k", Decimal(1), Decimal(50_000)),
    ("to-200k", Decimal(50_000), Decimal(200_000)),
    ("to-1m", Decimal(200_000), Decimal(1_000_000)),
    ("above-1m", Decimal(1_000_000), None),
)
STAFF: Final = (Role.OFFICE, Role.BUREAU, Role.AUDITOR, Role.BROKER)
# Text decides, meaning and freshness break what text leaves equal.
MEANING_WEIGHT: Final = 0.35
FRESH_WEIGHT: Final = 0.05
FRESH_DAYS: Final = 365


@dataclass(frozen=True)
class BoardQuery:
    """What somebody asks of the board: the whole state of the page, as its URL holds it."""

    text: str = ""
    chosen: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    sort: str = ""
    page: int = 1

    @property
    def tokens(self) -> list[str]:
        return language.query_tokens(self.text)

    @property
    def order(self) -> str:
        """Relevance needs words to be relevant to."""
        return self.sort or ("relevance" if self.text else "newest")

    def without(self, name: str) -> BoardQuery:
        return replace(self, chosen={k: v for k, v in self.chosen.items() if k != name}, page=1)


@dataclass(frozen=True)
class Facet:
    """One filter's values with how many results each would have."""

    name: str
    counts: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class Found:
    """One page of results."""

    cards: list[PatentCard]
    total: int
    page: int
    facets: tuple[Facet, ...] = ()

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


Rows = models.QuerySet[Listing]


# Filters


def declared() -> Exists:
    """Whether an open licence is on offer."""
    return Exists(
        Encumbrance.objects.filter(
            patent_id=OuterRef("patent_id"), kind=EncumbranceKind.OPEN_DECLARATION, active=True
        )
    )


def _any(conditions: Iterable[Q]) -> Q:
    found = Q(pk__in=())
    for condition in conditions:
        found |= condition
    return found


def _price(values: Sequence[str]) -> Q:
    bands = {name: (low, high) for name, low, high in PRICE_BANDS}
    conditions = []
    for value in values:
        if value == NEGOTIABLE:
            conditions.append(Q(asking_price__isnull=True))
        elif value in bands:
            low, high = bands[value]
            above = Q(asking_price__gte=low)
            conditions.append(above & Q(asking_price__lt=high) if high is not None else above)
    return _any(conditions)


def _mode(values: Sequence[str]) -> Q:
    routes = [value for value in values if value != OPEN_NOW]
    condition = Q(routes__overlap=routes) if routes else Q(pk__in=())
    return condition | Q(declared()) if OPEN_NOW in values else condition


def _starting(path: str) -> Callable[[Sequence[str]], Q]:
    return lambda values: _any(Q(**{f"{path}__startswith": value}) for value in values)


def _among(path: str) -> Callable[[Sequence[str]], Q]:
    return lambda values: Q(**{f"{path}__in": list(values)})


FILTERS: Final[dict[str, Callable[[Sequence[str]], Q]]] = {
    "section": _starting("patent__main_ipc"),
    "ipc": _starting("patent__main_ipc"),
    "region": _starting("patent__region"),
    "holder": _among("patent__organisation__kind"),
    "kind": _among("patent__kind"),
    "status": _among("patent__status"),
    "mode": _mode,
    "price": _price,
    "trl": _among("patent__trl"),
    "year": _among("patent__filed_on__year"),
    "layer": _among("patent__layer"),
}
_PRICE_BAND = Case(
    When(asking_price__isnull=True, then=Value(NEGOTIABLE)),
    *(
        When(asking_price__lt=high, then=Value(name))
        for name, _, high in PRICE_BANDS
        if high is not None
    ),
    default=Value(PRICE_BANDS[-1][0]),
    output_field=models.CharField(),
)
COUNTED: Final[dict[str, Any]] = {
    "section": Left("patent__main_ipc", 1),
    "ipc": Left("patent__main_ipc", 3),
    "region": Left("patent__region", 2),
    "holder": F("patent__organisation__kind"),
    "kind": F("patent__kind"),
    "status": F("patent__status"),
    "price": _PRICE_BAND,
    "trl": F("patent__trl"),
    "year": ExtractYear("patent__filed_on"),
    "layer": F("patent__layer"),
}
FACET_ORDER: Final = (
    "mode", "section", "ipc", "region", "holder", "kind", "status", "price", "trl", "year", "layer",
)  # fmt: skip


def tsquery(tokens: Iterable[str]) -> Func:
    return Func(
        Value(vectors.query(tokens)),
        template="(%(expressions)s)::tsquery",
        output_field=models.TextField(),
    )


class Matches(Func):
    """document @@ query"""

    template = "%(expressions)s"
    arg_joiner = " @@ "
    output_field = models.BooleanField()


def on_board(query: BoardQuery, *, viewer: Actor) -> Rows:
    """The listings that answer, in no order. Words must all be there; digits match numbers."""
    rows: Rows = Listing.objects.on_board()
    if query.text:
        rows = rows.filter(saying(query))
    for name, values in query.chosen.items():
        if values and (name != "layer" or viewer.has(*STAFF)):
            rows = rows.filter(FILTERS[name](values))
    return rows


def saying(query: BoardQuery) -> Q:
    tokens = query.tokens
    digits = numbers.fold(query.text)
    condition = Q(pk__in=())
    if tokens:
        condition = Q(Matches(F("patent__search"), tsquery(tokens)))
    if len(digits) >= 6 and digits[:-1].isdigit():
        condition |= Q(patent__number__contains=digits)
    return condition


def check(query: BoardQuery) -> None:
    """Refuse what no page should be asked, before the database is."""
    if len(query.text) > LONGEST_QUERY:
        raise too_much(
            f"检索词有 {len(query.text)} 个字，最多 {LONGEST_QUERY} 个字。请挑几个关键词；"
            "想用一整段描述找专利，请发布技术需求，系统会逐条说明匹配理由。"
        )
    if not 1 <= query.page <= LAST_PAGE:
        raise too_much(f"最多翻到第 {LAST_PAGE} 页。请增加关键词或筛选条件，缩小范围后再看。")


def too_much(message: str) -> Invalid:
    refusal = Invalid(message, code="query-too-broad")
    refusal.status = 400
    return refusal


# Answers


def board(*, viewer: Actor, query: BoardQuery, now: datetime, facets: bool = True) -> Found:
    """One page of the public board, best or newest first, with its facets."""
    check(query)
    try:
        rows = on_board(query, viewer=viewer)
        if facets:
            total, counted = count_facets(query, viewer=viewer)
        else:
            total, counted = rows.count(), ()
        start = (query.page - 1) * PAGE_SIZE
        ordered = relevant(rows, query, now) if query.order == "relevance" else newest(rows, query)
        ids = list(ordered[start : start + PAGE_SIZE]) if total > start else []
    except OperationalError as error:
        raise too_broad(error) from error
    found = cards(ids, viewer=viewer)
    return Found([found[pk] for pk in ids if pk in found], total, query.page, counted)


def too_broad(error: OperationalError) -> Exception:
    if "statement timeout" in str(error):
        return too_much("这次查询太宽，没能在限定时间内完成。请增加关键词或筛选条件后重试。")
    return error


def newest(rows: Rows, query: BoardQuery) -> models.QuerySet[Listing, int]:
    """Patent ids in a fixed order that a database index gives."""
    orders = {
        "price": (F("asking_price").asc(nulls_last=True), "-published_at", "-pk"),
        "price-desc": (F("asking_price").desc(nulls_last=True), "-published_at", "-pk"),
    }
    order = orders.get(query.order, ("-published_at", "-pk"))
    return rows.order_by(*order).values_list("patent_id", flat=True)


def relevant(rows: Rows, query: BoardQuery, now: datetime) -> list[int]:
    """Patent ids by text, meaning and freshness, among the best by text that pages can reach."""
    tokens = query.tokens
    rank: Any = Value(0.0)
    if tokens:
        rank = Func(
            F("patent__search"),
            tsquery(tokens),
            function="ts_rank",
            output_field=models.FloatField(),
        )
    best = rows.annotate(text_rank=rank).order_by("-text_rank", "-published_at", "-pk")
    vector = language.encode([query.text])[0]
    has_meaning = bool(np.any(vector))
    if has_meaning:
        distance = CosineDistance("patent__embedding", [float(x) for x in vector])
        best = best.annotate(distance=distance)
    names = ["patent_id", "text_rank", "published_at", *(["distance"] if has_meaning else [])]
    found = list(best.values_list(*names)[:REACHABLE])
    top = max((row[1] for row in found), default=0.0) or 1.0

    def score(row: tuple[Any, ...]) -> tuple[float, int]:
        meaning = 0.0
        if has_meaning and row[3] is not None and row[3] == row[3]:
            meaning = max(0.0, 1.0 - float(row[3]))
        age = max(0.0, (now - row[2]).total_seconds() / 86_400) if row[2] else FRESH_DAYS
        fresh = max(0.0, 1.0 - age / FRESH_DAYS)
        mixed = row[1] / top + MEANING_WEIGHT * meaning + FRESH_WEIGHT * fresh
        return (-round(mixed, 4), -row[0])

    return [row[0] for row in sorted(found, key=score)]


def exact(text: str, *, viewer: Actor) -> int | None:
    """The listed or otherwise visible patent whose number this is, in any spelling."""
    found = Patent.objects.visible_to(viewer)
    try:
        canonical = numbers.parse(text).canonical
        return found.filter(number=canonical).values_list("pk", flat=True).first()
    except numbers.NumberError:
        pass
    try:
        published = numbers.parse_publication(text)
    except numbers.NumberError:
        return None
    return (
        found.filter(publication_numbers__contains=[published]).values_list("pk", flat=True).first()
    )


# Facets


def count_facets(query: BoardQuery, *, viewer: Actor) -> tuple[int, tuple[Facet, ...]]:
    """The total, and each facet counted without its own filter."""
    names = [n for n in FACET_ORDER if n in COUNTED and (n != "layer" or viewer.has(*STAFF))]
    free = [name for name in names if not query.chosen.get(name)]
    total, counts = _grouped(on_board(query, viewer=viewer), free)
    for name in names:
        if name not in free:
            rows = on_board(query.without(name), viewer=viewer)
            counts |= _grouped(rows, [name])[1]
    counts["mode"] = _count_modes(query, viewer=viewer)
    return total, tuple(
        Facet(name, tuple(counts[name])) for name in FACET_ORDER if counts.get(name)
    )


def _grouped(rows: Rows, names: Sequence[str]) -> tuple[int, dict[str, list[tuple[str, int]]]]:
    """Several GROUP BYs in one scan, and the number of rows."""
    annotated = rows.order_by().annotate(**{f"f_{name}": COUNTED[name] for name in names})
    inner = annotated.values("pk", *(f"f_{name}" for name in names))
    try:
        sql, params = inner.query.sql_with_params()
    except EmptyResultSet:  # Django can tell: text without a letter or digit in it
        return 0, {name: [] for name in names}
    columns = [f"f_{name}" for name in names]
    sets = ", ".join(["()", *(f"({column})" for column in columns)])
    which = f"GROUPING({', '.join(columns)})" if columns else "0"
    chosen = "".join(f", {column}::text" for column in columns)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {which}, count(*){chosen} FROM ({sql}) found GROUP BY GROUPING SETS ({sets})",
            params,
        )
        table = cursor.fetchall()
    everything = (1 << len(columns)) - 1
    counts: dict[str, list[tuple[str, int]]] = {name: [] for name in names}
    total = 0
    for mask, count, *values in table:
        if mask == everything:
            total = count
        else:
            index = next(i for i in range(len(columns)) if not mask & (1 << (len(columns) - 1 - i)))
            if values[index] not in {None, ""}:
                counts[names[index]].append((values[index], count))
    for name in names:
        counts[name].sort(key=_order_of(name))
    return total, counts


def _order_of(name: str) -> Callable[[tuple[str, int]], Any]:
    if name in {"section", "layer"}:
        return lambda item: item[0]
    if name == "trl":
        return lambda item: -int(item[0])
    if name == "year":
        return lambda item: -int(item[0])
    if name == "price":
        order = [NEGOTIABLE, *(band[0] for band in PRICE_BANDS)]
        return lambda item: order.index(item[0])
    return lambda item: (-item[1], item[0])


def _count_modes(query: BoardQuery, *, viewer: Actor) -> list[tuple[str, int]]:
    """Routes are several per listing, so their counts may add up to more than the total."""
    rows = on_board(query.without("mode"), viewer=viewer).order_by()
    modes = rows.annotate(is_open=declared()).values("routes", "is_open")
    try:
        sql, params = modes.query.sql_with_params()
    except EmptyResultSet:
        return []
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT mode, count(*) FROM ({sql}) found, LATERAL unnest(found.routes || CASE WHEN"
            f" found.is_open THEN ARRAY['{OPEN_NOW}']::varchar[] ELSE '{{}}'::varchar[] END) mode"
            " GROUP BY mode ORDER BY count(*) DESC, mode",
            params,
        )
        return [(str(mode), int(count)) for mode, count in cursor.fetchall()]


# Nothing found


def ways_on(query: BoardQuery, *, viewer: Actor) -> list[Way]:
    """Questions near this one that do have answers, each with its true count."""
    tried: list[Way] = []
    chosen = [name for name, values in query.chosen.items() if values]
    if query.text and chosen:
        tried.append(Way("no-filters", "", 0, replace(query, chosen={}, page=1)))
    tried += [Way("without", name, 0, query.without(name)) for name in chosen if len(chosen) > 1]
    words = [word for word in language.words(query.text) if len(word) > 1]
    words = list(dict.fromkeys(words))[:6]
    if len(words) > 1:
        tried += [
            Way("word", word, 0, BoardQuery(text=word, chosen={}, sort=query.sort))
            for word in sorted(words, key=len, reverse=True)[:4]
        ]
    found = []
    for way in tried:
        count = on_board(way.query, viewer=viewer).count()
        if count:
            found.append(replace(way, count=count))
    return found


def close_in_meaning(text: str, *, viewer: Actor, limit: int = 6) -> list[PatentCard]:
    """Listed patents that mean much the same, for when no words match."""
    vector = language.encode([text])[0]
    if not np.any(vector):
        return []
    try:
        ids = list(
            Listing.objects.on_board()
            .filter(patent__embedding__isnull=False)
            .annotate(distance=CosineDistance("patent__embedding", [float(x) for x in vector]))
            .filter(distance__lt=0.75)
            .order_by("distance", "pk")
            .values_list("patent_id", flat=True)[:limit]
        )
    except OperationalError:
        return []
    found = cards(ids, viewer=viewer)
    return [found[pk] for pk in ids if pk in found]
