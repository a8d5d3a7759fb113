"""Royalties against worked examples, and what holds for all of them."""

from datetime import date
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from licensing.rules import fees, forecast, late, royalties
from licensing.rules.fees import FeeMode, FeePart, PartKind, RoyaltyBase, Tier

START = date(2025, 1, 1)
FREE_YEAR = FeePart(PartKind.FREE_UNTIL, free_months=12)


def plan(rate="3", cap=None, floor=None, tiers=(), total=None, months=12, base="net_sales"):
    return FeePart(
        PartKind.RUNNING,
        base=RoyaltyBase(base),
        rate=Decimal(rate),
        cap=None if cap is None else Decimal(cap),
        floor=None if floor is None else Decimal(floor),
        tiers=tuple(Tier(Decimal(a), Decimal(r)) for a, r in tiers),
        total_cap=None if total is None else Decimal(total),
        period_months=months,
    )


def owed(parts, bases, *, end=date(2027, 12, 31), start=START):
    running = royalties.running_part(parts)
    periods = royalties.periods(start, end, running.period_months)
    pairs = list(zip(periods, [Decimal(b) for b in bases], strict=False))
    return royalties.reckon(parts, pairs, starts_on=start)


TIERS = (("1000000", "2"), ("5000000", "1"))
HALF = date(2025, 6, 30)  # a licence of half a year: 181 days of 365

# Each row was computed by hand: what is agreed, what is reported period by period, what is owed.
EXAMPLES = [
    # a share, and nothing else
    ("3% of a million", plan(), ["1000000"], ["30000"]),
    ("nothing sold", plan(), ["0"], ["0"]),
    ("one fen sold", plan(), ["0.01"], ["0"]),
    ("half a fen goes up", plan("0.5"), ["1"], ["0.01"]),
    ("just under half a fen goes down", plan("0.49"), ["1"], ["0"]),
    ("1.25% of 333,333.33", plan("1.25"), ["333333.33"], ["4166.67"]),
    ("each year for itself", plan(), ["100", "200", "300"], ["3", "6", "9"]),
    ("a share of profit", plan("10", base="profit"), ["250000"], ["25000"]),
    ("a loss counts as nothing", plan("10", base="profit"), ["-250000"], ["0"]),
    ("a loss is not set off", plan("10", base="profit"), ["-100", "1000"], ["0", "100"]),
    ("everything", plan("100"), ["123.45"], ["123.45"]),
    # a yearly cap
    ("below the cap", plan(cap="50000"), ["1000000"], ["30000"]),
    ("at the cap", plan(cap="30000"), ["1000000"], ["30000"]),
    ("above the cap", plan(cap="20000"), ["1000000"], ["20000"]),
    ("the cap is new each year", plan(cap="20000"), ["1000000", "1000000"], ["20000", "20000"]),
    ("quarters reach the cap", plan(cap="50", months=3),
     ["1000", "1000", "1000", "1000"], ["30", "20", "0", "0"]),
    ("a year after the cap begins anew", plan(cap="50", months=6),
     ["2000", "1000", "1000"], ["50", "0", "30"]),
    # a yearly minimum
    ("below the minimum", plan(floor="50000"), ["1000000"], ["50000"]),
    ("nothing sold, the minimum is due", plan(floor="50000"), ["0"], ["50000"]),
    ("above the minimum", plan(floor="20000"), ["1000000"], ["30000"]),
    ("a loss owes the minimum", plan("10", floor="800", base="profit"), ["-5"], ["800"]),
    ("the minimum is asked at the year's end", plan(floor="100", months=3),
     ["1000", "0", "0", "1000"], ["30", "0", "0", "70"]),
    ("quarters that reach the minimum", plan(floor="100", months=3),
     ["1000", "1000", "1000", "1000"], ["30", "30", "30", "30"]),
    ("minimum and cap", plan(floor="20", cap="40"), ["100", "1000", "9000"], ["20", "30", "40"]),
    # tiers, each rate for what lies in its band
    ("in the first band", plan(tiers=TIERS), ["1000000"], ["30000"]),
    ("in the second", plan(tiers=TIERS), ["2000000"], ["50000"]),
    ("in the third", plan(tiers=TIERS), ["6000000"], ["120000"]),
    ("one fen into the second", plan(tiers=TIERS), ["1000000.01"], ["30000"]),
    ("quarters climb the bands", plan(tiers=TIERS, months=3),
     ["600000", "600000", "4000000", "800000"], ["18000", "16000", "78000", "8000"]),
    ("bands begin anew each year", plan(tiers=TIERS), ["2000000", "500000"], ["50000", "15000"]),
    ("the first band free", plan("0.01", tiers=(("100000", "5"),)), ["300000"], ["10010"]),
    ("bands under a cap", plan(tiers=TIERS, cap="60000"), ["6000000"], ["60000"]),
    # a cap over the whole term
    ("the whole is capped", plan(total="70000"), ["1000000"] * 3, ["30000", "30000", "10000"]),
    ("after the whole cap nothing", plan(total="30000"), ["1000000"] * 2, ["30000", "0"]),
    ("the whole cap beats the minimum", plan(floor="50", total="120"),
     ["0", "0", "0"], ["50", "50", "20"]),
    # rounding over periods: 0.333 → 0.33, then 0.67 − 0.33, then 1.00 − 0.67
    ("thirds add up", plan("1", months=3), ["33.33", "33.33", "33.34", "0"],
     ["0.33", "0.34", "0.33", "0"]),
    ("half fens twice make one", plan("0.5", months=6), ["1", "1"], ["0.01", "0"]),
]  # fmt: skip


