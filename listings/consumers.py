"""What this room does when it hears of something."""

from __future__ import annotations

from datetime import datetime

from core.outbox.registry import Event, consumer
from core.people.types import Actor
from listings.services import index_patents, take_rating


@consumer("patent.imported", "patent.changed", "patent.listed", name="listings.index_patent")
def index_patent(event: Event, *, now: datetime) -> None:
    """Search and matching see the patent as it is now; a second telling finds nothing stale."""
    index_patents(patent_ids=[int(event.payload["patent_id"])], now=now)


@consumer("match.rated", name="listings.move_layer")
def hear_rating(event: Event, *, now: datetime) -> None:
    """A firm's rating moves the patent's layer."""
    take_rating(
        patent_id=int(event.payload["patent_id"]),
        organisation_id=int(event.payload["organisation_id"]),
        prospect=int(event.payload["prospect"]),
        interested=bool(event.payload.get("interested")),
        rated_at=event.occurred_at,
        by=Actor.system(),
        now=now,
    )
