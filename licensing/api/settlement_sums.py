"""Sums of settlements, for programs: what is owed, and what was paid."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.response import Response

from core.api.schema import ID, KEY, REFUSED, problems
from core.api.types import Request
from licensing.api.deals import DEAL_SIDES
from licensing.api.fees import FeeLineSerializer
from licensing.api.royalties import CURRENCIES
from licensing.api.views import Room
from licensing.models import SettlementSum
from licensing.selectors import settlement_sums as questions
from licensing.services import settlement_sums as services


class SettlementSumSerializer(serializers.ModelSerializer[SettlementSum]):
    """A sum that both parties of a dispute agreed on."""

    payer = serializers.ChoiceField(choices=DEAL_SIDES, read_only=True)
    currency = serializers.ChoiceField(choices=CURRENCIES, read_only=True)
    open_sum = serializers.DecimalField(max_digits=18, decimal_places=2, read_only=True)
    explanation = FeeLineSerializer(many=True, read_only=True)

    class Meta:
        model = SettlementSum
        fields = (
            "id", "dispute_id", "payer", "amount", "currency", "due_on", "open_sum",
            "explanation", "booked_at",
        )  # fmt: skip
        read_only_fields = fields


class NewSettlementPaymentSerializer(serializers.Serializer[Any]):
    """What was paid; a proof is sent as multipart."""

    amount = serializers.DecimalField(max_digits=18, decimal_places=2)
    paid_on = serializers.DateField()
    reference = serializers.CharField(max_length=80, allow_blank=True, default="")
    proof = serializers.FileField(required=False, allow_null=True, default=None)


class SettlementSumViewSet(Room):
    """Sums of settlements 协议款项."""

    serializer_class = SettlementSumSerializer
    queryset = SettlementSum.objects.none()
    idempotent_actions = ("payments",)

    def get_queryset(self) -> QuerySet[Any]:
        return questions.settlement_sums(viewer=self.request.actor)

    def _shown(self, pk: str, code: int = status.HTTP_200_OK) -> Response:
        row = questions.settlement_sum(int(pk), viewer=self.request.actor)
        return Response(SettlementSumSerializer(row).data, status=code)

    @extend_schema(
        summary="协议款项列表",
        responses={200: SettlementSumSerializer(many=True), **problems(401, 403)},
    )
    def list(self, request: Request) -> Response:
        return self.page()

    @extend_schema(
        summary="一笔协议款项",
        parameters=[ID],
        responses={200: SettlementSumSerializer, **problems(401, 403, 404)},
    )
    def retrieve(self, request: Request, pk: str) -> Response:
        return self._shown(pk)

    @extend_schema(
        summary="登记协议付款",
        request=NewSettlementPaymentSerializer,
        parameters=[ID, KEY],
        responses={201: SettlementSumSerializer, **problems(*REFUSED)},
    )
    @action(detail=True, methods=["post"])
    def payments(self, request: Request, pk: str) -> Response:
        known = self.command(NewSettlementPaymentSerializer)
        services.pay_settlement(sum_id=int(pk), **known)
        return self._shown(pk, status.HTTP_201_CREATED)
