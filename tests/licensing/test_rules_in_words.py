"""Rules that answer in words: plans, exchanges' reports, days of events, estimates; no database."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from licensing.rules import claims, deals, estimates, plans
from licensing.rules.claims import PAY_DAYS
from licensing.rules.deal_kinds import DealKind
from licensing.rules.estimates import Figures
from licensing.rules.fees import FeePart, PartKind, RoyaltyBase
from licensing.rules.pricing import Cell, Measure, Way
from licensing.rules.registrations import (
    LARGEST,
    ReportSort,
    SettlementState,
    Told,
    settlement_conflict,
    told_problems,
)

D, TODAY = Decimal, date(2026, 11, 20)
P = PartKind


@pytest.mark.parametrize(
    ("part", "words"),
    [
        (FeePart(P.FREE_UNTIL), "免费使用。"),
        (FeePart(P.FREE_UNTIL, trigger="投产"), "到“投产”为止免费使用。"),
        (
            FeePart(P.FREE_UNTIL, trigger="投产", free_months=6),
            "到“投产”为止免费使用（最迟到第 6 个月末）。",
        ),
        (FeePart(P.EQUITY, share=D("12.5")), "以 12.5% 的股权作为对价。"),
        (FeePart(P.DEFERRED, amount=D(20_000), due_days=90), "先使用，满 90 天时付 2 万元。"),
        (
            FeePart(P.DEFERRED, amount=D(20_000), due_days=90, trigger="投产"),
            "先使用，“投产”后满 90 天时付 2 万元。",
        ),
        (FeePart(P.RUNNING, rate=D(3)), "按收入的 3% 付提成。"),
        (
            FeePart(P.RUNNING, base=RoyaltyBase.PROFIT, rate=D(3), total_cap=D(500_000)),
            "，累计付满 50 万元 为止。",
        ),
        (FeePart(P.ENTRY, amount=D(10_000), due_days=30), "第 30 天前付入门费 1 万元。"),
    ],
)
def test_every_part_of_a_plan_has_its_clause(part: FeePart, words: str) -> None:
    told = plans.sentence((part,))
    assert told.startswith("在许可期内，被许可人")
    assert told.endswith(words)


@pytest.mark.parametrize(
    ("starts_on", "reached_on", "words"),
    [
        (None, TODAY, "还没有生效"),
        (TODAY, TODAY + timedelta(days=1), "不能晚于今天"),
        (TODAY, TODAY - timedelta(days=1), "不能早于许可生效日 2026-11-20"),
    ],
)
def test_an_event_lies_between_the_licence_and_today(
    starts_on: date | None, reached_on: date, words: str
) -> None:
    (told,) = claims.day_errors(reached_on, starts_on=starts_on, today=TODAY)
    assert words in told
    assert claims.day_errors(TODAY, starts_on=TODAY, today=TODAY) == []


@pytest.mark.parametrize(
    ("part", "words"),
    [
        (FeePart(P.MILESTONE, trigger="投产"), f"确认后 {PAY_DAYS} 天内付"),
        (FeePart(P.MILESTONE, trigger="投产", due_days=7), "确认后 7 天内付"),
        (
            FeePart(P.DEFERRED, trigger="投产", due_days=90),
            f"达到后 90 天付，且不早于确认后 {PAY_DAYS} 天",
        ),
        (FeePart(P.FREE_UNTIL, trigger="投产"), "自达到之日起计费"),
    ],
)
def test_a_sum_says_how_its_day_came_about(part: FeePart, words: str) -> None:
    told = claims.why(part, reached_on=date(2026, 11, 1), confirmed_on=TODAY)
    assert told == f"“投产”于 2026-11-01 达到，2026-11-20 确认，{words}"


FILED = Told(ReportSort.REGISTRATION, "H1", TODAY)
HELD = Told(ReportSort.SETTLEMENT, "S1", TODAY, D(500), SettlementState.HELD)
EARLIER, LATER = TODAY - timedelta(days=1), TODAY + timedelta(days=1)


@pytest.mark.parametrize(
    ("told", "fields"),
    [
        (FILED, set()),
        (HELD, set()),
        (replace(FILED, number=" "), {"number"}),
        (replace(FILED, on=LATER), {"on"}),
        (replace(FILED, on=EARLIER), {"on"}),
        (replace(HELD, on=EARLIER), set()),  # money may be held before the contract
        (replace(HELD, on=LATER), {"on"}),
        (replace(FILED, amount=D(0)), set()),
        (replace(FILED, amount=D("-0.01")), {"amount"}),
        (replace(FILED, amount=LARGEST), set()),
        (replace(FILED, amount=LARGEST + 1), {"amount"}),
        (replace(HELD, amount=None), {"amount"}),
        (replace(HELD, amount=D(0)), {"amount"}),
        (replace(HELD, state="lost"), {"state"}),
        (replace(HELD, state=""), {"state"}),
        (replace(FILED, state=SettlementState.HELD), {"state"}),
    ],
)
def test_what_an_exchange_reports_is_checked_by_field(told: Told, fields: set[str]) -> None:
    assert set(told_problems(told, contract_on=TODAY, today=TODAY)) == fields


def test_money_held_is_paid_out_or_back_once_and_never_more() -> None:
    paid = replace(HELD, state=SettlementState.RELEASED)
    held = {SettlementState.HELD.value: D(500)}
    assert settlement_conflict({}, HELD) == ""
    assert settlement_conflict(held, HELD)
    assert settlement_conflict({}, paid)
    for state in (SettlementState.RELEASED, SettlementState.RETURNED):
        assert settlement_conflict(held, replace(HELD, state=state)) == ""
        assert settlement_conflict(held | {state.value: D(1)}, paid)
    assert settlement_conflict(held, replace(paid, amount=D("500.01")))
    assert settlement_conflict(held, replace(paid, amount=None)) == ""


ORDINARY = deals.Terms(kind=DealKind.ORDINARY, patents=(1,), parts=(FeePart(P.ENTRY, amount=D(1)),))
MANY = tuple(range(1, deals.MOST_PATENTS + 1))


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        ({}, set()),
        ({"patents": ()}, {"patents"}),
        ({"patents": MANY}, set()),
        ({"patents": (*MANY, 0)}, {"patents"}),
        ({"parts": ()}, {"mode"}),
        ({"months": 0}, {"months"}),
        ({"months": 1}, set()),
        ({"months": 240}, set()),
        ({"months": 241}, {"months"}),
        ({"modes": ()}, {"modes"}),
        ({"kind": DealKind.TRANSFER, "modes": ()}, set()),
        ({"kind": DealKind.CROSS}, {"counter"}),
        ({"kind": DealKind.CROSS, "counter": (2,)}, set()),
        ({"kind": DealKind.CROSS, "counter": (0,), "patents": MANY}, {"patents"}),
    ],
)
def test_terms_are_whole_by_themselves(changes: dict[str, Any], fields: set[str]) -> None:
    assert set(deals.terms_errors(replace(ORDINARY, **changes))) & {
        "patents", "mode", "months", "modes", "counter",
    } == fields  # fmt: skip


SUMS = Cell(Way.ORDINARY, "H01", Measure.SUM, D(100_000), D(150_000), D(200_000), "10–19", TODAY)


def test_earlier_fees_of_ones_own_come_before_those_of_others() -> None:
    rates = replace(SUMS, measure=Measure.RATE, low=D(2), high=D(4))
    asked = Figures(months=24, sales=D(1_000_000))
    _own, earlier, industry, *_ = estimates.bases(
        asked, sums=SUMS, rates=rates, own_fees=[D(9), D(5), D(5)]
    )
    assert (earlier.low, earlier.high) == (5, 9)
    assert "3 项许可" in earlier.lines[0].basis
    assert (industry.low, industry.high) == (40_000, 80_000)  # 1 m × 2 %, 4 % × two years
    assert "IPC 大类 H01" in industry.rests_on
    _own, others, *_ = estimates.bases(asked, sums=SUMS, rates=None)
    assert (others.low, others.high, others.given) == (100_000, 200_000, True)
    assert others.lines[0].formula == "100,000 至 200,000"
    unsold = estimates.bases(replace(asked, sales=None), sums=None, rates=rates)[2]
    assert (unsold.low, unsold.given) == (None, False)
    assert "年销售额" in unsold.rests_on


@pytest.mark.parametrize(
    ("ranges", "low", "high", "word"),
    [
        ([], None, None, "不给出数字"),
        ([(1, 3)], 1, 3, "只有一项"),
        ([(1, 3), (2, 4)], 2, 3, "重合的区间"),
        ([(1, 2), (2, 4)], 1, 4, "没有重合"),
        ([(1, 2), (3, 4), (9, 9)], 1, 9, "没有重合"),
    ],
)
def test_ranges_say_their_overlap_or_that_there_is_none(
    ranges: list[tuple[int, int]], low: int | None, high: int | None, word: str
) -> None:
    found = [estimates.Basis(1, "", D(a), D(b), (), "") for a, b in ranges]
    told = estimates.together(found)
    assert told[:2] == (low, high)
    assert word in told[2]
