import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations, models

import core.db


class Migration(migrations.Migration):
    dependencies = [
        ("licensing", "0024_pool_disputes"),
    ]

    operations = [
        migrations.CreateModel(
            name="SettlementOffset",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "amount",
                    models.DecimalField(decimal_places=2, max_digits=18, verbose_name="抵销金额"),
                ),
                (
                    "side",
                    models.CharField(
                        choices=[("holder", "权利人"), ("taker", "需求方")],
                        max_length=8,
                        verbose_name="提出方",
                    ),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("proposed", "待对方答复"),
                            ("accepted", "已抵销"),
                            ("refused", "未同意"),
                            ("withdrawn", "已撤回"),
                        ],
                        default="proposed",
                        max_length=10,
                        verbose_name="状态",
                    ),
                ),
                ("proposed_at", models.DateTimeField()),
                ("proposed_by", core.db.ActorKeyField(max_length=80)),
                ("answered_at", models.DateTimeField(blank=True, null=True)),
                ("answered_by", core.db.ActorKeyField(blank=True, max_length=80, null=True)),
                (
                    "reason",
                    models.TextField(
                        blank=True, default="", max_length=2000, verbose_name="未同意的理由"
                    ),
                ),
                (
                    "due",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="offsets",
                        to="licensing.paymentdue",
                    ),
                ),
                (
                    "payment",
                    models.OneToOneField(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="offset",
                        to="licensing.payment",
                    ),
                ),
                (
                    "settlement_payment",
                    models.OneToOneField(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="offset",
                        to="licensing.settlementpayment",
                    ),
                ),
                (
                    "sum",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="offsets",
                        to="licensing.settlementsum",
                    ),
                ),
            ],
            options={
                "verbose_name": "协议款项抵销",
                "ordering": ["proposed_at", "id"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("amount__gt", 0)), name="settlement_offset_positive"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("side__in", ["holder", "taker"])),
                        name="settlement_offset_side_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("status__in", ["accepted", "proposed", "refused", "withdrawn"])
                        ),
                        name="settlement_offset_status_known",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("status", "proposed")),
                        fields=("sum", "due"),
                        name="one_waiting_settlement_offset",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("answered_at__isnull", True), ("answered_by__isnull", True)),
                            models.Q(
                                ("answered_at__isnull", False), ("answered_by__isnull", False)
                            ),
                            _connector="OR",
                        ),
                        name="settlement_offset_answered_pair",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("answered_at__isnull", True), ("status", "proposed")),
                            models.Q(
                                models.Q(("status", "proposed"), _negated=True),
                                ("answered_at__isnull", False),
                            ),
                            _connector="OR",
                        ),
                        name="settlement_offset_answered",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("payment__isnull", False),
                                ("settlement_payment__isnull", False),
                                ("status", "accepted"),
                            ),
                            models.Q(
                                models.Q(("status", "accepted"), _negated=True),
                                ("payment__isnull", True),
                                ("settlement_payment__isnull", True),
                            ),
                            _connector="OR",
                        ),
                        name="settlement_offset_accepted_whole",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("status", "refused"), _negated=True),
                            models.Q(("reason", ""), _negated=True),
                            _connector="OR",
                        ),
                        name="settlement_offset_refused_with_reason",
                    ),
                ],
            },
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="settlementoffset",
            trigger=pgtrigger.compiler.Trigger(
                name="settlement_offset_moves",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    declare="DECLARE _is_valid_transition BOOLEAN;",
                    func='SELECT CONCAT(OLD."status", \':\', NEW."status") = ANY(\'{proposed:accepted,proposed:refused,proposed:withdrawn}\'::text[]) INTO _is_valid_transition; IF (_is_valid_transition IS FALSE AND OLD."status" IS DISTINCT FROM NEW."status") THEN RAISE EXCEPTION \'pgtrigger: Invalid transition of field "status" from "%" to "%" on table %\', OLD."status", NEW."status", TG_TABLE_NAME; ELSE RETURN NEW; END IF;',
                    hash="6f013b654ee78ba16bd6e172b7e58dd42c86d20b",
                    operation="UPDATE",
                    pgid="pgtrigger_settlement_offset_moves_9502b",
                    table="licensing_settlementoffset",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="settlementoffset",
            trigger=pgtrigger.compiler.Trigger(
                name="settlement_offset_kept",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot delete rows from % table', TG_TABLE_NAME;",
                    hash="aa934626add3a807984960a03e502586843410d3",
                    operation="DELETE",
                    pgid="pgtrigger_settlement_offset_kept_db565",
                    table="licensing_settlementoffset",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="settlementoffset",
            trigger=pgtrigger.compiler.Trigger(
                name="settlement_offset_within",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="\n    IF NEW.payment_id IS NOT NULL AND\n       (SELECT COALESCE(SUM(p.amount), 0) FROM licensing_payment p WHERE p.due_id = NEW.due_id)\n       > (SELECT d.amount FROM licensing_paymentdue d WHERE d.id = NEW.due_id) THEN\n        RAISE EXCEPTION 'settlement_offset_within: more is set off than was owed'\n            USING ERRCODE = 'check_violation';\n    END IF;\n    RETURN NEW;\n",
                    hash="a0328b464c0c200a1c608eb3b0791dfb9fcaec88",
                    operation="INSERT OR UPDATE",
                    pgid="pgtrigger_settlement_offset_within_2ff9b",
                    table="licensing_settlementoffset",
                    when="BEFORE",
                ),
            ),
        ),
    ]
