"""What happened that exchanges hear."""

from __future__ import annotations

from datetime import datetime

from core.outbox.registry import Event, consumer
from interchange import rules, services


@consumer(*rules.HEARD, name="interchange.owe_webhooks")
def owe_webhooks(event: Event, *, now: datetime) -> None:
    """Owe the event to every endpoint that hears it."""
    services.owe(event, now=now)
