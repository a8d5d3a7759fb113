"""Patent pools for programs: the same commands and questions as the pages."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.permissions import SAFE_METHODS, AllowAny
from rest_framework.response import Response

from core.api.schema import ID, KEY, REFUSED, problems
from core.api.types import Request
from licensing.api.serializers import FeePartSerializer, ReasonSerializer, fee_part
from licensing.api.views import Room
from licensing.models import Pool, PoolEntry, PoolIncome, PoolLicence, PoolTerms
from licensing.rules import pools as rules
from licensing.selectors import pools as selectors
from licensing.services import pool_entries, pool_licences, pool_papers
from licensing.services import pools as services
from licensing.types import PoolBargain

POOL_SPLITS = [(s.value, rules.SPLIT_LABELS[s]) for s in rules.Split]
POOL_STATES = [(s.value, rules.POOL_LABELS[s]) for s in rules.PoolStatus]
POOL_ENTRY_STATES = [(s.value, rules.ENTRY_LABELS[s]) for s in rules.EntryStatus]
POOL_LICENCE_STATES = [(s.value, rules.POOL_LICENCE_LABELS[s]) for s in rules.PoolLicenceStatus]
CHANGED = problems(*REFUSED)


class PoolTermsSerializer(serializers.ModelSerializer[PoolTerms]):
    """A version of a pool's standard terms."""

    fee_parts = serializers.SerializerMethodField()

    class Meta:
        model = PoolTerms
        fields = ("version", "months", "remarks", "published_at", "fee_parts")
        read_only_fields = fields

    @extend_schema_field(FeePartSerializer(many=True))
    def get_fee_parts(self, row: PoolTerms) -> Any:
        """What a licence costs."""
        return [FeePartSerializer(part).data for part in row.plan.terms()]


class PoolSerializer(serializers.ModelSerializer[Pool]):
    """A pool as anyone may read it."""

    split = serializers.ChoiceField(choices=POOL_SPLITS, read_only=True)
    status = serializers.ChoiceField(choices=POOL_STATES, read_only=True)
    administrator = serializers.CharField(source="administrator.name", read_only=True)
    patents = serializers.IntegerField(read_only=True, help_text="池内专利件数")
    holders = serializers.IntegerField(read_only=True, help_text="权利人数")

    class Meta:
        model = Pool
        fields = (
            "id", "number", "name", "field", "rules", "split", "fee_percent", "region", "status",
            "administrator_id", "administrator", "patents", "holders", "founded_at", "closed_at",
            "closed_reason",
        )  # fmt: skip
        read_only_fields = fields


class PoolWholeSerializer(PoolSerializer):
    """A pool with its current terms."""

    terms = serializers.SerializerMethodField()

    class Meta(PoolSerializer.Meta):
        fields = (*PoolSerializer.Meta.fields, "terms")  # type: ignore[assignment]
        read_only_fields = fields  # type: ignore[assignment]

    @extend_schema_field(PoolTermsSerializer(allow_null=True))
    def get_terms(self, row: Pool) -> Any:
        """Those that hold for licences taken now."""
        found = selectors.current_terms(row)
        return PoolTermsSerializer(found).data if found else None


class PoolEntrySerializer(serializers.ModelSerializer[PoolEntry]):
    """A patent's place in a pool."""

    status = serializers.ChoiceField(choices=POOL_ENTRY_STATES, read_only=True)
    holder = serializers.CharField(source="holder.name", read_only=True)

    class Meta:
        model = PoolEntry
        fields = (
            "id", "pool_id", "patent_id", "patent_number", "patent_title", "holder_id", "holder",
            "status", "weight", "covenant", "applied_at", "decided_at", "reason", "left_at",
            "left_reason",
        )  # fmt: skip
        read_only_fields = fields


class PoolShareSerializer(serializers.Serializer[Any]):
    """What one holder gets of a sum; only what the caller may see."""

    holder_id = serializers.IntegerField()
    amount = serializers.DecimalField(max_digits=18, decimal_places=2)
    basis = serializers.CharField(help_text="怎样算出")


class PoolIncomeSerializer(serializers.ModelSerializer[PoolIncome]):
    """A sum received and how it was split."""

    shares = PoolShareSerializer(many=True, read_only=True)

    class Meta:
        model = PoolIncome
        fields = ("id", "amount", "fee", "received_on", "purpose", "reference", "shares")
        read_only_fields = fields


