"""Who works on a batch: one worker at a time, for as long as it shows signs of life.

A worker takes the batch up with a lease and renews it with every portion, in the portion's own
transaction. One that was killed stops renewing; the sweep then hands the batch to another, and
should the first one wake up, the lease it no longer holds keeps it from writing.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from celery import current_app
from django.db import transaction
from django.db.models import Q

from core.audit import services as audit
from core.notices import services as notices
from core.people.types import Actor
from listings.models import ImportBatch
from listings.models.choices import BatchState
from listings.rules import imports as rules

log = logging.getLogger(__name__)

LEASE: Final = timedelta(seconds=60)
READING: Final = timedelta(minutes=3)  # a large workbook is silent until its first row
AGAIN_IN: Final = timedelta(seconds=20)
OURS: Final = (
    "处理时系统出了故障，没有全部完成；已经完成的部分有效，不会重复。"
    "请点“再试”从停下的地方继续；仍不行请联系平台管理员，并告知导入编号 {pk}。"
)

Clock = Callable[[], datetime]


class Stopped(Exception):
    """The batch is no longer this worker's: somebody stopped it, or another one took it up."""


@dataclass(frozen=True)
class Shift:
    """One worker's time on one batch."""

    batch_id: int
    token: str
    state: str
    clock: Clock

    def hold(self) -> ImportBatch:
        """The batch, locked, in the caller's transaction; Stopped if it is not ours any more."""
        batch = ImportBatch.objects.select_for_update().get(pk=self.batch_id)
        if batch.lease != self.token or batch.state != self.state:
            raise Stopped
        return batch

    def note(self, batch: ImportBatch, *names: str) -> None:
        """A portion is done: renew the lease with it, and forget earlier failures."""
        batch.leased_until, batch.tries = self.clock() + LEASE, 0
        batch.save(update_fields=["leased_until", "tries", *names])

    def end(self, batch: ImportBatch, *names: str) -> None:
        """The work is done: the batch is nobody's any more."""
        batch.lease, batch.leased_until, batch.tries = "", None, 0
        batch.save(update_fields=["lease", "leased_until", "tries", *names])


def take_up(*, batch_id: int, clock: Clock) -> Shift | None:
    """Claim a batch that waits for work; None if there is nothing to do or another has it."""
    with transaction.atomic():
        batch = ImportBatch.objects.select_for_update().filter(pk=batch_id).first()
        if batch is None or batch.state not in rules.WORKING:
            return None
        if batch.lease and batch.leased_until and batch.leased_until > clock():
            return None
        if batch.tries >= rules.CRASHES:
            fail(batch, OURS.format(pk=batch.pk), at=clock())
            return None
        batch.lease, batch.tries = uuid.uuid4().hex, batch.tries + 1
        batch.leased_until = clock() + READING
        batch.save(update_fields=["lease", "leased_until", "tries"])
        return Shift(batch.pk, batch.lease, batch.state, clock)


def put_down(shift: Shift, *, failed: bool = False, at_once: bool = False) -> None:
    """Give the batch back; after a failure a little later, or, when somebody waits, failed."""
    now = shift.clock()
    with transaction.atomic():
        batch = ImportBatch.objects.select_for_update().get(pk=shift.batch_id)
        if batch.lease != shift.token:
            return
        if failed and batch.state in rules.WORKING and (at_once or batch.tries >= rules.CRASHES):
            fail(batch, OURS.format(pk=batch.pk), at=now)
            return
        batch.lease = "after-failure" if failed else ""
        batch.leased_until = now + AGAIN_IN if failed else None
        batch.save(update_fields=["lease", "leased_until"])


def fail(batch: ImportBatch, problem: str, *, at: datetime) -> None:
    """A locked batch cannot go on: say why, to the page and to whoever waits."""
    batch.was, batch.state = batch.state, rules.after(batch.state, "fail")
    batch.problem, batch.lease, batch.leased_until, batch.tries = problem[:500], "", None, 0
    batch.save(update_fields=["state", "was", "problem", "lease", "leased_until", "tries"])
    audit.record(
        "import.failed", subject=batch, by=Actor.system(), at=at, changes={"was": batch.was}
    )
    tell(batch, "导入没有完成", batch.problem, now=at)


def tell(batch: ImportBatch, title: str, body: str, *, now: datetime) -> None:
    """Ring the bell of whoever asked for the import."""
    user_id = batch.about.get("actor", {}).get("user_id")
    if user_id:
        notices.notify(
            users=[user_id],
            kind="import.finished",
            key=f"import:{batch.pk}:{batch.state}:{now.isoformat()}",
            title=f"{title}：{batch.filename[:60]}",
            body=body,
            url=f"/library/imports/{batch.pk}/",
            now=now,
        )


def nudge(batch_id: int) -> None:
    """Wake a worker after the commit; a lost nudge is found by the sweep."""
    transaction.on_commit(
        lambda: current_app.send_task(
            "listings.work_on_import", kwargs={"batch_id": batch_id}, retry=False
        ),
        robust=True,
    )


def stuck_batches(*, now: datetime) -> list[int]:
    """Batches that wait with nobody at them: their nudge was lost, or their worker died."""
    return list(
        ImportBatch.objects.filter(
            Q(leased_until__isnull=True) | Q(leased_until__lt=now),
            state__in=sorted(rules.WORKING),
        )
        .order_by("pk")
        .values_list("pk", flat=True)
    )


def is_ours(batch: ImportBatch) -> bool:
    """Whether a failed batch may simply be tried again."""
    return batch.state == BatchState.FAILED and not batch.about.get("refused")
