"""What may be asked about postings of agreed prices."""

from __future__ import annotations

from datetime import datetime

from core.days import legal_day
from core.errors import Missing
from core.people import selectors as people
from core.people.types import Actor
from listings.models import Objection, Posting
from listings.models.choices import Route
from listings.models.postings import PostingQuerySet, PostingStatus, Scope
from listings.rules import postings as rules

NOT_FOUND = "没有找到这项公示，可能只对本单位成员公开，或已被撤下。"
SCOPES = [(s.value, str(s.label)) for s in Scope]
ROUTES = [(r.value, str(Route(r.value).label)) for r in rules.ROUTES]


def with_parts(rows: PostingQuerySet) -> PostingQuerySet:
    return rows.select_related("patent", "organisation").defer(
        "patent__embedding", "patent__search"
    )


def postings(*, viewer: Actor, current: bool = True) -> PostingQuerySet:
    """Posted ones that this viewer may see: those still running, or those that have ended."""
    rows = Posting.objects.visible_to(viewer).filter(posted_at__isnull=False)
    if current:
        return with_parts(rows.filter(status=PostingStatus.POSTED)).order_by("ends_on", "pk")
    return with_parts(rows.exclude(status=PostingStatus.POSTED)).order_by("-ended_at", "-pk")


def none() -> PostingQuerySet:
    """No rows: what a view without a viewer shows."""
    return Posting.objects.none()


def postings_of_holder(*, viewer: Actor) -> PostingQuerySet:
    """All postings of the organisations the viewer acts for, drafts too."""
    rows = Posting.objects.filter(organisation_id__in=viewer.acts_for)
    return with_parts(rows).order_by("-pk")


def posting(posting_id: int, *, viewer: Actor) -> Posting:
    """One posting as this viewer may see it, or Missing."""
    row = with_parts(Posting.objects.visible_to(viewer)).filter(pk=posting_id).first()
    if row is None:
        raise Missing(NOT_FOUND)
    return row


def objection(objection_id: int, *, of: Posting) -> Objection:
    """One objection to this posting, or Missing."""
    row = of.objections.filter(pk=objection_id).first()
    if row is None:
        raise Missing("这项公示没有这条异议。")
    return row


def live_postings_of(patent_id: int, *, viewer: Actor) -> list[Posting]:
    """The postings of a patent that run now."""
    rows = Posting.objects.visible_to(viewer).filter(patent_id=patent_id)
    return list(rows.filter(status=PostingStatus.POSTED))


def posting_days(region: str) -> int:
    """How many days an agreed price must be posted in this region."""
    return int(people.region_setting("posting.days", region, default=rules.POSTING_DAYS))


def due_ids(*, now: datetime, limit: int = 200) -> list[int]:
    """Postings whose last day has passed."""
    rows = Posting.objects.filter(status=PostingStatus.POSTED, ends_on__lt=legal_day(now))
    return list(rows.order_by("ends_on").values_list("pk", flat=True)[:limit])


def said(row: Posting) -> dict[str, str]:
    """Everything that was posted: what the certificate's digest is over."""
    return {
        "number": certificate_number(row),
        "patent": row.patent.number or "",
        "title": row.patent.title,
        "holder": row.organisation.name,
        "route": row.route,
        "counterparty": row.counterparty,
        "price": str(row.price),
        "price_note": row.price_note,
        "summary": row.summary,
        "starts_on": row.starts_on.isoformat() if row.starts_on else "",
        "ends_on": row.ends_on.isoformat() if row.ends_on else "",
    }


def certificate_number(row: Posting) -> str:
    """GS, the year of posting, and the running number."""
    return f"GS{row.starts_on.year if row.starts_on else 0}{row.pk:08d}"
