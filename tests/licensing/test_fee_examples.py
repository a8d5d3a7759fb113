"""Whole plans against worked examples: every kind of part, and parts put together.

What running royalties alone owe has its own examples in test_royalties.py. Each row here says what
is agreed, the first year's sales, the term, and what each contract year comes to; the comment above
it is the working. Contract years begin on 1 January 2025.
"""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from licensing.rules import fees, plans
from licensing.rules.fees import FeePart, PartKind, RoyaltyBase, Tier
from licensing.rules.forecast import forecast

START = date(2025, 1, 1)
D = Decimal


def lump(amount, days=0):
    return FeePart(PartKind.LUMP, amount=D(amount), due_days=days)


def part(amount, days):
    return FeePart(PartKind.INSTALMENT, amount=D(amount), due_days=days)


def entry(amount):
    return FeePart(PartKind.ENTRY, amount=D(amount))


def milestone(amount):
    return FeePart(PartKind.MILESTONE, amount=D(amount), trigger="通过验收")


def later(amount, days, trigger=""):
    return FeePart(PartKind.DEFERRED, amount=D(amount), due_days=days, trigger=trigger)


def free(months=None, trigger=""):
    return FeePart(PartKind.FREE_UNTIL, free_months=months, trigger=trigger)


def share(percent):
    return FeePart(PartKind.EQUITY, share=D(percent))


def royal(rate="3", base="net_sales", **limits):
    tiers = tuple(Tier(D(a), D(r)) for a, r in limits.pop("tiers", ()))
    months = limits.pop("period_months", 12)
    known = {name: D(value) for name, value in limits.items()}
    return FeePart(
        PartKind.RUNNING, base=RoyaltyBase(base), rate=D(rate), tiers=tiers, period_months=months,
        **known,
    )  # fmt: skip


EXAMPLES = [
    # one part of each kind
    # paid with the notice: all in year 1
    ("lump", [lump("50000")], "0", 36, ["50000", "0", "0"]),
    # 30 days after 1 January is 31 January
    ("lump in thirty days", [lump("50000.50", 30)], "0", 12, ["50000.50"]),
    # day 365 of 2025 is still 31 December; 366 days on is 2 January 2026
    ("lump at the year's turn", [lump("10", 364)], "0", 24, ["10", "0"]),
    ("lump after the turn", [lump("10", 365)], "0", 24, ["0", "10"]),
    ("entry alone", [entry("80000")], "0", 24, ["80000", "0"]),
    # 1 Jan 2025, + 180 = 30 Jun 2025, + 400 = 5 Feb 2026
    ("three instalments", [part("100", 0), part("200", 180), part("300", 400)], "0", 24,
     ["300", "300"]),
    # 30,000 + 30,000 + 40,000: three thirds that are no thirds keep every fen
    ("instalments of a third", [part("33333.33", 0), part("33333.33", 366),
     part("33333.34", 731)], "0", 36, ["33333.33", "33333.33", "33333.34"]),
    # 500 days on is 16 May 2026
    ("deferred", [later("60000", 500)], "0", 24, ["0", "60000"]),
    # 800 days on is past the term of two years: it falls to the last one
    ("deferred beyond the term", [later("60000", 800)], "0", 24, ["0", "60000"]),
    # from an event nobody can date: not in the table, a note beside it
    ("deferred from the first sale", [later("60000", 90, "首次销售")], "0", 12, ["0"]),
    ("milestone", [milestone("30000")], "0", 12, ["0"]),
    ("equity", [share("5")], "0", 12, ["0"]),
    ("free", [free()], "9999999", 24, ["0", "0"]),
    # 2,000,000 × 3 %
    ("royalty", [royal()], "2000000", 24, ["60000", "60000"]),
    # 400,000 × 12.5 %
    ("royalty on profit", [royal("12.5", "profit")], "400000", 12, ["50000"]),
    # parts put together
    # 50,000 + 1,000,000 × 3 %; then 30,000
    ("entry and royalty", [entry("50000"), royal()], "1000000", 24, ["80000", "30000"]),
    # the same with a minimum of 40,000 above 30,000
    ("entry, royalty, minimum", [entry("50000"), royal(floor="40000")], "1000000", 24,
     ["90000", "40000"]),
    # the entry is no royalty: the cap of 25,000 holds for 30,000 alone
    ("entry, royalty, cap", [entry("50000"), royal(cap="25000")], "1000000", 24,
     ["75000", "25000"]),
    # 30,000, then 20,000 up to the whole of 50,000, then nothing
    ("royalty capped in all", [entry("1"), royal(total_cap="50000")], "1000000", 36,
     ["30001", "20000", "0"]),
    # 1,000,000 × 3 % + 500,000 × 2 %
    ("royalty in bands", [entry("5"), royal(tiers=[("1000000", "2")])], "1500000", 12, ["40005"]),
    # nothing in the first year, then 3 %
    ("free, then a share", [free(12), royal()], "1000000", 24, ["0", "30000"]),
    # 2025 from 1 July on has 184 of 365 days: 365,000 × 184 ÷ 365 = 184,000, × 3 %
    ("half a year free, then a share", [free(6), royal()], "365000", 12, ["5520"]),
    # the minimum by days as well: 36,500 × 184 ÷ 365 = 18,400 above 5,520
    ("half free, with a minimum", [free(6), royal(floor="36500")], "365000", 12, ["18400"]),
    # reckoned as if the event came at once: the most it can cost
    ("free until the first sale", [free(trigger="首次销售"), royal()], "1000000", 12, ["30000"]),
    # free use spares the royalty only: the entry is due with the notice
    ("entry, free year, royalty", [entry("20000"), free(12), royal()], "1000000", 24,
     ["20000", "30000"]),
    # 10,000 now; 20,000 on 30 Jun 2025; 3 % of 1,000,000 each year; the milestone beside it
    ("instalments, milestone, royalty",
     [part("10000", 0), part("20000", 180), milestone("99"), royal()], "1000000", 24,
     ["60000", "30000"]),
    # the share in the firm is no sum
    ("equity and entry", [entry("100000"), share("8")], "0", 12, ["100000"]),
    # 60,000 on 16 May 2026, and 10 % of a profit of 200,000 each year
    ("deferred and a share of profit", [later("60000", 500), royal("10", "profit")], "200000", 24,
     ["20000", "80000"]),
    # everything at once: 5 + 10 (180 days) + 30,000; + 20 (400 days) + 30,000
    ("all kinds", [entry("5"), part("10", 180), later("20", 400), milestone("7"), share("1"),
     royal()], "1000000", 24, ["30015", "30020"]),
    # a year and a half: the second is 181 of 365 days, its minimum 36,500 × 181 ÷ 365
    ("a short last year", [royal(floor="36500")], "0", 18, ["36500", "18100"]),
    # months, quarters and years come to the same in a year
    ("reported by the month", [entry("9"), royal("1.5", period_months=1)], "333333.33", 12,
     ["5009"]),
    # 0.005 goes up, once
    ("half a fen", [royal("0.5")], "1", 24, ["0.01", "0.01"]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "parts", "sales", "months", "years"), EXAMPLES, ids=[e[0] for e in EXAMPLES]
)
def test_worked_example_of_a_whole_plan(name, parts, sales, months, years):
    assert fees.plan_errors(parts) == []
    found = forecast(parts, base=D(sales), starts_on=START, months=months)
    assert [year.total for year in found.years] == [D(y) for y in years]
    assert found.total == sum(D(y) for y in years)


