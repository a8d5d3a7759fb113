"""What a complete list of an office's stock does not name any more."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import CheckConstraint, Q, UniqueConstraint

from core.db import ActorKeyField, both_or_neither
from listings.models.imports import ImportBatch
from listings.models.patents import Patent


class AbsenceState(models.TextChoices):
    PROPOSED = "proposed", "建议归档"
    ARCHIVED = "archived", "已归档"
    KEPT = "kept", "已保留"


class Absence(models.Model):
    """A patent of the stock that a file declared complete does not name.

    It is proposed for archiving and never deleted; somebody of the office decides.
    """

    batch = models.ForeignKey(ImportBatch, on_delete=models.CASCADE, related_name="absences")
    patent = models.ForeignKey(Patent, on_delete=models.CASCADE, related_name="+")
    state = models.CharField(max_length=10, choices=AbsenceState, default=AbsenceState.PROPOSED)
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = ActorKeyField(null=True, blank=True)

    class Meta:
        verbose_name = "清单缺项"
        constraints: ClassVar = [
            UniqueConstraint(fields=["batch", "patent"], name="absence_once_per_batch"),
            both_or_neither("decided_at", "decided_by", name="absence_decided_pair"),
            CheckConstraint(
                condition=Q(state="proposed", decided_at__isnull=True)
                | Q(state__in=["archived", "kept"], decided_at__isnull=False),
                name="absence_decided_by_someone",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.batch_id}: {self.patent_id} {self.state}"
