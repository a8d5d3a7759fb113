"""Renewals 续展: a licence goes on after its last day, asked in time and answered in time.

An open licence is renewed on the terms that are announced today, or not at all (PL51: equal terms
for all); one by contract on what both sides agree for the further term: a sum, everything else as
it stands. Other terms than these are another deal.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from licensing.rules import effect

WINDOW_DAYS, ANSWER_DAYS = 90, 15  # where the region setting says nothing
LONGEST = 240  # months


class RenewalStatus(StrEnum):
    """Where a renewal stands."""

    ASKED = "asked"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    LAPSED = "lapsed"
    WITHDRAWN = "withdrawn"


_S = RenewalStatus
RENEWAL_LABELS: Mapping[RenewalStatus, str] = {
    _S.ASKED: "待答复",
    _S.ACCEPTED: "已续展",
    _S.REFUSED: "未同意",
    _S.LAPSED: "逾期未答复",
    _S.WITHDRAWN: "已撤回",
}
RENEWAL_MOVES: Mapping[str, tuple[frozenset[RenewalStatus], RenewalStatus]] = {
    "accept": (frozenset({_S.ASKED}), _S.ACCEPTED),
    "refuse": (frozenset({_S.ASKED}), _S.REFUSED),
    "lapse": (frozenset({_S.ASKED}), _S.LAPSED),
    "withdraw": (frozenset({_S.ASKED}), _S.WITHDRAWN),
}


@dataclass(frozen=True, slots=True)
class Facts:
    """What decides whether a licence can be renewed today."""

    in_force: bool
    ends_on: date | None
    is_open: bool
    announced: bool  # its declaration, today
    lapsed: bool
    ending: bool  # a termination is under way
    asked: bool


def opens_on(ends_on: date, days: int) -> date:
    """The first day on which a renewal may be asked."""
    return ends_on - timedelta(days=days)


def against(facts: Facts, *, today: date, window_days: int, asking: bool) -> str:
    """Why it cannot be asked, or accepted, today; empty when it can."""
    if not facts.in_force or facts.ends_on is None or today > facts.ends_on:
        return "只有在有效期内的许可可以续展；已经到期的，请重新取得许可或另行洽谈。"
    if facts.lapsed:
        return "专利权已不再有效，不能续展（民法典第八百六十五条）。"
    if facts.ending:
        return "这项许可正在办理终止，办结或撤回之前不能续展。"
    if facts.is_open and not facts.announced:
        return "开放许可声明已经撤回或终止，不能按它续展；原许可用到期满（专利法第五十条）。"
    if not asking:
        return ""
    if facts.asked:
        return "已有一项续展在等待答复。"
    first = opens_on(facts.ends_on, window_days)
    if today < first:
        return f"续展自 {first:%Y-%m-%d} 起可以提出（期满前 {window_days} 天）。"
    return ""


def answer_by(asked_on: date, days: int, *, ends_on: date) -> date:
    """The last day for an answer: never after the term."""
    return min(asked_on + timedelta(days=days), ends_on)


def new_end(ends_on: date, months: int, *, expires_on: date) -> date:
    """The last day of the further term, within the patent's life (CC865)."""
    return effect.term_end(ends_on + timedelta(days=1), months, expires_on=expires_on)


def why(ends_on: date, months: int, *, until: date) -> str:
    """How the new last day came about."""
    first = ends_on + timedelta(days=1)
    agreed = effect.agreed_end(first, months)
    cut = (
        f"，截短至专利权或上游许可期满前（约定本应至 {agreed:%Y-%m-%d}）" if agreed > until else ""
    )
    term = f"自 {first:%Y-%m-%d} 起续 {months} 个月，至 {until:%Y-%m-%d}"
    return f"原期限至 {ends_on:%Y-%m-%d}；{term}{cut}。"
