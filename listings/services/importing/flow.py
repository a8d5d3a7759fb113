"""The steps of an import in their order: take in, choose columns, start, stop, go on, undo."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Final

from django.db import connection, transaction

from core.errors import Conflict, Invalid
from core.people.types import Actor
from core.permissions import Permission, require
from listings.imports import columns, intake, limits
from listings.models import ImportBatch
from listings.models.choices import BatchState
from listings.rules import imports as rules
from listings.services.behalf import actor_facts
from listings.services.importing import pieces
from listings.services.importing.batches import (
    in_portions,
    lock,
    record,
    refused,
    step,
)
from listings.services.importing.carrying import carry_out
from listings.services.importing.receiving import judge_again, receive, receive_from
from listings.services.importing.shifts import (
    Clock,
    Shift,
    Stopped,
    is_ours,
    nudge,
    put_down,
    take_up,
)
from listings.services.importing.undoing import LANDED, take_back
from listings.services.patents.registering import Stock

log = logging.getLogger(__name__)
WORKBOOK: Final = b"PK\x03\x04"


def take_in(*, path: Path, filename: str, complete: bool = False, by: Actor, now: datetime) -> int:
    """Take an uploaded file in as a batch; its id.

    `complete`: the office says that it names all of its stock, so that the dry run also shows what
    is missing.

    A small one is read and judged at once: Invalid says in Chinese why it cannot be read, and
    nothing of it is kept. A large one is left to a worker; its page says what is wrong with it.
    """
    if by.organisation_id is None:
        raise Invalid("您的账户还没有加入任何单位，不能导入专利。请联系本单位管理员。")
    require(by, Permission.IMPORT_STOCK, on=Stock(by.organisation_id))
    try:
        waits = _is_large(path)
        with transaction.atomic():
            batch = _create(path, filename, by.organisation_id, waits=waits, by=by, now=now)
            ImportBatch.objects.filter(pk=batch.pk).update(complete=complete)
            if waits:
                pieces.put(batch, path)
                nudge(batch.pk)
            elif shift := take_up(batch_id=batch.pk, clock=lambda: now):
                receive_from(shift, path)
    except intake.FileRefused as refusal:
        raise Invalid(
            str(refusal), fields={"file": [str(refusal)]}, code=f"file-{refusal.code}"
        ) from refusal
    return batch.pk


def _is_large(path: Path) -> bool:
    size = path.stat().st_size
    intake.check_size(size)
    with path.open("rb") as stream:
        packed = stream.read(4) == WORKBOOK
    return size > (limits.INLINE_WORKBOOK_BYTES if packed else limits.INLINE_BYTES)


def _create(
    path: Path, filename: str, organisation_id: int, *, waits: bool, by: Actor, now: datetime
) -> ImportBatch:
    batch = ImportBatch.objects.create(
        organisation_id=organisation_id,
        filename=Path(filename).name[:255] or "未命名",
        sha256=intake.digest(path),
        about={"actor": actor_facts(by), "waits": waits, "header": []},
        state=BatchState.CHECKING,
        created_at=now,
        created_by=by.key,
    )
    facts = {"filename": batch.filename, "bytes": path.stat().st_size, "sha256": batch.sha256}
    record("import.taken_in", batch, by=by, now=now, **facts)
    return batch


def choose_columns(*, batch_id: int, mapping: Mapping[str, int], by: Actor, now: datetime) -> None:
    """Say which column is what, and judge all rows anew."""
    with transaction.atomic():
        batch = lock(batch_id, by=by)
        step(batch, "choose", "更改列的对应关系")
        chosen = {name: int(index) for name, index in mapping.items()}
        if wrong := columns.problems(chosen, len(batch.about["header"])):
            raise Invalid(" ".join(dict.fromkeys(wrong)), code="bad-mapping")
        batch.mapping, batch.progress = chosen, 0
        batch.about |= {"actor": actor_facts(by), "judged_again": True}
        batch.save()
        record("import.columns_chosen", batch, by=by, now=now, mapping=chosen)
    _go_on(batch, now=now)


def start(*, batch_id: int, by: Actor, now: datetime) -> None:
    """Carry the batch out: good rows land, bad ones do not. Starting it twice starts it once."""
    with transaction.atomic():
        batch = lock(batch_id, by=by)
        if batch.state in {BatchState.RUNNING, BatchState.DONE}:
            return
        step(batch, "start", "导入")
        if wrong := columns.problems(batch.mapping, len(batch.about["header"])):
            raise Invalid(" ".join(wrong), code="bad-mapping")
        batch.progress = 0
        batch.about |= {"actor": actor_facts(by), "confirmed": True}
        batch.save()
        record("import.started", batch, by=by, now=now, rows=batch.about["rows"])
    _go_on(batch, now=now)


def stop(*, batch_id: int, by: Actor, now: datetime) -> None:
    """Stop a batch at the end of the portion that is being written. What has landed stays."""
    with transaction.atomic():
        _wait_for_the_portion()
        batch = lock(batch_id, by=by)
        if batch.state == BatchState.STOPPED:
            return
        was = batch.state
        step(batch, "stop", "停止")
        batch.was = was
        batch.save()
        record("import.stopped", batch, by=by, now=now, was=was, progress=batch.progress)


def _wait_for_the_portion() -> None:
    """A worker holds the batch while it writes a portion: longer than others hold a row."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = '15s'")
        cursor.execute("SET LOCAL lock_timeout = '14s'")