class PoolLicenceSerializer(serializers.ModelSerializer[PoolLicence]):
    """A pool licence in a list."""

    status = serializers.ChoiceField(choices=POOL_LICENCE_STATES, read_only=True)
    version = serializers.IntegerField(source="terms.version", read_only=True)
    file_by = serializers.DateField(read_only=True)

    class Meta:
        model = PoolLicence
        fields = (
            "id", "number", "pool_id", "version", "licensee_id", "status", "explanation",
            "starts_on", "ends_on", "taken_at", "file_by", "filing_number", "filed_on",
        )  # fmt: skip
        read_only_fields = fields


class PoolFilingSerializer(serializers.Serializer[Any]):
    """The number and day of a filing."""

    filing_number = serializers.CharField(max_length=40)
    filed_on = serializers.DateField()


class PoolLicenceWholeSerializer(PoolLicenceSerializer):
    """A pool licence with its patents as pinned, and its income."""

    patents = serializers.SerializerMethodField()
    income = serializers.SerializerMethodField()

    class Meta(PoolLicenceSerializer.Meta):
        fields = (*PoolLicenceSerializer.Meta.fields, "patents", "income")  # type: ignore[assignment]
        read_only_fields = fields  # type: ignore[assignment]

    @extend_schema_field(PoolEntrySerializer(many=True))
    def get_patents(self, row: PoolLicence) -> Any:
        """As they stood when the licence was taken."""
        return PoolEntrySerializer([p.entry for p in row.patents.all()], many=True).data

    @extend_schema_field(PoolIncomeSerializer(many=True))
    def get_income(self, row: PoolLicence) -> Any:
        """What came in."""
        viewer = self.context["request"].actor
        return PoolIncomeSerializer(selectors.income(row, viewer=viewer), many=True).data


class NewPoolSerializer(serializers.Serializer[Any]):
    """The bargain of a pool; split and fee never change."""

    name = serializers.CharField(max_length=80)
    field = serializers.CharField(max_length=200)
    split = serializers.ChoiceField(choices=POOL_SPLITS)
    fee_percent = serializers.DecimalField(
        max_digits=5, decimal_places=2, min_value=0, max_value=rules.MOST_FEE
    )
    rules = serializers.CharField(max_length=4000)


class NewPoolTermsSerializer(serializers.Serializer[Any]):
    """The next version of the standard terms."""

    fee_parts = FeePartSerializer(many=True, allow_empty=False)
    months = serializers.IntegerField(min_value=1, max_value=rules.MOST_MONTHS)
    remarks = serializers.CharField(max_length=2000, allow_blank=True, default="")


class PoolWeightSerializer(serializers.Serializer[Any]):
    """One patent's weight."""

    entry_id = serializers.IntegerField(min_value=1)
    weight = serializers.DecimalField(max_digits=7, decimal_places=6)


class PoolWeightsSerializer(serializers.Serializer[Any]):
    """Every patent's weight; they sum to 1."""

    weights = PoolWeightSerializer(many=True)


class PoolApplicationSerializer(serializers.Serializer[Any]):
    """Patents that ask to be let in."""

    patent_ids = serializers.ListField(
        child=serializers.IntegerField(min_value=1), min_length=1, max_length=100
    )
    covenant = serializers.BooleanField(help_text="须为 true：同意在先许可承诺")


class TakePoolSerializer(serializers.Serializer[Any]):
    """Accepting the standard terms."""

    version = serializers.IntegerField(min_value=1, help_text="所读条款的版本")
    licensee_id = serializers.IntegerField(
        min_value=1, required=False, allow_null=True, default=None,
        help_text="受托代办时填写委托企业，本企业办理时省略",
    )  # fmt: skip
    seen = serializers.ListField(
        child=serializers.IntegerField(min_value=1), required=False, allow_null=True, default=None,
        help_text="所见的入池专利编号；已有变化时不成立许可",
    )  # fmt: skip


class AdmitPoolEntrySerializer(serializers.Serializer[Any]):
    """Words for the holder."""

    reason = serializers.CharField(max_length=2000, allow_blank=True, default="")


class NewPoolIncomeSerializer(serializers.Serializer[Any]):
    """A sum that reached the administrator."""

    amount = serializers.DecimalField(max_digits=18, decimal_places=2)
    received_on = serializers.DateField()
    reference = serializers.CharField(max_length=80)
    purpose = serializers.CharField(max_length=200, allow_blank=True, default="")


