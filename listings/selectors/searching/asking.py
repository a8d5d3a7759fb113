"""What can be asked of the board, and the listings that answer as rows of the database.

One table of filters serves the page, the API, saved searches and exports. `search.board` answers
the same questions from the board's columns, with counts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from django.db import OperationalError, models
from django.db.models import Exists, F, Func, OuterRef, Q, Value

from core import text as language
from core.errors import Invalid
from core.people.types import Actor, Role
from listings.models import Encumbrance, Listing
from listings.rules import numbers, vectors
from listings.rules.facets import NEGOTIABLE, OPEN_NOW, PRICE_BANDS, symbol_start
from listings.types import EncumbranceKind

PAGE_SIZE: Final = 20
LAST_PAGE: Final = 50
REACHABLE: Final = PAGE_SIZE * LAST_PAGE
LONGEST_QUERY: Final = 200
STAFF: Final = (Role.OFFICE, Role.BUREAU, Role.AUDITOR, Role.BROKER)


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
    "ipc": lambda values: _starting("patent__main_ipc")([symbol_start(v) for v in values]),
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
        condition |= Q(patent__number__icontains=digits)  # as the index has it
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


def too_broad(error: OperationalError) -> Exception:
    if "statement timeout" in str(error):
        return too_much("这次查询太宽，没能在限定时间内完成。请增加关键词或筛选条件后重试。")
    return error
