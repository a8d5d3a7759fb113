"""An office's portfolio: potential by remaining life, what costs and earns nothing, what to do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import (
    Case,
    CharField,
    Count,
    Exists,
    F,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Sum,
    Value,
    When,
)
from django.db.models.functions import Coalesce

from core.days import MONTHS_IN_YEAR, add_months
from core.people.types import Actor
from listings.models import (
    Encumbrance,
    Listing,
    MaintenanceDecision,
    MarketSignal,
    Patent,
    PatentIncome,
)
from listings.models.patents import PatentQuerySet
from listings.rules import moves, suggestions
from listings.rules.suggestions import Act, Holding, Suggestion
from listings.selectors.cards import printed
from listings.selectors.upkeep import annuities
from listings.types import EncumbranceKind, ListingStatus, PatentKind, PatentStatus

LICENCES = (EncumbranceKind.ORDINARY, EncumbranceKind.SOLE, EncumbranceKind.EXCLUSIVE)
TIES = (EncumbranceKind.PLEDGE, EncumbranceKind.PRESERVATION, EncumbranceKind.EXCLUSIVE)
SCORES: tuple[tuple[str, int, int], ...] = (
    ("80", 80, 101),
    ("65", 65, 80),
    ("50", 50, 65),
    ("40", 40, 50),
    ("0", 0, 40),
)
"""Bands of potential from above: code, from, below."""
LIVES: tuple[tuple[str, int, int | None], ...] = (
    ("0", 0, 1),
    ("1", 1, 3),
    ("3", 3, 5),
    ("5", 5, 10),
    ("10", 10, None),
)
"""Bands of remaining years: code, from, below."""
UNKNOWN = "x"
YUAN = "CNY"
DAYS = Decimal("365.25")


@dataclass(frozen=True, slots=True)
class Cell:
    """How many patents lie where a band of potential meets one of remaining life."""

    score: str
    life: str
    count: int


@dataclass(frozen=True, slots=True)
class Overview:
    """The portfolio in numbers. Money is what falls due within a year."""

    granted: int
    cells: tuple[Cell, ...]
    idle: int
    idle_cost: Decimal
    cost: Decimal
    layers: dict[str, int]
    earned: Decimal  # yuan received within the last year
    dry: int  # licensed or converted, and nothing received within the last year


@dataclass(frozen=True, slots=True)
class Row:
    """One patent of the portfolio with what might be done."""

    patent_id: int
    title: str
    printed: str
    layer: str
    by_hand: bool
    score: Decimal | None
    years_left: Decimal | None
    listing_status: str
    due_on: date | None
    cost: Decimal
    suggestions: tuple[Suggestion, ...]
    is_sample: bool


def _years(on: date, years: int) -> date:
    return add_months(on, years * MONTHS_IN_YEAR)


def _score_is(code: str) -> Q:
    if code == UNKNOWN:
        return Q(inventory__score__isnull=True)
    _code, low, high = next(band for band in SCORES if band[0] == code)
    return Q(inventory__score__gte=low, inventory__score__lt=high)


def _life_is(code: str, *, on: date) -> Q:
    if code == UNKNOWN:
        return Q(expires_on__isnull=True)
    _code, low, high = next(band for band in LIVES if band[0] == code)
    within = Q(expires_on__gte=_years(on, low)) if low else Q(expires_on__isnull=False)
    return within if high is None else within & Q(expires_on__lt=_years(on, high))


def holdings(*, viewer: Actor) -> PatentQuerySet:
    """The viewer's patents that are in force."""
    return Patent.objects.managed_by(viewer).filter(status=PatentStatus.GRANTED)


def _earns() -> Q:
    """Licensed now, or converted once."""
    licensed = Encumbrance.objects.filter(patent=OuterRef("pk"), kind__in=LICENCES, active=True)
    converted = Listing.objects.filter(patent=OuterRef("pk"), status=ListingStatus.CONVERTED)
    return Q(Exists(licensed)) | Q(Exists(converted))


def _incomes(on: date, viewer: Actor) -> QuerySet[PatentIncome]:
    """What the viewer's organisations received within the year that ends on this day."""
    return PatentIncome.objects.filter(
        organisation_id__in=viewer.acts_for, received_on__gt=_years(on, -1), received_on__lte=on
    )


