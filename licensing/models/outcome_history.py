"""What an outcome said before it was corrected: kept as it was, for whoever sees the outcome."""

from __future__ import annotations

from typing import ClassVar

import pgtrigger
from django.db import models
from django.db.models import CheckConstraint, Q, UniqueConstraint

from core.db import ActorKeyField
from licensing.models.outcomes import Outcome
from licensing.rules import moves, outcomes


class OutcomeRevision(models.Model):
    """An earlier wording of an outcome with what was decided on it, and why it was replaced."""

    outcome = models.ForeignKey(Outcome, on_delete=models.PROTECT, related_name="revisions")
    number = models.PositiveSmallIntegerField("第几版")
    code = models.CharField(max_length=30)
    happened_on = models.DateField()
    contract_number = models.CharField(max_length=80, blank=True)
    counterparty = models.CharField(max_length=200, blank=True)
    amount = models.DecimalField(max_digits=18, decimal_places=2, null=True)
    note = models.TextField(blank=True)
    evidence = models.ForeignKey(
        "core.Attachment", on_delete=models.PROTECT, null=True, related_name="+"
    )
    status = models.CharField(
        max_length=10, choices=[(s.value, moves.OUTCOME_LABELS[s]) for s in moves.OutcomeStatus]
    )
    reported_at = models.DateTimeField()
    reported_by = ActorKeyField()
    decided_at = models.DateTimeField(null=True)
    decided_by = ActorKeyField(null=True)
    decision_reason = models.TextField(blank=True)
    reason = models.TextField("更正理由", max_length=2000)
    replaced_at = models.DateTimeField()
    replaced_by = ActorKeyField()

    class Meta:
        verbose_name = "转化反馈的旧版"
        ordering: ClassVar = ["outcome", "-number"]
        constraints: ClassVar = [
            UniqueConstraint(fields=["outcome", "number"], name="outcome_revision_once"),
            CheckConstraint(condition=~Q(reason=""), name="outcome_revision_has_reason"),
        ]
        triggers: ClassVar = [
            pgtrigger.Protect(
                name="outcome_revision_fixed", operation=pgtrigger.Update | pgtrigger.Delete
            ),
        ]

    def __str__(self) -> str:
        return f"{self.outcome_id} 第 {self.number} 版"

    @property
    def label(self) -> str:
        """The policy's wording of the code."""
        return outcomes.label(self.code)
