"""The API of an office's portfolio in numbers."""

from __future__ import annotations

from typing import Any

from django.urls import path
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.response import Response
from rest_framework.views import APIView

from core.api.schema import problems
from core.api.types import Request
from core.days import legal_day
from core.errors import NotAllowed
from core.people.types import Role
from listings.selectors.offering import portfolios as selectors


class CellSerializer(serializers.Serializer[Any]):
    score = serializers.CharField(help_text="产业化潜力下限：80、65、50、40、0；x 为未评分")
    life = serializers.CharField(help_text="剩余年限下限：0、1、3、5、10；x 为不清楚")
    count = serializers.IntegerField()


class PortfolioSerializer(serializers.Serializer[Any]):
    granted = serializers.IntegerField(help_text="有效专利")
    cells = CellSerializer(many=True, help_text="潜力 × 剩余保护期，各格相加等于 granted")
    layers = serializers.DictField(child=serializers.IntegerField())
    cost = serializers.DecimalField(
        max_digits=18, decimal_places=2, help_text="一年内应缴年费（元）"
    )
    idle = serializers.IntegerField(help_text="缴费而没有许可或转化的件数")
    idle_cost = serializers.DecimalField(max_digits=18, decimal_places=2)
    earned = serializers.DecimalField(
        max_digits=18, decimal_places=2, help_text="近一年登记到账的许可费（元）"
    )
    dry = serializers.IntegerField(help_text="有许可或转化、近一年没有到账的件数")
    suggestions = serializers.DictField(child=serializers.IntegerField())


class PortfolioView(APIView):
    """One's own stock."""

    request: Request

    @extend_schema(
        operation_id="portfolio",
        summary="组合分析",
        description="本单位有效专利的潜力矩阵、年费和建议件数。",
        responses={200: PortfolioSerializer, **problems(401, 403)},
    )
    def get(self, request: Request) -> Response:
        if not request.actor.has(Role.OFFICE, Role.BROKER):
            raise NotAllowed("组合分析只对持有单位开放。")
        on, viewer = legal_day(timezone.now()), request.actor
        found = selectors.overview(viewer=viewer, on=on)
        rows = selectors.holdings(viewer=viewer)
        _ideas, counts = selectors.suggested(rows, viewer=viewer, on=on)
        body = {
            "granted": found.granted,
            "cells": found.cells,
            "layers": found.layers,
            "cost": found.cost,
            "idle": found.idle,
            "idle_cost": found.idle_cost,
            "earned": found.earned,
            "dry": found.dry,
            "suggestions": counts,
        }
        return Response(PortfolioSerializer(body).data)


urlpatterns = [path("portfolio/", PortfolioView.as_view(), name="portfolio")]
