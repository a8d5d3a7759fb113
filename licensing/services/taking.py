"""Taking an open licence: notice, payment, effect (PL51), and its filing (IR87)."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.db.models import Sum
from django.utils.translation import gettext as _

from core.attachments import services as attachments
from core.audit import services as audit
from core.days import legal_day
from core.errors import Conflict, Invalid, NotAllowed
from core.outbox import services as outbox
from core.people.types import Actor, Role
from core.permissions import Permission, require
from core.ratings.services import offer_rating
from licensing.models import Licence, OpenDeclaration, Payment, PaymentDue
from licensing.rules import effect, fees, moves
from licensing.rules.guards import serving_errors
from licensing.rules.numbers import licence_number
from licensing.services import documents
from licensing.services.ground import (
    bind,
    licence_facts,
    licence_url,
    locked,
    moved,
    patent,
    refuse_if_blocked,
    tell,
)
from licensing.services.outcomes import report_open_licence
from listings import services as encumbrances
from listings.services.ownership.incomes import note_income
from listings.types import Action, EncumbranceKind

TABLE, LABELS = moves.LICENCE_MOVES, moves.LICENCE_LABELS


@transaction.atomic
def take_open_licence(
    *,
    declaration_id: int,
    by: Actor,
    now: datetime,
    licensee_id: int | None = None,
    served_at: datetime | None = None,
    served_proof: UploadedFile[bytes] | None = None,
) -> Licence:
    """Serve notice that a firm takes the licence. What is free at notice takes effect at once.

    Without `served_at` the platform delivers the notice now; with it, the firm states that it
    served a written notice then, best with its proof.
    """
    licensee_id = licensee_of(by, licensee_id)
    declaration = locked(OpenDeclaration.objects.visible_to(by), declaration_id)
    require(by, Permission.TAKE_LICENCE)
    _refuse_taking(declaration, licensee_id, now=now)
    errors = serving_errors(
        served_at=served_at or now,
        served_on=legal_day(served_at or now),
        announced_on=declaration.announced_on or legal_day(now),
        now=now,
    )
    if errors:
        raise Invalid(fields={"served_at": errors})
    licence = _noticed(
        declaration, licensee_id, served_at, served_proof=served_proof, by=by, now=now
    )
    write_schedule(licence)
    audit.record("licence.noticed", subject=licence, by=by, at=now)
    outbox.emit("licence.noticed", subject=licence, by=by, at=now, payload=licence_facts(licence))
    _tell_noticed(licence, now=now)
    _settle(licence, by=by, now=now)
    return licence


def _noticed(
    declaration: OpenDeclaration,
    licensee_id: int,
    served_at: datetime | None,
    *,
    served_proof: UploadedFile[bytes] | None,
    by: Actor,
    now: datetime,
) -> Licence:
    """The licence's row with its number, on the terms as they stand."""
    licence = Licence.objects.create(
        declaration=declaration,
        patent_id=declaration.patent_id,
        licensor_id=declaration.licensor_id,
        licensee_id=licensee_id,
        region=declaration.region,
        plan=declaration.plan,
        patent_number=declaration.patent_number,
        patent_title=declaration.patent_title,
        months=declaration.months,
        noticed_at=now,
        noticed_by=by.key,
        served_at=served_at or now,
        channel=Licence.Channel.OTHER if served_at else Licence.Channel.PLATFORM,
        served_proof=attachments.store(
            served_proof, purpose="licence-notice", by=by, now=now, field="served_proof"
        )
        if served_proof
        else None,
    )
    licence.number = licence_number(licence.pk, legal_day(now))
    licence.save(update_fields=["number"])
    return licence


def _tell_noticed(licence: Licence, *, now: datetime) -> None:
    tell(
        [licence.licensor_id],
        kind="licence.progress",
        key=f"licence-noticed:{licence.pk}",
        title=_("收到开放许可通知：%(title)s") % {"title": licence.patent_title},
        body=_("有企业按声明条件取得许可。如对通知有异议，请在 %(days)d 天内提出。")
        % {"days": effect.CONTEST_DAYS},
        url=licence_url(licence),
        now=now,
    )


