"""What this room hears from below."""

from __future__ import annotations

from datetime import date, datetime

from core.days import legal_day
from core.outbox.registry import Event, consumer
from pledges import services


@consumer("patent.lapsed", "patent.restored", name="pledges.follow_register")
def follow_register(event: Event, *, now: datetime) -> None:
    """Tell the parties of pledges on a patent that is no longer in force, or is again."""
    services.follow_register(
        patent_id=int(event.payload["patent_id"]), turn=event.id, event=event.name, now=now
    )


@consumer("patent.freed", name="pledges.end_by_register")
def end_by_register(event: Event, *, now: datetime) -> None:
    """The gazette cancelled the registration of a pledge that was recorded here."""
    sort, _colon, number = str(event.payload["reference"]).partition(":")
    if event.payload["source"] != "pledges" or sort != "pledge" or not number.isdigit():
        return
    ended_on = event.payload["ended_on"] or legal_day(event.occurred_at).isoformat()
    services.end_by_register(int(number), ended_on=date.fromisoformat(ended_on), now=now)
