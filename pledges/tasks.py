"""The room's clock: what runs by itself."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from pledges import services


@shared_task(name="pledges.daily", acks_late=True, ignore_result=True)
def daily() -> None:
    """Ring maturity alarms. Running it twice changes nothing."""
    services.remind_of_maturity(now=timezone.now())
