"""Reporting 转化反馈 what became of a patent, and verifying it: two persons, never one."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.core.files.uploadedfile import UploadedFile
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from core.attachments import services as attachments
from core.audit import services as audit
from core.days import legal_day
from core.errors import Conflict, Invalid
from core.notices import services as notices
from core.outbox import services as outbox
from core.people import selectors as people
from core.people.types import Actor
from core.permissions import Permission, require
from licensing.models import Deal, Licence, Outcome, TermsVersion
from licensing.rules import moves, outcomes
from licensing.rules.deals import DealKind, Party, fixed_sum, outcome_code
from licensing.services.ground import locked, moved, tell
from licensing.types import OutcomeReport, Side
from listings import selectors as listings
from listings import services as board

if TYPE_CHECKING:
    from core.attachments.models import Attachment

TABLE, LABELS = moves.OUTCOME_MOVES, moves.OUTCOME_LABELS


@transaction.atomic
def report_outcome(
    *, report: OutcomeReport, by: Actor, now: datetime, evidence: UploadedFile[bytes] | None = None
) -> Outcome:
    """A holder reports an outcome of its patent, with what proves it."""
    card = listings.card(report.patent_id, viewer=by)
    require(by, Permission.REPORT_OUTCOME, on=Side(card.organisation_id, card.region))
    if card.organisation_id is None:
        raise Conflict(_("这件专利没有登记管理单位，请先在专利库中补全。"))
    errors = outcomes.report_errors(
        report.code,
        has_licence=False,
        has_evidence=evidence is not None,
        contract_number=report.contract_number,
    )
    if report.happened_on > legal_day(now):
        errors["happened_on"] = [_("发生日期不能晚于今天。")]
    if report.amount is not None and report.amount < 0:
        errors["amount"] = [_("金额不能为负数。")]
    if errors:
        raise Invalid(fields=errors)
    outcome = Outcome(
        patent_id=card.id,
        organisation_id=card.organisation_id,
        region=card.region,
        patent_number=card.printed,
        patent_title=card.title,
        code=report.code,
        happened_on=report.happened_on,
        evidence=attachments.store(evidence, purpose="outcome", by=by, now=now, field="evidence")
        if evidence
        else None,
        contract_number=report.contract_number.strip(),
        counterparty=report.counterparty.strip(),
        amount=report.amount,
        note=report.note.strip(),
        reported_at=now,
        reported_by=by.key,
        reported_user_id=by.user_id,
    )
    _store(outcome)
    _announce_report(outcome, by=by, now=now)
    return outcome


def _store(outcome: Outcome) -> None:
    try:
        with transaction.atomic():
            outcome.save()
    except IntegrityError as problem:
        if "outcome_once_per" not in str(problem):
            raise
        raise Conflict(
            _("这件专利的这项转化（同一合同）已经反馈过，请勿重复填报。"), code="already-reported"
        ) from None


def report_open_licence(licence: Licence, *, now: datetime) -> Outcome:
    """The platform reports 已达成开放许可 by itself: the licence is its proof."""
    day = legal_day(licence.effective_at or now)
    outcome, created = Outcome.objects.get_or_create(
        licence=licence,
        code=outcomes.Code.OPEN_LICENCE,
        defaults={
            "patent_id": licence.patent_id,
            "organisation_id": licence.licensor_id,
            "region": licence.region,
            "patent_number": licence.patent_number,
            "patent_title": licence.patent_title,
            "happened_on": day,
            "counterparty": people.organisation(licence.licensee_id).name,
            "contract_number": licence.number or "",
            "reported_at": now,
            "reported_by": Actor.system().key,
        },
    )
    if created:
        _announce_report(outcome, by=Actor.system(), now=now)
    return outcome


def report_deal(
    deal: Deal, version: TermsVersion, *, evidence: Attachment | None, now: datetime
) -> None:
    """The platform reports what a signed licence or a registered transfer made of each patent."""
    code = outcome_code(DealKind(version.kind), version.plan.terms())
    names = {pk: people.organisation(pk).name for pk in (deal.holder_id, deal.taker_id)}
    for item in deal.items.select_related("licence").order_by("position"):
        own, other = deal.holder_id, deal.taker_id
        if item.side == Party.TAKER:  # a cross-licence is each side's outcome
            own, other = other, own
        outcome, created = Outcome.objects.get_or_create(
            patent_id=item.patent_id,
            code=code.value,
            contract_number=deal.number or "",
            defaults={
                "organisation_id": own,
                "region": deal.region,
                "patent_number": item.patent_number,
                "patent_title": item.patent_title,
                "happened_on": deal.registered_on or deal.effective_on or legal_day(now),
                "licence": item.licence,
                "evidence": evidence,
                "counterparty": names[other],
                "amount": fixed_sum(version.plan.terms()) if item.position == 1 else None,
                "reported_at": now,
                "reported_by": Actor.system().key,
            },
        )
        if created:
            _announce_report(outcome, by=Actor.system(), now=now)


def _announce_report(outcome: Outcome, *, by: Actor, now: datetime) -> None:
    audit.record("outcome.reported", subject=outcome, by=by, at=now)
    outbox.emit("outcome.reported", subject=outcome, by=by, at=now, payload=_facts(outcome))
    notices.notify(
        users=people.bureau_members_for(outcome.region),
        kind="outcome.progress",
        key=f"outcome-reported:{outcome.pk}:{outcome.reported_at.isoformat()}",
        title=_("转化反馈待核验：%(label)s") % {"label": outcome.label},
        body=f"{outcome.patent_number} {outcome.patent_title}"[:200],
        url=f"/outcomes/{outcome.pk}/",
        now=now,
    )


def _facts(outcome: Outcome) -> dict[str, object]:
    return {
        "outcome_id": outcome.pk,
        "patent_id": outcome.patent_id,
        "licence_id": outcome.licence_id,
        "licensor_id": outcome.organisation_id,
        "code": outcome.code,
        "status": outcome.status,
        "region": outcome.region,
    }


@transaction.atomic
def verify_outcome(*, outcome_id: int, by: Actor, now: datetime, reason: str = "") -> Outcome:
    """The bureau finds the report true: from now on it counts."""
    outcome = _decide(outcome_id, "verify", reason, by=by, now=now)
    kind = outcomes.OUTCOMES.get(outcome.code)
    if kind and kind.takes_off_board:
        # Sold or licensed exclusively: there is nothing left to offer. Open licences stay up.
        board.mark_converted(patent_id=outcome.patent_id, by=Actor.system(), now=now)
    return outcome


@transaction.atomic
def reject_outcome(*, outcome_id: int, reason: str, by: Actor, now: datetime) -> Outcome:
    """The bureau sends the report back, saying what is missing."""
    if not reason.strip():
        raise Invalid(fields={"reason": [_("请写明退回原因，填报单位会看到。")]})
    return _decide(outcome_id, "reject", reason, by=by, now=now)


def _decide(outcome_id: int, move: str, reason: str, *, by: Actor, now: datetime) -> Outcome:
    outcome = locked(Outcome.objects.visible_to(by), outcome_id)
    require(by, Permission.VERIFY_OUTCOME, on=outcome)
    if by.user_id is not None and by.user_id == outcome.reported_user_id:
        raise Conflict(_("填报人不能核验自己的反馈，请由另一位工作人员核验。"), code="two-persons")
    licence = outcome.licence
    contested = licence and licence.contests.filter(status=moves.ContestStatus.RAISED).exists()
    if move == "verify" and contested:
        raise Conflict(_("这项许可有待处理的异议，处理完毕后再核验。"), code="contested")
    moved(TABLE, LABELS, outcome, move)
    _write_decision(outcome, reason, by=by, now=now)
    tell(
        [outcome.organisation_id],
        kind="outcome.progress",
        key=f"outcome-decided:{outcome.pk}:{now.isoformat()}",
        title=_("转化反馈%(status)s：%(label)s")
        % {"status": outcome.get_status_display(), "label": outcome.label},
        body=outcome.decision_reason[:200],
        url=f"/outcomes/{outcome.pk}/",
        now=now,
    )
    return outcome


def _write_decision(outcome: Outcome, reason: str, *, by: Actor, now: datetime) -> None:
    outcome.decided_at, outcome.decided_by = now, by.key
    outcome.decided_user_id, outcome.decision_reason = by.user_id, reason.strip()
    outcome.save(
        update_fields=[
            "status", "decided_at", "decided_by", "decided_user_id", "decision_reason"
        ]
    )  # fmt: skip
    audit.record(f"outcome.{outcome.status}", subject=outcome, by=by, at=now)
    outbox.emit("outcome.verified", subject=outcome, by=by, at=now, payload=_facts(outcome))


@transaction.atomic
def report_again(
    *,
    outcome_id: int,
    by: Actor,
    now: datetime,
    note: str = "",
    contract_number: str = "",
    evidence: UploadedFile[bytes] | None = None,
) -> Outcome:
    """The holder mends a report that was sent back."""
    outcome = locked(Outcome.objects.visible_to(by), outcome_id)
    require(by, Permission.REPORT_OUTCOME, on=Side(outcome.organisation_id, outcome.region))
    if outcome.licence_id is not None:
        raise Conflict(_("由许可自动生成的反馈随许可变化，不能手工重新填报。"))
    moved(TABLE, LABELS, outcome, "report_again")
    if evidence:
        outcome.evidence = attachments.store(
            evidence, purpose="outcome", by=by, now=now, field="evidence"
        )
    outcome.contract_number = contract_number.strip() or outcome.contract_number
    outcome.note = note.strip() or outcome.note
    outcome.reported_at, outcome.reported_by = now, by.key
    outcome.reported_user_id = by.user_id
    outcome.decided_at = outcome.decided_by = outcome.decided_user_id = None
    outcome.decision_reason = ""
    _store(outcome)
    _announce_report(outcome, by=by, now=now)
    return outcome


def annul_outcomes(licence: Licence, *, by: Actor, now: datetime) -> None:
    """What rested on a licence that turned out void no longer counts."""
    for outcome in licence.outcomes.select_for_update().exclude(
        status=moves.OutcomeStatus.REJECTED
    ):
        moved(TABLE, LABELS, outcome, "annul")
        _write_decision(outcome, _("所依据的许可因异议成立而失效"), by=by, now=now)
