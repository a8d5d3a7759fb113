"""Sums as people read them. No Django."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

CENT = Decimal("0.01")


def exact_sum(amount: Decimal) -> str:
    """12000 -> 12,000, and 1020.5 -> 1,020.50: cents only where there are any."""
    return f"{amount.quantize(CENT, rounding=ROUND_HALF_UP):,.2f}".removesuffix(".00")


def yuan(amount: Decimal) -> str:
    """12000 -> 12,000 元: one spelling on pages, in notices, refusals and calendars."""
    return f"{exact_sum(amount)} 元"
