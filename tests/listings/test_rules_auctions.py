"""Rules of auctions: moves, terms, time, the least bid, the best bid, the seal."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.days import CHINA
from listings.rules import auctions as rules
from listings.rules import moves, sealing
from listings.rules.auctions import AuctionStatus as S
from listings.rules.auctions import Bid, Method
from listings.rules.auctions import ObjectionStatus as O
from listings.types import Action
from tests.factories.auctions import CLOSES, OPENS, terms

MS = timedelta(milliseconds=1)
LEGAL = {
    ("draft", "announce"): S.ANNOUNCED,
    ("announced", "start"): S.OPEN,
    ("open", "close"): S.CLOSED,
    ("closed", "award"): S.AWARDED,
    ("closed", "fail"): S.FAILED,
    **{(s, "cancel"): S.CANCELLED for s in ("draft", "announced", "open", "closed")},
}


@pytest.mark.parametrize(("status", "move"), list(product(S, rules.AUCTION_MOVES)))
def test_every_move_of_every_status(status: S, move: str) -> None:
    if target := LEGAL.get((status.value, move)):
        assert moves.after(rules.AUCTION_MOVES, status, move) is target
    else:
        with pytest.raises(moves.IllegalMove):
            moves.after(rules.AUCTION_MOVES, status, move)


@pytest.mark.parametrize(("status", "move"), list(product(O, rules.OBJECTION_MOVES)))
def test_an_objection_is_answered_once(status: O, move: str) -> None:
    if status is O.PENDING:
        target = {"uphold": O.UPHELD, "dismiss": O.DISMISSED}[move]
        assert moves.after(rules.OBJECTION_MOVES, status, move) is target
    else:
        with pytest.raises(moves.IllegalMove):
            moves.after(rules.OBJECTION_MOVES, status, move)


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({}, None),
        ({"title": "  "}, "title"),
        ({"terms": ""}, "terms"),
        ({"right": Action.PLEDGE}, "right"),
        ({"right": Action.LICENSE_EXCLUSIVE}, "licence_months"),
        ({"right": Action.LICENSE_EXCLUSIVE, "licence_months": 36}, None),
        ({"start_price": Decimal("NaN")}, "start_price"),
        ({"start_price": Decimal("-1")}, "start_price"),
        ({"start_price": Decimal("0.001")}, "start_price"),
        ({"start_price": Decimal("1e30")}, "start_price"),
        ({"step": None}, "step"),
        ({"step": Decimal(0)}, "step"),
        ({"step": None, "method": Method.SEALED}, None),
        ({"reserve_price": Decimal(1)}, "reserve_price"),
        ({"reserve_price": Decimal("Infinity")}, "reserve_price"),
        ({"reserve_price": Decimal(100_000)}, None),
        ({"deposit": Decimal(-5)}, "deposit"),
        ({"closes_at": OPENS + timedelta(minutes=9)}, "closes_at"),
        ({"closes_at": OPENS + timedelta(days=91)}, "closes_at"),
        ({"extend_minutes": 61}, "extend_minutes"),
    ],
)
def test_terms_are_judged_field_by_field(fields: dict[str, Any], wrong: str | None) -> None:
    assert set(rules.problems(terms(**fields))) == ({wrong} if wrong else set())


def test_notice_is_counted_in_whole_days_after_the_day_of_announcement() -> None:
    late = datetime(2026, 11, 20, 23, 59, tzinfo=CHINA)
    assert rules.earliest_opening(late, 7) == datetime(2026, 11, 28, 0, 0, tzinfo=CHINA)


@pytest.mark.parametrize(
    ("arrived", "counts"),
    [
        (OPENS - MS, False),
        (OPENS, True),
        (CLOSES - MS, True),
        (CLOSES, False),
        (CLOSES + MS, False),
    ],
)
def test_a_millisecond_decides(arrived: datetime, counts: bool) -> None:
    assert rules.in_time(arrived, opens_at=OPENS, ends_at=CLOSES) is counts


def test_the_least_bid() -> None:
    start, step = Decimal(100), Decimal(5)
    assert rules.least(Method.OPEN, start, step, None) == 100
    assert rules.least(Method.OPEN, start, step, Decimal(140)) == 145
    assert rules.least(Method.SEALED, start, None, None) == 100


amounts = st.decimals(min_value=0, max_value=10, places=0)
bids = st.lists(
    st.tuples(amounts, st.integers(0, 3)).map(lambda pair: pair), min_size=1, max_size=12
)


@given(bids)
def test_the_highest_wins_then_the_earliest_then_the_first(
    found: list[tuple[Decimal, int]],
) -> None:
    rows = [Bid(n, n, a, OPENS + minute * MS) for n, (a, minute) in enumerate(found)]
    winner = rules.best(rows)
    assert winner is not None
    for other in rows:
        assert (winner.amount, -(winner.placed_at - OPENS) / MS, -winner.id) >= (
            other.amount,
            -(other.placed_at - OPENS) / MS,
            -other.id,
        )
    assert rules.best(reversed(rows)) == winner


def test_nobody_wins_without_a_bid() -> None:
    assert rules.best([]) is None


@given(st.integers(-120, 0), st.integers(0, 60))
def test_an_extension_never_shortens(second: int, minutes: int) -> None:
    arrived = CLOSES + timedelta(seconds=second) - MS
    ends_at = rules.extended(CLOSES, arrived, minutes)
    assert ends_at >= CLOSES
    assert ends_at >= arrived + timedelta(minutes=minutes)


def test_the_phase_runs_ahead_of_the_row() -> None:
    def seen(status: S, now: datetime) -> S:
        return rules.phase(status, opens_at=OPENS, ends_at=CLOSES, now=now)

    assert seen(S.ANNOUNCED, OPENS - MS) is S.ANNOUNCED
    assert seen(S.ANNOUNCED, OPENS) is S.OPEN
    assert seen(S.ANNOUNCED, CLOSES) is S.CLOSED
    assert seen(S.OPEN, CLOSES - MS) is S.OPEN
    assert seen(S.CANCELLED, CLOSES) is S.CANCELLED


def test_a_seal_opens_with_its_key_for_its_bidder_only() -> None:
    sealed = sealing.seal(Decimal("520000.50"), about="a/1", secrets=["new"])
    other = sealing.seal(Decimal("7"), about="a/1", secrets=["new"])
    assert b"520000" not in sealed
    assert len(sealed) == len(other)
    assert sealing.unseal(sealed, about="a/1", secrets=["newer", "new"]) == Decimal("520000.50")
    for about, secrets in (("a/2", ["new"]), ("a/1", ["lost"])):
        with pytest.raises(sealing.Unreadable):
            sealing.unseal(sealed, about=about, secrets=secrets)
    with pytest.raises(sealing.Unreadable):
        sealing.unseal(b"", about="a/1", secrets=["new"])
