"""What the guard does by the clock."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from core.guard import services


@shared_task(name="core.forget_policy_reports", ignore_result=True)
def forget_policy_reports() -> None:
    """Drop what no browser has said for thirty days."""
    services.forget_old_reports(now=timezone.now())
