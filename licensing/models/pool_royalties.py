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

DUE_KINDS = [
    *((k.value, fees.PART_LABELS[k]) for k in fees.PartKind),
    ("interest", "逾期利息"),
    ("settlement", "协议款"),
]


NEVER_MORE_THAN_OWED = """
    IF NEW.amount > (SELECT d.amount FROM licensing_pooldue d WHERE d.id = NEW.due_id) THEN
        RAISE EXCEPTION 'pool_release_within: more is released than was owed'
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
"""


def _of(named: str | None) -> Q:
    """The one thing beside the plan that a sum came about by."""
    things = ("report", "late_due", "dispute")
    return Q(**{f"{thing}__isnull": thing != named for thing in things})


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
    report, or interest reckoned anew, no longer owes: it covers sums as money does.
    """

    licence = models.ForeignKey(PoolLicence, on_delete=models.PROTECT, related_name="dues")
    position = models.PositiveSmallIntegerField()
    kind = models.CharField("款项", max_length=12, choices=DUE_KINDS)
    amount = models.DecimalField("金额", max_digits=18, decimal_places=2)
    due_on = models.DateField("应付日")
    report = models.ForeignKey(
        PoolRoyaltyReport, on_delete=models.PROTECT, null=True, blank=True, related_name="dues"
    )
    # The sum that was late, where this one is its interest.
    late_due = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="interest"
    )
    # What both parties agreed to pay instead of, or beside, what they disputed.
    dispute = models.OneToOneField(
        "licensing.Dispute",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="pool_sum",
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
                condition=Q(amount__gt=0)
                | (Q(amount__lt=0) & (Q(report__isnull=False) | Q(late_due__isnull=False))),
                name="pool_due_less_by_correction",
            ),
            CheckConstraint(
                condition=Q(_of("late_due"), kind="interest")
                | Q(_of("dispute"), kind="settlement")
                | (Q(_of("report") | _of(None)) & ~Q(kind__in=["interest", "settlement"])),
                name="pool_due_of_one_thing",
            ),
            CheckConstraint(
                condition=Q(kind__in=sorted(kind for kind, _label in DUE_KINDS)),
                name="pool_due_kind_known",
            ),
        ]
        triggers: ClassVar = [
            pgtrigger.Protect(name="pool_due_fixed", operation=pgtrigger.Update | pgtrigger.Delete),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.amount}"


class PoolRelease(models.Model):
    """What a settlement no longer asks for of a disputed sum; never changed."""

    due = models.OneToOneField(PoolDue, on_delete=models.PROTECT, related_name="release")
    dispute = models.ForeignKey(
        "licensing.Dispute", on_delete=models.PROTECT, related_name="releases"
    )
    amount = models.DecimalField("不再支付", max_digits=18, decimal_places=2)
    released_at = models.DateTimeField()
    released_by = ActorKeyField()

    class Meta:
        verbose_name = "池许可款项减免"
        constraints: ClassVar = [
            CheckConstraint(condition=Q(amount__gt=0), name="pool_release_positive"),
        ]
        triggers: ClassVar = [
            pgtrigger.Protect(
                name="pool_release_fixed", operation=pgtrigger.Update | pgtrigger.Delete
            ),
            pgtrigger.Trigger(
                name="pool_release_within",
                operation=pgtrigger.Insert,
                when=pgtrigger.Before,
                func=NEVER_MORE_THAN_OWED,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.due_id} {self.amount}"
