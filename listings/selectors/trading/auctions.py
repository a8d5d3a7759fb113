"""What may be asked about auctions: who sees which, who sees which bid, and what time it is."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db import connection
from django.db.models import Count, Max, Prefetch, Q

from core.errors import Missing
from core.people import selectors as people
from core.people.types import Actor, Role
from listings.models import Auction, AuctionLot, Bid, Objection
from listings.models.auctions import AuctionQuerySet, AuctionStatus, Method, Right
from listings.models.patents import sees_all
from listings.rules import auctions as rules

NOT_FOUND = "没有找到这场拍卖，可能还没有公告，或您无权查看。"
STATES: dict[str, Q] = {
    "open": Q(status__in=[AuctionStatus.OPEN, AuctionStatus.CLOSED]),
    "announced": Q(status=AuctionStatus.ANNOUNCED),
    "ended": Q(status__in=sorted(rules.OVER)),
}
ORDERS = {"open": "ends_at", "announced": "opens_at", "ended": "-decided_at"}
ANYBODY = "竞买人"
METHODS = [(m.value, str(m.label)) for m in Method]
RIGHTS = [(r.value, str(r.label)) for r in Right]


def database_clock() -> datetime:
    """The one clock that decides about bids: the database's, as it is this instant."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        found: datetime = cursor.fetchone()[0]
    return found


def with_parts(rows: AuctionQuerySet) -> AuctionQuerySet:
    """With all that a list or a page touches: a fixed number of queries."""
    lots = AuctionLot.objects.select_related("patent").defer("patent__embedding", "patent__search")
    opened = ~Q(method=Method.SEALED) | Q(status__in=[AuctionStatus.CLOSED, *sorted(rules.OVER)])
    return (
        rows.select_related("organisation", "winning_bid__organisation")
        .prefetch_related(Prefetch("lots", queryset=lots))
        .annotate(
            bid_count=Count("bids", filter=opened),
            highest=Max("bids__amount", filter=opened),
        )
    )


def auctions(*, viewer: Actor, state: str = "", now: datetime) -> AuctionQuerySet:
    """What this viewer may see of the public auctions, by what is most urgent."""
    rows = Auction.objects.visible_to(viewer).filter(announced_at__isnull=False)
    due = Q(status=AuctionStatus.ANNOUNCED, opens_at__lte=now)
    if state == "open":
        rows = rows.filter(STATES["open"] | due)
    elif state == "announced":
        rows = rows.filter(STATES["announced"]).exclude(due)
    elif state in STATES:
        rows = rows.filter(STATES[state])
    return with_parts(rows).order_by(ORDERS.get(state, "-id"), "pk")


def auction_counts(*, now: datetime) -> dict[str, int]:
    """How many are open, announced and over."""
    due = Q(status=AuctionStatus.ANNOUNCED, opens_at__lte=now)
    counted: dict[str, int] = Auction.objects.filter(announced_at__isnull=False).aggregate(
        open=Count("pk", filter=STATES["open"] | due),
        announced=Count("pk", filter=STATES["announced"] & ~due),
        ended=Count("pk", filter=STATES["ended"]),
    )
    return counted


def auctions_of_seller(*, viewer: Actor) -> AuctionQuerySet:
    """All auctions of the organisations the viewer acts for, drafts too."""
    rows = Auction.objects.filter(organisation_id__in=viewer.acts_for)
    return with_parts(rows).order_by("-id")


def auction(auction_id: int, *, viewer: Actor) -> Auction:
    """One auction as this viewer may see it, or Missing."""
    row = with_parts(Auction.objects.visible_to(viewer)).filter(pk=auction_id).first()
    if row is None:
        raise Missing(NOT_FOUND)
    return row


def live_auctions_of(patent_id: int) -> list[Auction]:
    """The announced or open auctions that a patent is part of."""
    rows = Auction.objects.filter(lots__patent_id=patent_id, status__in=sorted(rules.LIVE))
    return list(rows.order_by("opens_at", "pk"))


def due_ids(*, now: datetime, limit: int = 200) -> list[int]:
    """Auctions whose clock is ahead of their row, or whose last objection was answered."""
    due = (
        Q(status=AuctionStatus.ANNOUNCED, opens_at__lte=now)
        | Q(status=AuctionStatus.OPEN, ends_at__lte=now)
        | Q(status=AuctionStatus.CLOSED)
    )
    return list(
        Auction.objects.filter(due).order_by("ends_at").values_list("pk", flat=True)[:limit]
    )