def dry(rows: PatentQuerySet, *, viewer: Actor, on: date) -> PatentQuerySet:
    """Licensed or converted ones for which nothing was received within a year."""
    paid = _incomes(on, viewer).filter(patent=OuterRef("pk"))
    return rows.filter(_earns()).exclude(Exists(paid))


def narrowed(
    rows: PatentQuerySet, *, on: date, score: str = "", life: str = "", idle: bool = False
) -> PatentQuerySet:
    """Exactly the rows behind a cell or a number; codes nobody knows narrow nothing."""
    if score in {UNKNOWN, *(band[0] for band in SCORES)}:
        rows = rows.filter(_score_is(score))
    if life in {UNKNOWN, *(band[0] for band in LIVES)}:
        rows = rows.filter(_life_is(life, on=on))
    return rows.exclude(_earns()) if idle else rows


def overview(*, viewer: Actor, on: date) -> Overview:
    """The matrix and the money, in a fixed number of queries."""
    rows = holdings(viewer=viewer)
    band = Case(
        *[When(_score_is(code), then=Value(code)) for code, *_ in SCORES],
        default=Value(UNKNOWN),
        output_field=CharField(),
    )
    left = Case(
        *[When(_life_is(code, on=on), then=Value(code)) for code, *_ in LIVES],
        default=Value(UNKNOWN),
        output_field=CharField(),
    )
    counted = rows.order_by().values(band=band, left=left).annotate(n=Count("pk"))
    cells = tuple(Cell(row["band"], row["left"], row["n"]) for row in counted)
    idle = set(rows.exclude(_earns()).values_list("pk", flat=True))
    due = [one for one in annuities.dues(rows, on=on, until=_years(on, 1)) if one.counts]
    layers = dict(rows.order_by().values_list("layer").annotate(n=Count("pk")))
    return Overview(
        granted=sum(cell.count for cell in cells),
        cells=cells,
        idle=len(idle),
        idle_cost=sum((d.total for d in due if d.patent_id in idle), Decimal(0)),
        cost=sum((d.total for d in due), Decimal(0)),
        layers={layer: layers.get(layer, 0) for layer in ("A", "B", "C")},
        earned=_incomes(on, viewer)
        .filter(patent__in=rows.order_by(), currency=YUAN)
        .aggregate(sum=Sum("amount"))["sum"]
        or Decimal(0),
        dry=dry(rows, viewer=viewer, on=on).count(),
    )


def _known(rows: PatentQuerySet) -> PatentQuerySet:
    """With all that suggestions read, whatever the number of rows."""

    def bond(kinds: Iterable[EncumbranceKind]) -> Exists:
        return Exists(
            Encumbrance.objects.filter(patent=OuterRef("pk"), kind__in=list(kinds), active=True)
        )

    live = Listing.objects.filter(patent=OuterRef("pk"), status__in=moves.LIVE_LISTING)
    said = MarketSignal.objects.filter(patent=OuterRef("pk")).order_by().values("patent")
    return (
        rows.select_related("inventory")
        .defer("embedding", "search", "abstract")
        .annotate(
            offer=Coalesce(Subquery(live.values("status")[:1]), Value("")),
            licensed=bond(LICENCES),
            tied=bond(TIES),
            declared=bond([EncumbranceKind.OPEN_DECLARATION]),
            dropped=Exists(
                MaintenanceDecision.objects.filter(patent=OuterRef("pk"), revoked_at=None)
            ),
            needs=Coalesce(F("demand_signal__needs"), 0),
            voices=Coalesce(Subquery(said.annotate(n=Count("pk")).values("n")), 0),
            interested=Coalesce(
                Subquery(said.filter(interested=True).annotate(n=Count("pk")).values("n")), 0
            ),
        )
    )


def _kin(rows: PatentQuerySet) -> Counter[str]:
    """How many of the office's patents in force lie in each subclass."""
    return Counter(main[:4] for main in rows.order_by().values_list("main_ipc", flat=True) if main)