@pytest.mark.parametrize(("name", "part", "bases", "due"), EXAMPLES, ids=[e[0] for e in EXAMPLES])
def test_worked_example(name, part, bases, due):
    found = owed([part], bases)
    assert [c.total for c in found] == [Decimal(d) for d in due]
    assert all(sum(line.amount for line in c.lines) == c.total for c in found)


# The same with free use first, and with short years: 100 × days ÷ 365.
FREE_AND_SHORT = [
    ("a free year", [FREE_YEAR, plan()], START, ["900", "900"], ["0", "27"]),
    ("no minimum in a free year", [FREE_YEAR, plan(floor="50")], START, ["0", "0"], ["0", "50"]),
    ("half a free year: 184 of 365 days", [FeePart(PartKind.FREE_UNTIL, free_months=6), plan()],
     START, ["365000"], ["5520"]),
    ("its minimum too", [FeePart(PartKind.FREE_UNTIL, free_months=6), plan(floor="36500")],
     START, ["0"], ["18400"]),
    ("leap year: 2028 has 366 days", [FeePart(PartKind.FREE_UNTIL, free_months=1), plan("10")],
     date(2028, 1, 1), ["3660"], ["335"]),
    ("quarters: the first free", [FeePart(PartKind.FREE_UNTIL, free_months=3),
     plan(months=3, floor="365")], START, ["100", "1000", "1000", "1000"],
     ["0", "30", "30", "215"]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "parts", "start", "bases", "due"), FREE_AND_SHORT, ids=[e[0] for e in FREE_AND_SHORT]
)
def test_worked_example_of_free_use(name, parts, start, bases, due):
    found = owed(parts, bases, start=start, end=date(2029, 12, 31))
    assert [c.total for c in found] == [Decimal(d) for d in due]


def test_a_short_last_year_owes_its_part_of_the_minimum():
    (only,) = owed([plan(floor="36500")], ["0"], end=HALF)
    assert only.total == 18_100  # 36,500 × 181 ÷ 365
    assert "181 天 ÷ 365 天" in only.lines[-1].formula
    assert only.below_minimum


# amount, due, payments, today, percent → interest
D = date
LATE = [
    ("not yet late", "10000", [], D(2026, 1, 31), "18.25", []),
    ("on the day itself", "10000", [], D(2026, 1, 31), "18.25", []),
    ("one day", "10000", [], D(2026, 2, 1), "18.25", ["5"]),
    ("ten days", "10000", [], D(2026, 2, 10), "18.25", ["50"]),
    ("paid in time", "10000", [(D(2026, 1, 31), "10000")], D(2026, 3, 1), "18.25", []),
    ("paid four days late", "10000", [(D(2026, 2, 4), "10000")], D(2026, 3, 1), "18.25", ["20"]),
    ("in two parts", "10000", [(D(2026, 2, 4), "6000"), (D(2026, 2, 10), "4000")],
     D(2026, 3, 1), "18.25", ["20", "12"]),
    ("half before it fell due", "10000", [(D(2026, 1, 5), "5000")], D(2026, 2, 2), "18.25", ["5"]),
    ("the law's rate: 3.0 × 1.3 = 3.9%", "100000", [], D(2026, 4, 11), None, ["747.95"]),
    ("no interest agreed", "10000", [], D(2026, 2, 10), "0", ["0"]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "amount", "paid", "today", "agreed", "due"), LATE, ids=[e[0] for e in LATE]
)
def test_worked_example_of_late_interest(name, amount, paid, today, agreed, due):
    rate = late.rate_for(None if agreed is None else Decimal(agreed), Decimal("3.0"))
    lines = late.interest(
        Decimal(amount),
        due_on=date(2026, 1, 31),
        paid=[(day, Decimal(part)) for day, part in paid],
        today=today,
        rate=rate,
    )
    assert [line.amount for line in lines] == [Decimal(d) for d in due]
    assert all(("第十八条" in line.basis) is (agreed is None) for line in lines)