def licensee_of(by: Actor, asked: int | None) -> int:
    """The firm that takes the licence: the actor's own, or one that gave it a mandate."""
    own = None if by.has(Role.BROKER) else by.organisation_id
    chosen = asked if asked is not None else own
    if chosen is None or chosen not in by.acts_for:
        raise NotAllowed(
            _("请先登录并以本企业（或委托您的企业）的身份取得许可。"), code="no-licensee"
        )
    return chosen


def _refuse_taking(declaration: OpenDeclaration, licensee_id: int, *, now: datetime) -> None:
    """Conflict when this firm cannot take this licence now."""
    if declaration.status != moves.DeclarationStatus.ANNOUNCED:
        raise Conflict(
            _(
                "这份开放许可声明已不再生效，不能再按它取得许可。请查看其他开放许可，或联系专利权人。"
            ),
            code="not-on-offer",
        )
    if declaration.licensor_id == licensee_id:
        raise Conflict(_("这是本单位自己的专利，不需要取得许可。"), code="own-patent")
    live = Licence.objects.live().filter(declaration=declaration, licensee_id=licensee_id)
    if number := live.values_list("number", flat=True).first():
        message = _("贵单位已经取得这项开放许可（%(number)s），请在“我的许可”中查看。")
        raise Conflict(message % {"number": number}, code="already-taken")
    refuse_if_blocked(declaration.patent_id, Action.LICENSE_ORDINARY, now=now)


def write_schedule(licence: Licence) -> None:
    """What is due on the licence by its fee plan."""
    dues = fees.schedule(licence.plan.terms(), served_on=legal_day(licence.served_at))
    PaymentDue.objects.bulk_create(
        PaymentDue(
            licence=licence,
            position=position,
            kind=due.kind,
            amount=due.amount,
            due_on=due.due_on,
            at_conclusion=due.at_conclusion,
        )
        for position, due in enumerate(dues, start=1)
    )


@transaction.atomic
def record_payment(
    *,
    licence_id: int,
    due_id: int,
    amount: Decimal,
    paid_at: datetime,
    by: Actor,
    now: datetime,
    reference: str = "",
    proof: UploadedFile[bytes] | None = None,
) -> Payment:
    """Note with its proof that the licensee paid; what completes the sums due brings the effect."""
    licence = locked(Licence.objects.visible_to(by), licence_id)
    require(by, Permission.TAKE_LICENCE, on=licence.licensee_side())
    if licence.status == moves.LicenceStatus.VOID:
        raise Conflict(_("这项许可已经失效，不能再登记付款。"), code="licence-closed")
    due = licence.dues.filter(pk=due_id).first()
    if due is None:
        raise Invalid(fields={"due": [_("请选择这次支付的是哪一期款项。")]})
    if due.released_on:
        raise Conflict(_("这一期款项因许可终止不再应付。"), code="released")
    reference = reference.strip()
    _check_payment(licence, due, amount, paid_at, reference, bool(proof), now=now)
    if licence.status == moves.LicenceStatus.NOTICED:
        refuse_if_blocked(licence.patent_id, Action.LICENSE_ORDINARY, now=now)
    payment = Payment.objects.create(
        licence=licence,
        due=due,
        amount=amount,
        paid_at=paid_at,
        reference=reference,
        proof=attachments.store(proof, purpose="licence-payment", by=by, now=now, field="proof")
        if proof
        else None,
        recorded_at=now,
        recorded_by=by.key,
    )
    note_income(
        patent_id=licence.patent_id,
        organisation_id=licence.licensor_id,
        reference=f"payment:{payment.pk}",
        amount=amount,
        currency=licence.plan.currency,
        received_on=legal_day(paid_at),
        now=now,
    )
    audit.record("licence.paid", subject=licence, by=by, at=now, changes={"amount": str(amount)})
    outbox.emit(
        "licence.paid",
        subject=licence,
        by=by,
        at=now,
        payload=licence_facts(licence) | {"payment_id": payment.pk},
    )
    _tell_paid(payment, now=now)
    _settle(licence, by=by, now=now)
    return payment


