"""Questions about sums that settlements gave a party to pay: what is open, what is late."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import F, Q, QuerySet, Sum

from core.errors import Missing
from core.people.types import Actor
from licensing.models import Document, SettlementPayment, SettlementSum

PARTS = ("payments__proof", "papers", "offsets__due__licence")
NOT_FOUND = "没有找到这笔协议款项，或您无权查看。"


def with_open(rows: QuerySet[SettlementSum]) -> QuerySet[Any]:
    """The sums with `paid` and `open_sum` beside them."""
    return rows.annotate(paid=Sum("payments__amount", default=Decimal(0))).annotate(
        open_sum=F("amount") - F("paid")
    )


def settlement_sums(
    *,
    viewer: Actor,
    deal_id: int | None = None,
    licence_id: int | None = None,
    pool_licence_id: int | None = None,
) -> QuerySet[Any]:
    """The sums this viewer may see, of one contract if one is named; the first due first."""
    rows = SettlementSum.objects.visible_to(viewer).select_related(
        "dispute__document", "dispute__holder", "dispute__taker"
    )
    if deal_id is not None:
        rows = rows.filter(dispute__deal_id=deal_id)
    if licence_id is not None:
        rows = rows.filter(dispute__licence_id=licence_id)
    if pool_licence_id is not None:
        rows = rows.filter(dispute__pool_licence_id=pool_licence_id)
    return with_open(rows).prefetch_related(*PARTS).order_by("due_on", "pk")


def settlement_sum(sum_id: int, *, viewer: Actor) -> Any:
    """One of them; Missing when the viewer may not see it."""
    found = settlement_sums(viewer=viewer).filter(pk=sum_id).first()
    if found is None:
        raise Missing(NOT_FOUND)
    return found


def proof_of(payment_id: int, *, viewer: Actor) -> SettlementPayment:
    """A payment with its file, for the two parties."""
    seen = SettlementSum.objects.visible_to(viewer)
    rows = SettlementPayment.objects.filter(pk=payment_id, sum__in=seen, proof__isnull=False)
    found = rows.select_related("proof").first()
    if found is None:
        raise Missing("没有找到这份付款凭证，或您无权查看。")
    return found


def paper_of(sum_id: int, document_id: int, *, viewer: Actor) -> Document | None:
    """A letter that calls for it, for the two parties."""
    row = settlement_sum(sum_id, viewer=viewer)
    return Document.objects.filter(pk=document_id, agreed_sum_id=row.pk).first()


def open_until(until: date, *, own: Any = None) -> QuerySet[Any]:
    """The sums still open that fall due up to a day, of some parties if they are named."""
    rows = SettlementSum.objects.filter(due_on__lte=until).select_related("dispute__document")
    if own is not None:
        rows = rows.filter(Q(dispute__holder_id__in=own) | Q(dispute__taker_id__in=own))
    return with_open(rows).filter(open_sum__gt=0).order_by("pk")


def who_pays(row: SettlementSum) -> str:
    """The direction in words."""
    return f"{row.dispute.label(row.payer)}应付"
