"""What an invited institution does in a drive: declare, take stock, confirm, or say why not."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.urls import reverse

from core.audit import services as audit
from core.errors import Conflict, Invalid, Missing
from core.notices import services as notices
from core.outbox import services as outbox
from core.people import selectors as people
from core.people.types import Actor
from core.permissions import Permission, require
from listings.models.drives import Drive, DriveTask, TaskState
from listings.rules import drives as rules
from listings.rules import records
from listings.rules.drives import IllegalStep, Stock
from listings.selectors import drives

MOVE_NAMES = {"start": "开始", "confirm": "确认完成", "excuse": "标为不参加", "reopen": "重新打开"}


@transaction.atomic
def declare(*, task_id: int, declared: int, by: Actor, now: datetime) -> None:
    """How many valid patents the institution answers for; saying so starts the stock-taking."""
    row = _own(task_id, by=by)
    if not 0 <= declared <= rules.MOST_DECLARED:
        problem = f"请填写 0 到 {rules.MOST_DECLARED} 之间的件数。"
        raise Invalid(fields={"declared": [problem]})
    before = row.declared
    if row.state == TaskState.INVITED:
        _step(row, "start")
    elif row.state != TaskState.STARTED:
        _refuse(row, "修改申报总数")
    row.declared = declared
    row.save(update_fields=["state", "declared"])
    audit.record(
        "drive.declared", subject=row, by=by, at=now, changes={"declared": [before, declared]}
    )


@transaction.atomic
def confirm(*, task_id: int, by: Actor, now: datetime, shortfall: str = "") -> None:
    """盘点完成: the counts are read from the stock at this moment."""
    row = _own(task_id, by=by)
    if row.state == TaskState.DONE:
        return
    reason = records.tidy(shortfall)[:300]
    stock = drives.stock_of([row.organisation_id]).get(row.organisation_id, Stock())
    if row.state == TaskState.INVITED:
        raise Conflict(
            "还没有申报本单位的有效专利总数。请先填写总数，再确认完成。", code="not-declared"
        )
    if problems := rules.confirm_problems(stock, row.declared, reason):
        raise Conflict(" ".join(problems), code="stock-not-taken")
    _step(row, "confirm")
    row.counts, row.done_at, row.done_by = asdict(stock), now, by.key
    row.shortfall = reason if row.declared is not None and stock.decided < row.declared else ""
    row.save()
    changes = {**asdict(stock), "declared": row.declared}
    audit.record("drive.confirmed", subject=row, by=by, at=now, changes=changes)
    payload = {"drive_id": row.drive_id, "organisation_id": row.organisation_id}
    outbox.emit("drive.confirmed", subject=row, by=by, at=now, payload=payload | changes)
    _tell_organiser(row, f"{row.organisation.name}盘点完成：{stock.decided} 件", "confirmed", now)


@transaction.atomic
def excuse(*, task_id: int, reason: str, by: Actor, now: datetime) -> None:
    """The institution, or whoever runs the drive, says why it takes no part."""
    row, is_own = _either(task_id, by=by)
    text = records.tidy(reason)[:300]
    if not text:
        raise Invalid(fields={"reason": ["请写明不参加的原因，例如：没有有效专利。"]})
    _step(row, "excuse")
    row.excuse = text
    row.save(update_fields=["state", "excuse"])
    audit.record("drive.excused", subject=row, by=by, at=now, changes={"reason": text})
    if is_own:
        _tell_organiser(row, f"{row.organisation.name}不参加盘点：{text}"[:200], "excused", now)


@transaction.atomic
def reopen(*, task_id: int, by: Actor, now: datetime) -> None:
    """Back to stock-taking: the confirmation or the excuse did not hold."""
    row, _is_own = _either(task_id, by=by)
    _step(row, "reopen")
    row.excuse, row.counts, row.done_at, row.done_by, row.shortfall = "", None, None, None, ""
    row.save()
    audit.record("drive.reopened", subject=row, by=by, at=now)


def _own(task_id: int, *, by: Actor) -> DriveTask:
    row = _locked(DriveTask.objects.invited(by).filter(pk=task_id))
    require(by, Permission.ANSWER_DRIVE, on=row)
    return row


def _either(task_id: int, *, by: Actor) -> tuple[DriveTask, bool]:
    """The task, for the institution or for whoever runs the drive; and whether it is the first."""
    own = Q(organisation_id__in=by.acts_for)
    row = _locked(DriveTask.objects.filter(own | Q(drive__in=Drive.objects.run_by(by)), pk=task_id))
    is_own = row.organisation_id in by.acts_for
    if is_own:
        require(by, Permission.ANSWER_DRIVE, on=row)
    else:
        require(by, Permission.RUN_DRIVE, on=row.drive)
    return row, is_own


def _locked(rows: Any) -> DriveTask:
    """The task with its drive, both locked: nobody declares anything while the drive closes."""
    row: DriveTask | None = (
        rows.select_related("drive", "organisation")
        .select_for_update(no_key=True, of=("self", "drive"))
        .first()
    )
    if row is None:
        raise Missing(drives.NOT_FOUND)
    if row.drive.state != "open":
        raise Conflict("这次盘点动员已经结束，不能再修改。", code="drive-closed")
    return row


def _step(row: DriveTask, move: str) -> None:
    try:
        row.state = rules.after(row.state, move)
    except IllegalStep:
        _refuse(row, MOVE_NAMES[move])


def _refuse(row: DriveTask, act: str) -> None:
    word = TaskState(row.state).label
    raise Conflict(
        f"这项盘点现在是“{word}”，不能{act}。请刷新页面查看最新状态。", code="illegal-step"
    )


def _tell_organiser(row: DriveTask, title: str, occasion: str, now: datetime) -> None:
    notices.notify(
        users=people.members(row.drive.organiser_id),
        kind="drive.progress",
        key=f"drive-organiser:{row.pk}:{occasion}:{now:%Y%m%d%H%M%S}",
        title=title[:200],
        body=row.drive.title,
        url=reverse("listings:drive", kwargs={"pk": row.drive_id}),
        now=now,
    )
