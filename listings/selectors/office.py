"""What an office's pages ask besides: its stock with filters, all abilities of a patent at once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from django.db.models import Count, F, Q

from core import text as language
from core.days import legal_day
from core.errors import Missing
from core.people.types import Actor
from listings.models import Listing, Patent
from listings.models.choices import Layer, ListingStatus, PatentStatus
from listings.models.patents import ListingQuerySet, PatentQuerySet
from listings.rules import blockers, moves, numbers, sheet_text
from listings.selectors.cards import NOT_FOUND, as_card, find
from listings.selectors.register.legal import PARTS, facts
from listings.selectors.searching.search import Matches, tsquery
from listings.selectors.stock import stock
from listings.types import Action, Blocker, PatentCard

STATUSES = [(s.value, str(s.label)) for s in PatentStatus]
LAYERS = [(x.value, str(x.label)) for x in Layer]
OFFERS = [("none", "没有挂牌"), *((s.value, str(s.label)) for s in ListingStatus)]
SORTS = {"newest": ("-registered_at", "-pk"), "annuity": ("annuity_paid_to", "-pk")}


def filtered_stock(
    *,
    viewer: Actor,
    text: str = "",
    status: str = "",
    layer: str = "",
    offer: str = "",
    sort: str = "",
) -> PatentQuerySet:
    """The office's stock, narrowed."""
    rows = stock(viewer=viewer)
    if text:
        rows = rows.filter(saying(text))
    if status in PatentStatus.values:
        rows = rows.filter(status=status)
    if layer in Layer.values:
        rows = rows.filter(layer=layer)
    if offer == "none":
        rows = rows.exclude(listings__status__in=moves.LIVE_LISTING)
    elif offer in ListingStatus.values:
        rows = rows.filter(listings__status=offer).distinct()
    if sort == "annuity":
        return rows.order_by(F("annuity_paid_to").asc(nulls_last=True), "-pk")
    return rows


def saying(text: str) -> Q:
    """By words, by digits, or by a stretch of the title that is not indexed yet."""
    found = Q(title__icontains=text.strip())
    if tokens := language.query_tokens(text):
        found |= Q(Matches(F("search"), tsquery(tokens)))
    digits = numbers.fold(text)
    if len(digits) >= 4 and digits[:-1].isdigit():
        found |= Q(number__contains=digits)
    return found


def cards_of(rows: Iterable[Patent], *, viewer: Actor) -> list[PatentCard]:
    """A page of the stock as cards."""
    return [as_card(row, viewer=viewer) for row in rows]


def stock_by_status(*, viewer: Actor) -> dict[str, int]:
    """How many of the office's patents stand where."""
    rows = Patent.objects.managed_by(viewer).values("status").annotate(n=Count("pk")).order_by()
    return {row["status"]: row["n"] for row in rows}


def abilities(patent_id: int, *, at: datetime) -> dict[Action, list[Blocker]]:
    """For every action all that stands against it, from one reading of the facts."""
    row = (
        Patent.objects.kept()
        .filter(pk=patent_id)
        .defer("embedding", "search")
        .prefetch_related(*PARTS)
        .first()
    )
    if row is None:
        raise Missing(NOT_FOUND)
    return abilities_of(row, at=at)


def abilities_of(row: Patent, *, at: datetime) -> dict[Action, list[Blocker]]:
    """The same of a row that has its PARTS with it."""
    known = facts(row, on=legal_day(at))
    return {action: blockers.blockers(known, action) for action in Action}


def visible_ids(*, viewer: Actor, number: str = "", mine: bool = False) -> PatentQuerySet:
    """Keys of the patents that the viewer may see, to be paged."""
    found = Patent.objects.managed_by(viewer) if mine else Patent.objects.visible_to(viewer)
    if number:
        card = find(number, viewer=viewer)
        found = found.filter(pk=card.id if card else 0)
    return found.only("pk")


def with_listing(card: PatentCard, listing: Listing) -> PatentCard:
    """The card with the offer of an ended listing, for those who may still read it."""
    return replace(
        card,
        listing_id=listing.pk,
        listing_status=listing.status,
        listed_at=listing.published_at,
        problem=listing.problem,
        how=listing.how,
        benefit=listing.benefit,
        maturity=listing.maturity,
        routes=tuple(listing.routes),
        asking_price=listing.asking_price,
        summary=listing.summary,
        gains=sheet_text.gains_of(listing.gains),
        contrasts=sheet_text.contrasts_of(listing.contrasts),
        scenes=tuple(listing.scenes),
    )


def no_patents() -> PatentQuerySet:
    """An empty set, for descriptions of the API."""
    return Patent.objects.none()


def no_listings() -> ListingQuerySet:
    """An empty set, for descriptions of the API."""
    return Listing.objects.none()
