"""What binds, asked of many at once; and bonds that the register knows by a number."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from core.audit.models import AuditEntry
from core.errors import Missing, NotAllowed
from core.people.types import Actor
from listings import selectors, services
from listings.models import Contradiction, Encumbrance, Listing, Patent
from listings.rules.binding import exclude_each_other
from listings.types import Action, EncumbranceKind, hard
from tests.factories import core
from tests.factories import listings as make
from tests.factories.listings import NOON

pytestmark = pytest.mark.django_db

K = EncumbranceKind
TODAY = NOON.date()
SYSTEM = Actor.system()
LICENCES = (K.ORDINARY, K.SOLE, K.EXCLUSIVE)


def record(row: Patent, code: str, day: date, reference: str) -> None:
    services.record_legal_event(
        patent_id=row.pk, code=code, occurred_on=day, reference=reference, by=SYSTEM, now=NOON
    )


def test_what_is_barred_is_what_the_rules_refuse() -> None:
    """The short way, which asks the rules only where there is doubt, loses nobody."""
    keeper = core.office()
    rows = [make.patent(keeper) for _ in range(7)]
    sound, lapsed, unpaid, pledged, given, preserved, ordinary = rows
    record(lapsed, "CF01", TODAY, "")
    Patent.objects.filter(pk=unpaid.pk).update(annuity_paid_to=date(2024, 3, 1))
    for row, kind in ((pledged, K.PLEDGE), (given, K.EXCLUSIVE), (preserved, K.PRESERVATION),
                      (ordinary, K.ORDINARY)):  # fmt: skip
        make.bound(row, kind)
    over = make.patent(keeper)
    Patent.objects.filter(pk=over.pk).update(expires_on=TODAY)
    strange = make.patent(keeper, holders=(make.holder("别家"),))
    rows += [over, strange]
    among = Patent.objects.filter(pk__in=[row.pk for row in rows]).values("pk")
    for action in (Action.LICENSE_ORDINARY, Action.TRANSFER):
        refused = [
            row.pk for row in rows if hard(selectors.can(row.pk, action, at=NOON))
        ]  # fmt: skip
        assert selectors.barred(action, among=among, at=NOON) == sorted(refused)
        assert sound.pk not in refused
        assert {lapsed.pk, pledged.pk, over.pk} <= set(refused)
    assert selectors.barred(Action.TRANSFER, among=among.filter(pk=sound.pk), at=NOON) == []


@pytest.mark.parametrize("bound", [*LICENCES, K.OPEN_DECLARATION, K.PLEDGE])
def test_a_right_is_taken_where_the_table_says_so(bound: EncumbranceKind) -> None:
    """The full product of licences asked for and bonds there are, as the constraint has it."""
    row, free = make.patent(), make.patent()
    make.bound(row, bound, territory="31", modes=("make",), ends_on=TODAY + timedelta(days=9))

    def taken(kind: EncumbranceKind, *ids: int, **changes: Any) -> bool:
        known: dict[str, Any] = {"starts_on": TODAY, "ends_on": TODAY + timedelta(days=1)}
        return selectors.is_taken(ids or [free.pk, row.pk], kind, **(known | changes))

    for asked in LICENCES:
        clash = exclude_each_other(asked, bound)
        assert taken(asked) is clash, asked
        assert not taken(asked, free.pk)
        assert not taken(asked, territory="32,33")
        assert not taken(asked, modes=("sell",))
        after = TODAY + timedelta(days=10)
        assert not taken(asked, starts_on=after, ends_on=None)
        assert taken(asked, starts_on=after - timedelta(days=1), ends_on=None) is clash
        before = TODAY - timedelta(days=1)
        assert not taken(asked, starts_on=before, ends_on=before)
        assert taken(asked, starts_on=before, ends_on=TODAY) is clash


def test_the_registers_number_makes_its_events_known() -> None:
    """Noted later, it settles what the register had said in vain; by nobody without a name."""
    row = make.patent()
    bond = make.bound(row, K.PLEDGE, starts_on=TODAY - timedelta(days=30))
    with pytest.raises(NotAllowed):
        services.number_in_register(
            encumbrance_id=bond, register_number="Y1", by=Actor.anonymous(), now=NOON
        )
    services.number_in_register(
        encumbrance_id=bond, register_number=f" Y2026{'0' * 50} ", by=SYSTEM, now=NOON
    )
    assert Encumbrance.objects.get().register_number == f"Y2026{'0' * 35}"
    services.number_in_register(encumbrance_id=bond, register_number="Y1", by=SYSTEM, now=NOON)
    record(row, "PC01", TODAY, "Y1")
    ended = Encumbrance.objects.get()
    assert (ended.active, ended.released_because) == (False, "公告 PC01")


def test_a_release_settles_what_stood_in_the_registers_way() -> None:
    row = make.patent()
    bond = make.bound(row, K.EXCLUSIVE, starts_on=TODAY - timedelta(days=30))
    record(row, "OL01", TODAY - timedelta(days=20), "K1")
    assert Contradiction.objects.open().count() == 1
    services.release(
        encumbrance_id=bond, ended_on=TODAY - timedelta(days=25), reason="解除", by=SYSTEM, now=NOON
    )
    assert not Contradiction.objects.open().exists()


def release(bond: int, ended_on: date) -> Encumbrance:
    services.release(encumbrance_id=bond, ended_on=ended_on, reason="解除", by=SYSTEM, now=NOON)
    return Encumbrance.objects.get(pk=bond)


def test_a_release_shortens_a_term_and_never_lengthens_it() -> None:
    row, day = make.patent(), timedelta(days=1)
    agreed = make.bound(row, K.EXCLUSIVE, starts_on=TODAY - day, ends_on=TODAY + 9 * day)
    (entry,) = AuditEntry.objects.filter(event="patent.encumbered")
    assert entry.changes["ends_on"] == (TODAY + 9 * day).isoformat()
    late = release(agreed, TODAY + 30 * day)
    assert (late.term.upper, late.active) == (TODAY + 10 * day, True)
    today = release(make.bound(make.patent(), K.PLEDGE, starts_on=TODAY - day), TODAY)
    assert (today.term.upper, today.active) == (TODAY, False)
    for ended_on in (TODAY + 5 * day, TODAY + 4 * day):  # on or before its first day: never ran
        begins = make.bound(make.patent(), K.PLEDGE, starts_on=TODAY + 5 * day)
        never = release(begins, ended_on)
        assert (never.term.isempty, never.active) == (True, False)
    told = AuditEntry.objects.filter(event="patent.released").order_by("pk")
    assert [e.changes["ended_on"] for e in told][:2] == [
        (TODAY + 30 * day).isoformat(), TODAY.isoformat(),
    ]  # fmt: skip
    with pytest.raises(Missing, match="权利负担"):
        release(0, TODAY)


def test_only_what_leaves_nothing_to_offer_takes_the_offer_down() -> None:
    shown = make.listed_patent()
    make.bound(shown, K.SOLE)
    assert Listing.objects.get(patent=shown).status == "listed"
    pledged = make.patent()
    services.consent_as_pledgee(
        encumbrance_id=make.bound(pledged, K.PLEDGE), actions=[Action.TRANSFER],
        reference="同意书 1 号", by=SYSTEM, now=NOON,
    )  # fmt: skip
    (entry,) = AuditEntry.objects.filter(event="patent.pledgee_consented")
    assert (entry.changes["actions"], entry.changes["reference"]) == (["transfer"], "同意书 1 号")
