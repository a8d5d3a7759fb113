"""The shapes of this room's resources. They shape; services save."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from matching import rules
from matching.models import Evaluation, Match, MatchOptOut, Need, Subscription
from matching.models.choices import (
    Ending,
    ImprovementWish,
    Intent,
    LicenceMode,
    ListType,
    Rejection,
    Visibility,
)
from matching.rules import needs as need_rules
from matching.selectors import NeedFace
from matching.types import Ending as EndingCode
from matching.types import EndingInput, Metric, NeedInput, SubscriptionInput, Verdict
from matching.types import ImprovementWish as ImprovementWishCode
from matching.types import Intent as IntentCode
from matching.types import ListType as ListTypeCode
from matching.types import Rejection as RejectionCode
from matching.types import Visibility as VisibilityCode


class MetricSerializer(serializers.Serializer[Metric]):
    """One target with its number."""

    metric = serializers.CharField(max_length=need_rules.LONGEST_METRIC)
    wanted = serializers.CharField(max_length=need_rules.LONGEST_METRIC)
    now = serializers.CharField(
        required=False, allow_blank=True, max_length=need_rules.LONGEST_METRIC
    )
    unit = serializers.CharField(required=False, allow_blank=True, max_length=20)


class NeedSerializer(serializers.ModelSerializer[Need]):
    """A need as its reader may see it: what its firm has not released is empty."""

    organisation = serializers.IntegerField(
        source="organisation_id", allow_null=True, help_text="保密需求在联系之前为 null"
    )
    metrics = MetricSerializer(many=True)
    withheld = serializers.SerializerMethodField(help_text="企业没有公开的栏目")

    class Meta:
        model = Need
        fields = (
            "id", "organisation", "status", "visibility", "list_type", "is_confidential",
            "withheld", "title", "situation", "problem", "targets", "metrics", "tried", "limits",
            "budget", "deadline", "industry_codes", "ipc", "trl", "licence_modes", "region",
            "is_sample", "version", "opened_at", "ended_at", "expires_on", "ending", "matched_at",
        )  # fmt: skip
        read_only_fields = fields

    @extend_schema_field(serializers.ListField(child=serializers.CharField()))
    def get_withheld(self, row: NeedFace) -> list[str]:
        return sorted(row.withheld & set(need_rules.FIELDS))


class NewNeedSerializer(serializers.Serializer[NeedInput]):
    """A need as it is posted or edited."""

    title = serializers.CharField(max_length=200)
    situation = serializers.CharField(required=False, allow_blank=True, max_length=5_000)
    problem = serializers.CharField(required=False, allow_blank=True, max_length=5_000)
    targets = serializers.CharField(required=False, allow_blank=True, max_length=3_000)
    budget = serializers.DecimalField(
        max_digits=18, decimal_places=2, required=False, allow_null=True, min_value=0
    )
    deadline = serializers.DateField(required=False, allow_null=True)
    industry_codes = serializers.ListField(
        child=serializers.CharField(max_length=5), required=False, max_length=10
    )
    ipc = serializers.ListField(
        child=serializers.CharField(max_length=16), required=False, max_length=20
    )
    trl = serializers.IntegerField(required=False, allow_null=True, min_value=1, max_value=9)
    licence_modes = serializers.ListField(
        child=serializers.ChoiceField(LicenceMode.choices), required=False
    )
    region = serializers.CharField(required=False, allow_blank=True, max_length=6)
    visibility = serializers.ChoiceField(Visibility.choices, required=False)
    tried = serializers.CharField(required=False, allow_blank=True, max_length=3_000)
    limits = serializers.CharField(required=False, allow_blank=True, max_length=3_000)
    metrics = MetricSerializer(many=True, required=False)
    list_type = serializers.ChoiceField(ListType.choices, required=False)
    is_confidential = serializers.BooleanField(required=False)
    released = serializers.ListField(
        child=serializers.ChoiceField([(name, name) for name in need_rules.FIELDS]),
        required=False,
        help_text="保密需求仍然公开的栏目",
    )

    def value(self, kept: NeedInput | None = None) -> NeedInput:
        """The need; what a partial edit does not name stays as it is."""
        data = _tuples(self.validated_data)
        if "visibility" in data:
            data["visibility"] = VisibilityCode(data["visibility"])
        if "list_type" in data:
            data["list_type"] = ListTypeCode(data["list_type"])
        if "metrics" in data:
            data["metrics"] = tuple(Metric(**row) for row in data["metrics"])
        base = {name: getattr(kept, name) for name in NeedInput.__slots__} if kept else {}
        return NeedInput(**base | data)


class PostedNeedSerializer(NewNeedSerializer):
    """A new need, open at once if asked for."""

    open_now = serializers.BooleanField(required=False, default=False)
    organisation = serializers.IntegerField(
        required=False,
        allow_null=True,
        min_value=1,
        max_value=2**53,
        help_text="受委托时填委托方的机构编号；存在对方名下，由对方核对后开放",
    )

    def value(self, kept: NeedInput | None = None) -> NeedInput:
        self.validated_data.pop("open_now", None)
        self.validated_data.pop("organisation", None)
        return super().value(kept)


class EndingSerializer(serializers.Serializer[EndingInput]):
    """How a need ended; may be left out altogether."""

    ending = serializers.ChoiceField(Ending.choices, required=False)
    patent_id = serializers.IntegerField(required=False, allow_null=True, min_value=1)
    note = serializers.CharField(
        required=False, allow_blank=True, max_length=need_rules.LONGEST_NOTE
    )

    def value(self) -> EndingInput | None:
        """What was said; None when nothing was."""
        data = self.validated_data
        if "ending" not in data:
            return None
        ending = EndingCode(data["ending"])
        return EndingInput(ending, data.get("patent_id"), data.get("note", ""))


class SubscriptionSerializer(serializers.ModelSerializer[Subscription]):
    """A subscription as its owner sees it."""

    class Meta:
        model = Subscription
        fields = (
            "id", "organisation", "status", "name", "text", "keywords", "industry_codes", "ipc",
            "regions", "price_cap", "licence_modes", "min_score", "bell", "is_sample", "version",
            "matched_at",
        )  # fmt: skip
        read_only_fields = fields


class NewSubscriptionSerializer(serializers.Serializer[SubscriptionInput]):
    """A subscription as it is made or edited."""

    name = serializers.CharField(max_length=100)
    text = serializers.CharField(required=False, allow_blank=True, max_length=2_000)
    keywords = serializers.ListField(
        child=serializers.CharField(max_length=60), required=False, max_length=30
    )
    industry_codes = serializers.ListField(
        child=serializers.CharField(max_length=5), required=False, max_length=10
    )
    ipc = serializers.ListField(
        child=serializers.CharField(max_length=16), required=False, max_length=20
    )
    regions = serializers.ListField(
        child=serializers.CharField(max_length=6), required=False, max_length=40
    )
    price_cap = serializers.DecimalField(
        max_digits=18, decimal_places=2, required=False, allow_null=True, min_value=0
    )
    licence_modes = serializers.ListField(
        child=serializers.ChoiceField(LicenceMode.choices), required=False
    )
    min_score = serializers.IntegerField(required=False, min_value=0, max_value=100)
    bell = serializers.BooleanField(required=False)

    def value(self, kept: SubscriptionInput | None = None) -> SubscriptionInput:
        """The profile; what a partial edit does not name stays as it is."""
        base = {name: getattr(kept, name) for name in SubscriptionInput.__slots__} if kept else {}
        return SubscriptionInput(**base | _tuples(self.validated_data))


def _tuples(data: dict[str, Any]) -> dict[str, Any]:
    return {key: tuple(v) if isinstance(v, list) else v for key, v in data.items()}


class ReasonSerializer(serializers.Serializer[dict[str, Any]]):
    """One part of a score; `ticks` are ten-thousandths, and those of all add up to the score's."""

    signal = serializers.CharField()
    code = serializers.CharField()
    value = serializers.FloatField(help_text="信号强度，-1 至 1")
    weight = serializers.FloatField(help_text="最多可得分")
    ticks = serializers.IntegerField(help_text="得分的万分之一；各项之和等于 score_ticks")
    evidence = serializers.ListField(child=serializers.CharField())


