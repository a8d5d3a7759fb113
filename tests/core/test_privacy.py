"""A person's data: a whole copy, and a deletion that leaves numbers only."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.totp.internal.auth import TOTP
from django.core import mail
from django.core.files.storage import default_storage
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import timezone

from core.audit import selectors as audit
from core.audit import services as auditing
from core.audit.models import AuditEntry, AuditPerson
from core.errors import Conflict, NotAllowed
from core.notices.services import notify
from core.people.models import Membership, User
from core.people.types import Actor
from core.privacy import inventory, services
from core.privacy.models import ErasureRequest, PersonalCopy
from tests.factories import core as make
from tests.factories.joining import joining

pytestmark = pytest.mark.django_db
Drain = Callable[[], int]
As = Callable[[Membership], Client]


def proven(client: Client) -> Client:
    """The same browser, its person having just said who they are."""
    session = client.session
    session["account_authentication_methods_user"] = session["_auth_user_id"]
    session["account_authentication_methods"] = [
        {"method": "password", "at": timezone.now().timestamp(), "reauthenticated": True}
    ]
    session.save()
    return client


def person(now: datetime) -> Membership:
    """Somebody who left traces of every kind."""
    member = make.enterprise()
    member.user.display_name = "周可忘"
    member.user.save()
    by = make.actor(member)
    EmailAddress.objects.create(user=member.user, email=member.user.email, primary=True)
    TOTP.activate(member.user, "JBSWY3DPEHPK3PXP")
    notify(users=[member.user_id], kind="system", key="k", title="只给您的消息", now=now)
    auditing.record("need.opened", subject=member.organisation, by=by, at=now)
    joining(applicant=member.user, status="withdrawn")
    return member


def test_every_table_that_refers_to_people_is_known() -> None:
    labels = {place.model._meta.label for place in inventory.places()}
    assert {
        "core.Notice",
        "core.Membership",
        "mfa.Authenticator",
        "usersessions.UserSession",
    } <= labels
    assert {"matching.Evaluation", "listings.Favourite"} & labels or len(labels) > 15
    assert len(inventory.traces()) > 20


def test_a_copy_holds_everything_and_no_secret(client_as: As, now: datetime, drain: Drain) -> None:
    member = person(now)
    own = proven(client_as(member))
    assert own.post("/account/privacy/copy/").status_code == 302
    assert "正在准备" in own.get("/account/privacy/").content.decode()
    drain()
    row = PersonalCopy.objects.get(user=member.user)
    PersonalCopy.objects.update(expires_at=timezone.now() + timedelta(days=1))
    answer = own.get(f"/account/privacy/copy/{row.pk}/")
    archive = zipfile.ZipFile(io.BytesIO(answer.content))
    data = json.loads(archive.read("personal-data.json"))
    assert data["account"]["email"] == member.user.email
    assert "password" not in data["account"]
    tables = {section["table"] for section in data["rows"]}
    assert {"core.Notice", "core.Membership", "core.JoinApplication", "mfa.Authenticator"} <= tables
    assert any(entry["event"] == "need.opened" for entry in data["audit"])
    page = archive.read("个人信息.html").decode()
    assert "只给您的消息" in page
    assert "JBSWY3DPEHPK3PXP" not in page + json.dumps(data)
    stranger = proven(client_as(make.enterprise()))
    assert stranger.get(f"/account/privacy/copy/{row.pk}/").status_code == 404
    name = row.file.name
    assert default_storage.exists(name)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(transaction, "on_commit", lambda run, **_: run())
        assert services.forget_copies(now=timezone.now() + timedelta(days=8)) == 1
    assert not default_storage.exists(name)


def test_only_who_just_said_who_they_are_gets_it(client_as: As) -> None:
    own = client_as(make.enterprise())
    for answer in (own.post("/account/privacy/copy/"), own.get("/account/privacy/erase/")):
        assert answer.url == "/accounts/reauthenticate/?next=%2Faccount%2Fprivacy%2F"
    assert not PersonalCopy.objects.exists()


def test_a_person_is_forgotten_and_the_trail_still_holds(
    client_as: As, now: datetime, drain: Drain
) -> None:
    member, admin = person(now), make.sysadmin()
    address, pk = member.user.email, member.user_id
    let_in = joining(applicant=member.user, status="approved", organisation=member.organisation)
    own = proven(client_as(member))
    assert own.post("/account/privacy/erase/", {"reason": ""}).status_code == 422
    sent = own.post("/account/privacy/erase/", {"reason": "离职", "understood": "on"})
    assert sent.status_code == 302
    drain()
    row = ErasureRequest.objects.get(user_id=pk)
    desk = client_as(admin)
    assert "周可忘" in desk.get("/account/erasures/").content.decode()
    decided = desk.post(f"/account/erasures/{row.pk}/", {"decision": "erase", "note": ""})
    assert decided.status_code == 302
    drain()
    row.refresh_from_db()
    user = User.objects.get(pk=pk)
    assert (row.status, row.reason) == ("done", "")
    assert (user.email, str(user), user.is_active, user.has_usable_password()) == (
        f"erased-{pk}@erased.invalid", f"已注销用户 {pk}", False, False,
    )  # fmt: skip
    gone = [p for p in inventory.places() if p.goes_along and p.rows(pk).exists()]
    assert [p.model._meta.label for p in gone] == ["core.JoinApplication"]
    let_in.refresh_from_db()
    assert (let_in.person, let_in.email) == ("已注销", "erased@erased.invalid")
    entries = AuditEntry.objects.filter(actor_key__startswith=f"user:{pk}/")
    assert entries.exists()
    names = AuditPerson.objects.filter(entry__in=entries).values_list("name", flat=True)
    assert set(names) == {f"已注销用户 {pk}"}
    assert audit.first_break() is None
    assert mail.outbox[-1].to == [address]
    assert own.get("/account/").status_code == 302  # signed out
    assert row.result["deleted"]["消息"] >= 1
    assert "已保留" in desk.get(f"/account/erasures/{row.pk}/").content.decode()


def test_a_refusal_is_told_with_its_reason(client_as: As, now: datetime, drain: Drain) -> None:
    member = make.enterprise()
    pk = services.ask_erasure(reason="", by=make.actor(member), now=now)
    desk = client_as(make.sysadmin())
    url = f"/account/erasures/{pk}/"
    assert desk.post(url, {"decision": "refuse", "note": " "}).status_code == 422
    assert desk.post(url, {"decision": "refuse", "note": "有未付款项"}).status_code == 302
    drain()
    assert "有未付款项" in str(mail.outbox[-1].body)
    assert User.objects.get(pk=member.user_id).is_active
    assert services.ask_erasure(reason="", by=make.actor(member), now=now) != pk


def test_the_only_administrator_hands_over_first(now: datetime) -> None:
    boss = make.MembershipFactory(is_administrator=True)
    other = make.MembershipFactory(organisation=boss.organisation)
    by = make.actor(boss)
    with pytest.raises(Conflict, match="设为管理员"):
        services.ask_erasure(reason="", by=by, now=now)
    Membership.objects.filter(pk=other.pk).update(is_administrator=True)
    services.ask_erasure(reason="", by=by, now=now)
    with pytest.raises(Conflict, match="已经提交过"):
        services.ask_erasure(reason="", by=by, now=now)
    services.withdraw_erasure(by=by, now=now)
    with pytest.raises(ErasureRequest.DoesNotExist):
        services.withdraw_erasure(by=by, now=now)


@pytest.mark.parametrize("stranger", ["office", "bureau", "auditor", "bank"])
def test_strangers_erase_nobody(stranger: str, now: datetime) -> None:
    member = make.enterprise()
    pk = services.ask_erasure(reason="", by=make.actor(member), now=now)
    by = make.actor(getattr(make, stranger)())
    for command in (services.approve_erasure, services.refuse_erasure):
        with pytest.raises(NotAllowed):
            command(erasure_id=pk, note="不", by=by, now=now)
    with pytest.raises(NotAllowed):
        services.erase(erasure_id=pk, by=by, now=now)
    assert services.erase(erasure_id=pk, by=Actor.system(), now=now) is None  # nobody approved it
    assert User.objects.get(pk=member.user_id).is_active


def test_nobody_decides_on_themselves(now: datetime) -> None:
    admin = make.actor(make.sysadmin())
    pk = services.ask_erasure(reason="", by=admin, now=now)
    with pytest.raises(NotAllowed, match="另一位"):
        services.approve_erasure(erasure_id=pk, by=admin, now=now)


def test_recommendations_are_switched_on_the_same_page(client_as: As) -> None:
    member = make.enterprise()
    own = client_as(member)
    own.post("/account/privacy/consent/", {})
    assert not User.objects.get(pk=member.user_id).wants_recommendations
    own.post("/account/privacy/consent/", {"recommendations": "on"})
    assert User.objects.get(pk=member.user_id).wants_recommendations


@pytest.mark.parametrize(
    ("model", "facts", "constraint"),
    [
        (ErasureRequest, {"status": "lost"}, "erasure_status_known"),
        (ErasureRequest, {"decided_by": "system"}, "erasure_decided_pair"),
        (PersonalCopy, {"ready_at": timezone.now()}, "personal_copy_ready_pair"),
    ],
)
def test_the_database_refuses_broken_rows(
    model: Any, facts: dict[str, Any], constraint: str, now: datetime
) -> None:
    user = make.UserFactory()
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        model.objects.create(user=user, asked_at=now, **facts)


@pytest.mark.parametrize(
    ("model", "constraint"),
    [(ErasureRequest, "erasure_one_open"), (PersonalCopy, "personal_copy_one_open")],
)
def test_the_database_refuses_a_second_open_one(model: Any, constraint: str, now: datetime) -> None:
    user = make.UserFactory()
    model.objects.create(user=user, asked_at=now)
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        model.objects.create(user=user, asked_at=now)
