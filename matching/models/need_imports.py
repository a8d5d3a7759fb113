"""Lists of needs that were uploaded: judged row by row, taken in, perhaps taken back."""

from __future__ import annotations

from typing import ClassVar

import pgtrigger
from django.db import models
from django.db.models import CheckConstraint, Q, UniqueConstraint

from core.db import ActorKeyField, both_or_neither
from core.people.types import Actor
from core.permissions import Governance
from matching import types
from matching.models.choices import ListType
from matching.models.demands import sees_all
from matching.rules import need_imports as rules


class ImportState(models.TextChoices):
    CHECKED = types.ImportState.CHECKED.value, "已预检"
    TAKING = types.ImportState.TAKING.value, "正在导入"
    TAKEN = types.ImportState.TAKEN.value, "已导入"
    UNDONE = types.ImportState.UNDONE.value, "已撤销"


class RowVerdict(models.TextChoices):
    NEW = types.RowVerdict.NEW.value, "可导入"
    SAME = types.RowVerdict.SAME.value, "已有，跳过"
    REFUSED = types.RowVerdict.REFUSED.value, "需要修改"
    TAKEN = types.RowVerdict.TAKEN.value, "已导入"
    UNDONE = types.RowVerdict.UNDONE.value, "已撤销"
    STAYS = types.RowVerdict.STAYS.value, "没有撤销"


class NeedImportQuerySet(models.QuerySet["NeedImport"]):
    """Uploads, narrowed by who looks."""

    def visible_to(self, actor: Actor) -> NeedImportQuerySet:
        """One's own organisation's."""
        if sees_all(actor):
            return self
        return self.filter(organisation_id=actor.organisation_id or 0)


class NeedImport(models.Model):
    """One uploaded list."""

    organisation = models.ForeignKey(
        "core.Organisation", on_delete=models.PROTECT, related_name="+"
    )
    file_name = models.CharField(max_length=200)
    list_type = models.CharField(max_length=10, choices=ListType, default=ListType.FIRM)
    state = models.CharField(max_length=10, choices=ImportState, default=ImportState.CHECKED)
    header = models.JSONField(default=list)
    open_now = models.BooleanField(default=False)
    checked_at = models.DateTimeField()
    checked_by = ActorKeyField()
    taken_at = models.DateTimeField(null=True, blank=True)
    taken_by = ActorKeyField(null=True, blank=True)
    undone_at = models.DateTimeField(null=True, blank=True)
    undone_by = ActorKeyField(null=True, blank=True)

    objects = NeedImportQuerySet.as_manager()

    class Meta:
        verbose_name = "需求导入"
        constraints: ClassVar = [
            both_or_neither("taken_at", "taken_by", name="need_import_taken_pair"),
            both_or_neither("undone_at", "undone_by", name="need_import_undone_pair"),
            CheckConstraint(
                condition=Q(state__in=ImportState.values), name="need_import_state_known"
            ),
            CheckConstraint(condition=Q(list_type__in=ListType.values), name="need_import_list"),
            CheckConstraint(
                condition=Q(state=types.ImportState.CHECKED.value) | Q(taken_at__isnull=False),
                name="need_import_taken_by_whom",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["organisation", "-id"], name="need_import_organisation")
        ]
        triggers: ClassVar = [
            pgtrigger.FSM(
                name="need_import_moves",
                field="state",
                transitions=[(a, b) for a, b in rules.IMPORT_STEPS],
            )
        ]

    def __str__(self) -> str:
        return self.file_name

    def governed_by(self) -> Governance:
        """Whoever acts for the organisation that uploaded it."""
        return Governance(organisations=frozenset({self.organisation_id}))


class NeedImportRow(models.Model):
    """One row of the file, what became of it, and why."""

    batch = models.ForeignKey(NeedImport, on_delete=models.CASCADE, related_name="rows")
    number = models.PositiveIntegerField()
    verdict = models.CharField(max_length=10, choices=RowVerdict)
    title = models.CharField(max_length=200, blank=True, default="")
    print = models.CharField(max_length=32, blank=True, default="")
    values = models.JSONField(default=dict)
    cells = models.JSONField(default=list)
    remarks = models.JSONField(default=list)
    need = models.ForeignKey(
        "matching.Need", on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )

    class Meta:
        verbose_name = "导入的一行"
        constraints: ClassVar = [
            UniqueConstraint(fields=["batch", "number"], name="need_import_row_once"),
            CheckConstraint(condition=Q(verdict__in=RowVerdict.values), name="need_import_verdict"),
        ]
        indexes: ClassVar = [models.Index(fields=["batch", "verdict"], name="need_import_verdicts")]

    def __str__(self) -> str:
        return f"{self.batch_id}: {self.number}"
