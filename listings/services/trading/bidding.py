"""Bidding: a bid is binding, counted once, and judged by the moment the database received it.

A bid first takes a KEY SHARE lock on the auction and reads the database's clock under it; only then
does it queue behind its rivals (NO KEY UPDATE). Closing takes FOR UPDATE, which waits for every
bid whose moment has been read. So rivals never make a bid late, and none in time is ever lost.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from django.db import connection, transaction

from core import money
from core.audit import services as audit
from core.days import CHINA
from core.errors import Conflict, Invalid, Missing
from core.notices import services as notices
from core.people import selectors as people
from core.people.types import Actor
from core.permissions import Permission, require
from listings.models import Auction, Bid
from listings.models.auctions import AuctionStatus, Method
from listings.rules import auctions as rules
from listings.selectors.trading import auctions as selectors
from listings.services.trading import seals
from listings.services.trading.auctions import page_of
from listings.services.trading.settling import settle_auction

Clock = Callable[[], datetime]
LONGEST_TOKEN = 80


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a bidder may keep: that a bid arrived and when; of a sealed one not the amount."""

    bid_id: int
    number: str
    auction_id: int
    placed_at: datetime
    amount: Decimal | None
    ends_at: datetime
    is_new: bool


def place_bid(
    *,
    auction_id: int,
    amount: Decimal,
    token: str,
    confirmed: bool,
    by: Actor,
    clock: Clock = selectors.database_clock,
) -> Receipt:
    """Bid, bindingly. The same token again is the same bid; with another amount it is refused."""
    require(by, Permission.PLACE_BID)
    if by.organisation_id is None:
        raise Invalid(fields={"amount": ["出价要以单位名义，请先切换到您任职的单位。"]})
    _well_formed(amount, token, confirmed)
    settle_auction(auction_id=auction_id, clock=clock)
    return _place(auction_id, amount, token, by=by, bidder=by.organisation_id, clock=clock)


def _well_formed(amount: Decimal, token: str, confirmed: bool) -> None:
    problems: dict[str, list[str]] = {}
    if not confirmed:
        problems["confirmed"] = ["出价有法律约束力，请先勾选确认，再提交。"]
    sane = amount.is_finite() and 0 <= amount <= rules.HIGHEST_PRICE
    if not sane or amount != amount.quantize(Decimal("0.01")):
        problems["amount"] = ["报价应为不小于 0 的金额（元），最多两位小数。"]
    if not 0 < len(token) <= LONGEST_TOKEN:
        problems["token"] = [f"提交编号应为 1 至 {LONGEST_TOKEN} 个字符，请刷新页面后重试。"]
    if problems:
        raise Invalid(fields=problems)


@transaction.atomic
def _place(
    auction_id: int, amount: Decimal, token: str, *, by: Actor, bidder: int, clock: Clock
) -> Receipt:
    _pass_the_gate(auction_id)
    arrived = clock()
    auction = Auction.objects.select_for_update(no_key=True).get(pk=auction_id)
    if auction.announced_at is None:
        raise Missing(selectors.NOT_FOUND)
    known = auction.bids.filter(organisation_id=bidder, token=token).first()
    if known is not None:
        return _again(known, auction, amount)
    _refuse_outsiders(auction, bidder=bidder)
    _refuse_out_of_time(auction, arrived)
    before = _leading(auction)
    _refuse_too_low(auction, amount, bidder=bidder, leading=before)
    bid = _kept(auction, amount, token, bidder=bidder, arrived=arrived, by=by)
    _extend(auction, arrived)
    if before is not None:
        _tell_outbid(auction, before, now=arrived)
    return _receipt(bid, auction, is_new=True)


