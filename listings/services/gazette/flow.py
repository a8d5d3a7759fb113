"""A file of events from upload to the end: taken in, judged, started, worked on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any, Final

from celery import current_app
from django.db import transaction
from django.db.models import F, Q
from django.db.models.functions import Coalesce

from core.audit import services as audit
from core.errors import Conflict, Invalid, Missing
from core.people.types import Actor, Role
from core.permissions import Permission, require
from listings.imports import gazette, intake, limits
from listings.models import EventFile, EventRow
from listings.models.events import EventFileState, Scope
from listings.services.behalf import actor_facts
from listings.services.gazette.judging import judge_file
from listings.services.gazette.recording import record_file

STORED_AT_ONCE: Final = 2_000
STUCK_AFTER: Final = timedelta(minutes=2)


def scope_of(by: Actor) -> tuple[str, str]:
    """Whose patents this actor's files may touch: a region's for its bureau, else his own stock."""
    if by.has(Role.SYSADMIN):
        return Scope.REGION, ""
    if by.has(Role.BUREAU):
        return Scope.REGION, by.region
    return Scope.STOCK, ""


def take_in(*, path: Path, filename: str, by: Actor, now: datetime) -> int:
    """Store the rows of an uploaded file and judge them. Its id.

    Invalid says in Chinese why a file cannot be read; nothing of it is kept then. Small files are
    judged at once, large ones by a worker.
    """
    require(by, Permission.LOAD_GAZETTE)
    if by.organisation_id is None:
        raise Invalid("您的账户还没有加入任何单位，不能登记法律事件。请联系本单位管理员。")
    scope, region = scope_of(by)
    try:
        with intake.streamed(path) as table, transaction.atomic():
            mapping = gazette.guess(table.header)
            if lacking := gazette.missing(mapping):
                raise Invalid(" ".join(lacking), fields={"file": lacking}, code="file-columns")
            file = EventFile.objects.create(
                organisation_id=by.organisation_id,
                scope=scope,
                region=region,
                filename=Path(filename).name[:255] or "未命名",
                sha256=intake.digest(path),
                about={**table.about, "mapping": mapping, "actor": actor_facts(by)},
                created_at=now,
                created_by=by.key,
                worked_at=now,
            )
            file.about["rows"] = _store(file, table.rows)
            file.about["cut_off"] = table.cut_off
            file.save(update_fields=["about"])
            changes = {"filename": file.filename, "rows": file.about["rows"], "sha256": file.sha256}
            audit.record("event_file.taken_in", subject=file, by=by, at=now, changes=changes)
    except intake.FileRefused as refusal:
        raise Invalid(
            str(refusal), fields={"file": [str(refusal)]}, code=f"file-{refusal.code}"
        ) from refusal
    _go_on(file, now=now)
    return file.pk


def _store(file: EventFile, rows: Iterable[tuple[int, list[Any]]]) -> int:
    count = 0
    for portion in _portions(rows):
        EventRow.objects.bulk_create(
            EventRow(file=file, number=number, raw=cells) for number, cells in portion
        )
        count += len(portion)
    return count


def _portions(rows: Iterable[Any]) -> Iterator[list[Any]]:
    source = iter(rows)
    while portion := list(islice(source, STORED_AT_ONCE)):
        yield portion


def start(*, file_id: int, by: Actor, now: datetime) -> None:
    """Record the file's events: good rows are recorded, bad ones are not. Twice starts it once."""
    with transaction.atomic():
        file = EventFile.objects.visible_to(by).select_for_update().filter(pk=file_id).first()
        if file is None:
            raise Missing("没有找到这个法律事件文件，可能属于其他单位。")
        require(by, Permission.LOAD_GAZETTE, on=file)
        if file.state in {EventFileState.RUNNING, EventFileState.DONE}:
            return
        if file.state != EventFileState.CHECKED:
            raise Conflict("文件还在预检，请等预检完成后再登记。", code="file-state")
        file.state, file.progress, file.worked_at = EventFileState.RUNNING, 0, now
        file.about["actor"] = actor_facts(by)
        file.save(update_fields=["state", "progress", "about", "worked_at"])
    _go_on(file, now=now)


def _go_on(file: EventFile, *, now: datetime) -> None:
    """Do the rest at once when it is little, else nudge a worker; the sweep finds lost nudges."""
    if file.about["rows"] <= limits.INLINE_ROWS:
        work_on(file_id=file.pk, now=now)
        return
    transaction.on_commit(
        lambda: current_app.send_task(
            "listings.work_on_event_file", kwargs={"file_id": file.pk}, retry=False
        ),
        robust=True,
    )


def work_on(*, file_id: int, now: datetime) -> None:
    """Whatever the file waits for: judging or recording. Safe to call twice."""
    file = EventFile.objects.get(pk=file_id)
    if file.state == EventFileState.CHECKING:
        judge_file(file_id=file_id, now=now)
    elif file.state == EventFileState.RUNNING:
        record_file(file_id=file_id, now=now)


def stuck_files(*, now: datetime) -> list[int]:
    """Files whose nudge was lost or whose worker died."""
    rows = EventFile.objects.annotate(last=Coalesce(F("worked_at"), F("created_at"))).filter(
        Q(last__lt=now - STUCK_AFTER),
        state__in=[EventFileState.CHECKING, EventFileState.RUNNING],
    )
    return list(rows.values_list("pk", flat=True))
