"""Which steps a drive allows, and what is left: the full tables."""

from __future__ import annotations

import itertools
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from listings.rules import drives
from listings.rules.drives import IllegalStep, Stock, TaskState

LEGAL = {
    ("invited", "start"): "started",
    ("started", "confirm"): "done",
    ("invited", "excuse"): "excused",
    ("started", "excuse"): "excused",
    ("done", "reopen"): "started",
    ("excused", "reopen"): "started",
}
STOCKS = st.builds(lambda a, b: Stock(max(a, b), min(a, b)), *[st.integers(0, 40)] * 2)


@pytest.mark.parametrize(("state", "move"), list(itertools.product(TaskState, drives.MOVES)))
def test_every_state_and_move(state: TaskState, move: str) -> None:
    if (state, move) in LEGAL:
        assert drives.after(state, move) == LEGAL[state, move]
    else:
        with pytest.raises(IllegalStep):
            drives.after(state, move)


@given(STOCKS, st.none() | st.integers(0, 50))
def test_nothing_left_means_nothing_but_a_wrong_total_stands_against_it(
    stock: Stock, declared: int | None
) -> None:
    share = drives.coverage(stock, declared)
    assert share is None or 0 <= share <= 1
    left = drives.left(stock, declared)
    assert left >= stock.undecided >= 0
    if declared is not None and left == 0:
        assert share == 1
        problems = drives.confirm_problems(stock, declared, "")
        assert bool(problems) == (declared < stock.valid)


def test_a_gap_wants_a_reason() -> None:
    assert drives.confirm_problems(Stock(8, 8), 10, "")
    assert drives.confirm_problems(Stock(8, 8), 10, "2 件涉密") == []
    assert len(drives.confirm_problems(Stock(8, 7), 10, "2 件涉密")) == 1
    assert len(drives.confirm_problems(Stock(8, 7), 5, "")) == 2
    assert drives.coverage(Stock(8, 8), 10) == Decimal("0.8")
    assert drives.coverage(Stock(), 0) == 1


@pytest.mark.parametrize(
    ("days", "due"), [(30, None), (8, None), (7, 7), (5, 7), (1, 1), (0, 1), (-1, None)]
)
def test_reminders_fall_due(days: int, due: int | None) -> None:
    today = date(2026, 11, 20)
    starts = today - timedelta(days=1)
    assert drives.reminder_due(today + timedelta(days=days), today, starts) == due
    assert drives.reminder_due(today + timedelta(days=3), today, today + timedelta(days=1)) is None


@pytest.mark.parametrize(
    ("starts", "ends", "wrong"), [(0, 30, 0), (5, 4, 1), (0, 400, 1), (-9, 0, 1), (400, 430, 1)]
)
def test_periods(starts: int, ends: int, wrong: int) -> None:
    today = date(2026, 11, 20)
    found = drives.period_problems(
        today + timedelta(days=starts), today + timedelta(days=ends), today
    )
    assert len(found) == wrong


def test_the_excused_answer_for_nothing() -> None:
    rows = [(Stock(5, 5), 10, "done"), (Stock(9, 0), 9, "excused"), (Stock(3, 1), None, "invited")]
    sums = drives.overall(rows)
    assert (sums["declared"], sums["counted"], sums["valid"], sums["decided"]) == (10, 5, 8, 6)
    assert (sums["done"], sums["excused"], sums["invited"]) == (1, 1, 1)
