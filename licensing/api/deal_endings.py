"""The end of contracts that grant no licence, for programs: the same commands as the pages."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.response import Response

from core.api.schema import ID, KEY, REFUSED, problems
from core.api.types import Request
from licensing.api.deals import DEAL_SIDES
from licensing.api.endings import (
    TERMINATION_STATUSES,
    Endings,
    TerminationAnswerSerializer,
)
from licensing.models import DealEnding
from licensing.rules.deal_endings import DealGround
from licensing.selectors import deal_endings as questions
from licensing.services import deal_endings as services

DEAL_GROUNDS = questions.GROUNDS
OF_DEAL = OpenApiParameter("deal_id", int, description="只看这份合同")


class DealEndingSerializer(serializers.ModelSerializer[DealEnding]):
    """An end as proposed or noticed, its day and how it was reckoned."""

    status = serializers.ChoiceField(choices=TERMINATION_STATUSES, read_only=True)
    ground = serializers.ChoiceField(choices=DEAL_GROUNDS, read_only=True)
    side = serializers.ChoiceField(choices=DEAL_SIDES, read_only=True)

    class Meta:
        model = DealEnding
        fields = (
            "id", "deal_id", "side", "ground", "status", "reason", "handling", "served_on",
            "effective_on", "explanation", "effects", "answer_by", "opened_at", "answered_at",
            "answer", "closed_at",
        )  # fmt: skip
        read_only_fields = fields


class NewDealEndingSerializer(serializers.Serializer[Any]):
    """Why and from when; a paper is sent as multipart."""

    deal_id = serializers.IntegerField(min_value=1)
    ground = serializers.ChoiceField(choices=DEAL_GROUNDS)
    reason = serializers.CharField(max_length=2000)
    wished_on = serializers.DateField(allow_null=True, default=None, help_text="双方协商时必填")
    handling = serializers.CharField(
        max_length=2000, allow_blank=True, default="", help_text="双方协商时必填"
    )
    evidence = serializers.FileField(required=False, allow_null=True, default=None)


class DealEndingViewSet(Endings):
    """Ends of contracts 合同终止."""

    serializer_class = DealEndingSerializer
    queryset = DealEnding.objects.none()

    def get_queryset(self) -> QuerySet[Any]:
        return questions.deal_endings(viewer=self.request.actor, deal_id=self.asked_for("deal_id"))

    def _shown(self, pk: int, code: int = status.HTTP_200_OK) -> Response:
        row = questions.deal_ending(pk, viewer=self.request.actor)
        return Response(DealEndingSerializer(row).data, status=code)

    @extend_schema(
        summary="合同终止列表",
        parameters=[OF_DEAL],
        responses={200: DealEndingSerializer(many=True), **problems(401, 403)},
    )
    def list(self, request: Request) -> Response:
        return self.page()

    @extend_schema(
        summary="一项合同终止",
        parameters=[ID],
        responses={200: DealEndingSerializer, **problems(401, 403, 404)},
    )
    def retrieve(self, request: Request, pk: str) -> Response:
        return self._shown(int(pk))

    @extend_schema(
        summary="提议或通知终止合同",
        description="转让、作价入股、合作研发、技术开发和技术服务合同，签约后、结清前。",
        request=NewDealEndingSerializer,
        parameters=[KEY],
        responses={201: DealEndingSerializer, **problems(*REFUSED)},
    )
    def create(self, request: Request) -> Response:
        known = self.command(NewDealEndingSerializer)
        wanted = services.Wanted(
            DealGround(known.pop("ground")),
            known.pop("reason"),
            known.pop("wished_on"),
            known.pop("handling"),
        )
        row = services.open_deal_ending(wanted=wanted, **known)
        return self._shown(row.pk, status.HTTP_201_CREATED)

    @extend_schema(
        summary="答复合同终止",
        request=TerminationAnswerSerializer,
        parameters=[ID],
        responses={200: DealEndingSerializer, **problems(*REFUSED)},
    )
    @action(detail=True, methods=["post"])
    def answer(self, request: Request, pk: str) -> Response:
        services.answer_deal_ending(ending_id=int(pk), **self.command(TerminationAnswerSerializer))
        return self._shown(int(pk))

    @extend_schema(
        summary="撤回合同终止",
        request=None,
        parameters=[ID],
        responses={200: DealEndingSerializer, **problems(401, 403, 404, 409)},
    )
    @action(detail=True, methods=["post"])
    def withdraw(self, request: Request, pk: str) -> Response:
        known = self.command(serializers.Serializer)
        services.withdraw_deal_ending(ending_id=int(pk), **known)
        return self._shown(int(pk))

    @extend_schema(
        summary="确认对方已补救（合同）",
        request=None,
        parameters=[ID],
        responses={200: DealEndingSerializer, **problems(401, 403, 404, 409)},
    )
    @action(detail=True, methods=["post"])
    def mended(self, request: Request, pk: str) -> Response:
        known = self.command(serializers.Serializer)
        services.withdraw_deal_ending(ending_id=int(pk), mended=True, **known)
        return self._shown(int(pk))
