"""The library as its keepers see it: an organisation's stock, its offers, a bureau's numbers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from django.db.models import Count, Exists, OuterRef, Q

from core.errors import Missing
from core.people.types import Actor
from listings.models import Favourite, InventoryItem, Listing, Patent
from listings.models.patents import PatentQuerySet
from listings.rules import moves
from listings.selectors.cards import as_card, with_parts
from listings.types import InventoryStatus, ListingStatus, PatentCard, PatentStatus

Measure = Literal["registered", "granted", "admitted", "listed", "converted"]


@dataclass(frozen=True, slots=True)
class StockCounts:
    """How much of the stock of a region or an organisation has come how far."""

    registered: int
    granted: int
    admitted: int
    listed: int
    converted: int


def stock(*, viewer: Actor) -> PatentQuerySet:
    """The patents of the organisations the viewer acts for, newest first, with a card's parts."""
    return with_parts(Patent.objects.managed_by(viewer)).order_by("-registered_at", "-pk")


def listing(listing_id: int, *, viewer: Actor) -> Listing:
    """One listing with its patent, or Missing."""
    row = (
        Listing.objects.visible_to(viewer)
        .filter(pk=listing_id)
        .select_related("patent", "patent__organisation")
        .first()
    )
    if row is None:
        raise Missing("没有找到这项挂牌，可能已被撤回，或您无权查看。")
    return row


def live_listing(patent_id: int, *, viewer: Actor) -> Listing | None:
    """The patent's draft, submitted, listed or suspended listing, if the viewer may see it."""
    return (
        Listing.objects.visible_to(viewer)
        .filter(patent_id=patent_id, status__in=moves.LIVE_LISTING)
        .select_related("patent")
        .first()
    )


def inventory_item(patent_id: int, *, viewer: Actor) -> InventoryItem | None:
    """Where the patent stands in the stock-taking, for those who may see the stock."""
    if not Patent.objects.visible_to(viewer).filter(pk=patent_id).exists():
        raise Missing("没有找到这件专利，可能已被移除，或您无权查看。")
    return InventoryItem.objects.filter(patent_id=patent_id).first()


def favourites(*, viewer: Actor) -> list[PatentCard]:
    """What the viewer keeps an eye on and may still see, newest first."""
    if viewer.user_id is None:
        return []
    order = dict(
        Favourite.objects.filter(user_id=viewer.user_id).values_list("patent_id", "created_at")
    )
    rows = with_parts(Patent.objects.visible_to(viewer).filter(pk__in=order))
    newest = sorted(rows, key=lambda row: (order[row.pk], row.pk), reverse=True)
    return [as_card(row, viewer=viewer) for row in newest]


def favourite_ids(ids: Iterable[int], *, viewer: Actor) -> set[int]:
    """Those of these patents that the viewer keeps an eye on, in one query."""
    if viewer.user_id is None:
        return set()
    rows = Favourite.objects.filter(user_id=viewer.user_id, patent_id__in=set(ids))
    return set(rows.values_list("patent_id", flat=True))


def is_favourite(patent_id: int, *, viewer: Actor) -> bool:
    """Whether the viewer keeps an eye on it."""
    return (
        viewer.user_id is not None
        and Favourite.objects.filter(user_id=viewer.user_id, patent_id=patent_id).exists()
    )


def _measured(rows: PatentQuerySet) -> PatentQuerySet:
    live = Listing.objects.filter(patent=OuterRef("pk"), status=ListingStatus.LISTED)
    ended = Listing.objects.filter(patent=OuterRef("pk"), status=ListingStatus.CONVERTED)
    admitted = InventoryItem.objects.filter(patent=OuterRef("pk"), status=InventoryStatus.ADMITTED)
    return rows.annotate(
        is_listed=Exists(live), is_converted=Exists(ended), is_admitted=Exists(admitted)
    )


MEASURES: dict[Measure, Q] = {
    "registered": Q(),
    "granted": Q(status=PatentStatus.GRANTED),
    "admitted": Q(is_admitted=True),
    "listed": Q(is_listed=True),
    "converted": Q(is_converted=True),
}


def _in_region(prefix: str) -> PatentQuerySet:
    return _measured(Patent.objects.kept().filter(region__startswith=prefix))


def _counts(rows: PatentQuerySet) -> StockCounts:
    counted = rows.aggregate(
        **{
            f"n_{name}": Count("pk", filter=condition) if condition else Count("pk")
            for name, condition in MEASURES.items()
        }
    )
    return StockCounts(**{name: counted[f"n_{name}"] for name in MEASURES})


def stock_counts(region_prefix: str) -> StockCounts:
    """The bureau's numbers for a region; the sample counts like any other row."""
    return _counts(_in_region(region_prefix))


def portfolio(organisation_id: int) -> StockCounts:
    """The same for one organisation."""
    return _counts(_measured(Patent.objects.kept().filter(organisation_id=organisation_id)))


def stock_rows(
    region_prefix: str, measure: Measure, *, viewer: Actor, offset: int = 0, limit: int = 100
) -> list[PatentCard]:
    """Exactly the patents behind one number, by id, a page at a time."""
    rows = with_parts(_in_region(region_prefix).filter(MEASURES[measure])).order_by("pk")
    return [as_card(row, viewer=viewer) for row in rows[offset : offset + limit]]


def stock_regions(region_prefix: str, measure: Measure) -> dict[str, int]:
    """The same number by full region code, in one query; codes without any are left out."""
    rows = _in_region(region_prefix).filter(MEASURES[measure])
    counted = rows.order_by().values("region").annotate(n=Count("pk")).values_list("region", "n")
    return dict(counted)


def newest(*, viewer: Actor, limit: int = 6) -> list[PatentCard]:
    """The patents that went on the board last."""
    live = Listing.objects.filter(status=ListingStatus.LISTED).order_by("-published_at", "-pk")
    order = list(live.values_list("patent_id", flat=True)[:limit])
    rows = {
        row.pk: row for row in with_parts(Patent.objects.visible_to(viewer).filter(pk__in=order))
    }
    return [as_card(rows[pk], viewer=viewer) for pk in order if pk in rows]


def listed_since(since: datetime) -> int:
    """How many offers on the board went there since."""
    return Listing.objects.filter(status=ListingStatus.LISTED, published_at__gte=since).count()


@dataclass(frozen=True, slots=True)
class StockTodo:
    """What waits for an office in its stock."""

    unverified: int
    drafts: int
    submitted: int
    suspended: int


def stock_todo(*, viewer: Actor) -> StockTodo:
    """How many of the viewer's patents lack a number, and listings are unfinished or suspended."""
    mine = Patent.objects.managed_by(viewer)
    counted = Listing.objects.filter(patent__in=mine).aggregate(
        drafts=Count("pk", filter=Q(status=ListingStatus.DRAFT)),
        submitted=Count("pk", filter=Q(status=ListingStatus.SUBMITTED)),
        suspended=Count("pk", filter=Q(status=ListingStatus.SUSPENDED)),
    )
    return StockTodo(mine.filter(status=PatentStatus.UNVERIFIED).count(), **counted)
