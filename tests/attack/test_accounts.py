"""Accounts, sessions and keys as an attacker tries them."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from allauth.idp.oidc.models import Token
from django.contrib.auth.password_validation import validate_password
from django.core import mail
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.test import Client

from core.access.tasks import reset_letter
from core.people.models import Membership, User
from interchange import services
from tests.factories import core as make
from tests.factories.interchange import partner

pytestmark = pytest.mark.django_db
GOOD = "correct horse battery staple"
TOKEN = "/identity/o/api/token"


def known(password: str = GOOD) -> Membership:
    member = make.office()
    member.user.set_password(password)
    member.user.save()
    return member


def enter(email: str, password: str = GOOD, client: Client | None = None) -> tuple[Client, Any]:
    cache.clear()  # allauth's own counts are not what is tested
    browser = client or Client()
    return browser, browser.post("/accounts/login/", {"login": email, "password": password})


@pytest.mark.parametrize(
    ("password", "fine"),
    [
        ("short7!", False),
        ("password123", False),
        ("qwertyuiop", False),
        ("8274619305", True),
        ("八个汉字也能当密码", True),
        ("all lower case words", True),
        ("x" * 32 + " Y9!" * 24, True),
    ],
)
def test_what_a_password_may_be(password: str, fine: bool) -> None:
    if fine:
        validate_password(password)
        member = known(password)
        assert member.user.password.startswith("argon2$argon2id$")
        assert enter(member.user.email, password)[1].status_code == 302
        assert enter(member.user.email, password.swapcase() + " ")[1].status_code == 200
        assert enter(member.user.email, password[:-1])[1].status_code == 200
    else:
        with pytest.raises(ValidationError):
            validate_password(password)


def test_a_login_gets_a_new_session_and_leaving_ends_it() -> None:
    member = known()
    client = Client()
    client.get("/accounts/login/")
    client.cookies["sessionid"] = "chosen-by-the-attacker-0000000000"
    client, answer = enter(member.user.email, client=client)
    assert answer.status_code == 302
    first = client.cookies["sessionid"].value
    assert first != "chosen-by-the-attacker-0000000000"
    assert len(first) == 32  # of 36 signs: 165 bits
    page = client.get("/notices/")
    assert page.status_code == 200
    assert "/accounts/logout/" in page.content.decode()
    assert client.get("/accounts/logout/").status_code == 200  # a link of a stranger leaves nobody
    assert client.get("/notices/").status_code == 200
    client.post("/accounts/logout/")
    stolen = Client()
    stolen.cookies["sessionid"] = first
    assert stolen.get("/notices/").status_code == 302
    again, _ = enter(member.user.email)
    assert again.cookies["sessionid"].value != first


def test_who_was_switched_off_is_out_at_once() -> None:
    member = known()
    client, _ = enter(member.user.email)
    assert client.get("/notices/").status_code == 200
    User.objects.filter(pk=member.user_id).update(is_active=False)
    assert client.get("/notices/").status_code == 302
    fresh, _ = enter(member.user.email)
    assert fresh.get("/notices/").status_code == 302
    assert "sessionid" not in fresh.cookies or not fresh.session.get("_auth_user_id")


def test_a_new_password_needs_the_old_one_and_ends_other_sessions() -> None:
    member = known()
    here, _ = enter(member.user.email)
    there, _ = enter(member.user.email)
    new = "another long passphrase"
    form = {"oldpassword": "wrong", "password1": new, "password2": new}
    assert here.post("/accounts/password/change/", form).status_code == 200
    assert there.get("/notices/").status_code == 200
    form["oldpassword"] = GOOD
    assert here.post("/accounts/password/change/", form).status_code == 302
    assert there.get("/notices/").status_code == 302


def test_password_fields_hide_and_let_managers_in() -> None:
    page = Client().get("/accounts/login/").content.decode()
    (field,) = re.findall(r"<input[^>]*name=\"password\"[^>]*>", page)
    assert 'type="password"' in field
    assert 'autocomplete="current-password"' in field
    assert "onpaste" not in page


def test_nobody_learns_who_has_an_account() -> None:
    member = known()

    def seen(answer: Any, email: str) -> tuple[int, str]:
        text = answer.content.decode().replace(email, "EMAIL")
        text = re.sub(r'(csrfmiddlewaretoken" value|csrf-token" content|form_token" value)="[^"]*"',
                      "", text)  # fmt: skip
        return answer.status_code, re.sub(r"(?i)x-csrftoken[^>]*", "", text)

    for url, name in (("/accounts/login/", "login"), ("/accounts/password/reset/", "email")):
        answers = []
        for email in (member.user.email, "nobody@example.cn"):
            cache.clear()
            form = {name: email, "password": "wrong password here"}
            answers.append(seen(Client().post(url, form), email))
        assert answers[0] == answers[1], url


def test_a_reset_link_works_once_and_for_its_purpose(monkeypatch: pytest.MonkeyPatch) -> None:
    at_once: Callable[..., None] = lambda kwargs, **_: reset_letter(**kwargs)  # noqa: E731
    monkeypatch.setattr(reset_letter, "apply_async", at_once)
    member = known()
    cache.clear()
    Client().post("/accounts/password/reset/", {"email": member.user.email})
    (link,) = re.findall(
        r"https?://[^/\s]+(/accounts/password/reset/key/\S+)", mail.outbox[-1].body
    )
    assert GOOD not in mail.outbox[-1].body
    forged = link[:-3] + ("aaa" if link[-3:] != "aaa" else "bbb")
    assert "已经用过或已过期" in Client().get(forged, follow=True).content.decode()
    client = Client()
    form = client.get(link, follow=True)
    new = "a third long passphrase"
    done = client.post(form.request["PATH_INFO"], {"password1": new, "password2": new})
    assert done.status_code == 302
    assert enter(member.user.email, new)[1].status_code == 302
    assert "已经用过或已过期" in Client().get(link, follow=True).content.decode()


def test_a_fresh_platform_has_no_account() -> None:
    assert not User.objects.exists()


def test_a_key_gets_short_lived_tokens_for_its_own_grant_only(now: datetime) -> None:
    world, client = partner(now), Client()
    key = services.issue_key(partner_id=world.partner_id, label="a", by=world.by, now=now)

    def ask(secret: str, **more: str) -> Any:
        pair = base64.b64encode(f"{key.client_id}:{secret}".encode()).decode()
        return client.post(TOKEN, more, headers={"Authorization": f"Basic {pair}"})

    good = ask(key.client_secret, grant_type="client_credentials")
    assert good.status_code == 200
    token = good.json()["access_token"]
    assert good.json()["expires_in"] <= 3600
    assert "refresh_token" not in good.json()
    assert not Token.objects.filter(hash=token).exists()  # stored as a hash
    bearer = {"Authorization": f"Bearer {token}"}
    assert client.get("/api/v1/changes/", headers=bearer).status_code == 200
    assert ask("wrong", grant_type="client_credentials").status_code == 401
    for grant in ("password", "authorization_code", "refresh_token", "implicit", "x"):
        refused = ask(key.client_secret, grant_type=grant, username="a", password="b", code="c")
        assert refused.status_code in {400, 401}, grant
    where = f"/identity/o/authorize?client_id={key.client_id}&response_type=token&redirect_uri="
    implicit = client.get(where + "https://evil.example/")
    assert not implicit.headers.get("Location", "").startswith("https://evil.example")
    Token.objects.update(expires_at=now - timedelta(days=400))
    assert client.get("/api/v1/changes/", headers=bearer).status_code == 401


@pytest.mark.parametrize("method", ["TRACE", "CONNECT", "BREW", "DEBUG"])
def test_trace_and_unknown_methods_are_refused(
    client_as: Callable[[Membership], Client], method: str
) -> None:
    client = client_as(make.sysadmin())
    secret = {"X-Secret": "mirror-me"}
    for url in (
        *("/", "/patents/", "/needs/mine/", "/accounts/login/", "/admin/", "/api/v1/needs/"),
        *("/api/v1/schema/", "/static/css/patentops.css", "/healthz", "/csp-reports/"),
    ):
        answer = client.generic(method, url, headers=secret)
        assert answer.status_code in {302, 404, 405}, (url, answer.status_code)
        assert b"mirror-me" not in answer.getvalue()
