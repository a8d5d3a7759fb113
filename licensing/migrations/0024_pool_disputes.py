import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations, models

import core.db


class Migration(migrations.Migration):
    dependencies = [
        ("core", "0010_forgotten"),
        ("licensing", "0023_income_of_a_member"),
        ("listings", "0024_incomes"),
    ]

    operations = [
        migrations.CreateModel(
            name="PoolRelease",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "amount",
                    models.DecimalField(decimal_places=2, max_digits=18, verbose_name="不再支付"),
                ),
                ("released_at", models.DateTimeField()),
                ("released_by", core.db.ActorKeyField(max_length=80)),
            ],
            options={
                "verbose_name": "池许可款项减免",
            },
        ),
        migrations.RemoveConstraint(
            model_name="dispute",
            name="dispute_of_one",
        ),
        migrations.RemoveConstraint(
            model_name="dispute",
            name="dispute_about_one_line",
        ),
        migrations.RemoveConstraint(
            model_name="dispute",
            name="one_open_dispute_licence",
        ),
        migrations.RemoveConstraint(
            model_name="pooldue",
            name="pool_due_less_by_report",
        ),
        migrations.RemoveConstraint(
            model_name="pooldue",
            name="pool_due_kind_known",
        ),
        migrations.AddField(
            model_name="dispute",
            name="pool_due",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="disputes",
                to="licensing.pooldue",
            ),
        ),
        migrations.AddField(
            model_name="dispute",
            name="pool_licence",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="disputes",
                to="licensing.poollicence",
            ),
        ),
        migrations.AddField(
            model_name="dispute",
            name="pool_report",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="disputes",
                to="licensing.poolroyaltyreport",
            ),
        ),
        migrations.AddField(
            model_name="pooldue",
            name="dispute",
            field=models.OneToOneField(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="pool_sum",
                to="licensing.dispute",
            ),
        ),
        migrations.AddField(
            model_name="pooldue",
            name="late_due",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="interest",
                to="licensing.pooldue",
            ),
        ),
        migrations.AlterField(
            model_name="dispute",
            name="patent",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="listings.patent",
            ),
        ),
        migrations.AlterField(
            model_name="pooldue",
            name="kind",
            field=models.CharField(
                choices=[
                    ("lump", "一次总付"),
                    ("entry", "入门费"),
                    ("instalment", "分期款"),
                    ("running", "提成"),
                    ("milestone", "里程碑款"),
                    ("deferred", "先使用后付费"),
                    ("equity", "作价入股"),
                    ("free_until", "免费使用"),
                    ("interest", "逾期利息"),
                    ("settlement", "协议款"),
                ],
                max_length=12,
                verbose_name="款项",
            ),
        ),
        migrations.AddConstraint(
            model_name="dispute",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("deal__isnull", False),
                        ("licence__isnull", True),
                        ("pool_licence__isnull", True),
                    ),
                    models.Q(
                        ("deal__isnull", True),
                        ("licence__isnull", False),
                        ("pool_licence__isnull", True),
                    ),
                    models.Q(
                        ("deal__isnull", True),
                        ("licence__isnull", True),
                        ("pool_licence__isnull", False),
                    ),
                    _connector="OR",
                ),
                name="dispute_of_one",
            ),
        ),
        migrations.AddConstraint(
            model_name="dispute",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("due__isnull", True),
                        ("pool_due__isnull", True),
                        ("pool_report__isnull", True),
                        ("report__isnull", True),
                        ("termination__isnull", True),
                    ),
                    models.Q(
                        ("due__isnull", True),
                        ("licence__isnull", False),
                        ("pool_due__isnull", True),
                        ("pool_report__isnull", True),
                        ("report__isnull", False),
                        ("termination__isnull", True),
                    ),
                    models.Q(
                        ("due__isnull", False),
                        ("licence__isnull", False),
                        ("pool_due__isnull", True),
                        ("pool_report__isnull", True),
                        ("report__isnull", True),
                        ("termination__isnull", True),
                    ),
                    models.Q(
                        ("due__isnull", True),
                        ("licence__isnull", False),
                        ("pool_due__isnull", True),
                        ("pool_report__isnull", True),
                        ("report__isnull", True),
                        ("termination__isnull", False),
                    ),
                    models.Q(
                        ("due__isnull", True),
                        ("pool_due__isnull", True),
                        ("pool_licence__isnull", False),
                        ("pool_report__isnull", False),
                        ("report__isnull", True),
                        ("termination__isnull", True),
                    ),
                    models.Q(
                        ("due__isnull", True),
                        ("pool_due__isnull", False),
                        ("pool_licence__isnull", False),
                        ("pool_report__isnull", True),
                        ("report__isnull", True),
                        ("termination__isnull", True),
                    ),
                    _connector="OR",
                ),
                name="dispute_about_one_line",
            ),
        ),
        migrations.AddConstraint(
            model_name="dispute",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("patent__isnull", False), ("pool_licence__isnull", False), _connector="OR"
                ),
                name="dispute_of_a_patent",
            ),
        ),
        migrations.AddConstraint(
            model_name="dispute",
            constraint=models.UniqueConstraint(
                condition=models.Q(
                    ("status__in", ["accepted", "mediating", "negotiating", "opened", "requested"])
                ),
                fields=("pool_report",),
                name="one_open_dispute_pool_report",
            ),
        ),
        migrations.AddConstraint(
            model_name="dispute",
            constraint=models.UniqueConstraint(
                condition=models.Q(
                    ("status__in", ["accepted", "mediating", "negotiating", "opened", "requested"])
                ),
                fields=("pool_due",),
                name="one_open_dispute_pool_due",
            ),
        ),
        migrations.AddConstraint(
            model_name="dispute",
            constraint=models.UniqueConstraint(
                condition=models.Q(
                    ("status__in", ["accepted", "mediating", "negotiating", "opened", "requested"]),
                    ("due__isnull", True),
                    ("pool_due__isnull", True),
                    ("pool_report__isnull", True),
                    ("report__isnull", True),
                    ("termination__isnull", True),
                ),
                fields=("pool_licence", "topic"),
                name="one_open_dispute_pool",
            ),
        ),
        migrations.AddConstraint(
            model_name="dispute",
            constraint=models.UniqueConstraint(
                condition=models.Q(
                    ("status__in", ["accepted", "mediating", "negotiating", "opened", "requested"]),
                    ("due__isnull", True),
                    ("pool_due__isnull", True),
                    ("pool_report__isnull", True),
                    ("report__isnull", True),
                    ("termination__isnull", True),
                ),
                fields=("licence", "topic"),
                name="one_open_dispute_licence",
            ),
        ),
        migrations.AddConstraint(
            model_name="pooldue",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("amount__gt", 0),
                    models.Q(
                        ("amount__lt", 0),
                        models.Q(
                            ("report__isnull", False), ("late_due__isnull", False), _connector="OR"
                        ),
                    ),
                    _connector="OR",
                ),
                name="pool_due_less_by_correction",
            ),
        ),
        migrations.AddConstraint(
            model_name="pooldue",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        models.Q(
                            ("dispute__isnull", True),
                            ("late_due__isnull", False),
                            ("report__isnull", True),
                        ),
                        ("kind", "interest"),
                    ),
                    models.Q(
                        models.Q(
                            ("dispute__isnull", False),
                            ("late_due__isnull", True),
                            ("report__isnull", True),
                        ),
                        ("kind", "settlement"),
                    ),
                    models.Q(
                        models.Q(
                            models.Q(
                                ("dispute__isnull", True),
                                ("late_due__isnull", True),
                                ("report__isnull", False),
                            ),
                            models.Q(
                                ("dispute__isnull", True),
                                ("late_due__isnull", True),
                                ("report__isnull", True),
                            ),
                            _connector="OR",
                        ),
                        models.Q(("kind__in", ["interest", "settlement"]), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="pool_due_of_one_thing",
            ),
        ),
        migrations.AddConstraint(
            model_name="pooldue",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "kind__in",
                        [
                            "deferred",
                            "entry",
                            "equity",
                            "free_until",
                            "instalment",
                            "interest",
                            "lump",
                            "milestone",
                            "running",
                            "settlement",
                        ],
                    )
                ),
                name="pool_due_kind_known",
            ),
        ),
        migrations.AddField(
            model_name="poolrelease",
            name="dispute",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="releases",
                to="licensing.dispute",
            ),
        ),
        migrations.AddField(
            model_name="poolrelease",
            name="due",
            field=models.OneToOneField(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="release",
                to="licensing.pooldue",
            ),
        ),
        migrations.AddConstraint(
            model_name="poolrelease",
            constraint=models.CheckConstraint(
                condition=models.Q(("amount__gt", 0)), name="pool_release_positive"
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="poolrelease",
            trigger=pgtrigger.compiler.Trigger(
                name="pool_release_fixed",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                    hash="ec2aae49fc1f7b5d84b0631b0977ffe3a122aac5",
                    operation="UPDATE OR DELETE",
                    pgid="pgtrigger_pool_release_fixed_b5dba",
                    table="licensing_poolrelease",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="poolrelease",
            trigger=pgtrigger.compiler.Trigger(
                name="pool_release_within",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n    IF NEW.amount > (SELECT d.amount FROM licensing_pooldue d WHERE d.id = NEW.due_id) THEN\n        RAISE EXCEPTION 'pool_release_within: more is released than was owed'\n            USING ERRCODE = 'check_violation';\n    END IF;\n    RETURN NEW;\n",
                    hash="28a1f1f539a5c6d2c3240fc4db459ab1269becbe",
                    operation="INSERT",
                    pgid="pgtrigger_pool_release_within_367d9",
                    table="licensing_poolrelease",
                    when="BEFORE",
                ),
            ),
        ),
    ]
