"""What the clock does to auctions: they start, close, and are decided. Any door may ask for it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from django.db import transaction

from core import money
from core.audit import services as audit
from core.days import legal_day
from core.notices import services as notices
from core.people import selectors as people
from core.people.types import Actor
from core.ratings.services import offer_rating
from listings import types
from listings.models import Auction, Bid
from listings.models.auctions import ObjectionStatus
from listings.rules import auctions as rules
from listings.rules import sealing
from listings.rules.auctions import AuctionStatus
from listings.selectors.trading import auctions as selectors
from listings.services.trading import seals
from listings.services.trading.auctions import call_off, lot_blockers, move, page_of, tell

log = logging.getLogger(__name__)
Clock = Callable[[], datetime]


def settle_due(*, now: datetime, clock: Clock = selectors.database_clock) -> int:
    """The sweep: every auction that the clock has overtaken; how many moved on."""
    return sum(settle_auction(auction_id=pk, clock=clock) for pk in selectors.due_ids(now=now))


def settle_auction(*, auction_id: int, clock: Clock = selectors.database_clock) -> bool:
    """Bring one auction up to the present; whether anything changed. Cheap when nothing is due."""
    row = Auction.objects.filter(pk=auction_id).only("status", "opens_at", "ends_at").first()
    if row is None or row.status not in rules.LIVE:
        return False
    seen = rules.phase(row.status, opens_at=row.opens_at, ends_at=row.ends_at, now=clock())
    if seen == row.status and seen != AuctionStatus.CLOSED:
        return False
    return _settle(auction_id, clock=clock)


@transaction.atomic
def _settle(auction_id: int, *, clock: Clock) -> bool:
    # FOR UPDATE waits for every bid whose moment has been read (see services.bidding).
    auction = Auction.objects.select_for_update().get(pk=auction_id)
    now, by, before = clock(), Actor.system(), auction.status
    if auction.status == AuctionStatus.ANNOUNCED and now >= auction.opens_at:
        _start(auction, by=by, now=now)
    if auction.status == AuctionStatus.OPEN and now >= auction.ends_at:
        auction.closed_at = now
        move(auction, "close", now=now, fields=("closed_at",))
        audit.record("auction.closed", subject=auction, by=by, at=now)
    if auction.status == AuctionStatus.CLOSED:
        _decide(auction, by=by, now=now)
    return auction.status != before


def _start(auction: Auction, *, by: Actor, now: datetime) -> None:
    """Open for bids, unless a patent may no longer be disposed of."""
    if refusing := types.hard(lot_blockers(auction, at=now)):
        reason = "".join(blocker.message for blocker in refusing)
        call_off(auction, reason=f"开始前复核未通过：{reason}", by=by, now=now)
        return
    move(auction, "start", now=now)
    audit.record("auction.started", subject=auction, by=by, at=now)


def _decide(auction: Auction, *, by: Actor, now: datetime) -> None:
    """Award or fail it; while an objection waits for its answer, or a seal does not open, wait."""
    if auction.objections.filter(status=ObjectionStatus.PENDING).exists():
        return
    if not _open_seals(auction, by=by, now=now):
        return
    found = [
        rules.Bid(row.pk, row.organisation_id, row.amount, row.placed_at)
        for row in auction.bids.all()
        if row.amount is not None
    ]
    winner = rules.best(found)
    if winner is None:
        _fail(auction, "截止时没有报价。", by=by, now=now)
    elif auction.reserve_price is not None and winner.amount < auction.reserve_price:
        _fail(auction, "最高报价没有达到保留价。", by=by, now=now)
    elif refusing := types.hard(lot_blockers(auction, at=now, listed=False)):
        reason = "".join(blocker.message for blocker in refusing)
        _fail(auction, f"成交前复核未通过：{reason}", by=by, now=now)
    else:
        _award(auction, winner, by=by, now=now)


def _open_seals(auction: Auction, *, by: Actor, now: datetime) -> bool:
    """Write down what the sealed bids say; False, and a word in the log, when one is unreadable."""
    waiting = list(auction.bids.filter(is_sealed=True, amount__isnull=True))
    if not waiting:
        return True
    try:
        for row in waiting:
            row.amount = seals.unsealed(row)
    except sealing.Unreadable:
        log.error("Auction %s: a sealed bid does not open; is the old key missing?", auction.pk)
        return False
    Bid.objects.bulk_update(waiting, ["amount"])
    audit.record(
        "auction.bids_opened", subject=auction, by=by, at=now, changes={"bids": len(waiting)}
    )
    return True


def _fail(auction: Auction, reason: str, *, by: Actor, now: datetime) -> None:
    auction.because, auction.decided_at, auction.decided_by = reason[:500], now, by.key
    move(auction, "fail", now=now, fields=("because", "decided_at", "decided_by"))
    auction.lots.update(live=False)
    audit.record("auction.unsold", subject=auction, by=by, at=now, changes={"reason": reason})
    tell("auction.failed", auction, by=by, now=now, reason=reason)
    _say(auction, _organisations(auction), "failed", "拍卖未成交", reason, now=now)
    _say(auction, {auction.organisation_id}, "failed", "拍卖未成交", reason, now=now)
    _ask_how_it_was(auction, now=now)


def _award(auction: Auction, winner: rules.Bid, *, by: Actor, now: datetime) -> None:
    sign_by = legal_day(now) + timedelta(days=selectors.sign_days(auction.region))
    auction.winning_bid_id, auction.price, auction.sign_by = winner.id, winner.amount, sign_by
    auction.decided_at, auction.decided_by = now, by.key
    fields = ("winning_bid", "price", "sign_by", "decided_at", "decided_by")
    move(auction, "award", now=now, fields=fields)
    auction.lots.update(live=False)
    audit.record(
        "auction.awarded",
        subject=auction,
        by=by,
        at=now,
        changes={"buyer_id": winner.organisation_id, "price": str(winner.amount)},
    )
    tell(
        "auction.awarded",
        auction,
        by=by,
        now=now,
        buyer_id=winner.organisation_id,
        price=str(winner.amount),
        licence_months=auction.licence_months,
        sign_by=sign_by.isoformat(),
    )
    price = f"成交价 {money.yuan(winner.amount)}"
    sign = f"{price}。请在 {sign_by} 前签订合同。"
    others = _organisations(auction) - {winner.organisation_id}
    _say(auction, {winner.organisation_id}, "won", "恭喜，您已竞得", sign, now=now)
    _say(auction, others, "lost", "拍卖已有结果，您未竞得", f"{price}。", now=now)
    _say(auction, {auction.organisation_id}, "sold", "拍卖成交", sign, now=now)
    _ask_how_it_was(auction, now=now)


def _ask_how_it_was(auction: Auction, *, now: datetime) -> None:
    """Whoever bid may rate whoever put the patents up, won or not."""
    for bidder in sorted(_organisations(auction)):
        offer_rating(
            service="auction",
            reference=f"auction:{auction.pk}",
            title=f"拍卖：{auction.title}",
            url=page_of(auction),
            organisation_id=bidder,
            provider_id=auction.organisation_id,
            now=now,
        )


def _organisations(auction: Auction) -> set[int]:
    return set(auction.bids.order_by().values_list("organisation_id", flat=True))


def _say(
    auction: Auction, organisations: set[int], what: str, title: str, body: str, *, now: datetime
) -> None:
    found = people.members_of(organisations)
    notices.notify(
        users={user for users in found.values() for user in users},
        kind="auction.progress",
        key=f"auction:{auction.pk}:{what}",
        title=f"{title}：{auction.title}",
        body=body,
        url=page_of(auction),
        now=now,
    )
