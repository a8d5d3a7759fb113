"""Carrying a batch out, portion by portion, so that a crash costs nothing."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from django.db import IntegrityError, transaction

from core.audit import services as audit
from core.people.types import Actor
from listings.models import (
    ImportBatch,
)
from listings.models.choices import BatchState, RowVerdict
from listings.services.importing.batches import PORTION, actor_of, count_verdicts, note_progress
from listings.services.importing.judging import plan_rows
from listings.services.importing.landing import land

TRIES: Final = 3


def carry_out(*, batch_id: int, now: datetime) -> None:
    """Carry out what is left of a running batch; a second worker waits for each portion."""
    seen: dict[str, int] = {}
    while _carry_out_portion(batch_id, seen, now=now):
        pass


def _carry_out_portion(batch_id: int, seen: dict[str, int], *, now: datetime) -> bool:
    """The next rows, all in one transaction with their marks; whether there may be more."""
    for attempt in range(TRIES):
        mine = dict(seen)
        try:
            with transaction.atomic():
                batch = ImportBatch.objects.select_for_update().get(pk=batch_id)
                if batch.state != BatchState.RUNNING:
                    return False
                rows = list(
                    batch.rows.select_for_update()
                    .filter(before__isnull=True)
                    .order_by("number")[:PORTION]
                )
                by = actor_of(batch)
                if not rows:
                    _finish(batch, by=by, now=now)
                    return False
                _recall(batch, rows[0].number, mine)
                planned = plan_rows(batch, rows, mine, now=now)
                land(batch, rows, planned, by=by, now=now)
                note_progress(batch, len(rows))
        except IntegrityError:
            # Somebody else registered one of these numbers between our look and our write.
            if attempt == TRIES - 1:
                raise
            continue
        seen.clear()
        seen.update(mine)
        return True
    return False


def _recall(batch: ImportBatch, first: int, seen: dict[str, int]) -> None:
    """After a crash: the identities of the rows that were carried out before."""
    if seen or not batch.rows.filter(number__lt=first).exists():
        return
    for key, number in (
        batch.rows.filter(number__lt=first)
        .exclude(verdict=RowVerdict.REJECTED)
        .values_list("before__key", "number")
    ):
        if key:
            seen.setdefault(key, number)


def _finish(batch: ImportBatch, *, by: Actor, now: datetime) -> None:
    batch.state, batch.counts, batch.finished_at = BatchState.DONE, count_verdicts(batch), now
    batch.save(update_fields=["state", "counts", "finished_at"])
    audit.record("import.carried_out", subject=batch, by=by, at=now, changes=dict(batch.counts))
