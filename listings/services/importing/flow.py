"""The steps of an import in their order: take in, choose columns, start, go on."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from django.db import transaction

from core.audit import services as audit
from core.errors import Invalid
from core.people.types import Actor
from core.permissions import Permission, require
from listings.imports import columns, intake, limits
from listings.models import (
    ImportBatch,
    ImportRow,
)
from listings.models.choices import BatchState, RowVerdict
from listings.services.importing.batches import actor_facts, expect, lock, nudge
from listings.services.importing.carrying import carry_out
from listings.services.importing.judging import judge_batch
from listings.services.patents import Stock

STORED_AT_ONCE: Final = 2_000


def take_in(*, path: Path, filename: str, by: Actor, now: datetime) -> int:
    """Store the rows of an uploaded file as a batch and judge them. Its id.

    Invalid says in Chinese why a file cannot be read; nothing of it is kept then. Small files are
    judged at once, large ones by a worker.
    """
    if by.organisation_id is None:
        raise Invalid("您的账户还没有加入任何单位，不能导入专利。请联系本单位管理员。")
    require(by, Permission.IMPORT_STOCK, on=Stock(by.organisation_id))
    try:
        with intake.opened(path) as table, transaction.atomic():
            batch = ImportBatch.objects.create(
                organisation_id=by.organisation_id,
                filename=Path(filename).name[:255] or "未命名",
                sha256=digest(path),
                about={**table.about, "actor": actor_facts(by)},
                mapping=columns.guess(table.header),
                state=BatchState.CHECKING,
                created_at=now,
                created_by=by.key,
            )
            count = 0
            for portion in _portions(table.rows, STORED_AT_ONCE):
                ImportRow.objects.bulk_create(
                    ImportRow(batch=batch, number=number, raw=cells, verdict=RowVerdict.PENDING)
                    for number, cells in portion
                )
                count += len(portion)
            batch.about["rows"] = count
            batch.save(update_fields=["about"])
            audit.record(
                "import.taken_in",
                subject=batch,
                by=by,
                at=now,
                changes={"filename": batch.filename, "rows": count, "sha256": batch.sha256},
            )
    except intake.FileRefused as refusal:
        raise Invalid(
            str(refusal), fields={"file": [str(refusal)]}, code=f"file-{refusal.code}"
        ) from refusal
    _go_on(batch, now=now)
    return batch.pk


def digest(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _portions(rows: Iterable[Any], size: int) -> Iterator[list[Any]]:
    portion: list[Any] = []
    for row in rows:
        portion.append(row)
        if len(portion) == size:
            yield portion
            portion = []
    if portion:
        yield portion


def choose_columns(*, batch_id: int, mapping: Mapping[str, int], by: Actor, now: datetime) -> None:
    """Say which column is what, and judge all rows anew."""
    with transaction.atomic():
        batch = lock(batch_id, by=by)
        expect(batch, BatchState.CHECKED, "更改列的对应关系")
        chosen = {name: int(index) for name, index in mapping.items()}
        if wrong := columns.problems(chosen, len(batch.about["header"])):
            raise Invalid(" ".join(dict.fromkeys(wrong)), code="bad-mapping")
        batch.mapping, batch.state, batch.progress = chosen, BatchState.CHECKING, 0
        batch.save(update_fields=["mapping", "state", "progress"])
    _go_on(batch, now=now)


def start(*, batch_id: int, by: Actor, now: datetime) -> None:
    """Carry the batch out: good rows land, bad ones do not. Starting it twice starts it once."""
    with transaction.atomic():
        batch = lock(batch_id, by=by)
        if batch.state in {BatchState.RUNNING, BatchState.DONE}:
            return
        expect(batch, BatchState.CHECKED, "导入")
        if wrong := columns.problems(batch.mapping, len(batch.about["header"])):
            raise Invalid(" ".join(wrong), code="bad-mapping")
        batch.state, batch.progress = BatchState.RUNNING, 0
        batch.about["actor"] = actor_facts(by)
        batch.save(update_fields=["state", "progress", "about"])
    _go_on(batch, now=now)


def _go_on(batch: ImportBatch, *, now: datetime) -> None:
    """Do the rest at once when it is little, else nudge a worker; the sweep finds lost nudges."""
    if batch.about["rows"] <= limits.INLINE_ROWS:
        work_on(batch_id=batch.pk, now=now)
    else:
        nudge(batch.pk)


def work_on(*, batch_id: int, now: datetime) -> None:
    """Whatever the batch waits for: judging or carrying out. Safe to call twice."""
    batch = ImportBatch.objects.get(pk=batch_id)
    if batch.state == BatchState.CHECKING:
        judge_batch(batch_id=batch_id, now=now)
    elif batch.state == BatchState.RUNNING:
        carry_out(batch_id=batch_id, now=now)
