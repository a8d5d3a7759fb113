"""What the API says of patents, listings and imports."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from core.reference import ipc as ipc_rules
from core.reference import selectors as reference
from listings.imports import limits
from listings.rules.standing import EVENTS
from listings.types import (
    Contrast,
    Gain,
    HolderInput,
    HolderKind,
    OfferInput,
    PatentInput,
    PatentKind,
    PatentStatus,
    Route,
)

KINDS = [(kind.value, kind.value) for kind in PatentKind]
STATUSES = [(status.value, status.value) for status in PatentStatus]
LICENCE_KINDS = [("ordinary", "普通许可"), ("sole", "排他许可"), ("exclusive", "独占许可")]
EVENT_CODES = [(code, words[0]) for code, words in EVENTS.items()]
ROUTES = [(route.value, route.value) for route in Route]
LISTING_STATES = [
    (state, state)
    for state in ("draft", "submitted", "listed", "suspended", "converted", "withdrawn")
]


class HolderSerializer(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=200)
    kind = serializers.ChoiceField(
        choices=[(kind.value, kind.value) for kind in HolderKind], default="organisation"
    )
    share = serializers.DecimalField(
        max_digits=5, decimal_places=2, allow_null=True, required=False, default=None
    )


class GainSerializer(serializers.Serializer[Any]):
    """One gain in numbers."""

    quantity = serializers.CharField(max_length=200, help_text="指标，如“升温时间”")
    value = serializers.DecimalField(max_digits=20, decimal_places=6, help_text="数值")
    unit = serializers.CharField(max_length=40, allow_blank=True, default="")
    against = serializers.CharField(
        max_length=200, allow_blank=True, default="", help_text="和什么比"
    )


class ContrastSerializer(serializers.Serializer[Any]):
    """One row of the comparison with the usual solution."""

    aspect = serializers.CharField(max_length=200, help_text="比什么")
    usual = serializers.CharField(max_length=200, help_text="常规方案")
    ours = serializers.CharField(max_length=200, help_text="本方案")


class OfferSerializer(serializers.Serializer[Any]):
    """An offer sheet in plain words."""

    summary = serializers.CharField(
        max_length=80, allow_blank=True, required=False, help_text="一句话简介"
    )
    gains = GainSerializer(many=True, required=False, help_text="量化收益，最多 8 条")
    contrasts = ContrastSerializer(many=True, required=False, help_text="与常规方案对比，最多 8 行")
    scenes = serializers.ListField(
        child=serializers.CharField(max_length=60), required=False, help_text="应用场景"
    )
    problem = serializers.CharField(
        max_length=5_000, allow_blank=True, required=False, help_text="解决什么问题"
    )
    how = serializers.CharField(
        max_length=5_000, allow_blank=True, required=False, help_text="怎样解决"
    )
    benefit = serializers.CharField(
        max_length=5_000, allow_blank=True, required=False, help_text="效果与数据"
    )
    maturity = serializers.CharField(
        max_length=300, allow_blank=True, required=False, help_text="成熟程度"
    )
    routes = serializers.ListField(
        child=serializers.ChoiceField(choices=ROUTES), required=False, help_text="希望的转化方式"
    )
    asking_price = serializers.DecimalField(
        max_digits=18,
        decimal_places=2,
        min_value=0,
        allow_null=True,
        required=False,
        help_text="意向价格（元）；null 表示面议，0 表示免费",
    )


class OfferInputSerializer(OfferSerializer):
    """What may be written of an offer."""

    contact = serializers.CharField(
        max_length=200, allow_blank=True, required=False, help_text="联系方式"
    )

    def offer(self, known: OfferInput) -> OfferInput:
        """The sheet with what was sent put over what is there."""
        data = {**self.validated_data}
        data.pop("patent_id", None)
        if "routes" in data:
            data["routes"] = tuple(Route(route) for route in data["routes"])
        for name, kind in (("gains", Gain), ("contrasts", Contrast)):
            if name in data:
                data[name] = tuple(kind(**row) for row in data[name])
        if "scenes" in data:
            data["scenes"] = tuple(data["scenes"])
        values = {name: getattr(known, name) for name in known.__dataclass_fields__}
        return OfferInput(**(values | data))


class NewListingSerializer(OfferInputSerializer):
    patent_id = serializers.IntegerField(min_value=1, help_text="本单位库中的专利")


class SuspendSerializer(serializers.Serializer[Any]):
    reason = serializers.CharField(max_length=200, help_text="暂停原因")


class PatentSerializer(serializers.Serializer[Any]):
    """A patent as the viewer may see it."""

    id = serializers.IntegerField()
    office = serializers.CharField()
    number = serializers.CharField(allow_null=True, help_text="规范申请号；null 表示待核实")
    printed = serializers.CharField(help_text="印刷写法，如 ZL 2017 1 0601862.3")
    title = serializers.CharField()
    abstract = serializers.CharField()
    kind = serializers.ChoiceField(choices=KINDS)
    status = serializers.ChoiceField(choices=STATUSES, help_text="由全部法律事件折算")
    filed_on = serializers.DateField(allow_null=True)
    granted_on = serializers.DateField(allow_null=True)
    expires_on = serializers.DateField(allow_null=True)
    annuity_paid_to = serializers.DateField(allow_null=True)
    ipc = serializers.ListField(child=serializers.CharField())
    locarno = serializers.ListField(child=serializers.CharField())
    industry_codes = serializers.ListField(child=serializers.CharField())
    holders = serializers.ListField(child=serializers.CharField(), source="holder_names")
    organisation_id = serializers.IntegerField(allow_null=True, help_text="管理单位")
    organisation_name = serializers.CharField()
    region = serializers.CharField(help_text="GB/T 2260 代码")
    trl = serializers.IntegerField(allow_null=True)
    is_sample = serializers.BooleanField(help_text="平台自带的示例")
    listing_id = serializers.IntegerField(allow_null=True)
    listing_status = serializers.CharField(allow_blank=True)
    open_licence = serializers.BooleanField(source="is_declared", help_text="可直接取得开放许可")


class PatentDetailSerializer(PatentSerializer):
    version = serializers.IntegerField(help_text="与 ETag 一致，修改时放入 If-Match")


class NewPatentSerializer(serializers.Serializer[Any]):
    """A patent's record on its way in; spellings need not be canonical."""

    title = serializers.CharField(max_length=500)
    number = serializers.CharField(max_length=60, allow_blank=True, required=False)
    kind = serializers.ChoiceField(choices=KINDS, required=False)
    abstract = serializers.CharField(max_length=20_000, allow_blank=True, required=False)
    filed_on = serializers.DateField(allow_null=True, required=False)
    granted_on = serializers.DateField(allow_null=True, required=False)
    expires_on = serializers.DateField(allow_null=True, required=False)
    annuity_paid_to = serializers.DateField(allow_null=True, required=False)
    ipc = serializers.ListField(child=serializers.CharField(max_length=40), required=False)
    locarno = serializers.ListField(child=serializers.CharField(max_length=20), required=False)
    industry_codes = serializers.ListField(
        child=serializers.CharField(max_length=10), required=False
    )
    trl = serializers.IntegerField(min_value=1, max_value=9, allow_null=True, required=False)
    funding_project = serializers.CharField(max_length=300, allow_blank=True, required=False)

    def validate_ipc(self, value: list[str]) -> list[str]:
        for text in value:
            try:
                ipc_rules.parse(text)
            except ipc_rules.IpcError as error:
                raise serializers.ValidationError(str(error)) from error
        return value

    def validate_industry_codes(self, value: list[str]) -> list[str]:
        for code in value:
            if not reference.industry_known(code.upper()):
                raise serializers.ValidationError(
                    f"“{code}”不是 GB/T 4754—2017 的行业代码，请核对。"
                )
        return [code.upper() for code in value]

    def changes(self) -> dict[str, Any]:
        data = dict(self.validated_data)
        for name in ("ipc", "locarno", "industry_codes"):
            if name in data:
                data[name] = tuple(data[name])
        if "kind" in data:
            data["kind"] = PatentKind(data["kind"])
        return data


