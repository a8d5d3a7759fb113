"""Invitations to belong to an organisation."""

from __future__ import annotations

import django.contrib.postgres.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.models import Q

import core.db

STATUSES = [("pending", "等待接受"), ("accepted", "已接受"), ("revoked", "已撤销")]


class Migration(migrations.Migration):
    dependencies = [("core", "0004_joining")]

    operations = [
        migrations.CreateModel(
            name="Invitation",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("email", models.EmailField(max_length=254, verbose_name="电子邮箱")),
                (
                    "roles",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=20), size=None
                    ),
                ),
                ("administrator", models.BooleanField(default=False, verbose_name="机构管理员")),
                (
                    "region",
                    models.CharField(
                        blank=True, default="", max_length=6, verbose_name="管辖区划前缀"
                    ),
                ),
                (
                    "status",
                    models.CharField(
                        choices=STATUSES, default="pending", max_length=10, verbose_name="状态"
                    ),
                ),
                ("edition", models.PositiveSmallIntegerField(default=1)),
                ("invited_at", models.DateTimeField(verbose_name="邀请时间")),
                ("invited_by", core.db.ActorKeyField(max_length=80)),
                ("expires_at", models.DateTimeField(verbose_name="有效期至")),
                ("accepted_at", models.DateTimeField(null=True)),
                (
                    "accepted_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "organisation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="invitations",
                        to="core.organisation",
                    ),
                ),
            ],
            options={
                "verbose_name": "成员邀请",
                "constraints": [
                    models.UniqueConstraint(
                        condition=Q(("status", "pending")),
                        fields=("organisation", "email"),
                        name="invitation_one_pending",
                    ),
                    models.CheckConstraint(
                        condition=Q(("status__in", [code for code, _ in STATUSES])),
                        name="invitation_status_known",
                    ),
                    models.CheckConstraint(
                        condition=Q(("roles__len__gte", 1)), name="invitation_to_some_role"
                    ),
                    models.CheckConstraint(
                        condition=Q(("accepted_at__isnull", False), ("status", "accepted"))
                        | Q(~Q(("status", "accepted")), ("accepted_at__isnull", True)),
                        name="invitation_accepted_once",
                    ),
                ],
            },
        ),
    ]
