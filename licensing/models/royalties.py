"""Royalty reports 提成申报 and how each sum due came about."""

from __future__ import annotations

from typing import ClassVar

import pgtrigger
from django.db import models
from django.db.models import CheckConstraint, Q

from core.db import ActorKeyField
from core.people.types import Actor
from licensing.models.claims import MilestoneClaim
from licensing.models.earnings import EarningsReport, report_constraints, report_triggers
from licensing.models.endings import Renewal
from licensing.models.licences import Licence, PaymentDue


class RoyaltyReportQuerySet(models.QuerySet["RoyaltyReport"]):
    """Who sees which reports."""

    def visible_to(self, viewer: Actor) -> RoyaltyReportQuerySet:
        """Whoever sees the licence."""
        return self.filter(licence__in=Licence.objects.visible_to(viewer))


class RoyaltyReport(EarningsReport):
    """What a licensee earned in one period; a correction is another row that replaces it."""

    licence = models.ForeignKey(Licence, on_delete=models.PROTECT, related_name="royalty_reports")

    objects = RoyaltyReportQuerySet.as_manager()

    class Meta:
        verbose_name = "提成申报"
        ordering: ClassVar = ["licence", "starts_on", "revision"]
        constraints: ClassVar = report_constraints("royalty_report")
        triggers: ClassVar = report_triggers("royalty_report")


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
