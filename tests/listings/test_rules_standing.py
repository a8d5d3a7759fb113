"""Terms, annuities and the fold of legal events."""

from __future__ import annotations

import itertools
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.days import add_months
from listings.rules import standing, terms
from listings.rules.standing import Base, Event, fold
from listings.types import PatentKind, PatentStatus

ON = date(2026, 11, 20)
GRANTED = Base(is_verified=True, granted_on=date(2015, 1, 1), expires_on=date(2033, 1, 1))
APPLIED = Base(is_verified=True, expires_on=date(2033, 1, 1))


def events(*codes: str) -> list[Event]:
    """One event a year from 2016 on, all of one reference."""
    return [Event(date(2016 + n, 1, 1), code, "R1") for n, code in enumerate(codes)]


@pytest.mark.parametrize(
    ("codes", "status"),
    [
        ((), PatentStatus.GRANTED),
        (("TR01", "CP01", "CP02", "CP03", "CB03", "DD01", "CD02"), PatentStatus.GRANTED),
        (("PE01",), PatentStatus.GRANTED),
        (("OL01",), PatentStatus.GRANTED),
        (("EE01", "EM01", "EC01"), PatentStatus.GRANTED),
        (("PP01", "PD01"), PatentStatus.GRANTED),
        (("IP01",), PatentStatus.GRANTED),
        (("CF01",), PatentStatus.LAPSED),
        (("CF01", "RR01"), PatentStatus.GRANTED),
        (("CF01", "RR01", "CF01"), PatentStatus.LAPSED),
        (("CF01", "PC01"), PatentStatus.LAPSED),
        (("CF01", "CX01"), PatentStatus.EXPIRED),
        (("CX01",), PatentStatus.EXPIRED),
        (("AV01",), PatentStatus.ABANDONED),
        (("AV01", "RR01"), PatentStatus.ABANDONED),
        (("AV01", "CF01", "RR01"), PatentStatus.LAPSED),
        (("IW01",), PatentStatus.INVALID),
        (("IW01", "RR01"), PatentStatus.INVALID),
        (("IW01", "PE01", "OL01"), PatentStatus.INVALID),
        (("CF01", "RR01", "IW01"), PatentStatus.INVALID),
    ],
)
def test_status_is_folded_from_all_events(codes: tuple[str, ...], status: PatentStatus) -> None:
    assert fold(GRANTED, events(*codes), on=ON).status is status


@pytest.mark.parametrize(
    ("codes", "status"),
    [
        ((), PatentStatus.PENDING),
        (("PB01", "SE01"), PatentStatus.PENDING),
        (("GR01",), PatentStatus.GRANTED),
        (("WD01",), PatentStatus.ABANDONED),
        (("RJ01",), PatentStatus.ABANDONED),
        (("WD01", "RR01"), PatentStatus.PENDING),
        (("WD01", "RR01", "GR01"), PatentStatus.GRANTED),
        (("PE01",), PatentStatus.GRANTED),
    ],
)
def test_an_application_becomes_a_right_by_its_events(
    codes: tuple[str, ...], status: PatentStatus
) -> None:
    assert fold(APPLIED, events(*codes), on=ON).status is status


def test_without_a_number_it_is_unverified_whatever_happened() -> None:
    found = fold(Base(is_verified=False), events("GR01"), on=ON)
    assert found.status is PatentStatus.UNVERIFIED
    assert "no-number" in [reason.code for reason in found.reasons]


def test_the_last_event_is_not_the_status() -> None:
    history = events("GR01", "CF01", "RR01", "PE01", "OL01")
    assert history[-1].code == "OL01"
    found = fold(APPLIED, history, on=ON)
    assert found.status is PatentStatus.GRANTED
    assert found.pledges == {"R1"}
    assert found.declarations == {"R1"}
    assert [r.code for r in found.reasons] == ["GR01", "CF01", "RR01"]


def test_events_to_come_have_not_happened() -> None:
    later = [Event(ON + timedelta(days=1), "CF01")]
    assert fold(GRANTED, later, on=ON).status is PatentStatus.GRANTED
    assert fold(GRANTED, later, on=ON + timedelta(days=1)).status is PatentStatus.LAPSED


