"""Questions about what pool licences owe: periods, sums, what is covered, what is late."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal

from django.db.models import QuerySet, prefetch_related_objects

from core.errors import Conflict, Missing
from core.people.types import Actor, Role
from licensing.models import Document, PoolDue, PoolLicence, PoolRoyaltyReport
from licensing.rules import fees, late, reports, royalties
from licensing.rules.pool_dues import Sum, cover
from licensing.selectors.disputed import Still, still_of
from licensing.selectors.royalties import PeriodRow, rate_of, rows_of_periods

# What the account of a pool licence is read from.
ACCOUNT = ("dues__release", "income", "disputes")
INTEREST = "interest"
NO_ROYALTY = "这项池许可的标准条款没有约定提成，不需要申报。"


@dataclass(frozen=True, slots=True)
class PoolLine:
    """A sum of a pool licence: what covers it, and what interest runs on it."""

    due: PoolDue
    paid: Decimal
    outstanding: Decimal  # what is still to be paid of it
    interest: Decimal  # that was not asked for yet
    is_late: bool
    disputed: bool
    held: bool
    released: Decimal

    @property
    def may_charge(self) -> bool:
        """Whether its interest can be asked for now."""
        return self.interest > 0 and not self.held


@dataclass(frozen=True, slots=True)
class PoolAccount:
    """The account of one pool licence on a day."""

    lines: tuple[PoolLine, ...]
    due: Decimal
    received: Decimal
    rate: late.LateRate

    @property
    def outstanding(self) -> Decimal:
        """What is still to be paid."""
        return sum((line.outstanding for line in self.lines), Decimal(0))

    @property
    def ahead(self) -> Decimal:
        """What came in beyond everything that is owed so far: it covers what comes next."""
        return max(self.received - self.due, Decimal(0))

    @property
    def late(self) -> bool:
        """Whether anything was, or is, paid after its day."""
        return any(x.is_late or x.interest or x.due.kind == INTEREST for x in self.lines)

    @property
    def first_open(self) -> PoolLine | None:
        """The sum that money to come covers first."""
        return next((line for line in self.lines if line.outstanding > 0), None)


Pieces = list[tuple[date, Decimal]]


@dataclass(frozen=True, slots=True)
class Covered:
    """A sum, what was taken off it, what disputes do to it, what it bore, and what covers it."""

    due: PoolDue
    released: Decimal  # by a settlement
    back: Decimal  # of interest reckoned anew
    still: Still
    asked: Decimal  # the interest on it that was asked for so far
    settled: bool  # a settlement took it, or interest on it, off
    pieces: Pieces

    @property
    def owed(self) -> Decimal:
        """What is asked for of it."""
        return self.due.amount - self.released - self.back

    @property
    def whole(self) -> bool:
        """Whether all of it is covered."""
        return self.paid >= self.owed

    @property
    def bears_interest(self) -> bool:
        """No interest on interest; none beside what a settlement says of it."""
        return self.due.amount > 0 and self.due.kind != INTEREST and not self.settled

    @property
    def paid(self) -> Decimal:
        """What covers it."""
        return sum((amount for _day, amount in self.pieces), Decimal(0))


def covered(row: PoolLicence) -> list[Covered]:
    """Its sums in the order of their days and what covers each; no query where prefetched."""
    prefetch_related_objects([row], *ACCOUNT)
    dues = sorted(row.dues.all(), key=lambda due: (due.due_on, due.position))
    still = [still_of(due, row.disputes.all()) for due in dues]
    back, asked = _taken_back(dues), _asked(dues)
    settled = {pk for due in dues if _released(due) for pk in (due.pk, due.late_due_id)}
    found = [
        Covered(due, _released(due), back[due.pk], rests, asked[due.pk], due.pk in settled, [])
        for due, rests in zip(dues, still, strict=True)
    ]
    sums = [Sum(one.owed, one.due.due_on, one.still.rests) for one in found]
    money = [(i.received_on, i.amount) for i in row.income.all()]
    return [replace(one, pieces=p) for one, p in zip(found, cover(sums, money), strict=True)]


def _asked(dues: Sequence[PoolDue]) -> dict[int, Decimal]:
    """The interest that was asked for on each sum, less what was taken back."""
    found = dict.fromkeys((due.pk for due in dues), Decimal(0))
    for due in dues:
        if due.late_due_id is not None:
            found[due.late_due_id] += due.amount
    return found


def _taken_back(dues: Sequence[PoolDue]) -> dict[int, Decimal]:
    """What interest reckoned anew takes off interest asked before on the same sum, newest first.

    It covers nothing else: what was too much is not as if another sum had been paid in time.
    """
    back = dict.fromkeys((due.pk for due in dues), Decimal(0))
    for less in (due for due in dues if due.kind == INTEREST and due.amount < 0):
        back[less.pk], left = less.amount, -less.amount
        for due in reversed(dues):
            if due.late_due_id == less.late_due_id and due.amount > 0:
                part = min(left, due.amount - back[due.pk])
                back[due.pk] += part
                left -= part
    return back


def interest_lines(one: Covered, *, rate: late.LateRate, today: date) -> tuple[royalties.Line, ...]:
    """Interest on one sum up to today, as on a sum of any contract."""
    if not one.bears_interest:
        return ()
    due_on = one.due.due_on
    return late.interest(one.owed, due_on=due_on, paid=one.pieces, today=today, rate=rate)


def _released(due: PoolDue) -> Decimal:
    release = getattr(due, "release", None)
    return release.amount if release else Decimal(0)


def open_sums(row: PoolLicence) -> list[tuple[PoolDue, Decimal]]:
    """Its sums that are not covered, and what is missing of each."""
    return [(one.due, one.owed - one.paid) for one in covered(row) if one.owed > one.paid]


def called_for(row: PoolLicence, *, today: date) -> list[tuple[PoolDue, Decimal]]:
    """Of those the ones that letters may call for: dunning rests while a dispute holds a sum."""
    return [
        (one.due, one.owed - one.paid)
        for one in covered(row)
        if one.owed > one.paid and not (one.still.held and one.due.due_on < today)
    ]


def account(row: PoolLicence, *, today: date) -> PoolAccount:
    """Its sums in the order of their days, what covers them, and the interest up to today."""
    rate = rate_of(row.terms.plan, row.pool.region)
    lines = []
    for one in covered(row):
        bore = sum((x.amount for x in interest_lines(one, rate=rate, today=today)), Decimal(0))
        lines.append(
            PoolLine(
                due=one.due,
                paid=one.paid,
                outstanding=max(one.owed, Decimal(0)) - one.paid,
                interest=max(bore - one.asked, Decimal(0)),
                is_late=one.owed > one.paid and one.due.due_on < today,
                disputed=one.still.disputed,
                held=one.still.held,
                released=one.released,
            )
        )
    return PoolAccount(
        tuple(lines),
        sum((line.due.amount - line.released for line in lines), Decimal(0)),
        sum((i.amount for i in row.income.all()), Decimal(0)),
        rate,
    )


def pool_periods(
    row: PoolLicence,
) -> tuple[fees.FeePart, tuple[royalties.Period, ...]]:
    """The royalty of a pool licence and its periods; Conflict when there is none to report."""
    part = royalties.running_part(row.terms.plan.terms())
    if part is None:
        raise Conflict(NO_ROYALTY, code="no-royalty")
    return part, royalties.periods(row.starts_on, row.ends_on, part.period_months)


def disputed_reports(row: PoolLicence) -> frozenset[int]:
    """The reports of a pool licence that are in dispute."""
    running = (d for d in row.disputes.all() if d.is_open)
    return frozenset(d.pool_report_id for d in running if d.pool_report_id is not None)


def has_royalty(row: PoolLicence) -> bool:
    """Whether its licensee reports anything."""
    return royalties.running_part(row.terms.plan.terms()) is not None


def pool_period_rows(row: PoolLicence, *, viewer: Actor, today: date) -> list[PeriodRow]:
    """Every period that has begun with the reports that the viewer may see, newest first."""
    found = PoolRoyaltyReport.objects.visible_to(viewer).filter(licence=row)
    rows = list(found.select_related("evidence").order_by("-revision"))
    return rows_of_periods(pool_periods(row)[1], rows, today=today)


def pool_reports(*, viewer: Actor, licence_id: int | None = None) -> QuerySet[PoolRoyaltyReport]:
    """The reports this viewer may see, newest first."""
    rows = PoolRoyaltyReport.objects.visible_to(viewer).select_related(
        "licence__pool", "licence__terms__plan", "licence__licensee"
    )
    return (rows if licence_id is None else rows.filter(licence_id=licence_id)).order_by("-pk")


def pool_report(report_id: int, *, viewer: Actor) -> PoolRoyaltyReport:
    """One report; Missing when the viewer may not see it."""
    found = pool_reports(viewer=viewer).filter(pk=report_id).first()
    if found is None:
        raise Missing("没有找到这份提成申报，或您无权查看。")
    return found


def side_of(licence: PoolLicence, actor: Actor) -> str:
    """The side whose affairs the actor handles; "" for nobody's, or both."""
    sides = {"holder": licence.pool.administrator_id, "taker": licence.licensee_id}
    mine = [side for side, pk in sides.items() if pk in actor.acts_for]
    return mine[0] if len(mine) == 1 else ""


