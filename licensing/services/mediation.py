"""Mediation 调解: asked by one, agreed by the other, led by a mediator whom the bureau names."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from django.db import transaction

from core.days import legal_day
from core.errors import Conflict, Invalid, NotAllowed
from core.people.types import Actor
from core.permissions import Permission, require
from licensing.models import Dispute, DisputeSession
from licensing.rules import disputes as rules
from licensing.rules.deals import Party
from licensing.rules.disputes import DisputeStatus, Voice
from licensing.selectors import disputes as questions
from licensing.services.deal_ground import need
from licensing.services.dispute_ground import (
    as_mediator,
    close,
    locked_dispute,
    one_side,
    party,
    ring,
    ring_bureau,
    said,
    step,
)
from licensing.services.ground import locked
from licensing.types import Side

BOTH = (Party.HOLDER, Party.TAKER)
OTHERS_TURN = "申请是本方提出的，要由对方答复。"


@transaction.atomic
def ask_mediation(*, dispute_id: int, note: str, by: Actor, now: datetime) -> Dispute:
    """A party calls for mediation; from now on the bureau of the region sees the dispute."""
    row = locked_dispute(dispute_id, by=by)
    side = party(row, by=by)
    step(row, "ask_mediation", now=now)
    row.mediation_side = side.value
    row.mediation_note = note.strip()[:2000]
    row.mediation_asked_at, row.mediation_asked_by = now, by.key
    row.consented_at = row.consented_by = None
    row.save()
    said("dispute.mediation_asked", row, by=by, now=now)
    body = f"请在 {row.due_by:%Y-%m-%d} 前答复是否同意调解；不同意的，纠纷按未达成协议终结。"
    key = f"asked:{now:%Y%m%d%H%M%S}"
    ring(row, rules.other(side), key=key, title="对方申请调解，请答复", body=body, now=now)
    return row


@transaction.atomic
def agree_to_mediation(*, dispute_id: int, statement: str, by: Actor, now: datetime) -> Dispute:
    """The other party agrees, and may say what it thinks of the matter if it has not yet."""
    row = locked_dispute(dispute_id, by=by)
    one_side(row, rules.other(row.mediation_side), by=by, message=OTHERS_TURN)
    step(row, "consent", now=now)
    row.consented_at, row.consented_by = now, by.key
    if statement.strip() and not row.answer and row.mediation_side == row.side:
        row.answer = statement.strip()[:4000]
        row.answered_at, row.answered_by = now, by.key
    row.save()
    said("dispute.mediation_agreed", row, by=by, now=now)
    key = f"agreed:{now:%Y%m%d%H%M%S}"
    ring(row, row.mediation_side, key=key, title="对方同意调解，等待指定调解员", now=now)
    ring_bureau(row, key=key, title="合同纠纷待指定调解员", body=row.get_topic_display(), now=now)
    return row


@transaction.atomic
def refuse_mediation(*, dispute_id: int, reason: str, by: Actor, now: datetime) -> Dispute:
    """The other party does not want it: nobody is made to, and the dispute ends here."""
    row = locked_dispute(dispute_id, by=by)
    one_side(row, rules.other(row.mediation_side), by=by, message=OTHERS_TURN)
    why = need(reason, "reason", "请写明不同意调解的理由。", longest=1500)
    following = rules.where_next(open_licence=row.open_licence)
    close(row, "refuse", f"对方不同意调解：{why}\n{following}", by=by, now=now)
    return row


@transaction.atomic
def decline_mediation(*, dispute_id: int, reason: str, by: Actor, now: datetime) -> Dispute:
    """The bureau does not take it, and says why; the parties are where they were."""
    row = _overseen(dispute_id, by=by)
    step(row, "decline", now=now)
    row.note = need(reason, "reason", "请写明不予受理的理由，双方都会看到。")
    row.save()
    said("dispute.mediation_declined", row, by=by, now=now)
    key = f"declined:{now:%Y%m%d%H%M%S}"
    ring(row, *BOTH, key=key, title="调解申请不予受理", body=row.note, now=now)
    return row


@transaction.atomic
def name_mediator(
    *, dispute_id: int, mediator_id: int, mediator_name: str, by: Actor, now: datetime
) -> Dispute:
    """The bureau names who leads it: itself, an exchange or an agency that serves neither side."""
    row = _overseen(dispute_id, by=by)
    choices = {card.id for card in questions.mediators(row, on=legal_day(now))}
    if mediator_id not in choices:
        words = "请选择与双方没有关系的机构：不是合同当事人，也没有受任何一方委托。"
        raise Invalid(fields={"mediator_id": [words]})
    step(row, "name", now=now)
    row.mediator_id = mediator_id
    row.mediator_name = need(mediator_name, "mediator_name", "请填写调解员姓名。", longest=60)
    row.named_at, row.named_by = now, by.key
    row.save()
    said("dispute.mediator_named", row, by=by, now=now, mediator_id=mediator_id)
    key = f"named:{now:%Y%m%d%H%M%S}"
    body = f"调解员 {row.mediator_name}，调解期限至 {row.due_by:%Y-%m-%d}。"
    ring(row, *BOTH, Voice.MEDIATOR, key=key, title="已指定调解员", body=body, now=now)
    return row


@transaction.atomic
def stand_down(*, dispute_id: int, reason: str, by: Actor, now: datetime) -> Dispute:
    """The mediator withdraws, or a party asks for another before the first session was held."""
    row = locked_dispute(dispute_id, by=by)
    why = need(reason, "reason", "请写明回避的理由，例如与一方有利害关系。")
    if by.organisation_id == row.mediator_id:
        as_mediator(row, by=by)
    else:
        party(row, by=by)
        if row.sessions.filter(noted_at__isnull=False).exists():
            raise Conflict(
                "调解会已经开过，不能再申请回避；不愿继续的，可以终结处理。", code="too-late"
            )
    step(row, "stand_down", now=now)
    row.sessions.filter(noted_at__isnull=True).delete()
    row.mediator, row.mediator_name, row.note = None, "", why
    row.named_at = row.named_by = None
    row.save()
    said("dispute.mediator_left", row, by=by, now=now)
    key = f"left:{now:%Y%m%d%H%M%S}"
    ring(row, *BOTH, key=key, title="调解员回避，将另行指定", body=why, now=now)
    ring_bureau(row, key=key, title="请另行指定调解员", body=why, now=now)
    return row


@transaction.atomic
def call_session(
    *, dispute_id: int, at: datetime, place: str, by: Actor, now: datetime
) -> DisputeSession:
    """The mediator calls the parties together."""
    row = _mediated(dispute_id, by=by)
    if at <= now:
        raise Invalid(fields={"at": ["调解会的时间要在现在以后。"]})
    meeting = DisputeSession.objects.create(
        dispute=row,
        at=at,
        place=need(place, "place", "请填写地点或会议链接。", longest=200),
        called_at=now,
        called_by=by.key,
    )
    said("dispute.session_called", row, by=by, now=now, session=meeting.pk)
    ring(row, *BOTH, key=f"session:{meeting.pk}", title="调解会通知", body=str(meeting), now=now)
    return meeting


@transaction.atomic
def note_session(*, session_id: int, minutes: str, by: Actor, now: datetime) -> DisputeSession:
    """The mediator writes down what was said and came of it; both parties read it."""
    seen = questions.session(session_id, viewer=by)
    row = _mediated(seen.dispute_id, by=by)
    meeting = locked(DisputeSession.objects.filter(dispute=row), session_id)
    if meeting.noted_at is not None:
        raise Conflict("这次调解会已有笔录，不能改写；有补充的，请作为材料提交。", code="noted")
    if meeting.at > now:
        raise Conflict("调解会还没有开，不能填写笔录。", code="not-held")
    meeting.minutes = need(minutes, "minutes", "请写明到场人员、各方意见和结果。", longest=4000)
    meeting.noted_at, meeting.noted_by = now, by.key
    meeting.save()
    said("dispute.session_noted", row, by=by, now=now, session=meeting.pk)
    key = f"noted:{meeting.pk}"
    ring(row, *BOTH, key=key, title="调解笔录已登记", body=meeting.minutes, now=now)
    return meeting


@transaction.atomic
def extend_mediation(
    *, dispute_id: int, until: date, reason: str, by: Actor, now: datetime
) -> Dispute:
    """The mediator gives it more time, once."""
    row = _mediated(dispute_id, by=by)
    if row.extended:
        raise Conflict("调解期限已经延长过一次，不能再延长。", code="extended")
    today = legal_day(now)
    assert row.due_by is not None  # what is open has a last day
    last = today + timedelta(days=rules.LONGEST_TERM)
    if not row.due_by < until <= last:
        words = f"请填写 {row.due_by:%Y-%m-%d} 以后、{last:%Y-%m-%d} 以前的日期。"
        raise Invalid(fields={"until": [words]})
    row.due_by, row.extended = until, True
    row.note = need(reason, "reason", "请写明延长的理由。")
    row.save()
    said("dispute.extended", row, by=by, now=now, until=until.isoformat())
    ring(
        row, *BOTH, key="extended", title=f"调解期限延长至 {until:%Y-%m-%d}", body=row.note, now=now
    )
    return row


def _overseen(dispute_id: int, *, by: Actor) -> Dispute:
    """For the bureau of the region; never for a bureau that is itself a party."""
    row = locked_dispute(dispute_id, by=by)
    require(by, Permission.NAME_MEDIATOR, on=Side(None, row.region))
    if by.acts_for & {row.holder_id, row.taker_id}:
        raise NotAllowed("本单位是合同当事人，请由上级部门办理。", code="party")
    return row


def _mediated(dispute_id: int, *, by: Actor) -> Dispute:
    row = locked_dispute(dispute_id, by=by)
    as_mediator(row, by=by)
    if row.status != DisputeStatus.MEDIATING:
        raise Conflict(
            f"这起纠纷现在是“{row.get_status_display()}”，不在调解中。", code="illegal-move"
        )
    return row
