"""Applications to take part, and who runs an organisation here: so far, whoever came first."""

from __future__ import annotations

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.models import Q

import core.db

FIRST_COME = """
UPDATE core_membership AS m SET is_administrator = true
WHERE m.user_id = (
    SELECT f.user_id FROM core_membership AS f
    WHERE f.organisation_id = m.organisation_id ORDER BY f.id LIMIT 1
)
"""
KINDS = [
    ("university", "高等学校"),
    ("institute", "科研机构"),
    ("hospital", "医疗机构"),
    ("enterprise", "企业"),
    ("state_firm", "国有企业"),
    ("bank", "银行"),
    ("guarantor", "担保/保险机构"),
    ("valuer", "评估机构"),
    ("exchange", "交易机构"),
    ("bureau", "主管部门"),
    ("agency", "服务机构"),
    ("other", "其他"),
]
STATUSES = [
    ("unconfirmed", "待确认邮箱"),
    ("pending", "待审核"),
    ("more_needed", "待补充"),
    ("approved", "已通过"),
    ("refused", "未通过"),
    ("withdrawn", "已撤回"),
]


class Migration(migrations.Migration):
    dependencies = [("core", "0003_service_ratings")]

    operations = [
        migrations.AddField(
            model_name="membership",
            name="is_administrator",
            field=models.BooleanField(db_default=False, default=False, verbose_name="机构管理员"),
        ),
        migrations.RunSQL(FIRST_COME, migrations.RunSQL.noop),
        migrations.CreateModel(
            name="JoinApplication",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=200, verbose_name="机构名称")),
                ("uscc", models.CharField(max_length=18, verbose_name="统一社会信用代码")),
                ("kind", models.CharField(choices=KINDS, max_length=20, verbose_name="类型")),
                ("region", models.CharField(max_length=6, verbose_name="行政区划")),
                ("person", models.CharField(max_length=60, verbose_name="联系人")),
                (
                    "phone",
                    models.CharField(
                        blank=True, default="", max_length=30, verbose_name="联系电话"
                    ),
                ),
                (
                    "remark",
                    models.CharField(blank=True, default="", max_length=1000, verbose_name="说明"),
                ),
                ("email", models.EmailField(max_length=254, verbose_name="电子邮箱")),
                ("password_hash", models.CharField(blank=True, default="", max_length=200)),
                ("status", models.CharField(choices=STATUSES, max_length=20, verbose_name="状态")),
                (
                    "decider",
                    models.CharField(
                        choices=[("bureau", "bureau"), ("members", "members")],
                        default="bureau",
                        max_length=10,
                    ),
                ),
                (
                    "note",
                    models.CharField(
                        blank=True, default="", max_length=1000, verbose_name="审核意见"
                    ),
                ),
                ("created_at", models.DateTimeField(verbose_name="提交时间")),
                ("confirmed_at", models.DateTimeField(null=True)),
                ("decided_at", models.DateTimeField(null=True)),
                ("decided_by", core.db.ActorKeyField(max_length=80, null=True)),
                (
                    "applicant",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="joinings",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "evidence",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="core.attachment",
                    ),
                ),
                (
                    "organisation",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="joinings",
                        to="core.organisation",
                    ),
                ),
            ],
            options={
                "verbose_name": "入驻申请",
                "indexes": [
                    models.Index(
                        condition=Q(("status", "pending")),
                        fields=["region", "created_at"],
                        name="joining_queue",
                    ),
                    models.Index(fields=["uscc"], name="joining_uscc"),
                ],
                "constraints": [
                    core.db.both_or_neither(
                        "decided_at", "decided_by", name="joining_decided_pair"
                    ),
                    models.CheckConstraint(
                        condition=Q(("status__in", [code for code, _ in STATUSES])),
                        name="joining_status_known",
                    ),
                    models.CheckConstraint(
                        condition=Q(("uscc__regex", "^[0-9A-HJ-NP-RTUW-Y]{18}$")),
                        name="joining_uscc_shape",
                    ),
                    models.CheckConstraint(
                        condition=Q(("region__regex", "^[0-9]{6}$")), name="joining_region_shape"
                    ),
                    models.CheckConstraint(
                        condition=Q(("applicant__isnull", True), ("status", "unconfirmed"))
                        | Q(
                            ("applicant__isnull", False),
                            ("password_hash", ""),
                            ~Q(("status", "unconfirmed")),
                        ),
                        name="joining_account_once_confirmed",
                    ),
                    models.CheckConstraint(
                        condition=Q(
                            ~Q(("status", "approved")),
                            ("organisation__isnull", False),
                            _connector="OR",
                        ),
                        name="joining_approved_into_one",
                    ),
                    models.UniqueConstraint(
                        condition=Q(("status__in", ["pending", "more_needed"])),
                        fields=("applicant", "uscc"),
                        name="joining_one_open",
                    ),
                ],
            },
        ),
    ]
