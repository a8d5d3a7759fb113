"""What every step of an import needs: its batch, locked and in the right state."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from celery import current_app
from django.db import transaction
from django.db.models import Q

from core.errors import Conflict, Missing
from core.people.types import Actor, Role
from core.permissions import Permission, require
from listings.models import (
    ImportBatch,
)
from listings.models.choices import BatchState, RowVerdict

PORTION: Final = 250
STUCK_AFTER: Final = timedelta(minutes=2)


def lock(batch_id: int, *, by: Actor) -> ImportBatch:
    batch = ImportBatch.objects.visible_to(by).select_for_update().filter(pk=batch_id).first()
    if batch is None:
        raise Missing("没有找到这个导入批次，可能属于其他单位。")
    require(by, Permission.IMPORT_STOCK, on=batch)
    return batch


def expect(batch: ImportBatch, state: BatchState, act: str) -> None:
    if batch.state != state:
        now_is = BatchState(batch.state).label
        raise Conflict(
            f"这个批次现在是“{now_is}”，不能{act}。请刷新页面后查看。", code="batch-state"
        )


def actor_facts(by: Actor) -> dict[str, Any]:
    """Who asked, so that a worker can act in the same name."""
    return {
        "user_id": by.user_id,
        "organisation_id": by.organisation_id,
        "roles": sorted(role.value for role in by.roles),
        "region": by.region,
        "name": by.name,
    }


def actor_of(batch: ImportBatch) -> Actor:
    facts = batch.about["actor"]
    return Actor(
        user_id=facts["user_id"],
        organisation_id=facts["organisation_id"],
        roles=frozenset(Role(role) for role in facts["roles"]),
        region=facts["region"],
        name=facts["name"],
    )


def note_progress(batch: ImportBatch, rows: int) -> None:
    batch.progress += rows
    ImportBatch.objects.filter(pk=batch.pk).update(progress=batch.progress)


def count_verdicts(batch: ImportBatch) -> dict[str, int]:
    counts = {verdict: 0 for verdict in RowVerdict.values if verdict != RowVerdict.PENDING}
    for verdict in batch.rows.values_list("verdict", flat=True):
        counts[verdict] = counts.get(verdict, 0) + 1
    return counts


def nudge(batch_id: int) -> None:
    transaction.on_commit(
        lambda: current_app.send_task(
            "listings.work_on_import", kwargs={"batch_id": batch_id}, retry=False
        ),
        robust=True,
    )


def stuck_batches(*, now: datetime) -> list[int]:
    """Batches whose nudge was lost or whose worker died."""
    return list(
        ImportBatch.objects.filter(
            Q(created_at__lt=now - STUCK_AFTER),
            state__in=[BatchState.CHECKING, BatchState.RUNNING],
        ).values_list("pk", flat=True)
    )
