"""Pushing for programs: one's own settings, what was pushed, and how far pushes went."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db.models import QuerySet
from django.urls import path
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.response import Response
from rest_framework.routers import SimpleRouter
from rest_framework.views import APIView

from core.api import versions
from core.api.schema import IF_MATCH, REFUSED, problems
from core.api.types import Request
from core.errors import Invalid, NotAllowed
from core.people.types import Role
from core.permissions import Permission, require
from matching.api.views import Room
from matching.models import Push
from matching.models.choices import Pace
from matching.rules import pushes as rules
from matching.selectors import funnel as asked
from matching.selectors import receivers
from matching.services import receiving
from matching.types import Pace as PaceCode
from matching.types import PushWish

OVERSEERS = (Role.OFFICE, Role.BROKER, Role.BUREAU, Role.SYSADMIN, Role.AUDITOR)


class PushWishSerializer(serializers.Serializer[Any]):
    """How a person wants to hear of new matches."""

    bell = serializers.ChoiceField(choices=Pace.choices, help_text="站内消息")
    mail = serializers.ChoiceField(choices=Pace.choices, help_text="邮件")
    quiet_from = serializers.TimeField(allow_null=True, help_text="免打扰开始，北京时间")
    quiet_until = serializers.TimeField(allow_null=True)
    weekly_cap = serializers.IntegerField(min_value=rules.LEAST_CAP, max_value=rules.MOST_CAP)
    per_holder = serializers.IntegerField(min_value=rules.LEAST_SHARE, max_value=rules.MOST_SHARE)

    def value(self) -> PushWish:
        data = dict(self.validated_data)
        data["bell"], data["mail"] = PaceCode(data["bell"]), PaceCode(data["mail"])
        return PushWish(**data)


class PushSerializer(serializers.ModelSerializer[Push]):
    """One push of the organisation, and how far it went."""

    patent = serializers.IntegerField(source="lead.patent_id")
    score_ticks = serializers.IntegerField(source="ticks")
    opened_at = serializers.DateTimeField(source="lead.viewed_at", allow_null=True)
    rated_at = serializers.DateTimeField(source="lead.rated_at", allow_null=True)
    contacted_at = serializers.DateTimeField(source="lead.contacted_at", allow_null=True)
    deal_at = serializers.DateTimeField(source="lead.deal_at", allow_null=True)

    class Meta:
        model = Push
        fields = (
            "id", "patent", "score_ticks", "pushed_at", "opened_at", "rated_at", "contacted_at",
            "deal_at",
        )  # fmt: skip
        read_only_fields = fields


class FunnelSerializer(serializers.Serializer[Any]):
    """How far pushes went; null: one to four, not told."""

    sent = serializers.IntegerField(allow_null=True)
    opened = serializers.IntegerField(allow_null=True)
    rated = serializers.IntegerField(allow_null=True)
    interested = serializers.IntegerField(allow_null=True)
    contacted = serializers.IntegerField(allow_null=True)
    licensed = serializers.IntegerField(allow_null=True)


class PushPreferenceView(APIView):
    """推送设置 of the person who asks."""

    request: Request

    def shown(self) -> Response:
        row = receivers.preference(viewer=self.request.actor)
        wish = row.wish if row else PushWish()
        body = PushWishSerializer(wish).data
        tag = versions.etag("push-preference", row.pk if row else 0, row.version if row else 0)
        return Response(body, headers={"ETag": tag})

    @extend_schema(
        operation_id="push_preference_retrieve",
        summary="本人的推送设置",
        responses={200: PushWishSerializer, **problems(401, 403)},
    )
    def get(self, request: Request) -> Response:
        require(request.actor, Permission.SUBSCRIBE)
        return self.shown()

    @extend_schema(
        operation_id="push_preference_update",
        summary="修改推送设置",
        description="立即生效；关闭的渠道上尚未发出的随即取消。",
        request=PushWishSerializer,
        parameters=[IF_MATCH],
        responses={200: PushWishSerializer, **problems(*REFUSED, 412, 428)},
    )
    def put(self, request: Request) -> Response:
        require(request.actor, Permission.SUBSCRIBE)
        row = receivers.preference(viewer=request.actor)
        current = versions.etag("push-preference", row.pk if row else 0, row.version if row else 0)
        versions.check(request, current)
        form = PushWishSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        receiving.set_push_wish(
            wish=form.value(),
            version=row.version - 1 if row else 0,
            by=request.actor,
            now=timezone.now(),
        )
        return self.shown()


class PushViewSet(Room):
    """What the organisation was told of."""

    serializer_class = PushSerializer
    queryset = Push.objects.none()

    def get_queryset(self) -> QuerySet[Push]:
        return receivers.pushes(viewer=self.request.actor)

    @extend_schema(
        summary="本单位收到的推送及其进展",
        responses={200: PushSerializer(many=True), **problems(401)},
    )
    def list(self, request: Request) -> Response:
        self.with_account()
        return self.page()


class PushFunnelView(APIView):
    """How far the pushes went that the viewer may count."""

    request: Request

    @extend_schema(
        operation_id="push_funnel_retrieve",
        summary="推送漏斗",
        description="主管部门看本地区，权利人看自己的专利；权利人处 1–4 家不给确数，为 null。",
        parameters=[OpenApiParameter("days", int, description="最近多少天，1–366，默认 90")],
        responses={200: FunnelSerializer, **problems(401, 403, 422)},
    )
    def get(self, request: Request) -> Response:
        if not request.actor.has(*OVERSEERS):
            raise NotAllowed("推送漏斗对权利人、主管部门和管理员开放。")
        asked_for = request.query_params.get("days", "90")
        if not (asked_for.isascii() and asked_for.isdigit() and 1 <= int(asked_for[:9]) <= 366):
            raise Invalid(fields={"days": ["应为 1 至 366 的整数。"]}, code="invalid-parameter")
        now = timezone.now()
        since = now - timedelta(days=int(asked_for))
        found = asked.funnel(viewer=request.actor, since=since, until=now)
        return Response(FunnelSerializer(found).data)


router = SimpleRouter()
router.register("pushes", PushViewSet, basename="push")
urlpatterns = [
    *router.urls,
    path("push-preference/", PushPreferenceView.as_view(), name="push-preference"),
    path("push-funnel/", PushFunnelView.as_view(), name="push-funnel"),
]
