"""One's own account for one's own programs: what the pages of the account can do."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.urls import path
from django.utils import timezone
from drf_spectacular.utils import OpenApiResponse, extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.response import Response

from core import factors
from core.access import devices, proof
from core.api.parsers import JSONParser
from core.api.schema import ID, problems
from core.api.types import Request
from core.idempotency.resources import Resource
from core.notices import selectors as notices
from core.notices import services as notice_services
from core.people import selectors as people
from core.people import services as people_services
from core.people.models import User

NOTICE_KINDS = sorted(notice_services.KINDS)


class IdentitySerializer(serializers.Serializer[Any]):
    """One organisation for which the person may act, and as what."""

    id = serializers.IntegerField()
    organisation = serializers.IntegerField(source="organisation_id")
    organisation_name = serializers.CharField()
    role = serializers.CharField()


class OwnAccountSerializer(serializers.ModelSerializer[User]):
    """Who one is here, and what one has chosen."""

    identities = serializers.SerializerMethodField()
    notices_off = serializers.SerializerMethodField()
    has_second_factor = serializers.SerializerMethodField()
    must_have_second_factor = serializers.SerializerMethodField()

    class Meta:
        model = User
        fields = (
            "id", "email", "display_name", "date_joined", "last_login", "wants_recommendations",
            "notices_off", "has_second_factor", "must_have_second_factor", "identities",
        )  # fmt: skip
        read_only_fields = fields

    @extend_schema_field(IdentitySerializer(many=True))
    def get_identities(self, user: User) -> Any:
        return IdentitySerializer(people.identities(user), many=True).data

    @extend_schema_field(serializers.ListField(child=serializers.ChoiceField(NOTICE_KINDS)))
    def get_notices_off(self, user: User) -> list[str]:
        return sorted(notices.kinds_off(viewer=self.context["request"].actor))

    def get_has_second_factor(self, user: User) -> bool:
        return factors.has_one(user)

    def get_must_have_second_factor(self, user: User) -> bool:
        return factors.must_have_one(user)


class ChangeAccountSerializer(serializers.Serializer[Any]):
    """What one may change of one's own account; what is left out stays."""

    display_name = serializers.CharField(
        max_length=people_services.LONGEST_NAME, required=False, help_text="姓名"
    )
    wants_recommendations = serializers.BooleanField(required=False, help_text="接收个性化推荐")
    notices_off = serializers.ListField(
        child=serializers.ChoiceField([(kind, kind) for kind in NOTICE_KINDS]),
        required=False,
        help_text="关闭的消息种类；全部列出，没有列出的打开",
    )


class DeviceSerializer(serializers.Serializer[Any]):
    """A device on which one is signed in."""

    id = serializers.IntegerField()
    device = serializers.CharField()
    ip = serializers.IPAddressField()
    since = serializers.DateTimeField(help_text="登录时间")
    seen = serializers.DateTimeField(help_text="最近使用")
    here = serializers.BooleanField(help_text="就是发出这次请求的登录")


class Own(Resource):
    """Base: only people themselves."""

    queryset: QuerySet[Any] = User.objects.none()
    permission_classes = (proof.APerson,)
    parser_classes = (JSONParser,)
    filter_backends = ()
    pagination_class = None


class OwnAccountView(Own):
    """The account of whoever asks."""

    serializer_class = OwnAccountSerializer

    @extend_schema(summary="我的账户", responses={200: OwnAccountSerializer, **problems(401, 403)})
    def show(self, request: Request) -> Response:
        user = User.objects.get(pk=request.actor.user_id or 0)
        return Response(self.get_serializer(user).data)

    @extend_schema(
        summary="修改我的姓名、推荐与消息设置",
        request=ChangeAccountSerializer,
        responses={200: OwnAccountSerializer, **problems(400, 401, 403, 422)},
    )
    def change(self, request: Request) -> Response:
        said = self.taken_in(ChangeAccountSerializer).validated_data
        now, by = timezone.now(), request.actor
        if "display_name" in said:
            people_services.set_name(name=said["display_name"], by=by, now=now)
        if "wants_recommendations" in said:
            wanted = said["wants_recommendations"]
            people_services.set_recommendations(wanted=wanted, by=by, now=now)
        if "notices_off" in said:
            notice_services.set_preferences(by=by, off=said["notices_off"])
        return self.show(request)


class OwnDevicesView(Own):
    """Where one is signed in."""

    serializer_class = DeviceSerializer

    @extend_schema(
        summary="我登录的设备", responses={200: DeviceSerializer(many=True), **problems(401, 403)}
    )
    def list(self, request: Request) -> Response:
        return Response(DeviceSerializer(devices.shown(request._request), many=True).data)

    @extend_schema(
        summary="退出另一台设备",
        description="先要确认是本人；本次登录不能这样结束。",
        request=None,
        parameters=[ID],
        responses={204: OpenApiResponse(description="已退出"), **problems(401, 403, 404)},
    )
    def end(self, request: Request, pk: int) -> Response:
        proof.ask(request)
        devices.end_one(request._request, pk, by=request.actor, now=timezone.now())
        return Response(status=204)

    @extend_schema(
        summary="退出其他所有设备",
        description="先要确认是本人。",
        request=None,
        responses={204: OpenApiResponse(description="已退出"), **problems(401, 403)},
    )
    def end_others(self, request: Request) -> Response:
        proof.ask(request)
        devices.end_others(request._request, by=request.actor, now=timezone.now())
        return Response(status=204)


_account, _devices = OwnAccountView.as_view, OwnDevicesView.as_view
app_name = "own-api"
urlpatterns = [
    path("account/", _account({"get": "show", "patch": "change"}), name="account"),
    path("account/sessions/", _devices({"get": "list"}), name="sessions"),
    path("account/sessions/end-others/", _devices({"post": "end_others"}), name="sessions-end"),
    path("account/sessions/<int:pk>/end/", _devices({"post": "end"}), name="session-end"),
    *proof.urlpatterns,
]
