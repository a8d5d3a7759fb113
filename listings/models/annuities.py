"""What keeps patents alive: payments, reductions, decisions not to pay, reminders, feeds."""

from __future__ import annotations

from typing import ClassVar

import pgtrigger
from django.db import models
from django.db.models import CheckConstraint, F, Q, UniqueConstraint

from core.db import ActorKeyField, both_or_neither
from core.people.types import Actor
from core.permissions import Governance
from listings.models.patents import Patent, PatentQuerySet, sees_all

LONGEST_LIFE = 25  # years: twenty and at most five of compensation (PL42)


class AnnuityPaymentQuerySet(models.QuerySet["AnnuityPayment"]):
    """Payments, narrowed by who looks."""

    def standing(self) -> AnnuityPaymentQuerySet:
        """Those that were not taken back."""
        return self.filter(corrected_at__isnull=True)

    def visible_to(self, actor: Actor) -> AnnuityPaymentQuerySet:
        """The keepers of the patent see what it cost; auditors see all."""
        return self.filter(patent__in=kept_by(actor))


def kept_by(actor: Actor) -> PatentQuerySet:
    """The patents whose annuities the actor may read: those it manages, all for auditors."""
    if sees_all(actor):
        return Patent.objects.kept()
    return Patent.objects.managed_by(actor)


class AnnuityPayment(models.Model):
    """One year's annuity 年费 as it was paid. What was wrong is corrected, never deleted."""

    patent = models.ForeignKey(Patent, on_delete=models.PROTECT, related_name="annuity_payments")
    year = models.PositiveSmallIntegerField("年度")
    due_on = models.DateField("应缴日")
    covers_to = models.DateField("缴至")
    paid_on = models.DateField("缴费日")
    amount = models.DecimalField("实缴（元）", max_digits=10, decimal_places=2)
    expected = models.DecimalField("测算（元）", max_digits=10, decimal_places=2)
    basis = models.JSONField(default=list)
    receipt = models.CharField("票据号", max_length=60, blank=True, default="")
    paid_to_before = models.DateField(null=True, blank=True)
    recorded_at = models.DateTimeField()
    recorded_by = ActorKeyField()
    corrected_at = models.DateTimeField(null=True, blank=True)
    corrected_by = ActorKeyField(null=True, blank=True)
    corrected_because = models.CharField("更正原因", max_length=200, blank=True, default="")

    objects = AnnuityPaymentQuerySet.as_manager()

    class Meta:
        verbose_name = "年费缴纳记录"
        ordering: ClassVar = ["-paid_on", "-pk"]
        constraints: ClassVar = [
            UniqueConstraint(
                fields=["patent", "year"],
                condition=Q(corrected_at__isnull=True),
                name="annuity_paid_once",
            ),
            CheckConstraint(
                condition=Q(year__gte=1, year__lte=LONGEST_LIFE), name="annuity_year_of_life"
            ),
            CheckConstraint(condition=Q(amount__gt=0), name="annuity_amount_positive"),
            CheckConstraint(condition=Q(expected__gt=0), name="annuity_expected_positive"),
            CheckConstraint(condition=Q(covers_to__gt=F("due_on")), name="annuity_covers_a_year"),
            both_or_neither("corrected_at", "corrected_by", name="annuity_corrected_pair"),
            CheckConstraint(
                condition=Q(corrected_at__isnull=True) | ~Q(corrected_because=""),
                name="annuity_corrected_says_why",
            ),
        ]
        triggers: ClassVar = [
            pgtrigger.Protect(name="annuity_payment_stays", operation=pgtrigger.Delete)
        ]

    def __str__(self) -> str:
        return f"{self.patent_id} 第 {self.year} 年度"

    def governed_by(self) -> Governance:
        """Whoever governs the patent governs what was paid for it."""
        return self.patent.governed_by()


class FeeReduction(models.Model):
    """A reduction of fees 费减 that the administration has granted, as its keeper states it."""

    patent = models.ForeignKey(Patent, on_delete=models.PROTECT, related_name="fee_reductions")
    percent = models.PositiveSmallIntegerField("减缴比例")
    starts_on = models.DateField("起始日")
    ends_on = models.DateField("截止日")
    reference = models.CharField("依据", max_length=120, blank=True, default="")
    recorded_at = models.DateTimeField()
    recorded_by = ActorKeyField()
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = ActorKeyField(null=True, blank=True)

    class Meta:
        verbose_name = "费用减缴"
        ordering: ClassVar = ["patent_id", "starts_on", "pk"]
        constraints: ClassVar = [
            CheckConstraint(
                condition=Q(percent__gte=1, percent__lte=99), name="reduction_is_a_part"
            ),
            CheckConstraint(condition=Q(ends_on__gte=F("starts_on")), name="reduction_runs"),
            both_or_neither("ended_at", "ended_by", name="reduction_ended_pair"),
        ]

    def __str__(self) -> str:
        return f"{self.patent_id} −{self.percent}%"


class MaintenanceDecision(models.Model):
    """The decision to keep a patent no longer 不再维持: no reminder, no budget, until revoked."""

    patent = models.ForeignKey(
        Patent, on_delete=models.PROTECT, related_name="maintenance_decisions"
    )
    reason = models.CharField("原因", max_length=300)
    decided_at = models.DateTimeField()
    decided_by = ActorKeyField()
    revoked_at = models.DateTimeField(null=True, blank=True)
    revoked_by = ActorKeyField(null=True, blank=True)

    class Meta:
        verbose_name = "不再维持决定"
        ordering: ClassVar = ["-decided_at", "-pk"]
        constraints: ClassVar = [
            UniqueConstraint(
                fields=["patent"],
                condition=Q(revoked_at__isnull=True),
                name="one_maintenance_decision",
            ),
            CheckConstraint(condition=~Q(reason=""), name="maintenance_decision_says_why"),
            both_or_neither("revoked_at", "revoked_by", name="maintenance_revoked_pair"),
        ]

    def __str__(self) -> str:
        return f"{self.patent_id} 不再维持"


class AnnuityReminder(models.Model):
    """That an organisation was told of a due day at one mark: so it is told once."""

    patent = models.ForeignKey(Patent, on_delete=models.CASCADE, related_name="+")
    organisation = models.ForeignKey(
        "core.Organisation", on_delete=models.CASCADE, related_name="+"
    )
    due_on = models.DateField()
    mark = models.CharField(max_length=12)
    sent_at = models.DateTimeField()

    class Meta:
        verbose_name = "年费提醒"
        constraints: ClassVar = [
            UniqueConstraint(
                fields=["patent", "organisation", "due_on", "mark"], name="reminded_once"
            ),
            CheckConstraint(
                condition=Q(mark__regex=r"^(due|late|last)-[0-9]{1,3}$|^over$"),
                name="reminder_mark_known",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.patent_id} {self.due_on} {self.mark}"


class CalendarFeed(models.Model):
    """A member's secret address of the annuity calendar; only the hash of the secret is kept."""

    membership = models.ForeignKey("core.Membership", on_delete=models.CASCADE, related_name="+")
    secret_hash = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)
    read_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = "日历订阅"
        constraints: ClassVar = [
            UniqueConstraint(
                fields=["membership"],
                condition=Q(revoked_at__isnull=True),
                name="one_feed_per_membership",
            ),
            CheckConstraint(
                condition=Q(secret_hash__regex=r"^[0-9a-f]{64}$"), name="feed_hash_shape"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.membership_id}"
