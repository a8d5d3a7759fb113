"""What a firm and its people let the platform gather, for them to see."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from core.people.types import Actor
from listings import selectors as listings
from matching.models import DemandProfile, ReadingConsent, ReadingTrace


@dataclass(frozen=True, slots=True)
class Reading:
    """One patent that this person opened."""

    id: int
    patent_id: int
    title: str
    times: int
    last_at: datetime


def demand_profile(*, viewer: Actor) -> DemandProfile | None:
    """The profile of the viewer's own organisation, if it consented to one."""
    rows = DemandProfile.objects.filter(organisation_id=viewer.organisation_id or 0)
    return rows.select_related("subscription").first()


def reading_consent(*, viewer: Actor) -> ReadingConsent | None:
    """Whether this person lets their readings count, for the organisation acted for."""
    return ReadingConsent.objects.filter(
        user_id=viewer.user_id or 0, profile__organisation_id=viewer.organisation_id or 0
    ).first()


def readings(*, viewer: Actor) -> list[Reading]:
    """All that was kept of this person's readings, latest first; nobody else's."""
    found = reading_consent(viewer=viewer)
    if found is None:
        return []
    rows = list(ReadingTrace.objects.filter(consent=found).order_by("-last_at", "-pk"))
    cards = listings.cards([row.patent_id for row in rows], viewer=viewer)
    return [
        Reading(
            id=row.pk,
            patent_id=row.patent_id,
            title=cards[row.patent_id].title if row.patent_id in cards else "（已下架的专利）",
            times=row.times,
            last_at=row.last_at,
        )
        for row in rows
    ]