def _pass_the_gate(auction_id: int) -> None:
    """From here on nobody can close the auction before this bid is through."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM listings_auction WHERE id = %s FOR KEY SHARE", [auction_id])
        if cursor.fetchone() is None:
            raise Missing(selectors.NOT_FOUND)


def _again(known: Bid, auction: Auction, amount: Decimal) -> Receipt:
    """The answer given before; another amount under the same token is another bid."""
    before = seals.unsealed(known) if known.is_sealed else known.amount
    if before != amount:
        raise Invalid(
            "这个提交编号已用于另一笔报价，请刷新页面后重新出价。", code="idempotency-key-reused"
        )
    return _receipt(known, auction, is_new=False)


def _receipt(bid: Bid, auction: Auction, *, is_new: bool) -> Receipt:
    return Receipt(
        bid_id=bid.pk,
        number=selectors.receipt_number(bid),
        auction_id=auction.pk,
        placed_at=bid.placed_at,
        amount=None if bid.is_sealed else bid.amount,
        ends_at=auction.ends_at,
        is_new=is_new,
    )


def _refuse_outsiders(auction: Auction, *, bidder: int) -> None:
    owners = set(
        auction.patents.filter(holders__organisation_id__isnull=False).values_list(
            "holders__organisation_id", flat=True
        )
    )
    if bidder == auction.organisation_id or bidder in owners:
        raise Conflict(
            "委托人和共有人不能参加自己专利的竞买（拍卖法第三十条）。", code="own-auction"
        )


def _precise(moment: datetime) -> str:
    """A moment in China, to the millisecond."""
    return moment.astimezone(CHINA).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]


def _refuse_out_of_time(auction: Auction, arrived: datetime) -> None:
    if auction.status == AuctionStatus.CANCELLED:
        raise Conflict("这场拍卖已取消，报价没有收下。", code="auction-cancelled")
    if arrived < auction.opens_at:
        raise Conflict(
            f"竞价还没有开始：{_precise(auction.opens_at)} 开始，您的报价在 {_precise(arrived)} "
            "到达，没有收下。请在开始后再出价。",
            code="bid-too-early",
        )
    takes_bids = auction.status in (AuctionStatus.ANNOUNCED, AuctionStatus.OPEN)
    if takes_bids and rules.in_time(arrived, opens_at=auction.opens_at, ends_at=auction.ends_at):
        return
    late = max((arrived - auction.ends_at) // timedelta(milliseconds=1), 0)
    raise Conflict(
        f"报价没有收下：截止时间是 {_precise(auction.ends_at)}，报价在 {_precise(arrived)} 到达，"
        f"晚了 {late} 毫秒。时间以平台数据库时钟为准。",
        code="bid-too-late",
    )


def _leading(auction: Auction) -> Bid | None:
    """The highest bid of an open auction."""
    if auction.method == Method.SEALED:
        return None
    return auction.bids.order_by("-amount").first()


def _refuse_too_low(auction: Auction, amount: Decimal, *, bidder: int, leading: Bid | None) -> None:
    if auction.method == Method.SEALED and auction.bids.filter(organisation_id=bidder).exists():
        raise Conflict(
            "密封报价每个单位只能提交一次，贵单位的报价已经收下，不能更改。", code="already-bid"
        )
    if leading is not None and leading.organisation_id == bidder:
        raise Conflict("贵单位的报价已经是最高价，不必再加。", code="already-highest")
    highest = leading.amount if leading is not None else None
    least = rules.least(rules.Method(auction.method), auction.start_price, auction.step, highest)
    if amount >= least:
        return
    if highest is None:
        why = f"起拍价是 {money.yuan(auction.start_price)}"
    else:
        assert auction.step is not None  # an open auction always has one
        why = f"当前最高价已到 {money.yuan(highest)}，加价幅度 {money.yuan(auction.step)}"
    raise Conflict(f"报价没有收下：{why}，这次至少要出 {money.yuan(least)}。", code="bid-too-low")


def _kept(
    auction: Auction, amount: Decimal, token: str, *, bidder: int, arrived: datetime, by: Actor
) -> Bid:
    is_sealed = auction.method == Method.SEALED
    bid = Bid.objects.create(
        auction=auction,
        organisation_id=bidder,
        token=token,
        is_sealed=is_sealed,
        sealed=seals.sealed(amount, auction_id=auction.pk, bidder=bidder) if is_sealed else None,
        amount=None if is_sealed else amount,
        placed_at=arrived,
        placed_by=by.key,
    )
    # The trail must not give away what the seal hides.
    said = {"bid": bid.pk} if is_sealed else {"bid": bid.pk, "amount": str(amount)}
    audit.record("auction.bid_placed", subject=auction, by=by, at=arrived, changes=said)
    return bid


def _extend(auction: Auction, arrived: datetime) -> None:
    """A bid in the last minutes moves the end, where the terms say so."""
    ends_at = rules.extended(auction.ends_at, arrived, auction.extend_minutes)
    if auction.extend_minutes and ends_at > auction.ends_at:
        auction.ends_at = ends_at
        auction.save(update_fields=["ends_at"])


def _tell_outbid(auction: Auction, before: Bid, *, now: datetime) -> None:
    notices.notify(
        users=people.members(before.organisation_id),
        kind="auction.progress",
        key=f"bid:{before.pk}:outbid",
        title=f"您的报价已被超过：{auction.title}",
        body="可在截止前再次出价。",
        url=page_of(auction),
        now=now,
    )
