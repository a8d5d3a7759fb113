"""The API of a patent's potential: read it, screen it, put it in a layer by hand."""

from __future__ import annotations

from typing import Any

from django.urls import path
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.response import Response
from rest_framework.views import APIView

from core.api.schema import KEY, problems
from core.api.types import Request
from core.idempotency.api import idempotently
from listings.selectors.layers import potential as selectors
from listings.services.layers import layering
from listings.types import Layer

LAYERS = [layer.value for layer in Layer]


class PartSerializer(serializers.Serializer[Any]):
    code = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    points = serializers.DecimalField(max_digits=4, decimal_places=1)
    max = serializers.IntegerField()
    words = serializers.CharField(help_text="为什么是这些分")
    known = serializers.BooleanField(help_text="false：没有依据，按中间值计")
    evidence = serializers.ListField(child=serializers.CharField())


class MoveSerializer(serializers.Serializer[Any]):
    source = serializers.ChoiceField(LAYERS)  # type: ignore[assignment]
    target = serializers.ChoiceField(LAYERS)
    score = serializers.DecimalField(max_digits=4, decimal_places=1)
    reasons = serializers.ListField(child=serializers.CharField())
    rule_version = serializers.CharField()
    by_hand = serializers.BooleanField()
    moved_at = serializers.DateTimeField()


class ScreeningSerializer(serializers.Serializer[Any]):
    marks = serializers.DictField(child=serializers.IntegerField())
    note = serializers.CharField()
    screened_at = serializers.DateTimeField()


class OverrideSerializer(serializers.Serializer[Any]):
    layer = serializers.ChoiceField(LAYERS)
    reason = serializers.CharField()
    until = serializers.DateField()
    set_at = serializers.DateTimeField()


class PotentialSerializer(serializers.Serializer[Any]):
    patent_id = serializers.IntegerField()
    score = serializers.DecimalField(max_digits=4, decimal_places=1, allow_null=True)
    evidence = serializers.IntegerField(help_text="有依据的权重（%）")
    parts = PartSerializer(many=True, help_text="各项相加等于 score")
    layer = serializers.ChoiceField(LAYERS)
    by_hand = serializers.BooleanField(help_text="人工分层")
    reasons = serializers.ListField(child=serializers.CharField())
    rule_version = serializers.CharField()
    screening = ScreeningSerializer(allow_null=True)
    override = OverrideSerializer(allow_null=True)
    moves = MoveSerializer(many=True)


class ScreeningInput(serializers.Serializer[Any]):
    technology = serializers.IntegerField(help_text="技术先进性，1–5")
    product = serializers.IntegerField(help_text="产品形态，1–5")
    market = serializers.IntegerField(help_text="市场前景，1–5")
    resources = serializers.IntegerField(help_text="转化资源，1–5")
    note = serializers.CharField(required=False, allow_blank=True, max_length=500, default="")
    family_size = serializers.IntegerField(required=False, allow_null=True, default=None)
    cited_by = serializers.IntegerField(required=False, allow_null=True, default=None)


class OverrideInput(serializers.Serializer[Any]):
    layer = serializers.CharField(max_length=1)
    reason = serializers.CharField(max_length=300, allow_blank=True)
    until = serializers.DateField()


def _answer(pk: int, request: Request, status: int = 200) -> Response:
    card = selectors.potential_of(pk, viewer=request.actor)
    return Response(PotentialSerializer(card).data, status=status)


class PotentialView(APIView):
    """What a patent's layer rests on."""

    request: Request

    @extend_schema(
        operation_id="patents_potential",
        summary="产业化潜力与分层依据",
        description="限持有单位、其主管部门和审计。各项得分相加等于总分。",
        responses={200: PotentialSerializer, **problems(401, 404)},
    )
    def get(self, request: Request, pk: int) -> Response:
        return _answer(pk, request)


class ScreeningView(APIView):
    """The office's own marks."""

    request: Request

    @extend_schema(
        operation_id="patents_screen",
        summary="本单位筛查",
        parameters=[KEY],
        request=ScreeningInput,
        responses={201: PotentialSerializer, **problems(400, 401, 403, 404, 422)},
    )
    def post(self, request: Request, pk: int) -> Response:
        def run() -> Response:
            data = ScreeningInput(data=request.data)
            data.is_valid(raise_exception=True)
            said = dict(data.validated_data)
            rest = {name: said.pop(name) for name in ("note", "family_size", "cited_by")}
            layering.screen(patent_id=pk, marks=said, by=request.actor, now=timezone.now(), **rest)
            return _answer(pk, request, 201)

        return idempotently(request, run)


class LayerView(APIView):
    """A layer set by hand, and the end of it."""

    request: Request

    @extend_schema(
        operation_id="patents_set_layer",
        summary="人工调整分层",
        parameters=[KEY],
        request=OverrideInput,
        responses={201: PotentialSerializer, **problems(400, 401, 403, 404, 409, 422)},
    )
    def post(self, request: Request, pk: int) -> Response:
        def run() -> Response:
            data = OverrideInput(data=request.data)
            data.is_valid(raise_exception=True)
            layering.override_layer(
                patent_id=pk, by=request.actor, now=timezone.now(), **data.validated_data
            )
            return _answer(pk, request, 201)

        return idempotently(request, run)

    @extend_schema(
        operation_id="patents_free_layer",
        summary="撤销人工分层",
        responses={200: PotentialSerializer, **problems(401, 403, 404, 409)},
    )
    def delete(self, request: Request, pk: int) -> Response:
        layering.revoke_override(patent_id=pk, by=request.actor, now=timezone.now())
        return _answer(pk, request)


urlpatterns = [
    path("patents/<int:pk>/potential/", PotentialView.as_view(), name="patent-potential"),
    path("patents/<int:pk>/screenings/", ScreeningView.as_view(), name="patent-screenings"),
    path("patents/<int:pk>/layer/", LayerView.as_view(), name="patent-layer"),
]
