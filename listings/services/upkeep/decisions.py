"""The decision to pay no more for a patent, and taking it back."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from core.audit import services as audit
from core.days import legal_day
from core.errors import Conflict, Invalid
from core.notices import services as notices
from core.people import selectors as people
from core.people.types import Actor
from core.permissions import Permission, require
from listings.models import MaintenanceDecision, Patent
from listings.rules import upkeep
from listings.rules.records import tidy
from listings.selectors.register.legal import as_bond
from listings.services import news
from listings.services.locks import lock_patent
from listings.types import PatentStatus, hard


@transaction.atomic
def drop(
    *, patent_id: int, reason: str, licensees_agreed: bool = False, by: Actor, now: datetime
) -> None:
    """Decide to maintain a patent no longer: no reminders, no budget. Co-owners are told."""
    patent = lock_patent(patent_id, by=by)
    require(by, Permission.KEEP_ALIVE, on=patent)
    if patent.status != PatentStatus.GRANTED:
        raise Conflict("只有有效的专利才需要决定是否维持。", code="not-in-force")
    if MaintenanceDecision.objects.filter(patent=patent, revoked_at=None).exists():
        raise Conflict("已经决定不再维持这件专利。", code="dropped")
    said = tidy(reason)[:300]
    if not said:
        raise Invalid(fields={"reason": ["请写明不再维持的原因。"]})
    bonds = [as_bond(row) for row in patent.encumbrances.filter(active=True)]
    against = upkeep.against_dropping(bonds, on=legal_day(now), licensees_agreed=licensees_agreed)
    if hard(against):
        raise Conflict("现在不能放弃维持这件专利：", code="blocked", blockers=hard(against))
    row = MaintenanceDecision.objects.create(
        patent=patent, reason=said, decided_at=now, decided_by=by.key
    )
    audit.record(
        "annuity.dropped",
        subject=patent,
        by=by,
        at=now,
        changes={"reason": said, "licensees_agreed": licensees_agreed},
    )
    news.tell("annuity.dropped", patent, by=by, now=now, reason=said)
    _tell_co_owners(
        patent, key=f"annuity-dropped:{row.pk}", now=now,
        title=f"共有专利将不再维持：{patent.title}",
        body=f"管理单位决定不再缴纳年费，原因：{said}。如需维持，请与管理单位联系。",
    )  # fmt: skip


@transaction.atomic
def keep(*, patent_id: int, by: Actor, now: datetime) -> None:
    """Take the decision back: reminders and the budget count it again."""
    patent = lock_patent(patent_id, by=by)
    require(by, Permission.KEEP_ALIVE, on=patent)
    row = (
        MaintenanceDecision.objects.select_for_update()
        .filter(patent=patent, revoked_at=None)
        .first()
    )
    if row is None:
        raise Conflict("这件专利没有不再维持的决定。", code="not-dropped")
    row.revoked_at, row.revoked_by = now, by.key
    row.save(update_fields=["revoked_at", "revoked_by"])
    audit.record("annuity.kept", subject=patent, by=by, at=now)
    news.tell("annuity.kept", patent, by=by, now=now)
    _tell_co_owners(
        patent, key=f"annuity-kept:{row.pk}", now=now,
        title=f"共有专利恢复维持：{patent.title}", body="管理单位撤销了不再维持的决定。",
    )  # fmt: skip


def _tell_co_owners(patent: Patent, *, key: str, title: str, body: str, now: datetime) -> None:
    """The members of organisations that share the patent."""
    holding = patent.holders.values_list("organisation_id", flat=True)
    ids = {pk for pk in holding if pk not in (None, patent.organisation_id)}
    members = {user for found in people.members_of(ids).values() for user in found}
    notices.notify(
        users=members,
        kind="annuity.due",
        key=key,
        title=title,
        body=body,
        url=f"/patents/{patent.pk}/",
        now=now,
    )
