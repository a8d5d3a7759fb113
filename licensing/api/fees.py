"""Computed fees in JSON: each sum with the line that explains it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from rest_framework import serializers

from licensing.rules.fees import LARGEST
from licensing.rules.forecast import Forecast, YearCost
from licensing.rules.royalties import Line


class FeeLineSerializer(serializers.Serializer[Line]):
    """One computed sum: what × what = what, and why."""

    label = serializers.CharField()  # type: ignore[assignment]
    formula = serializers.CharField()
    amount = serializers.DecimalField(max_digits=20, decimal_places=2)
    basis = serializers.CharField()


class YearCostSerializer(serializers.Serializer[YearCost]):
    """What falls to one contract year."""

    year = serializers.IntegerField()
    starts_on = serializers.DateField()
    ends_on = serializers.DateField()
    base = serializers.DecimalField(max_digits=22, decimal_places=2)
    lines = FeeLineSerializer(many=True)
    total = serializers.DecimalField(max_digits=22, decimal_places=2)


class ForecastSerializer(serializers.Serializer[Forecast]):
    """What a plan would cost, year by year."""

    years = YearCostSerializer(many=True)
    total = serializers.DecimalField(max_digits=24, decimal_places=2)
    notes = serializers.ListField(child=serializers.CharField())


class EstimateQuery(serializers.Serializer[Any]):
    """The reader's own figures."""

    base = serializers.DecimalField(
        max_digits=18, decimal_places=2, min_value=Decimal(0), max_value=LARGEST, default=Decimal(0)
    )
    growth = serializers.DecimalField(
        max_digits=5,
        decimal_places=2,
        min_value=Decimal(-100),
        max_value=Decimal(200),
        default=Decimal(0),
    )
