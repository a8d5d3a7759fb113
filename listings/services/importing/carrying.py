"""Carrying a batch out, portion by portion, so that a crash costs nothing."""

from __future__ import annotations

from typing import Final

from celery import current_app
from django.db import IntegrityError, transaction

from core.ratings.services import offer_rating
from listings.models import ImportBatch
from listings.rules import imports as rules
from listings.services.importing import absences
from listings.services.importing.batches import (
    PORTION,
    actor_of,
    count_verdicts,
    in_portions,
    recall,
    record,
)
from listings.services.importing.judging import plan_rows
from listings.services.importing.landing import land
from listings.services.importing.shifts import Shift, tell

TRIES: Final = 3


def carry_out(shift: Shift) -> None:
    """Carry out what is left of a running batch."""
    seen: dict[str, int] | None = None
    after = -1
    while True:
        found = _portion(shift, after, seen)
        if found is None:
            return
        after, seen = found


def _portion(
    shift: Shift, after: int, seen: dict[str, int] | None
) -> tuple[int, dict[str, int]] | None:
    """The next rows, all in one transaction with their marks; how far it came, None at the end."""
    for attempt in range(TRIES):
        try:
            with transaction.atomic():
                return _carry(shift, after, seen)
        except IntegrityError:
            # Somebody else registered one of these numbers between our look and our write.
            if attempt == TRIES - 1:
                raise
    return None


def _carry(
    shift: Shift, after: int, seen: dict[str, int] | None
) -> tuple[int, dict[str, int]] | None:
    batch = shift.hold()
    rows = list(
        batch.rows.filter(before__isnull=True, number__gt=after).order_by("number")[:PORTION]
    )
    if not rows:
        _finish(shift, batch)
        return None
    mine = recall(batch, rows[0].number) if seen is None else dict(seen)
    now = shift.clock()
    planned = plan_rows(batch, [(row.number, row.raw) for row in rows], mine, now=now)
    land(batch, rows, planned, by=actor_of(batch), now=now)
    batch.progress += len(rows)
    shift.note(batch, "progress")
    return rows[-1].number, mine


def _finish(shift: Shift, batch: ImportBatch) -> None:
    now = shift.clock()
    batch.state, batch.counts = rules.after(batch.state, "finish"), count_verdicts(batch)
    if batch.complete:  # rows of patents new at the dry run may name some of the stock by now
        batch.counts["absent"] = absences.find(batch)
    batch.finished_at = now
    shift.end(batch, "state", "counts", "finished_at")
    offer_rating(
        service="import",
        reference=f"import:{batch.pk}",
        title=f"导入存量专利：{batch.filename}"[:200],
        url=f"/library/imports/{batch.pk}/",
        organisation_id=batch.organisation_id,
        now=now,
    )
    record("import.carried_out", batch, by=actor_of(batch), now=now, **batch.counts)
    if in_portions(batch):
        index_soon()
        landed = batch.about["rows"] - batch.counts["rejected"]
        tell(
            batch,
            "导入完成",
            f"{landed} 行已处理，{batch.counts['rejected']} 行没有导入。",
            now=now,
        )


def index_soon() -> None:
    """Have what landed made findable; the sweep does it too, a little later."""
    transaction.on_commit(
        lambda: current_app.send_task("listings.index_stale", ignore_result=True, retry=False),
        robust=True,
    )
