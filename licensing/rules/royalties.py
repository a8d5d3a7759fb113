"""Running royalties 提成, period by period: tiers, free months, yearly minimum and caps.

The rule of rounding, stated on every statement: each line is rounded half up to the fen; the
last slice of a period takes what rounding left over, so that the reports of a year add up to
exactly what one report of the whole year would owe. No fen is lost or made.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal

from core.days import add_months
from licensing.rules.fees import (
    BASE_LABELS,
    HUNDRED,
    FeePart,
    PartKind,
    exact_text,
    money_text,
    percent_text,
    yuan,
)

ZERO = Decimal(0)
REPORT_DAYS = 30
PAY_DAYS = 15
ROUNDING = "各行按分四舍五入，尾差计入当期提成的最后一行；各期之和等于按全年一次计算的金额。"


@dataclass(frozen=True, slots=True)
class Line:
    """One computed sum: what × what = what, and why."""

    label: str
    formula: str
    amount: Decimal
    basis: str = ""


@dataclass(frozen=True, slots=True)
class Period:
    """A reporting period of a licence, and the contract year it belongs to."""

    starts_on: date
    ends_on: date
    year: int
    year_starts_on: date
    year_ends_on: date
    closes_year: bool

    @property
    def days(self) -> int:
        """How many days it has, both ends counted."""
        return (self.ends_on - self.starts_on).days + 1

    @property
    def report_by(self) -> date:
        """The last day on which the licensee reports it."""
        return self.ends_on + timedelta(days=REPORT_DAYS)

    @property
    def pay_by(self) -> date:
        """The day its royalty falls due when the report came in time."""
        return self.report_by + timedelta(days=PAY_DAYS)


@dataclass(frozen=True, slots=True)
class Standing:
    """What was reckoned before a period: in its contract year, and since the licence began."""

    year: int = 0
    base: Decimal = ZERO
    year_charged: Decimal = ZERO
    all_charged: Decimal = ZERO


@dataclass(frozen=True, slots=True)
class Computed:
    """What a period owes, line by line, and where that leaves the account."""

    total: Decimal
    lines: tuple[Line, ...]
    standing: Standing = field(default_factory=Standing)
    below_minimum: bool = False


def running_part(parts: Iterable[FeePart]) -> FeePart | None:
    """The plan's royalty, if it has one."""
    return next((p for p in parts if p.kind is PartKind.RUNNING), None)


def free_months(parts: Iterable[FeePart]) -> int:
    """How many months of use come before any royalty (先免费后分成)."""
    return max((p.free_months or 0 for p in parts if p.kind is PartKind.FREE_UNTIL), default=0)


def free_until(parts: Sequence[FeePart], starts_on: date, began: date | None = None) -> date:
    """The first day on which use is charged.

    Where free use ends by an event it is the day of the event, at the latest when the free months
    are over; `began` is that day once both parties agree on it, and without it use stays free.
    """
    by_event = any(p.kind is PartKind.FREE_UNTIL and p.trigger for p in parts)
    months = free_months(parts)
    latest = add_months(starts_on, months)
    if not by_event:
        return latest
    event = max(began, starts_on) if began else date.max
    return min(event, latest) if months else event


def periods(starts_on: date, ends_on: date, months: int = 12) -> tuple[Period, ...]:
    """The reporting periods of a term. Contract years run from its first day; the last may be
    short."""
    found: list[Period] = []
    year = 0
    while (year_start := add_months(starts_on, 12 * year)) <= ends_on:
        year_end = min(add_months(starts_on, 12 * (year + 1)) - timedelta(days=1), ends_on)
        offset = 0
        while (first := add_months(starts_on, 12 * year + offset)) <= year_end:
            offset += months
            last = min(add_months(starts_on, 12 * year + offset) - timedelta(days=1), year_end)
            found.append(Period(first, last, year + 1, year_start, year_end, last == year_end))
        year += 1
    return tuple(found)


def unreported(found: Iterable[Period], known: Collection[date], *, today: date) -> list[Period]:
    """The periods that are over and of which nothing was said."""
    return [p for p in found if p.ends_on < today and p.starts_on not in known]


def tiered(part: FeePart, base: Decimal) -> Decimal:
    """The royalty on so much in one contract year, before limits; not rounded."""
    return sum((width * rate / HUNDRED for width, rate in _slices(part, ZERO, base)), ZERO)


def _slices(part: FeePart, start: Decimal, end: Decimal) -> list[tuple[Decimal, Decimal]]:
    """What lies between two amounts of a year, cut by the tiers: how much, at which rate."""
    bounds = [(ZERO, part.rate or ZERO), *((t.above, t.rate) for t in part.tiers)]
    cut = []
    for index, (low, rate) in enumerate(bounds):
        high = bounds[index + 1][0] if index + 1 < len(bounds) else max(end, low)
        width = min(end, high) - max(start, low)
        if width > 0:
            cut.append((width, rate))
    return cut


def minimum_for(part: FeePart, period: Period, charged_from: date) -> Line | None:
    """The year's guaranteed minimum, by days where the year is short or partly free."""
    if part.floor is None:
        return None
    first = max(period.year_starts_on, charged_from)
    days = max((period.year_ends_on - first).days + 1, 0)
    whole = (add_months(period.year_starts_on, 12) - period.year_starts_on).days
    if days >= whole:
        return Line("年度最低提成", exact_text(part.floor), part.floor, "付费方案：每年下限")
    amount = yuan(part.floor * days / whole)
    formula = f"{exact_text(part.floor)} × {days} 天 ÷ {whole} 天 = {exact_text(amount)}"
    return Line("年度最低提成（按天折算）", formula, amount, "付费方案：每年下限")


