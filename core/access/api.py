"""People's accounts for the programs of those who keep the platform: the pages' commands."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.urls import path
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.response import Response

from core.access import proof, rules, selectors, services
from core.api.pagination import Cursor
from core.api.parsers import JSONParser
from core.api.permissions import SignedIn
from core.api.schema import ID, REFUSED, problems
from core.api.types import Request
from core.idempotency.resources import Resource
from core.people.models import User
from core.permissions import Permission, require

PROOF_FIRST = f"先要确认是本人：{proof.MINUTES} 分钟内登录过，或向 {proof.ADDRESS} 证明过。"
IDENTITY_EVIDENCE = list(rules.EVIDENCE.items())


class KeptAccountSerializer(serializers.ModelSerializer[User]):
    """An account, whether it has a second factor, and on how many devices it is signed in."""

    has_second_factor = serializers.BooleanField(source="has_factor", read_only=True)
    devices = serializers.IntegerField(read_only=True)

    class Meta:
        model = User
        fields = (
            "id", "email", "display_name", "is_active", "last_login", "has_second_factor",
            "devices",
        )  # fmt: skip
        read_only_fields = fields


class RemoveFactorSerializer(serializers.Serializer[Any]):
    """How it was made sure who asks, and where that is filed."""

    evidence = serializers.ChoiceField(choices=IDENTITY_EVIDENCE)
    reference = serializers.CharField(max_length=services.LONGEST_REFERENCE)


class EndedSerializer(serializers.Serializer[Any]):
    """How many people were signed out."""

    people = serializers.IntegerField()


class AccountView(Resource):
    """Accounts, for administrators of the platform."""

    serializer_class = KeptAccountSerializer
    queryset = User.objects.none()
    pagination_class = Cursor
    permission_classes = (SignedIn,)
    filter_backends = ()
    parser_classes = (JSONParser,)

    def get_queryset(self) -> QuerySet[User]:
        require(self.request.actor, Permission.MANAGE_ACCESS)
        text = self.request.query_params.get("q", "").replace("\0", "")
        return selectors.accounts(viewer=self.request.actor, text=text).order_by("-pk")

    @extend_schema(
        summary="所有人的账户",
        parameters=[OpenApiParameter("q", str, description="姓名、邮箱或机构名称的一部分")],
        responses={200: KeptAccountSerializer(many=True), **problems(401, 403)},
    )
    def list(self, request: Request) -> Response:
        return self.page()

    @extend_schema(
        summary="一个账户",
        parameters=[ID],
        responses={200: KeptAccountSerializer, **problems(401, 403, 404)},
    )
    def retrieve(self, request: Request, pk: int) -> Response:
        return Response(KeptAccountSerializer(self.get_queryset().get(pk=pk)).data)

    @extend_schema(
        summary="结束此人的全部登录",
        description=PROOF_FIRST,
        request=None,
        parameters=[ID],
        responses={200: KeptAccountSerializer, **problems(401, 403, 404)},
    )
    def end(self, request: Request, pk: int) -> Response:
        require(request.actor, Permission.MANAGE_ACCESS)
        proof.ask(request)
        services.end_sessions_of(user_id=pk, by=request.actor, now=timezone.now())
        return self.retrieve(request, pk)

    @extend_schema(
        summary="核实身份后移除此人的两步验证",
        description=PROOF_FIRST,
        request=RemoveFactorSerializer,
        parameters=[ID],
        responses={200: KeptAccountSerializer, **problems(*REFUSED)},
    )
    def factor(self, request: Request, pk: int) -> Response:
        require(request.actor, Permission.MANAGE_ACCESS)
        proof.ask(request)
        services.remove_factor(user_id=pk, **self.command(RemoveFactorSerializer))
        return self.retrieve(request, pk)

    @extend_schema(
        operation_id="accounts_end_everybody",
        summary="结束其他所有人的登录",
        description=PROOF_FIRST,
        request=None,
        responses={200: EndedSerializer, **problems(401, 403)},
    )
    def end_everybody(self, request: Request) -> Response:
        require(request.actor, Permission.MANAGE_ACCESS)
        proof.ask(request)
        count = services.end_everybodys_sessions(by=request.actor, now=timezone.now())
        return Response({"people": count})


app_name = "accounts-api"
_view = AccountView.as_view
urlpatterns = [
    path("accounts/", _view({"get": "list"}), name="accounts"),
    path("accounts/end-sessions/", _view({"post": "end_everybody"}), name="accounts-end"),
    path("accounts/<int:pk>/", _view({"get": "retrieve"}), name="account"),
    path("accounts/<int:pk>/end-sessions/", _view({"post": "end"}), name="account-end"),
    path("accounts/<int:pk>/remove-factor/", _view({"post": "factor"}), name="account-factor"),
]