def _tell_paid(payment: Payment, *, now: datetime) -> None:
    licence = payment.licence
    tell(
        [licence.licensor_id],
        kind="licence.progress",
        key=f"licence-paid:{payment.pk}",
        title=_("开放许可付款已登记：%(amount)s") % {"amount": fees.money_text(payment.amount)},
        body=_("请核对是否到账。如未收到，请在 %(days)d 天内提出异议。")
        % {"days": effect.CONTEST_DAYS},
        url=licence_url(licence),
        now=now,
    )


def _check_payment(
    licence: Licence,
    due: PaymentDue,
    amount: Decimal,
    paid_at: datetime,
    reference: str,
    has_proof: bool,
    *,
    now: datetime,
) -> None:
    """Refuse what cannot be a payment of this sum: paid already, too much, without proof."""
    paid = due.payments.aggregate(total=Sum("amount"))["total"] or Decimal(0)
    outstanding = due.amount - paid
    if outstanding <= 0:
        raise Conflict(
            _("这一期款项已经付清。确实重复付了的，请在对账单里登记为预存款。"), code="already-paid"
        )
    errors: dict[str, list[str]] = {}
    if amount <= 0 or amount != fees.yuan(amount):
        errors["amount"] = [_("请填写大于 0、最多两位小数的金额（元）。")]
    elif amount > outstanding:
        message = _(
            "金额超过这一期尚未支付的 %(sum)s，请核对。确实多付的，在对账单里登记为预存款。"
        )
        errors["amount"] = [message % {"sum": fees.money_text(outstanding)}]
    if paid_at > now:
        errors["paid_at"] = [_("付款时间不能晚于现在。")]
    announced = licence.declaration.announced_on if licence.declaration else None
    if announced and legal_day(paid_at) < announced:
        errors["paid_at"] = [_("付款时间不能早于声明公告日。")]
    if not reference and not has_proof:
        errors["proof"] = [_("请上传付款凭证，或填写付款凭证号（银行回单号）。")]
    if errors:
        raise Invalid(fields=errors)
    if reference and licence.payments.filter(reference=reference).exists():
        raise Conflict(_("这个付款凭证号已经登记过，请勿重复登记。"), code="receipt-used")


def _settle(licence: Licence, *, by: Actor, now: datetime) -> None:
    """Let the licence take effect as soon as notice and sums then due are complete."""
    if licence.status != moves.LicenceStatus.NOTICED:
        return
    due = licence.dues.filter(at_conclusion=True).aggregate(total=Sum("amount"))["total"]
    paid = licence.payments.filter(due__at_conclusion=True)
    found = effect.effect(
        served_at=licence.served_at,
        due=due or Decimal(0),
        payments=[effect.Paid(p.amount, p.paid_at) for p in paid],
    )
    licence.explanation = found.explanation
    if found.effective_at is None:
        licence.save(update_fields=["explanation"])
        return
    declaration = licence.declaration
    if declaration and declaration.closed_at and found.effective_at > declaration.closed_at:
        raise Conflict(
            _("开放许可声明已于 %(when)s 撤回，之后付清的款项不再取得许可，请联系专利权人。")
            % {"when": effect.minute_text(declaration.closed_at)},
            code="withdrawn-before",
        )
    _take_effect(licence, found.effective_at, by=by, now=now)


def _take_effect(licence: Licence, effective_at: datetime, *, by: Actor, now: datetime) -> None:
    """The licence arises: bind the patent, issue the contract, report the outcome, tell all."""
    moved(TABLE, LABELS, licence, "take_effect")
    card = patent(licence.patent_id)
    starts_on = legal_day(effective_at)
    if card.expires_on is None or card.expires_on <= starts_on:
        raise Conflict(_("专利权期限已届满或未登记，不能取得许可。"), code="expired")
    licence.effective_at, licence.starts_on = effective_at, starts_on
    licence.ends_on = effect.term_end(starts_on, licence.months, expires_on=card.expires_on)
    licence.encumbrance_id = bind(
        patent_id=licence.patent_id,
        kind=EncumbranceKind.ORDINARY,
        starts_on=starts_on,
        ends_on=licence.ends_on,
        reference=f"licence:{licence.pk}",
        party_id=licence.licensee_id,
        by=by,
        now=now,
    )
    licence.save()
    documents.issue_contract(licence, by=by, now=now)
    audit.record("licence.effective", subject=licence, by=by, at=now)
    outbox.emit(
        "licence.effective",
        subject=licence,
        by=by,
        at=now,
        payload=licence_facts(licence)
        | {
            "effective_at": effective_at.isoformat(),
            "fee": fees.price_text(licence.plan.terms()),
        },
    )
    report_open_licence(licence, now=now)
    tell(
        [licence.licensor_id, licence.licensee_id],
        kind="licence.progress",
        key=f"licence-effective:{licence.pk}",
        title=_("开放许可已生效：%(title)s") % {"title": licence.patent_title},
        body=_("请在 %(day)s 前办理备案。")
        % {"day": f"{effect.filing_deadline(starts_on):%Y-%m-%d}"},
        url=licence_url(licence),
        now=now,
    )


