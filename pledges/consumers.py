"""What this room hears from below."""

from __future__ import annotations

from datetime import datetime

from core.days import legal_day
from core.outbox.registry import Event, consumer
from pledges import services


@consumer("patent.lapsed", name="pledges.follow_register")
def follow_register(event: Event, *, now: datetime) -> None:
    """Tell the parties of pledges on a patent that is no longer in force."""
    services.follow_register(
        patent_id=int(event.payload["patent_id"]),
        on=legal_day(event.occurred_at),
        now=now,
    )
