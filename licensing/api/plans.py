"""Fee plans for programs: what a plan means and costs before anyone agrees on it."""

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
from licensing.api.fees import EstimateQuery, ForecastSerializer
from licensing.api.serializers import FeePartSerializer, fee_part
from licensing.api.views import Room
from licensing.rules import fees, plans
from licensing.rules.forecast import USUAL_MONTHS, forecast


class PlanToReckonSerializer(EstimateQuery):
    """A plan that is only thought of, and the reader's own figures."""

    fee_parts = FeePartSerializer(many=True, allow_empty=False)
    months = serializers.IntegerField(min_value=1, max_value=240, default=USUAL_MONTHS)


class PlanReckonedSerializer(serializers.Serializer[Any]):
    """The plan in words, and what it would cost."""

    mode = serializers.CharField()
    sentence = serializers.CharField()
    standard = serializers.ListField(child=serializers.CharField())
    forecast = ForecastSerializer()


class PlanView(Room):
    """Fee plans 付费方案 before they are agreed on: nothing is stored."""

    serializer_class = PlanReckonedSerializer

    @extend_schema(
        summary="测算一份付费方案",
        description="不保存。逐项检查方案，用一句话说明，并按给出的销售额逐年列出应付和算式。",
        request=PlanToReckonSerializer,
        responses={200: PlanReckonedSerializer, **problems(400, 401, 403, 422)},
    )
    def reckon(self, request: Request) -> Response:
        known = self.taken_in(PlanToReckonSerializer).validated_data
        parts = tuple(fee_part(part) for part in known["fee_parts"])
        errors = fees.plan_errors(parts)
        if len(parts) > plans.MOST_PARTS:
            errors.append(f"一份方案最多 {plans.MOST_PARTS} 项。")
        if errors:
            raise Invalid(fields={"fee_parts": errors})
        found = forecast(
            parts,
            base=known["base"],
            starts_on=timezone.localdate(),
            months=known["months"],
            growth=known["growth"],
        )
        told = {
            "mode": fees.mode_of(parts).value,
            "sentence": plans.sentence(parts, months=known["months"]),
            "standard": fees.standard_lines(parts),
            "forecast": found,
        }
        return Response(PlanReckonedSerializer(told).data)


urlpatterns = [
    path("fee-plans/estimates/", PlanView.as_view({"post": "reckon"}), name="plan-estimate")
]
