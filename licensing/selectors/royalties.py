"""Questions about royalties and accounts: periods, sums due, interest, one party's statement."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import Case, DecimalField, F, OuterRef, QuerySet, Subquery, Sum, When
from django.db.models.functions import Coalesce

from core.days import legal_day
from core.errors import Conflict, Missing
from core.people import selectors as people
from core.people.types import Actor
from licensing.models import (
    Credit,
    Document,
    FeePlan,
    Licence,
    MilestoneClaim,
    Payment,
    PaymentDue,
    RoyaltyReport,
    SettlementOffset,
)
from licensing.models.earnings import EarningsReport
from licensing.rules import claims, fees, late, moves, reports, royalties
from licensing.selectors.disputed import disputed_lines, with_dispute

PRIME_RATE = "3.0"
INTEREST = "interest"
NOT_YET = "这项许可没有约定提成，或尚未生效，不需要申报。"


@dataclass(frozen=True, slots=True)
class PeriodRow:
    """One period with its reports, newest first."""

    period: royalties.Period
    reports: tuple[EarningsReport, ...]
    over: bool
    late: bool

    @property
    def latest(self) -> EarningsReport | None:
        """The report that counts, or waits."""
        return self.reports[0] if self.reports else None

    @property
    def pending(self) -> bool:
        """Whether the newest report waits for the office."""
        return bool(self.reports) and self.reports[0].status in reports.PENDING


@dataclass(frozen=True, slots=True)
class StatementLine:
    """A sum due, how it came about, what was paid, and what interest runs on it."""

    due: PaymentDue
    explanation: Sequence[dict[str, str]]
    paid: Decimal
    interest: Decimal
    interest_lines: tuple[royalties.Line, ...]
    is_late: bool
    disputed: bool = False
    offsets: Sequence[SettlementOffset] = ()

    @property
    def outstanding(self) -> Decimal:
        """What is still to be paid of it."""
        return Decimal(0) if self.due.released_on else self.due.amount - self.paid


@dataclass(frozen=True, slots=True)
class Statement:
    """The account of one licence on a day."""

    lines: tuple[StatementLine, ...]
    due: Decimal
    paid: Decimal
    outstanding: Decimal
    interest: Decimal
    currency: str
    rate: late.LateRate
    today: date
    credits: tuple[Credit, ...] = ()
    credit: Decimal = Decimal(0)


def last_day(licence: Licence) -> date | None:
    """The last day that is charged: the term's, or the day on which it ended before that."""
    if licence.status == moves.LicenceStatus.ENDED and licence.closed_at and licence.ends_on:
        return min(licence.ends_on, legal_day(licence.closed_at))
    return licence.ends_on


def periods_of(licence: Licence) -> tuple[fees.FeePart, tuple[royalties.Period, ...]]:
    """The royalty and its periods; Conflict when there is none to report."""
    part = royalties.running_part(licence.plan.terms())
    ends_on = last_day(licence)
    void = licence.status == moves.LicenceStatus.VOID
    if part is None or void or licence.starts_on is None or ends_on is None:
        raise Conflict(NOT_YET, code="no-royalty")
    return part, royalties.periods(licence.starts_on, ends_on, part.period_months)


def free_use_ended(licence: Licence) -> date | None:
    """The day on which the event came that ends free use, as both parties agree."""
    found = MilestoneClaim.objects.filter(
        licence=licence,
        part__kind=fees.PartKind.FREE_UNTIL.value,
        status=claims.ClaimStatus.CONFIRMED.value,
    )
    return found.values_list("reached_on", flat=True).first()


def period_rows(licence: Licence, *, today: date) -> list[PeriodRow]:
    """Every period that has begun, newest first, with its reports; two queries."""
    rows = licence.royalty_reports.select_related("evidence").prefetch_related("reasons__due")
    found = list(rows.order_by("-revision"))
    return rows_of_periods(periods_of(licence)[1], found, today=today)


def rows_of_periods(
    periods: Sequence[royalties.Period], found: Sequence[EarningsReport], *, today: date
) -> list[PeriodRow]:
    """The periods that have begun, newest first, each with its reports as they come."""
    by_day: dict[date, list[EarningsReport]] = {}
    for report in found:
        by_day.setdefault(report.starts_on, []).append(report)
    return [
        PeriodRow(
            p,
            tuple(by_day.get(p.starts_on, ())),
            over=p.ends_on < today,
            late=p.report_by < today and p.starts_on not in by_day,
        )
        for p in reversed([p for p in periods if p.starts_on <= today])
    ]


def royalty_reports(*, viewer: Actor, licence_id: int | None = None) -> QuerySet[RoyaltyReport]:
    """The reports this viewer may see, newest first."""
    rows = RoyaltyReport.objects.visible_to(viewer).select_related("licence__plan")
    if licence_id is not None:
        rows = rows.filter(licence_id=licence_id)
    return rows.order_by("-pk")


