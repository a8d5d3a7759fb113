"""Questions about credit: what there is, what became of it, what it could pay."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import F, QuerySet, Sum

from licensing.models import Credit, Licence
from licensing.rules import moves
from licensing.selectors.royalties import with_paid


def credits_of(licence: Licence) -> QuerySet[Credit]:
    """The credits of a licence with what became of them, oldest first."""
    return licence.credits.prefetch_related("uses__payment").order_by("received_at", "pk")


def credits_left(licence: Licence) -> list[tuple[Credit, Decimal]]:
    """Those with something left, oldest first, and how much."""
    rows: QuerySet[Any] = licence.credits.annotate(used=Sum("uses__amount"))
    rows = rows.order_by("received_at", "pk")
    pairs = [(row, row.amount - (row.used or Decimal(0))) for row in rows]
    return [(row, left) for row, left in pairs if left > 0]


def licences_with_credit() -> list[int]:
    """The licences on whose account anything is left."""
    rows: QuerySet[Any] = Credit.objects.annotate(used=Sum("uses__amount", default=Decimal(0)))
    left = rows.filter(used__lt=F("amount")).values_list("licence_id", flat=True)
    return sorted(set(left))


def open_dues(licence: Licence, *, until: date) -> list[Any]:
    """The sums that credit may pay: open, due by this day, and none that brings a licence about."""
    if licence.status == moves.LicenceStatus.VOID:
        return []
    rows = licence.dues.filter(at_conclusion=False, due_on__lte=until)
    return list(with_paid(rows).filter(open_sum__gt=0).order_by("due_on", "position"))
