"""Reading the events in the order in which they were committed."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from core.outbox.models import OutboxEvent


@dataclass(frozen=True, slots=True)
class FeedEvent:
    """One event at its place in the feed."""

    sequence: int
    id: str
    name: str
    payload: dict[str, Any]
    occurred_at: datetime


def feed(*, names: Collection[str], since: int, limit: int) -> list[FeedEvent]:
    """Events of these names after place `since`, in order, at most `limit`."""
    rows = OutboxEvent.objects.filter(name__in=names, sequence__gt=since).order_by("sequence")
    return [
        FeedEvent(row.sequence or 0, str(row.pk), row.name, row.payload, row.occurred_at)
        for row in rows[:limit]
    ]


def event(event_id: str) -> FeedEvent:
    """One event; OutboxEvent.DoesNotExist when there is none."""
    row = OutboxEvent.objects.get(pk=event_id)
    return FeedEvent(row.sequence or 0, str(row.pk), row.name, row.payload, row.occurred_at)
