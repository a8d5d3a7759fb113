"""Fee plans 付费方案 and their parts."""

from __future__ import annotations

from decimal import Decimal
from typing import ClassVar

import pgtrigger
from django.db import models
from django.db.models import CheckConstraint, F, Q, UniqueConstraint

from core.db import ActorKeyField
from licensing.rules import fees


class FeePlan(models.Model):
    """What a licence costs: its parts, never edited once written. A change is another plan."""

    mode = models.CharField(
        "付费方式", max_length=20, choices=[(m.value, fees.MODE_LABELS[m]) for m in fees.FeeMode]
    )
    currency = models.CharField(
        "币种",
        max_length=3,
        default=fees.Currency.CNY.value,
        db_default=fees.Currency.CNY.value,
        choices=[(c.value, fees.CURRENCY_LABELS[c]) for c in fees.Currency],
    )
    late_rate = models.DecimalField(
        "逾期利率（年，%）", max_digits=7, decimal_places=4, null=True, blank=True
    )
    created_at = models.DateTimeField()
    created_by = ActorKeyField()

    class Meta:
        verbose_name = "付费方案"
        constraints: ClassVar = [
            CheckConstraint(
                condition=Q(mode__in=[m.value for m in fees.FeeMode]), name="fee_plan_mode_known"
            ),
            CheckConstraint(
                condition=Q(currency__in=sorted(c.value for c in fees.Currency)),
                name="fee_plan_currency_known",
            ),
            CheckConstraint(
                condition=Q(late_rate__isnull=True) | Q(late_rate__gte=0, late_rate__lte=100),
                name="fee_plan_late_rate_percent",
            ),
        ]
        triggers: ClassVar = [
            pgtrigger.Protect(name="fee_plan_fixed", operation=pgtrigger.Update),
        ]

    def __str__(self) -> str:
        return fees.MODE_LABELS[fees.FeeMode(self.mode)]

    def terms(self) -> tuple[fees.FeePart, ...]:
        """The parts as the rules read them. Prefetch `parts` where there are many plans."""
        return tuple(part.as_rule() for part in self.parts.all())


class FeePart(models.Model):
    """One part of a plan; which columns it fills depends on its kind."""

    plan = models.ForeignKey(FeePlan, on_delete=models.CASCADE, related_name="parts")
    position = models.PositiveSmallIntegerField()
    kind = models.CharField(
        max_length=12, choices=[(k.value, fees.PART_LABELS[k]) for k in fees.PartKind]
    )
    amount = models.DecimalField(max_digits=18, decimal_places=2, null=True, blank=True)
    due_days = models.PositiveIntegerField(default=0)
    base = models.CharField(
        max_length=12,
        blank=True,
        default="",
        choices=[(b.value, fees.BASE_LABELS[b]) for b in fees.RoyaltyBase],
    )
    rate = models.DecimalField(max_digits=7, decimal_places=4, null=True, blank=True)
    cap = models.DecimalField(max_digits=18, decimal_places=2, null=True, blank=True)
    floor = models.DecimalField(max_digits=18, decimal_places=2, null=True, blank=True)
    trigger = models.CharField(max_length=200, blank=True, default="")
    free_months = models.PositiveSmallIntegerField(null=True, blank=True)
    share = models.DecimalField(max_digits=7, decimal_places=4, null=True, blank=True)
    # Pairs [above, rate] as text, lowest first: what lies above so much in a year bears this rate.
    tiers = models.JSONField(default=list, db_default=[], blank=True)
    total_cap = models.DecimalField(max_digits=18, decimal_places=2, null=True, blank=True)
    period_months = models.PositiveSmallIntegerField(default=12, db_default=12)

    class Meta:
        verbose_name = "付费方案组成"
        ordering: ClassVar = ["plan", "position"]
        constraints: ClassVar = [
            UniqueConstraint(fields=["plan", "position"], name="fee_part_position_once"),
            CheckConstraint(
                condition=Q(kind__in=[k.value for k in fees.PartKind]), name="fee_part_kind_known"
            ),
            CheckConstraint(
                condition=~Q(kind__in=sorted(k.value for k in fees.SUMS))
                | Q(amount__isnull=False, amount__gt=0),
                name="fee_part_sum_positive",
            ),
            CheckConstraint(
                condition=~Q(kind=fees.PartKind.RUNNING.value)
                | Q(
                    base__in=[b.value for b in fees.RoyaltyBase],
                    rate__isnull=False,
                    rate__gt=0,
                    rate__lte=100,
                ),
                name="fee_part_royalty_whole",
            ),
            CheckConstraint(
                condition=Q(cap__isnull=True) | Q(floor__isnull=True) | Q(cap__gte=F("floor")),
                name="fee_part_cap_above_floor",
            ),
            CheckConstraint(
                condition=~Q(kind=fees.PartKind.DEFERRED.value) | Q(due_days__gt=0),
                name="fee_part_deferred_later",
            ),
            CheckConstraint(
                condition=Q(period_months__in=list(fees.PERIODS)), name="fee_part_period_known"
            ),
            CheckConstraint(
                condition=Q(total_cap__isnull=True) | Q(total_cap__gt=0),
                name="fee_part_total_cap_positive",
            ),
        ]
        triggers: ClassVar = [
            pgtrigger.Protect(name="fee_part_fixed", operation=pgtrigger.Update),
        ]

    def __str__(self) -> str:
        return fees.PART_LABELS[fees.PartKind(self.kind)]

    def as_rule(self) -> fees.FeePart:
        """The part as the rules read it."""
        return fees.FeePart(
            kind=fees.PartKind(self.kind),
            amount=self.amount,
            due_days=self.due_days,
            base=fees.RoyaltyBase(self.base) if self.base else None,
            rate=self.rate,
            cap=self.cap,
            floor=self.floor,
            trigger=self.trigger,
            free_months=self.free_months,
            share=self.share,
            tiers=tuple(fees.Tier(Decimal(above), Decimal(rate)) for above, rate in self.tiers),
            total_cap=self.total_cap,
            period_months=self.period_months,
        )
