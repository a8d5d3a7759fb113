"""Result sets on their way into a file."""

from __future__ import annotations

from typing import ClassVar

import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import CheckConstraint, F, Q

from core.people.types import Actor
from listings.rules import exports


class ExportState(models.TextChoices):
    WAITING = exports.ExportState.WAITING.value, "排队中"
    RUNNING = exports.ExportState.RUNNING.value, "生成中"
    READY = exports.ExportState.READY.value, "可下载"
    FAILED = exports.ExportState.FAILED.value, "没有完成"
    EXPIRED = exports.ExportState.EXPIRED.value, "已过期"


class ExportForm(models.TextChoices):
    XLSX = exports.Form.XLSX.value, "Excel（XLSX）"
    CSV = exports.Form.CSV.value, "CSV（UTF-8）"


class ResultExportQuerySet(models.QuerySet["ResultExport"]):
    """Exports, narrowed by who looks."""

    def visible_to(self, actor: Actor) -> ResultExportQuerySet:
        """A file is for whoever asked for it, and for nobody else."""
        return self.filter(user_id=actor.user_id) if actor.user_id else self.none()


class ResultExport(models.Model):
    """What somebody asked to have as a file 结果导出, and the file."""

    user = models.ForeignKey("core.User", on_delete=models.CASCADE, related_name="+")
    organisation_id = models.BigIntegerField(null=True, blank=True)
    roles = ArrayField(models.CharField(max_length=20), default=list, blank=True)
    text = models.CharField(max_length=200, blank=True, default="")
    chosen = models.JSONField(default=dict, blank=True)
    sort = models.CharField(max_length=20, blank=True, default="", db_default="")
    described = models.CharField("条件", max_length=1_000)
    form = models.CharField("格式", max_length=4, choices=ExportForm)
    state = models.CharField(max_length=8, choices=ExportState, default=ExportState.WAITING)
    total = models.PositiveIntegerField(default=0)  # how many answered
    rows = models.PositiveIntegerField(default=0)  # how many go into the file
    progress = models.PositiveIntegerField(default=0)
    attempts = models.PositiveSmallIntegerField(default=0)
    problem = models.CharField(max_length=300, blank=True, default="")
    asked_at = models.DateTimeField()
    leased_until = models.DateTimeField(null=True, blank=True)
    read_at = models.DateTimeField(null=True, blank=True)  # the moment the file speaks of
    finished_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    file = models.FileField(upload_to="exports/", blank=True, default="")
    size = models.PositiveBigIntegerField(default=0)

    objects = ResultExportQuerySet.as_manager()

    class Meta:
        verbose_name = "结果导出"
        constraints: ClassVar = [
            CheckConstraint(condition=Q(form__in=ExportForm.values), name="export_form_known"),
            CheckConstraint(condition=Q(state__in=ExportState.values), name="export_state_known"),
            CheckConstraint(
                condition=Q(rows__lte=exports.MOST_ROWS) & Q(progress__lte=F("rows")),
                name="export_rows_bounded",
            ),
            CheckConstraint(
                condition=(
                    Q(state="ready", expires_at__isnull=False, read_at__isnull=False) & ~Q(file="")
                )
                | (~Q(state="ready") & Q(file="")),
                name="export_file_when_ready",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["user", "-asked_at"], name="export_newest"),
            models.Index(
                fields=["asked_at"],
                condition=Q(state__in=sorted(s.value for s in exports.OPEN)),
                name="export_open",
            ),
            models.Index(
                fields=["expires_at"], condition=Q(state="ready"), name="export_to_expire"
            ),
        ]
        triggers: ClassVar = [
            pgtrigger.FSM(
                name="export_moves",
                field="state",
                transitions=sorted((a.value, b.value) for a, b in exports.STEPS),
            )
        ]

    def __str__(self) -> str:
        return f"{self.described[:40]} {self.state}"
