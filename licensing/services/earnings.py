"""Reports of earnings, whichever contract they are of: taken in, reckoned over the whole term."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, TypeVar

from django.core.files.uploadedfile import UploadedFile
from django.db.models import Max, QuerySet
from django.utils.translation import gettext as _

from core.attachments import services as attachments
from core.days import legal_day
from core.errors import Conflict, Invalid
from core.people.types import Actor
from licensing.models import FeePlan
from licensing.models.earnings import EarningsReport
from licensing.rules import fees, reports, royalties
from licensing.rules.royalties import Line
from licensing.services.ground import moved

TABLE, LABELS = reports.REPORT_MOVES, reports.REPORT_LABELS
Report = TypeVar("Report", bound=EarningsReport)
Terms = tuple[fees.FeePart, tuple[royalties.Period, ...]]


@dataclass(frozen=True, slots=True)
class Earned:
    """What a licensee says of the period that begins on a day."""

    starts_on: date
    amount: Decimal
    currency: str = fees.Currency.CNY
    exchange_rate: Decimal = Decimal(1)
    note: str = ""
    evidence: UploadedFile[bytes] | None = None


def take_report(
    rows: QuerySet[Report],
    *,
    plan: FeePlan,
    terms: Terms,
    said: Earned,
    by: Actor,
    now: datetime,
    **contract: Any,
) -> Report:
    """Another report among a contract's `rows`; one that waits for an answer is replaced by it."""
    part, periods = terms
    period = next((p for p in periods if p.starts_on == said.starts_on), None)
    if period is None:
        raise Invalid(fields={"starts_on": [_("请选择申报的是哪一期。")]})
    same = said.currency == plan.currency
    _check_figures(part, period, said, same_currency=same, now=now)
    earlier = rows.filter(starts_on=said.starts_on)
    for row in earlier.filter(status__in=sorted(s.value for s in reports.PENDING)):
        replace(row)
    return rows.create(
        **contract,
        starts_on=period.starts_on,
        ends_on=period.ends_on,
        revision=(earlier.aggregate(n=Max("revision"))["n"] or 0) + 1,
        amount=said.amount,
        currency=said.currency,
        exchange_rate=Decimal(1) if same else said.exchange_rate,
        note=said.note.strip(),
        evidence=attachments.store(
            said.evidence, purpose="royalty-report", by=by, now=now, field="evidence"
        )
        if said.evidence
        else None,
        reported_at=now,
        reported_by=by.key,
    )


def _check_figures(
    part: fees.FeePart,
    period: royalties.Period,
    said: Earned,
    *,
    same_currency: bool,
    now: datetime,
) -> None:
    """Invalid names every figure of a report that cannot be."""
    errors = reports.figure_errors(
        base=part.base or fees.RoyaltyBase.NET_SALES,
        amount=said.amount,
        rate=said.exchange_rate,
        same_currency=same_currency,
    )
    if early := reports.timing_errors(period, today=legal_day(now)):
        errors["starts_on"] = early
    if errors:
        raise Invalid(fields=errors)


def reminder(period: royalties.Period, of: str, *, late: bool) -> tuple[str, str]:
    """Title and body of the notice that asks for a period's report."""
    title = _("提成申报已逾期：%(title)s") if late else _("请申报提成：%(title)s")
    body = _("%(a)s 至 %(b)s 这一期，应在 %(day)s 前申报。") % {
        "a": f"{period.starts_on:%Y-%m-%d}",
        "b": f"{period.ends_on:%Y-%m-%d}",
        "day": f"{period.report_by:%Y-%m-%d}",
    }
    return title % {"title": of}, body


def replace(row: EarningsReport) -> None:
    """A newer report stands in its place."""
    moved(TABLE, LABELS, row, "replace")
    row.save(update_fields=["status"])


def ask_back(report: EarningsReport, question: str, *, by: Actor, now: datetime) -> None:
    """The other side asks; the licensee explains by reporting anew."""
    if not question.strip():
        raise Invalid(fields={"question": [_("请写明哪里有疑问、需要补充什么。")]})
    moved(TABLE, LABELS, report, "question")
    report.question, report.decided_at, report.decided_by = question.strip()[:2000], now, by.key
    report.save(update_fields=["status", "question", "decided_at", "decided_by"])


