"""Offering a rating, giving it, answering it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from django.db import transaction

from core.audit import services as audit
from core.days import legal_day
from core.errors import Conflict, Invalid, Missing
from core.notices import services as notices
from core.outbox import services as outbox
from core.people import selectors as people
from core.people.types import Actor, Role
from core.permissions import Permission, require
from core.ratings import rules
from core.ratings.models import RatingQuerySet, ServiceRating

SYSTEM = Actor.system()


@transaction.atomic
def offer_rating(
    *,
    service: str,
    reference: str,
    title: str,
    url: str,
    organisation_id: int,
    now: datetime,
    provider_id: int | None = None,
    region: str | None = None,
) -> ServiceRating | None:
    """Let an organisation rate a service that it was given; None where it was offered before.

    Who served is another organisation, or the bureau of `region` (the organisation's own where
    none is named).
    """
    if provider_id == organisation_id:
        return None
    rater = people.organisation(organisation_id)
    row, fresh = ServiceRating.objects.get_or_create(
        service=service,
        reference=reference,
        organisation_id=organisation_id,
        defaults={
            "title": title[:200],
            "url": url,
            "provider_id": provider_id,
            "region": rater.region if region is None else region,
            "is_sample": rater.is_sample,
            "finished_at": now,
        },
    )
    if not fresh:
        return None
    audit.record("rating.invited", subject=row, by=SYSTEM, at=now)
    return row


@transaction.atomic
def rate_service(
    *,
    rating_id: int,
    grade: int,
    reasons: Sequence[str] = (),
    words: str = "",
    by: Actor,
    now: datetime,
) -> ServiceRating:
    """Rate it, once; a low grade obliges whoever served to answer within a term."""
    row = _locked(ServiceRating.objects.given_by(by), rating_id)
    require(by, Permission.RATE_SERVICE, on=row)
    if row.rated_at is not None:
        raise Conflict("这次服务已经评价过，每次服务只能评价一次。", code="rated")
    if row.finished_at < now - timedelta(days=rules.OPEN_DAYS):
        raise Conflict(
            f"办结已超过 {rules.OPEN_DAYS} 天，不能再评价。有意见请按办事指南上的方式投诉。",
            code="too-late",
        )
    if found := rules.problems(grade, reasons, words):
        raise Invalid(fields=found)
    days = int(people.region_setting("rating.answer_days", row.region, default=rules.ANSWER_DAYS))
    row.grade, row.reasons, row.words = grade, sorted(set(reasons)), words.strip()
    row.rated_at, row.rated_by = now, by.key
    row.due_on = rules.due_on(grade, legal_day(now), days=days)
    row.save()
    audit.record("rating.rated", subject=row, by=by, at=now, changes={"grade": grade})
    outbox.emit("service.rated", subject=row, by=by, at=now, payload=_facts(row))
    if row.is_low:
        _tell(
            _answerers(row),
            row,
            title=f"服务评价：{rules.GRADES[grade]}，请在 {row.due_on:%Y-%m-%d} 前答复",
            key="low",
            now=now,
        )
    return row


@transaction.atomic
def answer_rating(*, rating_id: int, answer: str, by: Actor, now: datetime) -> ServiceRating:
    """Say to a low rating what was found and what is done; once."""
    row = _locked(ServiceRating.objects.received_by(by), rating_id)
    require(by, Permission.ANSWER_RATING, on=row.answering_side())
    if not row.is_low:
        raise Conflict("这条评价不需要答复，只有不满意的评价才答复。", code="not-low")
    if row.answered_at is not None:
        raise Conflict("这条评价已经答复过。", code="answered")
    text = answer.strip()
    if not text or len(text) > rules.LONGEST:
        raise Invalid(
            fields={"answer": [f"请写明核实的情况和改进的办法，最多 {rules.LONGEST} 字。"]}
        )
    row.answer, row.answered_at, row.answered_by = text, now, by.key
    row.save(update_fields=["answer", "answered_at", "answered_by"])
    audit.record("rating.replied", subject=row, by=by, at=now)
    outbox.emit("service.rating_answered", subject=row, by=by, at=now, payload=_facts(row))
    _tell(
        people.members(row.organisation_id),
        row,
        title="您的服务评价有了答复",
        key="answer",
        now=now,
    )
    return row


def _locked(rows: RatingQuerySet, pk: int) -> ServiceRating:
    row = rows.select_for_update(of=("self",)).filter(pk=pk).first()
    if row is None:
        raise Missing("没有找到这条服务评价，或您无权查看。")
    return row


def _answerers(row: ServiceRating) -> list[int]:
    if row.provider_id is not None:
        return people.members(row.provider_id, Role.OFFICE, Role.BROKER, Role.ENTERPRISE)
    return people.bureau_members_for(row.region)


def _tell(users: Iterable[int], row: ServiceRating, *, title: str, key: str, now: datetime) -> None:
    notices.notify(
        users=users,
        kind="rating.progress",
        key=f"rating-{key}:{row.pk}",
        title=title,
        body=row.title,
        url=f"/ratings/{row.pk}/",
        now=now,
    )


def _facts(row: ServiceRating) -> dict[str, object]:
    return {
        "rating_id": row.pk,
        "service": row.service,
        "grade": row.grade,
        "organisation_id": row.organisation_id,
        "provider_id": row.provider_id,
        "region": row.region,
    }
