"""Explanations for programs: a match in parts that sum, why not a patent, what is like it."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from django.urls import path
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.response import Response
from rest_framework.views import APIView

from core.api.schema import ID, problems
from core.api.types import Request
from core.errors import Invalid, Missing, NotAllowed
from matching import rules, selectors
from matching.rules.whynot import Answer, Filter
from matching.selectors import explaining as asked
from matching.selectors import whynot as asking
from matching.selectors.matches import MatchCard
from matching.types import Bar, Demand, DemandKind

ANSWERS = [(one.value, one.value) for one in Answer]
FILTERS = [(one.value, one.value) for one in Filter]


class BarSerializer(serializers.Serializer[Any]):
    """One part of a score; the points of all parts add up to the whole score."""

    code = serializers.CharField()
    points = serializers.IntegerField()
    ticks = serializers.IntegerField(help_text="得分的万分之一")
    room = serializers.FloatField(help_text="最多可得分")
    words = serializers.ListField(child=serializers.CharField())


class PassageSerializer(serializers.Serializer[Any]):
    """A piece of a text, and where the shared words stand in it."""

    code = serializers.CharField()
    text = serializers.CharField()
    marks = serializers.ListField(
        child=serializers.ListField(child=serializers.IntegerField()),
        help_text="共有词的起止位置 [起, 止)，按字符计",
    )


class ExplanationSerializer(serializers.Serializer[Any]):
    """A match in its parts, with both texts marked."""

    match = serializers.IntegerField()
    score = serializers.IntegerField()
    score_ticks = serializers.IntegerField()
    bars = BarSerializer(many=True)
    words = serializers.ListField(child=serializers.CharField())
    demand_text = PassageSerializer(many=True)
    patent_text = PassageSerializer(many=True)


class AlternativeSerializer(serializers.Serializer[Any]):
    """A patent like the matched one."""

    patent = serializers.IntegerField()
    title = serializers.CharField()
    likeness = serializers.FloatField(help_text="0 至 1")
    words = serializers.ListField(child=serializers.CharField())
    match = serializers.IntegerField(allow_null=True, help_text="也在本单位匹配中的编号")


class WhyNotSerializer(serializers.Serializer[Any]):
    """Where a patent stands with a demand."""

    patent = serializers.IntegerField()
    title = serializers.CharField()
    demand_kind = serializers.CharField()
    demand_id = serializers.IntegerField()
    answer = serializers.ChoiceField(choices=ANSWERS)
    refusals = serializers.ListField(child=serializers.ChoiceField(choices=FILTERS))
    score = serializers.IntegerField(allow_null=True)
    floor = serializers.IntegerField(help_text="进入列表的最低分")
    bars = BarSerializer(many=True)
    absent = serializers.ListField(
        child=serializers.CharField(), help_text="一分未得的部分：text、class、terms"
    )
    rank = serializers.IntegerField(allow_null=True)
    match = serializers.IntegerField(allow_null=True)


def signed_in(request: Request) -> None:
    """A visitor is told to sign in."""
    if request.actor.is_anonymous:
        error = NotAllowed("请先认证，再访问这项资源。", code="login-required")
        error.status = 401
        raise error


def match_card(request: Request, pk: int) -> MatchCard:
    signed_in(request)
    card = selectors.card(pk, viewer=request.actor)
    if card is None:
        raise Missing("没有这条匹配，或它已经下架。")
    return card


def bars(rows: tuple[Bar, ...]) -> list[dict[str, Any]]:
    return [{**asdict(bar), "words": list(bar.words)} for bar in rows]


def marked(passages: asked.Passages, words: tuple[str, ...]) -> list[dict[str, Any]]:
    return [
        {"code": code, "text": text, "marks": asked.marks(text, words)} for code, text in passages
    ]


class ExplanationView(APIView):
    """One match explained."""

    request: Request

    @extend_schema(
        operation_id="match_explanation_retrieve",
        summary="匹配的解释：分项之和等于总分，两边原文标出共有词",
        parameters=[ID],
        responses={200: ExplanationSerializer, **problems(401, 404)},
    )
    def get(self, request: Request, id: int) -> Response:
        card = match_card(request, id)
        mine, theirs = asked.both_texts(card)
        body = {
            "match": card.id,
            "score": card.score,
            "score_ticks": card.ticks,
            "bars": bars(card.bars),
            "words": list(card.words),
            "demand_text": marked(mine, card.words),
            "patent_text": marked(theirs, card.words),
        }
        return Response(ExplanationSerializer(body).data)


class AlternativesView(APIView):
    """What else there is like the matched patent."""

    request: Request

    @extend_schema(
        operation_id="match_alternatives_list",
        summary="与所匹配专利相近的在架专利",
        parameters=[ID],
        responses={200: AlternativeSerializer(many=True), **problems(401, 404)},
    )
    def get(self, request: Request, id: int) -> Response:
        card = match_card(request, id)
        rows = [
            {
                "patent": one.patent.id,
                "title": one.patent.title,
                "likeness": one.likeness,
                "words": list(one.words),
                "match": one.match_id,
            }
            for one in asked.alternatives(card, viewer=request.actor)
        ]
        return Response(AlternativeSerializer(rows, many=True).data)


class WhyNotView(APIView):
    """Why a patent is not in the list of a demand."""

    request: Request

    @extend_schema(
        operation_id="match_why_not_retrieve",
        summary="为什么没有推荐这件专利",
        parameters=[
            OpenApiParameter("patent", str, required=True, description="专利号或专利页网址"),
            OpenApiParameter("need", int, description="对照的需求；与 subscription 二选一"),
            OpenApiParameter("subscription", int, description="对照的订阅"),
        ],
        responses={200: WhyNotSerializer, **problems(401, 404, 422)},
    )
    def get(self, request: Request) -> Response:
        signed_in(request)
        demand = self._demand(request)
        named = request.query_params.get("patent", "").replace("\x00", "")
        patent = asking.patent_named(named, viewer=request.actor)
        if patent is None:
            raise Missing("平台上没有找到这件公开的专利，请核对专利号或网址。")
        found = asking.why_not(demand, patent=patent, viewer=request.actor)
        body = {
            "patent": patent.id,
            "title": patent.title,
            "demand_kind": demand.kind.value,
            "demand_id": demand.id,
            "answer": found.answer.value,
            "refusals": [one.value for one in found.refusals],
            "score": found.score,
            "floor": int(rules.FLOOR),
            "bars": bars(found.bars),
            "absent": list(found.absent),
            "rank": found.rank,
            "match": found.match_id,
        }
        return Response(WhyNotSerializer(body).data)

    def _demand(self, request: Request) -> Demand:
        given = [
            (kind, value)
            for kind in DemandKind
            if (value := request.query_params.get(kind.value, ""))
        ]
        if len(given) == 1:
            kind, value = given[0]
            if value.isascii() and value.isdigit() and len(value) < 19:
                return Demand(kind, int(value))
        raise Invalid(
            fields={"need": ["请给出 need 或 subscription 之一，为整数编号。"]},
            code="invalid-parameter",
        )


urlpatterns = [
    path("matches/why-not/", WhyNotView.as_view(), name="match-why-not"),
    path("matches/<int:id>/explanation/", ExplanationView.as_view(), name="match-explanation"),
    path("matches/<int:id>/alternatives/", AlternativesView.as_view(), name="match-alternatives"),
]
