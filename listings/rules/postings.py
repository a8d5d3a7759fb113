"""What may happen to a posting 挂牌公示 of an agreed price (TL18), and its certificate."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum

from listings.rules.auctions import HIGHEST_PRICE
from listings.rules.moves import Moves
from listings.types import Route

POSTING_DAYS = 15  # where a region says nothing; Zhejiang asks for 15
LONGEST = 90


class PostingStatus(StrEnum):
    """Where a posting stands."""

    DRAFT = "draft"
    POSTED = "posted"
    COMPLETED = "completed"
    WITHDRAWN = "withdrawn"


class Scope(StrEnum):
    """Who reads it."""

    PUBLIC = "public"
    MEMBERS = "members"  # in-house, as TL18 asks at least


P = PostingStatus
POSTING_MOVES: Moves[PostingStatus] = {
    "post": (frozenset({P.DRAFT}), P.POSTED),
    "complete": (frozenset({P.POSTED}), P.COMPLETED),
    "withdraw": (frozenset({P.DRAFT, P.POSTED}), P.WITHDRAWN),
}
ROUTES: tuple[Route, ...] = (
    Route.TRANSFER,
    Route.EXCLUSIVE,
    Route.SOLE,
    Route.ORDINARY,
    Route.EQUITY,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreed:
    """What was agreed, and how long it is to be posted."""

    route: Route
    counterparty: str
    price: Decimal
    summary: str
    days: int
    price_note: str = ""
    scope: Scope = Scope.PUBLIC


def problems(agreed: Agreed, *, least_days: int) -> dict[str, list[str]]:
    """Everything wrong with it, by field."""
    found: dict[str, list[str]] = {}
    if agreed.route not in ROUTES:
        found["route"] = ["公示的转化方式只能是转让、许可或作价入股，请重新选择。"]
    if not agreed.counterparty.strip():
        found["counterparty"] = ["请填写拟受让（被许可、入股）单位的名称。"]
    if not agreed.summary.strip():
        found["summary"] = ["请写明成果名称之外的简要情况，如技术内容、定价过程。"]
    price = agreed.price
    sane = price.is_finite() and 0 <= price <= HIGHEST_PRICE
    if not sane or price != price.quantize(Decimal("0.01")):
        found["price"] = ["拟交易价格应为不小于 0 的金额（元），最多两位小数。"]
    if agreed.days < least_days:
        found["days"] = [f"本地区公示不得少于 {least_days} 日（公示当日不计），请延长公示天数。"]
    elif agreed.days > LONGEST:
        found["days"] = [f"公示最长 {LONGEST} 日，请缩短。"]
    return found


def last_day(posted_on: date, days: int) -> date:
    """The last day of so many days, the day of posting not counted (CC201)."""
    return posted_on + timedelta(days=days)


def digest(said: Mapping[str, str]) -> str:
    """What the certificate is checked by: SHA-256 over everything that was posted."""
    text = json.dumps(dict(said), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
