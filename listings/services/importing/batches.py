"""What every step of an import needs: its batch, locked and in the right state."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from django.db.models import Count

from core.audit import services as audit
from core.errors import Conflict, Missing
from core.people.types import Actor
from core.permissions import Permission, require
from listings.imports import limits
from listings.models import ImportBatch
from listings.models.choices import BatchState, RowVerdict
from listings.rules import imports as rules
from listings.rules.moves import IllegalMove
from listings.services.behalf import actor_from

PORTION: Final = 1_000
FIRST_PORTION: Final = 100  # small, so that the first errors are seen at once


def lock(batch_id: int, *, by: Actor) -> ImportBatch:
    batch = ImportBatch.objects.visible_to(by).select_for_update().filter(pk=batch_id).first()
    if batch is None:
        raise Missing("没有找到这个导入批次，可能属于其他单位。")
    require(by, Permission.IMPORT_STOCK, on=batch)
    return batch


def step(batch: ImportBatch, move: str, act: str) -> None:
    """Move a locked batch on; Conflict, in the words of what somebody tried to do."""
    try:
        batch.state = rules.after(batch.state, move)
    except IllegalMove as illegal:
        raise refused(batch, act) from illegal
    batch.was, batch.problem, batch.lease, batch.leased_until, batch.tries = "", "", "", None, 0


def refused(batch: ImportBatch, act: str) -> Conflict:
    now_is = BatchState(batch.state).label
    return Conflict(f"这个批次现在是“{now_is}”，不能{act}。请刷新页面后查看。", code="batch-state")


def record(event: str, batch: ImportBatch, *, by: Actor, now: datetime, **changes: Any) -> None:
    """One entry in the audit trail about a batch."""
    audit.record(event, subject=batch, by=by, at=now, changes=changes or None)


def actor_of(batch: ImportBatch) -> Actor:
    """In whose name the batch is carried on."""
    return actor_from(batch.about["actor"])


def count_verdicts(batch: ImportBatch) -> dict[str, int]:
    """How many rows have each verdict, counted in the table."""
    counts = {verdict: 0 for verdict in RowVerdict.values if verdict != RowVerdict.PENDING}
    found = batch.rows.order_by().values_list("verdict").annotate(n=Count("pk"))
    return counts | {verdict: n for verdict, n in found if verdict != RowVerdict.PENDING}


def recall(batch: ImportBatch, before: int) -> dict[str, int]:
    """The patents that rows above this one name already, each with its first row."""
    seen: dict[str, int] = {}
    rows = batch.rows.filter(number__lt=before).exclude(verdict=RowVerdict.REJECTED).exclude(key="")
    for key, number in rows.order_by("number").values_list("key", "number").iterator():
        seen.setdefault(key, number)
    return seen


def in_portions(batch: ImportBatch) -> bool:
    """Whether the batch is so large that a worker carries it out or takes it back."""
    return int(batch.about.get("rows", 0)) > limits.INLINE_ROWS
