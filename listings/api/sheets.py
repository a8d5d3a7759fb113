"""The API of offer sheets: where each stands, its texts, its review. Its words are written
through `PATCH /listings/{id}/`."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.utils import (
    OpenApiExample,
    OpenApiParameter,
    extend_schema,
    extend_schema_field,
)
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.response import Response
from rest_framework.routers import SimpleRouter

from core.api import versions
from core.api.schema import KEY, problems
from core.api.types import Request
from core.errors import Missing
from core.idempotency.api import IdempotentCreateMixin
from core.people.types import Role
from listings import services
from listings.api.serializers import OfferInputSerializer
from listings.api.views import Page, whole
from listings.rules import plain_words
from listings.selectors import office
from listings.selectors.offering import sheets as reading
from listings.selectors.offering.sheets import STATES, SheetCard

STATE_CHOICES = [(code, code) for code, _ in STATES]


class MissingPartSerializer(serializers.Serializer[Any]):
    """What a sheet lacks, and what it would add."""

    field = serializers.CharField()
    part = serializers.CharField(source="label")
    points = serializers.IntegerField()
    advice = serializers.CharField()


class SheetLineSerializer(serializers.Serializer[Any]):
    """Where one patent's sheet stands."""

    patent_id = serializers.IntegerField()
    title = serializers.CharField()
    number = serializers.CharField(source="printed")
    summary = serializers.CharField()
    state = serializers.ChoiceField(choices=STATE_CHOICES)
    listing_status = serializers.CharField(allow_blank=True)
    version = serializers.IntegerField(source="head", allow_null=True)
    public_version = serializers.IntegerField(source="live", allow_null=True)
    completeness = serializers.IntegerField(source="whole.points", help_text="完整度，满分 100")
    changed_at = serializers.DateTimeField(allow_null=True)


class FindingSerializer(serializers.Serializer[Any]):
    """A remark on the wording."""

    field = serializers.CharField()
    code = serializers.CharField()
    quote = serializers.CharField()
    message = serializers.CharField()


class SheetSerializer(serializers.Serializer[Any]):
    """A sheet as its writers go on with it; what the public reads may be an older version."""

    patent_id = serializers.IntegerField()
    listing_id = serializers.IntegerField(allow_null=True)
    listing_status = serializers.CharField(allow_blank=True)
    state = serializers.ChoiceField(
        choices=[(s, s) for s in ("writing", "in_review", "returned", "approved")]
    )
    version = serializers.IntegerField(source="head", allow_null=True, help_text="最新一版")
    public_version = serializers.IntegerField(source="live", allow_null=True)
    review_required = serializers.BooleanField(help_text="本单位规定先审核后公开")
    offer = OfferInputSerializer()
    completeness = serializers.IntegerField(source="whole.points")
    missing = MissingPartSerializer(source="whole.missing", many=True)
    findings = serializers.SerializerMethodField()
    remarks = serializers.CharField(source="review.remarks", default="", help_text="最近审核意见")

    @extend_schema_field(FindingSerializer(many=True))
    def get_findings(self, sheet: SheetCard) -> Any:
        return FindingSerializer(plain_words.findings(sheet.offer), many=True).data


class SheetVersionSerializer(serializers.Serializer[Any]):
    number = serializers.IntegerField()
    saved_at = serializers.DateTimeField()
    saved_by = serializers.CharField()
    changed = serializers.ListField(child=serializers.CharField())
    restored_from = serializers.IntegerField(allow_null=True)
    is_public = serializers.BooleanField(source="is_live")
    content = serializers.DictField()


class VerdictSerializer(serializers.Serializer[Any]):
    version = serializers.IntegerField(min_value=1, help_text="您看过的版本")
    remarks = serializers.CharField(max_length=1_000, allow_blank=True, default="")


class ApprovalSerializer(VerdictSerializer):
    publish = serializers.BooleanField(default=False, help_text="通过后立即挂牌")


class RestoreSerializer(serializers.Serializer[Any]):
    number = serializers.IntegerField(min_value=1)


REFUSALS = problems(400, 401, 403, 404, 409, 422)