class MatchSerializer(serializers.ModelSerializer[Match]):
    """A patent that fits a demand, with every reason."""

    demand_kind = serializers.SerializerMethodField()
    demand_id = serializers.SerializerMethodField()
    score = serializers.SerializerMethodField(help_text="0 至 100，四位小数")
    score_ticks = serializers.IntegerField(source="ticks")
    reasons = ReasonSerializer(many=True)
    engine_version = serializers.IntegerField(source="engine_id")

    class Meta:
        model = Match
        fields = (
            "id", "organisation", "demand_kind", "demand_id", "patent", "score", "score_ticks",
            "reasons", "engine_version", "first_at", "computed_at",
        )  # fmt: skip
        read_only_fields = fields

    def get_demand_kind(self, row: Match) -> str:
        return row.demand.kind.value

    def get_demand_id(self, row: Match) -> int:
        return row.demand.id

    @extend_schema_field(serializers.DecimalField(max_digits=7, decimal_places=4))
    def get_score(self, row: Match) -> str:
        return f"{row.ticks / 10_000:.4f}"


class EvaluationSerializer(serializers.ModelSerializer[Evaluation]):
    """What a receiver said of a patent."""

    patent = serializers.IntegerField(source="lead.patent_id")
    organisation = serializers.IntegerField(source="lead.organisation_id")

    class Meta:
        model = Evaluation
        fields = (
            "id", "patent", "organisation", "prospect", "is_implied", "interested", "reason",
            "improvement", "cooperation", "wishes", "intents", "rated_at",
        )  # fmt: skip
        read_only_fields = fields


