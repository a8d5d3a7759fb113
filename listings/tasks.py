"""What this room does by the clock: terms that run out, patents whose index lost its nudge."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from listings import services


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