def reads_reports(row: PoolLicence, *, viewer: Actor) -> bool:
    """Whether the viewer may see what the licensee sold, and what follows from it line by line."""
    if viewer.is_system or viewer.has(Role.AUDITOR):
        return True
    overseen = viewer.has(Role.BUREAU) and row.pool.region.startswith(viewer.region)
    return overseen or bool({row.licensee_id, row.pool.administrator_id} & set(viewer.acts_for))


def reports_waiting(*, viewer: Actor) -> tuple[int, datetime | None, int | None]:
    """How many reports the viewer's pools have to answer, since when, and of which licence."""
    rows = PoolRoyaltyReport.objects.filter(
        status=reports.ReportStatus.REPORTED, licence__pool__administrator_id__in=viewer.acts_for
    )
    first = rows.order_by("reported_at").values_list("reported_at", "licence_id").first()
    return (rows.count(), *first) if first else (0, None, None)


def pool_letters(row: PoolLicence) -> Sequence[Document]:
    """Its payment notices and reminders, newest first."""
    return list(Document.objects.filter(pool_due__licence=row).order_by("-issued_at", "-pk"))


def pool_letter(row: PoolLicence, document_id: int, *, viewer: Actor) -> Document | None:
    """One of them, for whoever may read what it rests on."""
    if not reads_reports(row, viewer=viewer):
        raise Missing("没有找到这份文书，或您无权查看。")
    return Document.objects.filter(pk=document_id, pool_due__licence=row).first()
