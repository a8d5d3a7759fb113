"""Administrators end sessions and take lost second factors away, after making sure who asks."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any
from urllib.parse import unquote

import pytest
from allauth.account.forms import default_token_generator as tokens
from allauth.account.utils import user_pk_to_url_str
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP
from cryptography.fernet import Fernet
from django.contrib.auth.hashers import make_password
from django.core import mail
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from core import factors, recovery, sealed
from core.access import consumers, rules, selectors, services
from core.access.validators import OurWordsValidator
from core.audit.models import AuditEntry
from core.errors import Conflict, DomainError, Invalid, NotAllowed
from core.outbox.models import OutboxEvent
from core.outbox.registry import Event
from core.people.models import Membership, User
from core.people.types import Actor
from tests.factories import core as make

PASSWORD = "long-enough-2026"
SECRET = "JBSWY3DPEHPK3PXP"
PROOF = {"evidence": "in_person", "reference": "值班登记簿第 3 条"}
As = Callable[[Membership], Client]


@pytest.mark.parametrize(
    ("password", "refused"),
    [
        ("patentops-2026", True), ("PatentOps!!!!", True), ("zhuanli123456", True),
        ("专利转化运用2026", True), ("华东某大学 2026", True), ("admin-admin-1", True),
        ("patentops horse battery", False), ("correct horse", False), ("20261122001", False),
        ("专利之外的一句话", False),
    ],
)  # fmt: skip
def test_words_of_ours_are_no_password(password: str, refused: bool) -> None:
    assert rules.is_ours(password, ["华东某大学"]) is refused


def test_sealed_secrets_open_with_old_keys_and_never_without(settings: Any) -> None:
    settings.FACTOR_KEYS = []
    first = sealed.seal("seed")
    assert "seed" not in first
    assert sealed.unseal("open-before") == "open-before"  # from before there were keys
    settings.FACTOR_KEYS = [Fernet.generate_key().decode()]
    assert sealed.unseal(first) == "seed"
    second = sealed.renewed(first)
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "another" * 9, []
    assert sealed.unseal(second) == "seed"
    with pytest.raises(Conflict):
        sealed.unseal(first)


pytestmark = pytest.mark.django_db


def person(member: Membership) -> User:
    User.objects.filter(pk=member.user_id).update(password=make_password(PASSWORD))
    return User.objects.get(pk=member.user_id)


def signed_in(user: User) -> Client:
    client = Client()
    client.post("/accounts/login/", {"login": user.email, "password": PASSWORD})
    return client


def proven(user: User) -> Client:
    """Signed in, and asked once more who is there."""
    client = signed_in(user)
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    return client


def test_ones_own_organisation_is_no_password() -> None:
    member = make.office(name="华东某大学")
    with pytest.raises(ValidationError):
        OurWordsValidator().validate("华东某大学2026", member.user)
    OurWordsValidator().validate("华东某大学2026", make.office().user)


def test_what_lies_in_the_table_is_sealed_and_is_sealed_anew(settings: Any) -> None:
    user = make.bureau("31").user
    Authenticator.objects.create(user=user, type="totp", data={"secret": SECRET})
    codes = RecoveryCodes.activate(user).get_unused_codes()
    call_command("seal_factors")
    stored = [row.data for row in Authenticator.objects.order_by("pk")]
    assert SECRET not in str(stored)
    assert [data.get("secret", data.get("seed"))[:7] for data in stored] == ["sealed:"] * 2
    assert sealed.unseal(stored[0]["secret"]) == SECRET
    assert RecoveryCodes.activate(user).get_unused_codes() == codes
    settings.SECRET_KEY = "another" * 9
    with pytest.raises(CommandError, match=str(user.pk)):
        call_command("seal_factors")


def test_a_sign_in_is_in_the_audit_trail_and_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    user = person(make.office())
    with caplog.at_level("INFO", logger="core.web.accounts"):
        client = signed_in(user)
    (entry,) = AuditEntry.objects.filter(event="user.signed_in")
    assert (entry.subject_id, entry.changes) == (str(user.pk), {"ways": ["password"]})
    assert f"User {user.pk} signed in by password from 127.0.0.1." in caplog.text
    assert selectors.sign_ins(user.pk)[0]["ways"] == ["密码"]
    assert "最近登录" in client.get("/account/sessions/").content.decode()
    TOTP.activate(user, SECRET)
    waiting = signed_in(user)
    with caplog.at_level("WARNING", logger="core.access.forms"):
        waiting.post("/accounts/2fa/authenticate/", {"code": "000000"})
    assert f"A second factor failed: user {user.pk}." in caplog.text
    assert AuditEntry.objects.filter(event="user.signed_in").count() == 1


def test_a_reset_does_not_get_round_the_second_factor() -> None:
    user = person(make.bureau("31"))
    TOTP.activate(user, SECRET)
    client = Client()
    key = f"{user_pk_to_url_str(user)}-{tokens.make_token(user)}"
    page = client.get(f"/accounts/password/reset/key/{key}/")
    new = {"password1": "quite-another-77", "password2": "quite-another-77"}
    assert client.post(page.url, new).status_code == 302
    assert client.get("/account/").status_code == 302  # nobody is signed in by that
    answer = client.post("/accounts/login/", {"login": user.email, "password": new["password1"]})
    assert answer.url == "/accounts/2fa/authenticate/"
    assert client.get("/account/").status_code == 302


def test_an_administrator_ends_somebodys_sessions(now: datetime) -> None:
    keeper, user = make.sysadmin(), person(make.office())
    there = signed_in(user)
    assert there.get("/account/").status_code == 200
    services.end_sessions_of(user_id=user.pk, by=make.actor(keeper), now=now)
    assert there.get("/account/").status_code == 302
    assert AuditEntry.objects.filter(event="user.sessions_ended").count() == 1
    for stranger in (make.bureau("31"), make.auditor(), make.office()):
        with pytest.raises(NotAllowed):
            services.end_sessions_of(user_id=user.pk, by=make.actor(stranger), now=now)
        with pytest.raises(NotAllowed):
            services.end_everybodys_sessions(by=make.actor(stranger), now=now)
        assert not selectors.accounts(viewer=make.actor(stranger)).exists()
    with pytest.raises(NotAllowed, match="本人"):  # no program does it, nor the platform
        services.end_everybodys_sessions(by=Actor.system(), now=now)


def test_an_administrator_ends_everybodys_but_its_own(now: datetime) -> None:
    keeper = make.sysadmin()
    here = signed_in(person(keeper))
    others = [signed_in(person(make.office())), signed_in(person(make.bank()))]
    page = here.post("/people/accounts/end-all/")
    assert page.url == "/people/accounts/"
    assert here.get("/account/").status_code == 200
    assert [other.get("/account/").status_code for other in others] == [302, 302]


def test_a_lost_factor_goes_after_evidence_and_must_be_replaced(
    now: datetime, settings: Any
) -> None:
    settings.SECOND_FACTOR = "required"
    keeper, user = make.sysadmin(), person(make.bank())
    by = make.actor(keeper)
    with pytest.raises(Conflict):
        services.remove_factor(user_id=user.pk, **PROOF, by=by, now=now)
    TOTP.activate(user, SECRET)
    RecoveryCodes.activate(user)
    refused: list[tuple[dict[str, str], type[DomainError]]] = [
        ({"evidence": "he said so"}, Invalid),
        ({"reference": "  "}, Invalid),
        ({"reference": "长" * 61}, Invalid),
    ]
    for change, kind in refused:
        with pytest.raises(kind):
            services.remove_factor(user_id=user.pk, **(PROOF | change), by=by, now=now)
    with pytest.raises(NotAllowed):
        services.remove_factor(user_id=keeper.user_id, **PROOF, by=by, now=now)
    with pytest.raises(NotAllowed):
        services.remove_factor(user_id=user.pk, **PROOF, by=make.actor(make.bureau("31")), now=now)
    assert Authenticator.objects.filter(user=user).count() == 2
    services.remove_factor(user_id=user.pk, **PROOF, by=by, now=now)
    assert not Authenticator.objects.filter(user=user).exists()
    (entry,) = AuditEntry.objects.filter(event="user.factor_removed")
    assert entry.changes == PROOF
    user.refresh_from_db()
    assert user.factor_due_at == now
    assert factors.must_have_one(user)
    assert signed_in(user).get("/patents/").url == "/account/second-factor/"
    (row,) = OutboxEvent.objects.filter(name="account.kept")
    consumers.tell(
        Event(
            id=str(row.pk), name=row.name, subject_type="core.user", subject_id=str(user.pk),
            payload=row.payload, actor_key=row.actor_key, occurred_at=now,
        ),
        now=now,
    )  # fmt: skip
    assert mail.outbox[-1].to == [user.email]
    assert "两步验证" in str(mail.outbox[-1].body)


def test_everyone_is_asked_where_the_setting_says_so(settings: Any) -> None:
    settings.SECOND_FACTOR = "everyone"
    member = make.enterprise()
    assert factors.must_have_one(member.user)
    client = signed_in(person(member))
    User.objects.update(factor_due_at="2020-01-01T00:00:00Z")
    assert client.get("/patents/").url == "/account/second-factor/"
    settings.SECOND_FACTOR = "required"
    assert not factors.must_have_one(member.user)


def test_the_pages_of_the_desk(client_as: As) -> None:
    keeper = make.sysadmin()
    here, user = signed_in(person(keeper)), make.office(name="某某大学").user
    TOTP.activate(user, SECRET)
    page = here.get("/people/accounts/", {"q": "某某大学"}).content.decode()
    assert user.email in page
    assert keeper.user.email not in page.split("<main", 1)[-1]
    shown = here.get(f"/people/accounts/{user.pk}/").content.decode()
    assert "移除两步验证" in shown
    wrong = here.post(f"/people/accounts/{user.pk}/factor/", {"evidence": "in_person"})
    assert wrong.status_code == 422
    done = here.post(f"/people/accounts/{user.pk}/factor/", PROOF)
    assert done.url == f"/people/accounts/{user.pk}/"
    assert not Authenticator.objects.filter(user=user).exists()
    assert here.post(f"/people/accounts/{user.pk}/end/").url == f"/people/accounts/{user.pk}/"
    keeper.user.refresh_from_db()
    stale = client_as(keeper).post(f"/people/accounts/{user.pk}/end/")
    assert stale.url.startswith("/accounts/reauthenticate/")


def test_a_list_of_accounts_costs_the_same_for_one_as_for_ten(client_as: As) -> None:
    client = client_as(make.sysadmin())
    client.get("/people/accounts/")
    with CaptureQueriesContext(connection) as few:
        client.get("/people/accounts/")
    for _n in range(9):
        make.office()
    with CaptureQueriesContext(connection) as many:
        client.get("/people/accounts/")
    assert len(many) == len(few)


def test_recovery_codes_are_shown_once_and_then_only_equal_their_hashes() -> None:
    """ASVS 6.5.2: whoever has the table and its keys still has to guess."""
    user = person(make.bureau("31"))
    client = proven(user)
    row = RecoveryCodes.activate(user).instance
    codes = RecoveryCodes(row).get_unused_codes()
    assert not recovery.keep_hashes_only(row.pk)  # not seen yet
    page = client.get("/accounts/2fa/recovery-codes/").content.decode()
    assert all(code in page for code in codes)
    assert "data-print" in page  # the guide: copied, printed or downloaded, here and now
    kept = re.search(r'href="data:text/plain;charset=utf-8,([^"]+)"', page)
    assert kept is not None
    assert unquote(kept[1]).split() == codes
    again = client.get("/accounts/2fa/recovery-codes/").content.decode()
    assert not any(code in again for code in codes)
    assert client.get("/accounts/2fa/recovery-codes/download/").status_code == 403
    assert "还有 10 个没有用过" in client.get("/accounts/2fa/").content.decode()

    row.refresh_from_db()
    assert set(row.data) == {"migrated_codes", "viewed_at"}
    stored = row.data["migrated_codes"]
    hashes = [sealed.unseal(code).removeprefix(recovery.MARK) for code in stored]
    assert all(hash_.startswith("argon2") for hash_ in hashes)
    assert len(set(hashes)) == len(codes)
    for typed in ("*" * 8, hashes[0], stored[0], "12345678", "", codes[3][:6]):
        assert not row.wrap().validate_code(typed)
    assert row.wrap().validate_code(f" {codes[3][:4]}-{codes[3][4:]} ")
    row.refresh_from_db()
    assert not row.wrap().validate_code(codes[3])
    assert len(row.wrap().get_unused_codes()) == 9


def test_codes_from_before_are_hashed_when_sealed_anew_and_the_key_changes(settings: Any) -> None:
    user = make.bureau("31").user
    row = RecoveryCodes.activate(user).instance
    codes = RecoveryCodes(row).get_unused_codes()
    assert row.wrap().validate_code(codes[0])
    row.refresh_from_db()
    row.wrap().mark_as_viewed()
    call_command("seal_factors")
    row.refresh_from_db()
    assert "seed" not in row.data
    assert not row.wrap().validate_code(codes[0])
    settings.FACTOR_KEYS = [Fernet.generate_key().decode()]
    call_command("seal_factors")
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "another" * 9, []
    row.refresh_from_db()
    assert row.wrap().validate_code(codes[1])


def test_a_hash_is_nobody_elses_string() -> None:
    one, same = (recovery.Hashed(make_password("01234567", salt="s" * 16)) for _ in range(2))
    assert str(one) == "********"
    assert one == "01234567"
    assert one != "01234568"
    assert one != same
    assert one == one
    assert ["x", one].index("0123 4567") == 1


def test_codes_saved_as_a_file_are_gone_from_the_page() -> None:
    user = person(make.bureau("31"))
    client = proven(user)
    codes = RecoveryCodes.activate(user).get_unused_codes()
    file = client.get("/accounts/2fa/recovery-codes/download/").content.decode()
    assert all(code in file for code in codes)
    page = client.get("/accounts/2fa/recovery-codes/").content.decode()
    assert "只在生成时显示一次" in page
    assert not any(code in page for code in codes)
