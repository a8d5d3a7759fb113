"""Credit on a licence's account 预存款, and what was done with it."""

from __future__ import annotations

from typing import ClassVar

import pgtrigger
from django.db import models
from django.db.models import CheckConstraint, F, Q, UniqueConstraint

from core.db import ActorKeyField
from core.people.types import Actor
from licensing.models.licences import Licence, Payment
from licensing.models.royalties import RoyaltyReport
from licensing.rules import credits, fees

_K = credits.CreditKind
NEVER_TOO_MUCH = """
    IF (SELECT COALESCE(SUM(u.amount), 0) FROM licensing_credituse u WHERE u.credit_id = NEW.credit_id)
       + NEW.amount > (SELECT c.amount FROM licensing_credit c WHERE c.id = NEW.credit_id) THEN
        RAISE EXCEPTION 'credit_use_within_credit: more is used than was credited'
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
"""  # noqa: E501


class CreditQuerySet(models.QuerySet["Credit"]):
    """Who sees which credits."""

    def visible_to(self, viewer: Actor) -> CreditQuerySet:
        """Whoever sees the licence."""
        return self.filter(licence__in=Licence.objects.visible_to(viewer))


class Credit(models.Model):
    """Money to the licensee's credit, in the plan's currency; never changed."""

    licence = models.ForeignKey(Licence, on_delete=models.PROTECT, related_name="credits")
    kind = models.CharField(
        max_length=10, choices=[(k.value, credits.CREDIT_LABELS[k]) for k in _K]
    )
    amount = models.DecimalField("金额", max_digits=18, decimal_places=2)
    received_at = models.DateTimeField("到账时间")
    paid_amount = models.DecimalField(max_digits=18, decimal_places=2)
    paid_currency = models.CharField(
        "付款币种",
        max_length=3,
        choices=[(c.value, fees.CURRENCY_LABELS[c]) for c in fees.Currency],
    )
    exchange_rate = models.DecimalField("汇率", max_digits=14, decimal_places=6, default=1)
    rate_source = models.CharField("汇率来源", max_length=120, blank=True, default="")
    rate_on = models.DateField("汇率日期", null=True, blank=True)
    explanation = models.JSONField(default=list)
    reference = models.CharField("凭证号", max_length=80, blank=True, default="")
    proof = models.ForeignKey(
        "core.Attachment", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    report = models.ForeignKey(
        RoyaltyReport, on_delete=models.PROTECT, null=True, blank=True, related_name="credits"
    )
    note = models.CharField("说明", max_length=500, blank=True, default="")
    recorded_at = models.DateTimeField()
    recorded_by = ActorKeyField()

    objects = CreditQuerySet.as_manager()

    class Meta:
        verbose_name = "预存款"
        ordering: ClassVar = ["received_at", "id"]
        constraints: ClassVar = [
            CheckConstraint(condition=Q(amount__gt=0, paid_amount__gt=0), name="credit_positive"),
            CheckConstraint(
                condition=Q(kind__in=sorted(k.value for k in _K)), name="credit_kind_known"
            ),
            CheckConstraint(
                condition=Q(paid_currency__in=sorted(c.value for c in fees.Currency)),
                name="credit_currency_known",
            ),
            CheckConstraint(condition=Q(exchange_rate__gt=0), name="credit_rate_positive"),
            CheckConstraint(
                condition=Q(rate_on__isnull=True, rate_source="", exchange_rate=1)
                | (Q(rate_on__isnull=False) & ~Q(rate_source="")),
                name="credit_rate_with_source",
            ),
            CheckConstraint(
                condition=Q(kind=_K.CORRECTION.value, report__isnull=False)
                | (
                    Q(kind=_K.RECEIVED.value, report__isnull=True)
                    & (~Q(reference="") | Q(proof__isnull=False))
                ),
                name="credit_proved",
            ),
            CheckConstraint(
                condition=Q(received_at__lte=F("recorded_at")), name="credit_not_in_future"
            ),
            UniqueConstraint(
                fields=["licence", "reference"],
                condition=~Q(reference=""),
                name="credit_reference_once",
            ),
        ]
        triggers: ClassVar = [
            pgtrigger.Protect(name="credit_fixed", operation=pgtrigger.Update | pgtrigger.Delete),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.amount}"


class CreditUse(models.Model):
    """What became of a piece of credit: it paid a sum due, or went back to the licensee."""

    credit = models.ForeignKey(Credit, on_delete=models.PROTECT, related_name="uses")
    amount = models.DecimalField(max_digits=18, decimal_places=2)
    payment = models.OneToOneField(
        Payment, on_delete=models.PROTECT, null=True, blank=True, related_name="from_credit"
    )
    refunded_on = models.DateField("退款日", null=True, blank=True)
    reference = models.CharField("退款凭证号", max_length=80, blank=True, default="")
    proof = models.ForeignKey(
        "core.Attachment", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    used_at = models.DateTimeField()
    used_by = ActorKeyField()

    class Meta:
        verbose_name = "预存款使用"
        ordering: ClassVar = ["used_at", "id"]
        constraints: ClassVar = [
            CheckConstraint(condition=Q(amount__gt=0), name="credit_use_positive"),
            CheckConstraint(
                condition=Q(payment__isnull=False, refunded_on__isnull=True)
                | (
                    Q(payment__isnull=True, refunded_on__isnull=False)
                    & (~Q(reference="") | Q(proof__isnull=False))
                ),
                name="credit_use_of_one_kind",
            ),
        ]
        triggers: ClassVar = [
            pgtrigger.Protect(
                name="credit_use_fixed", operation=pgtrigger.Update | pgtrigger.Delete
            ),
            pgtrigger.Trigger(
                name="credit_use_within",
                operation=pgtrigger.Insert,
                when=pgtrigger.Before,
                func=NEVER_TOO_MUCH,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.credit_id} {self.amount}"
