"""What keeps a patent alive 年费: what each year costs, when it is due, what paying late adds.

The year of grant is the first that is paid (PL43). Every later one is due before the year ahead of
it ends; after that there are six months of grace (IR115), the first of them free, each further one
adding 5 % of the full fee. Reductions do not add up: the best one counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum

from core.days import add_months
from listings.rules.terms import add_years, term_years, years_between
from listings.types import PatentKind

GRACE_MONTHS = 6
SURCHARGE = Decimal("0.05")
CENT = Decimal("0.01")
FEE_ARTICLE = "专利法第四十三条、专利收费标准"
LATE_ARTICLE = "专利法实施细则第一百一十五条"
LAPSE_ARTICLE = "专利法第四十四条"
OPEN_LICENCE_RATE = Decimal("0.15")
OPEN_LICENCE_ARTICLE = "财税〔2024〕23号"
KIND_NAMES = {
    PatentKind.INVENTION: "发明",
    PatentKind.UTILITY_MODEL: "实用新型",
    PatentKind.DESIGN: "外观设计",
}


@dataclass(frozen=True, slots=True)
class Band:
    """Years that cost the same."""

    first: int
    last: int
    fee: Decimal


@dataclass(frozen=True, slots=True)
class FeeTable:
    """What the years of one kind cost from a day on; a change of fees is a further table."""

    kind: PatentKind
    valid_from: date
    bands: tuple[Band, ...]

    def band(self, year: int) -> Band:
        """The band of a year; compensated years beyond the last band cost what it costs."""
        return next((band for band in self.bands if year <= band.last), self.bands[-1])


def _bands(*steps: tuple[int, int]) -> tuple[Band, ...]:
    """Bands from (last year, fee), each beginning where the one before ended."""
    firsts = [1, *(last + 1 for last, _ in steps)]
    return tuple(
        Band(first, last, Decimal(fee)) for first, (last, fee) in zip(firsts, steps, strict=False)
    )


_FROM_2001 = date(2001, 3, 1)
_OTHERS = ((3, 600), (5, 900), (8, 1200), (10, 2000))
FEE_TABLES: tuple[FeeTable, ...] = (
    FeeTable(
        PatentKind.INVENTION,
        _FROM_2001,
        _bands((3, 900), (6, 1200), (9, 2000), (12, 4000), (15, 6000), (20, 8000)),
    ),
    FeeTable(PatentKind.UTILITY_MODEL, _FROM_2001, _bands(*_OTHERS)),
    FeeTable(PatentKind.DESIGN, _FROM_2001, _bands(*_OTHERS)),
    FeeTable(PatentKind.DESIGN, date(2021, 6, 1), _bands(*_OTHERS, (15, 3000))),
)
"""In force in turn; on a day that is before the first of a kind, the first counts."""


class AnnuityState(StrEnum):
    """Whether the annuity is paid."""

    PAID = "paid"
    GRACE = "grace"
    OVERDUE = "overdue"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Annuity:
    """The next annuity: which year's, when due, what it costs in full and for being late today."""

    state: AnnuityState
    due_on: date | None = None
    grace_until: date | None = None
    year: int | None = None
    fee: Decimal | None = None
    surcharge: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class Reduction:
    """A stated fact that lowers the fee while it holds; `ends_on` is its last day."""

    label: str
    rate: Decimal
    article: str
    starts_on: date
    ends_on: date | None = None

    def holds_on(self, day: date) -> bool:
        return self.starts_on <= day and (self.ends_on is None or day <= self.ends_on)


@dataclass(frozen=True, slots=True)
class Line:
    """One part of a sum, and the rule behind it."""

    label: str
    amount: Decimal
    article: str


@dataclass(frozen=True, slots=True)
class Quote:
    """What one year's annuity costs if it is paid on a day, line by line."""

    year: int
    due_on: date
    grace_until: date
    pay_on: date
    full: Decimal
    reduction: Decimal
    surcharge: Decimal
    lines: tuple[Line, ...]

    @property
    def total(self) -> Decimal:
        """The lines' sum."""
        return self.full - self.reduction + self.surcharge


