"""Questions about prices: what may be shown of concluded deals, and a holder's own earlier fees."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.core.cache import cache

from core.days import legal_day
from core.people import selectors as people
from core.people.types import Actor
from core.reference import selectors as reference
from licensing.models import Deal, Licence
from licensing.models.licences import IN_FORCE_EVER
from licensing.rules import estimates, fees, pricing
from licensing.rules.deals import DealKind, DealStatus
from licensing.rules.estimates import Basis, Figures
from licensing.rules.fees import FeePart, PartKind, RoyaltyBase
from licensing.rules.pricing import Cell, Comparable, Measure, Way
from listings import selectors as listings
from listings.types import PatentCard

Cells = dict[tuple[Way, str, Measure], Cell]
CONCLUDED = sorted(s.value for s in (DealStatus.SIGNED, DealStatus.REGISTERED, DealStatus.SETTLED))
HOUR = 3600
# Deals whose price is no price of a right alone: paid in rights, shares or work.
LIKE = (DealKind.ORDINARY, DealKind.SOLE, DealKind.EXCLUSIVE)
UNLIKE = sorted(k.value for k in DealKind if k not in LIKE)


def price_cells(*, today: date) -> Cells:
    """Every cell that may be shown today. They change with a quarter only, so an hour is fresh."""
    key = f"licensing.price_cells:{pricing.quarter_end(today):%Y%m%d}"
    found: Cells | None = cache.get(key)
    if found is None:
        found = pricing.cells(comparables(), today=today)
        cache.set(key, found, HOUR)
    return found


def comparables() -> list[Comparable]:
    """All concluded deals as values; four queries. For the rules only: no page shows a row."""
    rows = [
        (row.patent_id, _way(row), row.licensor_id, row.licensee_id, row.plan, row.effective_at)
        for row in Licence.objects.filter(
            status__in=IN_FORCE_EVER, plan__currency=fees.Currency.CNY.value
        )
        .exclude(deal_item__deal__kind__in=UNLIKE)
        .select_related("plan")
        .prefetch_related("plan__parts")
        .order_by("pk")
    ]
    rows += [
        (row.patent_id, Way.TRANSFER, row.holder_id, row.taker_id, row.agreed_terms.plan,
         row.sealed_at)
        for row in Deal.objects.filter(
            kind=DealKind.TRANSFER.value, status__in=CONCLUDED, agreed_terms__isnull=False
        )
        .select_related("agreed_terms__plan")
        .prefetch_related("agreed_terms__plan__parts")
        .order_by("pk")
        if row.agreed_terms is not None
    ]  # fmt: skip
    cards = listings.cards({row[0] for row in rows}, viewer=Actor.system())
    found: list[Comparable] = []
    for patent_id, way, giver, taker, plan, at in rows:
        card = cards.get(patent_id)
        if at is None or card is None:
            continue
        field = field_of(card.ipc)
        for measure, value in measured(plan.terms()):
            found.append(
                Comparable(len(found), way, field, giver, taker, measure, value, legal_day(at))
            )
    return found


def _way(row: Licence) -> Way:
    if row.declaration_id is not None:
        return Way.OPEN
    return Way.ORDINARY if row.kind == Licence.Kind.ORDINARY else Way.EXCLUSIVE


def field_of(ipc: tuple[str, ...]) -> str:
    """The class a patent is compared in: that of its first symbol."""
    return reference.ipc_class(ipc[0]) if ipc else ""


def measured(parts: tuple[FeePart, ...]) -> list[tuple[Measure, Decimal]]:
    """What a plan is compared by: all its fixed sums, or its rate on net sales; free is neither."""
    royal = next((p for p in parts if p.kind is PartKind.RUNNING), None)
    if royal is not None:
        if royal.base is RoyaltyBase.NET_SALES and royal.rate is not None:
            return [(Measure.RATE, royal.rate)]
        return []
    total = fixed_total(parts)
    return [(Measure.SUM, total)] if total else []


def fixed_total(parts: tuple[FeePart, ...]) -> Decimal:
    """What is paid whatever is sold, milestones included."""
    return sum((p.amount for p in parts if p.kind in fees.SUMS and p.amount), Decimal(0))


def own_fees(patent_id: int, *, viewer: Actor) -> list[Decimal]:
    """What this patent's licences cost that the viewer's own organisation gave."""
    rows = Licence.objects.filter(
        patent_id=patent_id,
        licensor_id__in=viewer.acts_for,
        status__in=IN_FORCE_EVER,
        plan__currency=fees.Currency.CNY.value,
    ).prefetch_related("plan__parts")
    return [
        total
        for row in rows.select_related("plan")
        for measure, total in measured(row.plan.terms())
        if measure is Measure.SUM
    ]


@dataclass(frozen=True, slots=True)
class Guidance:
    """What may be said about a price: comparable deals, the five bases, and all of it together."""

    field: str
    sums: Cell | None
    rates: Cell | None
    bases: list[Basis]
    low: Decimal | None
    high: Decimal | None
    told: str


def guidance(
    card: PatentCard | None, *, way: Way, figures: Figures, viewer: Actor, today: date
) -> Guidance:
    """The guide for one patent, or for a way of licensing at large, on the reader's figures."""
    field = field_of(card.ipc) if card else ""
    cells = price_cells(today=today)
    sums = pricing.best(cells, way=way, field=field, measure=Measure.SUM)
    rates = pricing.best(cells, way=way, field=field, measure=Measure.RATE)
    own = own_fees(card.id, viewer=viewer) if card else []
    bases = estimates.bases(figures, sums=sums, rates=rates, own_fees=own)
    return Guidance(field, sums, rates, bases, *estimates.together(bases))


def shown_on_shelf(region: str) -> bool:
    """Whether firms of this region's patents see comparable prices beside an open licence."""
    return bool(people.region_setting("pricing.on_shelf", region, default=True))