@transaction.atomic
def cancel_notice(*, licence_id: int, reason: str, by: Actor, now: datetime) -> Licence:
    """The licensee takes its notice back before it has paid anything."""
    licence = locked(Licence.objects.visible_to(by), licence_id)
    require(by, Permission.TAKE_LICENCE, on=licence.licensee_side())
    if licence.status != moves.LicenceStatus.NOTICED or licence.payments.exists():
        raise Conflict(_("已经付款或生效的许可不能撤回通知，请与专利权人协商。"))
    moved(TABLE, LABELS, licence, "void")
    licence.closed_at, licence.closed_by = now, by.key
    licence.closed_reason = reason.strip() or _("被许可人在付款前撤回通知")
    licence.save(update_fields=["status", "closed_at", "closed_by", "closed_reason"])
    audit.record("licence.cancelled", subject=licence, by=by, at=now)
    tell(
        [licence.licensor_id],
        kind="licence.progress",
        key=f"licence-cancelled:{licence.pk}",
        title=_("开放许可通知已撤回：%(title)s") % {"title": licence.patent_title},
        url=licence_url(licence),
        now=now,
    )
    return licence


@transaction.atomic
def file_licence(
    *, licence_id: int, filing_number: str, filed_on: date, by: Actor, now: datetime
) -> Licence:
    """Note the filing 备案 by either party."""
    licence = locked(Licence.objects.visible_to(by), licence_id)
    require(by, Permission.FILE_LICENCE, on=licence)
    moved(TABLE, LABELS, licence, "file")
    if licence.contests.filter(status=moves.ContestStatus.RAISED).exists():
        raise Conflict(_("这项许可有待处理的异议，处理完毕后再办理备案。"), code="contested")
    number = filing_number.strip()
    if errors := effect.filing_errors(
        number, filed_on, starts_on=licence.starts_on, today=legal_day(now)
    ):
        raise Invalid(fields=errors)
    licence.filing_number, licence.filed_on = number, filed_on
    licence.filed_at, licence.filed_by = now, by.key
    licence.save(update_fields=["status", "filing_number", "filed_on", "filed_at", "filed_by"])
    if licence.encumbrance_id is not None:
        encumbrances.number_in_register(
            encumbrance_id=licence.encumbrance_id,
            register_number=licence.filing_number,
            by=by,
            now=now,
        )
    audit.record("licence.filed", subject=licence, by=by, at=now)
    outbox.emit("licence.filed", subject=licence, by=by, at=now, payload=licence_facts(licence))
    _tell_filed(licence, now=now)
    return licence


def _tell_filed(licence: Licence, *, now: datetime) -> None:
    """Both parties hear the number; the licensee may rate how it went."""
    offer_rating(
        service="licence",
        reference=f"licence:{licence.pk}",
        title=f"许可备案：{licence.patent_title}",
        url=licence_url(licence),
        organisation_id=licence.licensee_id,
        provider_id=licence.licensor_id,
        region=licence.region,
        now=now,
    )
    tell(
        [licence.licensor_id, licence.licensee_id],
        kind="licence.progress",
        key=f"licence-filed:{licence.pk}",
        title=_("许可已备案：%(number)s") % {"number": licence.filing_number},
        url=licence_url(licence),
        now=now,
    )
