"""How much demand there is for a patent, as others were last told."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import CheckConstraint, Q


class DemandMeasure(models.Model):
    """What was last told of one patent; it is told again when it differs materially."""

    patent = models.OneToOneField("listings.Patent", on_delete=models.CASCADE, related_name="+")
    needs = models.PositiveIntegerField()
    subscriptions = models.PositiveIntegerField()
    best = models.PositiveSmallIntegerField("最高匹配度")
    told_at = models.DateTimeField()

    class Meta:
        verbose_name = "需求热度记录"
        constraints: ClassVar = [
            CheckConstraint(condition=Q(best__lte=100), name="measure_best_to_100"),
        ]

    def __str__(self) -> str:
        return f"{self.patent_id}: {self.needs}"
