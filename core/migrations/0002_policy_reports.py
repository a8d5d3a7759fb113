"""What browsers refused on our pages."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("core", "0001_initial")]

    operations = [
        migrations.CreateModel(
            name="PolicyReport",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("fingerprint", models.CharField(max_length=64, unique=True)),
                ("directive", models.CharField(max_length=40)),
                ("blocked", models.CharField(blank=True, max_length=120)),
                ("page", models.CharField(blank=True, max_length=200)),
                ("source", models.CharField(blank=True, max_length=120)),
                ("line", models.PositiveIntegerField(default=0)),
                ("times", models.PositiveIntegerField(default=1)),
                ("first_seen_at", models.DateTimeField()),
                ("last_seen_at", models.DateTimeField()),
            ],
            options={
                "verbose_name": "内容安全策略报告",
                "indexes": [models.Index(fields=["last_seen_at"], name="policy_report_age")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(last_seen_at__gte=models.F("first_seen_at")),
                        name="policy_report_order",
                    )
                ],
            },
        ),
    ]
