"""What a complete list of an office's stock does not name any more."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import CheckConstraint, F, Q, UniqueConstraint

from core.db import ActorKeyField, both_or_neither
from listings.models.imports import ImportBatch
from listings.models.patents import Patent


class AbsenceState(models.TextChoices):
    PROPOSED = "proposed", "建议归档"
    ARCHIVED = "archived", "已归档"
    KEPT = "kept", "已保留"


class AbsenceQuerySet(models.QuerySet["Absence"]):
    """Absences, narrowed to what can still be decided."""

    def current(self) -> AbsenceQuerySet:
        """Those decided, and those whose patent is still in the stock of the list's sender.

        Between the list and the decision a patent may be removed by an undo, or go to another
        office with a claim: neither is this office's to put aside.
        """
        kept = Q(patent__removed_at__isnull=True, patent__organisation=F("batch__organisation"))
        return self.filter(kept | Q(decided_at__isnull=False))

    def waiting(self) -> AbsenceQuerySet:
        """Those that wait for a decision."""
        return self.current().filter(state=AbsenceState.PROPOSED)


class Absence(models.Model):
    """A patent of the stock that a file declared complete does not name.

    It is proposed for archiving and never deleted; somebody of the office decides.
    """

    batch = models.ForeignKey(ImportBatch, on_delete=models.CASCADE, related_name="absences")
    patent = models.ForeignKey(Patent, on_delete=models.CASCADE, related_name="+")
    state = models.CharField(max_length=10, choices=AbsenceState, default=AbsenceState.PROPOSED)
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = ActorKeyField(null=True, blank=True)

    objects = AbsenceQuerySet.as_manager()

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
