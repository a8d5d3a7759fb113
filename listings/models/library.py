"""The library: the stock-taking, its layers, and the market's word on them."""

from __future__ import annotations

from typing import ClassVar

import pgtrigger
from django.db import models
from django.db.models import CheckConstraint, F, Q, UniqueConstraint, Value

from core.db import ActorKeyField, both_or_neither
from listings import types
from listings.models.choices import InventoryStatus
from listings.models.patents import Patent
from listings.rules import moves


class InventoryItem(models.Model):
    """A patent in the stock-taking 盘点: proposed, admitted to the library, archived.

    The layer itself is a column of the patent; here stands why, and by which version of the rule.
    `score_due_on` is the day from which the score must be looked at again; null is at once.
    """

    patent = models.OneToOneField(Patent, on_delete=models.PROTECT, related_name="inventory")
    status = models.CharField(
        max_length=10, choices=InventoryStatus, default=InventoryStatus.PROPOSED
    )
    rule_version = models.CharField(max_length=20)
    layer_reasons = models.JSONField(default=list, blank=True)
    layered_at = models.DateTimeField()
    score = models.DecimalField("产业化潜力", max_digits=4, decimal_places=1, null=True, blank=True)
    evidence = models.PositiveSmallIntegerField("有依据的权重", default=0, db_default=0)
    parts = models.JSONField("得分构成", default=list, db_default=Value([], models.JSONField()))
    score_due_on = models.DateField(null=True, blank=True, editable=False)
    admitted_at = models.DateTimeField(null=True, blank=True)
    admitted_by = ActorKeyField(null=True, blank=True)
    archived_because = models.CharField(max_length=200, blank=True, default="")
    review_on = models.DateField("复核日", null=True, blank=True)
    promoted_on = models.DateField("最近推送", null=True, blank=True)

    class Meta:
        verbose_name = "盘点条目"
        constraints: ClassVar = [
            both_or_neither("admitted_at", "admitted_by", name="inventory_admitted_pair"),
            CheckConstraint(
                condition=Q(status__in=InventoryStatus.values), name="inventory_status_known"
            ),
            CheckConstraint(
                condition=~Q(status=types.InventoryStatus.ADMITTED) | Q(admitted_at__isnull=False),
                name="inventory_admitted_by_someone",
            ),
            CheckConstraint(
                condition=Q(score__isnull=True) | Q(score__range=(0, 100)),
                name="inventory_score_0_to_100",
            ),
            CheckConstraint(
                condition=Q(review_on__isnull=True) | Q(status=types.InventoryStatus.ARCHIVED),
                name="inventory_review_of_the_archived",
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                F("score_due_on").asc(nulls_first=True), "id", name="inventory_next_to_score"
            ),
            models.Index(
                fields=["review_on"],
                condition=Q(review_on__isnull=False),
                name="inventory_next_review",
            ),
        ]
        triggers: ClassVar = [
            pgtrigger.FSM(
                name="inventory_moves",
                field="status",
                transitions=moves.pairs(moves.INVENTORY_MOVES),
            )
        ]

    def __str__(self) -> str:
        return f"{self.patent_id} {self.status}"


class MarketSignal(models.Model):
    """The last word of one organisation on one patent: what moves its layer."""

    patent = models.ForeignKey(Patent, on_delete=models.CASCADE, related_name="signals")
    organisation = models.ForeignKey(
        "core.Organisation", on_delete=models.PROTECT, related_name="+"
    )
    prospect = models.PositiveSmallIntegerField()
    interested = models.BooleanField()
    rated_at = models.DateTimeField()

    class Meta:
        verbose_name = "市场评价"
        constraints: ClassVar = [
            UniqueConstraint(fields=["patent", "organisation"], name="signal_once_per_rater"),
            CheckConstraint(condition=Q(prospect__range=(1, 5)), name="signal_prospect_1_to_5"),
        ]

    def __str__(self) -> str:
        return f"{self.organisation_id} → {self.patent_id}: {self.prospect}"
