"""Sums as people read them, and shared out to the fen."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from core.money import portions, yuan

FEN = Decimal("0.01")


@given(st.integers(0, 10**18), st.lists(st.integers(1, 10**6), min_size=1, max_size=8))
def test_no_fen_is_lost_and_nobody_is_short_by_more_than_one(fen, weights):
    total = fen * FEN
    found = portions(total, [Decimal(weight) for weight in weights])
    assert sum(found) == total
    for part, weight in zip(found, weights, strict=True):
        assert abs(int(part * 100) * sum(weights) - fen * weight) < sum(weights)


def test_what_is_left_goes_to_the_largest_remainders_then_by_place():
    third = Decimal("33.3333")
    found = portions(Decimal(1), [Decimal("33.3334"), third, third])
    assert found == [Decimal("0.34"), Decimal("0.33"), Decimal("0.33")]
    assert portions(FEN, [Decimal(1), Decimal(1)]) == [FEN, 0]


def test_fen_are_written_only_where_there_are_any():
    assert [yuan(Decimal(n)) for n in ("12000", "1020.5")] == ["12,000 元", "1,020.50 元"]
