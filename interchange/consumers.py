"""What happened that exchanges hear."""

from __future__ import annotations

from datetime import datetime

from core.outbox.registry import Event, consumer
from interchange import rules, services


@consumer(*rules.HEARD, name="interchange.owe_webhooks")
def owe_webhooks(event: Event, *, now: datetime) -> None:
    """Owe the event to every endpoint that hears it."""
    services.owe(event, now=now)


@consumer("personal.erased", name=services.FORGET)
def forget(event: Event, *, now: datetime) -> None:
    """Somebody asked to be forgotten: names leave the labels of keys."""
    services.forget(erasure_id=int(event.payload["erasure_id"]))
