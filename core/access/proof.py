"""Who is there, once more, in the API: what pages lead people to before dangerous steps.

Whoever signed in, or proved it, within the last minutes passes. Others are told to prove it at
one address with their password or a code, and to try again; a password stands in no other body.
"""

from __future__ import annotations

import logging
from typing import Any

from allauth.account import app_settings
from allauth.account.forms import ReauthenticateForm as PasswordForm
from allauth.account.internal.flows.reauthentication import reauthenticate_by_password
from allauth.core import context
from allauth.core.internal import ratelimit
from allauth.mfa.base.forms import ReauthenticateForm as CodeForm
from django.urls import path
from django.utils import timezone
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import Throttled
from rest_framework.permissions import BasePermission
from rest_framework.response import Response

from core import factors
from core.api.parsers import JSONParser
from core.api.schema import problems
from core.api.types import Request
from core.errors import Invalid, NotAllowed
from core.idempotency.resources import Resource
from core.people.models import User

log = logging.getLogger(__name__)
ADDRESS = "/api/v1/account/proof/"
MINUTES = app_settings.REAUTHENTICATION_TIMEOUT // 60


class APerson(BasePermission):
    """Only somebody signed in themselves: keys for programs have no account."""

    def has_permission(self, request: Request, view: Any) -> bool:  # type: ignore[override]
        return request.actor.user_id is not None


def ask(request: Request, *, always: bool = True, factor: bool = False) -> None:
    """Refuse unless this person has just said who they are; as `core.web.strong.fresh`."""
    user: Any = request.user
    if request.actor.user_id is None or not (always or factors.required()):
        return
    if factor and factors.required() and not factors.has_one(user):
        raise NotAllowed(
            "这一步要求先设置两步验证：请登录网站，在“账户与安全”里设置后再试。",
            code="second-factor-needed",
        )
    if not factors.freshly_proven(request._request, user, now=timezone.now()):
        raise NotAllowed(
            f"这一步要先确认是您本人：向 {ADDRESS} POST 您的密码（password）或两步验证的验证码"
            f"（code），{MINUTES} 分钟内再试；这一次没有做任何改动。",
            code="proof-needed",
        )


class ProofSerializer(serializers.Serializer[Any]):
    """The password, or a code of the second factor: one of them."""

    password = serializers.CharField(
        max_length=4096, required=False, trim_whitespace=False, write_only=True
    )
    code = serializers.CharField(max_length=40, required=False, write_only=True)


class ProofView(Resource):
    """Proving once more who is there."""

    serializer_class = ProofSerializer
    queryset = User.objects.none()
    permission_classes = (APerson,)
    parser_classes = (JSONParser,)
    idempotent_actions = ()

    @extend_schema(
        summary="确认是本人",
        description=f"用密码或验证码确认，{MINUTES} 分钟内可以办理要求确认本人的操作。",
        request=ProofSerializer,
        responses={
            204: OpenApiResponse(description="已确认"),
            **problems(400, 401, 403, 422, 429),
        },
    )
    def prove(self, request: Request) -> Response:
        said = self.taken_in(ProofSerializer).validated_data
        if len(said) != 1:
            raise Invalid("请提供密码（password）或验证码（code），两者之一。", code="one-proof")
        way = "password" if "password" in said else "code"
        with context.request_context(request._request):
            right = _by_password(request, said) if way == "password" else _by_code(request, said)
        if not right:
            log.warning("User %s did not prove who they are by %s.", request.actor.user_id, way)
            word = "密码" if way == "password" else "验证码"
            raise Invalid(fields={way: [f"{word}不正确，或者试得太多；请核对，过几分钟再试。"]})
        return Response(status=204)


def _by_password(request: Request, said: dict[str, str]) -> bool:
    inner, user = request._request, request.user
    if not ratelimit.consume(inner, app="allauth.account", action="reauthenticate", user=user):
        raise Throttled(60)
    if not PasswordForm(said, user=user).is_valid():
        return False
    reauthenticate_by_password(inner)
    return True


def _by_code(request: Request, said: dict[str, str]) -> bool:
    form = CodeForm(said, user=request.user)
    if not form.is_valid():
        return False
    form.save()
    return True


urlpatterns = [path("account/proof/", ProofView.as_view({"post": "prove"}), name="proof")]
