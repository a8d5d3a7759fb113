"""Disputes 合同纠纷: a party opens one, the other answers, both may end it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import transaction

from core.days import legal_day
from core.errors import Conflict, Invalid
from core.people.types import Actor
from core.permissions import Permission, require
from licensing.models import Deal, Dispute, DisputePaper, Licence, PoolLicence
from licensing.models.disputes import LINES
from licensing.rules import deals as deal_rules
from licensing.rules import disputes as rules
from licensing.rules import numbers
from licensing.rules.deals import Party
from licensing.rules.disputes import DisputeStatus, Topic, Voice
from licensing.selectors import disputes as questions
from licensing.selectors.disputed import OPEN_STATES
from licensing.services.deal_ground import agreed, need
from licensing.services.dispute_ground import (
    SYSTEM,
    File,
    be_open,
    close,
    keep_paper,
    locked_dispute,
    one_side,
    party,
    ring,
    ring_bureau,
    said,
    step,
    voice,
)
from licensing.services.ground import locked
from licensing.services.registrations import deal_record, licence_record, pool_record

CONTRACTS = sorted(s.value for s in deal_rules.CONTRACTS)
NO_CONTRACT = "合同还没有生效，不能提出合同纠纷；对通知或付款有异议的，请在许可页提出异议。"


@dataclass(frozen=True, slots=True)
class Matter:
    """What a party brings: about what, what happened, what it wants."""

    topic: Topic
    facts: str
    wish: str
    amount: Decimal | None = None
    due_id: int | None = None
    report_id: int | None = None
    termination_id: int | None = None
    pool_due_id: int | None = None
    pool_report_id: int | None = None

    @property
    def lines(self) -> list[tuple[str, int]]:
        """The lines it names, each by its sort."""
        known = ((name, getattr(self, f"{name}_id")) for name in LINES)
        return [(name, pk) for name, pk in known if pk is not None]


@transaction.atomic
def open_dispute(
    *,
    matter: Matter,
    deal_id: int | None = None,
    licence_id: int | None = None,
    pool_licence_id: int | None = None,
    evidence: File | None = None,
    evidence_note: str = "",
    by: Actor,
    now: datetime,
) -> Dispute:
    """A party says what it does not agree with; the other has its time to answer."""
    contract = _the_contract(by, deal_id, licence_id, pool_licence_id)
    require(by, Permission.RUN_DISPUTE, on=contract)
    known = _contract(contract)
    row = Dispute(**known)
    row.side = party(row, by=by).value
    wrong = rules.opening_errors(
        facts=matter.facts, wish=matter.wish, amount=matter.amount, lines=len(matter.lines)
    )
    if wrong:
        raise Invalid(fields=wrong)
    _name_line(row, matter)
    row.topic, row.amount = matter.topic.value, matter.amount
    row.facts, row.wish = matter.facts.strip()[:4000], matter.wish.strip()[:2000]
    row.currency = _currency(contract)
    row.opened_at, row.opened_by = now, by.key
    _refuse_second(row)
    row.holds = row.can_hold and not questions.disputed_before(row)
    row.due_by = questions.first_day(row, now=now)
    row.save()
    row.number = numbers.numbered("JF", row.pk, legal_day(now))
    row.save(update_fields=["number"])
    if evidence is not None:
        keep_paper(row, row.side, evidence, note=evidence_note, by=by, now=now)
    said("dispute.raised", row, by=by, now=now)
    body = f"{row.get_topic_display()}：{row.wish}\n请在 {row.due_by:%Y-%m-%d} 前答复。"
    title = "对方提出合同纠纷，请答复"
    ring(row, rules.other(row.side), key="opened", title=title, body=body, now=now)
    return row


def _the_contract(
    by: Actor, deal_id: int | None, licence_id: int | None, pool_licence_id: int | None
) -> Deal | Licence | PoolLicence:
    """The one contract that is named, locked."""
    named = [pk for pk in (deal_id, licence_id, pool_licence_id) if pk is not None]
    if len(named) != 1:
        raise Invalid(fields={"licence_id": ["请指明一份合同：洽谈、许可或池许可，三者填一。"]})
    if deal_id is not None:
        return locked(Deal.objects.visible_to(by), deal_id)
    if licence_id is not None:
        return locked(Licence.objects.visible_to(by), licence_id)
    return locked(PoolLicence.objects.visible_to(by).select_related("pool"), named[0])


def _contract(contract: Deal | Licence | PoolLicence) -> dict[str, Any]:
    if isinstance(contract, PoolLicence):
        return pool_record(contract)
    if isinstance(contract, Deal):
        if contract.status not in CONTRACTS or contract.effective_on is None:
            raise Conflict(NO_CONTRACT, code="no-contract")
        return deal_record(contract)
    if not contract.in_force_ever or contract.starts_on is None:
        raise Conflict(NO_CONTRACT, code="no-contract")
    return licence_record(contract)


def _currency(contract: Deal | Licence | PoolLicence) -> str:
    if isinstance(contract, PoolLicence):
        return contract.terms.plan.currency
    plan = agreed(contract).plan if isinstance(contract, Deal) else contract.plan
    return plan.currency if plan is not None else "CNY"


def _name_line(row: Dispute, matter: Matter) -> None:
    """The sum, report or termination it is about, which must be one of this licence."""
    if not matter.lines:
        return
    contract = row.licence or row.pool_licence
    if contract is None:
        raise Invalid(fields={"line": ["洽谈合同的款项不在这里列出，请在事实和理由里写明。"]})
    [(name, pk)] = matter.lines
    line = questions.line_of(contract, name, pk)
    if line is None:
        raise Invalid(fields={"line": ["请选择这项许可的款项、申报或终止。"]})
    setattr(row, name, line)


def _refuse_second(row: Dispute) -> None:
    if same := questions.open_twin(row):
        raise Conflict(
            f"就同一事项已有一起纠纷正在处理（{same.number}），请在那里补充。",
            code="dispute-exists",
        )


@transaction.atomic
def answer_dispute(*, dispute_id: int, answer: str, by: Actor, now: datetime) -> Dispute:
    """The other side says what it thinks of it; then both negotiate."""
    row = locked_dispute(dispute_id, by=by)
    one_side(row, rules.other(row.side), by=by, message="这是本方提出的，要由对方答复。")
    step(row, "answer", now=now)
    row.answer = need(
        answer, "answer", "请写明意见：同意、部分同意或不同意，以及理由。", longest=4000
    )
    row.answered_at, row.answered_by = now, by.key
    row.save()
    said("dispute.replied", row, by=by, now=now)
    ring(row, row.side, key="answered", title="纠纷已答复", body=row.answer, now=now)
    return row


@transaction.atomic
def add_paper(
    *, dispute_id: int, evidence: File | None, note: str, by: Actor, now: datetime
) -> DisputePaper:
    """A party, or the mediator, hands in a paper; the others hear of it."""
    row = locked_dispute(dispute_id, by=by)
    who = voice(row, by=by)
    be_open(row)
    if evidence is None:
        raise Invalid(fields={"evidence": ["请选择要提交的文件。"]})
    paper = keep_paper(row, who.value, evidence, note=note, by=by, now=now)
    said("dispute.paper_added", row, by=by, now=now, paper=paper.pk)
    others = [v for v in Voice if v is not who]
    title = f"{row.label(who)}提交了材料"
    ring(row, *others, key=f"paper:{paper.pk}", title=title, body=paper.note, now=now)
    return paper


@transaction.atomic
def withdraw_dispute(*, dispute_id: int, reason: str, by: Actor, now: datetime) -> Dispute:
    """Whoever opened it takes it back."""
    row = locked_dispute(dispute_id, by=by)
    one_side(row, row.side, by=by, message="只有提出的一方可以撤回；不愿继续的，请终结处理。")
    close(row, "withdraw", need(reason, "reason", "请写明撤回的理由。"), by=by, now=now)
    return row


@transaction.atomic
def end_dispute(*, dispute_id: int, reason: str, by: Actor, now: datetime) -> Dispute:
    """A party, or the mediator, finds that nothing will be agreed; where to go next is said."""
    row = locked_dispute(dispute_id, by=by)
    who = row.label(voice(row, by=by))
    why = need(reason, "reason", "请写明为什么不能达成协议。", longest=1500)
    close(row, "fail", f"{who}终结：{why}\n{_next(row)}", by=by, now=now)
    return row


def _next(row: Dispute) -> str:
    return rules.where_next(open_licence=row.open_licence)


def follow_disputes(*, now: datetime) -> int:
    """Terms that are over move on, those that near their end ring; how many moved."""
    open_rows = Dispute.objects.filter(status__in=OPEN_STATES)
    keys = list(open_rows.order_by("pk").values_list("pk", flat=True))
    return sum(_follow(pk, now=now) for pk in keys)


@transaction.atomic
def _follow(pk: int, *, now: datetime) -> int:
    row = locked_dispute(pk, by=SYSTEM)
    left = questions.days_left(row, now=now)
    if left is None:
        return 0
    if left >= 0:
        return _remind(row, left, now=now) if left <= rules.ALARM_DAYS else 0
    return _over(row, now=now)


def _remind(row: Dispute, left: int, *, now: datetime) -> int:
    sides: dict[str, list[str]] = {
        DisputeStatus.OPENED: [rules.other(row.side).value],
        DisputeStatus.REQUESTED: [rules.other(row.mediation_side or Party.HOLDER).value],
        DisputeStatus.MEDIATING: [v.value for v in Voice],
    }
    who = sides.get(row.status, [p.value for p in Party])
    title = f"纠纷处理期限还有 {left} 天（{row.get_status_display()}）"
    ring(row, *who, key=f"alarm:{row.status}:{row.due_by}", title=title, now=now)
    return 0


def _over(row: Dispute, *, now: datetime) -> int:
    """What becomes of a state whose last day has passed."""
    match DisputeStatus(row.status):
        case DisputeStatus.OPENED:
            step(row, "let_pass", now=now)
            row.save()
            said("dispute.unanswered", row, by=SYSTEM, now=now)
            ring(row, row.side, key="unanswered", title="对方逾期未答复，可以申请调解", now=now)
        case DisputeStatus.REQUESTED:
            close(row, "refuse", f"对方逾期没有同意调解，调解不进行。\n{_next(row)}",
                  by=SYSTEM, now=now)  # fmt: skip
        case DisputeStatus.NEGOTIATING:
            close(row, "fail", f"协商期限届满，没有达成协议。\n{_next(row)}", by=SYSTEM, now=now)
        case DisputeStatus.MEDIATING:
            close(row, "fail", f"调解期限届满，没有达成协议。\n{_next(row)}", by=SYSTEM, now=now)
        case _:
            key = f"naming-late:{row.due_by}"
            ring_bureau(row, key=key, title="指定调解员已超过期限", now=now)
            return 0
    return 1