def chargeable(period: Period, base: Decimal, charged_from: date) -> tuple[Decimal, list[Line]]:
    """How much of what was earned bears royalty, and why less than all."""
    if base < 0:
        note = f"{exact_text(base)} 按 0 计，不冲抵其他期"
        return ZERO, [Line("亏损", note, ZERO, "提成按期计算")]
    first = max(period.starts_on, charged_from)
    days = max((period.ends_on - first).days + 1, 0)
    if days >= period.days:
        return base, []
    part = yuan(base * days / period.days)
    formula = f"{exact_text(base)} × {days} 天 ÷ {period.days} 天 = {exact_text(part)}（计费基数）"
    return part, [Line("免费期不计提成", formula, ZERO, f"付费方案：{_free_text(charged_from)}")]


def _free_text(charged_from: date) -> str:
    if charged_from == date.max:
        return "约定的事件尚未发生，仍在免费期"
    return f"{charged_from:%Y-%m-%d} 前免费"


def period_royalty(
    part: FeePart, period: Period, base: Decimal, *, before: Standing, charged_from: date
) -> Computed:
    """What one report owes, given all earlier ones."""
    if before.year != period.year:
        before = Standing(period.year, all_charged=before.all_charged)
    counted, lines = chargeable(period, base, charged_from)
    so_far = before.base + counted
    raw_before, raw = yuan(tiered(part, before.base)), yuan(tiered(part, so_far))
    lines += _slice_lines(part, before.base, so_far, raw - raw_before)
    owed, below = raw, False
    minimum = minimum_for(part, period, charged_from) if period.closes_year else None
    if minimum is not None and minimum.amount > raw:
        below, owed = True, minimum.amount
        lines.append(_top_up(minimum, raw))
    if part.cap is not None and owed > part.cap:
        owed = part.cap
    due = owed - before.year_charged
    if (over := sum((line.amount for line in lines), ZERO) - due) > 0:
        limit = exact_text(part.cap or ZERO)
        lines.append(Line("超过年度上限", f"本年累计以 {limit} 为限", -over, "付费方案：每年上限"))
    if part.total_cap is not None and before.all_charged + due > part.total_cap:
        kept = max(part.total_cap - before.all_charged, ZERO)
        limit = exact_text(part.total_cap)
        why = f"已计 {exact_text(before.all_charged)}，累计以 {limit} 为限"
        lines.append(Line("超过累计上限", why, kept - due, "付费方案：累计上限"))
        total = kept
    else:
        total = due
    after = Standing(period.year, so_far, owed, before.all_charged + total)
    return Computed(total, tuple(lines), after, below)


def _slice_lines(part: FeePart, start: Decimal, end: Decimal, whole: Decimal) -> list[Line]:
    slices = _slices(part, start, end)
    label = f"{BASE_LABELS[part.base]}提成" if part.base else "提成"
    if not slices:
        return [Line(label, f"0 × {percent_text(part.rate or ZERO)} = 0", ZERO)]
    lines, left = [], whole
    for index, (width, rate) in enumerate(slices):
        rounded = yuan(width * rate / HUNDRED)
        amount = left if index == len(slices) - 1 else rounded
        left -= amount
        formula = f"{exact_text(width)} × {percent_text(rate)} = {exact_text(rounded)}"
        if amount != rounded:
            formula += f"，尾差 {exact_text(amount - rounded)}，计 {exact_text(amount)}"
        basis = "付费方案：分档提成" if part.tiers else "付费方案：提成"
        lines.append(Line(label, formula, amount, basis))
    return lines


def _top_up(minimum: Line, raw: Decimal) -> Line:
    amount = minimum.amount - raw
    formula = (
        f"{minimum.label} {exact_text(minimum.amount)} − 本年按比例 {exact_text(raw)}"
        f" = {exact_text(amount)}"
    )
    if "×" in minimum.formula:
        formula = f"{minimum.formula}；{formula}"
    return Line("补足年度最低提成", formula, amount, minimum.basis)


def reckon(
    parts: Sequence[FeePart],
    reports: Iterable[tuple[Period, Decimal]],
    *,
    starts_on: date,
    began: date | None = None,
) -> list[Computed]:
    """What each of these reports owes, in order of their periods."""
    part = running_part(parts)
    if part is None:
        return []
    charged_from = free_until(parts, starts_on, began)
    standing, found = Standing(), []
    for period, base in reports:
        computed = period_royalty(part, period, base, before=standing, charged_from=charged_from)
        standing = computed.standing
        found.append(computed)
    return found


def in_currency(amount: Decimal, *, currency: str, plan_currency: str, rate: Decimal) -> Line:
    """What was earned in another currency, in the plan's, at the rate that was reported."""
    if currency == plan_currency:
        return Line("申报数", exact_text(amount, currency), amount)
    turned = yuan(amount * rate)
    formula = f"{exact_text(amount, currency)} × {rate.normalize():f} = "
    return Line(
        "折算",
        formula + exact_text(turned, plan_currency),
        turned,
        "按申报的汇率（期末中间价）折算",
    )


def relabelled(computed: Computed, extra: Sequence[Line]) -> Computed:
    """The same sum with lines of no amount before it, which say how the base came about."""
    heads = tuple(replace(line, amount=ZERO) for line in extra)
    return replace(computed, lines=heads + computed.lines)


def summary(computed: Computed) -> str:
    """One sentence for a notice."""
    if computed.below_minimum:
        return f"低于年度最低提成，应补足，本期应付 {money_text(computed.total)}。"
    return f"本期应付 {money_text(computed.total)}。"
