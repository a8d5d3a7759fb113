"""What the bureau finds on its home page."""

from __future__ import annotations

from datetime import datetime

from django.urls import reverse
from django.utils import timezone

from core.people.types import Actor, Role
from core.web.home import Part, Tile, contribute
from oversight import rules, selectors


@contribute("oversight", order=10)
def numbers(actor: Actor, now: datetime) -> Part:
    """The five numbers of the actor's region, for the year so far."""
    if not actor.has(Role.BUREAU, Role.AUDITOR, Role.SYSADMIN):
        return Part()
    page = selectors.dashboard(
        viewer=actor,
        prefix=selectors.scope(actor),
        period=rules.Period.year_to(timezone.localdate(now)),
    )
    return Part(
        tiles=tuple(
            Tile(
                f.metric.label,
                f"{f.count:,}",
                reverse("oversight:metric", args=[f.metric.code]),
                unit=f.metric.unit,
            )
            for f in page.figures
        )
    )
