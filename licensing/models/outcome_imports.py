"""Lists of outcomes that were uploaded: judged row by row, then reported."""

from __future__ import annotations

from typing import ClassVar

import pgtrigger
from django.db import models
from django.db.models import CheckConstraint, Q, UniqueConstraint

from core.db import ActorKeyField, both_or_neither
from core.people.types import Actor, Role
from core.permissions import Governance
from licensing.models.outcomes import Outcome
from licensing.rules.outcome_imports import (
    STATE_LABELS,
    VERDICT_LABELS,
    ImportState,
    RowVerdict,
)


class OutcomeImportQuerySet(models.QuerySet["OutcomeImport"]):
    """Uploads, narrowed by who looks."""

    def visible_to(self, viewer: Actor) -> OutcomeImportQuerySet:
        """One's own organisation's; auditors see all."""
        if viewer.is_system or viewer.has(Role.AUDITOR):
            return self
        return self.filter(organisation_id__in=viewer.acts_for)


class OutcomeImport(models.Model):
    """One uploaded list, and what proves the rows that name no contract."""

    organisation = models.ForeignKey(
        "core.Organisation", on_delete=models.PROTECT, related_name="+"
    )
    file_name = models.CharField(max_length=200)
    header = models.JSONField(default=list)
    evidence = models.ForeignKey(
        "core.Attachment", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    state = models.CharField(
        max_length=10,
        choices=[(s.value, STATE_LABELS[s]) for s in ImportState],
        default=ImportState.CHECKED.value,
    )
    checked_at = models.DateTimeField()
    checked_by = ActorKeyField()
    taken_at = models.DateTimeField(null=True, blank=True)
    taken_by = ActorKeyField(null=True, blank=True)

    objects = OutcomeImportQuerySet.as_manager()

    class Meta:
        verbose_name = "转化反馈批量填报"
        constraints: ClassVar = [
            CheckConstraint(
                condition=Q(state__in=sorted(s.value for s in ImportState)),
                name="outcome_import_state_known",
            ),
            both_or_neither("taken_at", "taken_by", name="outcome_import_taken_pair"),
            CheckConstraint(
                condition=Q(state=ImportState.CHECKED.value) | Q(taken_at__isnull=False),
                name="outcome_import_taken_by_whom",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["organisation", "-id"], name="outcome_import_organisation")
        ]
        triggers: ClassVar = [
            pgtrigger.FSM(
                name="outcome_import_moves",
                field="state",
                transitions=[(ImportState.CHECKED.value, ImportState.TAKEN.value)],
            )
        ]

    def __str__(self) -> str:
        return self.file_name

    def governed_by(self) -> Governance:
        """Whoever acts for the organisation that uploaded it."""
        return Governance(organisations=frozenset({self.organisation_id}))


class OutcomeImportRow(models.Model):
    """One row of the file, what became of it, and why."""

    batch = models.ForeignKey(OutcomeImport, on_delete=models.CASCADE, related_name="rows")
    number = models.PositiveIntegerField()
    verdict = models.CharField(
        max_length=10, choices=[(v.value, VERDICT_LABELS[v]) for v in RowVerdict]
    )
    patent = models.CharField(max_length=60, blank=True, default="")
    title = models.CharField(max_length=500, blank=True, default="")
    values = models.JSONField(default=dict)
    cells = models.JSONField(default=list)
    remarks = models.JSONField(default=list)
    outcome = models.ForeignKey(
        Outcome, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )

    class Meta:
        verbose_name = "批量填报的一行"
        constraints: ClassVar = [
            UniqueConstraint(fields=["batch", "number"], name="outcome_import_row_once"),
            CheckConstraint(
                condition=Q(verdict__in=sorted(v.value for v in RowVerdict)),
                name="outcome_import_verdict_known",
            ),
            CheckConstraint(
                condition=~Q(verdict=RowVerdict.TAKEN.value) | Q(outcome__isnull=False),
                name="outcome_import_taken_row_names_outcome",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.batch_id}: {self.number}"
