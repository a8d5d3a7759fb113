"""What a full run has found and nobody sees yet: its matches until all shards are done."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import CheckConstraint, Q


class MatchDraft(models.Model):
    """A match of a run under way. Bare numbers: rows come and go by the million."""

    run = models.ForeignKey(
        "matching.Run", on_delete=models.CASCADE, related_name="+", db_index=False
    )
    need_id = models.BigIntegerField(null=True)
    subscription_id = models.BigIntegerField(null=True)
    organisation_id = models.BigIntegerField()
    patent_id = models.BigIntegerField()
    supplier_id = models.BigIntegerField(null=True)
    ticks = models.PositiveIntegerField()
    reasons = models.JSONField()

    class Meta:
        verbose_name = "待切换匹配"
        constraints: ClassVar = [
            CheckConstraint(
                condition=Q(need_id__isnull=False, subscription_id__isnull=True)
                | Q(need_id__isnull=True, subscription_id__isnull=False),
                name="draft_one_demand",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.run_id}: {self.patent_id}"
