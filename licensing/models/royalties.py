"""Royalty reports 提成申报 and how each sum due came about."""

from __future__ import annotations

from typing import ClassVar

import pgtrigger
from django.db import models
from django.db.models import CheckConstraint, F, Q, UniqueConstraint

from core.db import ActorKeyField, both_or_neither
from core.people.types import Actor
from licensing.models.claims import MilestoneClaim
from licensing.models.endings import Renewal
from licensing.models.licences import Licence, PaymentDue
from licensing.rules import fees, moves, reports

_R = reports.ReportStatus


class RoyaltyReportQuerySet(models.QuerySet["RoyaltyReport"]):
    """Who sees which reports."""

    def visible_to(self, viewer: Actor) -> RoyaltyReportQuerySet:
        """Whoever sees the licence."""
        return self.filter(licence__in=Licence.objects.visible_to(viewer))


class RoyaltyReport(models.Model):
    """What a licensee earned in one period; a correction is another row that replaces it."""

    licence = models.ForeignKey(Licence, on_delete=models.PROTECT, related_name="royalty_reports")
    starts_on = models.DateField("期初")
    ends_on = models.DateField("期末")
    revision = models.PositiveSmallIntegerField("次数", default=1)
    status = models.CharField(
        "状态",
        max_length=12,
        default=_R.REPORTED.value,
        choices=[(s.value, reports.REPORT_LABELS[s]) for s in _R],
    )
    amount = models.DecimalField("申报数", max_digits=18, decimal_places=2)
    currency = models.CharField(
        "币种",
        max_length=3,
        default=fees.Currency.CNY.value,
        choices=[(c.value, fees.CURRENCY_LABELS[c]) for c in fees.Currency],
    )
    exchange_rate = models.DecimalField("汇率", max_digits=14, decimal_places=6, default=1)
    note = models.TextField("说明", blank=True, default="", max_length=2000)
    evidence = models.ForeignKey(
        "core.Attachment", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    reported_at = models.DateTimeField()
    reported_by = ActorKeyField()
    question = models.TextField("疑问", blank=True, default="", max_length=2000)
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = ActorKeyField(null=True, blank=True)
    owed = models.DecimalField(max_digits=18, decimal_places=2, null=True, blank=True)
    lines = models.JSONField(default=list, blank=True)
    below_minimum = models.BooleanField(default=False)

    objects = RoyaltyReportQuerySet.as_manager()

    class Meta:
        verbose_name = "提成申报"
        ordering: ClassVar = ["licence", "starts_on", "revision"]
        constraints: ClassVar = [
            UniqueConstraint(
                fields=["licence", "starts_on", "revision"], name="royalty_report_revision_once"
            ),
            UniqueConstraint(
                fields=["licence", "starts_on"],
                condition=Q(status__in=sorted(s.value for s in reports.PENDING)),
                name="one_pending_royalty_report",
            ),
            UniqueConstraint(
                fields=["licence", "starts_on"],
                condition=Q(status=_R.ACCEPTED.value),
                name="one_accepted_royalty_report",
            ),
            CheckConstraint(
                condition=Q(status__in=sorted(s.value for s in _R)),
                name="royalty_report_status_known",
            ),
            CheckConstraint(
                condition=Q(currency__in=sorted(c.value for c in fees.Currency)),
                name="royalty_report_currency_known",
            ),
            CheckConstraint(
                condition=Q(ends_on__gte=F("starts_on")), name="royalty_report_period_forward"
            ),
            CheckConstraint(condition=Q(exchange_rate__gt=0), name="royalty_report_rate_positive"),
            CheckConstraint(
                condition=~Q(status=_R.ACCEPTED) | Q(owed__isnull=False, decided_at__isnull=False),
                name="royalty_report_accepted_reckoned",
            ),
            CheckConstraint(
                condition=~Q(status=_R.QUESTIONED) | ~Q(question=""),
                name="royalty_report_question_said",
            ),
            both_or_neither("decided_at", "decided_by", name="royalty_report_decided_pair"),
        ]
        triggers: ClassVar = [
            pgtrigger.FSM(
                name="royalty_report_moves",
                field="status",
                transitions=moves.transitions(reports.REPORT_MOVES),
            ),
            pgtrigger.Protect(name="royalty_report_kept", operation=pgtrigger.Delete),
        ]

    def __str__(self) -> str:
        return f"{self.starts_on:%Y-%m-%d} 至 {self.ends_on:%Y-%m-%d}"


def _only(named: str) -> Q:
    """The one thing a reason names."""
    things = ("report", "late_due", "claim", "renewal", "dispute")
    return Q(**{f"{thing}__isnull": thing != named for thing in things})


class DueReason(models.Model):
    """How a sum due came about that no schedule foresaw: a report, a claim, a settlement …"""

    due = models.OneToOneField(PaymentDue, on_delete=models.PROTECT, related_name="reason")
    report = models.ForeignKey(
        RoyaltyReport, on_delete=models.PROTECT, null=True, blank=True, related_name="reasons"
    )
    late_due = models.ForeignKey(
        PaymentDue, on_delete=models.PROTECT, null=True, blank=True, related_name="interest"
    )
    claim = models.OneToOneField(
        MilestoneClaim, on_delete=models.PROTECT, null=True, blank=True, related_name="reason"
    )
    renewal = models.ForeignKey(
        Renewal, on_delete=models.PROTECT, null=True, blank=True, related_name="reasons"
    )
    # What both parties agreed to pay instead of, or beside, what they disputed.
    dispute = models.OneToOneField(
        "licensing.Dispute",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="reason",
    )
    explanation = models.JSONField(default=list)
    created_at = models.DateTimeField()
    created_by = ActorKeyField()

    class Meta:
        verbose_name = "应付款来由"
        constraints: ClassVar = [
            CheckConstraint(
                condition=_only("report")
                | _only("late_due")
                | _only("claim")
                | _only("renewal")
                | _only("dispute"),
                name="due_reason_of_one_thing",
            ),
        ]
        triggers: ClassVar = [
            pgtrigger.Protect(
                name="due_reason_fixed", operation=pgtrigger.Update | pgtrigger.Delete
            ),
        ]

    def __str__(self) -> str:
        return str(self.due)
