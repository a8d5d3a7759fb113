"""Recording what was paid, and taking a wrong record back."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal

from django.db import transaction

from core.audit import services as audit
from core.days import legal_day
from core.errors import Conflict, DomainError, Invalid, Missing
from core.people.types import Actor
from core.permissions import Permission, require
from listings.models import AnnuityPayment, MaintenanceDecision, Patent
from listings.models.annuities import LONGEST_LIFE
from listings.rules import annuities
from listings.rules.annuities import Quote
from listings.rules.records import tidy
from listings.rules.terms import add_years
from listings.selectors.upkeep.annuities import reductions_of
from listings.services import news
from listings.services.locks import lock_patent
from listings.types import PatentKind, PatentStatus

MOST = Decimal("99999999.99")


@dataclass(frozen=True, slots=True)
class Recorded:
    """What became of many payments at once."""

    done: tuple[int, ...]
    total: Decimal
    refused: dict[int, str] = field(default_factory=dict)


@transaction.atomic
def record_payment(
    *,
    patent_id: int,
    paid_on: date,
    year: int | None = None,
    amount: Decimal | None = None,
    receipt: str = "",
    by: Actor,
    now: datetime,
) -> int:
    """Note that a year's annuity was paid; the patent is then paid to that year's end. Its id.

    Years are paid one after the other: without `year` it is the next one. Without `amount` it is
    what that day's rule makes it.
    """
    patent = lock_patent(patent_id, by=by)
    require(by, Permission.KEEP_ALIVE, on=patent)
    return _record(
        patent, paid_on=paid_on, year=year, amount=amount, receipt=receipt, by=by, now=now
    ).pk


@transaction.atomic
def record_payments(
    *, patent_ids: Iterable[int], paid_on: date, receipt: str = "", by: Actor, now: datetime
) -> Recorded:
    """The next annuity of each of these patents, at what the rule makes it.

    Those that cannot be recorded are left as they are, each with its reason; others are recorded.
    """
    require(by, Permission.KEEP_ALIVE)
    done: list[int] = []
    total, refused = Decimal(0), {}
    for patent_id in sorted(set(patent_ids)):
        try:
            with transaction.atomic():
                patent = lock_patent(patent_id, by=by)
                require(by, Permission.KEEP_ALIVE, on=patent)
                row = _record(
                    patent, paid_on=paid_on, year=None, amount=None, receipt=receipt, by=by, now=now
                )
        except DomainError as refusal:
            refused[patent_id] = _why(refusal)
        else:
            done.append(row.pk)
            total += row.amount
    return Recorded(tuple(done), total, refused)


def _why(refusal: DomainError) -> str:
    """What a refusal says, in one line."""
    if isinstance(refusal, Invalid) and refusal.fields:
        return "".join(message for found in refusal.fields.values() for message in found)
    return refusal.message


def _record(
    patent: Patent,
    *,
    paid_on: date,
    year: int | None,
    amount: Decimal | None,
    receipt: str,
    by: Actor,
    now: datetime,
) -> AnnuityPayment:
    quoted = _payable(patent, year=year, paid_on=paid_on, today=legal_day(now))
    if amount is not None and not Decimal(0) < amount <= MOST:
        raise Invalid(fields={"amount": ["缴费金额应当大于零，请核对。"]})
    before, filed_on = patent.annuity_paid_to, patent.filed_on
    assert filed_on is not None
    covers_to = add_years(filed_on, quoted.year)
    row = AnnuityPayment.objects.create(
        patent=patent,
        year=quoted.year,
        due_on=quoted.due_on,
        covers_to=covers_to,
        paid_on=paid_on,
        amount=quoted.total if amount is None else amount,
        expected=quoted.total,
        basis=[
            {"label": line.label, "amount": str(line.amount), "article": line.article}
            for line in quoted.lines
        ],
        receipt=tidy(receipt)[:60],
        paid_to_before=before,
        recorded_at=now,
        recorded_by=by.key,
    )
    _paid_to(patent, covers_to, now=now)
    audit.record(
        "annuity.paid",
        subject=patent,
        by=by,
        at=now,
        changes={
            "year": row.year,
            "amount": str(row.amount),
            "paid_on": paid_on.isoformat(),
            "annuity_paid_to": [before.isoformat() if before else None, covers_to.isoformat()],
        },
    )
    news.tell("annuity.paid", patent, by=by, now=now, year=row.year, paid_to=covers_to.isoformat())
    return row


def _payable(patent: Patent, *, year: int | None, paid_on: date, today: date) -> Quote:
    """The annuity that can be paid next, as of that day, or why none can."""
    if patent.status != PatentStatus.GRANTED:
        raise Conflict("专利权现在不是有效状态，不能登记缴费；已恢复的请先登记法律事件。")
    if patent.filed_on is None:
        raise Conflict("这件专利没有申请日，算不出年度，请先补填申请日。", code="filed-unknown")
    if paid_on > today:
        raise Invalid(fields={"paid_on": ["缴费日还没有到，请核对。"]})
    if patent.granted_on is not None and paid_on < patent.granted_on:
        raise Invalid(fields={"paid_on": [f"缴费日早于授权公告日 {patent.granted_on}，请核对。"]})
    if MaintenanceDecision.objects.filter(patent=patent, revoked_at=None).exists():
        raise Conflict("已决定不再维持这件专利，请先恢复维持再登记缴费。", code="dropped")
    year, due_on = _year(patent, patent.filed_on, year)
    if patent.expires_on is not None and due_on >= patent.expires_on:
        raise Conflict("年费已经缴到专利权期限届满，不用再缴。", code="paid-to-the-end")
    quoted = annuities.quote(
        kind=PatentKind(patent.kind),
        year=year,
        due_on=due_on,
        pay_on=paid_on,
        reductions=reductions_of([patent.pk]).get(patent.pk, ()),
    )
    if paid_on > quoted.grace_until:
        raise Conflict(
            f"第 {year} 年度年费的滞纳期已于 {quoted.grace_until} 届满，不能再补缴；"
            "请核对登记簿，专利权已终止的请登记法律事件。",
            code="grace-over",
        )
    return quoted


def _year(patent: Patent, filed_on: date, year: int | None) -> tuple[int, date]:
    """The year to be paid and its due day; the next one, unless nothing is known of the last."""
    paid_to = patent.annuity_paid_to
    if paid_to is None:
        if year is None:
            raise Invalid(fields={"year": ["没有缴费记录，请填写这次缴的是第几年度。"]})
        first = annuities.first_year(filed_on, patent.granted_on) if patent.granted_on else 1
        if not first <= year <= LONGEST_LIFE:
            raise Invalid(
                fields={"year": [f"年度应当在 {first} 到 {LONGEST_LIFE} 之间（授权当年起算）。"]}
            )
        return year, annuities.due_day(filed_on, year)
    if patent.granted_on is not None:
        paid_to = max(paid_to, annuities.paid_at_grant(filed_on, patent.granted_on))
    coming, due_on = annuities.year_due(filed_on, paid_to)
    if year is not None and year < coming:
        raise Conflict(f"第 {year} 年度已经缴过（缴至 {paid_to}）。", code="already-paid")
    if year is not None and year > coming:
        raise Conflict(f"请先登记第 {coming} 年度，年费逐年缴纳。", code="year-skipped")
    return coming, due_on


def _paid_to(patent: Patent, day: date | None, *, now: datetime) -> None:
    patent.annuity_paid_to = day
    patent.version, patent.changed_at = patent.version + 1, now
    patent.save(update_fields=["annuity_paid_to", "version", "changed_at"])


@transaction.atomic
def correct_payment(*, payment_id: int, reason: str, by: Actor, now: datetime) -> int:
    """Take a wrong record back, with a reason; the patent's id.

    It stays on record as corrected. The patent goes back to what it was paid to before, unless
    somebody has set that anew since.
    """
    seen = AnnuityPayment.objects.visible_to(by).filter(pk=payment_id).first()
    if seen is None:
        raise Missing("没有找到这条缴费记录，或者它不在本单位的库中。")
    patent = lock_patent(seen.patent_id, by=by)
    require(by, Permission.KEEP_ALIVE, on=patent)
    row = AnnuityPayment.objects.select_for_update(no_key=True).get(pk=payment_id)
    if row.corrected_at is not None:
        raise Conflict("这条记录已经更正过了。", code="already-corrected")
    if AnnuityPayment.objects.standing().filter(patent=patent, year__gt=row.year).exists():
        raise Conflict("后面的年度还有缴费记录，请从最近的年度开始更正。", code="later-paid")
    said = tidy(reason)[:200]
    if not said:
        raise Invalid(fields={"reason": ["请写明为什么更正。"]})
    row.corrected_at, row.corrected_by, row.corrected_because = now, by.key, said
    row.save(update_fields=["corrected_at", "corrected_by", "corrected_because"])
    if patent.annuity_paid_to == row.covers_to:
        _paid_to(patent, row.paid_to_before, now=now)
    paid_to = patent.annuity_paid_to.isoformat() if patent.annuity_paid_to else None
    audit.record(
        "annuity.corrected",
        subject=patent,
        by=by,
        at=now,
        changes={"year": row.year, "reason": said, "annuity_paid_to": paid_to},
    )
    news.tell("annuity.corrected", patent, by=by, now=now, year=row.year, paid_to=paid_to)
    return patent.pk