def table_for(kind: PatentKind, *, on: date, tables: Sequence[FeeTable] = FEE_TABLES) -> FeeTable:
    """The table of a kind in force on a day."""
    of_kind = sorted((t for t in tables if t.kind is kind), key=lambda t: t.valid_from)
    begun = [t for t in of_kind if t.valid_from <= on]
    return begun[-1] if begun else of_kind[0]


def annual_fee(
    kind: PatentKind, year: int, *, on: date, tables: Sequence[FeeTable] = FEE_TABLES
) -> Decimal:
    """The full fee of one patent year that falls due on a day, without reductions."""
    return table_for(kind, on=on, tables=tables).band(year).fee


def first_year(filed_on: date, granted_on: date) -> int:
    """The patent year that is paid when the grant is registered (PL43)."""
    return years_between(filed_on, granted_on) + 1


def paid_at_grant(filed_on: date, granted_on: date) -> date:
    """The end of the year that was paid with the grant itself."""
    return add_years(filed_on, first_year(filed_on, granted_on))


def due_day(filed_on: date, year: int) -> date:
    """The last day on which a year's annuity is in time: when the year ahead of it ends."""
    return add_years(filed_on, year - 1)


def year_due(filed_on: date, paid_to: date) -> tuple[int, date]:
    """The first year that is not paid, and when it is due.

    Whoever writes the last day of a year instead of the anniversary means the same year.
    """
    next_day = paid_to + timedelta(days=1)
    if next_day == add_years(filed_on, years_between(filed_on, next_day)):
        paid_to = next_day
    return years_between(filed_on, paid_to) + 1, paid_to


def annuity(
    *,
    kind: PatentKind,
    filed_on: date | None,
    paid_to: date | None,
    on: date,
    expires_on: date | None = None,
    granted_on: date | None = None,
) -> Annuity:
    """The next annuity as seen on a day (IR115): due when the paid year ends, six months' grace.

    `paid_to` is the end of the last paid year; what was paid with the grant counts at least.
    """
    if paid_to is None:
        return Annuity(AnnuityState.UNKNOWN)
    if filed_on is not None and granted_on is not None:
        paid_to = max(paid_to, paid_at_grant(filed_on, granted_on))
    if expires_on is not None and paid_to >= expires_on:
        return Annuity(AnnuityState.PAID)
    year, due_on = (None, paid_to) if filed_on is None else year_due(filed_on, paid_to)
    if expires_on is not None and due_on >= expires_on:
        return Annuity(AnnuityState.PAID)
    grace_until = add_months(due_on, GRACE_MONTHS)
    state = AnnuityState.PAID
    if on > due_on:
        state = AnnuityState.GRACE if on <= grace_until else AnnuityState.OVERDUE
    if year is None:
        return Annuity(state, due_on, grace_until)
    fee = annual_fee(kind, year, on=due_on)
    return Annuity(state, due_on, grace_until, year, fee, surcharge(fee, due_on=due_on, on=on))


def months_late(due_on: date, on: date) -> int:
    """How many months of grace have begun: 0 in time, 1 in the free month, at most 6."""
    begun = 0
    while begun < GRACE_MONTHS and on > add_months(due_on, begun):
        begun += 1
    return begun


def surcharge(fee: Decimal, *, due_on: date, on: date) -> Decimal:
    """What paying late costs: nothing in the first month, then 5 % of the fee per begun month."""
    return _cents(fee * SURCHARGE * max(0, months_late(due_on, on) - 1))


