"""What this room hears from below."""

from __future__ import annotations

from datetime import date, datetime

from core.days import legal_day
from core.outbox.registry import Event, consumer
from licensing import services


@consumer("patent.lapsed", "patent.restored", name="licensing.follow_register")
def follow_register(event: Event, *, now: datetime) -> None:
    """Mark, or unmark, the licences and offers that rest on this patent."""
    services.follow_register(
        patent_id=int(event.payload["patent_id"]),
        on=legal_day(event.occurred_at),
        turn=event.id,
        now=now,
    )


@consumer("patent.freed", name="licensing.end_by_register")
def end_by_register(event: Event, *, now: datetime) -> None:
    """The gazette cancelled a licence's filing, or an open declaration."""
    sort, _colon, number = str(event.payload["reference"]).partition(":")
    if event.payload["source"] != "licensing" or not number.isdigit():
        return
    ended_on = event.payload["ended_on"] or legal_day(event.occurred_at).isoformat()
    services.end_by_register(sort, int(number), ended_on=date.fromisoformat(ended_on), now=now)
