"""Sums of settlements that no licence takes up: booked, paid, called for."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction

from core.attachments import services as attachments
from core.audit import services as audit
from core.days import legal_day
from core.errors import Conflict, Invalid
from core.people import selectors as people
from core.people.types import Actor
from core.permissions import Permission, require
from licensing.models import Dispute, DisputeProposal, SettlementPayment, SettlementSum
from licensing.rules import fees
from licensing.rules.royalties import Line
from licensing.selectors import settlement_sums as questions
from licensing.services.earnings import stored
from licensing.services.ground import locked, tell
from licensing.services.letters import FARTHEST, Owed, call_for, issue_invoice, step_reached
from licensing.types import Side

File = UploadedFile[bytes]
SYSTEM = Actor.system()


def book_sum(row: Dispute, made: DisputeProposal, *, by: Actor, now: datetime) -> SettlementSum:
    """What the settlement gives a party to pay, with how it came about. Inside the command."""
    assert made.amount is not None  # the proposal was asked
    assert made.pay_by is not None
    assert row.document is not None  # it was issued before
    payer = row.label(made.payer)
    formula = f"双方商定由{payer}支付 {fees.exact_text(made.amount, row.currency)}"
    basis = f"纠纷 {row.number} 第 {made.version} 版方案"
    line = Line(f"协议 {row.document.number}", formula, made.amount, basis)
    found = SettlementSum.objects.create(
        dispute=row,
        payer=made.payer,
        amount=made.amount,
        currency=row.currency,
        due_on=made.pay_by,
        explanation=[stored(line)],
        booked_at=now,
        booked_by=by.key,
    )
    audit.record("dispute.sum_booked", subject=row, by=by, at=now,
                 changes={"sum": str(made.amount), "payer": made.payer})  # fmt: skip
    issue_invoice(owed_of(found), by=by, now=now)
    return found


def owed_of(row: SettlementSum) -> Owed:
    """The sum as its letters say it."""
    dispute = row.dispute
    assert dispute.document is not None  # a sum is booked by a settlement on paper
    parties = people.organisations([row.payer_id, row.payee_id])
    return Owed(
        number=dispute.document.number,
        position=1,
        heads={
            "协议编号": dispute.document.number,
            "纠纷编号": dispute.number,
            ("专利池" if dispute.pool_licence_id else "专利"): dispute.patent_title,
            "收款方": parties[row.payee_id].name,
            "付款方": parties[row.payer_id].name,
        },
        kind="协议款",
        amount=row.amount,
        currency=row.currency,
        due_on=row.due_on,
        of={"agreed_sum": row},
        lines=row.explanation,
        late="逾期不付的，对方可按协议和法律主张权利。",
    )


@transaction.atomic
def pay_settlement(
    *,
    sum_id: int,
    amount: Decimal,
    paid_on: date,
    by: Actor,
    now: datetime,
    reference: str = "",
    proof: File | None = None,
) -> SettlementPayment:
    """The party that owes it notes what it paid; the other checks that it came."""
    row = locked(SettlementSum.objects.visible_to(by).select_related("dispute"), sum_id)
    require(by, Permission.RUN_DISPUTE, on=Side(row.payer_id, row.dispute.region))
    left = row.amount - sum((p.amount for p in row.payments.all()), Decimal(0))
    if left <= 0:
        raise Conflict("这笔协议款项已经付清，不用再登记。", code="paid")
    _refuse(row, amount, paid_on, left, reference=reference.strip(), proof=proof, now=now)
    made = SettlementPayment.objects.create(
        sum=row,
        amount=amount,
        paid_on=paid_on,
        reference=reference.strip()[:80],
        proof=attachments.store(proof, purpose="settlement", by=by, now=now, field="proof")
        if proof
        else None,
        recorded_at=now,
        recorded_by=by.key,
    )
    audit.record("dispute.sum_paid", subject=row.dispute, by=by, at=now,
                 changes={"sum": str(amount)})  # fmt: skip
    rest = fees.exact_text(left - amount, row.currency)
    _ring(row, row.payee_id, key=f"paid:{made.pk}", now=now,
          title=f"协议款项已支付 {fees.exact_text(amount, row.currency)}",
          body=f"尚余 {rest}。请核对是否到账。")  # fmt: skip
    return made


def _refuse(
    row: SettlementSum,
    amount: Decimal,
    paid_on: date,
    left: Decimal,
    *,
    reference: str,
    proof: File | None,
    now: datetime,
) -> None:
    errors: dict[str, list[str]] = {}
    if not amount.is_finite() or amount <= 0 or amount != fees.yuan(amount):
        errors["amount"] = ["请填写大于 0、最多两位小数的金额。"]
    elif amount > left:
        errors["amount"] = [f"只剩 {fees.exact_text(left, row.currency)} 未付，请核对。"]
    if paid_on > legal_day(now):
        errors["paid_on"] = ["付款日不能晚于今天。"]
    if not reference and proof is None:
        errors["proof"] = ["请上传付款凭证，或填写付款凭证号。"]
    if errors:
        raise Invalid(fields=errors)
    if reference and row.payments.filter(reference=reference).exists():
        raise Conflict("这个付款凭证号已经登记过，请勿重复登记。", code="receipt-used")


def remind_of_settlements(*, now: datetime) -> int:
    """Remind who owes before the day, both after it, each step once and on paper."""
    today = legal_day(now)
    rung = 0
    for row in questions.open_until(today + timedelta(days=60)).iterator():
        if row.due_on >= today - timedelta(days=FARTHEST):
            rung += _remind(row, today=today, now=now)
    return rung


@transaction.atomic
def _remind(row: Any, *, today: date, now: datetime) -> int:
    step = step_reached(row.due_on, region=row.dispute.region, today=today)
    if not step:
        return 0
    if call_for(owed_of(row), step, outstanding=row.open_sum, by=SYSTEM, now=now):
        audit.record("dispute.sum_dunned", subject=row.dispute, by=SYSTEM, at=now)
    late = step.startswith("late")
    who = [row.payer_id, row.payee_id] if late else [row.payer_id]
    _ring(row, *who, key=step, now=now,
          title="协议款项已逾期" if late else "协议款项即将到期",
          body=f"{fees.exact_text(row.open_sum, row.currency)} 应在 {row.due_on:%Y-%m-%d} 前支付。"
          "已付的，请登记付款。")  # fmt: skip
    return 1


def _ring(
    row: SettlementSum, *organisations: int, key: str, title: str, body: str, now: datetime
) -> None:
    tell(
        list(organisations),
        kind="dispute.progress",
        key=f"settlement-sum:{row.pk}:{key}",
        title=f"{title}：{row.dispute.patent_title[:60]}",
        body=body,
        url=f"/disputes/{row.dispute_id}/",
        now=now,
    )
