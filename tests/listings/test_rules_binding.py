"""What may bind a patent at once, and every reason why something may not be done with it."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.days import add_months
from listings.rules import binding, blockers
from listings.rules.annuities import Annuity, AnnuityState
from listings.rules.binding import ALL_CELLS, SI27, Bond, cells, seats
from listings.rules.blockers import CoOwner, Facts
from listings.rules.standing import Standing
from listings.types import (
    MODES,
    Action,
    Blocker,
    Consent,
    EncumbranceKind,
    PatentKind,
    PatentStatus,
    hard,
)

K = EncumbranceKind
ON = date(2026, 11, 20)
LICENCES = (K.ORDINARY, K.SOLE, K.EXCLUSIVE)


def overlap(one: tuple[int, int], other: tuple[int, int]) -> bool:
    return one[0] < other[1] and other[0] < one[1]


@pytest.mark.parametrize(("one", "other"), list(itertools.product(K, K)))
def test_seats_say_the_same_as_the_rule(one: K, other: K) -> None:
    """The full product: what the EXCLUDE constraint refuses is what the rule refuses."""
    first = seats(one)
    second = seats(other, taken=[first[0]])
    assert overlap(first, second) == binding.exclude_each_other(one, other)


@pytest.mark.parametrize("other", list(K))
def test_the_exception_of_si27_stands_beside_a_sole_licence_and_nothing_else(other: K) -> None:
    """The one ordinary licence of a sole licensor who cannot work the patent himself."""
    exempt = seats(K.ORDINARY, exception=SI27)
    assert not overlap(exempt, seats(K.SOLE))
    assert overlap(exempt, seats(K.EXCLUSIVE))
    assert overlap(exempt, seats(K.ORDINARY, exception=SI27)), "one only"
    allowed = not binding.exclude_each_other(K.ORDINARY, other, exception=SI27)
    assert allowed == (other is not K.EXCLUSIVE)


@given(st.lists(st.sampled_from([K.ORDINARY, K.PRESERVATION]), max_size=20))
def test_ordinary_licences_and_preservations_never_share_a_seat(kinds: list[K]) -> None:
    taken: list[tuple[int, int]] = []
    for kind in kinds:
        taken.append(seats(kind, taken=[first for first, _ in taken]))
    assert len(set(taken)) == len(kinds)
    assert not any(overlap(a, b) for a, b in itertools.combinations(taken, 2))


def test_cells_are_province_by_mode() -> None:
    assert len(ALL_CELLS) == 34 * len(MODES)
    assert cells("31", ["make"]) == [310]
    assert set(cells("31,32", MODES)) < ALL_CELLS
    assert not set(cells("31", MODES)) & set(cells("32", MODES))


@pytest.mark.parametrize("territory", ["", "99", "CN,31", "3101", "中国"])
def test_unknown_territories_are_refused(territory: str) -> None:
    with pytest.raises(binding.ScopeError, match="省级"):
        cells(territory, MODES)


@pytest.mark.parametrize("modes", [[], ["steal"]])
def test_unknown_modes_are_refused(modes: list[str]) -> None:
    with pytest.raises(binding.ScopeError, match="实施方式"):
        cells("CN", modes)


def bond(kind: K, **given: Any) -> Bond:
    fields: dict[str, Any] = {
        "id": 1,
        "starts_on": date(2026, 1, 1),
        "ends_on": date(2027, 12, 31),
        "cells": ALL_CELLS,
    } | given
    return Bond(kind=kind, **fields)


def facts(**given: Any) -> Facts:
    fields: dict[str, Any] = {
        "on": ON,
        "kind": PatentKind.INVENTION,
        "standing": Standing(PatentStatus.GRANTED),
        "annuity": Annuity(AnnuityState.PAID),
        "expires_on": date(2039, 3, 1),
        "owners": (CoOwner("某大学", Consent.ALL, is_managing=True),),
    } | given
    return Facts(**fields)


def codes(found: list[Blocker]) -> set[str]:
    return {blocker.code for blocker in found}


@pytest.mark.parametrize("action", list(Action))
def test_a_patent_in_good_order_may_do_everything(action: Action) -> None:
    assert blockers.blockers(facts(), action) == []


@pytest.mark.parametrize("action", list(Action))
@pytest.mark.parametrize(
    ("status", "code"),
    [
        (PatentStatus.UNVERIFIED, "number-unverified"),
        (PatentStatus.PENDING, "not-granted"),
        (PatentStatus.LAPSED, "lapsed"),
        (PatentStatus.EXPIRED, "expired"),
        (PatentStatus.INVALID, "invalid"),
        (PatentStatus.ABANDONED, "abandoned"),
    ],
)
def test_no_right_no_act(action: Action, status: PatentStatus, code: str) -> None:
    found = hard(blockers.blockers(facts(standing=Standing(status)), action))
    assert code in codes(found)


@pytest.mark.parametrize("action", list(Action))
def test_a_preserved_patent_may_do_nothing(action: Action) -> None:
    by_register = facts(standing=Standing(PatentStatus.GRANTED, preservations=frozenset({"B1"})))
    by_record = facts(bonds=(bond(K.PRESERVATION),))
    for known in (by_register, by_record):
        found = hard(blockers.blockers(known, action))
        assert codes(found) == {"preserved"}
        assert "第一百零三条" in found[0].article
        assert ("第八十六条" in found[0].article) is (action is Action.DECLARE_OPEN)


LICENCE_CASES = [
    # wanted, running, code of the refusal or None
    (Action.DECLARE_OPEN, K.EXCLUSIVE, "exclusive-licence"),
    (Action.DECLARE_OPEN, K.SOLE, "sole-licence"),
    (Action.DECLARE_OPEN, K.ORDINARY, None),
    (Action.DECLARE_OPEN, K.OPEN_DECLARATION, "already-declared"),
    (Action.LICENSE_ORDINARY, K.EXCLUSIVE, "exclusive-licence"),
    (Action.LICENSE_ORDINARY, K.SOLE, "sole-licence"),
    (Action.LICENSE_ORDINARY, K.ORDINARY, None),
    (Action.LICENSE_ORDINARY, K.OPEN_DECLARATION, None),
    (Action.LICENSE_SOLE, K.EXCLUSIVE, "exclusive-licence"),
    (Action.LICENSE_SOLE, K.SOLE, "sole-licence"),
    (Action.LICENSE_SOLE, K.ORDINARY, "ordinary-licence"),
    (Action.LICENSE_SOLE, K.OPEN_DECLARATION, "open-declared"),
    (Action.LICENSE_EXCLUSIVE, K.EXCLUSIVE, "exclusive-licence"),
    (Action.LICENSE_EXCLUSIVE, K.SOLE, "sole-licence"),
    (Action.LICENSE_EXCLUSIVE, K.ORDINARY, "ordinary-licence"),
    (Action.LICENSE_EXCLUSIVE, K.OPEN_DECLARATION, "open-declared"),
    (Action.PLEDGE, K.EXCLUSIVE, None),
    (Action.PLEDGE, K.SOLE, None),
    (Action.PLEDGE, K.ORDINARY, None),
    (Action.PLEDGE, K.OPEN_DECLARATION, None),
    (Action.TRANSFER, K.EXCLUSIVE, None),
    (Action.TRANSFER, K.SOLE, None),
    (Action.TRANSFER, K.ORDINARY, None),
    (Action.TRANSFER, K.OPEN_DECLARATION, None),
    (Action.PUBLISH, K.EXCLUSIVE, "exclusive-licence"),
    (Action.PUBLISH, K.SOLE, None),
    (Action.PUBLISH, K.ORDINARY, None),
    (Action.PUBLISH, K.OPEN_DECLARATION, None),
]


@pytest.mark.parametrize(("action", "running", "code"), LICENCE_CASES)
def test_what_a_running_licence_forbids(action: Action, running: K, code: str | None) -> None:
    found = hard(blockers.blockers(facts(bonds=(bond(running),)), action))
    assert codes(found) == ({code} if code else set())


def test_the_licence_cases_are_the_full_product() -> None:
    kinds = (*LICENCES, K.OPEN_DECLARATION)
    assert {(a, k) for a, k, _ in LICENCE_CASES} == set(itertools.product(Action, kinds))


def test_licences_elsewhere_later_or_otherwise_do_not_meet() -> None:
    running = bond(K.EXCLUSIVE, cells=frozenset(cells("31", MODES)))
    wanted = facts(bonds=(running,), cells=frozenset(cells("32", MODES)))
    assert blockers.blockers(wanted, Action.LICENSE_EXCLUSIVE) == []
    meeting = replace(wanted, cells=frozenset(cells("31,32", MODES)))
    assert codes(blockers.blockers(meeting, Action.LICENSE_EXCLUSIVE)) == {"exclusive-licence"}
    after = replace(meeting, starts_on=date(2028, 1, 1))
    assert blockers.blockers(after, Action.LICENSE_EXCLUSIVE) == []
    last_day = replace(meeting, starts_on=date(2027, 12, 31))
    assert codes(blockers.blockers(last_day, Action.LICENSE_EXCLUSIVE)) == {"exclusive-licence"}
    before = replace(meeting, starts_on=date(2025, 1, 1), ends_on=date(2025, 12, 31))
    assert blockers.blockers(before, Action.LICENSE_EXCLUSIVE) == []


def test_si27_lets_one_ordinary_licence_stand_beside_a_sole_one() -> None:
    sole = bond(K.SOLE)
    exempt = facts(bonds=(sole,), exception=SI27)
    assert blockers.blockers(exempt, Action.LICENSE_ORDINARY) == []
    used = replace(exempt, bonds=(sole, bond(K.ORDINARY, exception=SI27)))
    assert codes(blockers.blockers(used, Action.LICENSE_ORDINARY)) == {"si27-used"}
    needless = facts(exception=SI27)
    assert codes(blockers.blockers(needless, Action.LICENSE_ORDINARY)) == {"si27-without-sole"}
    barred = facts(bonds=(bond(K.EXCLUSIVE),), exception=SI27)
    assert "exclusive-licence" in codes(blockers.blockers(barred, Action.LICENSE_ORDINARY))


@pytest.mark.parametrize(
    ("state", "action", "expected"),
    [
        (AnnuityState.GRACE, Action.DECLARE_OPEN, ("annuity-late", True)),
        (AnnuityState.GRACE, Action.PLEDGE, ("annuity-late", True)),
        (AnnuityState.GRACE, Action.LICENSE_ORDINARY, ("annuity-late", True)),
        (AnnuityState.GRACE, Action.PUBLISH, ("annuity-late", False)),
        (AnnuityState.GRACE, Action.TRANSFER, ("annuity-late", False)),
        (AnnuityState.OVERDUE, Action.PUBLISH, ("annuity-unpaid", True)),
        (AnnuityState.OVERDUE, Action.DECLARE_OPEN, ("annuity-unpaid", True)),
        (AnnuityState.UNKNOWN, Action.DECLARE_OPEN, ("annuity-unknown", False)),
    ],
)
def test_unpaid_annuities(state: AnnuityState, action: Action, expected: tuple[str, bool]) -> None:
    known = facts(annuity=Annuity(state, date(2026, 9, 1), date(2027, 3, 1)))
    assert [(b.code, b.hard) for b in blockers.blockers(known, action)] == [expected]


def test_a_dead_patent_is_not_blamed_for_its_annuity_too() -> None:
    dead = facts(standing=Standing(PatentStatus.LAPSED), annuity=Annuity(AnnuityState.OVERDUE))
    assert codes(blockers.blockers(dead, Action.PLEDGE)) == {"lapsed"}


@pytest.mark.parametrize("consent", list(Consent))
@pytest.mark.parametrize("action", list(Action))
def test_co_owners_must_have_agreed(action: Action, consent: Consent) -> None:
    owners = (CoOwner("某大学", Consent.ALL, is_managing=True), CoOwner("某公司", consent))
    found = blockers.blockers(facts(owners=owners), action)
    alone = action is Action.LICENSE_ORDINARY
    light = action in (Action.PUBLISH, Action.DECLARE_OPEN) and consent is Consent.OPEN
    if alone or light or consent is Consent.ALL:
        assert found == []
    else:
        assert codes(found) == {"co-owner-consent"}
        assert "某公司" in found[0].message


def test_the_managing_organisation_must_hold_the_patent() -> None:
    strangers = facts(owners=(CoOwner("某公司", Consent.ALL),))
    found = blockers.blockers(strangers, Action.DECLARE_OPEN)
    assert [(b.code, b.hard) for b in found] == [("holder-not-registered", True)]
    listed = blockers.blockers(strangers, Action.PUBLISH)
    assert [(b.code, b.hard) for b in listed] == [("holder-not-registered", False)]
    for nobody in (facts(owners=()), facts(managed=False)):
        assert codes(blockers.blockers(nobody, Action.PLEDGE)) == {"holder-unknown"}


PLEDGED = (bond(K.PLEDGE),)


@pytest.mark.parametrize("action", [a for a in Action if a is not Action.PLEDGE])
def test_a_pledge_needs_the_pledgees_consent(action: Action) -> None:
    found = blockers.blockers(facts(bonds=PLEDGED), action)
    assert [(b.code, b.hard) for b in found] == [("pledged", action is not Action.PUBLISH)]
    assert "第四百四十四条" in found[0].article
    agreed = (bond(K.PLEDGE, consents=frozenset({action.value})),)
    assert blockers.blockers(facts(bonds=agreed), action) == []
    other = (bond(K.PLEDGE, consents=frozenset({"something_else"})),)
    assert codes(blockers.blockers(facts(bonds=other), action)) == {"pledged"}


def test_there_is_no_second_rank_of_pledges() -> None:
    assert codes(blockers.blockers(facts(bonds=PLEDGED), Action.PLEDGE)) == {"already-pledged"}
    registered = Standing(PatentStatus.GRANTED, pledges=frozenset({"Y1"}))
    assert codes(blockers.blockers(facts(standing=registered), Action.PLEDGE)) == {
        "already-pledged"
    }


@pytest.mark.parametrize("kind", [PatentKind.UTILITY_MODEL, PatentKind.DESIGN])
def test_open_licences_of_unexamined_rights_need_a_supporting_report(kind: PatentKind) -> None:
    missing = blockers.blockers(facts(kind=kind), Action.DECLARE_OPEN)
    assert codes(missing) == {"evaluation-missing"}
    against = facts(kind=kind, evaluation_verdict="against")
    assert codes(blockers.blockers(against, Action.DECLARE_OPEN)) == {"evaluation-against"}
    assert (
        blockers.blockers(replace(against, evaluation_verdict="supports"), Action.DECLARE_OPEN)
        == []
    )
    assert blockers.blockers(facts(kind=kind), Action.LICENSE_ORDINARY) == []


@pytest.mark.parametrize(
    "action", [*sorted(blockers.LICENSING), Action.PLEDGE, Action.DECLARE_OPEN]
)
def test_nothing_outlives_the_patent(action: Action) -> None:
    day = date(2039, 3, 1)
    assert codes(blockers.blockers(facts(ends_on=day), action)) == {"beyond-term"}
    last = add_months(day, 0).replace(month=2, day=28)
    assert blockers.blockers(facts(ends_on=last), action) == []


def test_funded_work_warns_of_the_funder() -> None:
    found = blockers.blockers(facts(funding_project="国家重点研发计划"), Action.TRANSFER)
    assert [(b.code, b.hard) for b in found] == [("funder-approval", False)]


def test_a_transfer_is_told_of_licences_that_survive() -> None:
    found = blockers.blockers(facts(bonds=(bond(K.ORDINARY),)), Action.TRANSFER)
    assert [(b.code, b.hard) for b in found] == [("licences-survive", False)]


def test_all_reasons_come_at_once_hard_ones_first() -> None:
    bad = facts(
        kind=PatentKind.UTILITY_MODEL,
        annuity=Annuity(AnnuityState.GRACE, date(2026, 9, 1), date(2027, 3, 1)),
        owners=(CoOwner("某大学", Consent.ALL, is_managing=True), CoOwner("某人", Consent.NONE)),
        bonds=(bond(K.EXCLUSIVE), bond(K.PLEDGE), bond(K.PRESERVATION)),
    )
    found = blockers.blockers(bad, Action.DECLARE_OPEN)
    assert codes(found) == {
        "annuity-late",
        "co-owner-consent",
        "preserved",
        "pledged",
        "exclusive-licence",
        "evaluation-missing",
    }
    assert all(b.message and b.article for b in found)
    funded = replace(bad, funding_project="某基金")
    order = [b.hard for b in blockers.blockers(funded, Action.LICENSE_EXCLUSIVE)]
    assert order == sorted(order, reverse=True)
    assert False in order


def test_an_exclusive_licence_of_one_province_leaves_the_others_to_be_offered() -> None:
    shanghai = frozenset(binding.cells("31", MODES))
    one = bond(K.EXCLUSIVE, cells=shanghai)
    rest = bond(K.EXCLUSIVE, id=2, cells=binding.ALL_CELLS - shanghai)
    for bonds, codes in (((one,), []), ((rest,), []), ((one, rest), ["exclusive-licence"])):
        found = blockers.blockers(facts(bonds=bonds), Action.PUBLISH)
        assert [b.code for b in found] == codes


def test_a_bond_runs_from_its_first_day_to_its_last() -> None:
    one = bond(K.ORDINARY, starts_on=date(2026, 1, 1), ends_on=date(2026, 1, 31))
    days = [date(2025, 12, 31), date(2026, 1, 1), date(2026, 1, 31), date(2026, 2, 1)]
    assert [one.runs_on(day) for day in days] == [False, True, True, False]
    assert bond(K.ORDINARY, starts_on=days[1], ends_on=None).runs_on(days[3])
    assert not bond(K.ORDINARY, starts_on=days[1], ends_on=None).runs_on(days[0])


def test_bonds_meet_on_a_shared_day_and_cell_only() -> None:
    one = bond(K.ORDINARY, starts_on=date(2026, 1, 1), ends_on=date(2026, 1, 31))
    for start, end, meets in (
        (date(2026, 1, 31), date(2026, 3, 1), True),
        (date(2026, 2, 1), date(2026, 3, 1), False),
        (date(2025, 1, 1), date(2026, 1, 1), True),
        (date(2025, 1, 1), date(2025, 12, 31), False),
        (date(2026, 1, 15), None, True),
        (date(2026, 2, 1), None, False),
    ):
        assert one.meets(start, end, ALL_CELLS) is meets
        assert not one.meets(start, end, [])


@pytest.mark.parametrize(
    ("kind", "place"),
    [
        (K.EXCLUSIVE, (0, binding.LAST_SEAT)),
        (K.SOLE, (1, binding.LAST_SEAT)),
        (K.OPEN_DECLARATION, (1, 2)),
        (K.PLEDGE, (-1, 0)),
        (K.ORDINARY, (2**30 + 7, 2**30 + 8)),
        (K.PRESERVATION, (-(2**30) - 7, -(2**30) - 6)),
    ],
)
def test_the_registers_rows_sit_apart(kind: K, place: tuple[int, int]) -> None:
    assert binding.register_seats(kind, 7) == place


def test_seats_are_one_wide_and_never_taken_twice() -> None:
    taken: list[int] = [-1, 1, 2**30 + 5, -(2**30) - 5]
    for number in range(3):
        assert binding.seats(K.ORDINARY, taken=taken) == (2 + number, 3 + number)
        assert binding.seats(K.PRESERVATION, taken=taken) == (-2 - number, -1 - number)
        taken += [2 + number, -2 - number]
    assert binding.seats(K.ORDINARY, exception=SI27, taken=taken) == (0, 1)
    assert binding.seats(K.ORDINARY, taken=[2**30]) == (2, 3)
