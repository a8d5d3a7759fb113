"""One's personal data for one's own programs: a copy, and the closing of the account."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.urls import path
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.response import Response

from core.access import proof
from core.access.own_api import Own
from core.api.schema import ID, KEY, problems
from core.api.types import Request
from core.errors import Missing
from core.privacy import files, selectors, services
from core.privacy.models import ErasureRequest, PersonalCopy


class PersonalCopySerializer(serializers.ModelSerializer[PersonalCopy]):
    """A copy of what is held about a person: asked for, ready, until when."""

    class Meta:
        model = PersonalCopy
        fields = ("id", "asked_at", "ready_at", "expires_at")
        read_only_fields = fields


class OwnErasureSerializer(serializers.ModelSerializer[ErasureRequest]):
    """One's request to close the account and delete personal data."""

    class Meta:
        model = ErasureRequest
        fields = ("id", "status", "reason", "asked_at", "note", "decided_at")
        read_only_fields = fields


class AskErasureSerializer(serializers.Serializer[Any]):
    """Why, if one likes; and that one knows what it means."""

    reason = serializers.CharField(max_length=500, required=False, allow_blank=True, default="")
    understood = serializers.BooleanField(help_text="须为 true：我知道账户将关闭，不能恢复")

    def validate_understood(self, value: bool) -> bool:
        if not value:
            raise serializers.ValidationError("请确认您知道账户将关闭，不能恢复。")
        return value


class OwnCopiesView(Own):
    """Copies of what is held about whoever asks."""

    serializer_class = PersonalCopySerializer

    @extend_schema(
        summary="我的个人信息副本",
        description="最近申请的一份；没有申请过时为 404。",
        responses={200: PersonalCopySerializer, **problems(401, 403, 404)},
    )
    def newest(self, request: Request) -> Response:
        row = selectors.newest_copy(viewer=request.actor)
        if row is None:
            raise Missing("还没有申请过副本。")
        return Response(PersonalCopySerializer(row).data)

    @extend_schema(
        summary="申请一份个人信息副本",
        description="先要确认是本人；一般几分钟内准备好，七天后自动删除。",
        request=None,
        parameters=[KEY],
        responses={202: PersonalCopySerializer, **problems(400, 401, 403, 409, 422)},
    )
    def create(self, request: Request) -> Response:
        proof.ask(request)
        services.ask_copy(by=request.actor, now=timezone.now())
        row = selectors.newest_copy(viewer=request.actor)
        return Response(PersonalCopySerializer(row).data, status=202)

    @extend_schema(
        summary="下载个人信息副本",
        description="先要确认是本人。",
        parameters=[ID],
        responses={
            (200, "application/zip"): OpenApiTypes.BINARY,
            **problems(401, 403, 404),
        },
    )
    def download(self, request: Request, pk: int) -> HttpResponse:
        proof.ask(request)
        return files.copy(pk, viewer=request.actor)


class OwnErasureView(Own):
    """The closing of the account of whoever asks."""

    serializer_class = OwnErasureSerializer

    @extend_schema(
        summary="我的注销申请",
        description="等待处理的申请；没有时为 404。",
        responses={200: OwnErasureSerializer, **problems(401, 403, 404)},
    )
    def show(self, request: Request) -> Response:
        row = selectors.open_erasure(viewer=request.actor)
        if row is None:
            raise Missing("没有等待处理的注销申请。")
        return Response(OwnErasureSerializer(row).data)

    @extend_schema(
        summary="申请注销账户、删除个人信息",
        description="先要确认是本人。由平台管理员核对，十五天内处理，处理之前可以撤回。",
        request=AskErasureSerializer,
        parameters=[KEY],
        responses={202: OwnErasureSerializer, **problems(400, 401, 403, 409, 422)},
    )
    def create(self, request: Request) -> Response:
        proof.ask(request)
        said = self.taken_in(AskErasureSerializer).validated_data
        services.ask_erasure(reason=said["reason"], by=request.actor, now=timezone.now())
        row = selectors.open_erasure(viewer=request.actor)
        return Response(OwnErasureSerializer(row).data, status=202)

    @extend_schema(
        summary="撤回注销申请",
        request=None,
        responses={204: OpenApiResponse(description="已撤回"), **problems(401, 403, 404)},
    )
    def withdraw(self, request: Request) -> Response:
        services.withdraw_erasure(by=request.actor, now=timezone.now())
        return Response(status=204)


_copies, _erasure = OwnCopiesView.as_view, OwnErasureView.as_view
app_name = "privacy-api"
urlpatterns = [
    path("account/copies/", _copies({"get": "newest", "post": "create"}), name="copies"),
    path("account/copies/<int:pk>/file/", _copies({"get": "download"}), name="copy"),
    path("account/erasure/", _erasure({"get": "show", "post": "create"}), name="erasure"),
    path("account/erasure/withdraw/", _erasure({"post": "withdraw"}), name="erasure-withdraw"),
]
