"""Exporting a result set: asked for, written by a worker, kept for a week.

The row is the message and the queue a nudge: a worker leases the row, writes the file outside any
transaction, and records it under the lease; a sweep finds what lost nudges and dead workers left.
"""

from __future__ import annotations

import logging
import tempfile
import uuid
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from celery import current_app
from django.conf import settings
from django.core.files import File
from django.db import connection, transaction
from django.db.models import Q
from django.urls import reverse

from core.audit import services as audit
from core.days import CHINA
from core.errors import Conflict, Invalid
from core.notices import services as notices
from core.people.types import Actor
from core.permissions import Permission, require
from listings.models.exports import ResultExport
from listings.rules import exports as rules
from listings.rules.exports import OPEN, ExportState, Form
from listings.selectors.searching import exports
from listings.selectors.searching.search import STAFF, BoardQuery, check
from listings.services.searching.export_files import WRITERS

log = logging.getLogger(__name__)
ASKING_LOCK = 0x5EA3
FAILED = "多次尝试都没有生成成功，没有产生文件。请重新导出；仍不成功请联系平台管理员。"


@transaction.atomic
def ask_for_export(
    *, query: BoardQuery, form: Form, described: str, by: Actor, now: datetime
) -> int:
    """Ask for the result set as a file; a worker writes it. Its id."""
    require(by, Permission.EXPORT_RESULTS)
    if by.user_id is None:
        raise Invalid("导出的文件属于个人账户，请登录个人账户后再导出。")
    check(query)
    with connection.cursor() as cursor:  # two windows of one person cannot pass the limits
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [ASKING_LOCK, by.user_id % 2**31])
    unfinished, recent = exports.usage(by.user_id, now=now)
    if refusal := rules.refusal(unfinished=unfinished, within_a_day=recent):
        problem = Conflict(refusal, code="too-many-exports")
        problem.status = 429
        raise problem
    chosen = {k: list(v) for k, v in query.chosen.items() if k != "layer" or by.has(*STAFF)}
    row = ResultExport.objects.create(
        user_id=by.user_id,
        organisation_id=by.organisation_id,
        roles=sorted(role.value for role in by.roles),
        text=query.text,
        chosen=chosen,
        sort=query.sort,
        described=described[:1_000],
        form=form.value,
        asked_at=now,
    )
    audit.record(
        "export.asked",
        subject=row,
        by=by,
        at=now,
        changes={"text": query.text, "chosen": chosen, "form": form.value},
    )
    _nudge(row.pk)
    return row.pk


def _nudge(export_id: int) -> None:
    transaction.on_commit(
        lambda: current_app.send_task(
            "listings.write_export", kwargs={"export_id": export_id}, retry=False
        ),
        robust=True,
    )


def write_export(*, export_id: int, clock: Callable[[], datetime]) -> bool:
    """Write the file of an export that nobody else is writing; whether it was written."""
    now = clock()
    if not _claim(export_id, now=now):
        return False
    row = ResultExport.objects.get(pk=export_id)
    try:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / f"export.{row.form}"
            _write(row, path, now=now, clock=clock)
            return _finish(row, path, now=clock())
    except Exception:  # whatever happened, the row says so and the next try starts afresh
        log.exception("Export %s could not be written", export_id)
        _note_failure(export_id, now=clock())
        return False


@transaction.atomic
def _claim(export_id: int, *, now: datetime) -> bool:
    free = Q(leased_until__isnull=True) | Q(leased_until__lt=now)
    row = (
        ResultExport.objects.select_for_update(skip_locked=True)
        .filter(free, pk=export_id, state__in=[s.value for s in OPEN])
        .first()
    )
    if row is None:
        return False
    if row.attempts >= rules.MOST_ATTEMPTS:  # workers died on it
        _give_up(row, now=now)
        return False
    row.state, row.attempts = ExportState.RUNNING, row.attempts + 1
    row.leased_until, row.rows, row.progress = now + rules.LEASE, 0, 0
    row.save(update_fields=["state", "attempts", "leased_until", "rows", "progress"])
    return True


