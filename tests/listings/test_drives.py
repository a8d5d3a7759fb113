"""Drives: who is asked, what is left out of the stock, reminders once, a result that stays."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from core.audit.models import AuditEntry
from core.errors import Conflict, Invalid, Missing, NotAllowed
from core.notices.models import Notice
from core.outbox.models import OutboxEvent
from core.people.models import Mandate, Membership
from core.people.types import Actor
from listings import services as library
from listings.models import Drive, DriveReminder, DriveTask
from listings.rules.drives import TaskState
from listings.rules.drives import steps as legal_steps
from listings.selectors import drives as ask
from listings.services import drive_tasks, drives
from listings.services.drives import DriveInput
from tests.factories import core as make
from tests.factories import listings as stock

pytestmark = pytest.mark.django_db
As = Callable[[Membership], Client]
NOON = stock.NOON
TODAY = NOON.date()
DATA = DriveInput(
    title="浦东存量专利盘点",
    goal="有效专利全部有结论",
    todo="导入清单，逐件定结论，确认完成。",
    starts_on=TODAY,
    ends_on=TODAY + timedelta(days=30),
)


def soon(days: int = 1) -> str:
    """A day soon after this one, by the real calendar."""
    return str(timezone.localdate() + timedelta(days=days))


@pytest.fixture
def bureau() -> Membership:
    return make.bureau("31")


@pytest.fixture
def office() -> Membership:
    return make.office(region="310115")


def launched(bureau: Membership, *offices: Membership) -> Drive:
    pk = drives.open_drive(
        data=DATA,
        organisations=[o.organisation_id for o in offices],
        by=make.actor(bureau),
        now=NOON,
    )
    return Drive.objects.get(pk=pk)


def task_of(office: Membership) -> DriveTask:
    return DriveTask.objects.get(organisation_id=office.organisation_id)


def declare(office: Membership, declared: int) -> None:
    drive_tasks.declare(
        task_id=task_of(office).pk, declared=declared, by=make.actor(office), now=NOON
    )


def titles(who: Membership) -> list[str]:
    rows = Notice.objects.filter(user=who.user, kind="drive.progress").order_by("pk")
    return list(rows.values_list("title", flat=True))


def test_from_the_call_to_the_result(bureau: Membership, office: Membership) -> None:
    lazy = make.office(region="310101")
    row = launched(bureau, office, lazy)
    assert titles(office) == ["请开展专利盘点：浦东存量专利盘点"]
    patents = [stock.patent(office) for _ in range(2)]
    declare(office, 2)
    with pytest.raises(Conflict, match="还有 2 件有效专利没有盘点结论"):
        drive_tasks.confirm(task_id=task_of(office).pk, by=make.actor(office), now=NOON)
    library.admit(patent_id=patents[0].pk, by=make.actor(office), now=NOON)
    library.archive(patent_id=patents[1].pk, reason="无用", by=make.actor(office), now=NOON)
    for _ in range(2):
        drive_tasks.confirm(task_id=task_of(office).pk, by=make.actor(office), now=NOON)
    done = task_of(office)
    assert (done.state, done.counts) == ("done", {"valid": 2, "decided": 2, "unverified": 0})
    assert [t for t in titles(bureau) if "盘点完成：2 件" in t]
    assert OutboxEvent.objects.filter(name="drive.confirmed").count() == 1
    drives.close_drive(drive_id=row.pk, by=make.actor(bureau), now=NOON)
    stock.patent(office)
    row.refresh_from_db()
    lines = {line.organisation_id: line for line in ask.lines(row)}
    assert lines[office.organisation_id].stock.valid == 2
    assert (row.snapshot or {})["coverage"] == "1.0000"
    assert (row.snapshot or {})["done"] == 1
    assert titles(lazy)[-1] == "盘点动员“浦东存量专利盘点”已结束"
    with pytest.raises(Conflict, match="已经结束"):
        declare(lazy, 3)
    told = {"drive.launched", "drive.declared", "drive.confirmed", "drive.closed"}
    assert told <= set(AuditEntry.objects.values_list("event", flat=True))


def test_coverage_compares_the_stock_with_what_was_declared(
    bureau: Membership, office: Membership
) -> None:
    row = launched(bureau, office)
    patent = stock.patent(office)
    stock.patent(office, number="", granted_on=None)
    library.admit(patent_id=patent.pk, by=make.actor(office), now=NOON)
    declare(office, 4)
    (line,) = ask.lines(row)
    assert (line.stock.valid, line.stock.decided, line.stock.unverified) == (1, 1, 1)
    assert (str(line.coverage), line.left) == ("0.2500", 3)
    with pytest.raises(Conflict, match="差 3 件"):
        drive_tasks.confirm(task_id=line.task_id, by=make.actor(office), now=NOON)
    drive_tasks.confirm(task_id=line.task_id, shortfall="3 件涉密", by=make.actor(office), now=NOON)
    assert task_of(office).shortfall == "3 件涉密"


def test_excuses_have_a_reason_and_can_be_taken_back(
    bureau: Membership, office: Membership
) -> None:
    launched(bureau, office)
    task = task_of(office)
    with pytest.raises(Invalid):
        drive_tasks.excuse(task_id=task.pk, reason=" ", by=make.actor(office), now=NOON)
    drive_tasks.excuse(task_id=task.pk, reason="没有专利", by=make.actor(office), now=NOON)
    assert "不参加盘点：没有专利" in titles(bureau)[-1]
    drive_tasks.reopen(task_id=task.pk, by=make.actor(bureau), now=NOON)
    task.refresh_from_db()
    assert (task.state, task.excuse) == ("started", "")
    with pytest.raises(Conflict, match="盘点中"):
        drive_tasks.reopen(task_id=task.pk, by=make.actor(bureau), now=NOON)


def test_strangers_are_refused(bureau: Membership, office: Membership) -> None:
    row = launched(bureau, office)
    task = task_of(office)
    elsewhere, other = make.actor(make.bureau("32")), make.actor(make.office(region="310115"))
    for by in (elsewhere, other):
        for command in (
            lambda by=by: drives.remind(drive_id=row.pk, by=by, now=NOON),
            lambda by=by: drives.close_drive(drive_id=row.pk, by=by, now=NOON),
            lambda by=by: drives.edit_drive(
                drive_id=row.pk, data=DATA, version=None, by=by, now=NOON
            ),
            lambda by=by: drives.invite(drive_id=row.pk, organisations=[], by=by, now=NOON),
            lambda by=by: drive_tasks.declare(task_id=task.pk, declared=1, by=by, now=NOON),
            lambda by=by: drive_tasks.confirm(task_id=task.pk, by=by, now=NOON),
            lambda by=by: drive_tasks.excuse(task_id=task.pk, reason="x", by=by, now=NOON),
            lambda by=by: drive_tasks.reopen(task_id=task.pk, by=by, now=NOON),
        ):
            with pytest.raises(Missing):
                command()
    with pytest.raises(NotAllowed):
        drives.open_drive(data=DATA, organisations=[1], by=other, now=NOON)
    auditor = make.actor(make.auditor())
    assert ask.drive(row.pk, viewer=auditor).pk == row.pk
    with pytest.raises(NotAllowed):
        drives.remind(drive_id=row.pk, by=auditor, now=NOON)
    task.refresh_from_db()
    assert task.state == "invited"


def test_one_invites_ones_own_only(bureau: Membership) -> None:
    far = make.office(region="320500")
    with pytest.raises(NotAllowed, match="没有发出任何邀请"):
        launched(bureau, far)
    agency = make.broker(region="310115")
    with pytest.raises(NotAllowed):
        launched(agency, far)
    Mandate.objects.create(
        principal=far.organisation, agent=agency.organisation, starts_on=date(2020, 1, 1)
    )
    row = launched(agency, far)
    assert (row.region, row.tasks.count()) == ("", 1)
    assert ask.candidates(by=make.actor(agency))[0].id == far.organisation_id
    with pytest.raises(Missing):
        ask.drive(row.pk, viewer=make.actor(bureau))


@pytest.mark.parametrize(
    "wrong",
    [{"title": " "}, {"todo": ""}, {"ends_on": TODAY}, {"starts_on": TODAY + timedelta(days=99)}],
)
def test_bad_input_is_refused(
    bureau: Membership, office: Membership, wrong: dict[str, Any]
) -> None:
    names = ("title", "goal", "todo", "starts_on", "ends_on")
    data = DriveInput(**{**{n: getattr(DATA, n) for n in names}, **wrong})
    with pytest.raises(Invalid) as refusal:
        drives.open_drive(
            data=data, organisations=[office.organisation_id], by=make.actor(bureau), now=NOON
        )
    assert refusal.value.fields
    with pytest.raises(Invalid):
        launched(bureau)


def test_reminders_come_once(bureau: Membership, office: Membership) -> None:
    done = make.office(region="310101")
    row = launched(bureau, office, done)
    declare(done, 0)
    drive_tasks.confirm(task_id=task_of(done).pk, by=make.actor(done), now=NOON)
    assert drives.remind(drive_id=row.pk, by=make.actor(bureau), now=NOON) == 1
    with pytest.raises(Conflict, match="今天已经提醒过"):
        drives.remind(drive_id=row.pk, by=make.actor(bureau), now=NOON)
    sent = []
    for days in (20, 23, 24, 29, 29, 30, 31):
        sent.append(drives.remind_by_clock(now=NOON + timedelta(days=days)))
    assert sent == [0, 1, 0, 1, 0, 0, 0]
    assert sum("请在 2026-12-20 前完成盘点" in title for title in titles(office)) == 3
    assert DriveReminder.objects.exclude(task=task_of(office)).count() == 0


def test_the_database_knows_the_same_steps(bureau: Membership, office: Membership) -> None:
    launched(bureau, office)
    shape = {
        "done": {"done_at": NOON, "done_by": "system", "counts": {}, "declared": 1},
        "excused": {"excuse": "x"},
    }
    empty = {"done_at": None, "done_by": None, "counts": None, "excuse": ""}
    for source, target in itertools.permutations(TaskState, 2):
        with transaction.atomic():
            DriveTask.objects.all().delete()
            task = DriveTask.objects.create(
                drive=Drive.objects.get(),
                organisation_id=office.organisation_id,
                invited_at=NOON,
                invited_by="system",
                state=source,
                **shape.get(source, {}),
            )
            rows = DriveTask.objects.filter(pk=task.pk)
            becomes = {"state": target, **empty, **shape.get(target, {})}
            if (source, target) in legal_steps():
                rows.update(**becomes)
            else:
                with pytest.raises(DatabaseError), transaction.atomic():
                    rows.update(**becomes)


@pytest.mark.parametrize(
    ("model", "broken"),
    [
        (Drive, {"title": ""}),
        (Drive, {"ends_on": TODAY - timedelta(days=1)}),
        (Drive, {"region": "3"}),
        (Drive, {"snapshot": {}}),
        (Drive, {"closed_at": NOON}),
        (DriveTask, {"excuse": "x"}),
        (DriveTask, {"counts": {}}),
        (DriveTask, {"done_at": NOON}),
    ],
)
def test_broken_rows_cannot_be_stored(
    bureau: Membership, office: Membership, model: Any, broken: dict[str, Any]
) -> None:
    launched(bureau, office)
    with pytest.raises(IntegrityError), transaction.atomic():
        model.objects.update(**broken)


def test_twins_cannot_be_stored(bureau: Membership, office: Membership) -> None:
    row = launched(bureau, office)
    assert (
        drives.invite(
            drive_id=row.pk,
            organisations=[office.organisation_id],
            by=make.actor(bureau),
            now=NOON,
        )
        == 0
    )
    twin = {"task": task_of(office), "occasion": "7", "reminded_at": NOON, "reminded_by": "x"}
    DriveReminder.objects.create(**twin)
    with pytest.raises(IntegrityError), transaction.atomic():
        DriveReminder.objects.create(**twin)
    with pytest.raises(IntegrityError), transaction.atomic():
        DriveTask.objects.create(
            drive=row, organisation=office.organisation, invited_at=NOON, invited_by="x"
        )


def test_pages_lead_from_the_bell_to_done(
    bureau: Membership, office: Membership, client_as: As
) -> None:
    boss, keeper = client_as(bureau), client_as(office)
    form = {
        "title": "盘点",
        "goal": "全部有结论",
        "todo": "导入",
        "starts_on": "2026-01-01",
        "ends_on": "2026-12-31",
        "kinds": ["university"],
    }
    made = boss.post("/drives/new/", {**form, "starts_on": soon(), "ends_on": soon(40)})
    row = Drive.objects.get()
    assert made.headers["Location"] == f"/drives/{row.pk}/"
    assert boss.post("/drives/new/", {**form, "ends_on": "2020-01-01"}).status_code == 422
    task = task_of(office)
    assert "项盘点等您申报总数：盘点" in keeper.get("/").content.decode()
    assert "家单位还没完成盘点：盘点" in boss.get("/").content.decode()
    url = f"/drives/tasks/{task.pk}/"
    assert "第一步：申报总数" in keeper.get(url).content.decode()
    assert keeper.post(url, {"declared": "-1"}).status_code == 422
    keeper.post(url, {"declared": "3"})
    assert "件专利等您盘点" in keeper.get("/").content.decode()
    assert keeper.post(f"{url}confirm/", {}).status_code == 422
    keeper.post(f"{url}confirm/", {"shortfall": "3 件涉密"})
    assert task_of(office).state == "done"
    page = boss.get(f"/drives/{row.pk}/?only=done").content.decode()
    assert office.organisation.name in page
    assert "3 件涉密" in page
    export = boss.get(f"/drives/{row.pk}/export/").content.decode("utf-8-sig")
    assert f"{office.organisation.name},高等学校,盘点完成,3,0,0,0%,0,3 件涉密" in export
    boss.post(f"/drives/{row.pk}/close/")
    assert "这次动员已经结束" in keeper.get(url).content.decode()


def test_lists_cost_the_same_for_many(bureau: Membership, client_as: As) -> None:
    page = client_as(bureau)
    page.get("/drives/")
    counts = []
    for n in (1, 6):
        offices = [make.office(region="310115") for _ in range(n)]
        row = launched(bureau, *offices)
        with CaptureQueriesContext(connection) as queries:
            page.get(f"/drives/{row.pk}/")
            page.get("/drives/")
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_the_api_does_what_the_pages_do(
    bureau: Membership, office: Membership, api_as: Any
) -> None:
    boss, keeper = api_as(bureau), api_as(office)
    body = {
        "title": "盘点",
        "goal": "全部有结论",
        "todo": "导入",
        "starts_on": soon(),
        "ends_on": soon(40),
        "organisations": [office.organisation_id],
    }
    made = boss.post("/api/v1/drives/", body, headers={"Idempotency-Key": "1"})
    assert made.status_code == 201
    (listed,) = keeper.get("/api/v1/drive-tasks/").data["results"]
    one = f"/api/v1/drive-tasks/{listed['id']}/"
    assert keeper.patch(one, {"declared": 2}).data["left"] == 2
    refused = keeper.post(f"{one}confirm/", {}, headers={"Idempotency-Key": "2"})
    assert refused.status_code == 409
    gap = {"shortfall": "2 件涉密"}
    done = keeper.post(f"{one}confirm/", gap, headers={"Idempotency-Key": "3"})
    assert done.data["state"] == "done"
    url = made.headers["Location"]
    assert boss.get(url).data["lines"][0]["coverage"] == "0.0000"
    assert boss.patch(url, {"version": 1, "title": "改名"}).data["version"] == 2
    assert boss.patch(url, {"version": 1, "title": "又改"}).status_code == 409
    assert boss.post(f"{url}remind/", headers={"Idempotency-Key": "4"}).status_code == 409
    assert boss.post(f"{url}close/", headers={"Idempotency-Key": "5"}).data["state"] == "closed"
    assert keeper.get(url).status_code == 404


def test_the_system_may_run_what_the_clock_asks(bureau: Membership, office: Membership) -> None:
    row = launched(bureau, office)
    assert drives.lock(row.pk, by=Actor.system()).pk == row.pk


def test_to_invite_nobody_is_refused_in_words(
    bureau: Membership, office: Membership, client_as: As
) -> None:
    row = launched(bureau, office)
    answer = client_as(bureau).post(f"/drives/{row.pk}/invite/", {})
    assert answer.status_code == 422
    assert "请至少选择一家单位" in answer.content.decode()
