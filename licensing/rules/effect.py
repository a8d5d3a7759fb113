"""When an open licence takes effect (PL51), and by when it must be filed (IR87)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from core.days import CHINA, add_months, legal_day
from licensing.rules.fees import money_text

FILING_MONTHS = 3
ALARM_DAYS = (60, 80)
CONTEST_DAYS = 15
"""How long the patentee may object to a notice or payment once it was entered here: the
platform's own term, stated on the declaration page; the law leaves disputes to PL52."""

MOST_NUMBER = 40  # characters of a filing number


@dataclass(frozen=True, slots=True)
class Paid:
    """A sum that reached the patentee, and when."""

    amount: Decimal
    paid_at: datetime


@dataclass(frozen=True, slots=True)
class Effect:
    """The moment a licence takes effect, or what is missing; `explanation` is for the parties."""

    effective_at: datetime | None
    outstanding: Decimal
    explanation: str


def minute_text(moment: datetime) -> str:
    """A moment as documents print it, Beijing time to the minute."""
    return moment.astimezone(CHINA).strftime("%Y-%m-%d %H:%M")


def effect(*, served_at: datetime, due: Decimal, payments: Sequence[Paid]) -> Effect:
    """The later of the notice's delivery and the payment that completes the sums then due."""
    served = minute_text(served_at)
    if due <= 0:
        return Effect(
            served_at,
            Decimal(0),
            f"声明的付费方式在通知时没有到期款项，许可自书面通知送达（{served}）时生效。"
            "依据：专利法第五十一条第一款。",
        )
    total = Decimal(0)
    for payment in sorted(payments, key=lambda p: p.paid_at):
        total += payment.amount
        if total >= due:
            return _both(served_at, payment.paid_at, due)
    missing = due - total
    return Effect(
        None,
        missing,
        f"通知已于 {served} 送达；按声明应随通知支付 {money_text(due)}，"
        f"尚有 {money_text(missing)} 未付，付清后许可生效。依据：专利法第五十一条第一款。",
    )


def _both(served_at: datetime, completed_at: datetime, due: Decimal) -> Effect:
    later = "付清" if completed_at > served_at else "通知送达"
    return Effect(
        max(served_at, completed_at),
        Decimal(0),
        f"书面通知于 {minute_text(served_at)} 送达，应付的 {money_text(due)} 于 "
        f"{minute_text(completed_at)} 付清；两者以后到者为准，许可自{later}之时生效。"
        "依据：专利法第五十一条第一款。",
    )


def term_end(starts_on: date, months: int | None, *, expires_on: date) -> date:
    """The last day of a licence: its agreed term, but never past the patent's life (CC865).

    On `expires_on` the right is gone, so a licence lasts at most to the day before.
    """
    last = expires_on - timedelta(days=1)
    if months is None:
        return last
    return min(add_months(starts_on, months) - timedelta(days=1), last)


def filing_deadline(effective_on: date) -> date:
    """The last day for filing 备案: three months from taking effect (IR87)."""
    return add_months(effective_on, FILING_MONTHS)


def alarms_due(effective_on: date, today: date) -> tuple[int, ...]:
    """Which filing alarms (days since effect) have been reached by today."""
    return tuple(days for days in ALARM_DAYS if (today - effective_on).days >= days)


def contest_deadline(entered_at: datetime) -> date:
    """The last day on which the patentee may object to what was entered then."""
    return legal_day(entered_at) + timedelta(days=CONTEST_DAYS)


def agreed_end(starts_on: date, months: int) -> date:
    """The last day of a term as agreed, whatever the patent's life."""
    return add_months(starts_on, months) - timedelta(days=1)


def filing_errors(
    number: str, filed_on: date, *, starts_on: date | None, today: date
) -> dict[str, list[str]]:
    """What is wrong with a filing 备案 as it is noted, by field."""
    errors: dict[str, list[str]] = {}
    if not number or len(number) > MOST_NUMBER:
        errors["filing_number"] = [f"请填写备案号（最多 {MOST_NUMBER} 个字符）。"]
    if filed_on > today:
        errors["filed_on"] = ["备案日不能晚于今天。"]
    elif starts_on and filed_on < starts_on:
        errors["filed_on"] = ["备案日不能早于许可生效日。"]
    return errors