class RegisterSerializer(NewPatentSerializer):
    holders = HolderSerializer(many=True, required=False)

    def as_input(self) -> PatentInput:
        data = self.changes()
        holders = data.pop("holders", [])
        return PatentInput(
            **data,
            holders=tuple(
                HolderInput(row["name"], HolderKind(row["kind"]), row["share"]) for row in holders
            ),
        )


class LegalEventSerializer(serializers.Serializer[Any]):
    """A legal event on its way in, with what the gazette says beside its code."""

    code = serializers.ChoiceField(choices=EVENT_CODES)
    occurred_on = serializers.DateField()
    reference = serializers.CharField(max_length=40, allow_blank=True, default="")
    from_parties = serializers.ListField(
        child=serializers.CharField(max_length=200),
        max_length=20,
        required=False,
        help_text="变更前权利人、出质人或让与人",
    )
    to_parties = serializers.ListField(
        child=serializers.CharField(max_length=200),
        max_length=20,
        required=False,
        help_text="变更后权利人、质权人或受让人",
    )
    ends_on = serializers.DateField(required=False, help_text="质押、许可的到期日")
    licence_kind = serializers.ChoiceField(
        choices=LICENCE_KINDS,
        required=False,
    )
    days = serializers.IntegerField(
        min_value=1, max_value=3653, required=False, help_text="期限补偿（TC01）的天数"
    )
    note = serializers.CharField(max_length=300, required=False, allow_blank=True)

    def given(self) -> dict[str, Any]:
        """What the service takes."""
        data = self.validated_data
        detail = {
            "from": data.get("from_parties"),
            "to": data.get("to_parties"),
            "ends_on": data["ends_on"].isoformat() if data.get("ends_on") else None,
            "kind": data.get("licence_kind"),
            "days": data.get("days"),
            "note": data.get("note"),
        }
        return {
            "code": data["code"],
            "occurred_on": data["occurred_on"],
            "reference": data["reference"],
            "detail": {name: value for name, value in detail.items() if value},
        }


