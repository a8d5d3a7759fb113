"""How long a patent lives: its term 期限."""

from __future__ import annotations

from datetime import date

from core.days import MONTHS_IN_YEAR, add_months
from listings.types import PatentKind

LONGER_DESIGNS = date(2021, 6, 1)  # designs filed from this day on live 15 years, before 10


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


def years_between(start: date, end: date) -> int:
    """Whole years from one day to another."""
    years = end.year - start.year
    return years - 1 if add_years(start, years) > end else years
