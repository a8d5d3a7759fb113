"""Events recorded in any order lead to the same rows, and so does a re-fold from scratch."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from core.audit.models import AuditEntry
from core.errors import Conflict, Invalid, Missing, NotAllowed
from core.outbox.models import OutboxEvent
from core.people.types import Actor
from listings import services
from listings.models import Contradiction, Encumbrance, LegalEvent, Listing, Patent
from listings.selectors.register.refolding import ranges
from listings.services.register import many_hands
from listings.services.register.refolding import Tally, refold
from listings.types import EncumbranceKind
from tests.factories import core
from tests.factories import listings as make
from tests.factories.listings import NOON

pytestmark = pytest.mark.django_db

SYSTEM = Actor.system()
DAY = date(2024, 1, 1)


def record(row: Patent, code: str, day: date = DAY, reference: str = "", **detail: Any) -> int:
    return services.record_legal_event(
        patent_id=row.pk, code=code, occurred_on=day, reference=reference, detail=detail,
        by=SYSTEM, now=NOON,
    )  # fmt: skip


def told(name: str) -> list[dict[str, Any]]:
    return [row.payload for row in OutboxEvent.objects.filter(name=name).order_by("written_at")]


def state(row: Patent) -> dict[str, Any]:
    """All that follows from the events, in words that do not depend on row ids."""
    row = Patent.objects.get(pk=row.pk)
    bonds = Encumbrance.objects.filter(patent=row).select_related("confirmed_by_event")
    return {
        "status": (row.status, row.granted_on, row.expires_on),
        "holders": [holder.name for holder in row.holders.all()],
        "bonds": sorted(
            (
                b.kind, str(b.term), b.active, b.reference, b.released_because,
                str(b.confirmed_by_event), b.source,
            )
            for b in bonds
        ),
        "doubts": sorted(
            (c.code, str(c.event)) for c in Contradiction.objects.open().filter(patent=row)
        ),
    }  # fmt: skip


def checked() -> Tally:
    tally = Tally()
    for first, last in ranges(1_000):
        tally.add(refold(first, last, now=NOON, check=True))
    return tally


events = st.tuples(
    st.sampled_from(
        ["GR01", "CF01", "RR01", "PE01", "PC01", "EE01", "EC01", "OL01", "OL02", "PP01", "PD01",
         "TR01", "CP01", "TC01", "IP01"]
    ),
    st.integers(0, 20),
    st.sampled_from(["R1", "R2"]),
    st.sampled_from([("甲", "乙"), ("乙", "丙"), ("丙", "甲")]),
)  # fmt: skip


@settings(
    max_examples=5,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    st.lists(events, min_size=2, max_size=7, unique_by=lambda e: e[:3]),
    st.sampled_from([None, EncumbranceKind.PLEDGE, EncumbranceKind.EXCLUSIVE]),
    st.randoms(use_true_random=False),
)
def test_any_order_leads_to_the_same_rows_and_a_refold_finds_nothing(
    given: Any, bond: Any, random: Any
) -> None:
    keeper = core.office()
    found = []
    for shuffled in (given, random.sample(given, len(given))):
        row = make.patent(keeper, holders=(make.holder("甲"),))
        if bond:
            make.bound(row, bond, starts_on=DAY, reference="same")
        for code, day, reference, (old, new) in shuffled:
            detail: dict[str, Any] = {"from": [old], "to": [new]} if code in "TR01CP01" else {}
            if code == "TC01":
                detail = {"days": 30}
            record(row, code, DAY + timedelta(day), reference, **detail)
        found.append(state(row))
    assert found[0] == found[1]
    assert checked().differing == 0


def test_a_refold_from_scratch_gives_the_very_same_rows() -> None:
    row = make.patent(holders=(make.holder("甲"),))
    make.bound(row, EncumbranceKind.PLEDGE, starts_on=DAY, register_number="Y1")
    record(row, "PE01", DAY, "Y1")
    record(row, "PC01", DAY + timedelta(9), "Y1")
    record(row, "EE01", DAY, "X1", ends_on="2027-01-01")
    record(row, "PP01", DAY, "B1")
    record(row, "TR01", DAY, **{"from": ["甲"], "to": ["乙"]})
    record(row, "TC01", DAY, days=40)
    record(row, "CF01", DAY + timedelta(30))
    before = state(row)
    rows = list(Encumbrance.objects.order_by("pk").values("slots", "created_at", "released_at"))
    Encumbrance.objects.filter(source="gazette").delete()
    pledge = Encumbrance.objects.get()
    Encumbrance.objects.filter(pk=pledge.pk).update(
        term=pledge.agreed_term, agreed_term=None, released_by_event=None, active=True,
        confirmed_by_event=None, released_at=None, released_by=None, released_because="",
    )  # fmt: skip
    Patent.objects.filter(pk=row.pk).update(status="granted", expires_on=date(2039, 3, 1))
    assert checked().parts == {"status": 1, "bonds": 1, "effects": 1}
    refold(row.pk, row.pk, now=NOON)
    assert state(row) == before
    assert list(Encumbrance.objects.order_by("pk").values(*rows[0])) == rows
    assert checked().differing == 0
    assert AuditEntry.objects.filter(event="patent.refolded").count() == 1


def test_a_first_load_is_folded_quietly_to_the_same_rows() -> None:
    rows = [make.patent() for _ in range(2)]
    for row in rows:
        record(row, "PE01", DAY, "Y1")
        record(row, "PE01", DAY + timedelta(5), "Y2")
        record(row, "EE01", DAY, "X1", ends_on="2025-01-01")
        record(row, "CF01", DAY + timedelta(9))
    before = [state(row) for row in rows]
    columns = ("kind", "slots", "created_at", "released_at", "released_by", "modes", "cells")
    bonds = list(Encumbrance.objects.order_by("confirmed_by_event").values(*columns))
    Encumbrance.objects.all().delete()
    Contradiction.objects.all().delete()
    Patent.objects.update(status="granted")
    news = OutboxEvent.objects.count()
    tally = refold(rows[0].pk, rows[1].pk, now=NOON, quietly=True)
    assert (tally.patents, tally.events, tally.differing) == (2, 8, 2)
    assert [state(row) for row in rows] == before
    assert list(Encumbrance.objects.order_by("confirmed_by_event").values(*columns)) == bonds
    assert OutboxEvent.objects.count() == news
    assert checked().differing == 0


def test_a_repair_takes_the_offer_down_and_tells() -> None:
    row = make.listed_patent()
    LegalEvent.objects.create(
        patent=row, code="CF01", occurred_on=DAY, recorded_at=NOON, recorded_by="system"
    )
    with pytest.raises(CommandError):
        call_command("refold", check=True, processes=1)
    assert Patent.objects.get().status == "granted", "a check changes nothing"
    call_command("refold", processes=1)
    assert Patent.objects.get().status == "lapsed"
    assert Listing.objects.get().status == "suspended"
    assert len(told("patent.lapsed")) == 1
    call_command("refold", check=True, processes=1)


# --- what follows ----------------------------------------------------------------------------


def test_a_cancelled_pledge_is_told_to_those_who_wait() -> None:
    row = make.patent()
    make.bound(row, EncumbranceKind.PLEDGE, starts_on=DAY, source="pledges", reference="pledge:9")
    record(row, "PE01", DAY, "Y1")
    assert told("patent.freed") == []
    record(row, "PC01", DAY + timedelta(9), "Y1")
    [freed] = told("patent.freed")
    assert (freed["source"], freed["reference"]) == ("pledges", "pledge:9")
    assert (freed["kind"], freed["ended_on"]) == ("pledge", "2024-01-10")
    assert "patent.released" in AuditEntry.objects.values_list("event", flat=True)


def test_what_the_register_binds_is_told() -> None:
    record(make.patent(), "EE01", DAY, "X1")
    assert [(p["source"], p["register_number"]) for p in told("patent.bound")] == [
        ("gazette", "X1")
    ]


def test_a_transfer_out_of_the_house_takes_the_offer_down() -> None:
    keeper = core.office(name="某大学")
    row = make.listed_patent(keeper)
    record(row, "TR01", DAY, **{"from": ["某大学"], "to": ["某公司"]})
    assert [h.name for h in row.holders.all()] == ["某公司"]
    assert "不再是专利权人" in Listing.objects.get().suspended_because
    services.set_holders(
        patent_id=row.pk, holders=[make.holder("某大学")], version=None, by=SYSTEM, now=NOON
    )
    record(row, "CF01", DAY)
    assert [h.name for h in row.holders.all()] == ["某大学"], "the declared list stands"
    assert checked().differing == 0


def test_a_renamed_holder_keeps_what_is_known_of_it() -> None:
    keeper = core.office(name="某学院")
    row = make.patent(keeper)
    record(row, "CP01", DAY, **{"from": ["某学院"], "to": ["某大学"]})
    holder = row.holders.get()
    assert (holder.name, holder.organisation_id, holder.consent) == (
        "某大学", keeper.organisation_id, "all",
    )  # fmt: skip


def test_a_corrected_record_never_shortens_a_compensated_term() -> None:
    row = make.patent()
    record(row, "TC01", DAY, days=100)
    longer = date(2039, 3, 1) + timedelta(100)
    services.correct_patent(
        patent_id=row.pk, changes={"expires_on": date(2039, 3, 1)}, version=None, by=SYSTEM,
        now=NOON,
    )  # fmt: skip
    row.refresh_from_db()
    assert row.expires_on == longer
    assert AuditEntry.objects.filter(event="patent.expiry_moved").count() == 2


# --- contradictions --------------------------------------------------------------------------


def doubtful() -> tuple[Any, Patent, Contradiction]:
    keeper = core.office()
    row = make.patent(keeper)
    record(row, "PE01", DAY, "Y1")
    record(row, "PE01", DAY + timedelta(5), "Y2")
    return keeper, row, Contradiction.objects.get()


def test_a_contradiction_settles_when_the_missing_event_comes() -> None:
    _, row, doubt = doubtful()
    assert [p["contradiction_id"] for p in told("patent.contradicted")] == [doubt.pk]
    record(row, "PC01", DAY + timedelta(3), "Y1")
    doubt.refresh_from_db()
    assert doubt.settled_by == "system"
    assert len(told("patent.contradicted")) == 1


def test_a_person_answers_a_contradiction_once() -> None:
    keeper, row, doubt = doubtful()
    answer: dict[str, Any] = {"contradiction_id": doubt.pk, "now": NOON}
    for stranger in (core.office(), core.enterprise()):
        with pytest.raises(Missing):
            services.settle_contradiction(reason="已核对登记簿", by=core.actor(stranger), **answer)
    with pytest.raises(NotAllowed):
        services.settle_contradiction(
            reason="已核对登记簿", by=core.actor(core.bureau("31")), **answer
        )
    with pytest.raises(Invalid):
        services.settle_contradiction(reason="好", by=core.actor(keeper), **answer)
    assert Contradiction.objects.open().count() == 1
    services.settle_contradiction(reason="已核对登记簿", by=core.actor(keeper), **answer)
    with pytest.raises(Conflict):
        services.settle_contradiction(reason="已核对登记簿", by=core.actor(keeper), **answer)
    record(row, "CB03", DAY)
    assert Contradiction.objects.open().count() == 0, "answered for good"
    assert checked().differing == 0


def test_many_hands_take_every_range_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Processes of their own would ask another database than the tests': threads stand in."""

    class Hands(ThreadPoolExecutor):
        def __init__(self, many: int, *, mp_context: Any, initializer: Any) -> None:
            assert mp_context.get_start_method() == "spawn"  # a fork would share connections
            super().__init__(many)

    todo = [(1, 10), (11, 20), (21, 30)]
    closed: list[bool] = []
    monkeypatch.setattr(many_hands, "ProcessPoolExecutor", Hands)
    monkeypatch.setattr(many_hands, "ranges", lambda size: todo)
    monkeypatch.setattr(many_hands, "_one", lambda bounds, **asked: (bounds, asked))
    monkeypatch.setattr(many_hands.connections, "close_all", lambda: closed.append(True))
    asked = {"now": NOON, "check": True, "quietly": False}
    done = many_hands.refold_all(now=NOON, check=True, processes=2)
    assert sorted(done) == [(bounds, asked) for bounds in todo]  # type: ignore[type-var]
    assert closed == [True]
    assert [*many_hands.refold_all(now=NOON, check=True)] == [(b, asked) for b in todo]


def test_what_a_late_opening_shows_to_be_another_licence_is_given_back() -> None:
    """A closing without a number was taken for our only licence; then the one it meant is told."""
    row = make.patent()
    licence = services.encumber(
        patent_id=row.pk, kind=EncumbranceKind.ORDINARY, starts_on=DAY, ends_on=None,
        source="licensing", reference="licence:1", by=SYSTEM, now=NOON,
    )  # fmt: skip
    services.number_in_register(encumbrance_id=licence, register_number="X1", by=SYSTEM, now=NOON)
    record(row, "EC01", DAY + timedelta(days=10))
    ours = Encumbrance.objects.get(pk=licence)
    assert (ours.active, ours.term.upper) == (False, DAY + timedelta(days=10))
    assert "EC01" in ours.released_because
    record(row, "EE01", DAY + timedelta(days=2), "X9", kind="ordinary")
    ours.refresh_from_db()
    assert (ours.active, ours.term.upper, ours.released_because) == (True, None, "")
    assert (ours.released_at, ours.released_by, ours.released_by_event) == (None, None, None)
    other = Encumbrance.objects.exclude(pk=licence).get()
    assert (other.active, other.term.upper) == (False, DAY + timedelta(days=10))
    assert checked().differing == 0
