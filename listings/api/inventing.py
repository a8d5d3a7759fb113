"""Inventors' names for an office's programs, and who of them is not shown."""

from __future__ import annotations

from typing import Any

from django.urls import path
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.response import Response
from rest_framework.views import APIView

from core.api.schema import ID, REFUSED, problems
from core.api.types import Request
from core.errors import NotAllowed
from listings.selectors.ownership import inventing as asked
from listings.services.ownership import inventing as services


class PatentInventorsSerializer(serializers.Serializer[Any]):
    """Who invented a patent."""

    names = serializers.ListField(
        child=serializers.CharField(max_length=200), max_length=100, help_text="姓名，按证书次序"
    )


class SilenceSerializer(serializers.Serializer[Any]):
    """Who is not shown."""

    name = serializers.CharField(max_length=200)
    asked_at = serializers.DateTimeField(read_only=True)


class ShowAgainSerializer(serializers.Serializer[Any]):
    """Whether to hide or to show."""

    name = serializers.CharField(max_length=200)
    hidden = serializers.BooleanField()


class PatentInventorsView(APIView):
    """发明人."""

    request: Request

    @extend_schema(
        operation_id="patent_inventors_set",
        summary="登记发明人：整份替换",
        request=PatentInventorsSerializer,
        parameters=[ID],
        responses={200: PatentInventorsSerializer, **problems(*REFUSED)},
    )
    def put(self, request: Request, id: int) -> Response:
        form = PatentInventorsSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        names = services.name_inventors(
            patent_id=id,
            names="\n".join(form.validated_data["names"]),
            by=request.actor,
            now=timezone.now(),
        )
        return Response({"names": names})


class SilencesView(APIView):
    """不展示的发明人."""

    request: Request

    @extend_schema(
        operation_id="inventor_silences_list",
        summary="本单位要求不展示的发明人",
        responses={200: SilenceSerializer(many=True), **problems(401)},
    )
    def get(self, request: Request) -> Response:
        if request.actor.is_anonymous:
            error = NotAllowed("请先认证，再访问这项资源。", code="login-required")
            error.status = 401
            raise error
        rows = asked.silences(viewer=request.actor)[:1_000]
        return Response(SilenceSerializer(rows, many=True).data)

    @extend_schema(
        operation_id="inventor_silences_set",
        summary="不展示或恢复展示：本单位的技术转移机构或本人",
        request=ShowAgainSerializer,
        responses={204: None, **problems(*REFUSED)},
    )
    def post(self, request: Request) -> Response:
        form = ShowAgainSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        data = form.validated_data
        command = services.hide_inventor if data["hidden"] else services.show_inventor
        command(name=data["name"], by=request.actor, now=timezone.now())
        return Response(status=204)


urlpatterns = [
    path("patents/<int:id>/inventors/", PatentInventorsView.as_view(), name="patent-inventors"),
    path("inventor-silences/", SilencesView.as_view(), name="inventor-silences"),
]
