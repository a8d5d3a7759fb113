"""The API of exports: ask, watch, fetch."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponse, QueryDict
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.response import Response
from rest_framework.routers import SimpleRouter

from core.api.pagination import Cursor
from core.api.schema import KEY, problems
from core.api.types import Request
from core.idempotency.api import IdempotentCreateMixin
from listings.api.views import whole
from listings.rules.exports import ExportState, Form
from listings.selectors.searching import exports
from listings.services.searching import exports as services
from listings.web.searching.describing import asked, described
from listings.web.searching.exports import TYPES, answer_file


class ExportSerializer(serializers.Serializer[Any]):
    """One export: `total` answered, `rows` of them go into the file."""

    id = serializers.IntegerField(read_only=True)
    described = serializers.CharField(read_only=True, help_text="条件的文字说明")
    form = serializers.ChoiceField(choices=[(f.value, f.value) for f in Form])
    state = serializers.ChoiceField(
        choices=[(s.value, s.value) for s in ExportState], read_only=True
    )
    total = serializers.IntegerField(read_only=True)
    rows = serializers.IntegerField(read_only=True, help_text="最多 10,000")
    progress = serializers.IntegerField(read_only=True)
    problem = serializers.CharField(read_only=True)
    asked_at = serializers.DateTimeField(read_only=True)
    read_at = serializers.DateTimeField(read_only=True, allow_null=True)
    expires_at = serializers.DateTimeField(read_only=True, allow_null=True)
    size = serializers.IntegerField(read_only=True)


class NewExportSerializer(serializers.Serializer[Any]):
    query = serializers.CharField(
        max_length=4_000, allow_blank=True, default="", help_text="与“找专利”地址栏相同的参数"
    )
    form = serializers.ChoiceField(
        choices=[(f.value, f.value) for f in Form], default=Form.XLSX.value
    )


class ExportViewSet(IdempotentCreateMixin):
    """Files of result sets, each for whoever asked for it."""

    request: Request
    serializer_class = ExportSerializer
    pagination_class = Cursor
    filter_backends = ()
    queryset = exports.none()
    lookup_value_regex = "[0-9]{1,18}"

    def get_queryset(self) -> QuerySet[Any]:
        return exports.own(viewer=self.request.actor).order_by()

    @extend_schema(
        operation_id="exports_list",
        summary="我的导出",
        responses={200: ExportSerializer(many=True)},
    )
    def list(self, request: Request) -> Response:
        page = self.paginate_queryset(self.get_queryset()) or []
        return self.get_paginated_response(self.get_serializer(page, many=True).data)

    @extend_schema(
        operation_id="exports_create",
        summary="导出一次检索的结果",
        description="最多 10,000 件，由后台生成；state 为 ready 后到 file/ 下载，保留 7 天。",
        parameters=[KEY],
        request=NewExportSerializer,
        responses={201: ExportSerializer, **problems(400, 401, 403, 409, 422, 429)},
        examples=[
            OpenApiExample(
                "上海的电池专利", value={"query": "q=电池&region=31", "form": "csv"},
                request_only=True,
            )
        ],
    )  # fmt: skip
    def create(self, request: Request) -> Response:
        data = NewExportSerializer(data=request.data)
        data.is_valid(raise_exception=True)
        query = asked(QueryDict(data.validated_data["query"].lstrip("?")))
        pk = services.ask_for_export(
            query=query,
            form=Form(data.validated_data["form"]),
            described=described(query),
            by=request.actor,
            now=timezone.now(),
        )
        body = ExportSerializer(exports.one(pk, viewer=request.actor)).data
        return Response(body, status=201, headers={"Location": f"/api/v1/exports/{pk}/"})

    @extend_schema(
        operation_id="exports_retrieve",
        summary="一个导出的状态",
        responses={200: ExportSerializer, **problems(404)},
    )
    def retrieve(self, request: Request, pk: str) -> Response:
        return Response(ExportSerializer(exports.one(whole(pk), viewer=request.actor)).data)

    @extend_schema(
        operation_id="exports_file",
        summary="下载文件",
        responses={
            **{
                (200, kind.partition(";")[0]): OpenApiTypes.BINARY
                for kind in sorted(TYPES.values())
            },
            **problems(404, 409),
        },
    )
    @action(detail=True, methods=["get"])
    def file(self, request: Request, pk: str) -> HttpResponse:
        return answer_file(exports.one(whole(pk), viewer=request.actor))


router = SimpleRouter()
router.register("exports", ExportViewSet, basename="export")
urlpatterns = router.urls
