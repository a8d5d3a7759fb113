"""What oversight counts, and the rows behind each count.

The region of a need is its firm's, that of a lead or a push the patent holder's.
"""

from __future__ import annotations

from datetime import datetime

from django.db.models import Count, Q, QuerySet

from matching.models import Evaluation, Lead, Need, Push
from matching.models.leads import MOMENTS
from matching.rules import needs as rules
from matching.types import Figures, LeadFact, NeedFact


def _needs(region_prefix: str, since: datetime | None, until: datetime | None) -> QuerySet[Need]:
    rows = Need.objects.published().filter(region__startswith=region_prefix)
    if since is not None:
        rows = rows.filter(opened_at__gte=since)
    return rows if until is None else rows.filter(opened_at__lt=until)


def need_count(
    region_prefix: str, *, since: datetime | None = None, until: datetime | None = None
) -> int:
    """How many needs of a region were opened."""
    return _needs(region_prefix, since, until).count()


def need_rows(
    region_prefix: str, *, since: datetime | None = None, until: datetime | None = None
) -> list[NeedFact]:
    """Those needs. A title is told only where the need is public."""
    return [
        NeedFact(
            id=row.pk,
            title=row.title if row.visibility == "public" and not _hides(row, "title") else "",
            organisation_id=None if row.is_confidential else row.organisation_id,
            region=row.region,
            status=row.status,
            visibility=row.visibility,
            opened_at=row.opened_at,
        )
        for row in _needs(region_prefix, since, until).order_by("-opened_at", "-pk")
    ]


def _hides(need: Need, name: str) -> bool:
    hidden = rules.withheld(is_confidential=need.is_confidential, released=need.released)
    return name in hidden


def need_endings(
    region_prefix: str, *, since: datetime | None = None, until: datetime | None = None
) -> dict[str, int]:
    """How a region's needs ended in a period, counted by `Ending`; "" where nobody said."""
    rows = Need.objects.filter(region__startswith=region_prefix, ended_at__isnull=False)
    if since is not None:
        rows = rows.filter(ended_at__gte=since)
    if until is not None:
        rows = rows.filter(ended_at__lt=until)
    return dict(rows.order_by().values_list("ending").annotate(n=Count("pk")))


def _leads(
    region_prefix: str, moment: str, since: datetime | None, until: datetime | None
) -> QuerySet[Lead]:
    column = "created_at" if moment == "created" else f"{moment}_at"
    if moment != "created" and moment not in MOMENTS:
        raise ValueError(f"{moment} is not a moment of a lead.")
    rows = Lead.objects.filter(region__startswith=region_prefix, **{f"{column}__isnull": False})
    if since is not None:
        rows = rows.filter(**{f"{column}__gte": since})
    return rows if until is None else rows.filter(**{f"{column}__lt": until})


def lead_count(
    region_prefix: str,
    *,
    moment: str = "created",
    since: datetime | None = None,
    until: datetime | None = None,
) -> int:
    """How many leads with a region's patents reached a moment: created, pushed, viewed, rated …"""
    return _leads(region_prefix, moment, since, until).count()


def leads(
    region_prefix: str,
    *,
    moment: str = "created",
    since: datetime | None = None,
    until: datetime | None = None,
    after: int = 0,
    limit: int = 50,
) -> list[LeadFact]:
    """A page of those leads, newest first, after the first `after` rows."""
    rows = _leads(region_prefix, moment, since, until).order_by("-pk")[after : after + limit]
    return [
        LeadFact(
            id=row.pk,
            organisation_id=row.organisation_id,
            patent_id=row.patent_id,
            region=row.region,
            pushed_at=row.pushed_at,
            viewed_at=row.viewed_at,
            rated_at=row.rated_at,
            contacted_at=row.contacted_at,
            deal_at=row.deal_at,
        )
        for row in rows
    ]


def lead_regions(
    region_prefix: str,
    *,
    moment: str = "created",
    since: datetime | None = None,
    until: datetime | None = None,
) -> dict[str, int]:
    """The same count by full region code, in one query."""
    rows = _leads(region_prefix, moment, since, until).order_by().values("region")
    return dict(rows.annotate(n=Count("pk")).values_list("region", "n"))


def push_count(
    region_prefix: str, *, since: datetime | None = None, until: datetime | None = None
) -> int:
    """How many pushes told somebody of a region's patents."""
    rows = Push.objects.filter(lead__region__startswith=region_prefix)
    if since is not None:
        rows = rows.filter(pushed_at__gte=since)
    return (rows if until is None else rows.filter(pushed_at__lt=until)).count()


def figures(region_prefix: str) -> Figures:
    """The funnel of a region in one look."""
    told = Lead.objects.filter(region__startswith=region_prefix).aggregate(
        leads=Count("pk"),
        **{m: Count("pk", filter=Q(**{f"{m}_at__isnull": False})) for m in MOMENTS},
    )
    interested = Evaluation.objects.filter(
        lead__region__startswith=region_prefix, interested=True
    ).count()
    return Figures(
        needs=need_count(region_prefix),
        leads=told["leads"],
        pushes=push_count(region_prefix),
        viewed=told["viewed"],
        rated=told["rated"],
        interested=interested,
        contacted=told["contacted"],
        deals=told["deal"],
    )
