"""What this room hears from below."""

from __future__ import annotations

from datetime import datetime

from core.days import legal_day
from core.outbox.registry import Event, consumer
from licensing import services


@consumer("patent.lapsed", "patent.restored", name="licensing.follow_register")
def follow_register(event: Event, *, now: datetime) -> None:
    """Mark, or unmark, the licences and offers that rest on this patent."""
    services.follow_register(
        patent_id=int(event.payload["patent_id"]), on=legal_day(event.occurred_at), now=now
    )