class PoolViewSet(Room):
    """Patent pools 专利池."""

    serializer_class = PoolSerializer
    queryset = Pool.objects.none()
    idempotent_actions = ("create", "apply", "take", "terms")

    def get_permissions(self) -> Any:
        """Anyone reads pools; everything else needs an account or a key."""
        return [AllowAny()] if self.request.method in SAFE_METHODS else super().get_permissions()

    def get_queryset(self) -> QuerySet[Pool]:
        return selectors.pools(word=self.request.query_params.get("q", "")[:200])

    def _shown(self, pk: int, code: int = status.HTTP_200_OK) -> Response:
        return Response(PoolWholeSerializer(selectors.pool(pk)).data, status=code)

    @extend_schema(
        summary="专利池列表",
        parameters=[OpenApiParameter("q", str, description="名称或技术领域中的词")],
        responses={200: PoolSerializer(many=True), **problems(401, 403)},
    )
    def list(self, request: Request) -> Response:
        return self.page()

    @extend_schema(
        summary="一个专利池", parameters=[ID], responses={200: PoolWholeSerializer, **problems(404)}
    )
    def retrieve(self, request: Request, pk: str) -> Response:
        return self._shown(int(pk))

    @extend_schema(
        summary="设立专利池",
        request=NewPoolSerializer,
        parameters=[KEY],
        responses={201: PoolWholeSerializer, **CHANGED},
    )
    def create(self, request: Request) -> Response:
        said = self.command(NewPoolSerializer)
        who = {"by": said.pop("by"), "now": said.pop("now")}
        row = services.found_pool(bargain=PoolBargain(**said), **who)
        return self._shown(row.pk, status.HTTP_201_CREATED)

    @extend_schema(
        summary="发布标准条款",
        request=NewPoolTermsSerializer,
        parameters=[ID, KEY],
        responses={201: PoolWholeSerializer, **CHANGED},
    )
    @action(detail=True, methods=["post"])
    def terms(self, request: Request, pk: str) -> Response:
        said = self.command(NewPoolTermsSerializer)
        parts = tuple(fee_part(p) for p in said.pop("fee_parts"))
        services.publish_terms(pool_id=int(pk), parts=parts, **said)
        return self._shown(int(pk), status.HTTP_201_CREATED)

    @extend_schema(
        summary="设定权重",
        request=PoolWeightsSerializer,
        parameters=[ID],
        responses={200: PoolWholeSerializer, **CHANGED},
    )
    @action(detail=True, methods=["post"])
    def weights(self, request: Request, pk: str) -> Response:
        said = self.command(PoolWeightsSerializer)
        known = {row["entry_id"]: row["weight"] for row in said.pop("weights")}
        services.set_weights(pool_id=int(pk), weights=known, **said)
        return self._shown(int(pk))

    @extend_schema(
        summary="关闭专利池",
        request=ReasonSerializer,
        parameters=[ID],
        responses={200: PoolWholeSerializer, **CHANGED},
    )
    @action(detail=True, methods=["post"])
    def close(self, request: Request, pk: str) -> Response:
        pool_entries.close_pool(pool_id=int(pk), **self.command(ReasonSerializer))
        return self._shown(int(pk))

    @extend_schema(
        summary="申请入池",
        request=PoolApplicationSerializer,
        parameters=[ID, KEY],
        responses={201: PoolEntrySerializer(many=True), **CHANGED},
    )
    @action(detail=True, methods=["post"])
    def apply(self, request: Request, pk: str) -> Response:
        rows = pool_entries.apply_to_pool(
            pool_id=int(pk), **self.command(PoolApplicationSerializer)
        )
        done = PoolEntrySerializer(rows, many=True).data
        return Response(done, status=status.HTTP_201_CREATED)

    @extend_schema(
        summary="取得池许可",
        request=TakePoolSerializer,
        parameters=[ID, KEY],
        responses={201: PoolLicenceWholeSerializer, **CHANGED},
    )
    @action(detail=True, methods=["post"])
    def take(self, request: Request, pk: str) -> Response:
        done = pool_licences.take_pool_licence(pool_id=int(pk), **self.command(TakePoolSerializer))
        row = selectors.licence(done.pk, viewer=request.actor)
        shown = PoolLicenceWholeSerializer(row, context={"request": request})
        return Response(shown.data, status=status.HTTP_201_CREATED)


