"""Teams behind a need's matches, for the firm's programs."""

from __future__ import annotations

from typing import Any

from django.urls import path
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.response import Response
from rest_framework.views import APIView

from core.api.schema import problems
from core.api.types import Request
from core.errors import Missing
from core.people.types import Role
from matching import selectors
from matching.selectors import teams as asked


class TeamPersonSerializer(serializers.Serializer[Any]):
    """One inventor of one holder; no way to reach them but the holder's office."""

    name = serializers.CharField()
    patents = serializers.IntegerField(help_text="名下合适的专利件数")


class TeamPieceSerializer(serializers.Serializer[Any]):
    """A fitting patent of a team."""

    patent = serializers.IntegerField(source="patent.id")
    title = serializers.CharField(source="patent.title")
    match = serializers.IntegerField(source="match_id")
    score = serializers.IntegerField()


class TeamSerializer(serializers.Serializer[Any]):
    """People of one holder with their fitting patents."""

    holder = serializers.IntegerField(source="holder_id")
    office = serializers.CharField()
    people = TeamPersonSerializer(many=True)
    more = serializers.IntegerField(help_text="没有列出的人数")
    patents = TeamPieceSerializer(source="pieces", many=True)


class TeamsView(APIView):
    """团队."""

    request: Request

    @extend_schema(
        operation_id="needs_teams",
        summary="一条需求的匹配背后的团队",
        responses={200: TeamSerializer(many=True), **problems(404)},
    )
    def get(self, request: Request, pk: int) -> Response:
        need = selectors.need(pk, viewer=request.actor)
        own = need.organisation_id in request.actor.acts_for
        if not own and not request.actor.has(Role.AUDITOR):
            raise Missing("没有找到这条需求的匹配结果，或它不归贵单位管理。")
        rows = asked.teams_for(pk, viewer=request.actor)
        return Response(TeamSerializer(rows, many=True).data)


urlpatterns = [path("needs/<int:pk>/teams/", TeamsView.as_view(), name="need-teams")]
