"""The bureau's numbers for programs."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.response import Response
from rest_framework.views import APIView

from core.api.schema import problems
from core.api.types import Request
from oversight import rules, selectors
from oversight.web.forms import read

PARAMETERS = [
    OpenApiParameter("region", str, description="区划前缀，如 31、3101、310115；缺省为本辖区"),
    OpenApiParameter("since", str, description="自（含），YYYY-MM-DD，缺省为今年元旦"),
    OpenApiParameter("until", str, description="至（含），YYYY-MM-DD，缺省为今天"),
]
PAGE = 100


class FigureSerializer(serializers.Serializer[Any]):
    """One number."""

    code = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]  # our key, not the field option
    unit = serializers.CharField()
    definition = serializers.CharField()
    count = serializers.IntegerField()


class MetricRowsSerializer(serializers.Serializer[Any]):
    """A number, and a page of exactly its rows."""

    count = serializers.IntegerField()
    columns = serializers.ListField(child=serializers.CharField())
    rows = serializers.ListField(child=serializers.DictField())


class MetricsView(APIView):
    """All numbers of a region."""

    request: Request

    @extend_schema(
        operation_id="metrics_list",
        summary="本辖区指标",
        parameters=PARAMETERS,
        responses={200: FigureSerializer(many=True), **problems(403, 404, 422)},
    )
    def get(self, request: Request) -> Response:
        prefix, period = read(
            request.query_params, own=selectors.scope(request.actor), today=timezone.localdate()
        )
        page = selectors.dashboard(viewer=request.actor, prefix=prefix, period=period)
        figures = [
            {
                "code": f.metric.code,
                "label": f.metric.label,
                "unit": f.metric.unit,
                "definition": f.metric.definition,
                "count": f.count,
            }
            for f in page.figures
        ]
        return Response(FigureSerializer(figures, many=True).data)


class MetricRowsView(APIView):
    """The rows behind one number."""

    request: Request

    @extend_schema(
        operation_id="metric_rows",
        summary="指标明细",
        parameters=[
            *PARAMETERS,
            OpenApiParameter("offset", int, description="跳过多少行，缺省 0"),
            OpenApiParameter(
                "code", str, OpenApiParameter.PATH, enum=[m.code for m in rules.METRICS]
            ),
        ],
        responses={200: MetricRowsSerializer, **problems(403, 404, 422)},
    )
    def get(self, request: Request, code: str) -> Response:
        prefix, period = read(
            request.query_params, own=selectors.scope(request.actor), today=timezone.localdate()
        )
        text = request.query_params.get("offset", "0")
        offset = int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
        found = selectors.rows(
            viewer=request.actor, code=code, prefix=prefix, period=period, offset=offset, limit=PAGE
        )
        rows = [
            {**dict(zip(found.metric.columns, row.values, strict=True)), "url": row.url}
            for row in found.rows
        ]
        return Response({"count": found.count, "columns": found.metric.columns, "rows": rows})
