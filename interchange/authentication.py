"""Partners' programs come with an OAuth 2 access token (client credentials, RFC 6749 4.4)."""

from __future__ import annotations

from typing import Any

from allauth.idp.oidc.models import Token
from django.contrib.auth.models import AnonymousUser
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed, Throttled
from rest_framework.request import Request

from core import walls
from core.guard import throttle
from core.people.types import Actor, Role
from core.permissions import SCOPES
from core.web.throttles import note
from interchange import selectors

TOKEN_URL = "/identity/o/api/token"


class PartnerAuthentication(BaseAuthentication):
    """`Authorization: Bearer …` makes the request act as the partner, within the token's scopes."""

    def authenticate(self, request: Request) -> tuple[AnonymousUser, Token] | None:
        kind, _, value = get_authorization_header(request).partition(b" ")
        if kind.lower() != b"bearer":
            return None
        try:
            found = Token.objects.lookup(Token.Type.ACCESS_TOKEN, value.strip().decode("ascii"))
        except UnicodeDecodeError:
            found = None
        credential = selectors.credential(found.client_id) if found else None
        if found is None or credential is None:
            self._count_the_failure(request)
            raise AuthenticationFailed
        actor = Actor(
            organisation_id=credential.partner.organisation_id,
            partner_id=credential.partner_id,
            roles=frozenset({Role.EXCHANGE}),
            name=credential.partner.organisation.name,
            scopes=frozenset(found.get_scopes()),
        )
        walls.stand_for(actor)
        request._request.actor = actor  # type: ignore[attr-defined]
        return AnonymousUser(), found

    @staticmethod
    def _count_the_failure(request: Request) -> None:
        """Nobody guesses tokens without end: 429 for an address that keeps trying."""
        verdict = throttle.take("token", f"address:{throttle.address_of(request._request)}")
        if not verdict.allowed:
            note(request._request, verdict)
            raise Throttled(verdict.wait)

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="api"'


class PartnerScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """How the API's description names these tokens."""

    target_class = PartnerAuthentication
    name = "partnerToken"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        return {
            "type": "oauth2",
            "description": "交易机构的程序用客户端凭据换取访问令牌。",
            "flows": {"clientCredentials": {"tokenUrl": TOKEN_URL, "scopes": dict(SCOPES)}},
        }
