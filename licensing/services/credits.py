"""Credit: what came in beyond the sums due, used for the next ones, or paid back."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils import timezone

from core.attachments import services as attachments
from core.audit import services as audit
from core.days import legal_day
from core.errors import Conflict, Invalid
from core.people.types import Actor
from core.permissions import Permission, require
from licensing.models import Credit, CreditUse, Licence, Payment, PaymentDue, RoyaltyReport
from licensing.rules import credits as rules
from licensing.rules import fees, moves
from licensing.rules.royalties import Line
from licensing.selectors.credits import credits_left, licences_with_credit, open_dues
from licensing.services.ground import locked, tell
from listings.services.ownership.incomes import note_income

if TYPE_CHECKING:
    from core.attachments.models import Attachment

SYSTEM = Actor.system()
File = UploadedFile[bytes]


def account_url(licence: Licence) -> str:
    """Where both parties see the account."""
    return f"/licences/{licence.pk}/statement/"


@transaction.atomic
def receive(
    *,
    licence_id: int,
    amount: Decimal,
    received_at: datetime,
    by: Actor,
    now: datetime,
    currency: str = fees.Currency.CNY,
    exchange_rate: Decimal | None = None,
    rate_source: str = "",
    rate_on: date | None = None,
    reference: str = "",
    proof: File | None = None,
    note: str = "",
) -> Credit:
    """Note money that came in, whatever it was for: it pays what is open, the rest stays credit."""
    licence = locked(Licence.objects.visible_to(by), licence_id)
    require(by, Permission.TAKE_LICENCE, on=licence.licensee_side())
    if licence.status == moves.LicenceStatus.NOTICED:
        raise Conflict(
            "许可还没有生效：请先在“登记付款”里付清随通知应付的款项。", code="not-in-force"
        )
    receipt = rules.Receipt(amount, currency, exchange_rate, rate_source, rate_on)
    _refuse_receipt(licence, receipt, received_at, reference.strip(), proof, now=now)
    line = rules.converted(receipt, plan_currency=licence.plan.currency)
    foreign = currency != licence.plan.currency
    credit = Credit.objects.create(
        licence=licence,
        kind=rules.CreditKind.RECEIVED.value,
        amount=line.amount,
        received_at=received_at,
        paid_amount=amount,
        paid_currency=currency,
        exchange_rate=exchange_rate if foreign and exchange_rate else Decimal(1),
        rate_source=rate_source.strip()[:120] if foreign else "",
        rate_on=rate_on if foreign else None,
        explanation=[_stored(line)],
        reference=reference.strip(),
        proof=_kept(proof, by=by, now=now),
        note=note.strip()[:500],
        recorded_at=now,
        recorded_by=by.key,
    )
    audit.record("licence.received", subject=licence, by=by, at=now, changes={"sum": str(amount)})
    used = apply_credit(licence, by=by, now=now)
    _tell_received(licence, credit, used, now=now)
    return credit


def _refuse_receipt(
    licence: Licence,
    receipt: rules.Receipt,
    received_at: datetime,
    reference: str,
    proof: File | None,
    *,
    now: datetime,
) -> None:
    """Invalid with everything that is wrong, Conflict when the receipt is known."""
    errors = rules.receipt_errors(
        receipt, plan_currency=licence.plan.currency, today=legal_day(now)
    )
    if received_at > now:
        errors["received_at"] = ["付款时间不能晚于现在。"]
    if not reference and proof is None:
        errors["proof"] = ["请上传付款凭证，或填写付款凭证号（银行回单号）。"]
    if errors:
        raise Invalid(fields=errors)
    known = (
        licence.payments.filter(reference=reference),
        licence.credits.filter(reference=reference),
    )
    if reference and any(rows.exists() for rows in known):
        raise Conflict("这个付款凭证号已经登记过，请勿重复登记。", code="receipt-used")


def _kept(proof: File | None, *, by: Actor, now: datetime) -> Attachment | None:
    if proof is None:
        return None
    return attachments.store(proof, purpose="licence-payment", by=by, now=now, field="proof")


def _tell_received(licence: Licence, credit: Credit, used: Decimal, *, now: datetime) -> None:
    left = credit.amount - used
    tell(
        [licence.licensor_id],
        kind="licence.progress",
        key=f"credit:{credit.pk}",
        title=f"付款已登记：{fees.exact_text(credit.amount, licence.plan.currency)}",
        body=f"用于到期款项 {fees.exact_text(used)}，余 {fees.exact_text(left)} 记为预存款。"
        "请核对是否到账。",
        url=account_url(licence),
        now=now,
    )


def credit_correction(
    licence: Licence, report: RoyaltyReport, line: Line, *, by: Actor, now: datetime
) -> Credit:
    """What a corrected report no longer owes, to the licensee's credit; inside the command."""
    credit = Credit.objects.create(
        licence=licence,
        kind=rules.CreditKind.CORRECTION.value,
        amount=line.amount,
        received_at=now,
        paid_amount=line.amount,
        paid_currency=licence.plan.currency,
        explanation=[_stored(line)],
        report=report,
        recorded_at=now,
        recorded_by=by.key,
    )
    audit.record(
        "licence.credited", subject=licence, by=by, at=now, changes={"sum": str(line.amount)}
    )
    return credit