def test_a_line_shows_its_reckoning():
    (only,) = owed([plan(floor="50000")], ["1000000"])
    assert only.lines[0].formula == "1,000,000 × 3% = 30,000"
    assert only.lines[1].formula == "年度最低提成 50,000 − 本年按比例 30,000 = 20,000"
    assert royalties.summary(only) == "低于年度最低提成，应补足，本期应付 5 万元。"


def test_what_the_last_line_takes_is_said():
    found = owed([plan("0.5", months=6)], ["1", "1"])
    assert found[1].lines[0].formula == "1 × 0.5% = 0.01，尾差 -0.01，计 0"


def test_another_currency_is_turned_into_the_plans():
    line = royalties.in_currency(
        Decimal("100.10"), currency="USD", plan_currency="CNY", rate=Decimal("7.1")
    )
    assert (line.amount, line.formula) == (Decimal("710.71"), "100.10 美元 × 7.1 = 710.71 元")
    same = royalties.in_currency(
        Decimal(5), currency="CNY", plan_currency="CNY", rate=Decimal("7.1")
    )
    assert (same.amount, same.formula) == (5, "5 元")


def test_a_plan_without_royalty_owes_none():
    assert royalties.reckon([FeePart(PartKind.LUMP, Decimal(5))], [], starts_on=START) == []


@pytest.mark.parametrize(
    ("part", "words"),
    [
        (plan(tiers=(("0", "2"),)), "起点"),
        (plan(tiers=(("100", "2"), ("100", "1"))), "增大"),
        (plan(tiers=(("100", "101"),)), "0 到 100"),
        (plan(total="0"), "累计上限"),
        (plan(months=5), "按月"),
    ],
)
def test_a_royalty_that_makes_no_sense_is_refused(part, words):
    assert any(words in error for error in fees.part_errors(part))


def test_the_standard_says_all_of_it():
    (line,) = fees.standard_lines([plan(tiers=TIERS, total="90000", months=3)])
    assert line == (
        "按专利产品净销售额的 3% 逐季提成，超过 100 万元 的部分 2%，超过 500 万元 的部分 1%，"
        "累计不超过 9 万元。"
    )


@given(
    st.dates(min_value=date(2000, 1, 1), max_value=date(2050, 1, 1)),
    st.integers(1, 3000),
    st.sampled_from(fees.PERIODS),
)
def test_periods_cover_the_term_without_gap(start, days, months):
    end = date.fromordinal(start.toordinal() + days)
    found = royalties.periods(start, end, months)
    assert found[0].starts_on == start
    assert found[-1].ends_on == end
    assert all((b.starts_on - a.ends_on).days == 1 for a, b in pairwise(found))
    assert sum(p.days for p in found) == days + 1
    assert len({p.year for p in found}) == sum(p.closes_year for p in found)


money = st.decimals(min_value=0, max_value="99999999.99", places=2)
some = st.none() | st.decimals(min_value="0.01", max_value="9999999.99", places=2)
rates = st.decimals(min_value="0.01", max_value="100", places=2)


@st.composite
def plans(draw):
    limits = sorted(x for x in (draw(some), draw(some)) if x is not None)
    bounds = sorted(draw(st.sets(st.decimals("1", "9999999", places=2), max_size=3)))
    return FeePart(
        PartKind.RUNNING,
        base=RoyaltyBase.NET_SALES,
        rate=draw(rates),
        floor=limits[0] if limits else None,
        cap=limits[1] if len(limits) > 1 else None,
        tiers=tuple(Tier(bound, draw(rates)) for bound in bounds),
        total_cap=draw(some),
        period_months=draw(st.sampled_from(fees.PERIODS)),
    )


