# Deals: inquiries, versions of terms, postings, signed copies

import django.contrib.postgres.fields
import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations, models

import core.db


class Migration(migrations.Migration):
    dependencies = [
        ("core", "0001_initial"),
        ("licensing", "0002_fee_engine"),
        ("listings", "0019_exports_and_words"),
    ]

    operations = [
        migrations.AlterField(
            model_name="licence",
            name="territory",
            field=models.CharField(default="CN", max_length=120),
        ),
        migrations.CreateModel(
            name="Deal",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("patent_number", models.CharField(max_length=40)),
                ("patent_title", models.CharField(max_length=500)),
                (
                    "region",
                    models.CharField(blank=True, default="", max_length=6, verbose_name="行政区划"),
                ),
                (
                    "number",
                    models.CharField(
                        blank=True, max_length=40, null=True, unique=True, verbose_name="洽谈编号"
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("transfer", "转让"),
                            ("ordinary", "普通许可"),
                            ("sole", "排他许可"),
                            ("exclusive", "独占许可"),
                        ],
                        max_length=10,
                        verbose_name="方式",
                    ),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("intent", "意向待答复"),
                            ("negotiating", "洽谈中"),
                            ("agreed", "条款已谈妥"),
                            ("posted", "公示期满，待签约"),
                            ("signed", "已签约，待登记"),
                            ("registered", "已登记，待结算"),
                            ("settled", "已结清"),
                            ("declined", "权利人未接受"),
                            ("withdrawn", "已终止洽谈"),
                        ],
                        default="intent",
                        max_length=12,
                        verbose_name="状态",
                    ),
                ),
                (
                    "origin",
                    models.CharField(
                        choices=[
                            ("patent", "专利页询价"),
                            ("match", "匹配推荐"),
                            ("auction", "拍卖成交"),
                        ],
                        default="patent",
                        max_length=8,
                        verbose_name="来源",
                    ),
                ),
                ("match_id", models.BigIntegerField(blank=True, null=True)),
                ("auction_id", models.BigIntegerField(blank=True, null=True, unique=True)),
                ("wish", models.TextField(max_length=2000, verbose_name="意向说明")),
                ("opened_at", models.DateTimeField()),
                ("opened_by", core.db.ActorKeyField(max_length=80)),
                (
                    "waits_for",
                    models.CharField(
                        choices=[
                            ("holder", "权利人"),
                            ("taker", "需求方"),
                            ("both", "双方"),
                            ("clock", "公示期满"),
                            ("nobody", ""),
                        ],
                        max_length=6,
                        verbose_name="等待",
                    ),
                ),
                ("next_step", models.CharField(blank=True, default="", max_length=16)),
                ("waiting_since", models.DateTimeField()),
                ("agreed_at", models.DateTimeField(blank=True, null=True)),
                ("agreed_by", core.db.ActorKeyField(blank=True, max_length=80, null=True)),
                ("needs_posting", models.BooleanField(default=False)),
                ("posted_on", models.DateField(blank=True, null=True)),
                ("holder_signer_id", models.BigIntegerField(blank=True, null=True)),
                ("sealed_at", models.DateTimeField(blank=True, null=True)),
                ("sealed_by", core.db.ActorKeyField(blank=True, max_length=80, null=True)),
                ("sealed_user_id", models.BigIntegerField(blank=True, null=True)),
                ("effective_on", models.DateField(blank=True, null=True, verbose_name="生效日")),
                ("ends_on", models.DateField(blank=True, null=True, verbose_name="终止日")),
                (
                    "register_number",
                    models.CharField(
                        blank=True, default="", max_length=40, verbose_name="登记（备案）编号"
                    ),
                ),
                (
                    "registered_on",
                    models.DateField(blank=True, null=True, verbose_name="登记（备案）日"),
                ),
                ("registered_at", models.DateTimeField(blank=True, null=True)),
                ("registered_by", core.db.ActorKeyField(blank=True, max_length=80, null=True)),
                (
                    "settled_amount",
                    models.DecimalField(
                        blank=True,
                        decimal_places=2,
                        max_digits=18,
                        null=True,
                        verbose_name="到账金额",
                    ),
                ),
                ("settled_on", models.DateField(blank=True, null=True, verbose_name="结清日")),
                (
                    "settled_note",
                    models.CharField(
                        blank=True, default="", max_length=200, verbose_name="结算凭证"
                    ),
                ),
                ("settled_at", models.DateTimeField(blank=True, null=True)),
                ("settled_by", core.db.ActorKeyField(blank=True, max_length=80, null=True)),
                ("closed_at", models.DateTimeField(blank=True, null=True)),
                ("closed_by", core.db.ActorKeyField(blank=True, max_length=80, null=True)),
                (
                    "closed_reason",
                    models.TextField(
                        blank=True, default="", max_length=2000, verbose_name="终止原因"
                    ),
                ),
                (
                    "holder",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="core.organisation",
                    ),
                ),
                (
                    "patent",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="listings.patent",
                    ),
                ),
                (
                    "taker",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="core.organisation",
                    ),
                ),
            ],
            options={
                "verbose_name": "洽谈",
            },
        ),
        migrations.CreateModel(
            name="TermsVersion",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("version", models.PositiveSmallIntegerField()),
                (
                    "side",
                    models.CharField(
                        choices=[("holder", "权利人"), ("taker", "需求方")], max_length=6
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("transfer", "转让"),
                            ("ordinary", "普通许可"),
                            ("sole", "排他许可"),
                            ("exclusive", "独占许可"),
                        ],
                        max_length=10,
                    ),
                ),
                ("territory", models.CharField(default="CN", max_length=120)),
                (
                    "modes",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=8), size=None
                    ),
                ),
                ("field_of_use", models.CharField(blank=True, default="", max_length=200)),
                ("months", models.PositiveSmallIntegerField(blank=True, null=True)),
                ("sublicensing", models.BooleanField(default=False)),
                ("foreign", models.BooleanField(default=False)),
                ("remarks", models.TextField(blank=True, default="", max_length=4000)),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("proposed", "待对方答复"),
                            ("accepted", "已接受"),
                            ("refused", "未接受"),
                            ("replaced", "已被新版本取代"),
                        ],
                        default="proposed",
                        max_length=8,
                    ),
                ),
                ("proposed_at", models.DateTimeField()),
                ("proposed_by", core.db.ActorKeyField(max_length=80)),
                ("answered_at", models.DateTimeField(blank=True, null=True)),
                ("answered_by", core.db.ActorKeyField(blank=True, max_length=80, null=True)),
                ("answer_reason", models.TextField(blank=True, default="", max_length=2000)),
                (
                    "deal",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="versions",
                        to="licensing.deal",
                    ),
                ),
                (
                    "plan",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="licensing.feeplan",
                    ),
                ),
            ],
            options={
                "verbose_name": "条款版本",
                "ordering": ["deal", "version"],
            },
        ),
        migrations.CreateModel(
            name="TermsPatent",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("position", models.PositiveSmallIntegerField()),
                ("patent_number", models.CharField(max_length=40)),
                ("patent_title", models.CharField(max_length=500)),
                (
                    "patent",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="listings.patent",
                    ),
                ),
                (
                    "terms",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="patents",
                        to="licensing.termsversion",
                    ),
                ),
            ],
            options={
                "verbose_name": "条款中的专利",
                "ordering": ["terms", "position"],
            },
        ),
        migrations.CreateModel(
            name="TermsFile",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "attachment",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="core.attachment",
                    ),
                ),
                (
                    "terms",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="files",
                        to="licensing.termsversion",
                    ),
                ),
            ],
            options={
                "verbose_name": "条款附件",
                "ordering": ["id"],
            },
        ),
        migrations.CreateModel(
            name="SignedCopy",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "side",
                    models.CharField(
                        choices=[("holder", "权利人"), ("taker", "需求方")], max_length=6
                    ),
                ),
                ("uploaded_at", models.DateTimeField()),
                ("uploaded_by", core.db.ActorKeyField(max_length=80)),
                ("uploaded_user_id", models.BigIntegerField(blank=True, null=True)),
                ("rejected_at", models.DateTimeField(blank=True, null=True)),
                ("rejected_by", core.db.ActorKeyField(blank=True, max_length=80, null=True)),
                ("rejected_reason", models.TextField(blank=True, default="", max_length=2000)),
                (
                    "attachment",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="core.attachment",
                    ),
                ),
                (
                    "terms",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="copies",
                        to="licensing.termsversion",
                    ),
                ),
            ],
            options={
                "verbose_name": "已签合同",
                "ordering": ["uploaded_at", "id"],
            },
        ),
        migrations.AddField(
            model_name="deal",
            name="agreed_terms",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="licensing.termsversion",
            ),
        ),
        migrations.CreateModel(
            name="DealApproval",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("funder", "资助项目管理机构批准"),
                            ("foreign", "向境外转让或许可的审批（技术出口）"),
                        ],
                        max_length=8,
                    ),
                ),
                ("authority", models.CharField(max_length=120, verbose_name="批准机构")),
                ("number", models.CharField(max_length=80, verbose_name="批准文号")),
                ("approved_on", models.DateField(verbose_name="批准日期")),
                ("recorded_at", models.DateTimeField()),
                ("recorded_by", core.db.ActorKeyField(max_length=80)),
                (
                    "attachment",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="core.attachment",
                    ),
                ),
                (
                    "deal",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="approvals",
                        to="licensing.deal",
                    ),
                ),
            ],
            options={
                "verbose_name": "批准文件",
                "constraints": [
                    models.UniqueConstraint(fields=("deal", "kind"), name="deal_approval_once"),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("authority", ""), _negated=True),
                            models.Q(("number", ""), _negated=True),
                        ),
                        name="deal_approval_named",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="DealItem",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("position", models.PositiveSmallIntegerField()),
                ("patent_number", models.CharField(max_length=40)),
                ("patent_title", models.CharField(max_length=500)),
                ("posted_on", models.DateField(blank=True, null=True)),
                ("holds_transfer", models.BooleanField(default=False)),
                (
                    "deal",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="items",
                        to="licensing.deal",
                    ),
                ),
                (
                    "encumbrance",
                    models.OneToOneField(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="listings.encumbrance",
                    ),
                ),
                (
                    "licence",
                    models.OneToOneField(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="deal_item",
                        to="licensing.licence",
                    ),
                ),
                (
                    "patent",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="listings.patent",
                    ),
                ),
                (
                    "posting",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="listings.posting",
                    ),
                ),
            ],
            options={
                "verbose_name": "洽谈的专利",
                "ordering": ["deal", "position"],
                "constraints": [
                    models.UniqueConstraint(fields=("deal", "patent"), name="deal_item_once"),
                    models.UniqueConstraint(
                        condition=models.Q(("holds_transfer", True)),
                        fields=("patent",),
                        name="one_signed_transfer_per_patent",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="DealMessage",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "side",
                    models.CharField(
                        choices=[("holder", "权利人"), ("taker", "需求方")], max_length=6
                    ),
                ),
                ("text", models.TextField(max_length=4000)),
                ("sent_at", models.DateTimeField()),
                ("sent_by", core.db.ActorKeyField(max_length=80)),
                (
                    "attachment",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="core.attachment",
                    ),
                ),
                (
                    "deal",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="messages",
                        to="licensing.deal",
                    ),
                ),
            ],
            options={
                "verbose_name": "洽谈消息",
                "ordering": ["sent_at", "id"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("text", ""), _negated=True),
                            ("attachment__isnull", False),
                            _connector="OR",
                        ),
                        name="deal_message_not_empty",
                    )
                ],
            },
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="dealmessage",
            trigger=pgtrigger.compiler.Trigger(
                name="deal_message_fixed",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                    hash="07571b18dbd923aa8bbd7a3c336124e94e6a1dca",
                    operation="UPDATE OR DELETE",
                    pgid="pgtrigger_deal_message_fixed_4df67",
                    table="licensing_dealmessage",
                    when="BEFORE",
                ),
            ),
        ),
        migrations.AddConstraint(
            model_name="termsversion",
            constraint=models.UniqueConstraint(
                fields=("deal", "version"), name="terms_version_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="termsversion",
            constraint=models.UniqueConstraint(
                condition=models.Q(("status", "proposed")),
                fields=("deal",),
                name="one_open_proposal",
            ),
        ),
        migrations.AddConstraint(
            model_name="termsversion",
            constraint=models.UniqueConstraint(
                condition=models.Q(("status", "accepted")),
                fields=("deal",),
                name="one_accepted_version",
            ),
        ),
        migrations.AddConstraint(
            model_name="termsversion",
            constraint=models.CheckConstraint(
                condition=models.Q(("status__in", ["proposed", "accepted", "refused", "replaced"])),
                name="terms_status_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="termsversion",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind__in", ["transfer", "ordinary", "sole", "exclusive"])),
                name="terms_kind_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="termsversion",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("answered_at__isnull", True), ("answered_by__isnull", True)),
                    models.Q(("answered_at__isnull", False), ("answered_by__isnull", False)),
                    _connector="OR",
                ),
                name="terms_answered_pair",
            ),
        ),
        migrations.AddConstraint(
            model_name="termsversion",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("status", "proposed"), ("answered_at__isnull", False), _connector="OR"
                ),
                name="terms_answered_whole",
            ),
        ),
        migrations.AddConstraint(
            model_name="termsversion",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("status", "refused"), _negated=True),
                    models.Q(("answer_reason", ""), _negated=True),
                    _connector="OR",
                ),
                name="terms_refused_with_reason",
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="termsversion",
            trigger=pgtrigger.compiler.Trigger(
                name="terms_moves",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    declare="DECLARE _is_valid_transition BOOLEAN;",
                    func='SELECT CONCAT(OLD."status", \':\', NEW."status") = ANY(\'{accepted:replaced,proposed:accepted,proposed:refused,proposed:replaced}\'::text[]) INTO _is_valid_transition; IF (_is_valid_transition IS FALSE AND OLD."status" IS DISTINCT FROM NEW."status") THEN RAISE EXCEPTION \'pgtrigger: Invalid transition of field "status" from "%" to "%" on table %\', OLD."status", NEW."status", TG_TABLE_NAME; ELSE RETURN NEW; END IF;',
                    hash="f264aa0b9e3477703b7333db5281bba1a7de354c",
                    operation="UPDATE",
                    pgid="pgtrigger_terms_moves_063d4",
                    table="licensing_termsversion",
                    when="BEFORE",
                ),
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="termsversion",
            trigger=pgtrigger.compiler.Trigger(
                name="terms_words_stand",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    condition='WHEN (OLD."deal_id" IS DISTINCT FROM (NEW."deal_id") OR OLD."version" IS DISTINCT FROM (NEW."version") OR OLD."side" IS DISTINCT FROM (NEW."side") OR OLD."kind" IS DISTINCT FROM (NEW."kind") OR OLD."territory" IS DISTINCT FROM (NEW."territory") OR OLD."modes" IS DISTINCT FROM (NEW."modes") OR OLD."field_of_use" IS DISTINCT FROM (NEW."field_of_use") OR OLD."months" IS DISTINCT FROM (NEW."months") OR OLD."sublicensing" IS DISTINCT FROM (NEW."sublicensing") OR OLD."foreign" IS DISTINCT FROM (NEW."foreign") OR OLD."plan_id" IS DISTINCT FROM (NEW."plan_id") OR OLD."remarks" IS DISTINCT FROM (NEW."remarks") OR OLD."proposed_at" IS DISTINCT FROM (NEW."proposed_at") OR OLD."proposed_by" IS DISTINCT FROM (NEW."proposed_by"))',
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update rows from % table', TG_TABLE_NAME;",
                    hash="7b867d0231aa41af505343930a651eb8d8d26724",
                    operation="UPDATE",
                    pgid="pgtrigger_terms_words_stand_7cff0",
                    table="licensing_termsversion",
                    when="BEFORE",
                ),
            ),
        ),
        migrations.AddConstraint(
            model_name="termspatent",
            constraint=models.UniqueConstraint(
                fields=("terms", "patent"), name="terms_patent_once"
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="termspatent",
            trigger=pgtrigger.compiler.Trigger(
                name="terms_patent_fixed",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    func="RAISE EXCEPTION 'pgtrigger: Cannot update or delete rows from % table', TG_TABLE_NAME;",
                    hash="711750245ed3d0fff06cd0e1749aaba7defb1b5d",
                    operation="UPDATE OR DELETE",
                    pgid="pgtrigger_terms_patent_fixed_d54e7",
                    table="licensing_termspatent",
                    when="BEFORE",
                ),
            ),
        ),
        migrations.AddConstraint(
            model_name="signedcopy",
            constraint=models.UniqueConstraint(
                condition=models.Q(("rejected_at__isnull", True)),
                fields=("terms", "side"),
                name="one_signed_copy_per_side",
            ),
        ),
        migrations.AddConstraint(
            model_name="signedcopy",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("rejected_at__isnull", True), ("rejected_by__isnull", True)),
                    models.Q(("rejected_at__isnull", False), ("rejected_by__isnull", False)),
                    _connector="OR",
                ),
                name="signed_copy_rejected_pair",
            ),
        ),
        migrations.AddConstraint(
            model_name="signedcopy",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("rejected_at__isnull", True),
                    models.Q(("rejected_reason", ""), _negated=True),
                    _connector="OR",
                ),
                name="signed_copy_rejected_with_reason",
            ),
        ),
        migrations.AddIndex(
            model_name="deal",
            index=models.Index(fields=["holder", "-id"], name="deal_holder"),
        ),
        migrations.AddIndex(
            model_name="deal",
            index=models.Index(fields=["taker", "-id"], name="deal_taker"),
        ),
        migrations.AddIndex(
            model_name="deal",
            index=models.Index(fields=["patent", "status"], name="deal_patent"),
        ),
        migrations.AddIndex(
            model_name="deal",
            index=models.Index(fields=["status", "region"], name="deal_region"),
        ),
        migrations.AddConstraint(
            model_name="deal",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "status__in",
                        [
                            "intent",
                            "negotiating",
                            "agreed",
                            "posted",
                            "signed",
                            "registered",
                            "settled",
                            "declined",
                            "withdrawn",
                        ],
                    )
                ),
                name="deal_status_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="deal",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind__in", ["transfer", "ordinary", "sole", "exclusive"])),
                name="deal_kind_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="deal",
            constraint=models.CheckConstraint(
                condition=models.Q(("holder", models.F("taker")), _negated=True),
                name="deal_two_parties",
            ),
        ),
        migrations.AddConstraint(
            model_name="deal",
            constraint=models.UniqueConstraint(
                condition=models.Q(("status__in", ["agreed", "intent", "negotiating", "posted"])),
                fields=("patent", "taker"),
                name="one_open_deal_per_taker",
            ),
        ),
        migrations.AddConstraint(
            model_name="deal",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("agreed_at__isnull", True), ("agreed_by__isnull", True)),
                    models.Q(("agreed_at__isnull", False), ("agreed_by__isnull", False)),
                    _connector="OR",
                ),
                name="deal_agreed_pair",
            ),
        ),
        migrations.AddConstraint(
            model_name="deal",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("agreed_at__isnull", True), ("agreed_terms__isnull", True)),
                    models.Q(("agreed_at__isnull", False), ("agreed_terms__isnull", False)),
                    _connector="OR",
                ),
                name="deal_agreed_pins_terms",
            ),
        ),
        migrations.AddConstraint(
            model_name="deal",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("status__in", ["agreed", "posted", "registered", "settled", "signed"]),
                        _negated=True,
                    ),
                    ("agreed_at__isnull", False),
                    _connector="OR",
                ),
                name="deal_agreed_whole",
            ),
        ),
        migrations.AddConstraint(
            model_name="deal",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("status", "posted"), _negated=True),
                    ("posted_on__isnull", False),
                    _connector="OR",
                ),
                name="deal_posted_whole",
            ),
        ),
        migrations.AddConstraint(
            model_name="deal",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("needs_posting", True),
                        ("status__in", ["registered", "settled", "signed"]),
                        _negated=True,
                    ),
                    ("posted_on__isnull", False),
                    _connector="OR",
                ),
                name="deal_signed_after_posting",
            ),
        ),
        migrations.AddConstraint(
            model_name="deal",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("sealed_at__isnull", True), ("sealed_by__isnull", True)),
                    models.Q(("sealed_at__isnull", False), ("sealed_by__isnull", False)),
                    _connector="OR",
                ),
                name="deal_sealed_pair",
            ),
        ),
        migrations.AddConstraint(
            model_name="deal",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("status__in", ["registered", "settled", "signed"]), _negated=True),
                    models.Q(("effective_on__isnull", False), ("sealed_at__isnull", False)),
                    _connector="OR",
                ),
                name="deal_signed_whole",
            ),
        ),
        migrations.AddConstraint(
            model_name="deal",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("sealed_user_id__isnull", True),
                    ("holder_signer_id__isnull", True),
                    models.Q(("sealed_user_id", models.F("holder_signer_id")), _negated=True),
                    _connector="OR",
                ),
                name="deal_seal_two_persons",
            ),
        ),
        migrations.AddConstraint(
            model_name="deal",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("registered_at__isnull", True), ("registered_by__isnull", True)),
                    models.Q(("registered_at__isnull", False), ("registered_by__isnull", False)),
                    _connector="OR",
                ),
                name="deal_registered_pair",
            ),
        ),
        migrations.AddConstraint(
            model_name="deal",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("status__in", ["registered", "settled"]), _negated=True),
                    models.Q(
                        ("registered_at__isnull", False),
                        ("registered_on__isnull", False),
                        models.Q(("register_number", ""), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="deal_registered_whole",
            ),
        ),
        migrations.AddConstraint(
            model_name="deal",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("settled_at__isnull", True), ("settled_by__isnull", True)),
                    models.Q(("settled_at__isnull", False), ("settled_by__isnull", False)),
                    _connector="OR",
                ),
                name="deal_settled_pair",
            ),
        ),
        migrations.AddConstraint(
            model_name="deal",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("status", "settled"), _negated=True),
                    models.Q(
                        ("settled_amount__gte", 0),
                        ("settled_at__isnull", False),
                        ("settled_on__isnull", False),
                    ),
                    _connector="OR",
                ),
                name="deal_settled_whole",
            ),
        ),
        migrations.AddConstraint(
            model_name="deal",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("closed_at__isnull", True), ("closed_by__isnull", True)),
                    models.Q(("closed_at__isnull", False), ("closed_by__isnull", False)),
                    _connector="OR",
                ),
                name="deal_closed_pair",
            ),
        ),
        migrations.AddConstraint(
            model_name="deal",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("status__in", ["declined", "withdrawn"]), _negated=True),
                    models.Q(
                        ("closed_at__isnull", False), models.Q(("closed_reason", ""), _negated=True)
                    ),
                    _connector="OR",
                ),
                name="deal_closed_with_reason",
            ),
        ),
        migrations.AddConstraint(
            model_name="deal",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("ends_on__isnull", True),
                    ("ends_on__gte", models.F("effective_on")),
                    _connector="OR",
                ),
                name="deal_term_forward",
            ),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name="deal",
            trigger=pgtrigger.compiler.Trigger(
                name="deal_moves",
                sql=pgtrigger.compiler.UpsertTriggerSql(
                    declare="DECLARE _is_valid_transition BOOLEAN;",
                    func='SELECT CONCAT(OLD."status", \':\', NEW."status") = ANY(\'{agreed:negotiating,agreed:posted,agreed:signed,agreed:withdrawn,intent:declined,intent:negotiating,intent:withdrawn,negotiating:agreed,negotiating:withdrawn,posted:negotiating,posted:signed,posted:withdrawn,registered:settled,signed:registered}\'::text[]) INTO _is_valid_transition; IF (_is_valid_transition IS FALSE AND OLD."status" IS DISTINCT FROM NEW."status") THEN RAISE EXCEPTION \'pgtrigger: Invalid transition of field "status" from "%" to "%" on table %\', OLD."status", NEW."status", TG_TABLE_NAME; ELSE RETURN NEW; END IF;',
                    hash="a95cbd1c23f2ce774de03df558b6b79f140b4b34",
                    operation="UPDATE",
                    pgid="pgtrigger_deal_moves_f8c65",
                    table="licensing_deal",
                    when="BEFORE",
                ),
            ),
        ),
    ]
