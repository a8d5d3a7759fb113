"""What a complete list does not name: found at the dry run, decided by the office."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from django.db import transaction
from django.db.models import Exists, OuterRef, Value
from django.db.models.functions import Concat

from core.audit import services as audit
from core.errors import Conflict, Invalid
from core.people.types import Actor
from core.permissions import Permission, require
from listings.models import Absence, ImportBatch, InventoryItem, Listing, Patent
from listings.models.absences import AbsenceState
from listings.models.choices import BatchState, InventoryStatus
from listings.rules import moves
from listings.services.importing import copying
from listings.services.importing.batches import lock, record

MOST_AT_ONCE: Final = 5_000
PORTION: Final = 1_000
DECISIONS: Final = {"archive": AbsenceState.ARCHIVED, "keep": AbsenceState.KEPT}


def find(batch: ImportBatch) -> int:
    """Note which patents of the stock the batch's rows do not name; how many.

    A row that is refused names its patent all the same: nobody wants it archived for a typing
    error in another cell.
    """
    batch.absences.all().delete()
    if not batch.complete:
        return 0
    number = Concat(OuterRef("office"), Value(":"), OuterRef("number"))
    missing = (
        Patent.objects.kept()
        .filter(organisation_id=batch.organisation_id)
        .exclude(inventory__status=InventoryStatus.ARCHIVED)
        .exclude(Exists(batch.rows.filter(patent_id=OuterRef("pk"))))
        .exclude(Exists(batch.rows.filter(key=number)))
    )
    ids = list(missing.order_by("pk").values_list("pk", flat=True))
    copying.insert(Absence, (Absence(batch=batch, patent_id=pk) for pk in ids))
    return len(ids)


def decide(
    *,
    batch_id: int,
    decision: str,
    absence_ids: Iterable[int] | None,
    by: Actor,
    now: datetime,
) -> tuple[int, int]:
    """Archive or keep these patents (all that wait, if None); how many, and how many are on offer.

    What is on the board is not archived over its buyers' heads: it is withdrawn first.
    """
    if decision not in DECISIONS:
        raise Invalid("请选择归档或保留。", code="decision")
    with transaction.atomic():
        batch = lock(batch_id, by=by)
        require(by, Permission.ADMIT_INVENTORY, on=batch)
        if batch.state != BatchState.DONE:
            raise Conflict("请先完成这次导入，再处理清单中没有的专利。", code="not-done")
        waiting = Absence.objects.filter(batch=batch).waiting().order_by("pk")
        if absence_ids is not None:
            waiting = waiting.filter(pk__in=set(absence_ids))
        offered = Listing.objects.filter(
            patent_id=OuterRef("patent_id"), status__in=moves.ON_THE_BOARD
        )
        open_ones = waiting.filter(Exists(offered)) if decision == "archive" else waiting.none()
        on_offer = open_ones.count()
        if decision == "archive":
            waiting = waiting.exclude(Exists(offered))
        ids = list(waiting.values_list("pk", flat=True)[:MOST_AT_ONCE])
        _decide(batch, ids, decision, by=by, now=now)
        if ids:
            record(f"import.absent_{decision}", batch, by=by, now=now, patents=len(ids))
    return len(ids), on_offer


def _decide(batch: ImportBatch, ids: list[int], decision: str, *, by: Actor, now: datetime) -> None:
    for start in range(0, len(ids), PORTION):
        portion = ids[start : start + PORTION]
        rows = Absence.objects.filter(pk__in=portion)
        rows.update(state=DECISIONS[decision], decided_at=now, decided_by=by.key)
        if decision == "archive":
            _archive(batch, list(rows.values_list("patent_id", flat=True)), by=by, now=now)


def _archive(batch: ImportBatch, patent_ids: list[int], *, by: Actor, now: datetime) -> None:
    """Put them aside, each with its entry in the audit trail."""
    why = f"完整清单“{batch.filename[:80]}”（导入 {batch.pk}）中没有"
    items = InventoryItem.objects.select_for_update().filter(
        patent_id__in=patent_ids, status__in=moves.INVENTORY_MOVES["archive"][0]
    )
    patents = [item.patent for item in items.select_related("patent").order_by("patent_id")]
    InventoryItem.objects.filter(patent__in=patents).update(
        status=InventoryStatus.ARCHIVED, archived_because=why[:200]
    )
    audit.record_many("inventory.archived", subjects=patents, by=by, at=now)
