"""New events of locked patents, stored and acted upon together."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from core.audit import services as audit
from core.people.types import Actor
from listings.models import LegalEvent, Patent
from listings.services.register import holding
from listings.services.register.folding import settle_many


def take_effect(events: Sequence[LegalEvent], *, by: Actor, now: datetime) -> None:
    """Store new events of locked patents and let all of them take effect at once."""
    patents = list({event.patent_id: event.patent for event in events}.values())
    LegalEvent.objects.bulk_create(events)
    audit.record_many("patent.event_recorded", subjects=patents, by=by, at=now)
    holding.remember(patents, events)
    settle_many(sorted(patents, key=_by_id), by=by, now=now)


def _by_id(patent: Patent) -> int:
    return patent.pk