def quote(
    *,
    kind: PatentKind,
    year: int,
    due_on: date,
    pay_on: date,
    reductions: Iterable[Reduction] = (),
    tables: Sequence[FeeTable] = FEE_TABLES,
) -> Quote:
    """What a year's annuity costs if paid on a day, and why: band, reduction, surcharge."""
    band = table_for(kind, on=due_on, tables=tables).band(year)
    lines = [Line(_band_words(kind, year, band), band.fee, FEE_ARTICLE)]
    reduction = Decimal(0)
    if best := best_reduction(reductions, on=pay_on):
        reduction = _cents(band.fee * best.rate)
        rate = f"{(best.rate * 100).normalize():f}"
        lines.append(Line(f"{best.label}，减 {rate}%", -reduction, best.article))
    late = surcharge(band.fee, due_on=due_on, on=pay_on)
    if begun := months_late(due_on, pay_on):
        lines.append(Line(_late_words(due_on, begun), late, LATE_ARTICLE))
    return Quote(
        year=year,
        due_on=due_on,
        grace_until=add_months(due_on, GRACE_MONTHS),
        pay_on=pay_on,
        full=band.fee,
        reduction=reduction,
        surcharge=late,
        lines=tuple(lines),
    )


def _band_words(kind: PatentKind, year: int, band: Band) -> str:
    years = f"第 {band.first}—{band.last} 年" if year <= band.last else f"第 {band.first} 年起"
    return f"{KIND_NAMES[kind]}第 {year} 年度年费（{years}每年 {band.fee:,} 元）"


def _late_words(due_on: date, begun: int) -> str:
    if begun == 1:
        return f"{due_on} 到期，超过不足一个月，不收滞纳金"
    months = begun - 1
    return f"{due_on} 到期，滞纳第 {begun} 个月，按全额年费的 {months * 5}% 加收"


def best_reduction(reductions: Iterable[Reduction], *, on: date) -> Reduction | None:
    """The one that saves most on a day: reductions are never stacked."""
    return max((r for r in reductions if r.holds_on(on)), key=lambda r: r.rate, default=None)


def open_licence(starts_on: date, ends_on: date | None) -> Reduction:
    """The reduction that an open declaration brings while it is in force."""
    return Reduction(
        "开放许可实施期间", OPEN_LICENCE_RATE, OPEN_LICENCE_ARTICLE, starts_on, ends_on
    )


@dataclass(frozen=True, slots=True)
class Lapse:
    """What not paying leads to: the right ends from `from_day`, said after `after_day`."""

    from_day: date
    after_day: date
    article: str = LAPSE_ARTICLE


def lapse(due_on: date) -> Lapse:
    """When the right ends if this annuity stays unpaid: back from the day it was due (IR115)."""
    return Lapse(due_on, add_months(due_on, GRACE_MONTHS))


def years_to_come(
    kind: PatentKind, filed_on: date, *, first: int, expires_on: date | None = None
) -> list[tuple[int, date]]:
    """The years still to be paid from `first` on with their due days, to the end of the term."""
    end = expires_on or add_years(filed_on, term_years(kind, filed_on))
    found = []
    year = first
    while due_day(filed_on, year) < end:
        found.append((year, due_day(filed_on, year)))
        year += 1
    return found


BEFORE_DUE: tuple[int, ...] = (90, 30, 7, 1)
BEFORE_LAPSE: tuple[int, ...] = (7, 1)
AFTER_LAPSE = 30


def mark(due_on: date, *, on: date, before: Sequence[int] = BEFORE_DUE) -> str:
    """The reminder that a day calls for, "" for none; the same mark is never sent twice.

    Only the closest mark reached counts: who was not reminded for a month is reminded once.
    """
    if on <= due_on:
        reached = [days for days in before if (due_on - on).days <= days]
        return f"due-{min(reached)}" if reached else ""
    left = (add_months(due_on, GRACE_MONTHS) - on).days
    if left < 0:
        return "over" if -left <= AFTER_LAPSE else ""
    last = [days for days in BEFORE_LAPSE if left <= days]
    return f"last-{min(last)}" if last else f"late-{months_late(due_on, on)}"


def _cents(amount: Decimal) -> Decimal:
    return amount.quantize(CENT, rounding=ROUND_HALF_UP)
