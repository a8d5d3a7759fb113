"""Who would want a patent, for its holder's programs; needs like another for everybody's."""

from __future__ import annotations

from typing import Any

from django.urls import path
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.response import Response
from rest_framework.views import APIView

from core.api.schema import REFUSED, problems
from core.api.types import Request
from core.errors import Missing
from matching import selectors
from matching.api.serializers import NeedSerializer
from matching.selectors import wanting as asked
from matching.services.offering import offer


class WanterBarSerializer(serializers.Serializer[Any]):
    """One part of the score in whole points."""

    code = serializers.CharField()
    points = serializers.IntegerField()
    words = serializers.ListField(child=serializers.CharField())


class WanterSerializer(serializers.Serializer[Any]):
    """A firm as the holder may know it; `need` is null where it may not be read."""

    token = serializers.CharField(help_text="推送时用；每件专利各不相同")
    score = serializers.IntegerField()
    region = serializers.CharField()
    industries = serializers.ListField(child=serializers.CharField())
    need = NeedSerializer(allow_null=True)
    bars = WanterBarSerializer(many=True)
    is_loud = serializers.BooleanField(help_text="达到推送门槛")


class OfferSerializer(serializers.Serializer[Any]):
    """Whom to push to."""

    token = serializers.CharField(max_length=40)


class SimilarNeedSerializer(serializers.Serializer[Any]):
    """A public need like another."""

    need = NeedSerializer()
    score = serializers.IntegerField()


class WantingView(APIView):
    """谁会想要它."""

    request: Request

    @extend_schema(
        operation_id="wanting_list",
        summary="哪些企业可能需要这件专利",
        responses={200: WanterSerializer(many=True), **problems(404)},
    )
    def get(self, request: Request, pk: int) -> Response:
        if not asked.may_ask(pk, viewer=request.actor):
            raise Missing("没有找到这件专利，或它不归贵单位管理。")
        rows = asked.wanters(pk, viewer=request.actor)
        return Response(WanterSerializer(rows, many=True).data)

    @extend_schema(
        operation_id="wanting_push",
        summary="推送给一家企业",
        description="是否送达由对方的推送设置、每日上限和此前的评价决定，不在此答复。",
        request=OfferSerializer,
        responses={202: None, **problems(*REFUSED)},
    )
    def post(self, request: Request, pk: int) -> Response:
        form = OfferSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        token = form.validated_data["token"]
        offer(patent_id=pk, token=token, by=request.actor, now=timezone.now())
        return Response(status=202)


class SimilarNeedsView(APIView):
    """类似的需求."""

    request: Request

    @extend_schema(
        operation_id="needs_similar",
        summary="类似的公开需求",
        responses={200: SimilarNeedSerializer(many=True), **problems(404)},
    )
    def get(self, request: Request, pk: int) -> Response:
        need = selectors.need(pk, viewer=request.actor)
        rows = asked.similar_needs(need, viewer=request.actor)
        return Response(SimilarNeedSerializer(rows, many=True).data)


urlpatterns = [
    path("patents/<int:pk>/wanting/", WantingView.as_view(), name="wanting"),
    path("needs/<int:pk>/similar/", SimilarNeedsView.as_view(), name="need-similar"),
]
