"""The dry run: a file is read, its rows stored and judged, portion by portion.

Each portion is a transaction of its own. After a crash the file is read again from its start and
the rows that are stored already are passed over.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from django.db import transaction
from django.db.models import Max

from listings.imports import columns, habits, intake, sheets
from listings.imports.intake import Table
from listings.models import ImportBatch, ImportRow
from listings.models.choices import RowVerdict
from listings.rules import imports as rules
from listings.services.importing import absences, copying, pieces
from listings.services.importing.batches import (
    FIRST_PORTION,
    PORTION,
    actor_of,
    count_verdicts,
    recall,
    record,
)
from listings.services.importing.judging import Numbered, mark, plan_rows
from listings.services.importing.shifts import Shift, fail, tell


def receive(shift: Shift) -> None:
    """Read the waiting file of a batch, store and judge its rows."""
    with pieces.fetched(shift.batch_id) as path:
        try:
            receive_from(shift, path)
        except intake.FileRefused as refusal:
            refuse(shift, refusal)


def receive_from(shift: Shift, path: Path) -> None:
    """The same from a file at hand."""
    with intake.streamed(path) as table:
        after, seen = _open(shift, table)
        for portion in portions(row for row in table.rows if row[0] > after):
            _store(shift, portion, seen)
        _close(shift, table)


def portions(rows: Iterable[Numbered]) -> Iterator[list[Numbered]]:
    """A small portion first, so that the first errors are soon seen; then large ones."""
    waiting, size = iter(rows), FIRST_PORTION
    while portion := list(islice(waiting, size)):
        yield portion
        size = PORTION


@transaction.atomic
def _open(shift: Shift, table: Table) -> tuple[int, dict[str, int]]:
    """What the file is; the last row that is stored already, and the patents above it."""
    batch = shift.hold()
    last = batch.rows.aggregate(last=Max("number"))["last"]
    if last is None:
        batch.about |= table.about
        _propose_columns(batch, table.header)
        batch.counts = count_verdicts(batch)
        # No row yet: this is no step forward, and earlier failures are not forgotten.
        batch.save(update_fields=["about", "mapping", "counts", "continues"])
        return -1, {}
    return last, recall(batch, last + 1)


def _propose_columns(batch: ImportBatch, header: list[str]) -> None:
    """Which column is what: as in the batch whose rows come back, as the office is used to."""
    earlier = ImportBatch.objects.filter(organisation_id=batch.organisation_id)
    confirmed = list(
        earlier.filter(about__confirmed=True)
        .order_by("-pk")
        .values_list("about__header", "mapping")[: habits.REMEMBERED]
    )
    if (origin := sheets.origin_of(header)) is not None:
        batch.continues = earlier.filter(pk=origin).first()
    if batch.continues is not None:
        confirmed.insert(0, (batch.continues.about["header"], batch.continues.mapping))
    batch.mapping, batch.about["learned"] = habits.propose(header, confirmed)


@transaction.atomic
def _store(shift: Shift, portion: list[Numbered], seen: dict[str, int]) -> None:
    batch = shift.hold()
    rows = [
        ImportRow(batch=batch, number=number, raw=cells, verdict=RowVerdict.PENDING)
        for number, cells in portion
    ]
    _judge(batch, rows, seen, shift)
    copying.insert(ImportRow, rows)
    batch.progress += len(rows)
    shift.note(batch, "progress", "counts", "about")


def _judge(batch: ImportBatch, rows: list[ImportRow], seen: dict[str, int], shift: Shift) -> None:
    """Mark and count; without a title column there is nothing to judge by."""
    if columns.problems(batch.mapping, len(batch.about["header"])):
        return
    planned = plan_rows(batch, [(row.number, row.raw) for row in rows], seen, now=shift.clock())
    for row, fate in zip(rows, planned, strict=True):
        mark(row, fate)
        batch.counts[row.verdict] = batch.counts.get(row.verdict, 0) + 1
        if fate.claims is not None:
            batch.about["claimed"] = batch.about.get("claimed", 0) + 1


@transaction.atomic
def _close(shift: Shift, table: Table) -> None:
    batch = shift.hold()
    if table.cut_off:
        batch.about["cut_off"] = table.cut_off
    _checked(shift, batch)
    pieces.drop(batch.pk)


def judge_again(shift: Shift) -> None:
    """The rows are stored: judge them by the columns as they are now."""
    seen: dict[str, int] = {}
    after = -1
    while (last := _judge_portion(shift, after, seen)) is not None:
        after = last
    with transaction.atomic():
        _checked(shift, shift.hold())


@transaction.atomic
def _judge_portion(shift: Shift, after: int, seen: dict[str, int]) -> int | None:
    batch = shift.hold()
    rows = list(batch.rows.filter(number__gt=after).order_by("number")[:PORTION])
    if not rows:
        return None
    if after < 0:
        batch.counts, batch.progress, batch.about["claimed"] = {}, 0, 0
    for row in rows:
        row.verdict, row.problems, row.patent_id, row.changes = RowVerdict.PENDING, [], None, None
    _judge(batch, rows, seen, shift)
    copying.update(rows, ["verdict", "problems", "patent", "key", "changes"])
    batch.progress += len(rows)
    shift.note(batch, "progress", "counts", "about")
    return rows[-1].number


def _checked(shift: Shift, batch: ImportBatch) -> None:
    batch.about["rows"] = batch.progress = batch.rows.count()
    batch.state = rules.after(batch.state, "check")
    batch.counts = count_verdicts(batch)
    if batch.complete:
        batch.counts["absent"] = absences.find(batch)
    shift.end(batch, "about", "progress", "state", "counts")
    record("import.checked", batch, by=actor_of(batch), now=shift.clock(), **_summary(batch))
    if batch.about.get("waits"):
        tell(
            batch,
            "预检完成",
            f"共 {batch.about['rows']} 行，{batch.counts.get('rejected', 0)} 行有问题。",
            now=shift.clock(),
        )


def _summary(batch: ImportBatch) -> dict[str, Any]:
    return {"rows": batch.about["rows"], **batch.counts}


@transaction.atomic
def refuse(shift: Shift, refusal: intake.FileRefused) -> None:
    """The file cannot be read: all or nothing, so its rows go with it."""
    batch = shift.hold()
    batch.rows.all().delete()
    pieces.drop(batch.pk)
    batch.about["refused"] = refusal.code
    batch.counts, batch.progress = {}, 0
    batch.save(update_fields=["about", "counts", "progress"])
    fail(batch, str(refusal), at=shift.clock())
