"""What each year costs, when it is due, what paying late adds, and when the right is lost."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.days import add_months
from listings.rules import annuities, terms
from listings.rules.annuities import AnnuityState, Reduction
from listings.types import PatentKind

ON = date(2026, 11, 20)
FILED = date(2019, 3, 1)
kinds = st.sampled_from(list(PatentKind))
days = st.dates(date(2005, 1, 1), date(2040, 12, 31))
OPEN = annuities.open_licence(date(2026, 1, 1), date(2028, 1, 1))
RELIEF = Reduction("费用减缴", Decimal("0.85"), "专利收费减缴办法", date(2020, 1, 1), None)


def annuity(on: date, **given: object) -> annuities.Annuity:
    fields = {"kind": PatentKind.INVENTION, "filed_on": FILED, "paid_to": date(2026, 3, 1)} | given
    return annuities.annuity(on=on, **fields)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("on", "state", "surcharge"),
    [
        (date(2026, 3, 1), AnnuityState.PAID, "0"),
        (date(2026, 3, 2), AnnuityState.GRACE, "0"),
        (date(2026, 4, 1), AnnuityState.GRACE, "0"),
        (date(2026, 4, 2), AnnuityState.GRACE, "100"),
        (date(2026, 5, 2), AnnuityState.GRACE, "200"),
        (date(2026, 9, 1), AnnuityState.GRACE, "500"),
        (date(2026, 9, 2), AnnuityState.OVERDUE, "500"),
    ],
)
def test_annuity_is_due_then_late_then_unpaid(
    on: date, state: AnnuityState, surcharge: str
) -> None:
    found = annuity(on)
    assert (found.state, found.due_on, found.grace_until) == (
        state,
        date(2026, 3, 1),
        date(2026, 9, 1),
    )
    assert (found.year, found.fee, found.surcharge) == (8, Decimal(2000), Decimal(surcharge))


def test_annuity_states_at_the_edges() -> None:
    assert annuity(ON, paid_to=None).state is AnnuityState.UNKNOWN
    over = annuity(date(2040, 1, 1), paid_to=date(2039, 3, 1), expires_on=date(2039, 3, 1))
    assert over == annuities.Annuity(AnnuityState.PAID)
    assert annuity(date(2026, 3, 2), filed_on=None).state is AnnuityState.GRACE
    assert annuity(ON, filed_on=None).fee is None


def test_the_last_day_of_a_year_and_its_anniversary_mean_the_same_year() -> None:
    assert annuity(ON, paid_to=date(2027, 2, 28)) == annuity(ON, paid_to=date(2027, 3, 1))
    ended = annuity(ON, paid_to=date(2039, 2, 28), expires_on=date(2039, 3, 1))
    assert ended.due_on is None


def test_the_year_of_grant_is_paid_with_the_grant() -> None:
    granted = date(2021, 8, 1)
    assert annuities.first_year(date(2019, 6, 3), granted) == 3
    assert annuities.paid_at_grant(date(2019, 6, 3), granted) == date(2022, 6, 3)
    found = annuity(
        date(2021, 9, 1), filed_on=date(2019, 6, 3), paid_to=date(2020, 6, 3), granted_on=granted
    )
    assert (found.year, found.due_on, found.state) == (4, date(2022, 6, 3), AnnuityState.PAID)


@pytest.mark.parametrize(
    ("kind", "fees"),
    [
        (
            PatentKind.INVENTION,
            [900] * 3 + [1200] * 3 + [2000] * 3 + [4000] * 3 + [6000] * 3 + [8000] * 5,
        ),
        (PatentKind.UTILITY_MODEL, [600] * 3 + [900] * 2 + [1200] * 3 + [2000] * 2),
        (PatentKind.DESIGN, [600] * 3 + [900] * 2 + [1200] * 3 + [2000] * 2 + [3000] * 5),
    ],
)
def test_fees_of_every_year(kind: PatentKind, fees: list[int]) -> None:
    found = [annuities.annual_fee(kind, year, on=ON) for year in range(1, len(fees) + 1)]
    assert found == fees


def test_years_gained_by_compensation_cost_what_the_last_ones_do() -> None:
    assert annuities.annual_fee(PatentKind.INVENTION, 23, on=ON) == 8000


def test_a_change_of_fees_is_a_further_table() -> None:
    dearer = annuities.FeeTable(
        PatentKind.INVENTION, date(2030, 1, 1), (annuities.Band(1, 20, Decimal(5000)),)
    )
    tables = (*annuities.FEE_TABLES, dearer)
    fees = [
        annuities.annual_fee(PatentKind.INVENTION, 4, on=on, tables=tables)
        for on in (date(1999, 1, 1), date(2029, 12, 31), date(2030, 1, 1))
    ]
    assert fees == [1200, 1200, 5000]


@given(kind=kinds, year=st.integers(1, 20), due=days, late=st.integers(-400, 400))
def test_a_quote_is_the_sum_of_its_lines_and_never_less_than_the_reduced_fee(
    kind: PatentKind, year: int, due: date, late: int
) -> None:
    found = annuities.quote(
        kind=kind,
        year=year,
        due_on=due,
        pay_on=due + timedelta(days=late),
        reductions=[OPEN, RELIEF],
    )
    assert found.total == sum(line.amount for line in found.lines)
    assert all(line.article and line.label for line in found.lines)
    assert found.surcharge <= found.full * Decimal("0.25")
    assert found.total >= found.full * Decimal("0.15")
    if late <= 0:
        assert found.surcharge == 0


@given(kind=kinds, year=st.integers(1, 20), due=days, late=st.integers(1, 200))
def test_paying_later_never_costs_less(kind: PatentKind, year: int, due: date, late: int) -> None:
    def on(day: int) -> Decimal:
        return annuities.quote(
            kind=kind, year=year, due_on=due, pay_on=due + timedelta(days=day)
        ).total

    assert on(late - 1) <= on(late)


def test_the_surcharge_is_on_the_full_fee_and_reductions_are_not_stacked() -> None:
    found = annuities.quote(
        kind=PatentKind.INVENTION,
        year=8,
        due_on=date(2026, 9, 1),
        pay_on=date(2026, 11, 20),
        reductions=[OPEN, RELIEF],
    )
    assert (found.full, found.reduction, found.surcharge) == (2000, 1700, 200)
    assert [line.article for line in found.lines] == [
        annuities.FEE_ARTICLE,
        "专利收费减缴办法",
        annuities.LATE_ARTICLE,
    ]
    assert "第 7—9 年每年 2,000 元" in found.lines[0].label
    assert "10%" in found.lines[2].label


@pytest.mark.parametrize(
    ("pay_on", "saved"),
    [
        (date(2025, 12, 31), 0),
        (date(2026, 1, 1), 300),
        (date(2028, 1, 1), 300),
        (date(2028, 1, 2), 0),
    ],
)
def test_an_open_licence_saves_only_while_it_is_in_force(pay_on: date, saved: int) -> None:
    found = annuities.quote(
        kind=PatentKind.INVENTION, year=8, due_on=pay_on, pay_on=pay_on, reductions=[OPEN]
    )
    assert found.reduction == saved


def test_an_unpaid_right_ends_from_the_day_it_was_due() -> None:
    found = annuities.lapse(date(2026, 8, 31))
    assert (found.from_day, found.after_day) == (date(2026, 8, 31), date(2027, 2, 28))
    assert found.article == "专利法第四十四条"


@given(kind=kinds, filed=days)
def test_years_to_come_end_with_the_term(kind: PatentKind, filed: date) -> None:
    rows = annuities.years_to_come(kind, filed, first=2)
    assert [year for year, _ in rows] == list(range(2, terms.term_years(kind, filed) + 1))
    assert rows[-1][1] < terms.expiry(kind, filed)


def test_compensated_terms_have_more_years() -> None:
    rows = annuities.years_to_come(
        PatentKind.INVENTION, FILED, first=20, expires_on=date(2041, 9, 1)
    )
    assert [year for year, _ in rows] == [20, 21, 22, 23]


@pytest.mark.parametrize(
    ("due_in", "mark"),
    [
        (91, ""),
        (90, "due-90"),
        (31, "due-90"),
        (30, "due-30"),
        (8, "due-30"),
        (7, "due-7"),
        (1, "due-1"),
        (0, "due-1"),
        (-1, "late-1"),
        (-32, "late-2"),
    ],
)
def test_reminders_come_at_their_marks(due_in: int, mark: str) -> None:
    assert annuities.mark(date(2026, 3, 1), on=date(2026, 3, 1) - timedelta(days=due_in)) == mark


@pytest.mark.parametrize(
    ("left", "mark"), [(8, "late-6"), (7, "last-7"), (1, "last-1"), (0, "last-1"), (-1, "over")]
)
def test_the_last_days_of_grace_are_told(left: int, mark: str) -> None:
    until = add_months(date(2026, 3, 1), 6)
    assert annuities.mark(date(2026, 3, 1), on=until - timedelta(days=left)) == mark


def test_long_after_the_grace_nothing_is_told_and_regions_may_remind_earlier() -> None:
    assert annuities.mark(date(2026, 3, 1), on=date(2026, 10, 2)) == ""
    assert annuities.mark(date(2026, 3, 1), on=date(2025, 11, 1), before=(120, 10)) == "due-120"