class PoolEntryViewSet(Room):
    """Patents in pools 入池专利, and applications."""

    serializer_class = PoolEntrySerializer
    queryset = PoolEntry.objects.none()

    def get_queryset(self) -> QuerySet[PoolEntry]:
        asked = self.request.query_params.get("pool_id", "")
        rows = selectors.entries(viewer=self.request.actor)
        known = asked.isascii() and asked.isdigit() and len(asked) < 19
        return rows.filter(pool_id=int(asked)) if known else rows

    def _shown(self, pk: int) -> Response:
        row = selectors.entry(pk, viewer=self.request.actor)
        return Response(PoolEntrySerializer(row).data)

    @extend_schema(
        summary="入池专利和申请",
        parameters=[OpenApiParameter("pool_id", int, description="只看这个专利池")],
        responses={200: PoolEntrySerializer(many=True), **problems(401, 403)},
    )
    def list(self, request: Request) -> Response:
        return self.page()

    @extend_schema(
        summary="一件入池专利",
        parameters=[ID],
        responses={200: PoolEntrySerializer, **problems(401, 403, 404)},
    )
    def retrieve(self, request: Request, pk: str) -> Response:
        return self._shown(int(pk))

    @extend_schema(
        summary="同意入池",
        request=AdmitPoolEntrySerializer,
        parameters=[ID],
        responses={200: PoolEntrySerializer, **CHANGED},
    )
    @action(detail=True, methods=["post"])
    def admit(self, request: Request, pk: str) -> Response:
        pool_entries.admit_entry(entry_id=int(pk), **self.command(AdmitPoolEntrySerializer))
        return self._shown(int(pk))

    @extend_schema(
        summary="不予入池",
        request=ReasonSerializer,
        parameters=[ID],
        responses={200: PoolEntrySerializer, **CHANGED},
    )
    @action(detail=True, methods=["post"])
    def refuse(self, request: Request, pk: str) -> Response:
        pool_entries.refuse_entry(entry_id=int(pk), **self.command(ReasonSerializer))
        return self._shown(int(pk))

    @extend_schema(
        summary="撤回申请或退出专利池",
        description="只对此后的许可发生效力，已经取得的池许可继续包含这件专利。",
        request=ReasonSerializer,
        parameters=[ID],
        responses={200: PoolEntrySerializer, **CHANGED},
    )
    @action(detail=True, methods=["post"])
    def leave(self, request: Request, pk: str) -> Response:
        done = pool_entries.leave_pool(entry_id=int(pk), **self.command(ReasonSerializer))
        return Response(PoolEntrySerializer(done).data)


class PoolLicenceViewSet(Room):
    """Pool licences 池许可."""

    serializer_class = PoolLicenceSerializer
    queryset = PoolLicence.objects.none()
    idempotent_actions = ("income",)

    def get_queryset(self) -> QuerySet[PoolLicence]:
        return selectors.licences(viewer=self.request.actor)

    def _shown(self, pk: int, code: int = status.HTTP_200_OK) -> Response:
        row = selectors.licence(pk, viewer=self.request.actor)
        shown = PoolLicenceWholeSerializer(row, context={"request": self.request})
        return Response(shown.data, status=code)

    @extend_schema(
        summary="池许可列表",
        responses={200: PoolLicenceSerializer(many=True), **problems(401, 403)},
    )
    def list(self, request: Request) -> Response:
        return self.page()

    @extend_schema(
        summary="一项池许可",
        parameters=[ID],
        responses={200: PoolLicenceWholeSerializer, **problems(401, 403, 404)},
    )
    def retrieve(self, request: Request, pk: str) -> Response:
        return self._shown(int(pk))

    @extend_schema(
        summary="登记池许可备案",
        request=PoolFilingSerializer,
        parameters=[ID],
        responses={200: PoolLicenceWholeSerializer, **CHANGED},
    )
    @action(detail=True, methods=["post"])
    def filing(self, request: Request, pk: str) -> Response:
        pool_papers.file_pool_licence(pool_licence_id=int(pk), **self.command(PoolFilingSerializer))
        return self._shown(int(pk))

    @extend_schema(
        summary="登记到账并分配",
        request=NewPoolIncomeSerializer,
        parameters=[ID, KEY],
        responses={201: PoolLicenceWholeSerializer, **CHANGED},
    )
    @action(detail=True, methods=["post"])
    def income(self, request: Request, pk: str) -> Response:
        said = self.command(NewPoolIncomeSerializer)
        pool_licences.record_income(pool_licence_id=int(pk), **said)
        return self._shown(int(pk), status.HTTP_201_CREATED)
