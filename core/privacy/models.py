"""Copies that people asked for, and requests to be forgotten."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import CheckConstraint, Q, UniqueConstraint

from core.db import ActorKeyField, both_or_neither


class PersonalCopy(models.Model):
    """A copy of what is held about a person; its file is deleted after a few days."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="copies"
    )
    asked_at = models.DateTimeField("申请时间")
    ready_at = models.DateTimeField("完成时间", null=True)
    expires_at = models.DateTimeField("有效期至", null=True)
    file = models.FileField(upload_to="personal/", blank=True, default="")

    class Meta:
        verbose_name = "个人信息副本"
        constraints: ClassVar = [
            both_or_neither("ready_at", "expires_at", name="personal_copy_ready_pair"),
            UniqueConstraint(
                fields=["user"], condition=Q(ready_at__isnull=True), name="personal_copy_one_open"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} {self.asked_at:%Y-%m-%d}"


class ErasureStatus(models.TextChoices):
    ASKED = "asked", "待审核"
    APPROVED = "approved", "正在删除"
    WITHDRAWN = "withdrawn", "已撤回"
    REFUSED = "refused", "未通过"
    DONE = "done", "已删除"


class ErasureRequest(models.Model):
    """Somebody wants the account closed and the personal data gone."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="erasures"
    )
    reason = models.CharField("说明", max_length=500, blank=True, default="")
    status = models.CharField(
        "状态", max_length=10, choices=ErasureStatus, default=ErasureStatus.ASKED
    )
    asked_at = models.DateTimeField("申请时间")
    note = models.CharField("处理意见", max_length=500, blank=True, default="")
    decided_at = models.DateTimeField(null=True)
    decided_by = ActorKeyField(null=True)
    result = models.JSONField(default=dict)  # tables and counts: deleted, cleared, kept
    # Until every room has looked: under what the person was known, and which rooms still look.
    known = models.JSONField(null=True, editable=False)
    awaited = ArrayField(models.CharField(max_length=120), default=list, db_default=[])
    done_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = "个人信息删除申请"
        constraints: ClassVar = [
            CheckConstraint(
                condition=Q(known__isnull=True, awaited=[])
                | Q(status="done", known__isnull=False, done_at__isnull=False) & ~Q(awaited=[]),
                name="erasure_known_while_awaited",
            ),
            both_or_neither("decided_at", "decided_by", name="erasure_decided_pair"),
            CheckConstraint(
                condition=Q(status__in=ErasureStatus.values), name="erasure_status_known"
            ),
            UniqueConstraint(
                fields=["user"],
                condition=Q(status__in=["asked", "approved"]),
                name="erasure_one_open",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} {self.status}"
