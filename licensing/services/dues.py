"""Reminders before sums fall due, dunning after, and interest on what was paid late."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import Q, Sum
from django.utils.translation import gettext as _

from core.audit import services as audit
from core.days import legal_day
from core.errors import Conflict, Missing
from core.people.types import Actor
from core.permissions import Permission, require
from licensing.models import DueReason, Licence, PaymentDue
from licensing.rules import fees, late, moves, royalties
from licensing.selectors.disputed import is_held, with_dispute
from licensing.selectors.royalties import INTEREST, interest_lines, late_rate, periods_of, with_paid
from licensing.services.credits import apply_credit
from licensing.services.earnings import reminder, stored
from licensing.services.ground import locked, tell
from licensing.services.letters import FARTHEST, call_for, owed_of, step_reached
from licensing.services.royalties import add_due, royalty_url

SYSTEM = Actor.system()


@transaction.atomic
def charge_interest(*, licence_id: int, due_id: int, by: Actor, now: datetime) -> PaymentDue:
    """The office asks for the interest on a late sum up to today, less what it asked before."""
    licence = locked(Licence.objects.visible_to(by), licence_id)
    require(by, Permission.ACCEPT_ROYALTY, on=licence.licensor_side())
    due = licence.dues.prefetch_related("payments").filter(pk=due_id).first()
    if due is None:
        raise Missing(_("没有找到这一期款项。"))
    if is_held(due):
        raise Conflict(
            _("这笔款项有争议正在处理，处理完毕以前不计收逾期利息；利息照常计算。"), code="disputed"
        )
    lines = interest_lines(due, rate=late_rate(licence), today=legal_day(now))
    before = DueReason.objects.filter(late_due=due).aggregate(n=Sum("due__amount"))["n"]
    amount, lines = late.still_to_ask(lines, before or Decimal(0))
    if amount <= 0:
        raise Conflict(_("这一期款项没有新的逾期利息。"), code="no-interest")
    row = add_due(
        licence,
        kind=INTEREST,
        amount=amount,
        due_on=legal_day(now) + timedelta(days=late.PAY_DAYS),
        lines=[stored(line) for line in lines],
        late_due=due,
        by=by,
        now=now,
    )
    apply_credit(licence, by=by, now=now)
    audit.record("licence.interest", subject=licence, by=by, at=now, changes={"sum": str(amount)})
    tell(
        [licence.licensee_id],
        kind="licence.progress",
        key=f"licence-interest:{row.pk}",
        title=_("逾期利息：%(title)s") % {"title": licence.patent_title},
        body=_("应付 %(sum)s，算式见对账单。") % {"sum": fees.money_text(amount)},
        url=f"/licences/{licence.pk}/statement/",
        now=now,
    )
    return row


def remind_of_dues(*, now: datetime) -> int:
    """Remind of sums that fall due soon, dun those that are late; each step once."""
    today = legal_day(now)
    near = Q(due_on__lte=today + timedelta(days=60), due_on__gte=today - timedelta(days=FARTHEST))
    rows = with_dispute(with_paid(PaymentDue.objects.filter(near, at_conclusion=False)))
    rows = rows.exclude(held=True, due_on__lt=today)  # dunning rests while it is disputed
    rows = rows.exclude(licence__status=moves.LicenceStatus.VOID).filter(open_sum__gt=0)
    return sum(
        _remind(due, today=today, now=now)
        for due in rows.select_related("licence__plan").order_by("pk").iterator(chunk_size=500)
    )


@transaction.atomic
def _remind(due: Any, *, today: date, now: datetime) -> int:
    licence = due.licence
    step = step_reached(due.due_on, region=licence.region, today=today)
    if not step:
        return 0
    dunned = step.startswith("late")
    if call_for(owed_of(due), step, outstanding=due.open_sum, by=SYSTEM, now=now):
        audit.record("licence.dunned", subject=licence, by=SYSTEM, at=now)
    title = _("款项已逾期：%(title)s") if dunned else _("款项即将到期：%(title)s")
    tell(
        [licence.licensee_id, licence.licensor_id] if dunned else [licence.licensee_id],
        kind="licence.deadline",
        key=f"licence-due:{due.pk}:{step}",
        title=title % {"title": licence.patent_title},
        body=_("%(sum)s 应在 %(day)s 前支付。已付的，请登记付款。")
        % {"sum": fees.money_text(due.open_sum), "day": f"{due.due_on:%Y-%m-%d}"},
        url=f"/licences/{licence.pk}/statement/",
        now=now,
    )
    return 1


def remind_of_reports(*, now: datetime) -> int:
    """Ask licensees for the reports of periods that are over, once when open and once when late."""
    today = legal_day(now)
    live = Licence.objects.filter(
        status__in=sorted(s.value for s in moves.IN_FORCE), plan__parts__kind=fees.PartKind.RUNNING
    )
    asked = 0
    for licence in live.select_related("plan").prefetch_related(
        "plan__parts", "royalty_reports"
    ).order_by("pk").iterator(chunk_size=500):  # fmt: skip
        known = {row.starts_on for row in licence.royalty_reports.all()}
        for period in royalties.unreported(periods_of(licence)[1], known, today=today):
            asked += 1
            _ask(licence, period, late_by=today > period.report_by, now=now)
    return asked


def _ask(licence: Licence, period: royalties.Period, *, late_by: bool, now: datetime) -> None:
    title, body = reminder(period, licence.patent_title, late=late_by)
    tell(
        [licence.licensee_id, licence.licensor_id] if late_by else [licence.licensee_id],
        kind="licence.deadline",
        key=f"royalty-report:{licence.pk}:{period.starts_on}:{'late' if late_by else 'open'}",
        title=title,
        body=body,
        url=royalty_url(licence),
        now=now,
    )