def apply_credit(licence: Licence, *, by: Actor, now: datetime) -> Decimal:
    """Use what credit there is for what is due soon, oldest first; how much. Lock the licence."""
    credits = credits_left(licence)
    dues = open_dues(licence, until=legal_day(now) + timedelta(days=rules.AHEAD_DAYS))
    shares = rules.spread([(c.pk, left) for c, left in credits], [(d.pk, d.open_sum) for d in dues])
    by_credit, by_due = {c.pk: c for c, _left in credits}, {d.pk: d for d in dues}
    for share in shares:
        _use(by_credit[share.credit], by_due[share.due], share.amount, by=by, now=now)
    used = sum((share.amount for share in shares), Decimal(0))
    if used:
        audit.record("licence.offset", subject=licence, by=by, at=now, changes={"sum": str(used)})
    return used


def _use(credit: Credit, due: PaymentDue, amount: Decimal, *, by: Actor, now: datetime) -> None:
    payment = Payment.objects.create(
        licence_id=credit.licence_id,
        due=due,
        amount=amount,
        paid_at=_counts_from(credit, due, now=now),
        reference=f"预存款 {credit.pk}/{due.pk}",
        proof_id=credit.proof_id,
        recorded_at=now,
        recorded_by=by.key,
    )
    CreditUse.objects.create(
        credit=credit, amount=amount, payment=payment, used_at=now, used_by=by.key
    )
    if credit.kind == rules.CreditKind.RECEIVED:  # what a correction gives back came in before
        note_income(
            patent_id=credit.licence.patent_id,
            organisation_id=credit.licence.licensor_id,
            reference=f"payment:{payment.pk}",
            amount=amount,
            currency=credit.licence.plan.currency,
            received_on=legal_day(payment.paid_at),
            now=now,
        )


def _counts_from(credit: Credit, due: PaymentDue, *, now: datetime) -> datetime:
    """Money counts from the day it came; what was never owed bears no interest from its day on."""
    if credit.kind == rules.CreditKind.RECEIVED:
        return credit.received_at
    return min(now, timezone.make_aware(datetime.combine(due.due_on, time.min)))


@transaction.atomic
def refund_credit(
    *,
    licence_id: int,
    amount: Decimal,
    refunded_on: date,
    by: Actor,
    now: datetime,
    reference: str = "",
    proof: File | None = None,
) -> list[CreditUse]:
    """Note that the licensor paid credit back; never more than there is."""
    licence = locked(Licence.objects.visible_to(by), licence_id)
    require(by, Permission.ACCEPT_ROYALTY, on=licence.licensor_side())
    credits = credits_left(licence)
    balance = sum((left for _c, left in credits), Decimal(0))
    proved = bool(reference.strip()) or proof is not None
    _refuse_refund(amount, balance, refunded_on, proved=proved, today=legal_day(now))
    kept = _kept(proof, by=by, now=now)
    uses = [
        CreditUse.objects.create(
            credit_id=credit_id,
            amount=piece,
            refunded_on=refunded_on,
            reference=reference.strip()[:80],
            proof=kept,
            used_at=now,
            used_by=by.key,
        )
        for credit_id, piece in rules.drawn([(c.pk, left) for c, left in credits], amount)
    ]
    audit.record("licence.refunded", subject=licence, by=by, at=now, changes={"sum": str(amount)})
    _tell_refunded(licence, amount, key=f"refund:{uses[0].pk}", now=now)
    return uses


def _refuse_refund(
    amount: Decimal, balance: Decimal, refunded_on: date, *, proved: bool, today: date
) -> None:
    """Conflict when nothing is there, Invalid with everything that is wrong."""
    if not balance:
        raise Conflict("账上没有预存款，不需要退款。", code="no-credit")
    errors: dict[str, list[str]] = {}
    if amount <= 0 or amount != fees.yuan(amount):
        errors["amount"] = ["请填写大于 0、最多两位小数的金额。"]
    elif amount > balance:
        errors["amount"] = [f"账上预存款只有 {fees.exact_text(balance)}，请核对。"]
    if refunded_on > today:
        errors["refunded_on"] = ["退款日不能晚于今天。"]
    if not proved:
        errors["proof"] = ["请上传退款凭证，或填写退款凭证号。"]
    if errors:
        raise Invalid(fields=errors)


def _tell_refunded(licence: Licence, amount: Decimal, *, key: str, now: datetime) -> None:
    tell(
        [licence.licensee_id],
        kind="licence.progress",
        key=key,
        title=f"预存款已退回：{fees.exact_text(amount, licence.plan.currency)}",
        body="许可人登记了退款，请核对是否到账。",
        url=account_url(licence),
        now=now,
    )


def use_credits(*, now: datetime) -> int:
    """Let credit pay what has come near; how many licences it was used on."""
    return sum(_use_of(pk, now=now) for pk in licences_with_credit())


@transaction.atomic
def _use_of(licence_id: int, *, now: datetime) -> int:
    licence = locked(Licence.objects.all(), licence_id)
    return 1 if apply_credit(licence, by=SYSTEM, now=now) else 0


def _stored(line: Line) -> dict[str, str]:
    return {"label": line.label, "formula": line.formula, "amount": str(line.amount),
            "basis": line.basis}  # fmt: skip
