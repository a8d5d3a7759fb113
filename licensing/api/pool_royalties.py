"""Royalties of pool licences for programs: reports, answers, and the account."""

from __future__ import annotations

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
from core.errors import Missing
from licensing.api.fees import FeeLineSerializer
from licensing.api.royalties import (
    NewRoyaltyReportSerializer,
    RoyaltyQuestionSerializer,
    RoyaltyReportSerializer,
)
from licensing.api.views import Room
from licensing.models import PoolLicence, PoolRoyaltyReport
from licensing.selectors import pool_royalties as questions
from licensing.selectors import pools
from licensing.services import pool_interest
from licensing.services import pool_royalties as services
from licensing.services.earnings import Earned


class PoolRoyaltyReportSerializer(RoyaltyReportSerializer):
    """A report of one period of a pool licence; `licence_id` is the pool licence."""

    class Meta(RoyaltyReportSerializer.Meta):
        model = PoolRoyaltyReport  # type: ignore[assignment]


class NewPoolRoyaltyReportSerializer(NewRoyaltyReportSerializer):
    """What was earned in a period; `licence_id` is the pool licence."""


class PoolDueSerializer(serializers.Serializer[Any]):
    """A sum of a pool licence, how it came about, and what covers it."""

    id = serializers.IntegerField(source="due.pk")
    kind = serializers.CharField(source="due.kind")
    due_on = serializers.DateField(source="due.due_on")
    amount = serializers.DecimalField(source="due.amount", max_digits=18, decimal_places=2)
    paid = serializers.DecimalField(max_digits=18, decimal_places=2)
    outstanding = serializers.DecimalField(max_digits=18, decimal_places=2)
    interest = serializers.DecimalField(
        max_digits=18, decimal_places=2, help_text="算到今天，还没有计收的逾期利息"
    )
    late_due_id = serializers.IntegerField(
        source="due.late_due_id", allow_null=True, help_text="逾期利息：是哪一笔的"
    )
    is_late = serializers.BooleanField()
    disputed = serializers.BooleanField(help_text="有争议正在处理")
    released = serializers.DecimalField(
        max_digits=18, decimal_places=2, help_text="协议约定不再支付"
    )
    explanation = FeeLineSerializer(source="due.explanation", many=True)


class PoolAccountSerializer(serializers.Serializer[Any]):
    """The account of a pool licence today: what came in covers the sums in order of their days."""

    due = serializers.DecimalField(max_digits=20, decimal_places=2)
    received = serializers.DecimalField(max_digits=20, decimal_places=2)
    outstanding = serializers.DecimalField(max_digits=20, decimal_places=2)
    ahead = serializers.DecimalField(max_digits=20, decimal_places=2, help_text="预付")
    lines = PoolDueSerializer(many=True)


class PoolRoyaltyReportViewSet(Room):
    """Royalty reports of pool licences 池许可提成申报."""

    serializer_class = PoolRoyaltyReportSerializer
    queryset = PoolRoyaltyReport.objects.none()

    def get_queryset(self) -> QuerySet[PoolRoyaltyReport]:
        asked = self.request.query_params.get("licence_id", "")
        known = int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 19 else None
        return questions.pool_reports(viewer=self.request.actor, licence_id=known)

    def _shown(self, pk: int, code: int = status.HTTP_200_OK) -> Response:
        row = questions.pool_report(pk, viewer=self.request.actor)
        shown = PoolRoyaltyReportSerializer(row)  # type: ignore[arg-type]  # the same columns
        return Response(shown.data, status=code)

    @extend_schema(
        summary="池许可提成申报列表",
        parameters=[OpenApiParameter("licence_id", int, description="只看这项池许可")],
        responses={200: PoolRoyaltyReportSerializer(many=True), **problems(401, 403)},
    )
    def list(self, request: Request) -> Response:
        return self.page()

    @extend_schema(
        summary="一份池许可提成申报",
        parameters=[ID],
        responses={200: PoolRoyaltyReportSerializer, **problems(401, 403, 404)},
    )
    def retrieve(self, request: Request, pk: str) -> Response:
        return self._shown(int(pk))

    @extend_schema(
        summary="申报一期池许可提成",
        description="同一期再次申报即为更正，原申报留存。",
        request=NewPoolRoyaltyReportSerializer,
        parameters=[KEY],
        responses={201: PoolRoyaltyReportSerializer, **problems(*REFUSED)},
    )
    def create(self, request: Request) -> Response:
        known = self.command(NewPoolRoyaltyReportSerializer)
        who = {name: known.pop(name) for name in ("by", "now")}
        licence_id = known.pop("licence_id")
        row = services.report_pool_royalty(pool_licence_id=licence_id, said=Earned(**known), **who)
        return self._shown(row.pk, status.HTTP_201_CREATED)

    @extend_schema(
        summary="确认池许可提成申报",
        description="按付费方案计算应付金额，逐行给出算式。",
        request=None,
        parameters=[ID],
        responses={200: PoolRoyaltyReportSerializer, **problems(401, 403, 404, 409)},
    )
    @action(detail=True, methods=["post"])
    def accept(self, request: Request, pk: str) -> Response:
        services.accept_pool_royalty(report_id=int(pk), by=request.actor, now=timezone.now())
        return self._shown(int(pk))

    @extend_schema(
        summary="对池许可提成申报提出疑问",
        request=RoyaltyQuestionSerializer,
        parameters=[ID],
        responses={200: PoolRoyaltyReportSerializer, **problems(*REFUSED)},
    )
    @action(detail=True, methods=["post"])
    def question(self, request: Request, pk: str) -> Response:
        known = self.command(RoyaltyQuestionSerializer)
        services.question_pool_royalty(report_id=int(pk), **known)
        return self._shown(int(pk))


class PoolAccountView(Room):
    """The account of a pool licence."""

    serializer_class = PoolAccountSerializer
    idempotent_actions = ("interest",)

    @extend_schema(
        summary="池许可应付与到账",
        parameters=[ID],
        responses={200: PoolAccountSerializer, **problems(401, 403, 404)},
    )
    def retrieve(self, request: Request, pk: str) -> Response:
        row = pools.licence(int(pk), viewer=request.actor)
        if not questions.reads_reports(row, viewer=request.actor):
            raise Missing(pools.NOT_FOUND)
        return self._account(row)

    def _account(self, row: PoolLicence, code: int = status.HTTP_200_OK) -> Response:
        found = questions.account(row, today=timezone.localdate())
        return Response(PoolAccountSerializer(found).data, status=code)

    @extend_schema(
        summary="计收一笔池许可款项的逾期利息",
        description="管理人办理；付清以后平台自动计收。",
        request=None,
        parameters=[ID, KEY],
        responses={201: PoolAccountSerializer, **problems(*REFUSED)},
    )
    def interest(self, request: Request, pk: str, due_id: int) -> Response:
        pool_interest.charge_pool_interest(
            pool_licence_id=int(pk), due_id=due_id, by=request.actor, now=timezone.now()
        )
        row = pools.licence(int(pk), viewer=request.actor)
        return self._account(row, status.HTTP_201_CREATED)


urlpatterns = [
    path(
        "pool-licences/<int:pk>/account/",
        PoolAccountView.as_view({"get": "retrieve"}),
        name="pool-licence-account",
    ),
    path(
        "pool-licences/<int:pk>/dues/<int:due_id>/interest/",
        PoolAccountView.as_view({"post": "interest"}),
        name="pool-licence-interest",
    ),
]
