import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("matching", "0005_need_details"),
    ]

    operations = [
        migrations.CreateModel(
            name="MatchDraft",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("need_id", models.BigIntegerField(null=True)),
                ("subscription_id", models.BigIntegerField(null=True)),
                ("organisation_id", models.BigIntegerField()),
                ("patent_id", models.BigIntegerField()),
                ("supplier_id", models.BigIntegerField(null=True)),
                ("ticks", models.PositiveIntegerField()),
                ("reasons", models.JSONField()),
            ],
            options={
                "verbose_name": "待切换匹配",
            },
        ),
        migrations.RemoveConstraint(
            model_name="run",
            name="run_state_known",
        ),
        migrations.RemoveConstraint(
            model_name="run",
            name="run_one_full_at_a_time",
        ),
        migrations.AddField(
            model_name="run",
            name="paused_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="run",
            name="since",
            field=models.BigIntegerField(null=True),
        ),
        migrations.AddField(
            model_name="runshard",
            name="seconds",
            field=models.FloatField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="runshard",
            name="told_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        # Shards of earlier runs pushed when they were ranked.
        migrations.RunSQL(
            "UPDATE matching_runshard SET told_at = done_at WHERE done_at IS NOT NULL",
            migrations.RunSQL.noop,
        ),
        migrations.AlterField(
            model_name="run",
            name="state",
            field=models.CharField(
                choices=[
                    ("waiting", "等待"),
                    ("running", "运行中"),
                    ("finished", "已完成"),
                    ("failed", "失败"),
                    ("paused", "已暂停"),
                    ("cancelled", "已取消"),
                ],
                default="waiting",
                max_length=10,
            ),
        ),
        migrations.AddIndex(
            model_name="runshard",
            index=models.Index(
                condition=models.Q(("told_at__isnull", True)), fields=["id"], name="shard_untold"
            ),
        ),
        migrations.AddConstraint(
            model_name="run",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "state__in",
                        ["waiting", "running", "finished", "failed", "paused", "cancelled"],
                    )
                ),
                name="run_state_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="run",
            constraint=models.UniqueConstraint(
                condition=models.Q(("scope", "full"), ("state__in", ["running", "paused"])),
                fields=("scope",),
                name="run_one_full_at_a_time",
            ),
        ),
        migrations.AddConstraint(
            model_name="run",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("state", "paused"), ("paused_at__isnull", True), _connector="XOR"
                ),
                name="run_paused_moment",
            ),
        ),
        migrations.AddField(
            model_name="matchdraft",
            name="run",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to="matching.run",
            ),
        ),
        migrations.AddConstraint(
            model_name="matchdraft",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("need_id__isnull", False), ("subscription_id__isnull", True)),
                    models.Q(("need_id__isnull", True), ("subscription_id__isnull", False)),
                    _connector="OR",
                ),
                name="draft_one_demand",
            ),
        ),
    ]
