"""State-owned equity from patents 作价入股国有股权: one sheet per institution and year."""

from __future__ import annotations

from typing import ClassVar

import pgtrigger
from django.db import models
from django.db.models import CheckConstraint, F, Q, UniqueConstraint

from core.db import ActorKeyField, both_or_neither
from core.people.types import Actor, Role
from core.permissions import Governance
from licensing.rules import equity, moves
from licensing.rules.equity import SheetStatus, Verdict

_S = SheetStatus


class EquitySheetQuerySet(models.QuerySet["EquitySheet"]):
    """Who sees which sheets."""

    def visible_to(self, viewer: Actor) -> EquitySheetQuerySet:
        """The institution's office; bureau and auditors once it is submitted."""
        if viewer.is_system:
            return self
        told = Q(status__in=[_S.DECIDED.value, _S.SUBMITTED.value])
        seen = Q(pk__in=[])
        if viewer.has(Role.OFFICE) and viewer.organisation_id is not None:
            seen |= Q(organisation_id=viewer.organisation_id)
        if viewer.has(Role.AUDITOR):
            seen |= told
        if viewer.has(Role.BUREAU):
            seen |= told & Q(region__startswith=viewer.region)
        return self.filter(seen)


class EquitySheet(models.Model):
    """All stakes of an institution in one year, and how they were assessed as a whole."""

    organisation = models.ForeignKey(
        "core.Organisation", on_delete=models.PROTECT, related_name="+"
    )
    region = models.CharField(max_length=6, blank=True, default="")
    year = models.PositiveSmallIntegerField("年度")
    status = models.CharField(
        max_length=10,
        default=_S.DRAFT.value,
        choices=[(s.value, equity.SHEET_LABELS[s]) for s in _S],
    )
    note = models.TextField("情况说明", blank=True, default="", max_length=2000)
    drafted_at = models.DateTimeField()
    drafted_by = ActorKeyField()
    submitted_at = models.DateTimeField(null=True, blank=True)
    submitted_by = ActorKeyField(null=True, blank=True)
    verdict = models.CharField(
        "考核结论",
        max_length=8,
        blank=True,
        default="",
        choices=[(v.value, equity.VERDICT_LABELS[v]) for v in Verdict],
    )
    reasons = models.TextField("理由", blank=True, default="", max_length=2000)
    decided_by_whom = models.CharField(
        "作出结论的会议或负责人", max_length=200, blank=True, default=""
    )
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = ActorKeyField(null=True, blank=True)

    objects = EquitySheetQuerySet.as_manager()

    class Meta:
        verbose_name = "作价入股考核表"
        constraints: ClassVar = [
            UniqueConstraint(fields=["organisation", "year"], name="equity_sheet_once_a_year"),
            CheckConstraint(
                condition=Q(status__in=sorted(s.value for s in _S)), name="equity_sheet_known"
            ),
            CheckConstraint(condition=Q(year__gte=1985, year__lte=2200), name="equity_sheet_year"),
            both_or_neither("submitted_at", "submitted_by", name="equity_sheet_submitted_pair"),
            both_or_neither("decided_at", "decided_by", name="equity_sheet_decided_pair"),
            CheckConstraint(
                condition=~Q(status=_S.DECIDED.value)
                | (
                    Q(decided_at__isnull=False)
                    & ~Q(verdict="")
                    & ~Q(reasons="")
                    & ~Q(decided_by_whom="")
                ),
                name="equity_sheet_decided_whole",
            ),
            CheckConstraint(
                condition=~Q(decided_by=F("submitted_by")), name="equity_sheet_two_persons"
            ),
        ]
        triggers: ClassVar = [
            pgtrigger.FSM(
                name="equity_sheet_moves",
                field="status",
                transitions=moves.transitions(equity.SHEET_MOVES),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.organisation_id} {self.year}"

    def governed_by(self) -> Governance:
        """The institution's own."""
        return Governance(organisations=frozenset({self.organisation_id}))


class EquityStake(models.Model):
    """One stake in one year's sheet."""

    sheet = models.ForeignKey(EquitySheet, on_delete=models.CASCADE, related_name="stakes")
    position = models.PositiveSmallIntegerField()
    company = models.CharField("企业", max_length=200)
    patents = models.CharField("出资专利", max_length=500)
    acquired_on = models.DateField("取得日期")
    percent = models.DecimalField("持股（%）", max_digits=7, decimal_places=4)
    opening = models.DecimalField("年初价值", max_digits=18, decimal_places=2)
    increase = models.DecimalField("增加", max_digits=18, decimal_places=2)
    decrease = models.DecimalField("减少", max_digits=18, decimal_places=2)
    received = models.DecimalField("分红与转让所得", max_digits=18, decimal_places=2)
    reason = models.CharField("增减原因", max_length=500, blank=True, default="")

    class Meta:
        verbose_name = "作价入股股权"
        ordering: ClassVar = ["sheet", "position"]
        constraints: ClassVar = [
            UniqueConstraint(fields=["sheet", "position"], name="equity_stake_once"),
            UniqueConstraint(fields=["sheet", "company"], name="equity_stake_company_once"),
            CheckConstraint(
                condition=Q(
                    opening__gte=0,
                    increase__gte=0,
                    decrease__gte=0,
                    received__gte=0,
                    decrease__lte=F("opening") + F("increase"),
                ),
                name="equity_stake_reckons",
            ),
            CheckConstraint(
                condition=Q(percent__gt=0, percent__lte=100), name="equity_stake_percent"
            ),
            CheckConstraint(
                condition=Q(increase=0, decrease=0) | ~Q(reason=""), name="equity_stake_explained"
            ),
        ]

    def __str__(self) -> str:
        return self.company

    @property
    def line(self) -> equity.Line:
        """Its numbers."""
        return equity.Line(self.opening, self.increase, self.decrease, self.received)
