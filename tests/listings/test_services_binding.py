"""Binding a patent and releasing it, one caller after the other."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from core.audit.models import AuditEntry
from core.errors import Conflict, Invalid, Missing, NotAllowed
from core.people.types import Actor
from listings import selectors, services
from listings.models import Encumbrance, Listing
from listings.rules.binding import SI27
from listings.types import Action, EncumbranceKind, hard
from tests.factories import core
from tests.factories import listings as make
from tests.factories.listings import NOON

pytestmark = pytest.mark.django_db

K = EncumbranceKind
TODAY = NOON.date()
SYSTEM = Actor.system()


def kinds(row: Any) -> list[K]:
    return [card.kind for card in selectors.encumbrances(row.pk, at=NOON)]


def test_encumber_binds_and_says_so() -> None:
    row, firm = make.patent(), core.enterprise()
    pk = make.bound(
        row,
        K.EXCLUSIVE,
        ends_on=date(2027, 12, 31),
        reference="licence:12",
        source="licensing",
        territory="31,32",
        modes=("make", "sell"),
        party_id=firm.organisation_id,
    )
    card = selectors.encumbrances(row.pk, at=NOON)[0]
    assert (card.id, card.kind, card.starts_on, card.ends_on) == (
        pk,
        K.EXCLUSIVE,
        TODAY,
        date(2027, 12, 31),
    )
    assert (card.territory, card.modes) == ("31,32", ("make", "sell"))
    assert selectors.encumbrance_for("licensing", "licence:12") == card
    assert AuditEntry.objects.filter(event="patent.encumbered").count() == 1
    assert selectors.card(row.pk, viewer=core.actor(firm)).id == row.pk, "a party may see it"


def test_encumber_refuses_what_overlaps() -> None:
    row = make.patent()
    make.bound(row, K.EXCLUSIVE, ends_on=TODAY + timedelta(days=10))
    entries = AuditEntry.objects.count()
    for kind in (K.EXCLUSIVE, K.SOLE, K.ORDINARY, K.OPEN_DECLARATION):
        with pytest.raises(Conflict) as refusal:
            make.bound(row, kind, starts_on=TODAY + timedelta(days=10))
        assert refusal.value.code == "overlap"
    assert AuditEntry.objects.count() == entries
    make.bound(row, K.EXCLUSIVE, starts_on=TODAY + timedelta(days=11))


def test_many_ordinary_licences_stand_beside_an_open_declaration() -> None:
    row = make.patent()
    make.bound(row, K.OPEN_DECLARATION)
    for _ in range(5):
        make.bound(row, K.ORDINARY)
    assert kinds(row).count(K.ORDINARY) == 5
    with pytest.raises(Conflict):
        make.bound(row, K.SOLE)


def test_si27_through_the_service() -> None:
    row = make.patent()
    with pytest.raises(Conflict) as refusal:
        make.bound(row, K.ORDINARY, exception=SI27)
    assert refusal.value.code == "si27-without-sole"
    make.bound(row, K.SOLE)
    with pytest.raises(Conflict):
        make.bound(row, K.ORDINARY)
    make.bound(row, K.ORDINARY, exception=SI27)
    with pytest.raises(Conflict):
        make.bound(row, K.ORDINARY, exception=SI27)
    used = selectors.can(row.pk, Action.LICENSE_ORDINARY, at=NOON, exception=SI27)
    assert "si27-used" in {b.code for b in used}


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"ends_on": TODAY - timedelta(days=1)}, "ends_on"),
        ({"territory": "atlantis"}, "territory"),
        ({"modes": ()}, "territory"),
        ({"exception": "PL99"}, "exception"),
    ],
)
def test_a_scope_that_cannot_be(given: dict[str, Any], field: str) -> None:
    row = make.patent()
    with pytest.raises(Invalid) as refusal:
        make.bound(row, K.ORDINARY, **given)
    assert set(refusal.value.fields) == {field}
    with pytest.raises(Invalid):
        make.bound(row, K.SOLE, exception=SI27)
    assert not Encumbrance.objects.exists()


def test_release_ends_it_and_keeps_its_history() -> None:
    row = make.patent()
    start = TODAY - timedelta(days=30)
    pk = make.bound(row, K.EXCLUSIVE, starts_on=start)
    services.release(encumbrance_id=pk, ended_on=TODAY, reason="协议解除", by=SYSTEM, now=NOON)
    assert kinds(row) == []
    assert [card.id for card in selectors.encumbrances(row.pk, at=NOON - timedelta(days=1))] == [
        pk
    ], "yesterday it bound"
    make.bound(row, K.EXCLUSIVE)
    entries = AuditEntry.objects.count()
    services.release(encumbrance_id=pk, ended_on=TODAY, reason="再次", by=SYSTEM, now=NOON)
    assert AuditEntry.objects.count() == entries, "ending it again does nothing"


def test_release_for_a_day_to_come_binds_until_then() -> None:
    row = make.patent()
    pk = make.bound(row, K.PLEDGE)
    later = TODAY + timedelta(days=30)
    services.release(encumbrance_id=pk, ended_on=later, reason="还清", by=SYSTEM, now=NOON)
    assert kinds(row) == [K.PLEDGE]
    with pytest.raises(Conflict):
        make.bound(row, K.PLEDGE, starts_on=later - timedelta(days=1))
    make.bound(row, K.PLEDGE, starts_on=later)


def test_the_day_that_ends_it_does_not_forget_who_released_it() -> None:
    keeper, later = core.actor(core.office()), TODAY + timedelta(days=5)
    pk = make.bound(make.patent(), K.PLEDGE)
    services.release(encumbrance_id=pk, ended_on=later, reason="还清", by=keeper, now=NOON)
    services.refresh_standing(now=NOON + timedelta(days=6))
    row = Encumbrance.objects.get(pk=pk)
    assert (row.active, row.released_by, row.released_because) == (False, keeper.key, "还清")


def test_release_from_the_first_day_on_never_bound() -> None:
    row = make.patent()
    pk = make.bound(row, K.EXCLUSIVE)
    services.release(encumbrance_id=pk, ended_on=TODAY, reason="无效", by=SYSTEM, now=NOON)
    assert selectors.encumbrances(row.pk, at=NOON) == []
    assert [e.code for e in selectors.timeline(row.pk, viewer=SYSTEM) if e.code] == []


def test_upcoming_encumbrances_are_shown_on_request() -> None:
    row = make.patent()
    make.bound(row, K.ORDINARY, starts_on=TODAY + timedelta(days=5))
    assert kinds(row) == []
    assert len(selectors.encumbrances(row.pk, at=NOON, upcoming=True)) == 1


def test_the_pledgees_consent_opens_the_way() -> None:
    row = make.patent()
    pk = make.bound(row, K.PLEDGE)
    assert hard(selectors.can(row.pk, Action.LICENSE_ORDINARY, at=NOON))
    services.consent_as_pledgee(
        encumbrance_id=pk,
        actions=[Action.LICENSE_ORDINARY, Action.DECLARE_OPEN],
        reference="同意书 7 号",
        by=SYSTEM,
        now=NOON,
    )
    assert selectors.can(row.pk, Action.LICENSE_ORDINARY, at=NOON) == []
    assert hard(selectors.can(row.pk, Action.TRANSFER, at=NOON)), "not agreed to"
    assert selectors.encumbrances(row.pk, at=NOON)[0].consents == (
        "declare_open",
        "license_ordinary",
    )
    licence = make.bound(row, K.ORDINARY)
    with pytest.raises(Conflict):
        services.consent_as_pledgee(
            encumbrance_id=licence, actions=[Action.TRANSFER], reference="", by=SYSTEM, now=NOON
        )


def test_nobody_binds_releases_or_consents() -> None:
    row = make.patent()
    pk = make.bound(row, K.PLEDGE)
    entries = AuditEntry.objects.count()
    nobody = Actor.anonymous()
    with pytest.raises(NotAllowed):
        make.bound(row, K.ORDINARY, by=nobody)
    with pytest.raises(NotAllowed):
        services.release(encumbrance_id=pk, ended_on=TODAY, reason="", by=nobody, now=NOON)
    with pytest.raises(NotAllowed):
        services.consent_as_pledgee(
            encumbrance_id=pk, actions=[Action.TRANSFER], reference="", by=nobody, now=NOON
        )
    assert kinds(row) == [K.PLEDGE]
    assert AuditEntry.objects.count() == entries


def test_what_does_not_exist_is_missing() -> None:
    with pytest.raises(Missing):
        services.release(encumbrance_id=1, ended_on=TODAY, reason="", by=SYSTEM, now=NOON)
    with pytest.raises(Missing):
        services.encumber(
            patent_id=1,
            kind=K.ORDINARY,
            starts_on=TODAY,
            ends_on=None,
            source="",
            reference="",
            by=SYSTEM,
            now=NOON,
        )
    with pytest.raises(Missing):
        selectors.can(1, Action.PUBLISH, at=NOON)


def test_can_leaves_out_the_encumbrance_it_would_replace() -> None:
    row = make.patent()
    pk = make.bound(row, K.OPEN_DECLARATION)
    assert hard(selectors.can(row.pk, Action.DECLARE_OPEN, at=NOON))
    assert selectors.can(row.pk, Action.DECLARE_OPEN, at=NOON, except_for=pk) == []


def test_can_asks_of_a_scope() -> None:
    row = make.patent()
    make.bound(row, K.EXCLUSIVE, territory="31")
    assert hard(selectors.can(row.pk, Action.LICENSE_ORDINARY, at=NOON))
    assert selectors.can(row.pk, Action.LICENSE_ORDINARY, at=NOON, territory="32") == []


def test_can_hides_what_the_actor_may_not_see() -> None:
    row = make.patent()
    with pytest.raises(Missing):
        selectors.can(row.pk, Action.PUBLISH, at=NOON, by=core.actor(core.enterprise()))


def test_can_many_answers_as_can(django_assert_num_queries: Any) -> None:
    rows = [make.patent() for _ in range(3)]
    make.bound(rows[0], K.PLEDGE)
    with django_assert_num_queries(5):
        found = selectors.can_many([r.pk for r in rows], Action.TRANSFER, at=NOON)
    assert found == {r.pk: selectors.can(r.pk, Action.TRANSFER, at=NOON) for r in rows}


def test_what_is_wholly_given_away_leaves_the_board() -> None:
    shown = make.listed_patent()
    part = make.bound(shown, K.EXCLUSIVE, territory="31")
    assert Listing.objects.get(patent=shown).status == "listed"
    services.release(
        encumbrance_id=part, ended_on=TODAY, reason="解除", by=SYSTEM, now=NOON
    )  # fmt: skip
    make.bound(shown, K.EXCLUSIVE)
    listing = Listing.objects.get(patent=shown)
    assert (listing.status, "独占" in listing.suspended_because) == ("suspended", True)


def test_an_exclusive_licence_of_the_register_leaves_the_board_too() -> None:
    shown = make.listed_patent()
    services.record_legal_event(
        patent_id=shown.pk,
        code="EE01",
        occurred_on=TODAY,
        reference="X2026310000001",
        detail={"kind": "exclusive"},
        by=SYSTEM,
        now=NOON,
    )
    assert Listing.objects.get(patent=shown).status == "suspended"