def _write(row: ResultExport, path: Path, *, now: datetime, clock: Callable[[], datetime]) -> None:
    """The whole file, a portion at a time; the row shows how far it is and keeps its lease."""
    row.total, ids = exports.answering(row, now=now)
    row.rows, row.read_at = len(ids), now
    row.save(update_fields=["total", "rows", "read_at"])
    address = f"{settings.PUBLIC_URL}{reverse('listings:board')}"
    with WRITERS[Form(row.form)](path, exports.HEADER, statement(row)) as write:
        for portion in exports.lines(ids, viewer=exports.asker(row), address=address):
            write(portion)
            row.progress = min(row.rows, row.progress + exports.PORTION)
            ResultExport.objects.filter(pk=row.pk).update(
                progress=row.progress, leased_until=clock() + rules.LEASE
            )


def statement(row: ResultExport) -> list[tuple[str, str]]:
    """What the file says about itself: what was asked, when, and how much of it is here."""
    read_at = row.read_at.astimezone(CHINA) if row.read_at else None
    return [
        ("来源", f"PatentOps 专利转化运用平台 {settings.PUBLIC_URL}"),
        ("检索条件", row.described),
        ("数据时间", f"{read_at:%Y-%m-%d %H:%M}（北京时间）" if read_at else ""),
        ("范围", rules.extent(row.total)),
        ("排列", exports.ORDERS.get(exports.query_of(row).order, "与页面相同")),
    ]


def _finish(row: ResultExport, path: Path, *, now: datetime) -> bool:
    name = f"{uuid.uuid4().hex}.{row.form}"
    with path.open("rb") as stream:
        row.file.save(name, File(stream), save=False)
    with transaction.atomic():
        kept = ResultExport.objects.select_for_update().get(pk=row.pk)
        if kept.state != ExportState.RUNNING or kept.attempts != row.attempts:
            row.file.delete(save=False)  # somebody else took over when our lease ran out
            return False
        kept.file, kept.size, kept.state = row.file.name, path.stat().st_size, ExportState.READY
        kept.progress, kept.leased_until, kept.problem = kept.rows, None, ""
        kept.finished_at, kept.expires_at = now, now + rules.KEPT_FOR
        kept.save()
        _tell(
            kept, f"导出完成：{kept.rows:,} 件专利", f"{kept.described[:80]}。7 天内可下载。", now
        )
    return True


def _note_failure(export_id: int, *, now: datetime) -> None:
    with transaction.atomic():
        row = ResultExport.objects.select_for_update().get(pk=export_id)
        if row.state != ExportState.RUNNING:
            return
        if row.attempts >= rules.MOST_ATTEMPTS:
            _give_up(row, now=now)
            return
        row.state, row.leased_until = ExportState.WAITING, None
        row.save(update_fields=["state", "leased_until"])


def _give_up(row: ResultExport, *, now: datetime) -> None:
    row.state, row.problem, row.finished_at = ExportState.FAILED, FAILED, now
    row.leased_until = None
    row.save(update_fields=["state", "problem", "finished_at", "leased_until"])
    _tell(row, "导出没有完成", FAILED, now)


def _tell(row: ResultExport, title: str, body: str, now: datetime) -> None:
    notices.notify(
        users=[row.user_id],
        kind="export.finished",
        key=f"export:{row.pk}",
        title=title,
        body=body,
        url=reverse("listings:export", kwargs={"pk": row.pk}),
        now=now,
    )


def expire_exports(*, now: datetime) -> int:
    """Delete files that have been kept long enough; how many."""
    ids = exports.out_of_date(now=now)
    for export_id in ids:
        with transaction.atomic():
            row = ResultExport.objects.select_for_update().get(pk=export_id)
            if row.state != ExportState.READY:
                continue
            storage, name = row.file.storage, row.file.name
            row.state, row.file, row.size = ExportState.EXPIRED, "", 0
            row.save(update_fields=["state", "file", "size"])
            transaction.on_commit(lambda s=storage, n=name: s.delete(n), robust=True)  # type: ignore[misc]
    return len(ids)
