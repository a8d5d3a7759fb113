"""What a running dispute keeps still: dunning of a sum, interest on it, the clock of a notice."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet

from core.days import legal_day
from licensing.models import Dispute, Licence, PaymentDue, PoolDue, Termination
from licensing.rules import disputes as rules
from licensing.rules import terminations as endings

OPEN_STATES = sorted(s.value for s in rules.OPEN)


def _about(due: Any) -> Q:
    """The disputes that are about a sum: itself, its report, or what bears its interest."""
    return Q(due=due) | Q(report__reasons__due=due) | Q(due__interest__due=due)


def with_dispute(rows: QuerySet[PaymentDue]) -> QuerySet[Any]:
    """The sums with `disputed` (a dispute runs) and `held` (and dunning rests) beside them.

    Dunning rests once over one sum: a dispute that is over has used that up, whether it named the
    sum itself, its report, or what bears its interest.
    """
    about = Dispute.objects.filter(_about(OuterRef("pk")))
    running, holding = about.filter(status__in=OPEN_STATES), about.filter(holds=True)
    over = holding.exclude(status__in=OPEN_STATES)
    return rows.annotate(
        disputed=Exists(running),
        held=Exists(holding.filter(status__in=OPEN_STATES)) & ~Exists(over),
    )


def rested_before(due_id: int) -> bool:
    """Whether a dispute was brought already that let dunning of this sum rest."""
    return Dispute.objects.filter(_about(due_id), holds=True).exists()


def disputed_lines(licence: Licence) -> frozenset[int]:
    """The sums of a licence that are in dispute; one query."""
    rows = with_dispute(licence.dues.order_by()).filter(disputed=True)
    return frozenset(rows.values_list("pk", flat=True))


def disputed_reports(licence: Licence) -> frozenset[int]:
    """The reports of a licence that are in dispute."""
    rows = Dispute.objects.filter(licence=licence, status__in=OPEN_STATES, report__isnull=False)
    return frozenset(pk for pk in rows.values_list("report_id", flat=True) if pk is not None)


def is_held(due: PaymentDue) -> bool:
    """Whether a dispute keeps this sum from being dunned."""
    return with_dispute(PaymentDue.objects.filter(pk=due.pk)).filter(held=True).exists()


@dataclass(frozen=True, slots=True)
class Still:
    """What disputes do to one sum of a pool licence."""

    disputed: bool = False  # one runs
    held: bool = False  # and dunning rests
    rests: tuple[date, date | None] | None = None  # from a day until before a day


def still_of(due: PoolDue, disputes: Iterable[Dispute]) -> Still:
    """The same of a sum of a pool licence, among that licence's disputes.

    It rests once: for as long as the first dispute about it that let it rest.
    """
    about = sorted(
        (d for d in disputes if concerns(due, due_id=d.pool_due_id, report_id=d.pool_report_id)),
        key=lambda d: d.pk,
    )
    holding = [d for d in about if d.holds]
    first = holding[0] if holding else None
    if first is None:
        return Still(disputed=any(d.is_open for d in about))
    until = legal_day(first.closed_at) if first.closed_at else None
    return Still(any(d.is_open for d in about), first.is_open, (legal_day(first.opened_at), until))


def concerns(due: PoolDue, *, due_id: int | None, report_id: int | None) -> bool:
    """Whether a dispute about that line is about this sum: itself, its report, its interest."""
    if due_id is not None:
        return due_id in (due.pk, due.late_due_id)
    return report_id is not None and report_id == due.report_id


def holds_ending(row: Dispute, ending: Termination) -> bool:
    """Whether this dispute stops the clock of that termination."""
    if row.termination_id == ending.pk:
        return True
    return row.holds and ending.ground == endings.Ground.NON_PAYMENT


def ending_is_held(ending: Termination) -> bool:
    """Whether a running dispute stops its clock."""
    rows = Dispute.objects.filter(licence_id=ending.licence_id, status__in=OPEN_STATES)
    return any(holds_ending(row, ending) for row in rows)
