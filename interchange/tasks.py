"""Pushing deliveries: nudged after commit, swept every few seconds."""

from __future__ import annotations

from celery import shared_task
from django.conf import settings
from django.utils import timezone

from interchange import services
from interchange.exchanges.webhooks import HttpSender


@shared_task(
    name="interchange.push_deliveries",
    acks_late=True,
    reject_on_worker_lost=True,
    ignore_result=True,
)
def push_deliveries() -> None:
    """Push what is due, one row at a time."""
    sender = HttpSender(loopback=settings.WEBHOOKS_LOOPBACK)
    for delivery_id in services.due(now=timezone.now()):
        services.push_delivery(delivery_id=delivery_id, sender=sender, now=timezone.now())
