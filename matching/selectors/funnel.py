"""How far pushes went: sent, opened, rated, interested, contacted, licensed.

What counts is a lead pushed in the period and what came after its push. A bureau sees the patents
of its region, an office its own with small crowds blurred, administrators and auditors all.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, F, Q, QuerySet
from django.db.models.functions import TruncWeek

from core.people.types import Actor, Role
from listings import selectors as listings
from listings.types import PatentCard
from matching.models import Lead, Push
from matching.rules.funnel import blurred
from matching.types import FUNNEL_STAGES, Funnel

STAGES: dict[str, Q] = {
    "sent": Q(pushed_at__isnull=False),
    "opened": Q(viewed_at__gte=F("pushed_at")),
    "rated": Q(rated_at__gte=F("pushed_at")),
    "interested": Q(rated_at__gte=F("pushed_at"), evaluation__interested=True),
    "contacted": Q(contacted_at__gte=F("pushed_at")),
    "licensed": Q(deal_at__gte=F("pushed_at")),
}
COUNTS = {name: Count("pk", filter=condition) for name, condition in STAGES.items()}


@dataclass(frozen=True, slots=True)
class PatentFunnel:
    """How far the pushes of one patent went."""

    patent_id: int
    patent: PatentCard | None
    funnel: Funnel


@dataclass(frozen=True, slots=True)
class WeekFunnel:
    """How far the pushes of one week went."""

    week: datetime
    funnel: Funnel


def pushed(*, viewer: Actor, since: datetime, until: datetime) -> QuerySet[Lead]:
    """The pushed leads that the viewer may count."""
    rows = Lead.objects.filter(pushed_at__gte=since, pushed_at__lt=until)
    if viewer.is_system or viewer.has(Role.AUDITOR, Role.SYSADMIN):
        return rows
    if viewer.has(Role.BUREAU):
        return rows.filter(region__startswith=viewer.region)
    return rows.filter(supplier_id__in=viewer.acts_for)


def funnel(*, viewer: Actor, since: datetime, until: datetime) -> Funnel:
    """The whole period in one row."""
    counts = pushed(viewer=viewer, since=since, until=until).aggregate(**COUNTS)
    return _shown(counts, viewer)


def by_week(*, viewer: Actor, since: datetime, until: datetime) -> list[WeekFunnel]:
    """The same week by week, the newest first; weeks without a push are left out."""
    rows: Any = (  # the counts are named at run time
        pushed(viewer=viewer, since=since, until=until)
        .annotate(week=TruncWeek("pushed_at"))
        .order_by()
        .values("week")
        .annotate(**COUNTS)
        .order_by("-week")
    )
    return [WeekFunnel(row["week"], _shown(row, viewer)) for row in rows]


def by_patent(*, viewer: Actor, since: datetime, until: datetime) -> Any:
    """The same patent by patent, the most pushed first: a queryset of rows for `patent_rows`."""
    rows: Any = pushed(viewer=viewer, since=since, until=until).order_by().values("patent_id")
    return rows.annotate(**COUNTS).order_by("-sent", "patent_id")


def patent_rows(rows: list[dict[str, Any]], *, viewer: Actor) -> list[PatentFunnel]:
    """Those rows with their patents, in the same order."""
    cards = listings.cards([row["patent_id"] for row in rows], viewer=viewer)
    return [
        PatentFunnel(row["patent_id"], cards.get(row["patent_id"]), _shown(row, viewer))
        for row in rows
    ]


def by_channel(*, viewer: Actor, since: datetime, until: datetime) -> list[tuple[str, int]]:
    """How many messages each channel brought, for those who look after the platform."""
    leads = pushed(viewer=viewer, since=since, until=until)
    rows = (
        Push.objects.filter(lead__in=leads, deliveries__done_at__isnull=False)
        .order_by()
        .values_list("deliveries__channel")
        .annotate(n=Count("deliveries__pk"))
    )
    return sorted(rows)


def oversees(viewer: Actor) -> bool:
    """Whether the viewer sees exact counts: who looks after the platform or a region."""
    return viewer.is_system or viewer.has(Role.BUREAU, Role.AUDITOR, Role.SYSADMIN)


def _shown(counts: dict[str, Any], viewer: Actor) -> Funnel:
    exact = Funnel(**{name: counts[name] for name in FUNNEL_STAGES})
    return exact if oversees(viewer) else blurred(exact)
