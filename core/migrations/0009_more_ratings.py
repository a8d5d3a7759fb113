"""Mediations, pledges, auctions and events can be rated, too."""

from __future__ import annotations

from django.db import migrations, models
from django.db.models import CheckConstraint, Q

SERVICES = [
    ("import", "专利盘点入库"),
    ("licence", "许可与备案"),
    ("registration", "技术合同登记"),
    ("outcome", "转化反馈核验"),
    ("dispute", "许可异议处理"),
    ("mediation", "合同纠纷调解"),
    ("pledge", "质押登记与解除"),
    ("auction", "拍卖竞价"),
    ("gathering", "活动组织"),
]


class Migration(migrations.Migration):
    dependencies = [("core", "0008_idempotency_spelled")]

    operations = [
        migrations.AlterField(
            model_name="servicerating",
            name="service",
            field=models.CharField(choices=SERVICES, max_length=20, verbose_name="服务"),
        ),
        migrations.RemoveConstraint(model_name="servicerating", name="rating_service_known"),
        migrations.AddConstraint(
            model_name="servicerating",
            constraint=CheckConstraint(
                condition=Q(service__in=sorted(code for code, _ in SERVICES)),
                name="rating_service_known",
            ),
        ),
    ]
