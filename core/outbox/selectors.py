"""Reading the events in the order in which they were committed."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Q

from core.outbox.models import OutboxDelivery, OutboxEvent

LATE = timedelta(minutes=10)


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


@dataclass(frozen=True, slots=True)
class Backlog:
    """Deliveries that are not done: how many wait, of these for longer than LATE, and given up."""

    due: int
    late: int
    dead: int


def backlog(*, now: datetime) -> Backlog:
    """What the relay has before it. The sample dates its events back, so writing counts."""
    before = now - LATE
    alive = Q(dead_at__isnull=True, due_at__lte=now)
    late = alive & Q(due_at__lt=before, event__written_at__lt=before)
    counted = OutboxDelivery.objects.filter(done_at__isnull=True).aggregate(
        due=Count("pk", filter=alive),
        late=Count("pk", filter=late),
        dead=Count("pk", filter=Q(dead_at__isnull=False)),
    )
    return Backlog(**counted)