class RecordedEventSerializer(serializers.Serializer[Any]):
    """A legal event of a patent."""

    id = serializers.IntegerField()
    code = serializers.CharField()
    name = serializers.CharField(source="label", help_text="事件的中文名称")
    occurred_on = serializers.DateField()
    reference = serializers.CharField(allow_blank=True)
    told = serializers.CharField(allow_blank=True, help_text="当事人、期限等内容")
    came_from = serializers.CharField(
        source="source", help_text="gazette 专利公报，import 清单导入"
    )
    recorded_at = serializers.DateTimeField()


class ListingSerializer(OfferSerializer):
    """An offer with the patent it is of."""

    id = serializers.IntegerField(source="listing_id")
    status = serializers.ChoiceField(choices=LISTING_STATES, source="listing_status")
    listed_at = serializers.DateTimeField(allow_null=True)
    licence_mode = serializers.CharField(allow_blank=True)
    patent = PatentSerializer(source="*")


class RowProblemSerializer(serializers.Serializer[Any]):
    """What is wrong with one cell, and how to mend it."""

    severity = serializers.ChoiceField(choices=[("error", "error"), ("warning", "warning")])
    column = serializers.CharField(allow_blank=True)
    field = serializers.CharField(allow_blank=True)
    code = serializers.CharField()
    reason = serializers.CharField(help_text="哪里不对")
    mend = serializers.CharField(allow_blank=True, help_text="怎样改")
    value = serializers.CharField(allow_blank=True)


class ImportRowSerializer(serializers.Serializer[Any]):
    number = serializers.IntegerField(help_text="文件中的行号")
    verdict = serializers.ChoiceField(
        choices=[
            (v, v) for v in ("pending", "created", "updated", "unchanged", "warning", "rejected")
        ]
    )
    patent_id = serializers.IntegerField(allow_null=True)
    problems = RowProblemSerializer(many=True)
    changes = serializers.DictField(
        child=serializers.ListField(),
        allow_null=True,
        help_text="要更新的各项：[现在的值, 更新后的值]",
    )


class ImportSerializer(serializers.Serializer[Any]):
    """One import: its state and the number of rows of each verdict."""

    id = serializers.IntegerField(read_only=True)
    filename = serializers.CharField(read_only=True)
    state = serializers.CharField(
        read_only=True,
        help_text="checking, checked, running, done, stopped, failed, undoing, undone",
    )
    rows = serializers.IntegerField(
        source="about.rows", read_only=True, default=None, help_text="全部读完之前为 null"
    )
    problem = serializers.CharField(read_only=True, help_text="没有完成的原因；否则为空")
    complete = serializers.BooleanField(read_only=True, help_text="是否完整清单")
    continues = serializers.IntegerField(
        source="continues_id", read_only=True, allow_null=True, help_text="改好的是哪个批次的行"
    )
    progress = serializers.IntegerField(read_only=True)
    counts = serializers.DictField(child=serializers.IntegerField(), read_only=True)
    mapping = serializers.DictField(child=serializers.IntegerField(), read_only=True)
    header = serializers.ListField(
        child=serializers.CharField(), source="about.header", read_only=True
    )
    created_at = serializers.DateTimeField(read_only=True)
    finished_at = serializers.DateTimeField(read_only=True, allow_null=True)


class UploadSerializer(serializers.Serializer[Any]):
    file = serializers.FileField(
        allow_empty_file=True,
        help_text=".xlsx、.csv、.jsonl 或 .xml（ST.36、ST.96），不超过 200 MB、10 万行",
    )

    complete = serializers.BooleanField(
        default=False, help_text="是否本单位的完整清单：是则列出在库却不在清单中的专利"
    )

    def validate_file(self, value: Any) -> Any:
        if value.size > limits.UPLOAD_BYTES:
            raise serializers.ValidationError(
                "文件超过 200 MB，未接收。请按年份或学院拆成几个文件，分批上传。"
            )
        return value


class AbsenceSerializer(serializers.Serializer[Any]):
    """A patent of the stock that a complete list does not name."""

    id = serializers.IntegerField()
    patent_id = serializers.IntegerField()
    number = serializers.CharField(source="patent.number", allow_null=True)
    title = serializers.CharField(source="patent.title")
    state = serializers.ChoiceField(choices=[(v, v) for v in ("proposed", "archived", "kept")])
    on_offer = serializers.BooleanField(help_text="正在挂牌，须先撤回才能归档")


class AbsentDecisionSerializer(serializers.Serializer[Any]):
    decision = serializers.ChoiceField(choices=[("archive", "归档"), ("keep", "保留")])
    ids = serializers.ListField(
        child=serializers.IntegerField(), required=False, max_length=5_000, help_text="不填为全部"
    )


class AbsentDecidedSerializer(serializers.Serializer[Any]):
    decided = serializers.IntegerField()
    on_offer = serializers.IntegerField(help_text="因正在挂牌而没有归档的件数")


class UndoneSerializer(serializers.Serializer[Any]):
    class KeptSerializer(serializers.Serializer[Any]):
        number = serializers.IntegerField()
        reason = serializers.CharField()

    state = serializers.CharField()
    kept = KeptSerializer(many=True)
