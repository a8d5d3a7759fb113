"""Questions about set-off: which fees a settlement's sum may be set off against, and what waits."""

from __future__ import annotations

from typing import Any

from django.db.models import Q, QuerySet

from core.errors import Missing
from core.money import exact_sum
from core.people.types import Actor
from licensing.models import PaymentDue, SettlementOffset, SettlementSum
from licensing.models.licences import IN_FORCE_EVER
from licensing.rules import fees
from licensing.rules.offsets import OffsetStatus, amount_errors
from licensing.selectors.disputed import with_dispute
from licensing.selectors.royalties import with_paid
from licensing.selectors.settlement_sums import with_open


def dues_for(row: SettlementSum) -> QuerySet[Any]:
    """The open fees that whoever is paid owes whoever pays, in the same money; the first due first.

    Of licences that took effect, and nothing in dispute. A pool's administrator owes for itself
    and is owed for the holders: nothing is mutual there.
    """
    if row.dispute.pool_licence_id is not None:
        return PaymentDue.objects.none()
    rows = PaymentDue.objects.filter(
        licence__licensor_id=row.payer_id,
        licence__licensee_id=row.payee_id,
        licence__plan__currency=row.currency,
        licence__status__in=IN_FORCE_EVER,
    )
    found = with_dispute(with_paid(rows)).filter(open_sum__gt=0, disputed=False)
    return found.select_related("licence").order_by("due_on", "pk")


def due_for(row: SettlementSum, due_id: int) -> Any:
    """One of them with its `open_sum`; None when it is none of them."""
    return dues_for(row).filter(pk=due_id).first()


def choices_for(row: SettlementSum) -> list[tuple[int, str]]:
    """The same as a form offers them."""
    return [
        (due.pk, f"{due.licence.number} {due.get_kind_display()}，应付日 {due.due_on:%Y-%m-%d}，"
         f"未付 {exact_sum(due.open_sum)}")
        for due in dues_for(row)
    ]  # fmt: skip


def in_words(made: SettlementOffset) -> str:
    """What is set off against what."""
    due = made.due
    total = fees.exact_text(made.amount, made.sum.currency)
    return (
        f"以协议款项抵销许可 {due.licence.number} 的{due.get_kind_display()}"
        f"（应付日 {due.due_on:%Y-%m-%d}）{total}。"
    )


def offsets(*, viewer: Actor) -> QuerySet[SettlementOffset]:
    """The proposals this viewer may see, newest first."""
    rows = SettlementOffset.objects.visible_to(viewer)
    return rows.select_related("sum__dispute", "due__licence").order_by("-pk")


def offset(offset_id: int, *, viewer: Actor) -> SettlementOffset:
    """One of them; Missing when the viewer may not see it."""
    found = offsets(viewer=viewer).filter(pk=offset_id).first()
    if found is None:
        raise Missing("没有找到这笔抵销，或您无权查看。")
    return found


def past_agreeing(rows: QuerySet[SettlementOffset]) -> list[int]:
    """Those of them that nobody can agree to any more: a debt is less than what is set off.

    A fee in dispute is not among them: it may be owed again when the dispute is over.
    """
    waiting = rows.filter(status=OffsetStatus.PROPOSED)
    dues = with_paid(PaymentDue.objects.filter(pk__in=waiting.values("due_id")))
    sums = with_open(SettlementSum.objects.filter(pk__in=waiting.values("sum_id")))
    due_left, sum_left = (dict(rows.values_list("pk", "open_sum")) for rows in (dues, sums))
    return [
        row.pk
        for row in waiting.order_by("pk")
        if amount_errors(row.amount, owed=sum_left[row.sum_id], due=due_left[row.due_id])
    ]


def waiting_for(viewer: Actor) -> QuerySet[Any]:
    """The disputes in which a set-off waits for the viewer's answer."""
    own = viewer.acts_for
    rows = SettlementOffset.objects.filter(
        Q(side="holder", sum__dispute__taker_id__in=own)
        | Q(side="taker", sum__dispute__holder_id__in=own),
        status=OffsetStatus.PROPOSED,
    )
    return rows.values("sum__dispute_id")
