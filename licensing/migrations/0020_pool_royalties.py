import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations, models

import core.db
import licensing.rules.reports


class Migration(migrations.Migration):
    dependencies = [
        ("core", "0009_more_ratings"),
        ("licensing", "0019_walls"),
    ]

    operations = [
        migrations.CreateModel(
            name="PoolRoyaltyReport",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("starts_on", models.DateField(verbose_name="期初")),
                ("ends_on", models.DateField(verbose_name="期末")),
                ("revision", models.PositiveSmallIntegerField(default=1, verbose_name="次数")),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("reported", "待核对"),
                            ("questioned", "有疑问"),
                            ("accepted", "已确认"),
                            ("replaced", "已更正"),
                        ],
                        default="reported",
                        max_length=12,
                        verbose_name="状态",
                    ),
                ),
                (
                    "amount",
                    models.DecimalField(decimal_places=2, max_digits=18, verbose_name="申报数"),
                ),
                (
                    "currency",
                    models.CharField(
                        choices=[
                            ("CNY", "元"),
                            ("USD", "美元"),
                            ("EUR", "欧元"),
                            ("HKD", "港元"),
                            ("GBP", "英镑"),
                        ],
                        default="CNY",
                        max_length=3,
                        verbose_name="币种",
                    ),
                ),
                (
                    "exchange_rate",
                    models.DecimalField(
                        decimal_places=6, default=1, max_digits=14, verbose_name="汇率"
                    ),
                ),
                (
                    "note",
                    models.TextField(blank=True, default="", max_length=2000, verbose_name="说明"),
                ),
                ("reported_at", models.DateTimeField()),
                ("reported_by", core.db.ActorKeyField(max_length=80)),
                (
                    "question",
                    models.TextField(blank=True, default="", max_length=2000, verbose_name="疑问"),
                ),
                ("decided_at", models.DateTimeField(blank=True, null=True)),
                ("decided_by", core.db.ActorKeyField(blank=True, max_length=80, null=True)),
                (
                    "owed",
                    models.DecimalField(blank=True, decimal_places=2, max_digits=18, null=True),
                ),
                ("lines", models.JSONField(blank=True, default=list)),
                ("below_minimum", models.BooleanField(default=False)),
                (
                    "evidence",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="core.attachment",
                    ),
                ),
                (
                    "licence",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="royalty_reports",
                        to="licensing.poollicence",
                    ),
                ),
            ],
            options={
                "verbose_name": "池许可提成申报",
                "ordering": ["licence", "starts_on", "revision"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("licence", "starts_on", "revision"),
                        name="pool_royalty_revision_once",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("status__in", ["questioned", "reported"])),
                        fields=("licence", "starts_on"),
                        name="one_pending_pool_royalty",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("status", "accepted")),
                        fields=("licence", "starts_on"),
                        name="one_accepted_pool_royalty",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("status__in", ["accepted", "questioned", "replaced", "reported"])
                        ),
                        name="pool_royalty_status_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("currency__in", ["CNY", "EUR", "GBP", "HKD", "USD"])),
                        name="pool_royalty_currency_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("ends_on__gte", models.F("starts_on"))),
                        name="pool_royalty_period_forward",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("exchange_rate__gt", 0)),
                        name="pool_royalty_rate_positive",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("status", licensing.rules.reports.ReportStatus["ACCEPTED"]),
                                _negated=True,
                            ),
                            models.Q(("decided_at__isnull", False), ("owed__isnull", False)),
                            _connector="OR",
                        ),
                        name="pool_royalty_accepted_reckoned",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("status", licensing.rules.reports.ReportStatus["QUESTIONED"]),
                                _negated=True,
                            ),
                            models.Q(("question", ""), _negated=True),
                            _connector="OR",
                        ),
                        name="pool_royalty_question_said",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("decided_at__isnull", True), ("decided_by__isnull", True)),
                            models.Q(("decided_at__isnull", False), ("decided_by__isnull", False)),
                            _connector="OR",
                        ),
                        name="pool_royalty_decided_pair",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="PoolDue",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("position", models.PositiveSmallIntegerField()),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("lump", "一次总付"),
                            ("entry", "入门费"),
                            ("instalment", "分期款"),
                            ("running", "提成"),
                            ("milestone", "里程碑款"),
                            ("deferred", "先使用后付费"),
                            ("equity", "作价入股"),
                            ("free_until", "免费使用"),
                        ],
                        max_length=12,
                        verbose_name="款项",
                    ),
                ),
                (
                    "amount",
                    models.DecimalField(decimal_places=2, max_digits=18, verbose_name="金额"),
                ),
                ("due_on", models.DateField(verbose_name="应付日")),
                ("explanation", models.JSONField(blank=True, default=list)),
                ("booked_at", models.DateTimeField()),
                ("booked_by", core.db.ActorKeyField(max_length=80)),
                (
                    "licence",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="dues",
                        to="licensing.poollicence",
                    ),
                ),
                (
                    "report",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="dues",
                        to="licensing.poolroyaltyreport",
                    ),
                ),
            ],
            options={
                "verbose_name": "池许可应付款",
                "ordering": ["licence", "position"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("licence", "position"), name="pool_due_position_once"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("amount__gt", 0),
                            models.Q(("amount__lt", 0), ("report__isnull", False)),
                            _connector="OR",
                        ),
                        name="pool_due_less_by_report",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "kind__in",
                                [
                                    "deferred",
                                    "entry",
                                    "equity",
                                    "free_until",
                                    "instalment",
                                    "lump",
                                    "milestone",
                                    "running",
                                ],
                            )
                        ),
                        name="pool_due_kind_known",
                    ),
                ],
            },
        ),
        migrations.RemoveConstraint(
            model_name="distribution",
            name="distribution_of_one_income",
        ),
        migrations.RemoveConstraint(
            model_name="document",
            name="document_of_one_thing",
        ),
        migrations.AddField(
            model_name="distribution",
            name="pool_licence",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="distributions",
                to="licensing.poollicence",
            ),
        ),
        migrations.AddField(
            model_name="document",
            name="agreed_sum",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="papers",
                to="licensing.settlementsum",
            ),
        ),
        migrations.AddConstraint(
            model_name="distribution",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("deal__isnull", True),
                        ("licence__isnull", False),
                        ("pool_licence__isnull", True),
                    ),
                    models.Q(
                        ("deal__isnull", False),
                        ("licence__isnull", True),
                        ("pool_licence__isnull", True),
                    ),
                    models.Q(
                        ("deal__isnull", True),
                        ("licence__isnull", True),
                        ("pool_licence__isnull", False),
                    ),
                    _connector="OR",
                ),
                name="distribution_of_one_income",
            ),
        ),
        migrations.AddField(
            model_name="document",
            name="pool_due",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="papers",
                to="licensing.pooldue",
            ),
        ),
        migrations.AddConstraint(
            model_name="document",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        models.Q(
                            ("agreed_sum__isnull", True),
                            ("declaration__isnull", False),
                            ("due__isnull", True),
                            ("licence__isnull", True),
                            ("pool_due__isnull", True),
                        ),
                        ("kind", "declaration"),
                    ),
                    models.Q(
                        models.Q(
                            ("agreed_sum__isnull", True),
                            ("declaration__isnull", True),
                            ("due__isnull", True),
                            ("licence__isnull", False),
                            ("pool_due__isnull", True),
                        ),
                        ("kind", "contract"),
                    ),
                    models.Q(
                        models.Q(
                            models.Q(
                                ("agreed_sum__isnull", True),
                                ("declaration__isnull", True),
                                ("due__isnull", False),
                                ("licence__isnull", True),
                                ("pool_due__isnull", True),
                            ),
                            models.Q(
                                ("agreed_sum__isnull", True),
                                ("declaration__isnull", True),
                                ("due__isnull", True),
                                ("licence__isnull", True),
                                ("pool_due__isnull", False),
                            ),
                            models.Q(
                                ("agreed_sum__isnull", False),
                                ("declaration__isnull", True),
                                ("due__isnull", True),
                                ("licence__isnull", True),
                                ("pool_due__isnull", True),
                            ),
                            _connector="OR",
                        ),
                        ("kind__in", ["dunning", "invoice"]),
                    ),
                    models.Q(
                        models.Q(
                            ("agreed_sum__isnull", True),
                            ("declaration__isnull", True),
                            ("due__isnull", True),
                            ("licence__isnull", True),
                            ("pool_due__isnull", True),
                        ),
                        ("kind__in", ["case_file", "certificate", "income", "pool", "settlement"]),
                    ),
                    _connector="OR",
                ),
                name="document_of_one_thing",
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="poolroyaltyreport",
            trigger=pgtrigger.compiler.Trigger(
                name="pool_royalty_moves",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    declare="DECLARE _is_valid_transition BOOLEAN;",
                    func='SELECT CONCAT(OLD."status", \':\', NEW."status") = ANY(\'{accepted:replaced,questioned:accepted,questioned:replaced,reported:accepted,reported:questioned,reported:replaced}\'::text[]) INTO _is_valid_transition; IF (_is_valid_transition IS FALSE AND OLD."status" IS DISTINCT FROM NEW."status") THEN RAISE EXCEPTION \'pgtrigger: Invalid transition of field "status" from "%" to "%" on table %\', OLD."status", NEW."status", TG_TABLE_NAME; ELSE RETURN NEW; END IF;',
                    hash="ec839a6e87f64b1e74015cb562f9caad51d761dc",
                    operation="UPDATE",
                    pgid="pgtrigger_pool_royalty_moves_be18d",
                    table="licensing_poolroyaltyreport",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="poolroyaltyreport",
            trigger=pgtrigger.compiler.Trigger(
                name="pool_royalty_kept",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;",
                    hash="9d2e93c2c12a34b235c9575833803cb7f17447c8",
                    operation="DELETE",
                    pgid="pgtrigger_pool_royalty_kept_517f8",
                    table="licensing_poolroyaltyreport",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="pooldue",
            trigger=pgtrigger.compiler.Trigger(
                name="pool_due_fixed",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                    hash="468d17770e0b70eee97aa9719d1c97423766a267",
                    operation="UPDATE OR DELETE",
                    pgid="pgtrigger_pool_due_fixed_1c23d",
                    table="licensing_pooldue",
                    when="BEFORE",
                ),
            ),
        ),
    ]
