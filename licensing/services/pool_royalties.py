"""Royalties of pool licences: reported, agreed, reckoned by the one engine, asked for in time."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from django.db import transaction
from django.db.models import Sum

from core.audit import services as audit
from core.days import legal_day
from core.outbox import services as outbox
from core.people.types import Actor
from core.permissions import Permission, require
from licensing.models import PoolLicence, PoolRoyaltyReport
from licensing.rules import fees, royalties
from licensing.selectors.pool_royalties import pool_periods
from licensing.services import earnings
from licensing.services.earnings import Earned
from licensing.services.ground import locked, seen, tell
from licensing.services.pool_dues import book, book_plan
from licensing.services.pool_interest import settle_interest
from licensing.types import Side


def royalties_url(licence: PoolLicence) -> str:
    """Where both parties find the reports."""
    return f"/pool-licences/{licence.pk}/royalties/"


def licensee_side(licence: PoolLicence) -> Side:
    """What only the licensee may do: report."""
    return Side(licence.licensee_id, licence.pool.region)


@transaction.atomic
def report_pool_royalty(
    *, pool_licence_id: int, said: Earned, by: Actor, now: datetime
) -> PoolRoyaltyReport:
    """What the licensee earned with the pool's patents in a period. Said again, it corrects."""
    licence = locked(PoolLicence.objects.visible_to(by), pool_licence_id)
    require(by, Permission.REPORT_ROYALTY, on=licensee_side(licence))
    report = earnings.take_report(
        licence.royalty_reports.all(),
        licence=licence,
        plan=licence.terms.plan,
        terms=pool_periods(licence),
        said=said,
        by=by,
        now=now,
    )
    changes = {"amount": str(said.amount)}
    audit.record("pool_royalty.reported", subject=report, by=by, at=now, changes=changes)
    _emit("pool.royalty_reported", report, by=by, now=now)
    _tell(report, licence.pool.administrator_id, key="reported", title="池许可提成申报待核对",
          body=f"{report}，请核对后确认，或提出疑问。", now=now)  # fmt: skip
    return report


@transaction.atomic
def question_pool_royalty(
    *, report_id: int, question: str, by: Actor, now: datetime
) -> PoolRoyaltyReport:
    """The administrator asks back; the licensee explains by reporting anew."""
    report = _locked(report_id, by=by)
    earnings.ask_back(report, question, by=by, now=now)
    audit.record("pool_royalty.questioned", subject=report, by=by, at=now)
    _tell(report, report.licence.licensee_id, key="questioned", title="池许可提成申报有疑问",
          body=report.question, now=now)  # fmt: skip
    return report


@transaction.atomic
def accept_pool_royalty(*, report_id: int, by: Actor, now: datetime) -> PoolRoyaltyReport:
    """The administrator agrees: the royalty is reckoned and falls due, or less is owed than was."""
    report = _locked(report_id, by=by)
    licence = report.licence
    book_plan(licence, by=by, now=now)
    rows, (_part, periods) = licence.royalty_reports.all(), pool_periods(licence)
    earnings.agree(rows, report, periods, by=by, now=now)
    charged = licence.dues.filter(report__isnull=False).aggregate(n=Sum("amount"))["n"]
    found = earnings.reckon(
        rows,
        report,
        plan=licence.terms.plan,
        periods=periods,
        starts_on=licence.starts_on,
        charged=charged or Decimal(0),
        now=now,
    )
    if found.owed:
        less = replace(found.less, basis="更正后重新计算，冲抵未付和以后的款项")
        lines = found.lines if found.owed > 0 else [earnings.stored(less)]
        book(licence, kind=fees.PartKind.RUNNING, amount=found.owed, due_on=found.due_on,
             report=report, lines=lines, by=by, now=now)  # fmt: skip
    settle_interest(licence, by=by, now=now)
    changes = {"owed": str(report.owed)}
    audit.record("pool_royalty.accepted", subject=report, by=by, at=now, changes=changes)
    _emit("pool.royalty_accepted", report, by=by, now=now)
    _tell_accepted(report, found, now=now)
    return report


def _tell_accepted(report: PoolRoyaltyReport, found: earnings.Reckoned, *, now: datetime) -> None:
    when = "没有新增应付款。"
    if found.owed > 0:
        when = f"应付日 {found.due_on:%Y-%m-%d}。"
    elif found.owed < 0:
        when = f"多计的 {fees.money_text(-found.owed)} 冲抵未付和以后的款项。"
    said = royalties.Computed(report.owed or Decimal(0), (), below_minimum=report.below_minimum)
    _tell(report, report.licence.licensee_id, key="accepted", title="池许可提成已确认",
          body=royalties.summary(said) + when, now=now)  # fmt: skip


def _locked(report_id: int, *, by: Actor) -> PoolRoyaltyReport:
    """The report for its pool's administrator; its licence is locked first, as always."""
    known = seen(PoolRoyaltyReport.objects.visible_to(by), report_id)
    locked(PoolLicence.objects.visible_to(by), known.licence_id)
    report = locked(PoolRoyaltyReport.objects.visible_to(by), report_id)
    require(by, Permission.RUN_POOL, on=report.licence.pool)
    return report


def ask_for_reports(*, now: datetime) -> int:
    """Ask licensees for the reports of periods that are over, once when open, once when late."""
    today = legal_day(now)
    rows = PoolLicence.objects.filter(terms__plan__parts__kind=fees.PartKind.RUNNING)
    found = rows.select_related("pool", "terms__plan").order_by("pk")
    asked = 0
    for licence in found.prefetch_related("terms__plan__parts", "royalty_reports").iterator(
        chunk_size=200
    ):
        known = {row.starts_on for row in licence.royalty_reports.all()}
        for period in royalties.unreported(pool_periods(licence)[1], known, today=today):
            asked += 1
            _ask(licence, period, late=today > period.report_by, now=now)
    return asked


def _ask(licence: PoolLicence, period: royalties.Period, *, late: bool, now: datetime) -> None:
    title, body = earnings.reminder(period, licence.pool.name[:60], late=late)
    tell(
        [licence.licensee_id, *([licence.pool.administrator_id] if late else [])],
        kind="licence.deadline",
        key=f"pool-report:{licence.pk}:{period.starts_on}:{'late' if late else 'open'}",
        title=title,
        body=body,
        url=royalties_url(licence),
        now=now,
    )


def _tell(
    report: PoolRoyaltyReport, who: int, *, key: str, title: str, body: str, now: datetime
) -> None:
    tell(
        [who],
        kind="pool.progress",
        key=f"pool-royalty:{report.pk}:{key}",
        title=f"{title}：{report.licence.pool.name[:60]}",
        body=body,
        url=royalties_url(report.licence),
        now=now,
    )


def _emit(name: str, report: PoolRoyaltyReport, *, by: Actor, now: datetime) -> None:
    licence = report.licence
    payload = {
        "pool_id": licence.pool_id,
        "pool_licence_id": licence.pk,
        "administrator_id": licence.pool.administrator_id,
        "licensee_id": licence.licensee_id,
        "region": licence.pool.region,
        "report_id": report.pk,
        "starts_on": report.starts_on.isoformat(),
        "ends_on": report.ends_on.isoformat(),
    }
    outbox.emit(name, subject=report, by=by, at=now, payload=payload)