def resume(*, batch_id: int, by: Actor, now: datetime) -> None:
    """Go on with a batch that was stopped or failed for a reason of ours, from where it stands."""
    with transaction.atomic():
        batch = lock(batch_id, by=by)
        if batch.state in rules.WORKING:
            return
        if batch.state == BatchState.FAILED and not is_ours(batch):
            raise Conflict("这个文件读不了，再试也不行。请按提示改好文件后重新上传。", code="file")
        if batch.state not in rules.HALTED:
            raise refused(batch, "继续")
        batch.state, batch.was, batch.problem = rules.resumed(batch.state, batch.was), "", ""
        batch.tries, batch.lease, batch.leased_until = 0, "", None
        batch.about["actor"] = actor_facts(by)
        batch.save()
        record("import.resumed", batch, by=by, now=now, state=batch.state)
    _go_on(batch, now=now)


def undo(*, batch_id: int, by: Actor, now: datetime) -> list[tuple[int, str]]:
    """Take back what the batch did, but for rows that somebody has touched since.

    Answers with those rows and why they stay, when the batch is small; a worker takes a large one
    back and leaves the reasons on its rows.
    """
    with transaction.atomic():
        batch = lock(batch_id, by=by)
        if batch.state in rules.HALTED and batch.was == BatchState.CHECKING:
            raise Conflict("这次导入还没有写入任何内容，不需要撤销。", code="nothing-landed")
        step(batch, "undo", "撤销")
        batch.progress = 0
        batch.about["actor"] = actor_facts(by)
        batch.about["landed"] = batch.rows.filter(before__effect__in=LANDED).count()
        batch.save()
        record("import.undo_started", batch, by=by, now=now, rows=batch.about["landed"])
    _go_on(batch, now=now)
    return kept_rows(batch)


def kept_rows(batch: ImportBatch) -> list[tuple[int, str]]:
    """The rows of an undone batch that stayed, and why."""
    stayed = batch.rows.filter(before__undone__isnull=False).exclude(before__undone="")
    return list(stayed.order_by("number").values_list("number", "before__undone"))


def _go_on(batch: ImportBatch, *, now: datetime) -> None:
    """Do the rest at once when it is little, else nudge a worker; the sweep finds lost nudges."""
    if in_portions(batch) or batch.pieces.exists():
        nudge(batch.pk)
    else:
        work_on(batch_id=batch.pk, clock=lambda: now, at_once=True)


def work_on(*, batch_id: int, clock: Clock, at_once: bool = False) -> None:
    """Whatever the batch waits for: reading, carrying out, taking back. Safe to call twice.

    `at_once`: somebody waits for the answer, so the first failure is told and not tried again.
    """
    shift = take_up(batch_id=batch_id, clock=clock)
    if shift is None:
        return
    try:
        _work(shift)
    except Stopped:
        log.info("Import %s was stopped or taken over.", batch_id)
    except Exception:  # whatever it was: the batch remembers, and its page says so
        log.exception("Import %s failed.", batch_id)
        put_down(shift, failed=True, at_once=at_once)


def _work(shift: Shift) -> None:
    if shift.state == BatchState.RUNNING:
        carry_out(shift)
    elif shift.state == BatchState.UNDOING:
        take_back(shift)
    elif ImportBatch.objects.get(pk=shift.batch_id).about.get("judged_again"):
        judge_again(shift)
    else:
        receive(shift)
