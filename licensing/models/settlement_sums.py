"""What a settled dispute gives one party to pay beside any licence's sums, and its payments."""

from __future__ import annotations

from typing import ClassVar

import pgtrigger
from django.db import models
from django.db.models import CheckConstraint, Q, UniqueConstraint

from core.db import ActorKeyField
from core.people.types import Actor
from licensing.models.disputes import PARTIES, Dispute
from licensing.rules import fees
from licensing.rules.deals import Party

NEVER_TOO_MUCH = """
    IF (SELECT COALESCE(SUM(p.amount), 0) FROM licensing_settlementpayment p
        WHERE p.sum_id = NEW.sum_id) + NEW.amount
       > (SELECT s.amount FROM licensing_settlementsum s WHERE s.id = NEW.sum_id) THEN
        RAISE EXCEPTION 'settlement_payment_within: more is paid than was agreed'
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
"""


class SettlementSumQuerySet(models.QuerySet["SettlementSum"]):
    """Who sees which sums."""

    def visible_to(self, viewer: Actor) -> SettlementSumQuerySet:
        """The two parties: what a settlement says is theirs."""
        if viewer.is_system:
            return self
        own = viewer.acts_for
        return self.filter(Q(dispute__holder_id__in=own) | Q(dispute__taker_id__in=own))


class SettlementSum(models.Model):
    """A sum that both parties agreed on; never changed, paid or set off."""

    dispute = models.OneToOneField(Dispute, on_delete=models.PROTECT, related_name="agreed_sum")
    payer = models.CharField("付款方", max_length=8, choices=PARTIES)
    amount = models.DecimalField("金额", max_digits=18, decimal_places=2)
    currency = models.CharField(
        "币种", max_length=3, choices=[(c.value, fees.CURRENCY_LABELS[c]) for c in fees.Currency]
    )
    due_on = models.DateField("支付期限")
    explanation = models.JSONField(default=list)
    booked_at = models.DateTimeField()
    booked_by = ActorKeyField()

    objects = SettlementSumQuerySet.as_manager()

    class Meta:
        verbose_name = "协议款项"
        ordering: ClassVar = ["due_on", "id"]
        constraints: ClassVar = [
            CheckConstraint(condition=Q(amount__gt=0), name="settlement_sum_positive"),
            CheckConstraint(
                condition=Q(payer__in=sorted(p.value for p in Party)),
                name="settlement_sum_payer_known",
            ),
            CheckConstraint(
                condition=Q(currency__in=sorted(c.value for c in fees.Currency)),
                name="settlement_sum_currency_known",
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["due_on"], name="settlement_sum_due")]
        triggers: ClassVar = [
            pgtrigger.Protect(
                name="settlement_sum_fixed", operation=pgtrigger.Update | pgtrigger.Delete
            ),
        ]

    def __str__(self) -> str:
        return f"{self.dispute_id} {self.amount}"

    @property
    def payer_id(self) -> int:
        """Who pays."""
        return self.dispute.organisation_of(self.payer)

    @property
    def payee_id(self) -> int:
        """Who is paid."""
        one = Party.TAKER if self.payer == Party.HOLDER else Party.HOLDER
        return self.dispute.organisation_of(one)


class SettlementPayment(models.Model):
    """Money paid on such a sum, with its proof; never changed."""

    sum = models.ForeignKey(SettlementSum, on_delete=models.PROTECT, related_name="payments")
    amount = models.DecimalField("金额", max_digits=18, decimal_places=2)
    paid_on = models.DateField("付款日")
    reference = models.CharField("付款凭证号", max_length=80, blank=True, default="")
    proof = models.ForeignKey(
        "core.Attachment", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    recorded_at = models.DateTimeField()
    recorded_by = ActorKeyField()

    class Meta:
        verbose_name = "协议付款"
        ordering: ClassVar = ["paid_on", "id"]
        constraints: ClassVar = [
            CheckConstraint(condition=Q(amount__gt=0), name="settlement_payment_positive"),
            CheckConstraint(
                condition=~Q(reference="") | Q(proof__isnull=False),
                name="settlement_payment_proved",
            ),
            UniqueConstraint(
                fields=["sum", "reference"],
                condition=~Q(reference=""),
                name="settlement_payment_once",
            ),
        ]
        triggers: ClassVar = [
            pgtrigger.Protect(
                name="settlement_payment_fixed", operation=pgtrigger.Update | pgtrigger.Delete
            ),
            pgtrigger.Trigger(
                name="settlement_payment_within",
                operation=pgtrigger.Insert,
                when=pgtrigger.Before,
                func=NEVER_TOO_MUCH,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.sum_id} {self.amount}"
