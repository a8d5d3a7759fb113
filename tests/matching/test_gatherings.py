"""Events: tables of moves, seats and slots that never run over, who sees what, who is told."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import product
from typing import Any

import pytest
from django.db import Error, transaction
from django.test import Client
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st
from rest_framework.test import APIClient

from core.audit.models import AuditEntry
from core.errors import Conflict, Invalid, Missing, NotAllowed
from core.notices.models import Notice
from core.outbox.models import OutboxEvent
from core.people.models import Membership
from core.people.types import Actor
from matching.models import Gathering, GatheringResult, Lead, Meeting, MeetingSeat, SignUp
from matching.rules import IllegalMove, after
from matching.rules import gatherings as rules
from matching.services import attending
from matching.services import gatherings as services
from matching.types import (
    GatheringOutcome,
    GatheringStatus,
    MeetingStatus,
    SignUpStatus,
)
from tests.factories import core
from tests.factories import gatherings as make
from tests.factories import listings as board
from tests.factories import matching as needs
from tests.factories.ratings import offered

NOON = make.NOON
LEGAL = {
    ("draft", "publish"), ("draft", "cancel"), ("open", "cancel"), ("open", "finish"),
}  # fmt: skip


@pytest.mark.parametrize(("status", "move"), list(product(GatheringStatus, rules.MOVES)))
def test_every_move_of_an_event_is_legal_or_refused(status: str, move: str) -> None:
    if (status, move) in LEGAL:
        assert after(rules.MOVES, status, move)
    else:
        with pytest.raises(IllegalMove):
            after(rules.MOVES, status, move)


@pytest.mark.parametrize(
    ("table", "statuses", "legal"),
    [
        (
            rules.SIGN_UP_MOVES,
            SignUpStatus,
            {("asked", "approve"), ("asked", "refuse"), ("asked", "leave"), ("confirmed", "leave")},
        ),
        (
            rules.MEETING_MOVES,
            MeetingStatus,
            {
                ("asked", "accept"), ("asked", "decline"), ("asked", "call_off"),
                ("accepted", "call_off"),
            },
        ),
    ],
)  # fmt: skip
def test_every_move_of_sign_ups_and_meetings(table: Any, statuses: Any, legal: Any) -> None:
    allowed = set()
    for status, move in product(statuses, table):
        try:
            after(table, status, move)
            allowed.add((status.value, move))
        except IllegalMove:
            continue
    assert allowed == legal


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"title": " "}, "title"),
        ({"ends_at": make.STARTS}, "ends_at"),
        ({"ends_at": make.STARTS + timedelta(days=40)}, "ends_at"),
        ({"place": ""}, "place"),
        ({"capacity": 0}, "capacity"),
        ({"slot_minutes": 1}, "slot_minutes"),
        ({"sign_up_until": make.STARTS + timedelta(days=2)}, "sign_up_until"),
        ({"patents": tuple(range(201))}, "items"),
    ],
)
def test_nonsense_is_named_by_field(fields: dict[str, Any], field: str) -> None:
    assert rules.wrong_with(make.terms()) == {}
    assert list(rules.wrong_with(make.terms(**fields))) == [field]


@given(st.integers(5, 240), st.integers(1, 600))
def test_slots_are_whole_follow_each_other_and_end_in_time(minutes: int, length: int) -> None:
    ends = make.STARTS + timedelta(minutes=length)
    found = rules.slots(make.STARTS, ends, minutes)
    assert len(found) == length // minutes
    for (start, end), following in zip(found, [*found, (ends, ends)][1:], strict=True):
        assert end - start == timedelta(minutes=minutes)
        assert end <= following[0]


@given(st.text(max_size=300))
def test_calendar_has_short_lines_and_no_stray_ones(text: str) -> None:
    event = {"uid": "g-1@x", "summary": text, "description": "", "location": "", "url": "http://x"}
    made = rules.ics(
        event, starts_at=NOON, ends_at=NOON + timedelta(hours=1), stamp=NOON, cancelled=False
    )
    lines = made.split("\r\n")
    assert all(len(line.encode()) <= 75 for line in lines)
    assert "DTSTART:20261120T040000Z" in lines
    assert (lines[0], lines[-2:]) == ("BEGIN:VCALENDAR", ["END:VCALENDAR", ""])


@pytest.mark.django_db
def test_draft_is_the_organisers_and_published_is_everyones(
    client_as: Callable[..., Client],
) -> None:
    keeper = core.office()
    row = make.draft(keeper)
    assert Client().get(f"/gatherings/{row.pk}/").status_code == 404
    assert client_as(core.office()).get(f"/gatherings/{row.pk}/").status_code == 404
    assert client_as(keeper).get(f"/gatherings/{row.pk}/").status_code == 200
    services.publish_gathering(gathering_id=row.pk, by=core.actor(keeper), now=NOON)
    assert "新型储能专利路演" in Client().get("/gatherings/?state=coming").content.decode()
    assert Client().get(f"/gatherings/{row.pk}/calendar.ics").status_code == 200
    assert OutboxEvent.objects.filter(name="gathering.published").count() == 1


@pytest.mark.django_db
def test_only_what_is_public_can_be_shown_and_its_owner_hears() -> None:
    keeper, holder = core.office(), core.office()
    patent = board.listed_patent(holder, **needs.BATTERY)
    need = needs.need()
    make.published(keeper, patents=(patent.pk,), needs=(need.pk,))
    assert Notice.objects.filter(user=holder.user, kind="gathering.progress").count() == 1
    hidden = needs.need(open_now=False)
    with pytest.raises(Invalid) as problem:
        make.draft(keeper, needs=(hidden.pk,), patents=(10**9,))
    assert list(problem.value.fields) == ["items"]


@pytest.mark.django_db
def test_strangers_change_nothing() -> None:
    row = make.published()
    before = AuditEntry.objects.count()
    for who in (core.office(), core.enterprise(), core.auditor()):
        by = core.actor(who)
        for command in (
            lambda by=by: services.cancel_gathering(
                gathering_id=row.pk, because="x", by=by, now=NOON
            ),
            lambda by=by: services.finish_gathering(gathering_id=row.pk, by=by, now=NOON),
            lambda by=by: services.edit_gathering(
                gathering_id=row.pk, data=make.terms(), version=row.version, by=by, now=NOON
            ),
        ):
            with pytest.raises((NotAllowed, Missing)):
                command()
    with pytest.raises(NotAllowed):
        make.comes(row, core.bank())
    with pytest.raises(NotAllowed):
        services.draft_gathering(data=make.terms(), by=core.actor(core.enterprise()), now=NOON)
    assert AuditEntry.objects.count() == before


@pytest.mark.django_db
def test_seats_are_never_overbooked_and_come_back() -> None:
    row = make.published(capacity=3)
    one, two = core.enterprise(), core.enterprise()
    make.comes(row, one, seats=2)
    with pytest.raises(Conflict):
        make.comes(row, two, seats=2)
    make.comes(row, one, seats=1)  # the same firm with fewer people
    entry = make.comes(row, two, seats=2)
    assert Gathering.objects.get().taken == 3
    attending.decide_sign_up(sign_up_id=entry.pk, move="leave", by=core.actor(two), now=NOON)
    assert Gathering.objects.get().taken == 1
    with pytest.raises(Error), transaction.atomic():
        Gathering.objects.update(taken=4)


@pytest.mark.django_db
def test_approval_where_the_organiser_wants_it() -> None:
    keeper, firm, other = core.office(), core.enterprise(), core.enterprise()
    row = make.published(keeper, needs_approval=True, capacity=5)
    entry = make.comes(row, firm, seats=2)
    assert (entry.status, Gathering.objects.get().taken) == ("asked", 0)
    with pytest.raises(NotAllowed):
        attending.decide_sign_up(sign_up_id=entry.pk, move="approve", by=core.actor(firm), now=NOON)
    with pytest.raises(Missing):
        attending.decide_sign_up(
            sign_up_id=entry.pk, move="approve", by=core.actor(other), now=NOON
        )
    attending.decide_sign_up(sign_up_id=entry.pk, move="approve", by=core.actor(keeper), now=NOON)
    assert Gathering.objects.get().taken == 2
    assert Notice.objects.filter(user=firm.user, kind="gathering.progress").count() == 1
    refused = make.comes(row, other)
    attending.decide_sign_up(sign_up_id=refused.pk, move="refuse", by=core.actor(keeper), now=NOON)
    with pytest.raises(Conflict):
        make.comes(row, other)


@pytest.mark.django_db
def test_too_late_is_too_late() -> None:
    row = make.published(sign_up_until=NOON + timedelta(days=1))
    with pytest.raises(Conflict):
        make.comes(row, core.enterprise(), now=NOON + timedelta(days=2))
    assert not SignUp.objects.exists()


def ask(row: Gathering, asker: Any, asked: Any, slot: int = 0) -> Meeting:
    return attending.ask_meeting(
        gathering_id=row.pk,
        asked_id=asked.organisation_id,
        slot=slot,
        by=core.actor(asker),
        now=NOON,
    )


def answer(meeting: Meeting, who: Any, move: str) -> Meeting:
    return attending.answer_meeting(meeting_id=meeting.pk, move=move, by=core.actor(who), now=NOON)


@pytest.mark.django_db
def test_nobody_sits_in_two_meetings_at_once_whoever_asked() -> None:
    row = make.published()
    a, b, c = core.enterprise(), core.enterprise(), core.office()
    for one in (a, b, c):
        make.comes(row, one)
    first, second = ask(row, a, b), ask(row, c, a)
    assert answer(first, b, "accept").status == "accepted"
    with pytest.raises(Conflict):
        answer(second, a, "accept")
    with pytest.raises(Conflict):
        ask(row, b, c)
    assert answer(ask(row, b, c, slot=1), c, "accept").status == "accepted"
    seat = MeetingSeat.objects.filter(organisation_id=a.organisation_id).get()
    with pytest.raises(Error), transaction.atomic():
        MeetingSeat.objects.create(
            meeting=second, organisation_id=a.organisation_id, slot=seat.slot
        )
    answer(first, a, "call_off")
    assert answer(second, a, "accept").status == "accepted"


@pytest.mark.django_db
def test_meetings_are_for_those_who_come_and_answered_by_the_asked() -> None:
    row = make.published()
    a, b, stranger = core.enterprise(), core.enterprise(), core.enterprise()
    make.comes(row, a)
    with pytest.raises(Invalid):
        ask(row, a, b)
    with pytest.raises(Conflict):
        ask(row, stranger, a)
    make.comes(row, b)
    meeting = ask(row, a, b)
    with pytest.raises(Conflict):
        ask(row, a, b, slot=1)
    with pytest.raises(NotAllowed):
        answer(meeting, a, "accept")
    with pytest.raises(Missing):
        answer(meeting, stranger, "accept")
    with pytest.raises(Invalid):
        ask(row, b, a, slot=99)
    answer(meeting, b, "accept")
    entry = SignUp.objects.get(organisation_id=b.organisation_id)
    attending.decide_sign_up(sign_up_id=entry.pk, move="leave", by=core.actor(b), now=NOON)
    assert Meeting.objects.get(pk=meeting.pk).status == "called_off"
    assert not MeetingSeat.objects.exists()


@pytest.mark.django_db
def test_cancelling_tells_everyone_who_signed_up_and_says_why(
    client_as: Callable[..., Client],
) -> None:
    keeper, firm = core.office(), core.enterprise()
    row = make.published(keeper)
    make.comes(row, firm)
    client = client_as(keeper)
    assert client.post(f"/gatherings/{row.pk}/cancel/", {"because": ""}).status_code == 422
    assert client.post(f"/gatherings/{row.pk}/cancel/", {"because": "场地停电"}).status_code == 302
    told = Notice.objects.filter(user=firm.user, title__startswith="活动已取消").get()
    assert told.body == "场地停电"
    assert "STATUS:CANCELLED" in client.get(f"/gatherings/{row.pk}/calendar.ics").content.decode()


@pytest.mark.django_db
def test_reminder_comes_once_a_day_ahead() -> None:
    firm = core.enterprise()
    row = make.published()
    make.comes(row, firm)
    assert services.remind(now=NOON) == 0
    soon = make.STARTS - timedelta(hours=20)
    assert services.remind(now=soon) == 2
    assert services.remind(now=soon + timedelta(hours=1)) == 0


@pytest.mark.django_db
def test_interest_in_a_patent_becomes_a_lead(drain: Callable[[], int]) -> None:
    keeper, holder, firm = core.office(), core.office(), core.enterprise()
    patent = board.listed_patent(holder, **needs.BATTERY)
    row = make.published(keeper, patents=(patent.pk,))
    make.comes(row, firm)
    item, by = row.items.get(), core.actor(keeper)
    given: dict[str, Any] = {"item_id": item.pk, "organisation_id": firm.organisation_id, "by": by}
    with pytest.raises(Conflict):
        services.note_result(outcome=GatheringOutcome.LEAD, now=NOON, **given)
    later = make.STARTS + timedelta(hours=1)
    services.note_result(outcome=GatheringOutcome.LEAD, now=later, **given)
    services.note_result(outcome=GatheringOutcome.FOLLOWING, now=later, **given)
    assert GatheringResult.objects.get().outcome == "following"
    lead = Lead.objects.get(organisation=firm.organisation, patent=patent)
    assert lead.contacted_at == later
    services.finish_gathering(gathering_id=row.pk, by=by, now=later)
    assert offered("gathering") == [(firm.organisation_id, keeper.organisation_id)]
    with pytest.raises(Conflict):
        services.cancel_gathering(gathering_id=row.pk, because="x", by=by, now=later)
    given["organisation_id"] = core.enterprise().organisation_id
    with pytest.raises(Invalid):
        services.note_result(outcome=GatheringOutcome.LEAD, now=later, **given)


@pytest.mark.django_db
def test_editing_guards_against_a_colleague_and_tells_of_a_new_place() -> None:
    keeper, firm = core.office(), core.enterprise()
    row = make.published(keeper, capacity=5)
    make.comes(row, firm, seats=3)
    by = core.actor(keeper)
    row.refresh_from_db()
    moved = make.terms(capacity=5, place="世纪大道 2 号")
    given: dict[str, Any] = {"gathering_id": row.pk, "by": by, "now": NOON}
    services.edit_gathering(data=moved, version=row.version, **given)
    assert Notice.objects.filter(user=firm.user, title__startswith="活动时间或地点有变").exists()
    with pytest.raises(Conflict):
        services.edit_gathering(data=moved, version=row.version, **given)
    with pytest.raises(Invalid):
        services.edit_gathering(data=make.terms(capacity=2), version=row.version + 1, **given)


@pytest.mark.django_db
def test_an_event_that_began_is_edited_no_more(
    api_as: Callable[[Membership | None], APIClient],
) -> None:
    keeper = core.office()
    row = make.published(keeper)
    with pytest.raises(Conflict) as begun:
        services.edit_gathering(
            gathering_id=row.pk, data=make.terms(), version=row.version,
            by=core.actor(keeper), now=row.starts_at,
        )  # fmt: skip
    assert begun.value.code == "gathering-begun"
    soon = make.draft(keeper, starts_at=timezone.now() + timedelta(days=1),
                      ends_at=timezone.now() + timedelta(days=1, hours=2))  # fmt: skip
    address, api = f"/api/v1/gatherings/{soon.pk}/", api_as(keeper)
    body = {
        "kind": "roadshow", "title": "改了名的路演", "place": "张江路 2 号",
        "starts_at": soon.starts_at.isoformat(), "ends_at": soon.ends_at.isoformat(),
    }  # fmt: skip
    tag = api.get(address).headers["ETag"]
    done = api.put(address, body, format="json", headers={"If-Match": tag})
    assert done.status_code == 200
    assert done.json()["title"] == "改了名的路演"
    stale = api.put(address, body, format="json", headers={"If-Match": tag})
    assert stale.status_code == 412
    assert api.put(address, body, format="json").status_code == 428


@pytest.mark.django_db
def test_broken_rows_are_refused() -> None:
    row = make.published(capacity=3)
    entry = make.comes(row, core.enterprise())
    make.comes(row, core.enterprise())
    for model, fields in (
        (Gathering, {"kind": "x"}), (Gathering, {"status": "x"}), (Gathering, {"title": ""}),
        (Gathering, {"ends_at": NOON}), (Gathering, {"place": ""}), (Gathering, {"capacity": 0}),
        (Gathering, {"published_at": None}), (Gathering, {"status": "draft"}),
        (Gathering, {"status": "cancelled"}), (SignUp, {"status": "x"}), (SignUp, {"seats": 0}),
        (SignUp, {"attendees": ""}), (SignUp, {"decided_by": "system"}),
        (SignUp, {"organisation_id": entry.organisation_id}),
    ):  # fmt: skip
        with pytest.raises(Error), transaction.atomic():
            model._default_manager.update(**fields)


@pytest.mark.django_db
def test_page_by_page_as_people_use_it(
    client_as: Callable[..., Client], now: datetime, django_assert_max_num_queries: Any
) -> None:
    keeper, firm = core.office(), core.enterprise(name="测试储能公司")
    patent = board.listed_patent(keeper, **needs.BATTERY)
    office, visitor = client_as(keeper), client_as(firm)
    data = {
        "kind": "matchmaking", "title": "储能对接会", "starts_at": "2099-05-01T09:00",
        "ends_at": "2099-05-01T12:00", "place": "张江", "link": "javascript:alert(1)",
        "capacity": "10", "slot_minutes": "30", "items": f"/patents/{patent.pk}/\n不存在的号",
    }  # fmt: skip
    bad = office.post("/gatherings/new/", data)
    assert bad.status_code == 422
    assert "不存在的号" in bad.content.decode()
    data["items"] = f"/patents/{patent.pk}/"
    assert "https://" in office.post("/gatherings/new/", data).content.decode()
    data["link"] = "https://meet.example.cn/1"
    assert office.post("/gatherings/new/", data).status_code == 302
    row = Gathering.objects.get()
    assert office.post(f"/gatherings/{row.pk}/publish/").status_code == 302
    page = visitor.get(f"/gatherings/{row.pk}/").content.decode()
    assert patent.title in page
    assert "meet.example.cn" not in page
    signed = visitor.post(f"/gatherings/{row.pk}/sign-up/", {"attendees": "张工", "seats": "2"})
    assert signed.status_code == 302
    assert "meet.example.cn" in visitor.get(f"/gatherings/{row.pk}/").content.decode()
    assert "测试储能公司" in office.get(f"/gatherings/{row.pk}/").content.decode()
    assert "测试储能公司" not in Client().get(f"/gatherings/{row.pk}/").content.decode()
    counts = []
    for more in (0, 9):
        for _ in range(more):
            make.published(keeper, title="另一场")
        with django_assert_max_num_queries(40) as captured:
            Client().get("/gatherings/")
        counts.append(len(captured))
    assert counts[0] == counts[1]


def test_system_has_no_organisation_to_organise_for() -> None:
    assert Actor.system().organisation_id is None
