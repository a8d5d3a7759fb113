"""What if: what a plan would cost on the reader's own figures, year by year, each sum explained."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from core.days import add_months
from licensing.rules import royalties
from licensing.rules.fees import (
    HUNDRED,
    PART_LABELS,
    FeePart,
    PartKind,
    exact_text,
    money_text,
    percent_text,
    schedule,
    yuan,
)
from licensing.rules.royalties import Line

USUAL_MONTHS = 60  # where a term is open


@dataclass(frozen=True, slots=True)
class YearCost:
    """What falls to one contract year."""

    year: int
    starts_on: date
    ends_on: date
    base: Decimal
    lines: tuple[Line, ...]
    total: Decimal


@dataclass(frozen=True, slots=True)
class Forecast:
    """The years, what they come to, and what cannot be put into a figure."""

    years: tuple[YearCost, ...]
    total: Decimal
    notes: tuple[str, ...]


def forecast(
    parts: Sequence[FeePart],
    *,
    base: Decimal,
    starts_on: date,
    months: int,
    growth: Decimal = Decimal(0),
) -> Forecast:
    """What a licensee with this much net sales or profit in its first year would pay."""
    ends_on = add_months(starts_on, months) - timedelta(days=1)
    years = royalties.periods(starts_on, ends_on)
    bases, amount = [], base
    for _year in years:
        bases.append(yuan(amount))
        amount = yuan(amount * (HUNDRED + growth) / HUNDRED)
    computed = royalties.reckon(
        parts, list(zip(years, bases, strict=True)), starts_on=starts_on, began=starts_on
    )
    found, due = [], schedule(parts, served_on=starts_on)
    for index, (year, earned) in enumerate(zip(years, bases, strict=True)):
        last = index == len(years) - 1
        lines = [
            Line(
                PART_LABELS[sum_due.kind],
                exact_text(sum_due.amount),
                sum_due.amount,
                f"{sum_due.due_on:%Y-%m-%d} 应付",
            )
            for sum_due in due
            if year.starts_on <= sum_due.due_on
            and (sum_due.due_on <= year.ends_on or (last and sum_due.due_on > year.ends_on))
        ]
        lines += computed[index].lines if computed else ()
        total = sum((line.amount for line in lines), Decimal(0))
        found.append(YearCost(year.year, year.starts_on, year.ends_on, earned, tuple(lines), total))
    return Forecast(
        tuple(found), sum((year.total for year in found), Decimal(0)), tuple(_notes(parts))
    )


def _notes(parts: Sequence[FeePart]) -> list[str]:
    notes = []
    for part in parts:
        if part.kind is PartKind.MILESTONE:
            notes.append(f"达到“{part.trigger}”时另付 {money_text(part.amount or Decimal(0))}。")
        if part.kind is PartKind.DEFERRED and part.trigger:
            amount = money_text(part.amount or Decimal(0))
            notes.append(f"“{part.trigger}”之日起满 {part.due_days} 天时另付 {amount}。")
        if part.kind is PartKind.FREE_UNTIL and part.trigger:
            notes.append(f"“{part.trigger}”之前免费；测算按自许可生效就开始计费，是最多的情形。")
        if part.kind is PartKind.EQUITY:
            notes.append(f"另以专利作价入股，占 {percent_text(part.share or Decimal(0))}。")
    return notes


def sales_of(units: Decimal, price: Decimal) -> Line:
    """Net sales from what is made and sold."""
    amount = yuan(units * price)
    return Line(
        "净销售额",
        f"{units.normalize():,f} 件 × {exact_text(price)} = {exact_text(amount)}",
        amount,
    )
