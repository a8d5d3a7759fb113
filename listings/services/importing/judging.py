"""The dry run: a plan from the rows and from what is here already."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Q

from core.days import legal_day
from core.reference import selectors as reference
from listings.imports import columns, plan, verdicts
from listings.imports.plan import Known, Planned
from listings.models import (
    ImportBatch,
    ImportRow,
    Listing,
    Patent,
)
from listings.models.choices import BatchState
from listings.rules import moves
from listings.services import records
from listings.services.importing.batches import PORTION, count_verdicts, note_progress


def judge_batch(*, batch_id: int, now: datetime) -> None:
    """The dry run: write each row's verdict, change nothing else."""
    batch = ImportBatch.objects.get(pk=batch_id)
    seen: dict[str, int] = {}
    after = -1
    while rows := _rows_after(batch, after):
        planned = plan_rows(batch, rows, seen, now=now)
        for row, fate in zip(rows, planned, strict=True):
            row.verdict, row.problems = fate.verdict, told(fate)
            row.patent_id = fate.patent_id
        ImportRow.objects.bulk_update(rows, ["verdict", "problems", "patent"])
        after = rows[-1].number
        note_progress(batch, len(rows))
    with transaction.atomic():
        locked = ImportBatch.objects.select_for_update().get(pk=batch.pk)
        if locked.state != BatchState.CHECKING or locked.mapping != batch.mapping:
            return  # judged by somebody else meanwhile, or to be judged anew
        locked.state, locked.counts = BatchState.CHECKED, count_verdicts(batch)
        locked.save(update_fields=["state", "counts"])


def _rows_after(batch: ImportBatch, number: int) -> list[ImportRow]:
    return list(batch.rows.filter(number__gt=number).order_by("number")[:PORTION])


def plan_rows(
    batch: ImportBatch, rows: Sequence[ImportRow], seen: dict[str, int], *, now: datetime
) -> list[Planned]:
    today = legal_day(now)
    mapping = {name: index for name, index in batch.mapping.items() if name in columns.BY_NAME}
    sheet = verdicts.Sheet(
        header=tuple(batch.about["header"]),
        mapping=mapping,
        today=today,
        ipc_known=reference.ipc_known,
        industry_known=reference.industry_known,
    )
    judged = [verdicts.judge(sheet, row.number, row.raw) for row in rows]
    return plan.decide(judged, _known(batch.organisation_id, judged), today=today, seen=seen)


def told(fate: Planned) -> list[dict[str, Any]]:
    return [asdict(problem) for problem in fate.problems]


def _known(organisation_id: int, judged: Sequence[verdicts.Judged]) -> dict[str, Known]:
    """Which of these patents are here already, by identity, in four queries."""
    wanted = {row.patent.number for row in judged if row.patent and row.patent.number}
    titles = {row.patent.title for row in judged if row.patent}
    rows = (
        Patent.objects.kept()
        .filter(
            Q(office="CN", number__in=wanted)
            | Q(number__isnull=True, organisation_id=organisation_id, title__in=titles)
        )
        .defer("embedding", "search")
        .prefetch_related("holders", "events")
    )
    live = {
        listing.patent_id: listing
        for listing in Listing.objects.filter(patent__in=rows, status__in=moves.LIVE_LISTING)
    }
    found = {}
    for row in rows:
        known = _as_known(row, live.get(row.pk), ours=row.organisation_id == organisation_id)
        key = (
            verdicts.by_number(row.office, row.number)
            if row.number
            else verdicts.by_title(row.title, known.holders)
        )
        found[key] = known
    return found


def _as_known(row: Patent, listing: Listing | None, *, ours: bool) -> Known:
    return Known(
        id=row.pk,
        is_ours=ours,
        values={name: getattr(row, name) for name in (*records.FIELDS, "main_ipc")},
        as_input=records.as_input(row, {}),
        holders=tuple(holder.name for holder in row.holders.all()),
        events=frozenset((event.code, event.occurred_on) for event in row.events.all()),
        listing_id=listing.pk if listing else None,
        listing_status=listing.status if listing else "",
        price=listing.asking_price if listing else None,
        problem=listing.problem if listing else "",
        benefit=listing.benefit if listing else "",
    )
