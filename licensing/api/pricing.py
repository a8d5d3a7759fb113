"""The price guide for programs: ranges with what they rest on, never a price of one deal."""

from __future__ import annotations

from typing import Any

from django.urls import path
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.response import Response

from core.api.schema import problems
from core.api.types import Request
from core.errors import Invalid
from licensing.api.fees import FeeLineSerializer
from licensing.api.views import Room
from licensing.rules import estimates, pricing
from licensing.rules.fees import HUNDRED, LARGEST
from licensing.rules.pricing import Way
from licensing.selectors import pricing as selectors
from listings import selectors as listings

WAYS = [(w.value, pricing.WAY_LABELS[w]) for w in Way]


def _figure(top: Any, help_text: str) -> serializers.DecimalField:
    return serializers.DecimalField(
        max_digits=18, decimal_places=2, min_value=0, max_value=top, required=False,
        help_text=help_text,
    )  # fmt: skip


class PriceQuerySerializer(serializers.Serializer[Any]):
    """Whose price, and the reader's own figures."""

    patent_id = serializers.IntegerField(min_value=1, required=False)
    way = serializers.ChoiceField(choices=WAYS, default=Way.OPEN.value)
    months = serializers.IntegerField(min_value=1, max_value=240, default=36)
    sales = _figure(LARGEST, "被许可人每年净销售额")
    own_income = _figure(LARGEST, "自行实施每年的收益")
    own_low = _figure(HUNDRED, "拟让渡的比例，从（%）")
    own_high = _figure(HUNDRED, "到（%）")
    rate_low = _figure(HUNDRED, "国际一般费率，从（%）")
    rate_high = _figure(HUNDRED, "到（%）")
    rate_source = serializers.CharField(max_length=200, default="")
    value_low = _figure(LARGEST, "评估的许可价值，从")
    value_high = _figure(LARGEST, "到")
    value_source = serializers.CharField(max_length=200, default="")


class PriceCellSerializer(serializers.Serializer[Any]):
    """Quartiles of a fixed group of deals, two digits, with a band instead of a count."""

    scope = serializers.CharField()
    measure = serializers.CharField()
    low = serializers.DecimalField(max_digits=20, decimal_places=4)
    middle = serializers.DecimalField(max_digits=20, decimal_places=4)
    high = serializers.DecimalField(max_digits=20, decimal_places=4)
    deals = serializers.CharField()
    until = serializers.DateField()


class PriceBasisSerializer(serializers.Serializer[Any]):
    """One of the guide's five bases."""

    number = serializers.IntegerField()
    title = serializers.CharField()
    low = serializers.DecimalField(max_digits=24, decimal_places=2, allow_null=True)
    high = serializers.DecimalField(max_digits=24, decimal_places=2, allow_null=True)
    lines = FeeLineSerializer(many=True)
    rests_on = serializers.CharField()


class PriceGuideSerializer(serializers.Serializer[Any]):
    """A range, and what it rests on."""

    low = serializers.DecimalField(max_digits=24, decimal_places=2, allow_null=True)
    high = serializers.DecimalField(max_digits=24, decimal_places=2, allow_null=True)
    told = serializers.CharField()
    guide = serializers.CharField()
    cells = PriceCellSerializer(many=True)
    bases = PriceBasisSerializer(many=True)


class PriceGuideView(Room):
    """Price guidance 定价参考."""

    serializer_class = PriceGuideSerializer

    @extend_schema(
        summary="定价参考",
        description="同类成交按固定的格公开：每格至少 5 家许可方和 5 家受让方，按季成批更新。",
        parameters=[PriceQuerySerializer],
        responses={200: PriceGuideSerializer, **problems(400, 401, 403, 404, 422)},
    )
    def shown(self, request: Request) -> Response:
        form = PriceQuerySerializer(data=request.query_params)
        form.is_valid(raise_exception=True)
        known = dict(form.validated_data)
        patent_id, way = known.pop("patent_id", None), Way(known.pop("way"))
        figures = estimates.Figures(**known)
        if errors := estimates.figure_errors(figures):
            raise Invalid(fields=errors)
        card = listings.card(patent_id, viewer=request.actor) if patent_id else None
        found = selectors.guidance(
            card, way=way, figures=figures, viewer=request.actor, today=timezone.localdate()
        )
        answer = {
            "low": found.low,
            "high": found.high,
            "told": found.told,
            "guide": estimates.GUIDE,
            "cells": [cell for cell in (found.sums, found.rates) if cell],
            "bases": found.bases,
        }
        return Response(PriceGuideSerializer(answer).data)


urlpatterns = [
    path("price-guide/", PriceGuideView.as_view({"get": "shown"}), name="price-guide"),
]
