"""Putting a reported outcome right: what it said stays readable, and it counts again only later."""

from __future__ import annotations

from datetime import datetime

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils.translation import gettext as _

from core.attachments import services as attachments
from core.audit import services as audit
from core.errors import Conflict, Invalid
from core.outbox import services as outbox
from core.people.types import Actor
from core.permissions import Permission, require
from licensing.models import Outcome
from licensing.rules import moves
from licensing.services.ground import locked, moved
from licensing.services.outcomes import (
    already,
    announce_report,
    facts,
    keep_wording,
    known_fact,
    refuse_incomplete,
    reported_anew,
    say,
    store,
)
from licensing.types import OutcomeReport, Side

TABLE, LABELS = moves.OUTCOME_MOVES, moves.OUTCOME_LABELS


@transaction.atomic
def correct_outcome(
    *,
    outcome_id: int,
    report: OutcomeReport,
    reason: str,
    by: Actor,
    now: datetime,
    evidence: UploadedFile[bytes] | None = None,
) -> Outcome:
    """The holder puts a report right; if it was verified, it waits for the bureau again."""
    outcome = _own(outcome_id, reason, by=by)
    has_evidence = evidence is not None or outcome.evidence_id is not None
    refuse_incomplete(report, has_evidence=has_evidence, now=now)
    keep_wording(outcome, reason.strip(), by=by, now=now)
    moved(TABLE, LABELS, outcome, "correct")
    say(outcome, report)
    if known := known_fact(outcome):
        raise already(known)
    if evidence:
        outcome.evidence = attachments.store(
            evidence, purpose="outcome", by=by, now=now, field="evidence"
        )
    reported_anew(outcome, by=by, now=now)
    store(outcome)
    audit.record("outcome.corrected", subject=outcome, by=by, at=now)
    outbox.emit("outcome.corrected", subject=outcome, by=by, at=now, payload=facts(outcome))
    announce_report(outcome, by=by, now=now)
    return outcome


@transaction.atomic
def withdraw_outcome(*, outcome_id: int, reason: str, by: Actor, now: datetime) -> Outcome:
    """The holder takes back a report of what did not happen; it no longer counts."""
    outcome = _own(outcome_id, reason, by=by)
    keep_wording(outcome, reason.strip(), by=by, now=now)
    moved(TABLE, LABELS, outcome, "withdraw")
    reported_anew(outcome, by=by, now=now)
    outcome.save()
    audit.record("outcome.withdrawn", subject=outcome, by=by, at=now)
    outbox.emit("outcome.corrected", subject=outcome, by=by, at=now, payload=facts(outcome))
    return outcome


def _own(outcome_id: int, reason: str, *, by: Actor) -> Outcome:
    outcome = locked(Outcome.objects.visible_to(by), outcome_id)
    require(by, Permission.REPORT_OUTCOME, on=Side(outcome.organisation_id, outcome.region))
    if outcome.is_automatic:
        raise Conflict(_("平台自动生成的反馈随许可和合同变化，不能手工更正或撤回。"))
    if not reason.strip():
        raise Invalid(fields={"reason": [_("请写明更正或撤回的理由，主管部门会看到。")]})
    return outcome
