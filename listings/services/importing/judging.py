"""The plan of a portion: from its rows, and from what is here already."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import datetime
from decimal import Decimal
from typing import Any

from core.days import legal_day
from core.reference import selectors as reference
from listings.imports import columns, plan, verdicts
from listings.imports.plan import Known, Planned
from listings.models import ImportBatch, ImportRow, Listing, Patent
from listings.rules import moves
from listings.services import records
from listings.types import PatentStatus

Numbered = tuple[int, Sequence[Any]]


def plan_rows(
    batch: ImportBatch, rows: Iterable[Numbered], seen: dict[str, int], *, now: datetime
) -> list[Planned]:
    """What would become of these rows; `seen` names the first row of every patent so far."""
    today = legal_day(now)
    mapping = {name: index for name, index in batch.mapping.items() if name in columns.BY_NAME}
    sheet = verdicts.Sheet(
        header=tuple(batch.about["header"]),
        mapping=mapping,
        today=today,
        ipc_known=reference.ipc_known,
        industry_known=reference.industry_known,
    )
    judged = [verdicts.judge(sheet, number, raw) for number, raw in rows]
    return plan.decide(judged, _known(batch.organisation_id, judged), today=today, seen=seen)


def mark(row: ImportRow, fate: Planned) -> None:
    """Write a row's fate on it, as the dry run and the real one show it."""
    row.verdict, row.key = fate.verdict, fate.key
    row.problems = [asdict(problem) for problem in fate.problems]
    row.patent_id = fate.patent_id
    row.changes = _told(fate) if fate.effect == plan.UPDATED else None


def _told(fate: Planned) -> dict[str, list[Any]]:
    """Field by field, as it is and as it would be."""
    return {
        name: [_plain(before), _plain(after)]
        for name, (before, after) in fate.differences().items()
    }


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, Decimal) else records.plain(value)


def _known(organisation_id: int, judged: Sequence[verdicts.Judged]) -> dict[str, Known]:
    """Which of these patents are here already, by identity, in a handful of queries."""
    wanted = {row.patent.number for row in judged if row.patent and row.patent.number}
    titles = {row.patent.title for row in judged if row.patent}
    kept = Patent.objects.kept().defer("embedding", "search").prefetch_related("holders", "events")
    rows = [*kept.filter(office="CN", number__in=wanted)] if wanted else []
    if titles:
        rows += kept.filter(
            organisation_id=organisation_id,
            status=PatentStatus.UNVERIFIED,
            number__isnull=True,
            title__in=titles,
        )
    if not rows:
        return {}
    live = {
        listing.patent_id: listing
        for listing in Listing.objects.filter(
            patent_id__in=[row.pk for row in rows], status__in=moves.LIVE_LISTING
        )
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
        sheet={name: getattr(listing, name) for name in columns.SHEET} if listing else {},
    )
