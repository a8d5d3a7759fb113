"""What this room does by the clock: terms that run out, patents whose index lost its nudge,
imports that stopped half-way."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from listings import services
from listings.services import importing, scoring


@shared_task(name="listings.refresh_standing", acks_late=True, ignore_result=True)
def refresh_standing() -> None:
    """Fold anew whatever the calendar alone has changed."""
    while services.refresh_standing(now=timezone.now()):
        pass


@shared_task(name="listings.index_stale", acks_late=True, ignore_result=True)
def index_stale() -> None:
    """Index whatever is out of date."""
    while services.index_stale(now=timezone.now()):
        pass


@shared_task(
    name="listings.work_on_import", acks_late=True, reject_on_worker_lost=True, ignore_result=True
)
def work_on_import(*, batch_id: int) -> None:
    """Judge or carry out a large import, from where it stands."""
    importing.work_on(batch_id=batch_id, now=timezone.now())


@shared_task(name="listings.resume_imports", acks_late=True, ignore_result=True)
def resume_imports() -> None:
    """The sweep: imports whose nudge was lost or whose worker died."""
    for batch_id in importing.stuck_batches(now=timezone.now()):
        work_on_import.delay(batch_id=batch_id)  # one that keeps failing must not stop the others


@shared_task(name="listings.score_due", acks_late=True, ignore_result=True)
def score_due() -> None:
    """Score what was marked, or has come of age, portion by portion."""
    now = timezone.now()
    scoring.apply_rules(now=now)
    while scoring.score_due(now=now):
        pass
