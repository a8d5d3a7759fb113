"""Royalty reports and statements for programs: the same commands as the pages."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.db.models import QuerySet
from django.urls import path
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.response import Response

from core.api.schema import ID, KEY, REFUSED, problems
from core.api.types import Request
from licensing import selectors, services
from licensing.api.fees import FeeLineSerializer
from licensing.api.views import Room
from licensing.models import RoyaltyReport
from licensing.rules import fees, reports

CURRENCIES = [(c.value, fees.CURRENCY_LABELS[c]) for c in fees.Currency]
REPORT_STATUSES = [(s.value, reports.REPORT_LABELS[s]) for s in reports.ReportStatus]


class RoyaltyReportSerializer(serializers.ModelSerializer[RoyaltyReport]):
    """A report of one period, and what it owes with its lines once accepted."""

    status = serializers.ChoiceField(choices=REPORT_STATUSES, read_only=True)
    currency = serializers.ChoiceField(choices=CURRENCIES, read_only=True)
    lines = FeeLineSerializer(many=True, read_only=True)

    class Meta:
        model = RoyaltyReport
        fields = (
            "id", "licence_id", "starts_on", "ends_on", "revision", "status", "amount", "currency",
            "exchange_rate", "note", "reported_at", "question", "decided_at", "owed", "lines",
            "below_minimum",
        )  # fmt: skip
        read_only_fields = fields


class NewRoyaltyReportSerializer(serializers.Serializer[Any]):
    """What was earned in a period."""

    licence_id = serializers.IntegerField(min_value=1)
    starts_on = serializers.DateField(help_text="这一期的第一天")
    amount = serializers.DecimalField(max_digits=18, decimal_places=2)
    currency = serializers.ChoiceField(choices=CURRENCIES, default=fees.Currency.CNY.value)
    exchange_rate = serializers.DecimalField(max_digits=14, decimal_places=6, default=Decimal(1))
    note = serializers.CharField(max_length=2000, allow_blank=True, default="")
    evidence = serializers.FileField(required=False, allow_null=True, default=None)


class RoyaltyQuestionSerializer(serializers.Serializer[Any]):
    """What the office asks back."""

    question = serializers.CharField(max_length=2000)


class StatementLineSerializer(serializers.Serializer[Any]):
    """A sum due, how it came about, what was paid, what interest runs on it."""

    due_id = serializers.IntegerField(source="due.pk")
    kind = serializers.CharField(source="due.kind")
    due_on = serializers.DateField(source="due.due_on")
    amount = serializers.DecimalField(source="due.amount", max_digits=18, decimal_places=2)
    paid = serializers.DecimalField(max_digits=18, decimal_places=2)
    outstanding = serializers.DecimalField(max_digits=18, decimal_places=2)
    interest = serializers.DecimalField(max_digits=18, decimal_places=2)
    is_late = serializers.BooleanField()
    disputed = serializers.BooleanField(help_text="有争议正在处理")
    explanation = FeeLineSerializer(many=True)
    interest_lines = FeeLineSerializer(many=True)


class StatementSerializer(serializers.Serializer[Any]):
    """The account of a licence today."""

    today = serializers.DateField()
    currency = serializers.CharField()
    due = serializers.DecimalField(max_digits=20, decimal_places=2)
    paid = serializers.DecimalField(max_digits=20, decimal_places=2)
    outstanding = serializers.DecimalField(max_digits=20, decimal_places=2)
    interest = serializers.DecimalField(max_digits=20, decimal_places=2)
    lines = StatementLineSerializer(many=True)
    credit = serializers.DecimalField(
        max_digits=20, decimal_places=2, help_text="账上预存款，明细见 credits"
    )


class RoyaltyReportViewSet(Room):
    """Royalty reports 提成申报."""

    serializer_class = RoyaltyReportSerializer
    queryset = RoyaltyReport.objects.none()

    def get_queryset(self) -> QuerySet[RoyaltyReport]:
        asked = self.request.query_params.get("licence_id", "")
        known = int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 19 else None
        return selectors.royalty_reports(viewer=self.request.actor, licence_id=known)

    def _shown(self, pk: int, code: int = status.HTTP_200_OK) -> Response:
        row = selectors.royalty_report(pk, viewer=self.request.actor)
        return Response(RoyaltyReportSerializer(row).data, status=code)

    @extend_schema(
        summary="提成申报列表",
        parameters=[OpenApiParameter("licence_id", int, description="只看这项许可")],
        responses={200: RoyaltyReportSerializer(many=True), **problems(401, 403)},
    )
    def list(self, request: Request) -> Response:
        return self.page()

    @extend_schema(
        summary="一份提成申报",
        parameters=[ID],
        responses={200: RoyaltyReportSerializer, **problems(401, 403, 404)},
    )
    def retrieve(self, request: Request, pk: str) -> Response:
        return self._shown(int(pk))

    @extend_schema(
        summary="申报一期提成",
        description="同一期再次申报即为更正，原申报留存。",
        request=NewRoyaltyReportSerializer,
        parameters=[KEY],
        responses={201: RoyaltyReportSerializer, **problems(*REFUSED)},
    )
    def create(self, request: Request) -> Response:
        form = self.taken_in(NewRoyaltyReportSerializer)
        row = services.report_royalty(**form.validated_data, by=request.actor, now=timezone.now())
        return self._shown(row.pk, status.HTTP_201_CREATED)

    @extend_schema(
        summary="确认提成申报",
        description="按付费方案计算应付金额，逐行给出算式。",
        request=None,
        parameters=[ID],
        responses={200: RoyaltyReportSerializer, **problems(401, 403, 404, 409)},
    )
    @action(detail=True, methods=["post"])
    def accept(self, request: Request, pk: str) -> Response:
        services.accept_royalty(report_id=int(pk), by=request.actor, now=timezone.now())
        return self._shown(int(pk))

    @extend_schema(
        summary="对提成申报提出疑问",
        request=RoyaltyQuestionSerializer,
        parameters=[ID],
        responses={200: RoyaltyReportSerializer, **problems(*REFUSED)},
    )
    @action(detail=True, methods=["post"])
    def question(self, request: Request, pk: str) -> Response:
        form = self.taken_in(RoyaltyQuestionSerializer)
        services.question_royalty(
            report_id=int(pk), **form.validated_data, by=request.actor, now=timezone.now()
        )
        return self._shown(int(pk))


class StatementView(Room):
    """The account of a licence 对账单."""

    serializer_class = StatementSerializer

    @extend_schema(
        summary="许可费对账单",
        parameters=[ID],
        responses={200: StatementSerializer, **problems(401, 403, 404)},
    )
    def retrieve(self, request: Request, pk: str) -> Response:
        row = selectors.licence(int(pk), viewer=request.actor)
        found = selectors.statement(row, today=timezone.localdate())
        return Response(StatementSerializer(found).data)


urlpatterns = [
    path(
        "licences/<int:pk>/statement/",
        StatementView.as_view({"get": "retrieve"}),
        name="licence-statement",
    ),
]
