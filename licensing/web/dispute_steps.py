"""The steps of a dispute: who may take which from where."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django import forms

from core.errors import NotAllowed
from core.people.types import Actor
from core.permissions import Permission, allowed
from core.web.types import Request
from licensing.rules import disputes as rules
from licensing.rules.disputes import DisputeStatus
from licensing.selectors import disputes as questions
from licensing.services import disputes, mediation, settling
from licensing.types import Side
from licensing.web import dispute_forms as asked
from licensing.web.contract_steps import ContractStep, of_parties

if TYPE_CHECKING:
    from licensing.models import Dispute

_S = DisputeStatus
PARTY, OPENER, OTHER, ASKED, MEDIATOR, BUREAU = (
    "party", "opener", "other", "asked", "mediator", "bureau",
)  # fmt: skip


def parts_of(row: Dispute, actor: Actor) -> set[str]:
    """What the actor is in this dispute."""
    found = set()
    side = questions.side_of(row, actor)
    if side and allowed(actor, Permission.RUN_DISPUTE, on=row):
        found |= {PARTY, OPENER if side == row.side else OTHER}
        if row.mediation_side not in ("", side):
            found.add(ASKED)
    if questions.is_mediator(row, actor) and allowed(actor, Permission.MEDIATE_DISPUTE):
        found.add(MEDIATOR)
    overseer = allowed(actor, Permission.NAME_MEDIATOR, on=Side(None, row.region))
    if overseer and not actor.acts_for & {row.holder_id, row.taker_id}:
        found.add(BUREAU)
    return found


@dataclass(frozen=True)
class DisputeStep(ContractStep):
    """A step with those who may take it."""

    acts: frozenset[str] = frozenset()

    def may(self, request: Request, row: Any) -> bool:
        """Whether this actor may do it, whatever the state."""
        return bool(self.acts & parts_of(row, request.actor))

    def demand(self, request: Request, row: Any) -> None:
        """Let them pass."""
        if not self.may(request, row):
            raise NotAllowed("这一步不由您当前的身份办理，请返回纠纷页查看现在等谁。")


def _step(
    name: str, title: str, told: str, form: type[forms.Form], command: Callable[..., object],
    states: frozenset[DisputeStatus], *acts: str, lead: str = "", danger: bool = False,
    when: Callable[[Any, Any], bool] = lambda _actor, _row: True,
) -> DisputeStep:  # fmt: skip
    return DisputeStep(
        name, title, told, form, command, frozenset(s.value for s in states),
        Permission.RUN_DISPUTE, of_parties, lead, danger, when, frozenset(acts),
    )  # fmt: skip


def _propose(*, dispute_id: int, by: Actor, now: datetime, **known: Any) -> object:
    offer = settling.Offer(**known)
    return settling.propose_settlement(dispute_id=dispute_id, offer=offer, by=by, now=now)


def _verdict(
    *, dispute_id: int, version: int, verdict: str, reason: str, by: Actor, now: datetime
) -> object:
    return settling.answer_settlement(
        dispute_id=dispute_id,
        version=version,
        accept=verdict == "accept",
        reason=reason,
        by=by,
        now=now,
    )


def _waits(actor: Actor, row: Dispute) -> bool:
    """Whether a proposal waits for the actor's side."""
    made, side = questions.waiting_proposal(row), questions.side_of(row, actor)
    return made is not None and bool(side) and not made.accepted_by(side)


def _still_early(_actor: Actor, row: Dispute) -> bool:
    return not row.sessions.filter(noted_at__isnull=False).exists()


def _may_propose(actor: Actor, row: Dispute) -> bool:
    return row.status == _S.MEDIATING or not questions.is_mediator(row, actor)


TOLD = "已提交，对方会收到通知。"
LATER = frozenset({_S.NEGOTIATING, _S.ACCEPTED, _S.MEDIATING})
STEPS: dict[str, DisputeStep] = {
    step.name: step
    for step in (
        _step("answer", "答复", TOLD, asked.AnswerForm, disputes.answer_dispute,
              frozenset({_S.OPENED}), OTHER),
        _step("verdict", "答复解决方案", "已答复，对方会收到通知。", asked.VerdictForm, _verdict,
              rules.OPEN, PARTY, when=_waits,
              lead="双方都接受同一版方案，协议即成立，平台出具带校验码的协议书。"),
        _step("consent", "同意调解", "已同意，等待主管部门指定调解员。", asked.ConsentForm,
              mediation.agree_to_mediation, frozenset({_S.REQUESTED}), ASKED,
              lead="调解出于自愿，任何一方都可以随时终结。"),
        _step("refuse", "不同意调解", "已答复，纠纷在平台上终结。", asked.WhyForm,
              mediation.refuse_mediation, frozenset({_S.REQUESTED}), ASKED, danger=True,
              lead="纠纷按未达成协议终结，双方可以另行申请仲裁或者起诉。"),
        _step("name", "指定调解员", "已指定，双方和调解机构会收到通知。", asked.MediatorForm,
              mediation.name_mediator, frozenset({_S.ACCEPTED}), BUREAU),
        _step("decline", "不予受理", "已答复，双方会收到理由。", asked.WhyForm,
              mediation.decline_mediation, frozenset({_S.ACCEPTED}), BUREAU, danger=True,
              lead="例如已经起诉或者申请仲裁；双方仍可以自行协商。"),
        _step("session", "召集调解会", "已通知双方。", asked.SessionForm, mediation.call_session,
              frozenset({_S.MEDIATING}), MEDIATOR),
        _step("propose", "提出解决方案", TOLD, asked.ProposalForm, _propose, rules.OPEN, PARTY,
              MEDIATOR, when=_may_propose, lead="新的方案取代还在等待答复的上一版。"),
        _step("mediation", "申请调解", "已提交，等待对方答复是否同意。", asked.MediationForm,
              mediation.ask_mediation, frozenset({_S.OPENED, _S.NEGOTIATING}), PARTY,
              lead="对方同意后由主管部门指定调解员；从现在起主管部门可以看到这起纠纷。"),
        _step("paper", "补充材料", "材料已提交。", asked.PaperForm, disputes.add_paper, rules.OPEN,
              PARTY, MEDIATOR),
        _step("extend", "延长调解期限", "已延长，双方会收到通知。", asked.ExtendForm,
              mediation.extend_mediation, frozenset({_S.MEDIATING}), MEDIATOR,
              when=lambda _actor, row: not row.extended, lead="只能延长一次。"),
        _step("stand-down", "调解员回避", "已登记，等待另行指定。", asked.WhyForm,
              mediation.stand_down, frozenset({_S.MEDIATING}), PARTY, MEDIATOR, danger=True,
              when=_still_early),
        _step("end", "终结处理", "已终结。", asked.WhyForm, disputes.end_dispute, LATER, PARTY,
              MEDIATOR, danger=True, lead="不能达成协议的，终结后另行申请仲裁或者起诉。"),
        _step("withdraw", "撤回纠纷", "已撤回。", asked.WhyForm, disputes.withdraw_dispute,
              rules.OPEN, OPENER, danger=True),
    )
}  # fmt: skip
