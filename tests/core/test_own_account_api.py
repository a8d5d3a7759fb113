"""One's own account by API, and proving once more who is there."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.totp.internal.auth import (
    TOTP,
    format_hotp_value,
    hotp_value,
    yield_hotp_counters_from_time,
)
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from core.audit.models import AuditEntry
from core.notices.models import NoticePreference
from core.people.models import Membership, User
from core.privacy.models import ErasureRequest, PersonalCopy
from tests.factories import core as make

pytestmark = pytest.mark.django_db
PASSWORD, SECRET = "long-enough-2026", "JBSWY3DPEHPK3PXP"
KEY = {"HTTP_IDEMPOTENCY_KEY": "k1"}
Drain = Callable[[], int]


@pytest.fixture
def member() -> Membership:
    cache.clear()
    row = make.enterprise()
    User.objects.filter(pk=row.user_id).update(password=make_password(PASSWORD))
    EmailAddress.objects.create(user=row.user, email=row.user.email, primary=True, verified=True)
    return row


def signed_in(member: Membership) -> Client:
    client = Client()
    client.post("/accounts/login/", {"login": member.user.email, "password": PASSWORD})
    return client


def stale(client: Client) -> Client:
    """The same sign-in, an hour later."""
    session = client.session
    for record in session["account_authentication_methods"]:
        record["at"] -= 3600
    session.save()
    return client


def post(client: Client, path: str, data: Any = None, **headers: Any) -> Any:
    kind = "application/json"
    return client.post(f"/api/v1/{path}", data or {}, content_type=kind, **headers)


def proof(client: Client, **said: str) -> Any:
    return post(client, "account/proof/", said)


def test_one_reads_and_changes_ones_account(member: Membership) -> None:
    own = signed_in(member)
    body = own.get("/api/v1/account/").json()
    assert (body["email"], body["notices_off"], body["has_second_factor"]) == (
        member.user.email, [], False,
    )  # fmt: skip
    assert body["identities"][0]["organisation"] == member.organisation_id
    said = {"display_name": " 李  四 ", "wants_recommendations": False, "notices_off": ["system"]}
    changed = own.patch("/api/v1/account/", said, content_type="application/json")
    assert changed.status_code == 200, changed.content
    user = User.objects.get(pk=member.user_id)
    assert (user.display_name, user.wants_recommendations) == ("李 四", False)
    assert NoticePreference.objects.get().kind == "system"
    again = own.patch("/api/v1/account/", {}, content_type="application/json").json()
    assert again["notices_off"] == ["system"]
    assert AuditEntry.objects.filter(event="user.renamed").count() == 1


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ({"display_name": "   "}, 400), ({"display_name": "a@b.cn"}, 422),
        ({"notices_off": ["nonsense"]}, 400), ({"email": "x@y.cn", "is_superuser": True}, 200),
    ],
)  # fmt: skip
def test_what_is_no_name_or_not_theirs_to_change_is_not(
    member: Membership, said: dict[str, Any], status: int
) -> None:
    own = signed_in(member)
    before = User.objects.values("email", "display_name", "is_superuser").get(pk=member.user_id)
    answer = own.patch("/api/v1/account/", said, content_type="application/json")
    assert answer.status_code == status
    after = User.objects.values("email", "display_name", "is_superuser").get(pk=member.user_id)
    assert after == before


def test_the_page_corrects_a_name_too(member: Membership) -> None:
    own = signed_in(member)
    own.post("/account/privacy/name/", {"display_name": "李四"})
    assert "李四" in own.get("/account/privacy/").content.decode()
    said = own.post("/account/privacy/name/", {"display_name": "a@b.cn"})
    assert said.status_code == 422
    assert "不要写邮箱" in said.content.decode()
    assert 'value="a@b.cn"' in said.content.decode()


def test_devices_are_listed_and_signed_out(member: Membership) -> None:
    own, lost, third = signed_in(member), signed_in(member), signed_in(member)
    rows = own.get("/api/v1/account/sessions/").json()
    assert sorted(row["here"] for row in rows) == [False, False, True]
    here = next(row["id"] for row in rows if row["here"])
    assert post(own, f"account/sessions/{here}/end/").status_code == 404
    lost_one = UserSession.objects.get(session_key=lost.session.session_key)
    assert post(own, f"account/sessions/{lost_one.pk}/end/").status_code == 204
    assert lost.get("/api/v1/account/").status_code == 401
    stranger = signed_in(make_other())
    third_one = UserSession.objects.get(session_key=third.session.session_key)
    assert post(stranger, f"account/sessions/{third_one.pk}/end/").status_code == 404
    assert post(own, "account/sessions/end-others/").status_code == 204
    assert third.get("/api/v1/account/").status_code == 401
    assert own.get("/api/v1/account/").status_code == 200


def make_other() -> Membership:
    row = make.office()
    User.objects.filter(pk=row.user_id).update(password=make_password(PASSWORD))
    return row


def test_a_stale_sign_in_proves_itself_first(member: Membership) -> None:
    own = stale(signed_in(member))
    refused = post(own, "account/sessions/end-others/")
    assert refused.status_code == 403
    assert refused.json()["type"] == "/help/problems/proof-needed"
    assert "/api/v1/account/proof/" in refused.json()["detail"]
    for said in ({}, {"password": PASSWORD, "code": "1"}, {"password": "wrong"}, {"code": "000"}):
        assert proof(own, **said).status_code == 422
    assert post(own, "account/sessions/end-others/").status_code == 403
    assert proof(own, password=PASSWORD).status_code == 204
    assert post(own, "account/sessions/end-others/").status_code == 204


def test_a_code_proves_it_and_guesses_end(member: Membership) -> None:
    TOTP.activate(member.user, SECRET)
    own = signed_in_by_session(member)
    counter = next(iter(yield_hotp_counters_from_time()))
    code = format_hotp_value(hotp_value(SECRET, counter))
    wrong = "000000" if code != "000000" else "000001"
    assert proof(own, code=wrong).status_code == 422
    assert proof(own, code=code).status_code == 204
    assert proof(own, code=code).status_code == 422  # a code works once
    for _ in range(12):
        last = proof(own, password="wrong")
    assert last.status_code == 429


def signed_in_by_session(member: Membership) -> Client:
    client = Client()
    client.force_login(User.objects.get(pk=member.user_id), settings.AUTHENTICATION_BACKENDS[-1])
    return client


def test_administrators_prove_it_before_they_touch_accounts(member: Membership) -> None:
    keeper = make.sysadmin()
    desk = signed_in_by_session(keeper)
    paths = [f"accounts/{member.user_id}/end-sessions/", "accounts/end-sessions/",
             f"accounts/{member.user_id}/remove-factor/"]  # fmt: skip
    asked = {"evidence": "in_person", "reference": "登记簿第 3 条"}
    for path in paths:
        answer = post(desk, path, asked)
        assert (answer.status_code, answer.json()["type"]) == (403, "/help/problems/proof-needed")
    assert User.objects.get(pk=member.user_id).session_epoch == 0
    User.objects.filter(pk=keeper.user_id).update(password=make_password(PASSWORD))
    desk = signed_in(keeper)
    assert [post(desk, path, asked).status_code for path in paths] == [200, 200, 409]
    assert User.objects.get(pk=member.user_id).session_epoch == 2
    stranger = post(signed_in(member), paths[0])
    assert stranger.status_code in {401, 403}


def test_a_copy_is_asked_for_and_taken_away(member: Membership, drain: Drain) -> None:
    own = signed_in(member)
    assert own.get("/api/v1/account/copies/").status_code == 404
    assert post(stale(signed_in(member)), "account/copies/", **KEY).status_code == 403
    asked = post(own, "account/copies/", HTTP_IDEMPOTENCY_KEY="k2")
    assert (asked.status_code, asked.json()["ready_at"]) == (202, None)
    assert post(own, "account/copies/", HTTP_IDEMPOTENCY_KEY="k3").status_code == 409
    drain()
    PersonalCopy.objects.update(expires_at=timezone.now() + timedelta(days=1))
    path = f"/api/v1/account/copies/{asked.json()['id']}/file/"
    answer = own.get(path)
    assert "personal-data.json" in zipfile.ZipFile(io.BytesIO(answer.content)).namelist()
    assert answer["Cache-Control"] == "no-store"
    assert signed_in(make_other()).get(path).status_code == 404
    assert stale(own).get(path).status_code == 403


def test_an_account_is_closed_by_its_person_alone(member: Membership) -> None:
    own = signed_in(member)
    assert own.get("/api/v1/account/erasure/").status_code == 404
    unsure = post(own, "account/erasure/", {"understood": False}, HTTP_IDEMPOTENCY_KEY="e1")
    assert unsure.status_code == 400
    asked = post(own, "account/erasure/", {"understood": True}, HTTP_IDEMPOTENCY_KEY="e2")
    assert (asked.status_code, asked.json()["status"]) == (202, "asked")
    assert own.get("/api/v1/account/erasure/").json()["id"] == asked.json()["id"]
    assert post(signed_in(make_other()), "account/erasure/withdraw/").status_code == 404
    assert post(own, "account/erasure/withdraw/").status_code == 204
    assert ErasureRequest.objects.get().status == "withdrawn"


def test_only_one_place_writes_problem_documents() -> None:
    wrote = [
        path.relative_to(settings.BASE_DIR).as_posix()
        for room in (*settings.ROOMS, "patentops")
        for path in Path(settings.BASE_DIR, room).rglob("*.py")
        if "problem+json" in path.read_text("utf-8")
    ]
    assert sorted(wrote) == ["core/api/schema.py", "core/problems.py", "patentops/settings.py"]
