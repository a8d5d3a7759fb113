"""Running a drive: opened, widened, edited, reminded of, closed with its result."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.urls import reverse

from core.audit import services as audit
from core.days import legal_day
from core.errors import Conflict, Invalid, Missing, NotAllowed
from core.notices import services as notices
from core.outbox import services as outbox
from core.people import selectors as people
from core.people.types import Actor, Role
from core.permissions import Permission, require
from listings.models.drives import Drive, DriveReminder, DriveTask
from listings.rules import drives as rules
from listings.rules import records
from listings.rules.drives import DriveState
from listings.selectors import drives

LONGEST_TEXT = 5_000


@dataclass(frozen=True, slots=True)
class DriveInput:
    """What a drive is about."""

    title: str
    goal: str
    todo: str
    starts_on: date
    ends_on: date


@transaction.atomic
def open_drive(
    *,
    data: DriveInput,
    organisations: Iterable[int],
    by: Actor,
    now: datetime,
    is_sample: bool = False,
) -> int:
    """Open a drive and invite these institutions; each finds it among its tasks. Its id."""
    require(by, Permission.RUN_DRIVE)
    if by.organisation_id is None:
        raise Invalid("您的账户还没有加入任何单位，不能发起盘点动员。请联系本单位管理员。")
    row = Drive(
        organiser_id=by.organisation_id,
        region=by.region if by.has(Role.BUREAU) else "",
        opened_at=now,
        opened_by=by.key,
        is_sample=is_sample,
        **_clean(data, now=now),
    )
    chosen = _invitable(organisations, by=by)
    if not chosen:
        raise Invalid(fields={"organisations": ["请至少邀请一家单位。"]})
    row.save()
    audit.record("drive.launched", subject=row, by=by, at=now, changes={"invited": len(chosen)})
    _invite(row, chosen, by=by, now=now)
    _emit("drive.launched", row, by=by, now=now)
    return row.pk


@transaction.atomic
def edit_drive(
    *, drive_id: int, data: DriveInput, version: int | None, by: Actor, now: datetime
) -> None:
    """Say better what is wanted, or give it more time."""
    row = lock(drive_id, by=by)
    if version is not None and row.version != version:
        raise Conflict(
            "这次动员刚被其他人修改过，您的修改没有保存。请刷新页面查看最新内容后再提交。",
            code="edited-meanwhile",
        )
    changes = {}
    for name, value in _clean(data, now=now).items():
        if getattr(row, name) != value:
            changes[name] = [str(getattr(row, name)), str(value)]
            setattr(row, name, value)
    if not changes:
        return
    row.version += 1
    row.save()
    audit.record("drive.edited", subject=row, by=by, at=now, changes=changes)


@transaction.atomic
def invite(*, drive_id: int, organisations: Iterable[int], by: Actor, now: datetime) -> int:
    """Ask further institutions; how many were not invited yet."""
    row = lock(drive_id, by=by)
    chosen = _invitable(organisations, by=by)
    known = set(row.tasks.values_list("organisation_id", flat=True))
    fresh = [pk for pk in chosen if pk not in known]
    if len(known) + len(fresh) > rules.MOST_INVITED:
        raise _too_many()
    if fresh:
        audit.record("drive.invited", subject=row, by=by, at=now, changes={"invited": fresh})
        _invite(row, fresh, by=by, now=now)
    return len(fresh)


@transaction.atomic
def remind(*, drive_id: int, by: Actor, now: datetime) -> int:
    """Remind everyone who has yet to finish, once a day at most; how many institutions."""
    row = lock(drive_id, by=by)
    reminded = remind_outstanding(row, f"manual-{legal_day(now)}", by=by, now=now)
    if not reminded:
        raise Conflict(
            "没有需要提醒的单位：要么都已完成，要么今天已经提醒过。请明天再提醒。",
            code="nobody-to-remind",
        )
    audit.record("drive.reminded", subject=row, by=by, at=now, changes={"reminded": reminded})
    return reminded


@transaction.atomic
def close_drive(*, drive_id: int, by: Actor, now: datetime) -> None:
    """End a drive with its result as it is; nothing of it changes afterwards."""
    row = lock(drive_id, by=by)
    found = drives.lines(row)
    sums = drives.totals(found)
    share = sums.pop("coverage")
    row.snapshot = {
        **sums,
        "coverage": None if share is None else str(share),
        "lines": [
            {
                "organisation_id": line.organisation_id,
                "name": line.name,
                "state": line.state,
                "declared": line.declared,
                **asdict(line.stock),
            }
            for line in found
        ],
    }
    row.state, row.closed_at, row.closed_by = DriveState.CLOSED, now, by.key
    row.save()
    audit.record("drive.closed", subject=row, by=by, at=now, changes=sums)
    _emit("drive.closed", row, by=by, now=now)
    for task in row.tasks.select_related("drive"):
        tell_invited(task, f"盘点动员“{row.title}”已结束", "结果已存档。", "closed", now=now)


def remind_by_clock(*, now: datetime) -> int:
    """Seven days and one day before the end, once each; how many institutions were reminded."""
    today, reminded = legal_day(now), 0
    for pk in Drive.objects.filter(state="open", ends_on__gte=today).values_list("pk", flat=True):
        with transaction.atomic():
            row = Drive.objects.select_for_update().get(pk=pk)
            due = rules.reminder_due(row.ends_on, today, row.starts_on)
            if row.state == DriveState.OPEN and due is not None:
                by = Actor.system()
                reminded += remind_outstanding(row, f"{row.ends_on}-{due}", by=by, now=now)
    return reminded


def remind_outstanding(row: Drive, occasion: str, *, by: Actor, now: datetime) -> int:
    """One reminder a task and occasion, told to the people of the office."""
    waiting = list(
        row.tasks.select_related("drive")
        .filter(state__in=[s.value for s in rules.OUTSTANDING])
        .exclude(reminders__occasion=occasion)
    )
    DriveReminder.objects.bulk_create(
        DriveReminder(task=task, occasion=occasion, reminded_at=now, reminded_by=by.key)
        for task in waiting
    )
    stocks = drives.stock_of([task.organisation_id for task in waiting])
    for task in waiting:
        stock = stocks.get(task.organisation_id, rules.Stock())
        still = rules.left(stock, task.declared)
        body = f"还有 {still} 件要处理。" if still else "请确认“盘点完成”。"
        if task.declared is None:
            body = "还没有申报有效专利总数。"
        title = f"请在 {row.ends_on:%Y-%m-%d} 前完成盘点：{row.title}"
        tell_invited(task, title, body, occasion, now=now)
    return len(waiting)


def tell_invited(task: DriveTask, title: str, body: str, occasion: str, *, now: datetime) -> None:
    """The people of the institution's office hear of it, once per occasion."""
    notices.notify(
        users=people.members(task.organisation_id, Role.OFFICE),
        kind="drive.progress",
        key=f"drive-task:{task.pk}:{occasion}",
        title=title,
        body=body,
        url=reverse("listings:drive-task", kwargs={"pk": task.pk}),
        now=now,
    )


