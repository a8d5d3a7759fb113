"""Copies are kept for days, not longer."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from core.privacy import services


@shared_task(name="core.forget_copies", ignore_result=True)
def forget_copies() -> None:
    """Delete copies whose days are over, and what was kept to find a forgotten person by."""
    services.forget_copies(now=timezone.now())
    services.forget_known(now=timezone.now())
