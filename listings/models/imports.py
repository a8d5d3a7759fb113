"""Files of stock on their way in, and what became of each row."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import CheckConstraint, Q, UniqueConstraint

from core.db import ActorKeyField, both_or_neither
from core.people.types import Actor
from core.permissions import Governance
from listings.models.choices import BatchState, RowVerdict
from listings.models.patents import Patent, sees_all
from listings.rules import imports as rules


class ImportBatchQuerySet(models.QuerySet["ImportBatch"]):
    """Batches, narrowed by who looks."""

    def visible_to(self, actor: Actor) -> ImportBatchQuerySet:
        """An organisation sees its own batches, auditors all."""
        if sees_all(actor):
            return self.all()
        return self.filter(organisation_id__in=actor.acts_for)


class ImportBatch(models.Model):
    """One file of stock on its way in: checked, imported, perhaps undone."""

    organisation = models.ForeignKey(
        "core.Organisation", on_delete=models.PROTECT, related_name="+"
    )
    filename = models.CharField(max_length=255)
    sha256 = models.CharField(max_length=64)
    about = models.JSONField(default=dict, blank=True)  # header, encoding, sheet
    mapping = models.JSONField(default=dict, blank=True)  # field → column
    progress = models.PositiveIntegerField(default=0)
    # Whether the office says that the file names all of its stock 完整清单.
    complete = models.BooleanField("完整清单", default=False, db_default=False)
    # The batch whose refused rows this file brings back mended.
    continues = models.ForeignKey(
        "self", on_delete=models.SET_NULL, null=True, blank=True, related_name="continued_by"
    )
    state = models.CharField(max_length=10, choices=BatchState, default=BatchState.CHECKED)
    counts = models.JSONField(default=dict, blank=True)
    problem = models.CharField(max_length=500, blank=True, default="")
    # What it was at when it was stopped or failed: the state that going on leads back to.
    was = models.CharField(max_length=10, blank=True, default="", db_default="")
    tries = models.PositiveSmallIntegerField(default=0, db_default=0)
    lease = models.CharField(max_length=32, blank=True, default="", db_default="")
    leased_until = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField()
    created_by = ActorKeyField()
    finished_at = models.DateTimeField(null=True, blank=True)
    undone_at = models.DateTimeField(null=True, blank=True)
    undone_by = ActorKeyField(null=True, blank=True)

    objects = ImportBatchQuerySet.as_manager()

    class Meta:
        verbose_name = "导入批次"
        constraints: ClassVar = [
            CheckConstraint(
                condition=Q(was__in=["", *sorted(rules.WORKING)]), name="import_was_at_something"
            ),
            CheckConstraint(
                condition=~Q(state__in=rules.HALTED) | ~Q(was=""), name="import_halted_remembers"
            ),
            both_or_neither("undone_at", "undone_by", name="import_undone_pair"),
            CheckConstraint(condition=Q(state__in=BatchState.values), name="import_state_known"),
            CheckConstraint(
                condition=Q(sha256__regex=r"^[0-9a-f]{64}$"), name="import_sha256_shape"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["organisation", "-created_at"], name="import_newest"),
            models.Index(
                fields=["id"], condition=Q(state__in=sorted(rules.WORKING)), name="import_working"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.filename} {self.state}"

    def governed_by(self) -> Governance:
        """Only the organisation whose stock it is."""
        return Governance(organisations=frozenset({self.organisation_id}))


class ImportPiece(models.Model):
    """A piece of an uploaded file that waits to be read; gone once its rows are stored.

    It lies in the database, so that any worker on any machine can take it up after a crash.
    """

    batch = models.ForeignKey(ImportBatch, on_delete=models.CASCADE, related_name="pieces")
    position = models.PositiveIntegerField()
    body = models.BinaryField()

    class Meta:
        verbose_name = "待读文件片段"
        constraints: ClassVar = [
            UniqueConstraint(fields=["batch", "position"], name="import_piece_once"),
        ]

    def __str__(self) -> str:
        return f"{self.batch_id}/{self.position}"


class ImportRow(models.Model):
    """What became of one row of a file, and how to mend what is wrong with it."""

    batch = models.ForeignKey(ImportBatch, on_delete=models.CASCADE, related_name="rows")
    number = models.PositiveIntegerField("行号")
    verdict = models.CharField(max_length=10, choices=RowVerdict)
    problems = models.JSONField(default=list, blank=True)
    patent = models.ForeignKey(
        Patent, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    raw = models.JSONField(default=dict, blank=True)
    before = models.JSONField(null=True, blank=True)
    # By what the row is recognised: its number, or its title and first holder.
    key = models.TextField(blank=True, default="", db_default="")
    changes = models.JSONField(null=True, blank=True)  # field → [as it is, as it would be]

    class Meta:
        verbose_name = "导入行"
        ordering: ClassVar = ["batch_id", "number"]
        constraints: ClassVar = [
            UniqueConstraint(fields=["batch", "number"], name="import_row_once"),
            CheckConstraint(
                condition=Q(verdict__in=RowVerdict.values), name="import_row_verdict_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.batch_id}:{self.number} {self.verdict}"
