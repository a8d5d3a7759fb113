"""Copies of personal data, and requests to be forgotten."""

from __future__ import annotations

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.models import Q

import core.db

STATUSES = [
    ("asked", "待审核"),
    ("approved", "正在删除"),
    ("withdrawn", "已撤回"),
    ("refused", "未通过"),
    ("done", "已删除"),
]


def _id() -> tuple[str, models.Field]:
    return "id", models.BigAutoField(
        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
    )


class Migration(migrations.Migration):
    dependencies = [("core", "0006_access")]

    operations = [
        migrations.CreateModel(
            name="PersonalCopy",
            fields=[
                _id(),
                ("asked_at", models.DateTimeField(verbose_name="申请时间")),
                ("ready_at", models.DateTimeField(null=True, verbose_name="完成时间")),
                ("expires_at", models.DateTimeField(null=True, verbose_name="有效期至")),
                ("file", models.FileField(blank=True, default="", upload_to="personal/")),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="copies",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "个人信息副本",
                "constraints": [
                    core.db.both_or_neither(
                        "ready_at", "expires_at", name="personal_copy_ready_pair"
                    ),
                    models.UniqueConstraint(
                        condition=Q(("ready_at__isnull", True)),
                        fields=("user",),
                        name="personal_copy_one_open",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ErasureRequest",
            fields=[
                _id(),
                (
                    "reason",
                    models.CharField(blank=True, default="", max_length=500, verbose_name="说明"),
                ),
                (
                    "status",
                    models.CharField(
                        choices=STATUSES, default="asked", max_length=10, verbose_name="状态"
                    ),
                ),
                ("asked_at", models.DateTimeField(verbose_name="申请时间")),
                (
                    "note",
                    models.CharField(
                        blank=True, default="", max_length=500, verbose_name="处理意见"
                    ),
                ),
                ("decided_at", models.DateTimeField(null=True)),
                ("decided_by", core.db.ActorKeyField(max_length=80, null=True)),
                ("result", models.JSONField(default=dict)),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="erasures",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "个人信息删除申请",
                "constraints": [
                    core.db.both_or_neither(
                        "decided_at", "decided_by", name="erasure_decided_pair"
                    ),
                    models.CheckConstraint(
                        condition=Q(("status__in", [code for code, _ in STATUSES])),
                        name="erasure_status_known",
                    ),
                    models.UniqueConstraint(
                        condition=Q(("status__in", ["asked", "approved"])),
                        fields=("user",),
                        name="erasure_one_open",
                    ),
                ],
            },
        ),
    ]
