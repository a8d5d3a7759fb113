"""Sums of settlements, for programs: what is owed, and what was paid."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
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
from licensing.models import SettlementOffset, SettlementSum
from licensing.rules import offsets as rules
from licensing.selectors import offsets as offset_questions
from licensing.selectors import settlement_sums as questions
from licensing.services import offsets
from licensing.services import settlement_sums as services

OFFSET_STATUSES = [(s.value, rules.OFFSET_LABELS[s]) for s in rules.OffsetStatus]


class SettlementOffsetSerializer(serializers.ModelSerializer[SettlementOffset]):
    """A part of such a sum set off against a fee, or proposed to be."""

    status = serializers.ChoiceField(choices=OFFSET_STATUSES, read_only=True)
    side = serializers.ChoiceField(choices=DEAL_SIDES, read_only=True)
    licence_id = serializers.IntegerField(source="due.licence_id", read_only=True)

    class Meta:
        model = SettlementOffset
        fields = (
            "id", "sum_id", "licence_id", "due_id", "amount", "side", "status", "proposed_at",
            "answered_at", "reason",
        )  # fmt: skip
        read_only_fields = fields


class NewSettlementOffsetSerializer(serializers.Serializer[Any]):
    """Which fee, and how much of it."""

    due_id = serializers.IntegerField(min_value=1)
    amount = serializers.DecimalField(max_digits=18, decimal_places=2)


class OffsetReasonSerializer(serializers.Serializer[Any]):
    """Why not."""

    reason = serializers.CharField(max_length=2000)


class SettlementSumSerializer(serializers.ModelSerializer[SettlementSum]):
    """A sum that both parties of a dispute agreed on."""

    payer = serializers.ChoiceField(choices=DEAL_SIDES, read_only=True)
    currency = serializers.ChoiceField(choices=CURRENCIES, read_only=True)
    open_sum = serializers.DecimalField(max_digits=18, decimal_places=2, read_only=True)
    explanation = FeeLineSerializer(many=True, read_only=True)
    offsets = SettlementOffsetSerializer(many=True, read_only=True)

    class Meta:
        model = SettlementSum
        fields = (
            "id", "dispute_id", "payer", "amount", "currency", "due_on", "open_sum",
            "explanation", "offsets", "booked_at",
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
    idempotent_actions = ("payments", "offsets")

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

    @extend_schema(
        summary="提出以协议款项抵销许可费",
        description="对方同意后，两笔款项各减少这个数。",
        request=NewSettlementOffsetSerializer,
        parameters=[ID, KEY],
        responses={201: SettlementSumSerializer, **problems(*REFUSED)},
    )
    @action(detail=True, methods=["post"])
    def offsets(self, request: Request, pk: str) -> Response:
        known = self.command(NewSettlementOffsetSerializer)
        offsets.propose_offset(sum_id=int(pk), **known)
        return self._shown(pk, status.HTTP_201_CREATED)


class SettlementOffsetViewSet(Room):
    """Set-off of sums of settlements 协议款项抵销."""

    serializer_class = SettlementOffsetSerializer
    queryset = SettlementOffset.objects.none()

    def get_queryset(self) -> QuerySet[SettlementOffset]:
        return offset_questions.offsets(viewer=self.request.actor)

    def _shown(self, pk: str) -> Response:
        row = offset_questions.offset(int(pk), viewer=self.request.actor)
        return Response(SettlementOffsetSerializer(row).data)

    @extend_schema(
        summary="抵销列表",
        responses={200: SettlementOffsetSerializer(many=True), **problems(401, 403)},
    )
    def list(self, request: Request) -> Response:
        return self.page()

    @extend_schema(
        summary="一笔抵销",
        parameters=[ID],
        responses={200: SettlementOffsetSerializer, **problems(401, 403, 404)},
    )
    def retrieve(self, request: Request, pk: str) -> Response:
        return self._shown(pk)

    @extend_schema(
        summary="同意抵销",
        request=None,
        parameters=[ID],
        responses={200: SettlementOffsetSerializer, **problems(401, 403, 404, 409)},
    )
    @action(detail=True, methods=["post"])
    def accept(self, request: Request, pk: str) -> Response:
        offsets.accept_offset(offset_id=int(pk), by=request.actor, now=timezone.now())
        return self._shown(pk)

    @extend_schema(
        summary="不同意抵销",
        request=OffsetReasonSerializer,
        parameters=[ID],
        responses={200: SettlementOffsetSerializer, **problems(*REFUSED)},
    )
    @action(detail=True, methods=["post"])
    def refuse(self, request: Request, pk: str) -> Response:
        offsets.refuse_offset(offset_id=int(pk), **self.command(OffsetReasonSerializer))
        return self._shown(pk)

    @extend_schema(
        summary="撤回抵销",
        request=None,
        parameters=[ID],
        responses={200: SettlementOffsetSerializer, **problems(401, 403, 404, 409)},
    )
    @action(detail=True, methods=["post"])
    def withdraw(self, request: Request, pk: str) -> Response:
        offsets.withdraw_offset(offset_id=int(pk), by=request.actor, now=timezone.now())
        return self._shown(pk)
