"""Forgetting what nobody confirmed."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from core.joining import services


@shared_task(name="core.forget_unconfirmed", ignore_result=True)
def forget_unconfirmed() -> None:
    """Drop applications whose address was not confirmed in time."""
    services.forget_unconfirmed(now=timezone.now())
