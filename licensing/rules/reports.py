"""Royalty reports 提成申报: states, and what keeps a report from being taken in."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from enum import StrEnum

from licensing.rules.fees import LARGEST, RoyaltyBase, yuan
from licensing.rules.royalties import Period


class ReportStatus(StrEnum):
    """Where a report stands."""

    REPORTED = "reported"
    QUESTIONED = "questioned"
    ACCEPTED = "accepted"
    REPLACED = "replaced"


_R = ReportStatus
REPORT_LABELS: Mapping[ReportStatus, str] = {
    _R.REPORTED: "待核对",
    _R.QUESTIONED: "有疑问",
    _R.ACCEPTED: "已确认",
    _R.REPLACED: "已更正",
}
REPORT_MOVES: Mapping[str, tuple[frozenset[ReportStatus], ReportStatus]] = {
    "accept": (frozenset({_R.REPORTED, _R.QUESTIONED}), _R.ACCEPTED),
    "question": (frozenset({_R.REPORTED}), _R.QUESTIONED),
    "replace": (frozenset({_R.REPORTED, _R.QUESTIONED, _R.ACCEPTED}), _R.REPLACED),
}
PENDING = frozenset({_R.REPORTED, _R.QUESTIONED})


def figure_errors(
    *, base: RoyaltyBase, amount: Decimal, rate: Decimal, same_currency: bool
) -> dict[str, list[str]]:
    """What is wrong with the figures."""
    errors: dict[str, list[str]] = {}
    if amount != yuan(amount) or abs(amount) > LARGEST:
        errors["amount"] = ["金额最多两位小数，且不超过 16 位整数。"]
    elif amount < 0 and base is RoyaltyBase.NET_SALES:
        errors["amount"] = ["净销售额不能小于 0；退货多于销售的，请填 0 并在说明中写明。"]
    if not same_currency and not 0 < rate <= 10_000:
        errors["exchange_rate"] = ["请填写折算汇率（1 单位外币折合多少合同币种）。"]
    return errors


def timing_errors(period: Period, *, today: date) -> list[str]:
    """A period is reported once it is over."""
    if today <= period.ends_on:
        return [f"这一期到 {period.ends_on:%Y-%m-%d} 才结束，结束后再申报。"]
    return []


def reminders_due(due_on: date, today: date, *, before: list[int], after: list[int]) -> list[str]:
    """Which reminders of a sum are reached: before-7, late-1, late-15 …, the latest last."""
    left = (due_on - today).days
    reached = [f"before-{days}" for days in sorted(before, reverse=True) if 0 <= left <= days]
    return reached + [f"late-{days}" for days in sorted(after) if -left >= days]