def lock(drive_id: int, *, by: Actor) -> Drive:
    """The row of an open drive that the actor may run, locked."""
    row = Drive.objects.run_by(by).select_for_update(of=("self",)).filter(pk=drive_id).first()
    if row is None:
        raise Missing(drives.NOT_FOUND)
    require(by, Permission.RUN_DRIVE, on=row)
    if row.state != DriveState.OPEN:
        raise Conflict("这次盘点动员已经结束，不能再修改。", code="drive-closed")
    return row


def _clean(data: DriveInput, *, now: datetime) -> dict[str, Any]:
    title, goal = records.tidy(data.title)[:100], records.tidy(data.goal)[:500]
    todo = records.prose(data.todo)
    problems = rules.period_problems(data.starts_on, data.ends_on, legal_day(now))
    for name, text in (("title", title), ("goal", goal), ("todo", todo)):
        if not text:
            problems[name] = ["请填写。"]
    if len(todo) > LONGEST_TEXT:
        problems["todo"] = [f"有 {len(todo)} 字，最多 {LONGEST_TEXT} 字，请精简。"]
    if problems:
        raise Invalid(fields=problems)
    return {
        "title": title,
        "goal": goal,
        "todo": todo,
        "starts_on": data.starts_on,
        "ends_on": data.ends_on,
    }


def _invitable(organisations: Iterable[int], *, by: Actor) -> list[int]:
    """Those named, or NotAllowed when one of them is not the actor's to invite."""
    wanted = sorted(set(organisations))
    if len(wanted) > rules.MOST_INVITED:
        raise _too_many()
    cards = people.organisations(wanted)
    for pk in wanted:
        card = cards.get(pk)
        within = card is not None and by.has(Role.BUREAU) and card.region.startswith(by.region)
        if card is None or not (within or pk in by.mandates or by.is_system):
            raise NotAllowed(
                "名单里有不在您辖区内、或没有委托您的单位，没有发出任何邀请。请重新选择。"
            )
    return wanted


def _too_many() -> Invalid:
    text = f"一次动员最多邀请 {rules.MOST_INVITED} 家，请按区或按类型分几次开展。"
    return Invalid(fields={"organisations": [text]})


def _invite(row: Drive, chosen: Sequence[int], *, by: Actor, now: datetime) -> None:
    made = DriveTask.objects.bulk_create(
        DriveTask(drive=row, organisation_id=pk, invited_at=now, invited_by=by.key) for pk in chosen
    )
    for task in made:
        title = f"请开展专利盘点：{row.title}"
        body = f"{row.goal}（{row.starts_on:%Y-%m-%d} 至 {row.ends_on:%Y-%m-%d}）"
        tell_invited(task, title, body, "invited", now=now)


def _emit(name: str, row: Drive, *, by: Actor, now: datetime) -> None:
    payload = {"drive_id": row.pk, "organisation_id": row.organiser_id, "region": row.region}
    outbox.emit(name, subject=row, by=by, at=now, payload=payload)
