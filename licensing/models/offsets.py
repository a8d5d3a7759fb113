"""Sums of settlements set off 抵销 against fees due, as both parties say."""

from __future__ import annotations

from typing import ClassVar

import pgtrigger
from django.db import models
from django.db.models import CheckConstraint, Q, UniqueConstraint

from core.db import ActorKeyField, both_or_neither
from core.people.types import Actor
from licensing.models.disputes import PARTIES
from licensing.models.licences import Payment, PaymentDue
from licensing.models.settlement_sums import SettlementPayment, SettlementSum
from licensing.rules import moves, offsets
from licensing.rules.deals import Party

_S = offsets.OffsetStatus
# The sum's own trigger holds its side: neither debt is ever below zero.
NEVER_BELOW_ZERO = """
    IF NEW.payment_id IS NOT NULL AND
       (SELECT COALESCE(SUM(p.amount), 0) FROM licensing_payment p WHERE p.due_id = NEW.due_id)
       > (SELECT d.amount FROM licensing_paymentdue d WHERE d.id = NEW.due_id) THEN
        RAISE EXCEPTION 'settlement_offset_within: more is set off than was owed'
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
"""


class SettlementOffsetQuerySet(models.QuerySet["SettlementOffset"]):
    """Who sees which of them."""

    def visible_to(self, viewer: Actor) -> SettlementOffsetQuerySet:
        """The two parties of the settlement."""
        return self.filter(sum__in=SettlementSum.objects.visible_to(viewer))


class SettlementOffset(models.Model):
    """A part of an agreed sum against a fee that the other side owes: proposed, then answered."""

    sum = models.ForeignKey(SettlementSum, on_delete=models.PROTECT, related_name="offsets")
    due = models.ForeignKey(PaymentDue, on_delete=models.PROTECT, related_name="offsets")
    amount = models.DecimalField("抵销金额", max_digits=18, decimal_places=2)
    side = models.CharField("提出方", max_length=8, choices=PARTIES)
    status = models.CharField(
        "状态",
        max_length=10,
        default=_S.PROPOSED.value,
        choices=[(s.value, offsets.OFFSET_LABELS[s]) for s in _S],
    )
    proposed_at = models.DateTimeField()
    proposed_by = ActorKeyField()
    answered_at = models.DateTimeField(null=True, blank=True)
    answered_by = ActorKeyField(null=True, blank=True)
    reason = models.TextField("未同意的理由", blank=True, default="", max_length=2000)
    # What it did to either debt.
    settlement_payment = models.OneToOneField(
        SettlementPayment, on_delete=models.PROTECT, null=True, blank=True, related_name="offset"
    )
    payment = models.OneToOneField(
        Payment, on_delete=models.PROTECT, null=True, blank=True, related_name="offset"
    )

    objects = SettlementOffsetQuerySet.as_manager()

    class Meta:
        verbose_name = "协议款项抵销"
        ordering: ClassVar = ["proposed_at", "id"]
        constraints: ClassVar = [
            CheckConstraint(condition=Q(amount__gt=0), name="settlement_offset_positive"),
            CheckConstraint(
                condition=Q(side__in=sorted(p.value for p in Party)),
                name="settlement_offset_side_known",
            ),
            CheckConstraint(
                condition=Q(status__in=sorted(s.value for s in _S)),
                name="settlement_offset_status_known",
            ),
            UniqueConstraint(
                fields=["sum", "due"],
                condition=Q(status=_S.PROPOSED.value),
                name="one_waiting_settlement_offset",
            ),
            both_or_neither("answered_at", "answered_by", name="settlement_offset_answered_pair"),
            CheckConstraint(
                condition=Q(status=_S.PROPOSED.value, answered_at__isnull=True)
                | (~Q(status=_S.PROPOSED.value) & Q(answered_at__isnull=False)),
                name="settlement_offset_answered",
            ),
            CheckConstraint(
                condition=Q(
                    status=_S.ACCEPTED.value,
                    settlement_payment__isnull=False,
                    payment__isnull=False,
                )
                | (
                    ~Q(status=_S.ACCEPTED.value)
                    & Q(settlement_payment__isnull=True, payment__isnull=True)
                ),
                name="settlement_offset_accepted_whole",
            ),
            CheckConstraint(
                condition=~Q(status=_S.REFUSED.value) | ~Q(reason=""),
                name="settlement_offset_refused_with_reason",
            ),
        ]
        triggers: ClassVar = [
            pgtrigger.FSM(
                name="settlement_offset_moves",
                field="status",
                transitions=moves.transitions(offsets.OFFSET_MOVES),
            ),
            pgtrigger.Protect(name="settlement_offset_kept", operation=pgtrigger.Delete),
            pgtrigger.Trigger(
                name="settlement_offset_within",
                operation=pgtrigger.Insert | pgtrigger.Update,
                when=pgtrigger.Before,
                func=NEVER_BELOW_ZERO,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.sum_id} {self.due_id} {self.amount}"

    @property
    def waits(self) -> bool:
        """Whether it waits for an answer."""
        return self.status == _S.PROPOSED

    @property
    def side_label(self) -> str:
        """Who proposed it."""
        return self.sum.dispute.label(self.side)
