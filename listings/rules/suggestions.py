"""What an office might do with each of its patents: list, open-license, pool, transfer, let lapse.

A suggestion is never an order. Each says why, in words that hold for this very patent; who decides
otherwise has nothing to undo.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from core.days import MONTHS_IN_YEAR, add_months

UNWORKED_YEARS = 3
POOL_FROM = 3
LONG_LIFE = Decimal(3)
LOW_SCORE = Decimal(45)


class Act(StrEnum):
    """What may be suggested."""

    LIST = "list"
    OPEN = "open"
    POOL = "pool"
    TRANSFER = "transfer"
    LAPSE = "lapse"


WORDS: dict[Act, str] = {
    Act.LIST: "挂牌",
    Act.OPEN: "开放许可",
    Act.POOL: "组合打包",
    Act.TRANSFER: "转让",
    Act.LAPSE: "不再维持",
}


@dataclass(frozen=True, slots=True)
class Holding:
    """What is known of one granted patent of the stock."""

    on: date
    score: Decimal | None
    layer: str
    years_left: Decimal | None
    granted_on: date | None
    subclass: str
    kin: int  # granted patents of the office in the same subclass, this one included
    is_listed: bool
    is_suspended: bool
    is_declared: bool
    is_licensed: bool
    is_tied: bool  # pledged, preserved or licensed exclusively
    is_examined: bool
    is_dropped: bool  # decided already: no longer maintained
    needs: int
    voices: int
    interested: int


@dataclass(frozen=True, slots=True)
class Suggestion:
    """One thing to do, and why."""

    act: Act
    why: str

    @property
    def label(self) -> str:
        return WORDS[self.act]


def _worth(held: Holding) -> str:
    return f"产业化潜力 {held.score} 分" if held.score is not None else "潜力尚未评分"


def _list(held: Holding) -> str:
    if held.is_listed or held.is_suspended or held.is_tied or held.layer == "C":
        return ""
    return f"{held.layer} 层，{_worth(held)}，还没有挂牌，企业看不到。"


def _unworked(held: Holding) -> bool:
    if held.granted_on is None or held.is_licensed:
        return False
    return add_months(held.granted_on, UNWORKED_YEARS * MONTHS_IN_YEAR) <= held.on


def _open(held: Holding) -> str:
    if held.is_declared or held.is_tied or not held.is_examined or not _unworked(held):
        return ""
    if held.layer == "C" and not held.needs:
        return ""
    wanted = f"，有 {held.needs} 项需求与它相配" if held.needs else ""
    return f"授权满三年没有许可记录{wanted}，适合明码标价，开放许可期间年费减免。"


def _pool(held: Holding) -> str:
    if held.is_tied or held.layer == "A" or held.kin < POOL_FROM or not held.subclass:
        return ""
    return f"本单位在 {held.subclass} 有 {held.kin} 件有效专利，单件偏弱，打包更好谈。"


def _transfer(held: Holding) -> str:
    if held.is_tied or held.is_licensed or not _unworked(held):
        return ""
    if held.years_left is None or held.years_left < LONG_LIFE:
        return ""
    if not held.interested:
        return ""
    wanted = f"{held.interested} 家企业表示过意向，本单位授权满三年没有许可"
    return f"{wanted}，还有 {held.years_left} 年保护期。"


def _lapse(held: Holding) -> str:
    if held.is_tied or held.is_licensed or held.is_declared or held.is_listed:
        return ""
    if held.layer != "C" or held.needs or held.voices:
        return ""
    if held.score is not None and held.score >= LOW_SCORE:
        return ""
    if not _unworked(held):
        return ""
    return f"C 层，{_worth(held)}，授权满三年没有许可、需求和企业评价，每年仍在缴费。"


RULES: dict[Act, Callable[[Holding], str]] = {
    Act.LIST: _list,
    Act.OPEN: _open,
    Act.POOL: _pool,
    Act.TRANSFER: _transfer,
    Act.LAPSE: _lapse,
}


def suggestions(held: Holding) -> tuple[Suggestion, ...]:
    """What might be done, the first the most pressing; nothing is a good answer too."""
    if held.is_dropped:
        return ()
    found = [Suggestion(act, why) for act, rule in RULES.items() if (why := rule(held))]
    return tuple(found)