class SheetViewSet(IdempotentCreateMixin):
    """Offer sheets of the office's own stock, by patent."""

    request: Request
    serializer_class = SheetSerializer
    pagination_class = Page
    filter_backends = ()
    queryset = office.no_patents()
    lookup_value_regex = "[0-9]{1,18}"
    idempotent_actions = ("submit", "approve", "send_back", "restore")

    def page_ordering(self, request: Request) -> tuple[str, ...]:
        return ("-pk",)

    def _keeps(self) -> bool:
        return self.request.actor.has(Role.OFFICE, Role.BROKER)

    def get_queryset(self) -> QuerySet[Any]:
        if not self._keeps():
            return office.no_patents()
        asked = self.request.query_params.get("state", "")
        state = asked if asked in dict(STATES) else ""
        return reading.sheet_rows(viewer=self.request.actor, state=state).order_by()

    def _sheet(self, pk: str) -> SheetCard:
        if not self._keeps():
            raise Missing("没有找到这份推介表，或者它不对您当前的身份开放。")
        return reading.sheet(whole(pk), viewer=self.request.actor)

    def _listing(self, pk: str) -> int:
        found = self._sheet(pk).listing_id
        if found is None:
            raise Missing("这件专利还没有推介表，请先 POST /listings/ 新建。")
        return found

    def _answer(self, pk: str) -> Response:
        found = self._sheet(pk)
        body = SheetSerializer(found).data
        headers = {}
        if found.listing_id is not None:
            headers["ETag"] = versions.etag("listing", found.listing_id, found.version)
        return Response(body, headers=headers)

    @extend_schema(
        operation_id="sheets_list",
        summary="推介表一览",
        parameters=[OpenApiParameter("state", str, enum=[code for code, _ in STATES])],
        responses={200: SheetLineSerializer(many=True)},
    )
    def list(self, request: Request) -> Response:
        page = self.paginate_queryset(self.get_queryset()) or []
        lines = reading.sheet_lines(list(page))
        return self.get_paginated_response(SheetLineSerializer(lines, many=True).data)

    @extend_schema(
        operation_id="sheets_retrieve",
        summary="一份推介表（含完整度和写法提醒）",
        responses={200: SheetSerializer, **problems(404)},
    )
    def retrieve(self, request: Request, pk: str) -> Response:
        return self._answer(pk)

    @extend_schema(
        operation_id="sheets_versions",
        summary="全部版本",
        responses={200: SheetVersionSerializer(many=True), **problems(404)},
    )
    @action(detail=True, methods=["get"], pagination_class=None)
    def versions(self, request: Request, pk: str) -> Response:
        self._sheet(pk)
        found = reading.sheet_versions(whole(pk), viewer=request.actor)
        return Response(SheetVersionSerializer(found, many=True).data)

    @extend_schema(
        operation_id="sheets_submit",
        summary="提交审核",
        parameters=[KEY],
        request=None,
        responses={200: SheetSerializer, **REFUSALS},
    )
    @action(detail=True, methods=["post"])
    def submit(self, request: Request, pk: str) -> Response:
        services.submit_sheet(listing_id=self._listing(pk), by=request.actor, now=timezone.now())
        return self._answer(pk)

    @extend_schema(
        operation_id="sheets_approve",
        summary="审核通过",
        description="作者本人不能审核，办公室只有一人时除外（会记录）。",
        parameters=[KEY],
        request=ApprovalSerializer,
        responses={200: SheetSerializer, **REFUSALS},
        examples=[
            OpenApiExample("通过并挂牌", value={"version": 2, "publish": True}, request_only=True)
        ],
    )
    @action(detail=True, methods=["post"])
    def approve(self, request: Request, pk: str) -> Response:
        data = ApprovalSerializer(data=request.data)
        listing_id = self._listing(pk)
        data.is_valid(raise_exception=True)
        services.approve_sheet(
            listing_id=listing_id, by=request.actor, now=timezone.now(), **data.validated_data
        )
        return self._answer(pk)

    @extend_schema(
        operation_id="sheets_return",
        summary="退回修改",
        parameters=[KEY],
        request=VerdictSerializer,
        responses={200: SheetSerializer, **REFUSALS},
        examples=[
            OpenApiExample(
                "退回", value={"version": 2, "remarks": "请写明测试条件"}, request_only=True
            )
        ],
    )
    @action(detail=True, methods=["post"], url_path="return", url_name="return")
    def send_back(self, request: Request, pk: str) -> Response:
        data = VerdictSerializer(data=request.data)
        listing_id = self._listing(pk)
        data.is_valid(raise_exception=True)
        services.send_back_sheet(
            listing_id=listing_id, by=request.actor, now=timezone.now(), **data.validated_data
        )
        return self._answer(pk)

    @extend_schema(
        operation_id="sheets_restore",
        summary="恢复旧版本（存为新版本）",
        parameters=[KEY],
        request=RestoreSerializer,
        responses={200: SheetSerializer, **REFUSALS},
    )
    @action(detail=True, methods=["post"])
    def restore(self, request: Request, pk: str) -> Response:
        data = RestoreSerializer(data=request.data)
        listing_id = self._listing(pk)
        data.is_valid(raise_exception=True)
        services.restore_sheet(
            listing_id=listing_id,
            number=data.validated_data["number"],
            by=request.actor,
            now=timezone.now(),
        )
        return self._answer(pk)


router = SimpleRouter()
router.register("sheets", SheetViewSet, basename="sheet")
urlpatterns = router.urls