def notice_days(region: str) -> int:
    """How many whole days an announcement must stand in this region before bidding."""
    return int(people.region_setting("auction.notice_days", region, default=rules.NOTICE_DAYS))


def sign_days(region: str) -> int:
    """Within how many days of the award the contract is to be signed."""
    return int(people.region_setting("auction.sign_days", region, default=rules.SIGN_DAYS))


@dataclass(frozen=True, slots=True)
class BidLine:
    """One bid as a viewer may see it."""

    number: str
    label: str
    amount: Decimal | None
    placed_at: datetime
    is_mine: bool
    is_winner: bool


def bids(auction: Auction, *, viewer: Actor) -> list[BidLine]:
    """The bids, highest first once they may be read; who bid stays hidden until it is over.

    Of sealed bids that are not opened yet everybody, sellers, bureaus and auditors as well, sees
    their own line only, without its amount and without a number that tells how many came before.
    """
    rows = list(auction.bids.select_related("organisation").order_by("placed_at", "pk"))
    numbers: dict[int, int] = {}
    for row in rows:
        numbers.setdefault(row.organisation_id, len(numbers) + 1)
    is_blind = rules.blind(auction.method, auction.status)
    over = auction.status in rules.OVER
    named = over and (sees_all(viewer) or auction.organisation_id in viewer.acts_for)
    lines = [
        BidLine(
            number=receipt_number(row),
            label=ANYBODY
            if is_blind
            else _label(row, auction, number=numbers[row.organisation_id], named=named),
            amount=None if is_blind else row.amount,
            placed_at=row.placed_at,
            is_mine=row.organisation_id in viewer.acts_for,
            is_winner=row.pk == auction.winning_bid_id,
        )
        for row in rows
    ]
    if is_blind:
        return [line for line in lines if line.is_mine]
    return sorted(
        lines, key=lambda line: (-(line.amount or Decimal(0)), line.placed_at, line.number)
    )


def receipt_number(bid: Bid) -> str:
    """The number on a bid's receipt."""
    return rules.receipt_number(
        auction_id=bid.auction_id, bidder=bid.organisation_id, token=bid.token
    )


def _label(row: Bid, auction: Auction, *, number: int, named: bool) -> str:
    winning = auction.winning_bid if auction.names_winner else None
    published = winning is not None and row.organisation_id == winning.organisation_id
    return row.organisation.name if named or published else f"{ANYBODY} {number}"


def my_bid_count(auction: Auction, *, viewer: Actor) -> int:
    """How often the viewer's own organisation has bid."""
    if viewer.organisation_id is None:
        return 0
    return auction.bids.filter(organisation_id=viewer.organisation_id).count()


@dataclass(frozen=True, slots=True)
class ObjectionCount:
    """What everybody may know of the objections."""

    raised: int
    pending: int


def objection_count(rows: Iterable[Objection]) -> ObjectionCount:
    found = list(rows)
    pending = [row for row in found if row.status == rules.ObjectionStatus.PENDING]
    return ObjectionCount(len(found), len(pending))


def readable(
    rows: Iterable[Objection], *, owner_id: int, region: str, viewer: Actor
) -> list[Objection]:
    """Those objections whose text the viewer may read: one's own; all of them for whoever must
    answer, the bureau of the region, and auditors."""
    found = list(rows)
    everything = (
        sees_all(viewer)
        or (owner_id in viewer.acts_for and viewer.has(Role.OFFICE, Role.BROKER))
        or (viewer.has(Role.BUREAU) and region.startswith(viewer.region))
    )
    if everything:
        return found
    return [
        row
        for row in found
        if (viewer.user_id is not None and row.raiser_id == viewer.user_id)
        or (row.organisation_id is not None and row.organisation_id in viewer.acts_for)
    ]


def unanswered(*, viewer: Actor) -> int:
    """How many objections wait for an answer of the organisations the viewer acts for."""
    mine = Q(auction__organisation_id__in=viewer.acts_for) | Q(
        posting__organisation_id__in=viewer.acts_for
    )
    return Objection.objects.filter(mine, status=rules.ObjectionStatus.PENDING).count()
