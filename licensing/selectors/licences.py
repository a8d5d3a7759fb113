"""Questions about licences, what is paid on them, and papers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from django.db.models import Max, QuerySet

from core.errors import Missing
from core.people.types import Actor
from licensing.models import Contest, Document, Licence, OpenDeclaration, PaymentDue
from licensing.rules import effect, moves
from licensing.types import LicencePatent


@dataclass(frozen=True, slots=True)
class DueLine:
    """A sum due, what was paid on it, and what is still open."""

    due: PaymentDue
    paid: Decimal

    @property
    def outstanding(self) -> Decimal:
        """What is still to be paid of it."""
        return Decimal(0) if self.due.released_on else self.due.amount - self.paid

    def is_late(self, today: date) -> bool:
        """Whether it should have been paid by now."""
        return self.outstanding > 0 and self.due.due_on < today


CONTESTED = "contested"  # no status of its own: an objection to it waits


def licences(*, viewer: Actor, status: str = "") -> QuerySet[Licence]:
    """The licences this viewer may see, newest first, with parties."""
    rows = Licence.objects.visible_to(viewer)
    if status == CONTESTED:
        raised = Contest.objects.filter(status=moves.ContestStatus.RAISED)
        rows = rows.filter(pk__in=raised.values("licence"))
    elif status:
        rows = rows.filter(status=status)
    return rows.select_related("licensor", "licensee", "declaration").order_by("-pk")


def licence(licence_id: int, *, viewer: Actor) -> Licence:
    """One licence with everything its page shows; Missing when the viewer may not see it."""
    found = (
        licences(viewer=viewer)
        .select_related(
            "licensor", "licensee", "declaration", "plan", "document", "served_proof", "under"
        )
        .prefetch_related(
            "plan__parts",
            "dues__payments",
            "payments__proof",
            "contests",
            "outcomes",
            "sublicences__licensee",
        )
        .filter(pk=licence_id)
        .first()
    )
    if found is None:
        raise Missing("没有找到这项许可，或您无权查看。")
    return found


def schedule_of(row: Licence) -> list[DueLine]:
    """The licence's sums with what was paid on each; no query when dues are prefetched."""
    return [
        DueLine(due, sum((p.amount for p in due.payments.all()), Decimal(0)))
        for due in row.dues.all()
    ]


def pending_contest(row: Licence) -> Contest | None:
    """The objection waiting for a decision; no query when contests are prefetched."""
    waiting = [c for c in row.contests.all() if c.status == moves.ContestStatus.RAISED]
    return waiting[0] if waiting else None


def contest_deadline(row: Licence) -> date:
    """The last day on which the patentee may object to what was entered here."""
    last: datetime | None = row.payments.aggregate(last=Max("recorded_at"))["last"]
    return effect.contest_deadline(last or row.noticed_at)


def licences_of(patent_ids: Sequence[int]) -> dict[int, LicencePatent]:
    """For each of these patents, how many licences of this room are in force on it."""
    found = dict.fromkeys(patent_ids, 0)
    rows = Licence.objects.filter(
        patent_id__in=patent_ids, status__in=[s.value for s in moves.IN_FORCE]
    ).values_list("patent_id", flat=True)
    for patent_id in rows:
        found[patent_id] += 1
    offered = set(
        OpenDeclaration.objects.on_offer()
        .filter(patent_id__in=patent_ids)
        .values_list("patent_id", flat=True)
    )
    return {pk: LicencePatent(pk, count, pk in offered) for pk, count in found.items()}


def document(content_hash: str) -> Document:
    """The paper that carries this hash, for anyone who holds it; Missing when there is none."""
    found = (
        Document.objects.select_related("declaration", "licence", "certificate")
        .filter(content_hash=content_hash.lower())
        .first()
    )
    if found is None:
        raise Missing(
            "没有找到与这个校验码对应的文书。请核对纸面上的校验码；如确认无误，请勿采信该文书。",
            code="unknown-document",
        )
    return found
