"""Second factors where they are required, sessions ended everywhere, passwords, limits."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import (
    TOTP,
    format_hotp_value,
    hotp_value,
    yield_hotp_counters_from_time,
)
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.test import Client
from django.utils import timezone
from pytest_django import Settings as SettingsWrapper

from core import factors
from core.access import checks, rules
from core.people.models import Membership, User
from core.people.types import Role
from core.web.accounts import FactorAdapter
from tests.factories import core as make

PASSWORD = "long-enough-2026"
KEY = {"label": "生产", "scopes": ["changes:read"]}
SECRET = "JBSWY3DPEHPK3PXP"
As = Callable[[Membership], Client]


@pytest.mark.parametrize("role", [r for r in Role if r is not Role.ANONYMOUS])
def test_who_must_have_a_second_factor(role: Role) -> None:
    must = {"bureau", "bank", "guarantor", "auditor", "sysadmin"}
    assert factors.needs([role], superuser=False) is (role.value in must)
    assert factors.needs([role], superuser=True)


@pytest.mark.parametrize(
    ("password", "classes"),
    [("abc", 1), ("abcABC", 2), ("abcABC1", 3), ("abcABC1!", 4), ("密码", 1), ("12345678", 1)],
)
def test_kinds_of_characters_are_counted(password: str, classes: int) -> None:
    assert rules.classes(password) == classes


@pytest.mark.parametrize(
    ("agent", "name"),
    [
        ("Mozilla/5.0 (Windows NT 10.0) Chrome/130.0 Safari/537 Edg/130.0", "Edge · Windows"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS) Version/17 Safari/604", "Safari · iPhone"),
        ("Mozilla/5.0 (Linux; Android 14) Chrome/130 MicroMessenger/8", "微信 · Android"),
        ("curl/8", "其他程序"),
    ],
)
def test_devices_have_names(agent: str, name: str) -> None:
    assert rules.device(agent) == name


def test_the_deployment_check_demands_second_factors(settings: SettingsWrapper) -> None:
    settings.SECOND_FACTOR = "required"
    assert checks.second_factor_is_required(None) == []
    settings.SECOND_FACTOR = "offered"
    assert [w.id for w in checks.second_factor_is_required(None)] == ["patentops.W001"]


pytestmark = pytest.mark.django_db


@pytest.fixture
def _required(settings: SettingsWrapper) -> None:
    settings.SECOND_FACTOR = "required"


def with_password(member: Membership) -> User:
    User.objects.filter(pk=member.user_id).update(password=make_password(PASSWORD))
    return User.objects.get(pk=member.user_id)


def sign_in(user: User) -> tuple[Client, Any]:
    client = Client()
    answer = client.post("/accounts/login/", {"login": user.email, "password": PASSWORD})
    return client, answer


def code() -> str:
    counter = next(iter(yield_hotp_counters_from_time()))
    return str(format_hotp_value(hotp_value(SECRET, counter)))


@pytest.mark.usefixtures("_required")
def test_a_bureau_is_led_to_it_then_asked_then_let_in() -> None:
    """Some days of grace, then nothing but the way to set it up; then two steps at each sign-in."""
    user = with_password(make.bureau("31"))
    client, answer = sign_in(user)
    assert answer.url.startswith("/account/second-factor/?next=")
    assert "以后再说" in client.get(answer.url).content.decode()
    assert client.get("/joining/queue/").status_code == 200  # still in grace
    User.objects.filter(pk=user.pk).update(factor_due_at=timezone.now() - timedelta(minutes=1))
    assert client.get("/joining/queue/").url == "/account/second-factor/"
    page = client.get("/account/second-factor/").content.decode()
    assert "以后再说" not in page
    api = client.get("/api/v1/listings/")
    assert (api.status_code, api.headers["Content-Type"]) == (403, "application/problem+json")
    assert client.get("/accounts/2fa/totp/activate/").url.startswith("/accounts/reauthenticate/")
    TOTP.activate(user, SECRET)
    assert client.get("/joining/queue/").status_code == 200
    again, answer = sign_in(user)
    assert answer.url == "/accounts/2fa/authenticate/"
    assert again.get("/joining/queue/").status_code == 302
    done = again.post("/accounts/2fa/authenticate/", {"code": code()})
    assert done.url == "/"
    assert again.get("/joining/queue/").status_code == 200


@pytest.mark.usefixtures("_required")
def test_who_must_have_it_cannot_put_it_away() -> None:
    bank, firm = make.bank(), make.enterprise()
    for member, may in ((bank, False), (firm, True)):
        kept = TOTP.activate(member.user, SECRET).instance
        assert FactorAdapter().can_delete_authenticator(kept) is may


@pytest.mark.usefixtures("_required")
def test_a_firm_is_not_asked_until_it_makes_a_key(client_as: As) -> None:
    user = with_password(make.enterprise())
    client, answer = sign_in(user)
    assert answer.url == "/"
    key = client.post("/open-platform/console/keys/", KEY)
    assert key.url.startswith("/account/second-factor/?next=")
    TOTP.activate(user, SECRET)
    made = client.post(
        "/open-platform/console/keys/", {"label": "生产", "scopes": ["changes:read"]}
    )
    assert made.status_code == 200
    later = client.session
    for record in later["account_authentication_methods"]:
        record["at"] -= 3600
    later.save()
    stale = client.post(
        "/open-platform/console/keys/", {"label": "备用", "scopes": ["changes:read"]}
    )
    assert stale.url.startswith("/accounts/reauthenticate/?next=")


def test_a_recovery_code_opens_once_and_guesses_are_few(settings: SettingsWrapper) -> None:
    user = with_password(make.bureau("31"))
    TOTP.activate(user, SECRET)
    spare = RecoveryCodes.activate(user).get_unused_codes()[0]
    client, _ = sign_in(user)
    assert client.post("/accounts/2fa/authenticate/", {"code": spare}).status_code == 302
    client, _ = sign_in(user)
    assert client.post("/accounts/2fa/authenticate/", {"code": spare}).status_code == 200
    for _n in range(4):
        client.post("/accounts/2fa/authenticate/", {"code": "000000"})
    refused = client.post("/accounts/2fa/authenticate/", {"code": code()})
    assert refused.status_code == 200  # the right one, too late: five in five minutes
    assert client.get("/account/").status_code == 302


def test_signing_out_everywhere_voids_every_other_session() -> None:
    user = with_password(make.enterprise())
    here, _ = sign_in(user)
    there, _ = sign_in(user)
    unlisted = Client()
    unlisted.force_login(user)
    assert UserSession.objects.filter(user=user).count() == 2
    assert "这台设备" in here.get("/account/sessions/").content.decode()
    assert here.post("/account/sessions/end/").status_code == 302
    assert here.get("/account/").status_code == 200
    for other in (there, unlisted):
        assert other.get("/account/").status_code == 302
    assert UserSession.objects.filter(user=user).count() == 1


def test_ending_sessions_asks_once_more_who_is_there() -> None:
    user = with_password(make.enterprise())
    here, _ = sign_in(user)
    there, _ = sign_in(user)
    row = UserSession.objects.get(session_key=there.session.session_key)
    later = here.session
    for record in later["account_authentication_methods"]:
        record["at"] -= 3600
    later.save()
    for address in (f"/account/sessions/{row.pk}/end/", "/account/sessions/end/"):
        assert here.post(address).url.startswith("/accounts/reauthenticate/?next=")
    assert there.get("/account/").status_code == 200
    assert here.post("/accounts/reauthenticate/", {"password": PASSWORD}).status_code == 302
    assert here.post(f"/account/sessions/{row.pk}/end/").url == "/account/sessions/"
    assert there.get("/account/").status_code == 302


def test_one_device_is_signed_out_and_only_ones_own() -> None:
    user, stranger = with_password(make.enterprise()), with_password(make.office())
    here, _ = sign_in(user)
    there, _ = sign_in(user)
    foreign, _ = sign_in(stranger)
    row = UserSession.objects.get(session_key=there.session.session_key)
    assert foreign.post(f"/account/sessions/{row.pk}/end/").status_code == 404
    assert there.get("/account/").status_code == 200
    assert here.post(f"/account/sessions/{row.pk}/end/").status_code == 302
    assert there.get("/account/").status_code == 302
    assert here.get("/account/").status_code == 200


@pytest.mark.parametrize("good", ["correct horse battery", "长" * 64, "k" * 8 + "Q" * 56])
def test_long_and_plain_passwords_are_fine(good: str) -> None:
    validate_password(good, User(email="a@example.cn"))


@pytest.mark.parametrize("bad", ["short12", "password1", "12345678", "someone@example.cn"])
def test_short_common_and_own_names_are_not(bad: str) -> None:
    with pytest.raises(ValidationError):
        validate_password(bad, User(email="someone@example.cn"))


def test_graded_protection_asks_for_kinds_and_for_new_ones(settings: SettingsWrapper) -> None:
    settings.AUTH_PASSWORD_VALIDATORS = [
        *settings.AUTH_PASSWORD_VALIDATORS,
        {"NAME": "core.access.validators.ComplexityValidator"},
        {"NAME": "core.access.validators.DifferentValidator"},
    ]
    settings.PASSWORD_MAX_DAYS = 90
    user = with_password(make.enterprise())
    for bad in ("correct horse battery", PASSWORD):
        with pytest.raises(ValidationError):
            validate_password(bad, user)
    validate_password("Correct horse 1", user)
    client, _ = sign_in(user)
    assert client.get("/patents/").status_code == 200
    User.objects.filter(pk=user.pk).update(password_set_at=timezone.now() - timedelta(days=91))
    assert client.get("/patents/").url == "/accounts/password/change/"
    changed = {
        "oldpassword": PASSWORD,
        "password1": "Correct horse 1",
        "password2": "Correct horse 1",
    }
    assert client.post("/accounts/password/change/", changed).status_code == 302
    assert client.get("/patents/").status_code == 200


def test_being_locked_out_tells_nothing() -> None:
    """The same words, statuses and limits for an address with an account and one without."""
    make.UserFactory(email="known@example.cn", password=make_password(PASSWORD))
    seen: dict[str, list[tuple[int, bool, bool]]] = {}
    for place, email in enumerate(("known@example.cn", "nobody@example.cn")):
        client = Client(REMOTE_ADDR=f"10.0.0.{place}")
        for word in ("wrong-wrong",) * 9 + (PASSWORD,):
            answer = client.post("/accounts/login/", {"login": email, "password": word})
            page = answer.content.decode().split("<main", 1)[-1]
            told = answer.status_code, "暂停" in page, "不正确" in page
            seen.setdefault(email, []).append(told)
    assert seen["known@example.cn"] == seen["nobody@example.cn"]
    assert seen["known@example.cn"][0] == (200, False, True)
    assert seen["known@example.cn"][-1][0] != 302  # locked: the right password does not help now


def test_the_limits_are_written_down() -> None:
    limits = settings.ACCOUNT_RATE_LIMITS
    assert limits["login_failed"] == "10/5m/ip,10/5m/key"
    assert limits["login_anywhere"] == "1000/5m/key"
    assert limits["second_factor"] == "5/5m/key,20/h/key,50/d/key"
    assert limits["reset_password"].endswith("5/d/key")
    assert Authenticator.Type.TOTP == "totp"


def test_everybody_together_has_a_limit(client: Client, settings: SettingsWrapper) -> None:
    settings.ACCOUNT_RATE_LIMITS = settings.ACCOUNT_RATE_LIMITS | {"login_anywhere": "3/5m/key"}
    user = with_password(make.enterprise())
    for _n in range(5):
        assert sign_in(user)[1].status_code == 302  # who gets in does not count
    for n in range(3):
        client.post("/accounts/login/", {"login": f"n{n}@example.cn", "password": "wrong"})
    assert sign_in(user)[1].status_code == 200
