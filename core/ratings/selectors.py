"""Questions about ratings: what may be rated, what was said, what waits for an answer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Count, Q

from core.errors import Missing
from core.people.types import Actor
from core.ratings import rules
from core.ratings.models import RatingQuerySet, ServiceRating

WAITING = Q(due_on__isnull=False, answered_at__isnull=True)
RECEIVED: dict[str, Q] = {
    "due": WAITING,
    "low": Q(grade__lte=rules.LOW),
    "answered": Q(answered_at__isnull=False),
}


@dataclass(frozen=True, slots=True)
class ServiceSummary:
    """How one service was rated."""

    service: str
    label: str
    number: int
    average: float | None
    satisfied: float | None
    low: int
    waiting: int
    late: int


def rating(rating_id: int, *, viewer: Actor) -> ServiceRating:
    """One that the viewer may see, or Missing."""
    rows = ServiceRating.objects.visible_to(viewer).select_related("organisation", "provider")
    row = rows.filter(pk=rating_id).first()
    if row is None:
        raise Missing("没有找到这条服务评价，或您无权查看。")
    return row


def given(*, viewer: Actor, now: datetime, state: str = "") -> RatingQuerySet:
    """What the viewer's organisations may rate (waiting), or rated; the newest first."""
    rows = ServiceRating.objects.given_by(viewer).select_related("provider")
    if state == "waiting":
        rows = rows.filter(rated_at__isnull=True, finished_at__gte=_open_since(now))
    elif state == "rated":
        rows = rows.filter(rated_at__isnull=False)
    return rows.order_by("-finished_at", "-pk")


def received(*, viewer: Actor, state: str = "", service: str = "") -> RatingQuerySet:
    """What was said of the viewer's services; what waits for an answer the most urgent first."""
    rows = ServiceRating.objects.received_by(viewer).select_related("organisation", "provider")
    if state in RECEIVED:
        rows = rows.filter(RECEIVED[state])
    if service:
        rows = rows.filter(service=service)
    order = ("due_on", "pk") if state == "due" else ("-rated_at", "-pk")
    return rows.order_by(*order)


def summary(*, viewer: Actor, today: date) -> list[ServiceSummary]:
    """Each service's ratings that the viewer received, in one query; those without any left out."""
    rows = (
        ServiceRating.objects.received_by(viewer)
        .values("service")
        .annotate(
            **{f"g{grade}": Count("pk", filter=Q(grade=grade)) for grade in rules.GRADES},
            waiting=Count("pk", filter=WAITING),
            late=Count("pk", filter=WAITING & Q(due_on__lt=today)),
        )
        .order_by("service")
    )
    found = []
    for row in rows:
        told: dict[str, Any] = dict(row)
        counts = {grade: int(told[f"g{grade}"]) for grade in rules.GRADES}
        found.append(
            ServiceSummary(
                service=row["service"],
                label=rules.SERVICES[row["service"]],
                number=sum(counts.values()),
                average=rules.average(counts),
                satisfied=rules.satisfied(counts),
                low=sum(n for grade, n in counts.items() if rules.is_low(grade)),
                waiting=row["waiting"],
                late=row["late"],
            )
        )
    return found


def to_rate(*, viewer: Actor, now: datetime) -> tuple[int, datetime | None]:
    """How many services wait for the viewer's word, and since when the oldest."""
    rows = given(viewer=viewer, now=now, state="waiting")
    oldest = rows.order_by("finished_at").values_list("finished_at", flat=True).first()
    return (rows.count(), oldest) if oldest else (0, None)


def to_answer(*, viewer: Actor) -> tuple[int, datetime | None]:
    """How many low ratings wait for the viewer's answer, and since when the oldest."""
    rows = received(viewer=viewer, state="due")
    oldest = rows.order_by("rated_at").values_list("rated_at", flat=True).first()
    return (rows.count(), oldest) if oldest else (0, None)


def _open_since(now: datetime) -> datetime:
    return now - timedelta(days=rules.OPEN_DAYS)
