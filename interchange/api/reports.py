"""What an exchange reports that was done there 对方登记: registered, certified, money moved."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.urls import path
from django.utils import timezone
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers, status
from rest_framework.response import Response

from core.api.pagination import Cursor
from core.api.permissions import SignedIn
from core.api.schema import KEY, REFUSED, problems
from core.api.types import Request
from core.idempotency.resources import Resource
from licensing.selectors import registrations as questions
from licensing.services import exchange_reports as services

REPORT_SORTS = questions.REPORT_SORTS
SETTLEMENT_STATES = questions.SETTLEMENT_STATES


class ExchangeReportSerializer(serializers.Serializer[Any]):
    """A report as it was taken in."""

    id = serializers.IntegerField(read_only=True)
    contract_number = serializers.CharField(read_only=True)
    patent_number = serializers.CharField(read_only=True)
    sort = serializers.ChoiceField(choices=REPORT_SORTS, read_only=True)
    number = serializers.CharField(read_only=True)
    on = serializers.DateField(read_only=True)
    amount = serializers.DecimalField(max_digits=18, decimal_places=2, read_only=True)
    state = serializers.ChoiceField(choices=[("", ""), *SETTLEMENT_STATES], read_only=True)
    note = serializers.CharField(read_only=True)
    reported_at = serializers.DateTimeField(read_only=True)


class NewExchangeReportSerializer(serializers.Serializer[Any]):
    """What was done there; `amount` and `state` belong to settlements."""

    contract_number = serializers.CharField(max_length=40, help_text="洽谈编号或许可编号")
    patent_number = serializers.CharField(max_length=40, help_text="合同的专利号，用来核对")
    sort = serializers.ChoiceField(choices=REPORT_SORTS)
    number = serializers.CharField(max_length=60, help_text="登记编号、鉴证编号或资金流水号")
    on = serializers.DateField()
    amount = serializers.DecimalField(
        max_digits=18, decimal_places=2, required=False, allow_null=True, default=None
    )
    state = serializers.ChoiceField(
        choices=SETTLEMENT_STATES, required=False, allow_blank=True, default=""
    )
    note = serializers.CharField(max_length=500, allow_blank=True, default="")


class ExchangeReportView(Resource):
    """Reports of exchanges 交易机构回传."""

    pagination_class = Cursor
    permission_classes = (SignedIn,)
    filter_backends = ()
    serializer_class = ExchangeReportSerializer
    queryset = questions.no_reports()

    def get_queryset(self) -> QuerySet[Any]:
        return questions.reports(viewer=self.request.actor)

    @extend_schema(
        summary="已回传的登记、鉴证和结算",
        responses={200: ExchangeReportSerializer(many=True), **problems(401, 403)},
    )
    def list(self, request: Request) -> Response:
        return self.page()

    @extend_schema(
        summary="回传登记、鉴证或结算",
        description="在贵机构办理的合同登记、鉴证和资金结算，回传后显示在合同页面。"
        "合同编号与专利号须一致，否则 404；内容相同的再次回传得到同一条（200）；"
        "与已回传的不一致为 409。资金先报 held，再报 released 或 returned。",
        request=NewExchangeReportSerializer,
        parameters=[KEY],
        responses={
            200: ExchangeReportSerializer,
            201: ExchangeReportSerializer,
            **problems(*REFUSED),
        },
        examples=[
            OpenApiExample(
                "资金已托管",
                value={
                    "contract_number": "QT202600000012",
                    "patent_number": "201710601862.3",
                    "sort": "settlement",
                    "number": "ZJ-2026-0088",
                    "on": "2026-11-20",
                    "amount": "300000.00",
                    "state": "held",
                },
                request_only=True,
            )
        ],
    )
    def create(self, request: Request) -> Response:
        form = self.taken_in(NewExchangeReportSerializer)
        row, new = services.take_report(**form.validated_data, by=request.actor, now=timezone.now())
        code = status.HTTP_201_CREATED if new else status.HTTP_200_OK
        return Response(ExchangeReportSerializer(row).data, status=code)


urlpatterns = [
    path(
        "exchange-reports/",
        ExchangeReportView.as_view({"get": "list", "post": "create"}),
        name="exchange-reports",
    )
]
