"""Royalty reports: the licensee makes them, the office accepts or questions; dues follow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import date, datetime, timedelta
from decimal import Decimal

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.db.models import Max, Sum
from django.utils.translation import gettext as _

from core.attachments import services as attachments
from core.audit import services as audit
from core.days import legal_day
from core.errors import Conflict, Invalid
from core.outbox import services as outbox
from core.people.types import Actor
from core.permissions import Permission, require
from licensing.models import (
    Dispute,
    DueReason,
    Licence,
    MilestoneClaim,
    PaymentDue,
    Renewal,
    RoyaltyReport,
)
from licensing.rules import fees, reports, royalties
from licensing.rules.royalties import Line
from licensing.selectors.royalties import free_use_ended, periods_of
from licensing.services.credits import apply_credit, credit_correction
from licensing.services.documents import issue_invoice
from licensing.services.ground import licence_facts, locked, moved, tell

TABLE, LABELS = reports.REPORT_MOVES, reports.REPORT_LABELS


def royalty_url(licence: Licence) -> str:
    """Where both parties find the reports."""
    return f"/licences/{licence.pk}/royalties/"


@transaction.atomic
def report_royalty(
    *,
    licence_id: int,
    starts_on: date,
    amount: Decimal,
    by: Actor,
    now: datetime,
    currency: str = fees.Currency.CNY,
    exchange_rate: Decimal = Decimal(1),
    note: str = "",
    evidence: UploadedFile[bytes] | None = None,
) -> RoyaltyReport:
    """What was earned in the period that begins then. Said again, it is a correction."""
    licence = locked(Licence.objects.visible_to(by), licence_id)
    require(by, Permission.REPORT_ROYALTY, on=licence.licensee_side())
    part, periods = periods_of(licence)
    period = next((p for p in periods if p.starts_on == starts_on), None)
    if period is None:
        raise Invalid(fields={"starts_on": [_("请选择申报的是哪一期。")]})
    same = currency == licence.plan.currency
    _check_figures(part, period, amount, exchange_rate, same_currency=same, now=now)
    earlier = licence.royalty_reports.filter(starts_on=starts_on)
    for row in earlier.filter(status__in=sorted(s.value for s in reports.PENDING)):
        moved(TABLE, LABELS, row, "replace")
        row.save(update_fields=["status"])
    report = RoyaltyReport.objects.create(
        licence=licence,
        starts_on=period.starts_on,
        ends_on=period.ends_on,
        revision=(earlier.aggregate(n=Max("revision"))["n"] or 0) + 1,
        amount=amount,
        currency=currency,
        exchange_rate=Decimal(1) if same else exchange_rate,
        note=note.strip(),
        evidence=attachments.store(
            evidence, purpose="royalty-report", by=by, now=now, field="evidence"
        )
        if evidence
        else None,
        reported_at=now,
        reported_by=by.key,
    )
    audit.record("royalty.reported", subject=report, by=by, at=now, changes={"amount": str(amount)})
    _emit("royalty.reported", report, by=by, now=now)
    _tell_reported(report, now=now)
    return report


def _check_figures(
    part: fees.FeePart,
    period: royalties.Period,
    amount: Decimal,
    exchange_rate: Decimal,
    *,
    same_currency: bool,
    now: datetime,
) -> None:
    """Invalid names every figure of a report that cannot be."""
    errors = reports.figure_errors(
        base=part.base or fees.RoyaltyBase.NET_SALES,
        amount=amount,
        rate=exchange_rate,
        same_currency=same_currency,
    )
    if early := reports.timing_errors(period, today=legal_day(now)):
        errors["starts_on"] = early
    if errors:
        raise Invalid(fields=errors)


def _tell_reported(report: RoyaltyReport, *, now: datetime) -> None:
    licence = report.licence
    tell(
        [licence.licensor_id],
        kind="licence.progress",
        key=f"royalty-reported:{report.pk}",
        title=_("提成申报待核对：%(title)s") % {"title": licence.patent_title},
        body=_("%(period)s，请核对后确认，或提出疑问。") % {"period": str(report)},
        url=royalty_url(licence),
        now=now,
    )


@transaction.atomic
def question_royalty(*, report_id: int, question: str, by: Actor, now: datetime) -> RoyaltyReport:
    """The office asks back; the licensee explains by reporting anew."""
    report = locked(RoyaltyReport.objects.visible_to(by), report_id)
    licence = report.licence
    require(by, Permission.ACCEPT_ROYALTY, on=licence.licensor_side())
    if not question.strip():
        raise Invalid(fields={"question": [_("请写明哪里有疑问、需要补充什么。")]})
    moved(TABLE, LABELS, report, "question")
    report.question, report.decided_at, report.decided_by = question.strip()[:2000], now, by.key
    report.save(update_fields=["status", "question", "decided_at", "decided_by"])
    audit.record("royalty.questioned", subject=report, by=by, at=now)
    tell(
        [licence.licensee_id],
        kind="licence.progress",
        key=f"royalty-questioned:{report.pk}",
        title=_("提成申报有疑问：%(title)s") % {"title": licence.patent_title},
        body=report.question,
        url=royalty_url(licence),
        now=now,
    )
    return report


@transaction.atomic
def accept_royalty(*, report_id: int, by: Actor, now: datetime) -> RoyaltyReport:
    """The office agrees with the figures: the royalty is reckoned and falls due."""
    seen = RoyaltyReport.objects.visible_to(by).filter(pk=report_id).first()
    if seen is not None:  # the licence first, as every command of it does
        locked(Licence.objects.visible_to(by), seen.licence_id)
    report = locked(RoyaltyReport.objects.visible_to(by), report_id)
    licence = report.licence
    require(by, Permission.ACCEPT_ROYALTY, on=licence.licensor_side())
    _part, periods = periods_of(licence)
    _refuse_gap(licence, report, periods)
    moved(TABLE, LABELS, report, "accept")
    for former in licence.royalty_reports.filter(
        starts_on=report.starts_on, status=reports.ReportStatus.ACCEPTED
    ):
        moved(TABLE, LABELS, former, "replace")
        former.save(update_fields=["status"])
    report.decided_at, report.decided_by = now, by.key
    due = _reckon(licence, report, periods, by=by, now=now)
    audit.record(
        "royalty.accepted", subject=report, by=by, at=now, changes={"owed": str(report.owed)}
    )
    _emit("royalty.accepted", report, by=by, now=now)
    said = royalties.Computed(report.owed or Decimal(0), (), below_minimum=report.below_minimum)
    when = (
        _("应付日 %(day)s。") % {"day": f"{due.due_on:%Y-%m-%d}"} if due else _("没有新增应付款。")
    )
    if credit := report.credits.first():
        when = _("多计的 %(sum)s 已记为预存款，先抵未付的款项。") % {
            "sum": fees.exact_text(credit.amount, licence.plan.currency)
        }
    tell(
        [licence.licensee_id],
        kind="licence.progress",
        key=f"royalty-accepted:{report.pk}",
        title=_("提成已确认：%(title)s") % {"title": licence.patent_title},
        body=royalties.summary(said) + when,
        url=royalty_url(licence),
        now=now,
    )
    return report


def _refuse_gap(
    licence: Licence, report: RoyaltyReport, periods: Sequence[royalties.Period]
) -> None:
    """Limits are reckoned over the year, so no period is passed over."""
    known = set(
        licence.royalty_reports.filter(status=reports.ReportStatus.ACCEPTED).values_list(
            "starts_on", flat=True
        )
    )
    for period in periods:
        if period.starts_on >= report.starts_on:
            return
        if period.starts_on not in known:
            raise Conflict(
                _("提成按年累计，请先确认 %(a)s 至 %(b)s 这一期（未申报的，请催报）。")
                % {"a": f"{period.starts_on:%Y-%m-%d}", "b": f"{period.ends_on:%Y-%m-%d}"},
                code="earlier-period-open",
            )


def _reckon(
    licence: Licence,
    report: RoyaltyReport,
    periods: Sequence[royalties.Period],
    *,
    by: Actor,
    now: datetime,
) -> PaymentDue | None:
    """Reckon every accepted report anew, and let the difference to what was charged fall due."""
    by_day = {p.starts_on: p for p in periods}
    rows = [*licence.royalty_reports.filter(status=reports.ReportStatus.ACCEPTED), report]
    rows = sorted({row.pk: row for row in rows}.values(), key=lambda row: row.starts_on)
    bases = [_base(row, licence) for row in rows]
    pairs = [(by_day[row.starts_on], line.amount) for row, line in zip(rows, bases, strict=True)]
    assert licence.starts_on is not None  # periods_of asked
    found = royalties.reckon(
        licence.plan.terms(), pairs, starts_on=licence.starts_on, began=free_use_ended(licence)
    )
    for row, base, computed in zip(rows, bases, found, strict=True):
        target = report if row.pk == report.pk else row
        shown = royalties.relabelled(computed, [base]).lines
        target.owed, target.below_minimum = computed.total, computed.below_minimum
        target.lines = [stored(line) for line in shown]
        target.save()
    charged = _charged(licence)
    owed = sum((one.total for one in found), Decimal(0)) - charged
    formula = f"各期应付合计 {fees.exact_text(owed + charged)} − 已计 {fees.exact_text(charged)}"
    formula += f" = {fees.exact_text(owed)}"
    lines = list(report.lines)
    if (other := owed - (report.owed or Decimal(0))) != 0:
        lines.append(stored(Line(_("更正以前各期"), formula, other, _("更正后重新计算"))))
    if owed < 0:
        less = Line(_("更正后应退"), formula, -owed, _("更正后重新计算，记为预存款"))
        credit_correction(licence, report, less, by=by, now=now)
    if owed <= 0:
        apply_credit(licence, by=by, now=now)
        return None
    due_on = max(by_day[report.starts_on].pay_by, legal_day(now) + timedelta(royalties.PAY_DAYS))
    due = add_due(
        licence,
        kind=fees.PartKind.RUNNING,
        amount=owed,
        due_on=due_on,
        lines=lines,
        report=report,
        by=by,
        now=now,
    )
    apply_credit(licence, by=by, now=now)
    return due


def _charged(licence: Licence) -> Decimal:
    """What its reports have been charged so far, less what they were credited."""
    due = DueReason.objects.filter(due__licence=licence, report__isnull=False)
    charged = due.aggregate(n=Sum("due__amount"))["n"] or Decimal(0)
    credited = licence.credits.filter(report__isnull=False).aggregate(n=Sum("amount"))["n"]
    return charged - (credited or Decimal(0))


def _base(row: RoyaltyReport, licence: Licence) -> Line:
    return royalties.in_currency(
        row.amount,
        currency=row.currency,
        plan_currency=licence.plan.currency,
        rate=row.exchange_rate,
    )


def stored(line: Line) -> dict[str, str]:
    return asdict(line) | {"amount": str(line.amount)}


def add_due(
    licence: Licence,
    *,
    kind: str,
    amount: Decimal,
    due_on: date,
    lines: list[dict[str, str]],
    by: Actor,
    now: datetime,
    report: RoyaltyReport | None = None,
    late_due: PaymentDue | None = None,
    claim: MilestoneClaim | None = None,
    renewal: Renewal | None = None,
    dispute: Dispute | None = None,
) -> PaymentDue:
    """Another sum due on a licence, with how it came about and its payment notice."""
    last = licence.dues.aggregate(n=Max("position"))["n"] or 0
    due = PaymentDue.objects.create(
        licence=licence,
        position=last + 1,
        kind=kind,
        amount=amount,
        due_on=due_on,
        at_conclusion=False,
    )
    DueReason.objects.create(
        due=due,
        report=report,
        late_due=late_due,
        claim=claim,
        renewal=renewal,
        dispute=dispute,
        explanation=lines,
        created_at=now,
        created_by=by.key,
    )
    issue_invoice(due, by=by, now=now)
    return due


def _emit(name: str, report: RoyaltyReport, *, by: Actor, now: datetime) -> None:
    payload = licence_facts(report.licence) | {
        "report_id": report.pk,
        "starts_on": report.starts_on.isoformat(),
        "ends_on": report.ends_on.isoformat(),
    }
    outbox.emit(name, subject=report, by=by, at=now, payload=payload)
