"""What may happen in an auction 拍卖: its moves, its terms, which bid counts and which bid wins."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum

from core.days import ends, legal_day
from listings.rules.moves import Moves
from listings.types import Action

HIGHEST_PRICE = Decimal("9999999999999999.99")
SHORTEST = timedelta(minutes=10)
LONGEST = timedelta(days=90)
MOST_EXTENSION = 60
LONGEST_LICENCE = 240
NOTICE_DAYS = 7  # Auction Law 拍卖法 art. 45, where a region says nothing
SIGN_DAYS = 30
RECEIPT_DIGITS = 12


class AuctionStatus(StrEnum):
    """Where an auction stands."""

    DRAFT = "draft"
    ANNOUNCED = "announced"
    OPEN = "open"
    CLOSED = "closed"  # bidding is over, the decision is not
    AWARDED = "awarded"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Method(StrEnum):
    """How bids are made."""

    SEALED = "sealed"  # one each, unread until the end
    OPEN = "open"  # ascending, everybody sees the price


class ObjectionStatus(StrEnum):
    """Where an objection 公示期异议 stands."""

    PENDING = "pending"
    UPHELD = "upheld"
    DISMISSED = "dismissed"


A = AuctionStatus
AUCTION_MOVES: Moves[AuctionStatus] = {
    "announce": (frozenset({A.DRAFT}), A.ANNOUNCED),
    "start": (frozenset({A.ANNOUNCED}), A.OPEN),
    "close": (frozenset({A.OPEN}), A.CLOSED),
    "award": (frozenset({A.CLOSED}), A.AWARDED),
    "fail": (frozenset({A.CLOSED}), A.FAILED),
    "cancel": (frozenset({A.DRAFT, A.ANNOUNCED, A.OPEN, A.CLOSED}), A.CANCELLED),
}
LIVE = frozenset({A.ANNOUNCED, A.OPEN, A.CLOSED})
OVER = frozenset({A.AWARDED, A.FAILED, A.CANCELLED})
OBJECTION_MOVES: Moves[ObjectionStatus] = {
    "uphold": (frozenset({ObjectionStatus.PENDING}), ObjectionStatus.UPHELD),
    "dismiss": (frozenset({ObjectionStatus.PENDING}), ObjectionStatus.DISMISSED),
}
RIGHTS: tuple[Action, ...] = (
    Action.TRANSFER,
    Action.LICENSE_EXCLUSIVE,
    Action.LICENSE_SOLE,
    Action.LICENSE_ORDINARY,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What is put up, and how: unchangeable once announced."""

    title: str
    right: Action
    method: Method
    start_price: Decimal
    opens_at: datetime
    closes_at: datetime
    terms: str
    licence_months: int | None = None
    step: Decimal | None = None
    reserve_price: Decimal | None = None
    reserve_shown: bool = False
    deposit: Decimal | None = None
    extend_minutes: int = 0
    names_winner: bool = False
    contact: str = ""


@dataclass(frozen=True, slots=True)
class Bid:
    """A bid as the rules read it."""

    id: int
    organisation_id: int
    amount: Decimal
    placed_at: datetime


def problems(terms: Terms) -> dict[str, list[str]]:
    """Everything wrong with the terms, by field; nothing: they can be kept."""
    found: dict[str, list[str]] = {}

    def wrong(name: str, message: str) -> None:
        found.setdefault(name, []).append(message)

    _judge_texts(terms, wrong)
    if not _is_money(terms.start_price):
        wrong("start_price", "起拍价应为不小于 0 的金额（元），最多两位小数。")
    if terms.method is Method.OPEN and not (_is_money(terms.step) and terms.step):
        wrong("step", "公开竞价要写明加价幅度，应为大于 0 的金额（元）。")
    if terms.reserve_price is not None:
        if not _is_money(terms.reserve_price):
            wrong("reserve_price", "保留价应为不小于 0 的金额（元），没有保留价就留空。")
        elif _is_money(terms.start_price) and terms.reserve_price < terms.start_price:
            wrong("reserve_price", "保留价不能低于起拍价，请核对两项金额。")
    if terms.deposit is not None and not _is_money(terms.deposit):
        wrong("deposit", "保证金应为不小于 0 的金额（元），不收就留空。")
    if terms.closes_at - terms.opens_at < SHORTEST:
        wrong("closes_at", "截止时间至少要比开始时间晚 10 分钟。")
    elif terms.closes_at - terms.opens_at > LONGEST:
        wrong("closes_at", "竞价期最长 90 天，请提前截止时间。")
    if not 0 <= terms.extend_minutes <= MOST_EXTENSION:
        wrong("extend_minutes", "延时应为 0 至 60 分钟；0 表示不延时。")
    return found


def _judge_texts(terms: Terms, say: Callable[[str, str], None]) -> None:
    if not terms.title.strip():
        say("title", "请填写拍卖标题。")
    if not terms.terms.strip():
        say("terms", "请写明竞买须知：付款期限、交付内容、保证金怎样缴退。")
    if terms.right not in RIGHTS:
        say("right", "拍卖标的只能是转让或许可，请重新选择。")
        return
    months = terms.licence_months
    if terms.right is not Action.TRANSFER and not (months and 1 <= months <= LONGEST_LICENCE):
        say("licence_months", "拍卖许可要写明许可期限，1 至 240 个月。")


def _is_money(amount: Decimal | None) -> bool:
    return (
        amount is not None
        and amount.is_finite()
        and 0 <= amount <= HIGHEST_PRICE
        and amount == amount.quantize(Decimal("0.01"))
    )


def earliest_opening(announced_at: datetime, notice_days: int) -> datetime:
    """The first moment at which bidding may begin: after so many whole days, the day of the
    announcement not counted (CC201)."""
    return ends(legal_day(announced_at) + timedelta(days=notice_days))


def least(method: Method, start: Decimal, step: Decimal | None, highest: Decimal | None) -> Decimal:
    """The least that may be bid now."""
    if method is Method.SEALED or highest is None:
        return start
    return highest + (step or Decimal(0))


def in_time(arrived: datetime, *, opens_at: datetime, ends_at: datetime) -> bool:
    """Whether a bid counts: from the opening on, up to but not at the moment of closing."""
    return opens_at <= arrived < ends_at


def extended(ends_at: datetime, arrived: datetime, minutes: int) -> datetime:
    """The end after a bid: one in the last minutes moves it to as many minutes after the bid."""
    return max(ends_at, arrived + timedelta(minutes=minutes))


def best(bids: Iterable[Bid]) -> Bid | None:
    """The highest bid; of equal ones the earliest, of simultaneous ones the first recorded."""
    return min(bids, key=lambda bid: (-bid.amount, bid.placed_at, bid.id), default=None)


def phase(status: str, *, opens_at: datetime, ends_at: datetime, now: datetime) -> AuctionStatus:
    """What people see: the clock may be ahead of the row."""
    if status == A.ANNOUNCED and now >= opens_at:
        status = A.OPEN
    if status == A.OPEN and now >= ends_at:
        status = A.CLOSED
    return AuctionStatus(status)


def blind(terms_method: str, status: str) -> bool:
    """Whether nobody may read amounts yet."""
    return terms_method == Method.SEALED and status in {A.DRAFT, A.ANNOUNCED, A.OPEN}


def receipt_number(*, auction_id: int, bidder: int, token: str) -> str:
    """What a bidder quotes of a bid. It says nothing of how many there are, here or elsewhere."""
    said = f"{auction_id}/{bidder}/{token}"
    return hashlib.sha256(said.encode()).hexdigest()[:RECEIPT_DIGITS].upper()
