"""Settlements 协议: proposed by a party or the mediator, accepted by both, put on paper."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import Max

from core.days import legal_day
from core.errors import Conflict, Invalid, Missing
from core.people import selectors as people
from core.people.types import Actor
from licensing.models import Dispute, DisputeProposal, Document
from licensing.rules import disputes as rules
from licensing.rules import fees, numbers
from licensing.rules.deals import Party
from licensing.rules.disputes import ProposalStatus, Voice
from licensing.rules.royalties import Line
from licensing.selectors import disputes as questions
from licensing.services import pool_dues
from licensing.services.credits import apply_credit
from licensing.services.deal_ground import need
from licensing.services.dispute_ground import (
    be_open,
    close,
    locked_dispute,
    party,
    ring,
    said,
    voice,
)
from licensing.services.documents import issue
from licensing.services.earnings import stored
from licensing.services.ground import moved
from licensing.services.royalties import add_due
from licensing.services.settlement_sums import book_sum

TABLE, LABELS = rules.PROPOSAL_MOVES, rules.PROPOSAL_LABELS
SETTLEMENT = "settlement"


@dataclass(frozen=True, slots=True)
class Offer:
    """What is proposed: the words, and the sum where one is to be paid."""

    text: str
    amount: Decimal | None = None
    payer: str = ""
    pay_by: date | None = None
    releases: bool = False


@transaction.atomic
def propose_settlement(
    *, dispute_id: int, offer: Offer, by: Actor, now: datetime
) -> DisputeProposal:
    """Words for both to accept; a newer proposal takes the place of one that waits."""
    row = locked_dispute(dispute_id, by=by)
    who = voice(row, by=by)
    be_open(row)
    said_so = asdict(offer)
    wrong = rules.proposal_errors(**said_so, has_line=row.has_sum, today=legal_day(now))
    if wrong:
        raise Invalid(fields=wrong)
    for waiting in row.proposals.filter(status=ProposalStatus.PROPOSED):
        moved(TABLE, LABELS, waiting, "replace")
        waiting.save(update_fields=["status"])
    last = row.proposals.aggregate(n=Max("version"))["n"] or 0
    made = DisputeProposal(dispute=row, version=last + 1, side=who.value, **said_so)
    made.text = offer.text.strip()[:4000]
    made.proposed_at, made.proposed_by = now, by.key
    if who is not Voice.MEDIATOR:
        _accept(made, who.value, by=by, now=now)
    made.save()
    said("dispute.settlement_proposed", row, by=by, now=now, version=made.version)
    title = f"{row.label(who)}提出解决方案，请答复"
    others = [p for p in Party if p.value != who.value]
    ring(row, *others, key=f"proposal:{made.version}", title=title, body=made.text, now=now)
    return made


@transaction.atomic
def answer_settlement(
    *, dispute_id: int, version: int, accept: bool, reason: str, by: Actor, now: datetime
) -> Dispute:
    """A party accepts or refuses the proposal that waits; when both have, it is settled."""
    row = locked_dispute(dispute_id, by=by)
    side = party(row, by=by)
    be_open(row)
    made = row.proposals.select_for_update().filter(version=version).first()
    if made is None:
        raise Missing("没有这一版解决方案。")
    if made.status != ProposalStatus.PROPOSED:
        raise Conflict(
            f"第 {version} 版方案{made.get_status_display()}，请刷新页面查看最新方案。",
            code="proposal-over",
        )
    if made.accepted_by(side):
        raise Conflict("本方已经接受这一版，等待对方答复。", code="already-accepted")
    if not accept:
        return _refuse(row, made, side, reason, by=by, now=now)
    _accept(made, side.value, by=by, now=now)
    if not made.accepted_by(rules.other(side)):
        made.save()
        said("dispute.settlement_answered", row, by=by, now=now, version=version)
        title = f"{row.label(side)}接受了第 {version} 版方案"
        others = (rules.other(side), Voice.MEDIATOR)
        ring(row, *others, key=f"accepted:{version}", title=title, now=now)
        return row
    moved(TABLE, LABELS, made, "accept")
    made.save()
    return _settle(row, made, by=by, now=now)


def _accept(made: DisputeProposal, side: str, *, by: Actor, now: datetime) -> None:
    setattr(made, f"{side}_at", now)
    setattr(made, f"{side}_by", by.key)


def _refuse(
    row: Dispute, made: DisputeProposal, side: Party, reason: str, *, by: Actor, now: datetime
) -> Dispute:
    made.reason = need(reason, "reason", "请写明不接受的理由，或者希望怎样改。")
    made.refused_side = side.value
    moved(TABLE, LABELS, made, "refuse")
    made.save()
    said("dispute.settlement_answered", row, by=by, now=now, version=made.version)
    title = f"{row.label(side)}没有接受第 {made.version} 版方案"
    others = (rules.other(side), Voice.MEDIATOR)
    ring(row, *others, key=f"refused:{made.version}", title=title, body=made.reason, now=now)
    return row


def _settle(row: Dispute, made: DisputeProposal, *, by: Actor, now: datetime) -> Dispute:
    row.document = _paper(row, made, by=by, now=now)
    _book(row, made, by=by, now=now)
    mediated = row.mediator_id is not None
    words = f"双方接受了第 {made.version} 版方案，协议编号 {row.document.number}。"
    close(row, "settle", f"{words}\n{rules.settled_words(mediated=mediated)}", by=by, now=now)
    return row


def _book(row: Dispute, made: DisputeProposal, *, by: Actor, now: datetime) -> None:
    """What the settlement does to the money: disputed sums fall away, the agreed one is due.

    What a licensee pays is another sum of its licence; what a holder or a pool's administrator
    pays, or anybody on a contract without a licence, is a sum of its own.
    """
    if row.pool_licence is not None and made.releases:
        pool_dues.release(row.pool_licence, row, by=by, now=now)
    if row.licence is not None and made.releases:
        keys = questions.disputed_sums(row)
        row.licence.dues.filter(pk__in=keys).update(released_on=legal_day(now))
    if made.amount is None or made.pay_by is None:
        return
    if row.deal is not None or made.payer != Party.TAKER:
        book_sum(row, made, by=by, now=now)
        return
    known: dict[str, Any] = {
        "kind": SETTLEMENT,
        "amount": made.amount,
        "due_on": made.pay_by,
        "lines": [_why(row, made)],
        "dispute": row,
        "by": by,
        "now": now,
    }
    if row.pool_licence is not None:
        pool_dues.book(row.pool_licence, **known)
    if row.licence is not None:
        add_due(row.licence, **known)
        apply_credit(row.licence, by=by, now=now)


def _why(row: Dispute, made: DisputeProposal) -> dict[str, str]:
    """How the agreed sum came about."""
    assert row.document is not None  # it was issued before
    assert made.amount is not None  # it was asked
    formula = f"双方商定 {fees.exact_text(made.amount, row.currency)}"
    basis = f"纠纷 {row.number} 第 {made.version} 版方案"
    return stored(Line(f"协议 {row.document.number}", formula, made.amount, basis))


def _paper(row: Dispute, made: DisputeProposal, *, by: Actor, now: datetime) -> Document:
    ids = [row.holder_id, row.taker_id, *([row.mediator_id] if row.mediator_id else [])]
    names = people.organisations(ids)
    holder, taker = names[row.holder_id], names[row.taker_id]
    opener = row.label(row.side)
    subject = f"{row.patent_number} {row.patent_title}"
    content: dict[str, object] = {
        "协议编号": numbers.numbered("TJ", row.pk, legal_day(now)),
        "纠纷编号": row.number,
        row.holder_label: f"{holder.name}（{holder.uscc or '—'}）",
        row.taker_label: f"{taker.name}（{taker.uscc or '—'}）",
        "合同编号": row.contract_number,
        ("专利池" if row.pool_licence_id else "专利"): subject.strip(),
        "争议事项": f"{row.get_topic_display()}（{opener}提出）",
        "事实和请求": [row.facts, row.wish],
        "对方意见": row.answer or "—",
        "协议内容": made.text,
        "款项": questions.money_lines(made, row) or "不涉及款项",
        "接受": [
            f"{row.holder_label} {legal_day(made.holder_at or now):%Y-%m-%d}",
            f"{row.taker_label} {legal_day(made.taker_at or now):%Y-%m-%d}",
        ],
    }
    if row.mediator_id is not None:
        content["调解机构"] = names[row.mediator_id].name
        content["调解员"] = row.mediator_name
    content["效力"] = rules.settled_words(mediated=row.mediator_id is not None)
    document = Document(kind=Document.Kind.SETTLEMENT, number=str(content["协议编号"]))
    return issue(document, content, by=by, now=now)
