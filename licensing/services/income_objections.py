"""Objections to a posted distribution: raised in-house, answered by somebody uninvolved."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from core.audit import services as audit
from core.days import legal_day
from core.errors import Conflict, Invalid, NotAllowed
from core.notices import services as notices
from core.people import selectors as people
from core.people.types import Actor, Role
from core.permissions import Permission, require
from licensing.models import Distribution, DistributionObjection
from licensing.rules import income as rules
from licensing.rules.income import IncomeStatus
from licensing.services.ground import locked, moved
from licensing.services.income import refuse_involved, to_draft, url_of
from licensing.types import Side


@transaction.atomic
def object_to_income(
    *, distribution_id: int, reason: str, by: Actor, now: datetime
) -> DistributionObjection:
    """Somebody of the institution objects while it is posted."""
    row = locked(Distribution.objects.visible_to(by), distribution_id)
    require(by, Permission.OBJECT_TO_INCOME)
    own = by.organisation_id == row.organisation_id
    if not own and not row.persons.filter(user_id=by.user_id).exists():
        raise NotAllowed(_("只有本单位人员和分配对象可以提出异议。"))
    if not rules.takes_objections(row.status, row.posted_until, today=legal_day(now)):
        raise Conflict(_("只有公示期内可以提出异议。"), code="not-posted")
    if not reason.strip():
        raise Invalid(fields={"reason": [_("请写明异议的理由。")]})
    objection = DistributionObjection.objects.create(
        distribution=row, reason=reason.strip()[:2000], raised_at=now, raised_by=by.key
    )
    audit.record("income.objected", subject=row, by=by, at=now)
    notices.notify(
        users=people.members(row.organisation_id, Role.OFFICE),
        kind="income.progress",
        key=f"income-objection:{objection.pk}",
        title=_("收益分配有异议：%(title)s") % {"title": row.patent_title[:60]},
        body=objection.reason[:200],
        url=url_of(row),
        now=now,
    )
    return objection


@transaction.atomic
def answer_income_objection(
    *,
    distribution_id: int,
    objection_id: int,
    upheld: bool,
    answer: str,
    by: Actor,
    now: datetime,
) -> DistributionObjection:
    """Answer it; an upheld one ends the posting, which begins anew after the change."""
    row = locked(Distribution.objects.visible_to(by), distribution_id)
    require(by, Permission.DISTRIBUTE_INCOME, on=Side(row.organisation_id))
    objection = locked(row.objections.all(), objection_id)
    refuse_involved(row, by=by)
    if people.users_of([objection.raised_by]) & {by.user_id}:
        raise Conflict(_("不能处理自己提出的异议，请由另一位工作人员处理。"), code="two-persons")
    if not answer.strip():
        raise Invalid(fields={"answer": [_("请写明处理意见，提出人会看到。")]})
    moved(
        rules.OBJECTION_MOVES,
        rules.OBJECTION_LABELS,
        objection,
        "uphold" if upheld else "dismiss",
    )
    objection.answer = answer.strip()[:2000]
    objection.answered_at, objection.answered_by = now, by.key
    objection.save()
    audit.record("income.objection_answered", subject=row, by=by, at=now)
    if upheld and row.status == IncomeStatus.POSTED:
        to_draft(row, answer, by=by, now=now)
    notices.notify(
        users=people.users_of([objection.raised_by]),
        kind="income.progress",
        key=f"income-answer:{objection.pk}",
        title=_("您的异议：%(status)s") % {"status": objection.get_status_display()},
        body=objection.answer[:200],
        url=url_of(row),
        now=now,
    )
    return objection
