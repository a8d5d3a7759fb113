"""Signing in by an identity provider: by a verified address or an explicit link, never made."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest
import requests
from allauth.mfa.totp.internal.auth import TOTP
from allauth.socialaccount.models import SocialAccount
from django.test import Client

from core.people.models import User
from core.web.sso import SocialAdapter
from tests.factories import core as make

pytestmark = pytest.mark.django_db
ISSUER = "https://sso.example.cn"
CLIENT = "patentops"


class Provider:
    """Answers as an OpenID provider does."""

    def __init__(self) -> None:
        self.claims: dict[str, Any] = {}
        self.nonce = ""
        self.down = False

    def _answer(self, body: dict[str, Any]) -> requests.Response:
        answer = requests.Response()
        answer.status_code = 200
        answer.headers["content-type"] = "application/json"
        answer.json = lambda **_: body  # type: ignore[method-assign]
        return answer

    def get(self, url: str, **_: Any) -> requests.Response:
        if self.down:
            raise requests.ConnectionError("down")
        if url.endswith("/.well-known/openid-configuration"):
            return self._answer(
                {
                    "issuer": ISSUER,
                    "authorization_endpoint": f"{ISSUER}/authorize",
                    "token_endpoint": f"{ISSUER}/token",
                    "userinfo_endpoint": f"{ISSUER}/userinfo",
                    "jwks_uri": f"{ISSUER}/jwks",
                }
            )
        return self._answer(self.claims)

    def request(self, method: str, url: str, **_: Any) -> requests.Response:
        claims = self.claims | {"iss": ISSUER, "aud": CLIENT, "iat": 0, "exp": 9_999_999_999}
        token = jwt.encode(claims, "k" * 32, algorithm="HS256")
        return self._answer({"access_token": "a", "token_type": "Bearer", "id_token": token})


@pytest.fixture
def provider(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Provider:
    app = {
        "provider_id": "sso", "name": "校园认证", "client_id": CLIENT, "secret": "s",
        "settings": {"server_url": ISSUER},
    }  # fmt: skip
    settings.SOCIALACCOUNT_PROVIDERS = {"openid_connect": {"APPS": [app]}}
    there = Provider()

    @contextmanager
    def session(_self: Any) -> Iterator[Provider]:
        yield there

    monkeypatch.setattr(SocialAdapter, "get_requests_session", session)
    return there


def come_back(client: Client, *, process: str = "login") -> Any:
    """Go to the provider, and return from it."""
    away = client.get(f"/accounts/oidc/sso/login/?process={process}")
    assert away.url.startswith(f"{ISSUER}/authorize?")
    state = parse_qs(urlsplit(away.url).query)["state"][0]
    return client.get("/accounts/oidc/sso/login/callback/", {"state": state, "code": "c"})


def test_a_verified_address_finds_its_account(client: Client, provider: Provider) -> None:
    member = make.office()
    provider.claims = {"sub": "42", "email": member.user.email, "email_verified": True}
    assert come_back(client).status_code == 302
    assert client.get("/account/").status_code == 200
    assert SocialAccount.objects.get(user=member.user).uid == "42"


@pytest.mark.parametrize(
    "claims",
    [
        {"sub": "1", "email": "KNOWN@example.cn", "email_verified": False},
        {"sub": "2", "email": "unknown@example.cn", "email_verified": True},
        {"sub": "3"},
    ],
)
def test_nothing_weaker_opens_an_account_or_makes_one(
    client: Client, provider: Provider, claims: dict[str, Any]
) -> None:
    make.UserFactory(email="known@example.cn")
    before = User.objects.count()
    provider.claims = claims
    answer = come_back(client)
    page = client.get(answer.url) if answer.status_code == 302 else answer
    assert page.status_code in {200, 302}
    assert client.get("/account/").status_code == 302
    assert (User.objects.count(), SocialAccount.objects.count()) == (before, 0)


def test_the_owner_links_another_address(client: Client, provider: Provider) -> None:
    member = make.office()
    client.force_login(member.user)
    provider.claims = {"sub": "7", "email": "elsewhere@example.cn", "email_verified": True}
    come_back(client, process="connect")
    assert SocialAccount.objects.get(uid="7").user == member.user
    assert client.get("/accounts/3rdparty/").status_code == 200


def test_the_second_factor_is_asked_all_the_same(client: Client, provider: Provider) -> None:
    member = make.bureau("31")
    TOTP.activate(member.user, "JBSWY3DPEHPK3PXP")
    provider.claims = {"sub": "9", "email": member.user.email, "email_verified": True}
    assert come_back(client).url == "/accounts/2fa/authenticate/"
    assert client.get("/account/").status_code == 302


def test_a_provider_that_is_down_is_said_to_be(client: Client, provider: Provider) -> None:
    provider.down = True
    answer = client.get("/accounts/oidc/sso/login/")
    assert "认证没有完成" in answer.content.decode()


def test_without_one_there_is_no_door(client: Client) -> None:
    assert client.get("/accounts/oidc/sso/login/").status_code == 404
    assert "校园认证" not in client.get("/accounts/login/").content.decode()
