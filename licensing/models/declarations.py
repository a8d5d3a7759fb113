"""Open declarations 开放许可声明."""

from __future__ import annotations

from typing import ClassVar

import pgtrigger
from django.db import models
from django.db.models import CheckConstraint, F, Q, UniqueConstraint

from core.db import ActorKeyField, both_or_neither
from core.people.types import Actor, Role
from core.permissions import Governance
from licensing.models.plans import FeePlan
from licensing.rules import moves

_S = moves.DeclarationStatus


class DeclarationQuerySet(models.QuerySet["OpenDeclaration"]):
    """Who sees which declarations."""

    def on_offer(self) -> DeclarationQuerySet:
        """Those anyone may take today: announced, on a patent in force."""
        return self.filter(status=_S.ANNOUNCED, patent_lapsed_on__isnull=True)

    def visible_to(self, viewer: Actor) -> DeclarationQuerySet:
        """Everyone sees what was announced; drafts are for the holder, and for auditors."""
        if viewer.is_system or viewer.has(Role.AUDITOR):
            return self
        public = Q(status__in=[_S.ANNOUNCED, _S.WITHDRAWN, _S.ENDED])
        seen = public | Q(licensor_id__in=viewer.acts_for)
        if viewer.has(Role.BUREAU):
            seen |= Q(status=_S.FILED, region__startswith=viewer.region)
        return self.filter(seen)


class OpenDeclaration(models.Model):
    """A patentee's offer to license a patent to anyone, on announced terms (PL50)."""

    patent = models.ForeignKey("listings.Patent", on_delete=models.PROTECT, related_name="+")
    licensor = models.ForeignKey("core.Organisation", on_delete=models.PROTECT, related_name="+")
    region = models.CharField("行政区划", max_length=6, blank=True, default="")
    number = models.CharField("声明编号", max_length=40, unique=True, null=True, blank=True)
    status = models.CharField(
        "状态",
        max_length=12,
        default=_S.DRAFT.value,
        choices=[(s.value, moves.DECLARATION_LABELS[s]) for s in _S],
    )
    plan = models.ForeignKey(FeePlan, on_delete=models.PROTECT, related_name="declarations")
    months = models.PositiveSmallIntegerField("许可期限（月）", null=True, blank=True)
    remarks = models.TextField("其他需要说明的事项", blank=True, default="", max_length=2000)
    cap_reasons = models.TextField("费用较高的理由", blank=True, default="", max_length=2000)
    # The declaration names these itself (IR85): what it said stays, whatever the register says.
    patent_number = models.CharField(max_length=40)
    patent_title = models.CharField(max_length=500)
    patentees = models.CharField(max_length=1000)
    created_at = models.DateTimeField()
    created_by = ActorKeyField()
    approved_at = models.DateTimeField(null=True, blank=True)
    approved_by = ActorKeyField(null=True, blank=True)
    filed_on = models.DateField("提交日", null=True, blank=True)
    filed_at = models.DateTimeField(null=True, blank=True)
    filed_by = ActorKeyField(null=True, blank=True)
    announced_on = models.DateField("公告日", null=True, blank=True)
    announced_at = models.DateTimeField(null=True, blank=True)
    announced_by = ActorKeyField(null=True, blank=True)
    encumbrance = models.OneToOneField(
        "listings.Encumbrance", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_by = ActorKeyField(null=True, blank=True)
    closed_reason = models.TextField("撤回理由", blank=True, default="", max_length=2000)
    patent_lapsed_on = models.DateField(null=True, blank=True)
    revision = models.PositiveIntegerField(default=1)

    objects = DeclarationQuerySet.as_manager()

    class Meta:
        verbose_name = "开放许可声明"
        constraints: ClassVar = [
            UniqueConstraint(
                fields=["patent"],
                condition=Q(status__in=sorted(s.value for s in moves.OPEN_DECLARATIONS)),
                name="one_open_declaration_per_patent",
            ),
            CheckConstraint(
                condition=Q(status__in=[s.value for s in _S]), name="declaration_status_known"
            ),
            both_or_neither("approved_at", "approved_by", name="declaration_approved_pair"),
            both_or_neither("filed_at", "filed_by", name="declaration_filed_pair"),
            both_or_neither("announced_at", "announced_by", name="declaration_announced_pair"),
            both_or_neither("closed_at", "closed_by", name="declaration_closed_pair"),
            CheckConstraint(
                condition=~Q(status__in=[_S.ANNOUNCED, _S.WITHDRAWN, _S.ENDED])
                | Q(
                    number__isnull=False,
                    announced_on__isnull=False,
                    announced_at__isnull=False,
                    filed_on__isnull=False,
                    encumbrance__isnull=False,
                ),
                name="declaration_announced_whole",
            ),
            CheckConstraint(
                condition=Q(announced_on__isnull=True) | Q(announced_on__gte=F("filed_on")),
                name="declaration_announced_after_filing",
            ),
            CheckConstraint(
                condition=~Q(status=_S.WITHDRAWN)
                | (Q(closed_at__isnull=False) & ~Q(closed_reason="")),
                name="declaration_withdrawn_with_reason",
            ),
            CheckConstraint(
                condition=Q(months__isnull=True) | Q(months__gte=1),
                name="declaration_term_positive",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["status", "-announced_on", "-id"], name="declaration_shelf"),
            models.Index(fields=["licensor", "-id"], name="declaration_licensor"),
        ]
        triggers: ClassVar = [
            pgtrigger.FSM(
                name="declaration_moves",
                field="status",
                transitions=moves.transitions(moves.DECLARATION_MOVES),
            ),
        ]

    def __str__(self) -> str:
        return self.number or f"开放许可声明草稿 {self.pk}"

    def governed_by(self) -> Governance:
        """The patentee's own affair, in the patentee's region."""
        return Governance(organisations=frozenset({self.licensor_id}), region=self.region)