# growth: 1,000,000 × 1.1 = 1,100,000, × 1.1 = 1,210,000; falling by half: 500,000, 250,000
@pytest.mark.parametrize(
    ("growth", "years"),
    [("10", ["30000", "33000", "36300"]), ("-50", ["30000", "15000", "7500"]),
     ("-100", ["30000", "0", "0"])],
)  # fmt: skip
def test_worked_example_of_growth(growth, years):
    found = forecast([royal()], base=D(10**6), starts_on=START, months=36, growth=D(growth))
    assert [year.total for year in found.years] == [D(y) for y in years]


def test_there_are_as_many_examples_as_were_asked_for():
    kinds = {p.kind for _name, parts, *_rest in EXAMPLES for p in parts}
    assert kinds == set(PartKind)
    assert len(EXAMPLES) >= 30


money = st.decimals("0.01", "9999999.99", places=2)
days = st.integers(0, 2000)
fixed = st.one_of(
    st.builds(lump, money, days),
    st.builds(part, money, days),
    st.builds(entry, money),
    st.builds(later, money, st.integers(1, 2000)),
)
capped = money.map(lambda m: m + 11)
shares = st.decimals("0.01", "100", places=2)
royals = st.none() | st.builds(royal, shares, floor=st.just("10.01"), cap=capped)


@given(st.lists(fixed, max_size=6), royals, money, st.integers(1, 60))
def test_the_parts_sum_to_the_whole_and_no_fen_is_lost(parts, running, sales, months):
    whole = [*parts, *([running] if running else [])]
    if not whole:
        return
    found = forecast(whole, base=sales, starts_on=START, months=months)
    alone = [forecast([one], base=sales, starts_on=START, months=months).total for one in whole]
    assert found.total == sum(alone)
    assert found.total == sum(line.amount for year in found.years for line in year.lines)
    assert sum(one.amount for one in parts) + (alone[-1] if running else 0) == found.total
    if running:
        assert all(
            line.amount == fees.yuan(line.amount) for year in found.years for line in year.lines
        )


@given(st.lists(fixed, max_size=4), royals, money, money)
def test_a_plan_never_costs_less_for_selling_more(parts, running, sales, more):
    whole = [*parts, *([running] if running else [])]
    if not whole:
        return
    poor = forecast(whole, base=sales, starts_on=START, months=36).total
    rich = forecast(whole, base=sales + more, starts_on=START, months=36).total
    assert rich >= poor


@given(st.lists(fixed, min_size=1, max_size=6))
def test_the_sentence_names_what_is_paid_whatever_is_sold(parts):
    told = plans.sentence(parts)
    assert told.startswith("在许可期内，被许可人")
    if len(parts) > 1:
        assert fees.money_text(sum(p.amount for p in parts)) in told