@given(plans(), st.lists(money, min_size=1, max_size=24), st.none() | st.integers(1, 30))
def test_what_holds_for_every_plan(part, bases, free):
    parts = [part] if free is None else [FeePart(PartKind.FREE_UNTIL, free_months=free), part]
    found = owed(parts, bases)
    assert fees.plan_errors(parts) == []
    for one in found:
        assert one.total >= 0
        assert one.total == fees.yuan(one.total) == sum(line.amount for line in one.lines)
    years = {}
    for one in found:
        years[one.standing.year] = years.get(one.standing.year, 0) + one.total
    if part.cap is not None:
        assert all(total <= part.cap for total in years.values())
    if part.total_cap is not None:
        assert sum(years.values()) <= part.total_cap
    elif part.floor is not None and free is None:
        closed = found[: len(found) // (12 // part.period_months) * (12 // part.period_months)]
        assert all(years[one.standing.year] >= part.floor for one in closed)


@given(plans(), st.lists(money, min_size=1, max_size=12), st.integers(0, 11), money)
def test_more_sales_never_owe_less(part, bases, index, more):
    richer = list(bases)
    richer[index % len(bases)] += more
    poor, rich = owed([part], bases), owed([part], richer)
    assert sum(c.total for c in rich) >= sum(c.total for c in poor)


@given(plans(), st.lists(money, min_size=12, max_size=12))
def test_the_reports_of_a_year_add_up_to_the_year(part, bases):
    end = date(2025, 12, 31)
    months = [*bases[: 12 // part.period_months]]
    whole = FeePart(**{f: getattr(part, f) for f in FeePart.__slots__} | {"period_months": 12})
    parts = sum(c.total for c in owed([part], months, end=end))
    (once,) = owed([whole], [sum(months)], end=end)
    assert parts == once.total == fees.royalty(whole, sum(months))


@given(
    st.decimals("0.01", "9999999", places=2),
    st.lists(st.tuples(st.integers(1, 400), st.decimals("0.01", "99999", places=2)), max_size=4),
    st.integers(0, 400),
)
def test_interest_grows_with_time_and_not_beyond_the_whole(amount, paid, day):
    rate = late.LateRate(Decimal("3.9"), "x")
    due = date(2026, 1, 1)
    known = [(date.fromordinal(due.toordinal() + d), a) for d, a in paid]

    def until(days):
        today = date.fromordinal(due.toordinal() + days)
        lines = late.interest(
            amount,
            due_on=due,
            paid=[(d, a) for d, a in known if d <= today],
            today=today,
            rate=rate,
        )
        return sum((line.amount for line in lines), Decimal(0))

    # A stretch that a payment splits is rounded twice: half a fen each.
    slack = Decimal("0.01") * (len(paid) + 1)
    assert until(day) <= until(day + 1) + slack
    assert until(day) <= amount * Decimal("0.039") * day / 365 + slack


def test_forecast_puts_every_sum_into_its_year():
    parts = (
        *fees.parts_for(
            FeeMode.ENTRY_RUNNING,
            amount=Decimal(20_000),
            base=RoyaltyBase.NET_SALES,
            rate=Decimal(3),
        ),
        FeePart(PartKind.INSTALMENT, Decimal(5_000), due_days=400),
        FeePart(PartKind.MILESTONE, Decimal(9_000), trigger="量产"),
        FeePart(PartKind.EQUITY, share=Decimal(5)),
    )
    found = forecast.forecast(
        parts, base=Decimal(1_000_000), starts_on=START, months=36, growth=Decimal(10)
    )
    assert [year.total for year in found.years] == [50_000, 38_000, 36_300]
    assert found.total == 124_300
    assert found.notes == ("达到“量产”时另付 9,000 元。", "另以专利作价入股，占 5%。")


def test_what_falls_due_after_the_term_is_still_in_the_forecast():
    parts = fees.parts_for(FeeMode.DEFERRED, amount=Decimal(5_000), due_days=800)
    found = forecast.forecast(parts, base=Decimal(0), starts_on=START, months=12)
    assert found.total == 5_000


def test_sales_come_from_units_and_price():
    line = forecast.sales_of(Decimal(1_000), Decimal("19.90"))
    assert (line.formula, line.amount) == ("1,000 件 × 19.90 = 19,900", 19_900)
