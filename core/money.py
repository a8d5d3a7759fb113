"""Sums as people read them, and shared out to the fen. No Django."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

CENT = Decimal("0.01")


def exact_sum(amount: Decimal) -> str:
    """12000 -> 12,000, and 1020.5 -> 1,020.50: cents only where there are any."""
    return f"{amount.quantize(CENT, rounding=ROUND_HALF_UP):,.2f}".removesuffix(".00")


def yuan(amount: Decimal) -> str:
    """12000 -> 12,000 元: one spelling on pages, in notices, refusals and calendars."""
    return f"{exact_sum(amount)} 元"


def portions(total: Decimal, weights: Sequence[Decimal] | Sequence[Fraction]) -> list[Decimal]:
    """The total shared out by weight: each rounded down to the fen, what is left fen by fen.

    The largest remainders come first, then the order of the list: the sum is always the total.
    """
    fen = int(total / CENT)
    whole = sum(map(Fraction, weights), Fraction(0))
    exact = [fen * Fraction(weight) / whole for weight in weights]
    found = [int(part) for part in exact]
    order = sorted(range(len(exact)), key=lambda place: (found[place] - exact[place], place))
    for place in order[: fen - sum(found)]:
        found[place] += 1
    return [part * CENT for part in found]
