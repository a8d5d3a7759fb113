"""Royalty reports of pool licences, and every sum that such a licence owes."""

from __future__ import annotations

from typing import ClassVar

import pgtrigger
from django.db import models
from django.db.models import CheckConstraint, Q, UniqueConstraint

from core.db import ActorKeyField
from core.people.types import Actor, Role
from licensing.models.earnings import EarningsReport, report_constraints, report_triggers
from licensing.models.pool_licences import PoolLicence
from licensing.rules import fees


class PoolReportQuerySet(models.QuerySet["PoolRoyaltyReport"]):
    """Who sees which reports."""

    def visible_to(self, viewer: Actor) -> PoolReportQuerySet:
        """The parties, the region's bureau, auditors; no holder, since sales are secret."""
        if viewer.is_system or viewer.has(Role.AUDITOR):
            return self
        own = viewer.acts_for
        seen = Q(licence__licensee_id__in=own) | Q(licence__pool__administrator_id__in=own)
        if viewer.has(Role.BUREAU):
            seen |= Q(licence__pool__region__startswith=viewer.region)
        return self.filter(seen)


class PoolRoyaltyReport(EarningsReport):
    """What a licensee of a pool earned in one period; a correction is another row."""

    licence = models.ForeignKey(
        PoolLicence, on_delete=models.PROTECT, related_name="royalty_reports"
    )

    objects = PoolReportQuerySet.as_manager()

    class Meta:
        verbose_name = "池许可提成申报"
        ordering: ClassVar = ["licence", "starts_on", "revision"]
        constraints: ClassVar = report_constraints("pool_royalty")
        triggers: ClassVar = report_triggers("pool_royalty")


class PoolDue(models.Model):
    """A sum that a pool licence owes, dated by its plan or found by a report; never changed.

    What came in covers the sums in the order of their days. A sum below zero is what a corrected
    report no longer owes: it covers sums as money does.
    """

    licence = models.ForeignKey(PoolLicence, on_delete=models.PROTECT, related_name="dues")
    position = models.PositiveSmallIntegerField()
    kind = models.CharField(
        "款项", max_length=12, choices=[(k.value, fees.PART_LABELS[k]) for k in fees.PartKind]
    )
    amount = models.DecimalField("金额", max_digits=18, decimal_places=2)
    due_on = models.DateField("应付日")
    report = models.ForeignKey(
        PoolRoyaltyReport, on_delete=models.PROTECT, null=True, blank=True, related_name="dues"
    )
    explanation = models.JSONField(default=list, blank=True)
    booked_at = models.DateTimeField()
    booked_by = ActorKeyField()

    class Meta:
        verbose_name = "池许可应付款"
        ordering: ClassVar = ["licence", "position"]
        constraints: ClassVar = [
            UniqueConstraint(fields=["licence", "position"], name="pool_due_position_once"),
            CheckConstraint(
                condition=Q(amount__gt=0) | Q(amount__lt=0, report__isnull=False),
                name="pool_due_less_by_report",
            ),
            CheckConstraint(
                condition=Q(kind__in=sorted(k.value for k in fees.PartKind)),
                name="pool_due_kind_known",
            ),
        ]
        triggers: ClassVar = [
            pgtrigger.Protect(name="pool_due_fixed", operation=pgtrigger.Update | pgtrigger.Delete),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.amount}"
