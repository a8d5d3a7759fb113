"""Royalty reports: the licensee makes them, the office accepts or questions; dues follow."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.db.models import Max, Sum
from django.utils.translation import gettext as _

from core.audit import services as audit
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
from licensing.rules import fees, royalties
from licensing.selectors.royalties import free_use_ended, periods_of
from licensing.services import earnings
from licensing.services.credits import apply_credit, credit_correction
from licensing.services.earnings import Earned
from licensing.services.ground import licence_facts, locked, seen, tell
from licensing.services.letters import issue_invoice, owed_of


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
    report = earnings.take_report(
        licence.royalty_reports.all(),
        licence=licence,
        plan=licence.plan,
        terms=periods_of(licence),
        said=Earned(starts_on, amount, currency, exchange_rate, note, evidence),
        by=by,
        now=now,
    )
    audit.record("royalty.reported", subject=report, by=by, at=now, changes={"amount": str(amount)})
    _emit("royalty.reported", report, by=by, now=now)
    _tell_reported(report, now=now)
    return report


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
    earnings.ask_back(report, question, by=by, now=now)
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
    known = seen(RoyaltyReport.objects.visible_to(by), report_id)
    locked(Licence.objects.visible_to(by), known.licence_id)  # the licence first, as always
    report = locked(RoyaltyReport.objects.visible_to(by), report_id)
    licence = report.licence
    require(by, Permission.ACCEPT_ROYALTY, on=licence.licensor_side())
    _part, periods = periods_of(licence)
    earnings.agree(licence.royalty_reports.all(), report, periods, by=by, now=now)
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


def _reckon(
    licence: Licence,
    report: RoyaltyReport,
    periods: Sequence[royalties.Period],
    *,
    by: Actor,
    now: datetime,
) -> PaymentDue | None:
    """Reckon every accepted report anew, and let the difference to what was charged fall due."""
    assert licence.starts_on is not None  # periods_of asked
    found = earnings.reckon(
        licence.royalty_reports.all(),
        report,
        plan=licence.plan,
        periods=periods,
        starts_on=licence.starts_on,
        charged=_charged(licence),
        now=now,
        began=free_use_ended(licence),
    )
    due = None
    if found.owed > 0:
        due = add_due(
            licence,
            kind=fees.PartKind.RUNNING,
            amount=found.owed,
            due_on=found.due_on,
            lines=found.lines,
            report=report,
            by=by,
            now=now,
        )
    elif found.owed < 0:
        credit_correction(licence, report, found.less, by=by, now=now)
    apply_credit(licence, by=by, now=now)
    return due


def _charged(licence: Licence) -> Decimal:
    """What its reports have been charged so far, less what they were credited."""
    due = DueReason.objects.filter(due__licence=licence, report__isnull=False)
    charged = due.aggregate(n=Sum("due__amount"))["n"] or Decimal(0)
    credited = licence.credits.filter(report__isnull=False).aggregate(n=Sum("amount"))["n"]
    return charged - (credited or Decimal(0))


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
    issue_invoice(owed_of(due), by=by, now=now)
    return due


def _emit(name: str, report: RoyaltyReport, *, by: Actor, now: datetime) -> None:
    payload = licence_facts(report.licence) | {
        "report_id": report.pk,
        "starts_on": report.starts_on.isoformat(),
        "ends_on": report.ends_on.isoformat(),
    }
    outbox.emit(name, subject=report, by=by, at=now, payload=payload)
