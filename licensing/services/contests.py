"""Objections 异议 of the patentee to a notice or payment, and their decision (PL52)."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from core.audit import services as audit
from core.days import legal_day
from core.errors import Conflict, Invalid
from core.notices import services as notices
from core.outbox import services as outbox
from core.people import selectors as people
from core.people.types import Actor
from core.permissions import Permission, require
from core.ratings.services import offer_rating
from licensing.models import Contest, Licence
from licensing.rules import moves
from licensing.selectors import contest_deadline
from licensing.services.ending import unbind
from licensing.services.granting import end_sublicences
from licensing.services.ground import licence_facts, licence_url, locked, moved, tell
from licensing.services.outcomes import annul_outcomes
from listings.services.ownership.incomes import forget_income

TABLE, LABELS = moves.CONTEST_MOVES, moves.CONTEST_LABELS


@transaction.atomic
def contest_licence(*, licence_id: int, reason: str, by: Actor, now: datetime) -> Contest:
    """The patentee objects, within the stated time; both parties and the bureau see it."""
    licence = locked(Licence.objects.visible_to(by), licence_id)
    require(by, Permission.CONTEST_LICENCE, on=licence.licensor_side())
    if licence.declaration_id is None:
        raise Conflict(
            _("这项许可由双方签约取得，没有开放许可的异议程序；如有争议请协商或依合同处理。"),
            code="not-open",
        )
    if licence.status not in moves.LIVE_LICENCES:
        raise Conflict(_("这项许可已经结束，不能再提出异议。"), code="licence-closed")
    if licence.contests.filter(status=moves.ContestStatus.RAISED).exists():
        raise Conflict(_("已有一项异议正在处理。"), code="contested")
    deadline = contest_deadline(licence)
    if legal_day(now) > deadline:
        message = _("异议期已于 %(day)s 届满，如有争议请协商、申请行政调解或向法院起诉。")
        raise Conflict(message % {"day": f"{deadline:%Y-%m-%d}"}, code="too-late")
    if not reason.strip():
        raise Invalid(fields={"reason": [_("请写明异议理由，例如“未收到款项”。")]})
    contest = Contest.objects.create(
        licence=licence, reason=reason.strip(), raised_at=now, raised_by=by.key
    )
    audit.record("licence.contested", subject=licence, by=by, at=now)
    outbox.emit(
        "licence.contested",
        subject=licence,
        by=by,
        at=now,
        payload=licence_facts(licence) | {"contest_id": contest.pk},
    )
    words = {
        "kind": "licence.progress",
        "key": f"licence-contested:{contest.pk}",
        "title": _("开放许可有异议：%(title)s") % {"title": licence.patent_title},
        "url": licence_url(licence),
    }
    tell([licence.licensee_id], now=now, **words)
    notices.notify(users=people.bureau_members_for(licence.region), now=now, **words)
    return contest


def _close(contest: Contest, move: str, *, resolution: str, by: Actor, now: datetime) -> None:
    moved(TABLE, LABELS, contest, move)
    contest.resolved_at, contest.resolved_by, contest.resolution = now, by.key, resolution
    contest.save(update_fields=["status", "resolved_at", "resolved_by", "resolution"])


def _raised(licence: Licence) -> Contest:
    contest = licence.contests.filter(status=moves.ContestStatus.RAISED).first()
    if contest is None:
        raise Conflict(_("没有待处理的异议，请刷新页面查看最新状态。"), code="no-contest")
    return contest


@transaction.atomic
def drop_contest(*, licence_id: int, by: Actor, now: datetime) -> Contest:
    """The patentee takes the objection back."""
    licence = locked(Licence.objects.visible_to(by), licence_id)
    require(by, Permission.CONTEST_LICENCE, on=licence.licensor_side())
    contest = _raised(licence)
    _close(contest, "drop", resolution=_("专利权人撤回异议"), by=by, now=now)
    _announce(licence, contest, by=by, now=now)
    return contest


@transaction.atomic
def resolve_contest(
    *, licence_id: int, uphold: bool, resolution: str, by: Actor, now: datetime
) -> Contest:
    """The bureau's decision: upheld, the licence is void; dismissed, it stands as it was."""
    licence = locked(Licence.objects.visible_to(by), licence_id)
    require(by, Permission.RESOLVE_CONTEST, on=licence.licensor_side())
    contest = _raised(licence)
    if not resolution.strip():
        raise Invalid(fields={"resolution": [_("请写明处理意见，双方当事人都会看到。")]})
    _close(
        contest, "uphold" if uphold else "dismiss", resolution=resolution.strip(), by=by, now=now
    )
    if uphold:
        _void(licence, resolution.strip(), by=by, now=now)
    _announce(licence, contest, by=by, now=now)
    for party in (licence.licensor_id, licence.licensee_id):
        offer_rating(
            service="dispute",
            reference=f"contest:{contest.pk}",
            title=f"许可异议处理：{licence.patent_title}",
            url=licence_url(licence),
            organisation_id=party,
            region=licence.region,
            now=now,
        )
    return contest


def _void(licence: Licence, reason: str, *, by: Actor, now: datetime) -> None:
    moved(moves.LICENCE_MOVES, moves.LICENCE_LABELS, licence, "void")
    licence.closed_at, licence.closed_by, licence.closed_reason = now, by.key, reason
    licence.save(update_fields=["status", "closed_at", "closed_by", "closed_reason"])
    unbind(licence, on=legal_day(now), reason=_("异议成立，许可失效"), now=now)
    annul_outcomes(licence, by=by, now=now)
    end_sublicences(licence, now=now)
    paid = licence.payments.values_list("pk", flat=True)
    forget_income(patent_id=licence.patent_id, references=[f"payment:{pk}" for pk in paid])


def _announce(licence: Licence, contest: Contest, *, by: Actor, now: datetime) -> None:
    audit.record(f"licence.contest_{contest.status}", subject=licence, by=by, at=now)
    outbox.emit(
        "licence.resolved",
        subject=licence,
        by=by,
        at=now,
        payload=licence_facts(licence) | {"contest_id": contest.pk, "verdict": contest.status},
    )
    tell(
        [licence.licensor_id, licence.licensee_id],
        kind="licence.progress",
        key=f"licence-contest-closed:{contest.pk}",
        title=_("许可异议已处理：%(status)s") % {"status": contest.get_status_display()},
        body=contest.resolution[:200],
        url=licence_url(licence),
        now=now,
    )
