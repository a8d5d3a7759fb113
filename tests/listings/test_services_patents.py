"""Patents into the library and corrected there; their legal events and what follows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from core.audit.models import AuditEntry
from core.errors import Conflict, DomainError, Invalid, Missing, NotAllowed
from core.outbox.models import OutboxEvent
from core.people.types import Actor
from listings import selectors, services
from listings.models import Encumbrance, InventoryItem, LegalEvent, Listing, Patent
from listings.types import (
    Action,
    Consent,
    EncumbranceKind,
    HolderInput,
    InventoryStatus,
    ListingStatus,
    PatentStatus,
    hard,
)
from tests.factories import core
from tests.factories import listings as make
from tests.factories.listings import NOON

pytestmark = pytest.mark.django_db

SYSTEM = Actor.system()
EVENT_DAY = date(2026, 5, 1)


def told(name: str) -> list[dict[str, Any]]:
    return [row.payload for row in OutboxEvent.objects.filter(name=name).order_by("written_at")]


def trail() -> list[str]:
    return list(AuditEntry.objects.order_by("pk").values_list("event", flat=True))


def record_event(row: Patent, code: str, *, by: Actor = SYSTEM, **given: Any) -> int:
    fields: dict[str, Any] = {"occurred_on": EVENT_DAY, "now": NOON} | given
    return services.record_legal_event(patent_id=row.pk, code=code, by=by, **fields)


# --- registering ---


def test_register_keeps_a_whole_patent_and_tells_of_it() -> None:
    keeper = core.office(name="华东某大学")
    row = make.patent(keeper, number="ZL 2017 1 0601862.3", filed_on=date(2017, 7, 24))
    assert (row.number, row.status, row.region) == ("2017106018623", "granted", "310115")
    assert row.expires_on == date(2037, 7, 24)
    holder = row.holders.get()
    assert (holder.name, holder.organisation_id, holder.consent) == (
        "华东某大学",
        keeper.organisation_id,
        Consent.ALL,
    )
    assert InventoryItem.objects.get(patent=row).status == InventoryStatus.PROPOSED
    assert [p["patent_id"] for p in told("patent.imported")] == [row.pk]
    assert trail() == ["patent.registered"]


def test_register_links_the_managing_organisation_by_name() -> None:
    keeper = core.office(name="某大学")
    row = make.patent(keeper, holders=(HolderInput("某公司"), HolderInput("某大学")))
    assert list(row.holders.values_list("name", "organisation_id", "consent")) == [
        ("某公司", None, "none"),
        ("某大学", keeper.organisation_id, "all"),
    ]


def test_register_without_number_is_unverified() -> None:
    row = make.patent(number="")
    assert (row.number, row.status) == (None, PatentStatus.UNVERIFIED)


def test_register_twice_is_refused() -> None:
    row = make.patent()
    with pytest.raises(Conflict) as refusal:
        make.patent(number=row.number)
    assert refusal.value.code == "number-taken"
    assert Patent.objects.count() == 1


def test_register_names_every_wrong_field() -> None:
    with pytest.raises(Invalid) as refusal:
        make.patent(title="", number="1", trl=11)
    assert set(refusal.value.fields) == {"title", "number", "trl"}
    assert not Patent.objects.exists()


def test_a_stranger_cannot_register_into_anothers_stock() -> None:
    owner = core.office()
    for stranger in (core.office(), core.enterprise(), core.bureau(), core.auditor()):
        with pytest.raises(NotAllowed):
            services.register_patent(
                data=make.record(),
                organisation_id=owner.organisation_id,
                by=core.actor(stranger),
                now=NOON,
            )
    assert not Patent.objects.exists()
    assert not OutboxEvent.objects.exists()


# --- correcting ---


def test_correct_changes_tells_and_counts_up() -> None:
    keeper = core.office()
    row = make.patent(keeper)
    version = services.correct_patent(
        patent_id=row.pk,
        changes={"title": "更正后的名称", "trl": 6},
        version=row.version,
        by=core.actor(keeper),
        now=NOON,
    )
    row.refresh_from_db()
    assert (row.title, row.trl, row.version) == ("更正后的名称", 6, version)
    assert row.indexed_at is None
    assert len(told("patent.changed")) == 1
    entry = AuditEntry.objects.get(event="patent.corrected")
    assert entry.changes["trl"] == [None, 6]


def test_of_two_editors_the_second_is_told() -> None:
    keeper = core.office()
    row = make.patent(keeper)
    edit = {"patent_id": row.pk, "version": row.version, "by": core.actor(keeper), "now": NOON}
    services.correct_patent(changes={"title": "甲的修改"}, **edit)
    with pytest.raises(Conflict) as refusal:
        services.correct_patent(changes={"title": "乙的修改"}, **edit)
    assert refusal.value.code == "edited-meanwhile"
    row.refresh_from_db()
    assert row.title == "甲的修改"


def test_correct_without_a_difference_changes_nothing() -> None:
    row = make.patent()
    version = services.correct_patent(
        patent_id=row.pk, changes={"title": row.title}, version=1, by=SYSTEM, now=NOON
    )
    assert version == 1
    assert told("patent.changed") == []


def test_a_number_supplied_later_verifies_the_patent() -> None:
    row = make.patent(number="")
    services.correct_patent(
        patent_id=row.pk,
        changes={"number": "ZL 2019 2 1898050.0", "kind": None},
        version=1,
        by=SYSTEM,
        now=NOON,
    )
    row.refresh_from_db()
    assert (row.number, row.kind, row.status) == ("2019218980500", "utility_model", "granted")


def test_a_number_that_others_rely_on_is_not_changed() -> None:
    row = make.patent()
    make.bound(row, EncumbranceKind.ORDINARY)
    with pytest.raises(Conflict) as refusal:
        services.correct_patent(
            patent_id=row.pk,
            changes={"number": make.fresh_number()},
            version=None,
            by=SYSTEM,
            now=NOON,
        )
    assert refusal.value.code == "number-in-use"


def test_correct_refuses_columns_that_are_not_the_editors() -> None:
    row = make.patent()
    with pytest.raises(Invalid) as refusal:
        services.correct_patent(
            patent_id=row.pk,
            changes={"status": "granted", "layer": "A"},
            version=None,
            by=SYSTEM,
            now=NOON,
        )
    assert set(refusal.value.fields) == {"status", "layer"}


def test_holders_and_consents_are_kept_together() -> None:
    keeper = core.office(name="某大学")
    row = make.patent(keeper)
    services.set_holders(
        patent_id=row.pk,
        holders=[
            HolderInput("某大学", share=Decimal(60)),
            HolderInput("某公司", share=Decimal(40)),
        ],
        version=1,
        by=core.actor(keeper),
        now=NOON,
    )
    assert "co-owner-consent" in {
        b.code for b in selectors.can(row.pk, Action.DECLARE_OPEN, at=NOON)
    }
    other = row.holders.get(name="某公司")
    services.set_consent(
        patent_id=row.pk,
        holder_id=other.pk,
        consent=Consent.OPEN,
        by=core.actor(keeper),
        now=NOON,
    )
    assert selectors.can(row.pk, Action.DECLARE_OPEN, at=NOON) == []
    with pytest.raises(Invalid):
        services.set_holders(patent_id=row.pk, holders=[], version=None, by=SYSTEM, now=NOON)
    with pytest.raises(Missing):
        services.set_consent(
            patent_id=make.patent().pk,
            holder_id=other.pk,
            consent=Consent.ALL,
            by=SYSTEM,
            now=NOON,
        )


STRANGE: list[Callable[[Patent, Actor], object]] = [
    lambda row, by: services.correct_patent(
        patent_id=row.pk, changes={"title": "x"}, version=None, by=by, now=NOON
    ),
    lambda row, by: services.set_holders(
        patent_id=row.pk, holders=[HolderInput("x")], version=None, by=by, now=NOON
    ),
    lambda row, by: services.set_consent(
        patent_id=row.pk,
        holder_id=row.holders.get().pk,
        consent=Consent.NONE,
        by=by,
        now=NOON,
    ),
    lambda row, by: record_event(row, "CF01", by=by),
    lambda row, by: services.draft_listing(patent_id=row.pk, offer=make.offer(), by=by, now=NOON),
    lambda row, by: services.admit(patent_id=row.pk, by=by, now=NOON),
    lambda row, by: services.archive(patent_id=row.pk, reason="x", by=by, now=NOON),
    lambda row, by: services.move_layer(patent_id=row.pk, by=by, now=NOON),
]


@pytest.mark.parametrize("command", STRANGE)
def test_strangers_are_refused_and_nothing_changes(
    command: Callable[[Patent, Actor], object],
) -> None:
    """Whoever may not see it gets a 404; whoever may see it but not act, a 403."""
    row = make.patent()
    entries, events = AuditEntry.objects.count(), OutboxEvent.objects.count()
    before = Patent.objects.filter(pk=row.pk).values().get()
    blind = [core.office(), core.enterprise(), core.bank(), core.bureau("44")]
    for stranger in blind:
        with pytest.raises(Missing):
            command(row, core.actor(stranger))
    for onlooker in (core.bureau("31"), core.auditor()):
        with pytest.raises(NotAllowed):
            command(row, core.actor(onlooker))
    with pytest.raises(DomainError):
        command(row, Actor.anonymous())
    assert Patent.objects.filter(pk=row.pk).values().get() == before
    assert (AuditEntry.objects.count(), OutboxEvent.objects.count()) == (entries, events)


# --- legal events ---


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("CF01", PatentStatus.LAPSED),
        ("IW01", PatentStatus.INVALID),
        ("AV01", PatentStatus.ABANDONED),
        ("CX01", PatentStatus.EXPIRED),
    ],
)
def test_losing_the_right_takes_the_offer_down(code: str, status: PatentStatus) -> None:
    row = make.listed_patent()
    record_event(row, code)
    row.refresh_from_db()
    assert row.status == status
    assert Listing.objects.get().status == ListingStatus.SUSPENDED
    assert [p["status"] for p in told("patent.lapsed")] == [status]
    assert told("patent.suspended")[0]["reason"]


def test_the_layer_follows_the_right_and_the_record() -> None:
    keeper = core.office()
    row = make.patent(keeper, trl=3)
    services.correct_patent(
        patent_id=row.pk, changes={"trl": 8}, version=None, by=core.actor(keeper), now=NOON
    )
    record_event(row, "CF01")
    record_event(row, "RR01", occurred_on=EVENT_DAY + timedelta(days=60))
    assert [(p["from"], p["to"]) for p in told("patent.layer_moved")] == [
        ("C", "B"),
        ("B", "C"),
        ("C", "B"),
    ]


def test_a_preservation_takes_the_offer_down_though_the_right_lives() -> None:
    row = make.listed_patent()
    record_event(row, "PP01", reference="B1")
    row.refresh_from_db()
    assert row.status == PatentStatus.GRANTED
    assert Listing.objects.get().status == ListingStatus.SUSPENDED
    assert told("patent.lapsed") == []
    assert Encumbrance.objects.get().kind == EncumbranceKind.PRESERVATION
    record_event(row, "PD01", reference="B1", occurred_on=EVENT_DAY + timedelta(days=9))
    assert selectors.can(row.pk, Action.PUBLISH, at=NOON) == []


def test_a_restored_patent_may_be_put_back_by_its_holder() -> None:
    keeper = core.office()
    row = make.listed_patent(keeper)
    record_event(row, "CF01")
    record_event(row, "RR01", occurred_on=EVENT_DAY + timedelta(days=60))
    row.refresh_from_db()
    assert row.status == PatentStatus.GRANTED
    assert len(told("patent.restored")) == 1
    listing = Listing.objects.get()
    assert listing.status == ListingStatus.SUSPENDED
    services.resume_listing(listing_id=listing.pk, by=core.actor(keeper), now=NOON)
    listing.refresh_from_db()
    assert listing.status == ListingStatus.LISTED


def test_events_out_of_order_lead_to_the_same_status() -> None:
    row = make.listed_patent()
    record_event(row, "RR01", occurred_on=EVENT_DAY + timedelta(days=60))
    record_event(row, "CF01")
    row.refresh_from_db()
    assert row.status == PatentStatus.GRANTED
    assert Listing.objects.get().status == ListingStatus.LISTED


def test_the_same_event_twice_is_one_event() -> None:
    row = make.patent()
    first = record_event(row, "PE01", reference="Y2026980000001")
    counts = AuditEntry.objects.count(), OutboxEvent.objects.count()
    assert record_event(row, "PE01", reference=" Y2026980000001 ") == first
    assert LegalEvent.objects.count() == 1
    assert Encumbrance.objects.count() == 1
    assert (AuditEntry.objects.count(), OutboxEvent.objects.count()) == counts


def test_a_gazette_event_confirms_a_pledge_and_never_doubles_it() -> None:
    row = make.patent()
    pledge = make.bound(row, EncumbranceKind.PLEDGE, starts_on=EVENT_DAY)
    event = record_event(row, "PE01", reference="Y2026980000001")
    found = Encumbrance.objects.get()
    assert (found.pk, found.confirmed_by_event_id) == (pledge, event)
    record_event(
        row, "PC01", reference="Y2026980000001", occurred_on=EVENT_DAY + timedelta(days=90)
    )
    found.refresh_from_db()
    assert not found.active
    assert selectors.encumbrances(row.pk, at=NOON) == []
    assert hard(selectors.can(row.pk, Action.PLEDGE, at=NOON)) == []


def test_a_gazette_licence_of_unstated_kind_is_ordinary() -> None:
    row = make.patent()
    record_event(row, "EE01", reference="X1")
    record_event(
        row,
        "EE01",
        reference="X2",
        detail={"kind": "ordinary", "ends_on": "2027-12-31"},
    )
    kinds = [(e.kind, e.reference, e.ends_on) for e in selectors.encumbrances(row.pk, at=NOON)]
    assert sorted(kinds, key=lambda e: e[1]) == [
        (EncumbranceKind.ORDINARY, "X1", None),
        (EncumbranceKind.ORDINARY, "X2", date(2027, 12, 31)),
    ]


def test_a_gazette_that_contradicts_the_record_is_kept_and_reported() -> None:
    row = make.patent()
    make.bound(row, EncumbranceKind.EXCLUSIVE, starts_on=EVENT_DAY)
    record_event(row, "EE01", reference="X9", detail={"kind": "ordinary"})
    assert Encumbrance.objects.count() == 1
    assert "patent.event_contradicts" in trail()
    assert LegalEvent.objects.count() == 1


def test_an_ending_that_arrives_before_its_beginning_binds_nothing() -> None:
    row = make.patent()
    record_event(row, "PC01", reference="Y1", occurred_on=EVENT_DAY + timedelta(days=5))
    record_event(row, "PE01", reference="Y1")
    assert not Encumbrance.objects.filter(active=True).exists()
    assert hard(selectors.can(row.pk, Action.PLEDGE, at=NOON)) == []


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"code": "ZZ99"}, "code"),
        ({"code": "CF01", "occurred_on": NOON.date() + timedelta(days=1)}, "occurred_on"),
        ({"code": "PE01", "reference": "Y" * 41}, "reference"),
    ],
)
def test_an_event_that_cannot_be(given: dict[str, Any], field: str) -> None:
    row = make.patent()
    with pytest.raises(Invalid) as refusal:
        record_event(row, **given)
    assert set(refusal.value.fields) == {field}
    assert not LegalEvent.objects.exists()


def test_a_grant_makes_an_application_a_patent() -> None:
    row = make.patent(granted_on=None)
    assert row.status == PatentStatus.PENDING
    record_event(row, "GR01")
    row.refresh_from_db()
    assert (row.status, row.granted_on) == (PatentStatus.GRANTED, EVENT_DAY)


def test_the_calendar_alone_ends_terms() -> None:
    row = make.listed_patent()
    pledge = make.bound(row, EncumbranceKind.PLEDGE, ends_on=date(2027, 1, 1))
    later = NOON.replace(year=2039, month=3, day=1)
    assert services.refresh_standing(now=NOON) == 0
    assert services.refresh_standing(now=later) == 2
    assert services.refresh_standing(now=later) == 0
    row.refresh_from_db()
    assert row.status == PatentStatus.EXPIRED
    assert Listing.objects.get().status == ListingStatus.SUSPENDED
    found = Encumbrance.objects.get(pk=pledge)
    assert (found.active, found.term.upper) == (False, date(2027, 1, 2))


def test_register_and_correct_share_one_cleaning() -> None:
    data = replace(make.record(), trl=12)
    with pytest.raises(Invalid):
        services.register_patent(data=data, organisation_id=None, by=SYSTEM, now=NOON)
    with pytest.raises(Invalid):
        services.correct_patent(
            patent_id=make.patent().pk, changes={"trl": 12}, version=None, by=SYSTEM, now=NOON
        )