def _held(patent: Any, kin: Counter[str], *, on: date) -> Holding:
    subclass = patent.main_ipc[:4]
    return Holding(
        on=on,
        score=_score(patent),
        layer=patent.layer,
        years_left=_left(patent.expires_on, on),
        granted_on=patent.granted_on,
        subclass=subclass,
        kin=kin[subclass],
        is_listed=patent.offer == ListingStatus.LISTED,
        is_suspended=patent.offer == ListingStatus.SUSPENDED,
        is_declared=patent.declared,
        is_licensed=patent.licensed,
        is_tied=patent.tied,
        is_examined=patent.kind == PatentKind.INVENTION or patent.evaluation_verdict == "supports",
        is_dropped=patent.dropped,
        needs=patent.needs,
        voices=patent.voices,
        interested=patent.interested,
    )


def _score(patent: Patent) -> Decimal | None:
    item = getattr(patent, "inventory", None)
    return item.score if item else None


def _left(expires_on: date | None, on: date) -> Decimal | None:
    if expires_on is None:
        return None
    return (Decimal(max(0, (expires_on - on).days)) / DAYS).quantize(Decimal("0.1"))


def suggested(
    rows: PatentQuerySet, *, viewer: Actor, on: date, act: str = ""
) -> tuple[list[tuple[int, tuple[Suggestion, ...]]], dict[str, int]]:
    """Ids with what is suggested, the best first; and how many each act has. One pass over all."""
    kin = _kin(holdings(viewer=viewer))
    counts: Counter[str] = Counter()
    found = []
    ordered = _known(rows).order_by(F("inventory__score").desc(nulls_last=True), "pk")
    for patent in ordered.iterator(chunk_size=2_000):
        ideas = suggestions.suggestions(_held(patent, kin, on=on))
        counts.update(idea.act.value for idea in ideas)
        if not act or any(idea.act.value == act for idea in ideas):
            found.append((patent.pk, ideas))
    return found, {one.value: counts[one.value] for one in Act}


def page_rows(page: Iterable[tuple[int, tuple[Suggestion, ...]]], *, on: date) -> list[Row]:
    """A page of suggested patents as rows, with what the next annuity costs."""
    ideas = dict(page)
    patents = {p.pk: p for p in _known(Patent.objects.filter(pk__in=ideas))}
    due = {
        one.patent_id: one
        for one in reversed(
            annuities.dues(Patent.objects.filter(pk__in=ideas), on=on, until=_years(on, 1))
        )
    }
    return [_row(patents[pk], ideas[pk], due.get(pk), on=on) for pk in ideas if pk in patents]


def _row(patent: Any, ideas: tuple[Suggestion, ...], due: annuities.Due | None, *, on: date) -> Row:
    return Row(
        patent_id=patent.pk,
        title=patent.title,
        printed=printed(patent),
        layer=patent.layer,
        by_hand=patent.layer_by_hand,
        score=_score(patent),
        years_left=_left(patent.expires_on, on),
        listing_status=patent.offer,
        due_on=due.due_on if due else None,
        cost=due.total if due else Decimal(0),
        suggestions=ideas,
        is_sample=patent.is_sample,
    )


def layers_by_organisation(prefix: str) -> list[dict[str, Any]]:
    """How the stock of a region's organisations lies in layers; archived patents apart.

    For the bureau: counts only, the largest stock first.
    """
    rows = Patent.objects.kept().filter(region__startswith=prefix, organisation__isnull=False)
    archived = Q(inventory__status="archived")
    counted = (
        rows.order_by()
        .values("organisation_id", "organisation__name")
        .annotate(
            total=Count("pk"),
            a=Count("pk", filter=Q(layer="A") & ~archived),
            b=Count("pk", filter=Q(layer="B") & ~archived),
            c=Count("pk", filter=Q(layer="C") & ~archived),
            archived=Count("pk", filter=archived),
            by_hand=Count("pk", filter=Q(layer_by_hand=True)),
        )
        .order_by("-total", "organisation_id")
    )
    return [
        {
            "organisation_id": row["organisation_id"],
            "name": row["organisation__name"],
            **{k: row[k] for k in ("total", "a", "b", "c", "archived", "by_hand")},
        }
        for row in counted
    ]