def agree(
    rows: QuerySet[Report],
    report: Report,
    periods: Sequence[royalties.Period],
    *,
    by: Actor,
    now: datetime,
) -> None:
    """The figures are accepted in place of those accepted before; reckoning follows."""
    _refuse_gap(rows, report, periods)
    moved(TABLE, LABELS, report, "accept")
    for former in rows.filter(starts_on=report.starts_on, status=reports.ReportStatus.ACCEPTED):
        replace(former)
    report.decided_at, report.decided_by = now, by.key


def _refuse_gap(
    rows: QuerySet[Report], report: Report, periods: Sequence[royalties.Period]
) -> None:
    """Limits are reckoned over the year, so no period is passed over."""
    accepted = rows.filter(status=reports.ReportStatus.ACCEPTED)
    known = set(accepted.values_list("starts_on", flat=True))
    for period in periods:
        if period.starts_on >= report.starts_on:
            return
        if period.starts_on not in known:
            raise Conflict(
                _("提成按年累计，请先确认 %(a)s 至 %(b)s 这一期（未申报的，请催报）。")
                % {"a": f"{period.starts_on:%Y-%m-%d}", "b": f"{period.ends_on:%Y-%m-%d}"},
                code="earlier-period-open",
            )


@dataclass(frozen=True, slots=True)
class Reckoned:
    """What all accepted reports leave to be asked for: below zero they were charged too much."""

    owed: Decimal
    lines: list[dict[str, str]]  # of the new sum: the report's own and what earlier ones change
    less: Line  # says why it is below zero
    due_on: date


def reckon(
    rows: QuerySet[Report],
    report: Report,
    *,
    plan: FeePlan,
    periods: Sequence[royalties.Period],
    starts_on: date,
    charged: Decimal,
    now: datetime,
    began: date | None = None,
) -> Reckoned:
    """Reckon every accepted report of a contract anew, and what differs from what was charged."""
    by_day = {p.starts_on: p for p in periods}
    found = [*rows.filter(status=reports.ReportStatus.ACCEPTED), report]
    accepted = sorted({row.pk: row for row in found}.values(), key=lambda row: row.starts_on)
    total = Decimal(0)
    bases = [_base(row, plan) for row in accepted]
    pairs = [
        (by_day[row.starts_on], line.amount) for row, line in zip(accepted, bases, strict=True)
    ]
    figures = royalties.reckon(plan.terms(), pairs, starts_on=starts_on, began=began)
    for row, base, computed in zip(accepted, bases, figures, strict=True):
        target = report if row.pk == report.pk else row
        _write(target, royalties.relabelled(computed, [base]))
        total += computed.total
    owed = total - charged
    formula = f"各期应付合计 {fees.exact_text(total)} − 已计 {fees.exact_text(charged)}"
    formula += f" = {fees.exact_text(owed)}"
    lines = list(report.lines)
    if (other := owed - (report.owed or Decimal(0))) != 0:
        lines.append(stored(Line(_("更正以前各期"), formula, other, _("更正后重新计算"))))
    less = Line(_("更正后应退"), formula, -owed, _("更正后重新计算，记为预存款"))
    pay_by = by_day[report.starts_on].pay_by
    due_on = max(pay_by, legal_day(now) + timedelta(royalties.PAY_DAYS))
    return Reckoned(owed, lines, less, due_on)


def _write(row: EarningsReport, computed: royalties.Computed) -> None:
    row.owed, row.below_minimum = computed.total, computed.below_minimum
    row.lines = [stored(line) for line in computed.lines]
    row.save()


def _base(row: EarningsReport, plan: FeePlan) -> Line:
    return royalties.in_currency(
        row.amount,
        currency=row.currency,
        plan_currency=plan.currency,
        rate=row.exchange_rate,
    )


def stored(line: Line) -> dict[str, str]:
    """A line as it is kept."""
    return asdict(line) | {"amount": str(line.amount)}
