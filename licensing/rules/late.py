"""Interest on what was paid late 逾期利息: simple, by days, piece by piece as payments came in.

Where the parties agreed on a rate it holds. Where they did not, the loss is reckoned at the
one-year loan prime rate plus three tenths (买卖合同司法解释 Art. 18, by CC646 for other contracts
for value).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from licensing.rules.fees import HUNDRED, exact_text, percent_text, yuan
from licensing.rules.royalties import Line

YEAR = 365
PAY_DAYS = 15  # in which interest is to be paid once it was asked for
MARKUP = Decimal("1.3")
BY_LAW = "民法典第六百四十六条；买卖合同司法解释（2020 年修正）第十八条：LPR 加计 30%"
AGREED = "付费方案：约定的逾期利率"


@dataclass(frozen=True, slots=True)
class LateRate:
    """A yearly rate in percent, and where it comes from."""

    percent: Decimal
    basis: str


def rate_for(agreed: Decimal | None, prime: Decimal) -> LateRate:
    """The rate that holds: the agreed one, else the prime rate with its markup."""
    if agreed is not None:
        return LateRate(agreed, AGREED)
    return LateRate(prime * MARKUP, BY_LAW)


def interest(
    amount: Decimal,
    *,
    due_on: date,
    paid: Sequence[tuple[date, Decimal]],
    today: date,
    rate: LateRate,
) -> tuple[Line, ...]:
    """One line for each stretch of days on which the same sum was outstanding after `due_on`.

    The day of payment counts, the day it fell due does not.
    """
    lines: list[Line] = []
    since, left = due_on, amount
    for day, sum_paid in [*sorted(paid), (today, Decimal(0))]:
        until = min(day, today)
        days = (until - since).days
        if days > 0 and left > 0:
            lines.append(_stretch(left, days, rate))
            since = until
        left -= sum_paid
    return tuple(lines)


def still_to_ask(lines: Sequence[Line], before: Decimal) -> tuple[Decimal, tuple[Line, ...]]:
    """What of this interest was not yet asked for, and the lines; below zero it was too much."""
    amount = sum((line.amount for line in lines), Decimal(0)) - before
    if before:
        lines = (*lines, Line("已计利息", f"− {exact_text(before)}", -before))
    return amount, tuple(lines)


def _stretch(left: Decimal, days: int, rate: LateRate) -> Line:
    amount = yuan(left * rate.percent / HUNDRED * days / YEAR)
    formula = (
        f"{exact_text(left)} × {percent_text(rate.percent)} × {days} 天 ÷ {YEAR} 天"
        f" = {exact_text(amount)}"
    )
    return Line("逾期利息", formula, amount, rate.basis)