class NewEvaluationSerializer(serializers.Serializer[Verdict]):
    """A rating of a match. Without `prospect` one is implied by `interested`."""

    match = serializers.IntegerField(min_value=1)
    interested = serializers.BooleanField()
    prospect = serializers.IntegerField(
        required=False,
        min_value=1,
        max_value=5,
        help_text=f"不填：感兴趣计 {rules.INTERESTED_PROSPECT}，不适合计 {rules.REJECTED_PROSPECT}",
    )
    reason = serializers.ChoiceField(Rejection.choices, required=False, allow_blank=True)
    improvement = serializers.CharField(required=False, allow_blank=True, max_length=500)
    cooperation = serializers.CharField(required=False, allow_blank=True, max_length=500)
    wishes = serializers.ListField(
        child=serializers.ChoiceField(ImprovementWish.choices), required=False, max_length=6
    )
    intents = serializers.ListField(
        child=serializers.ChoiceField(Intent.choices),
        required=False,
        max_length=6,
        help_text="选了即视为联系：权利人将看到贵单位名称",
    )

    def value(self) -> Verdict:
        data = self.validated_data
        reason = data.get("reason")
        return Verdict(
            interested=data["interested"],
            prospect=data.get("prospect"),
            reason=RejectionCode(reason) if reason else None,
            improvement=data.get("improvement", ""),
            cooperation=data.get("cooperation", ""),
            wishes=tuple(ImprovementWishCode(code) for code in data.get("wishes", ())),
            intents=tuple(IntentCode(code) for code in data.get("intents", ())),
        )


class OptOutSerializer(serializers.ModelSerializer[MatchOptOut]):
    """What an organisation does not want to see again."""

    class Meta:
        model = MatchOptOut
        fields = ("id", "organisation", "patent", "holder", "made_at")
        read_only_fields = fields


class NewOptOutSerializer(serializers.Serializer[Any]):
    """Opt out of the patent of a match, or of everything of its holder."""

    match = serializers.IntegerField(min_value=1)
    holder = serializers.BooleanField(required=False, default=False)
