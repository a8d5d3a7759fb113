"""Yearly sheets of equity for programs."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.urls import path
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.response import Response

from core.api.schema import ID, KEY, REFUSED, problems
from core.api.types import Request
from licensing.api.views import Room
from licensing.models import EquitySheet, EquityStake
from licensing.rules import equity as rules
from licensing.selectors import equity as questions
from licensing.services import equity as services

STATUSES = [(s.value, rules.SHEET_LABELS[s]) for s in rules.SheetStatus]
VERDICTS = [(v.value, rules.VERDICT_LABELS[v]) for v in rules.Verdict]


class EquityStakeSerializer(serializers.ModelSerializer[EquityStake]):
    """One stake in a year."""

    closing = serializers.DecimalField(
        source="line.closing", max_digits=20, decimal_places=2, read_only=True
    )

    class Meta:
        model = EquityStake
        fields = (
            "company", "patents", "acquired_on", "percent", "opening", "increase", "decrease",
            "closing", "received", "reason",
        )  # fmt: skip
        read_only_fields = fields


class EquitySheetSerializer(serializers.ModelSerializer[EquitySheet]):
    """A year's sheet."""

    status = serializers.ChoiceField(choices=STATUSES, read_only=True)
    verdict = serializers.ChoiceField(choices=[("", ""), *VERDICTS], read_only=True)
    stakes = EquityStakeSerializer(many=True, read_only=True)

    class Meta:
        model = EquitySheet
        fields = (
            "id", "organisation_id", "year", "status", "note", "verdict", "reasons",
            "decided_by_whom", "decided_at", "stakes",
        )  # fmt: skip
        read_only_fields = fields


class NewEquityStakeSerializer(serializers.Serializer[Any]):
    """One stake as entered."""

    company = serializers.CharField(max_length=200)
    patents = serializers.CharField(max_length=500)
    acquired_on = serializers.DateField()
    percent = serializers.DecimalField(max_digits=7, decimal_places=4)
    opening = serializers.DecimalField(max_digits=18, decimal_places=2)
    increase = serializers.DecimalField(max_digits=18, decimal_places=2)
    decrease = serializers.DecimalField(max_digits=18, decimal_places=2)
    received = serializers.DecimalField(max_digits=18, decimal_places=2)
    reason = serializers.CharField(max_length=500, allow_blank=True, default="")


class NewEquitySheetSerializer(serializers.Serializer[Any]):
    """A year with all its stakes."""

    year = serializers.IntegerField()
    note = serializers.CharField(max_length=2000, allow_blank=True, default="")
    stakes = NewEquityStakeSerializer(many=True)


class EquityVerdictSerializer(serializers.Serializer[Any]):
    """How the whole was assessed."""

    verdict = serializers.ChoiceField(choices=VERDICTS)
    reasons = serializers.CharField(max_length=2000)
    decided_by_whom = serializers.CharField(max_length=200)


class EquityView(Room):
    """Sheets of equity 作价入股年度整体考核."""

    serializer_class = EquitySheetSerializer
    queryset = EquitySheet.objects.none()

    def get_queryset(self) -> QuerySet[EquitySheet]:
        return questions.equity_sheets(viewer=self.request.actor).prefetch_related("stakes")

    def _shown(self, pk: int, code: int = status.HTTP_200_OK) -> Response:
        row = questions.equity_sheet(pk, viewer=self.request.actor)
        return Response(EquitySheetSerializer(row).data, status=code)

    @extend_schema(
        summary="作价入股考核表列表",
        responses={200: EquitySheetSerializer(many=True), **problems(401, 403)},
    )
    def list(self, request: Request) -> Response:
        return self.page()

    @extend_schema(
        summary="一份作价入股考核表",
        parameters=[ID],
        responses={200: EquitySheetSerializer, **problems(401, 403, 404)},
    )
    def retrieve(self, request: Request, pk: int) -> Response:
        return self._shown(pk)

    @extend_schema(
        summary="填报作价入股考核表",
        description="同一年度再次填报即整表改写，提交以后不能改。",
        request=NewEquitySheetSerializer,
        parameters=[KEY],
        responses={201: EquitySheetSerializer, **problems(*REFUSED)},
    )
    def create(self, request: Request) -> Response:
        said = self.command(NewEquitySheetSerializer)
        said["stakes"] = [services.StakeInput(**stake) for stake in said["stakes"]]
        return self._shown(services.write_sheet(**said).pk, status.HTTP_201_CREATED)

    @extend_schema(
        summary="提交考核",
        request=None,
        parameters=[ID],
        responses={200: EquitySheetSerializer, **problems(*REFUSED)},
    )
    def submit(self, request: Request, pk: int) -> Response:
        services.submit_sheet(sheet_id=pk, **self.command(serializers.Serializer))
        return self._shown(pk)

    @extend_schema(
        summary="退回修改",
        request=None,
        parameters=[ID],
        responses={200: EquitySheetSerializer, **problems(*REFUSED)},
    )
    def send_back(self, request: Request, pk: int) -> Response:
        services.send_back_sheet(sheet_id=pk, **self.command(serializers.Serializer))
        return self._shown(pk)

    @extend_schema(
        summary="登记考核结论",
        request=EquityVerdictSerializer,
        parameters=[ID],
        responses={200: EquitySheetSerializer, **problems(*REFUSED)},
    )
    def decide(self, request: Request, pk: int) -> Response:
        services.decide_sheet(sheet_id=pk, **self.command(EquityVerdictSerializer))
        return self._shown(pk)


view, ONE = EquityView.as_view, "equity-sheets/<int:pk>/"
urlpatterns = [
    path("equity-sheets/", view({"get": "list", "post": "create"}), name="equity-list"),
    path(ONE, view({"get": "retrieve"}), name="equity-detail"),
    path(f"{ONE}submit/", view({"post": "submit"}), name="equity-submit"),
    path(f"{ONE}send-back/", view({"post": "send_back"}), name="equity-send-back"),
    path(f"{ONE}verdict/", view({"post": "decide"}), name="equity-decide"),
]