def test_the_term_ends_on_the_day_of_expiry() -> None:
    base = Base(is_verified=True, granted_on=date(2015, 1, 1), expires_on=ON)
    assert fold(base, (), on=ON - timedelta(days=1)).status is PatentStatus.GRANTED
    found = fold(base, (), on=ON)
    assert found.status is PatentStatus.EXPIRED
    assert found.reasons[-1].code == "term-over"


def test_on_one_day_the_loss_comes_before_the_restoration() -> None:
    day = date(2020, 5, 1)
    assert fold(GRANTED, [Event(day, "RR01"), Event(day, "CF01")], on=ON).is_in_force


def test_two_pledges_are_closed_by_their_own_references() -> None:
    history = [
        Event(date(2018, 1, 1), "PE01", "Y1"),
        Event(date(2019, 1, 1), "PC01", "Y1"),
        Event(date(2020, 1, 1), "PE01", "Y2"),
        Event(date(2021, 1, 1), "PP01", "B1"),
        Event(date(2022, 1, 1), "PP01", "B2"),
        Event(date(2023, 1, 1), "PD01", "B1"),
    ]
    found = fold(GRANTED, history, on=ON)
    assert found.pledges == {"Y2"}
    assert found.preservations == {"B2"}
    assert found.is_preserved


def test_a_closing_without_reference_closes_the_oldest() -> None:
    history = [
        Event(date(2018, 1, 1), "EE01", "X1"),
        Event(date(2019, 1, 1), "EE01", "X2"),
        Event(date(2020, 1, 1), "EC01", ""),
    ]
    assert fold(GRANTED, history, on=ON).licences == {"X2"}


any_event = st.builds(
    Event,
    st.dates(date(2016, 1, 1), date(2016, 2, 10)),
    st.sampled_from(sorted(standing.EVENTS)),
    st.sampled_from(["", "R1", "R2"]),
)


@given(st.lists(any_event, max_size=12), st.randoms(use_true_random=False))
def test_the_order_of_arrival_is_irrelevant(history: list[Event], random: object) -> None:
    shuffled = list(history)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert fold(APPLIED, shuffled, on=ON) == fold(APPLIED, history, on=ON)
    assert fold(APPLIED, history + history, on=ON) == fold(APPLIED, history, on=ON)


def test_every_permutation_of_a_real_history_folds_alike() -> None:
    history = events("GR01", "PE01", "CF01", "RR01", "PC01")
    found = {fold(APPLIED, order, on=ON).status for order in itertools.permutations(history)}
    assert found == {PatentStatus.GRANTED}


@given(st.lists(any_event, max_size=12))
def test_an_invalid_patent_never_comes_back(history: list[Event]) -> None:
    void = [*history, Event(date(2016, 1, 15), "IW01")]
    assert fold(GRANTED, void, on=ON).status is PatentStatus.INVALID


@pytest.mark.parametrize(
    ("kind", "filed", "expires"),
    [
        (PatentKind.INVENTION, date(2017, 7, 24), date(2037, 7, 24)),
        (PatentKind.UTILITY_MODEL, date(2017, 7, 24), date(2027, 7, 24)),
        (PatentKind.DESIGN, date(2021, 5, 31), date(2031, 5, 31)),
        (PatentKind.DESIGN, date(2021, 6, 1), date(2036, 6, 1)),
        (PatentKind.INVENTION, date(2020, 2, 29), date(2040, 2, 29)),
        (PatentKind.UTILITY_MODEL, date(2020, 2, 29), date(2030, 2, 28)),
    ],
)
def test_terms_run_from_filing(kind: PatentKind, filed: date, expires: date) -> None:
    assert terms.expiry(kind, filed) == expires


def test_months_are_added_to_the_last_day_where_there_is_no_such_day() -> None:
    assert add_months(date(2026, 8, 31), 6) == date(2027, 2, 28)
    assert add_months(date(2026, 12, 1), 1) == date(2027, 1, 1)