def royalty_report(report_id: int, *, viewer: Actor) -> RoyaltyReport:
    """One report; Missing when the viewer may not see it."""
    found = royalty_reports(viewer=viewer).filter(pk=report_id).first()
    if found is None:
        raise Missing("没有找到这份提成申报，或您无权查看。")
    return found


def late_rate(licence: Licence) -> late.LateRate:
    """The yearly rate on what this licence owes late."""
    return rate_of(licence.plan, licence.region)


def rate_of(plan: FeePlan, region: str) -> late.LateRate:
    """The yearly rate on late sums of such a plan in such a region."""
    prime = people.region_setting("fees.prime_rate", region, default=PRIME_RATE)
    return late.rate_for(plan.late_rate, Decimal(str(prime)))


def interest_lines(
    due: PaymentDue, *, rate: late.LateRate, today: date
) -> tuple[royalties.Line, ...]:
    """Interest on one sum up to today; no query when payments are prefetched.

    None on interest, and none on what brings a licence about: before it is paid nothing is owed.
    """
    if due.kind == INTEREST or due.at_conclusion or due.released_on:
        return ()
    paid = [(legal_day(p.paid_at), p.amount) for p in due.payments.all()]
    return late.interest(due.amount, due_on=due.due_on, paid=paid, today=today, rate=rate)


def statement(licence: Licence, *, today: date) -> Statement:
    """The account of a licence. Interest already asked for is a sum of its own and not repeated."""
    rate = late_rate(licence)
    rows = licence.dues.select_related("reason").prefetch_related(
        "payments", "interest__due", "offsets__sum__dispute__document"
    )
    lines, disputed = [], disputed_lines(licence)
    for due in rows.order_by("due_on", "position"):
        paid = sum((p.amount for p in due.payments.all()), Decimal(0))
        pieces = interest_lines(due, rate=rate, today=today)
        asked = sum((r.due.amount for r in due.interest.all()), Decimal(0))
        reason = getattr(due, "reason", None)
        lines.append(
            StatementLine(
                due,
                reason.explanation if reason else (),
                paid,
                max(sum((line.amount for line in pieces), Decimal(0)) - asked, Decimal(0)),
                pieces,
                due.released_on is None and due.due_on < today and paid < due.amount,
                due.pk in disputed,
                [row for row in due.offsets.all() if row.payment_id is not None],
            )
        )
    due_sum = sum((line.paid + line.outstanding for line in lines), Decimal(0))
    credits = licence.credits.select_related("proof").prefetch_related("uses__payment__due")
    found = tuple(credits.order_by("received_at", "pk"))
    used = sum((use.amount for row in found for use in row.uses.all()), Decimal(0))
    paid_sum = sum((line.paid for line in lines), Decimal(0))
    return Statement(
        tuple(lines),
        due_sum,
        paid_sum,
        due_sum - paid_sum,
        sum((line.interest for line in lines), Decimal(0)),
        fees.CURRENCY_LABELS[fees.Currency(licence.plan.currency)],
        rate,
        today,
        found,
        sum((row.amount for row in found), Decimal(0)) - used,
    )


def with_paid(rows: QuerySet[PaymentDue]) -> QuerySet[Any]:
    """The sums with `paid_sum` and `open_sum` beside them."""
    paid = (
        Payment.objects.filter(due=OuterRef("pk"))
        .order_by()
        .values("due")
        .annotate(n=Sum("amount"))
        .values("n")
    )
    money = DecimalField(max_digits=18, decimal_places=2)
    nothing = Coalesce(Subquery(paid), Decimal(0), output_field=money)
    still = Case(
        When(released_on__isnull=False, then=Decimal(0)),
        default=F("amount") - F("paid_sum"),
        output_field=money,
    )
    return rows.annotate(paid_sum=nothing).annotate(open_sum=still)


def dues(*, viewer: Actor, today: date, show: str = "open") -> QuerySet[Any]:
    """The sums of all licences this viewer may see: open, overdue, or all; the oldest first."""
    rows = PaymentDue.objects.filter(licence__in=Licence.objects.visible_to(viewer))
    found = with_dispute(with_paid(rows.exclude(licence__status=moves.LicenceStatus.VOID)))
    if show != "all":
        found = found.filter(open_sum__gt=0)
    if show == "overdue":
        found = found.filter(due_on__lt=today)
    return found.select_related("licence__licensor", "licence__licensee", "licence__plan").order_by(
        "due_on", "pk"
    )


def paper_of_due(licence: Licence, document_id: int) -> Document | None:
    """A payment notice or reminder letter of this licence."""
    return Document.objects.filter(pk=document_id, due__licence=licence).first()


def papers_of(licence: Licence) -> QuerySet[Document]:
    """The payment notices and reminder letters of this licence, newest first."""
    return Document.objects.filter(due__licence=licence).order_by("-issued_at", "-pk")
