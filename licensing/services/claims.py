"""Milestones as claims: reported by one party, confirmed or disputed by the other, charged once."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction

from core.attachments import services as attachments
from core.audit import services as audit
from core.days import legal_day
from core.errors import Conflict, Invalid, NotAllowed
from core.outbox import services as outbox
from core.people import selectors as people
from core.people.types import Actor
from core.permissions import Permission, require
from licensing.models import FeePart, Licence, MilestoneClaim, PaymentDue
from licensing.rules import claims as rules
from licensing.rules import fees, moves
from licensing.rules.royalties import Line
from licensing.selectors.claims import side_of
from licensing.services.credits import apply_credit
from licensing.services.earnings import stored
from licensing.services.ground import licence_facts, locked, moved, seen, tell
from licensing.services.royalties import add_due

SYSTEM = Actor.system()
File = UploadedFile[bytes]


def claims_url(licence: Licence) -> str:
    """Where both parties find the claims."""
    return f"/licences/{licence.pk}/milestones/"


def _party(licence: Licence, *, by: Actor) -> rules.Side:
    """The side the actor acts for; nobody answers his own claim (CC168)."""
    require(by, Permission.CLAIM_MILESTONE, on=licence)
    side = side_of(licence, by)
    if side is None:
        raise NotAllowed(
            "里程碑由许可双方申报和答复；同时受双方委托的，不能代表双方（民法典第一百六十八条）。",
            code="not-one-side",
        )
    return side


@transaction.atomic
def claim_milestone(
    *,
    licence_id: int,
    part_id: int,
    reached_on: date,
    by: Actor,
    now: datetime,
    evidence: File | None = None,
    note: str = "",
) -> MilestoneClaim:
    """Say with evidence that an event of the fee plan came; the other side has days to answer."""
    licence = locked(Licence.objects.visible_to(by), licence_id)
    side = _party(licence, by=by)
    part = _claimable(licence, part_id)
    proof = _checked(licence, part, reached_on, evidence, today=legal_day(now))
    days = people.region_setting("fees.claim_days", licence.region, default=rules.ANSWER_DAYS)
    claim = MilestoneClaim.objects.create(
        licence=licence,
        part=part,
        side=side.value,
        reached_on=reached_on,
        note=note.strip()[:2000],
        evidence=attachments.store(proof, purpose="milestone", by=by, now=now, field="evidence"),
        answer_by=rules.answer_by(legal_day(now), days),
        claimed_at=now,
        claimed_by=by.key,
    )
    _said("milestone.claimed", claim, by=by, now=now)
    _ask(claim, side, now=now)
    return claim


def _claimable(licence: Licence, part_id: int) -> FeePart:
    """The part of the plan that waits for an event."""
    if licence.status not in moves.IN_FORCE and licence.status != moves.LicenceStatus.ENDED:
        raise Conflict("许可还没有生效或已失效，不能申报里程碑。", code="not-in-force")
    part = licence.plan.parts.filter(pk=part_id).first()
    if part is None or not rules.waits_for_event(part.as_rule()):
        raise Invalid(fields={"part": ["请选择付费方案中要申报的事件。"]})
    return part


def _checked(
    licence: Licence, part: FeePart, reached_on: date, evidence: File | None, *, today: date
) -> File:
    """The evidence, once nothing stands against the claim."""
    errors: dict[str, list[str]] = {}
    if wrong := rules.day_errors(reached_on, starts_on=licence.starts_on, today=today):
        errors["reached_on"] = wrong
    if evidence is None:
        errors["evidence"] = ["请上传证明材料，例如验收报告、首张销售发票。"]
    if errors or evidence is None:
        raise Invalid(fields=errors)
    if licence.claims.exclude(status=rules.ClaimStatus.WITHDRAWN).filter(part=part).exists():
        raise Conflict(
            "这一事件已经申报过，不需要重复申报。对方有争议的，可以撤回后补充材料再申报。",
            code="claimed-already",
        )
    return evidence


def _ask(claim: MilestoneClaim, side: rules.Side, *, now: datetime) -> None:
    """The other side has its days to answer."""
    _tell_side(
        claim,
        claim.other_side,
        key="claimed",
        title="请确认里程碑",
        body=f"{rules.SIDE_LABELS[side]}申报“{claim.part.trigger}”已于 "
        f"{claim.reached_on:%Y-%m-%d} 达到，"
        f"请在 {claim.answer_by:%Y-%m-%d} 前确认或提出争议。"
        + ("逾期未答复的，视为确认。" if side is rules.Side.LICENSEE else ""),
        now=now,
    )


def _standing(claim_id: int, *, by: Actor) -> tuple[MilestoneClaim, rules.Side]:
    """The claim, locked after its licence, and the side the actor speaks for."""
    known = seen(MilestoneClaim.objects.visible_to(by), claim_id)
    locked(Licence.objects.visible_to(by), known.licence_id)  # the licence first, as always
    claim = locked(MilestoneClaim.objects.visible_to(by), claim_id)
    return claim, _party(claim.licence, by=by)


def _others_only(claim: MilestoneClaim, side: rules.Side) -> None:
    if side == claim.side:
        raise NotAllowed("这是本方的申报，要由对方答复。", code="own-claim")


@transaction.atomic
def confirm_milestone(*, claim_id: int, by: Actor, now: datetime) -> MilestoneClaim:
    """The other side agrees, at once or after a dispute; what it owes falls due, once."""
    claim, side = _standing(claim_id, by=by)
    _others_only(claim, side)
    return _confirm(claim, by=by, now=now)


def _confirm(claim: MilestoneClaim, *, by: Actor, now: datetime) -> MilestoneClaim:
    moved(rules.CLAIM_MOVES, rules.CLAIM_LABELS, claim, "confirm")
    claim.confirmed_at, claim.confirmed_by = now, by.key
    claim.save(update_fields=["status", "confirmed_at", "confirmed_by"])
    due = _charge(claim, by=by, now=now)
    _said("milestone.confirmed", claim, by=by, now=now)
    when = (
        f"应付 {fees.money_text(due.amount)}，应付日 {due.due_on:%Y-%m-%d}。"
        if due
        else f"自 {claim.reached_on:%Y-%m-%d} 起计费，确认下一次提成申报时一并计算。"
    )
    for who in rules.Side:
        _tell_side(claim, who, key="confirmed", title="里程碑已确认", body=when, now=now)
    return claim


def _charge(claim: MilestoneClaim, *, by: Actor, now: datetime) -> PaymentDue | None:
    part, today = claim.part.as_rule(), legal_day(now)
    day = rules.due_on(part, reached_on=claim.reached_on, confirmed_on=today)
    if day is None or part.amount is None:
        return None
    why = rules.why(part, reached_on=claim.reached_on, confirmed_on=today)
    label = fees.PART_LABELS[part.kind]
    line = Line(label, fees.exact_text(part.amount), part.amount, why)
    due = add_due(
        claim.licence,
        kind=part.kind,
        amount=part.amount,
        due_on=day,
        lines=[stored(line)],
        claim=claim,
        by=by,
        now=now,
    )
    apply_credit(claim.licence, by=by, now=now)
    return due


@transaction.atomic
def dispute_milestone(*, claim_id: int, reason: str, by: Actor, now: datetime) -> MilestoneClaim:
    """The other side does not agree and says why. Nothing falls due meanwhile."""
    claim, side = _standing(claim_id, by=by)
    _others_only(claim, side)
    if not reason.strip():
        raise Invalid(fields={"reason": ["请写明哪里不符、需要什么材料，对方会看到。"]})
    moved(rules.CLAIM_MOVES, rules.CLAIM_LABELS, claim, "dispute")
    claim.dispute = reason.strip()[:2000]
    claim.disputed_at, claim.disputed_by = now, by.key
    claim.save(update_fields=["status", "dispute", "disputed_at", "disputed_by"])
    _said("milestone.disputed", claim, by=by, now=now)
    _tell_side(claim, claim.side, key="disputed", title="里程碑有争议", body=claim.dispute, now=now)
    return claim


@transaction.atomic
def withdraw_milestone(*, claim_id: int, by: Actor, now: datetime) -> MilestoneClaim:
    """Whoever claimed takes it back, for instance to claim anew with other evidence."""
    claim, side = _standing(claim_id, by=by)
    if side != claim.side:
        raise NotAllowed("只有申报的一方可以撤回；不同意的，请提出争议。", code="others-claim")
    moved(rules.CLAIM_MOVES, rules.CLAIM_LABELS, claim, "withdraw")
    claim.withdrawn_at, claim.withdrawn_by = now, by.key
    claim.save(update_fields=["status", "withdrawn_at", "withdrawn_by"])
    audit.record("milestone.withdrawn", subject=claim, by=by, at=now)
    _tell_side(claim, claim.other_side, key="withdrawn", title="里程碑申报已撤回", body="", now=now)
    return claim


def follow_milestones(*, now: datetime) -> int:
    """What happens when nobody answers in time: a licensee's claim counts, a licensor's rings."""
    today = legal_day(now)
    late = MilestoneClaim.objects.filter(status=rules.ClaimStatus.CLAIMED, answer_by__lt=today)
    return sum(_follow(pk, today=today, now=now) for pk in late.values_list("pk", flat=True))


@transaction.atomic
def _follow(claim_id: int, *, today: date, now: datetime) -> int:
    seen = MilestoneClaim.objects.get(pk=claim_id)
    locked(Licence.objects.all(), seen.licence_id)
    claim = locked(MilestoneClaim.objects.all(), claim_id)
    if claim.status != rules.ClaimStatus.CLAIMED:
        return 0
    if rules.by_silence(claim.side, last_day=claim.answer_by, today=today):
        _confirm(claim, by=SYSTEM, now=now)
        return 1
    for who in rules.Side:
        _tell_side(
            claim, who, key="late", title="里程碑逾期未答复", now=now,
            body="许可人申报的里程碑不因逾期而视为确认，请被许可人确认或提出争议。",
        )  # fmt: skip
    return 0


def _said(name: str, claim: MilestoneClaim, *, by: Actor, now: datetime) -> None:
    facts: dict[str, Any] = {
        "claim_id": claim.pk,
        "part": claim.part.kind,
        "side": claim.side,
        "reached_on": claim.reached_on.isoformat(),
    }
    audit.record(name, subject=claim, by=by, at=now)
    outbox.emit(name, subject=claim, by=by, at=now, payload=licence_facts(claim.licence) | facts)


def _tell_side(
    claim: MilestoneClaim, side: str, *, key: str, title: str, body: str, now: datetime
) -> None:
    licence = claim.licence
    own = side == rules.Side.LICENSOR
    tell(
        [licence.licensor_id if own else licence.licensee_id],
        kind="licence.progress",
        key=f"milestone:{claim.pk}:{key}",
        title=f"{title}：{licence.patent_title[:60]}",
        body=body[:200],
        url=claims_url(licence),
        now=now,
    )
