"""How long a patent lives, and what keeps it alive: term 期限 and annuities 年费."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum

from core.days import MONTHS_IN_YEAR, add_months
from listings.types import PatentKind

LONGER_DESIGNS = date(2021, 6, 1)  # designs filed from this day on live 15 years, before 10
GRACE_MONTHS = 6
SURCHARGE = Decimal("0.05")

# The last year of each band and its yearly fee in yuan.
INVENTION_FEES = ((3, 900), (6, 1200), (9, 2000), (12, 4000), (15, 6000), (20, 8000))
OTHER_FEES = ((3, 600), (5, 900), (8, 1200), (10, 2000))
DESIGN_FEES = (*OTHER_FEES, (15, 3000))


def add_years(day: date, years: int) -> date:
    return add_months(day, years * MONTHS_IN_YEAR)


def term_years(kind: PatentKind, filed_on: date) -> int:
    """20 years for inventions, 10 for utility models, 15 for designs, 10 for older designs."""
    if kind is PatentKind.INVENTION:
        return 20
    if kind is PatentKind.DESIGN and filed_on >= LONGER_DESIGNS:
        return 15
    return 10


def expiry(kind: PatentKind, filed_on: date) -> date:
    """The day on which the right ends unless compensated (PL42): its last day is the one before."""
    return add_years(filed_on, term_years(kind, filed_on))


class AnnuityState(StrEnum):
    """Whether the annuity is paid."""

    PAID = "paid"
    GRACE = "grace"
    OVERDUE = "overdue"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Annuity:
    """The next annuity: which year's, when due, what it costs today."""

    state: AnnuityState
    due_on: date | None = None
    grace_until: date | None = None
    year: int | None = None
    fee: Decimal | None = None
    surcharge: Decimal = Decimal(0)


def annual_fee(kind: PatentKind, year: int) -> Decimal:
    """The full fee of one patent year, without reductions."""
    bands = {
        PatentKind.INVENTION: INVENTION_FEES,
        PatentKind.UTILITY_MODEL: OTHER_FEES,
        PatentKind.DESIGN: DESIGN_FEES,
    }[kind]
    return Decimal(next((fee for last, fee in bands if year <= last), bands[-1][1]))


def annuity(
    *,
    kind: PatentKind,
    filed_on: date | None,
    paid_to: date | None,
    on: date,
    expires_on: date | None = None,
) -> Annuity:
    """The next annuity as seen on a day (IR115): due when the paid year ends, six months' grace.

    `paid_to` is the end of the last paid year. In grace the fee rises by 5 % of itself a month,
    the first month free.
    """
    if paid_to is None:
        return Annuity(AnnuityState.UNKNOWN)
    if expires_on is not None and paid_to >= expires_on:
        return Annuity(AnnuityState.PAID)
    grace_until = add_months(paid_to, GRACE_MONTHS)
    state = AnnuityState.PAID
    if on > paid_to:
        state = AnnuityState.GRACE if on <= grace_until else AnnuityState.OVERDUE
    if filed_on is None:
        return Annuity(state, paid_to, grace_until)
    year = years_between(filed_on, paid_to) + 1
    fee = annual_fee(kind, year)
    return Annuity(state, paid_to, grace_until, year, fee, surcharge(fee, due_on=paid_to, on=on))


def years_between(start: date, end: date) -> int:
    """Whole years from one day to another."""
    years = end.year - start.year
    return years - 1 if add_years(start, years) > end else years


def surcharge(fee: Decimal, *, due_on: date, on: date) -> Decimal:
    """What paying late costs: nothing in the first month, then 5 % of the fee per begun month."""
    begun = 0
    while begun < GRACE_MONTHS and on > add_months(due_on, begun):
        begun += 1
    part = fee * SURCHARGE * max(0, begun - 1)
    return part.quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)


def schedule(kind: PatentKind, filed_on: date, *, first: int, last: int) -> list[Annuity]:
    """The years `first` … `last` with due day, grace and fee, as a calendar to plan by."""
    rows = []
    for year in range(first, min(last, term_years(kind, filed_on)) + 1):
        due = add_years(filed_on, year - 1)
        fee = annual_fee(kind, year)
        rows.append(Annuity(AnnuityState.UNKNOWN, due, add_months(due, GRACE_MONTHS), year, fee))
    return rows
