"""Colleagues are invited, appointed and removed by those who run the organisation."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core import mail
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from core.audit.models import AuditEntry
from core.errors import Conflict, Invalid, Missing, NotAllowed
from core.members import selectors, services
from core.members.models import Invitation
from core.notices.models import Notice
from core.people.models import Membership, User
from core.people.types import Actor, Role
from tests.factories import core as make

pytestmark = pytest.mark.django_db
Drain = Callable[[], int]
As = Callable[[Membership], Client]


def head(role: Role = Role.ENTERPRISE, **organisation: Any) -> Membership:
    """Somebody who runs their organisation."""
    row = make.MembershipFactory(
        role=role, is_administrator=True, organisation=make.OrganisationFactory(**organisation)
    )
    assert isinstance(row, Membership)
    return row


def invited(by: Membership, now: datetime, **but: Any) -> Invitation:
    facts: dict[str, Any] = {"email": "new@example.cn", "roles": ["enterprise"]} | but
    pk = services.invite(**facts, by=make.actor(by), now=now)
    return Invitation.objects.get(pk=pk)


def link_in_mail() -> str:
    found = re.search(r"/members/accept/\S+", str(mail.outbox[-1].body))
    assert found is not None
    return found.group()


def test_a_colleague_without_account_is_invited_and_joins_once(
    client: Client, client_as: As, drain: Drain
) -> None:
    boss = head()
    desk = client_as(boss)
    page = desk.post(
        "/members/invite/",
        {"email": "New@Example.cn", "roles": ["enterprise", "office"], "administrator": ""},
    )
    assert page.status_code == 302
    assert "new@example.cn" in desk.get("/members/").content.decode()
    drain()
    assert mail.outbox[-1].to == ["new@example.cn"]
    link = link_in_mail()
    assert "开通账户" in client.get(link).content.decode()
    filled = {"display_name": "新同事", "password": "long-enough-2026", "consent": "on"}
    assert client.post(link, filled | {"password": "12345678"}).status_code == 422
    assert client.post(link, filled).status_code == 302
    assert client.post(link, filled).status_code == 404
    user = User.objects.get(email="new@example.cn")
    rows = Membership.objects.filter(user=user).order_by("role")
    assert [(r.role, r.is_administrator) for r in rows] == [
        ("enterprise", False), ("office", False),
    ]  # fmt: skip
    assert rows.filter(is_default=True).count() == 1
    drain()
    assert Notice.objects.filter(user=boss.user, title__contains="已接受邀请").exists()


def test_somebody_with_an_account_logs_in_and_says_yes(
    client: Client, client_as: As, now: datetime, drain: Drain
) -> None:
    person, other = make.office(), make.bank()
    row = invited(head(), timezone.now(), email=person.user.email)
    link = f"/members/accept/{services.link_of(row)}/"
    assert client.get(link).url.startswith("/accounts/login/?next=")
    wrong = client_as(other)
    assert wrong.post(link).status_code == 403
    own = client_as(person)
    assert "接受邀请" in own.get(link).content.decode()
    assert own.post(link).url == "/acting-as/"
    assert person.user.memberships.count() == 2
    assert own.post(link).status_code == 404


def test_only_the_newest_unexpired_link_works(now: datetime) -> None:
    boss = head()
    row = invited(boss, now)
    old = services.link_of(row)
    services.resend(invitation_id=row.pk, by=make.actor(boss), now=now)
    row.refresh_from_db()
    new = services.link_of(row)
    assert services.behind(new, now=now) == row
    for link in (old, "1.1:forged", "nonsense"):
        with pytest.raises(Missing):
            services.behind(link, now=now)
    with pytest.raises(Missing):
        services.behind(new, now=now + timedelta(days=8))
    services.revoke(invitation_id=row.pk, by=make.actor(boss), now=now)
    with pytest.raises(Missing):
        services.behind(new, now=now)
    with pytest.raises(Conflict):
        services.resend(invitation_id=row.pk, by=make.actor(boss), now=now)


def test_one_invitation_an_address_and_none_for_members(now: datetime) -> None:
    boss = head()
    invited(boss, now)
    with pytest.raises(Conflict, match="已经邀请过"):
        invited(boss, now, email="NEW@example.cn ")
    with pytest.raises(Conflict, match="已经是本机构的成员"):
        invited(boss, now, email=boss.user.email)


@pytest.mark.parametrize(
    ("kind", "role", "roles"),
    [
        ("enterprise", Role.ENTERPRISE, ["bank"]),
        ("bank", Role.BANK, ["sysadmin"]),
        ("bureau", Role.BUREAU, ["auditor"]),
        ("enterprise", Role.ENTERPRISE, []),
    ],
)
def test_nobody_is_given_what_does_not_fit(
    kind: str, role: Role, roles: list[str], now: datetime
) -> None:
    boss = head(role, kind=kind)
    with pytest.raises(Invalid):
        invited(boss, now, roles=roles)
    with pytest.raises(Invalid):
        services.set_roles(
            user_id=boss.user_id, roles=roles, administrator=True, by=make.actor(boss), now=now
        )


def test_a_bureaus_colleague_oversees_the_same_region(now: datetime) -> None:
    boss = head(Role.BUREAU, kind="bureau", region="310000")
    Membership.objects.filter(pk=boss.pk).update(region="31")
    row = invited(boss, now, roles=["bureau"])
    services.accept_as_new(
        link=services.link_of(row), display_name="新人", password_hash="!", now=now
    )
    assert Membership.objects.get(user__email="new@example.cn").region == "31"


def test_roles_are_changed_and_the_person_hears(client_as: As, now: datetime, drain: Drain) -> None:
    boss = head()
    other = make.MembershipFactory(organisation=boss.organisation, is_default=True)
    desk = client_as(boss)
    answer = desk.post(
        f"/members/{other.user_id}/", {"roles": ["office", "inventor"], "administrator": "on"}
    )
    assert answer.status_code == 302
    rows = Membership.objects.filter(user=other.user).order_by("role")
    assert [(r.role, r.is_administrator) for r in rows] == [("inventor", True), ("office", True)]
    assert rows.filter(is_default=True).count() == 1
    drain()
    assert Notice.objects.filter(user=other.user, title__contains="角色有变化").exists()
    assert AuditEntry.objects.filter(event="member.roles_set").count() == 1
    assert desk.post(f"/members/{other.user_id}/", {"roles": []}).status_code == 422


def test_the_last_administrator_stays(now: datetime) -> None:
    boss = head()
    by = make.actor(boss)
    make.MembershipFactory(organisation=boss.organisation)
    gone = make.MembershipFactory(
        organisation=boss.organisation, is_administrator=True, user__is_active=False
    )
    with pytest.raises(Conflict, match="最后一名管理员"):
        services.set_roles(
            user_id=boss.user_id, roles=["enterprise"], administrator=False, by=by, now=now
        )
    with pytest.raises(Conflict, match="最后一名管理员"):
        services.remove(user_id=boss.user_id, by=by, now=now)
    gone.user.is_active = True
    gone.user.save()
    services.remove(user_id=boss.user_id, by=by, now=now)
    assert selectors.members(viewer=make.actor(gone))[0].user_id == gone.user_id


def test_a_member_leaves_and_is_then_nobody_here(client_as: As) -> None:
    boss = head()
    other = make.MembershipFactory(organisation=boss.organisation)
    own = client_as(other)
    assert "管理员" in own.get("/members/").content.decode()
    assert own.post(f"/members/{other.user_id}/remove/").url == "/"
    assert not other.user.memberships.exists()
    assert own.get("/members/").url == "/acting-as/"
    assert own.get("/needs/new/").status_code == 403


def test_colleagues_see_names_but_not_addresses(client_as: As) -> None:
    boss = head()
    other = make.MembershipFactory(organisation=boss.organisation)
    assert boss.user.email not in client_as(other).get("/members/").content.decode()
    assert other.user.email in client_as(boss).get("/members/").content.decode()


def test_strangers_and_mere_members_change_nothing(now: datetime) -> None:
    boss = head()
    mere = make.MembershipFactory(organisation=boss.organisation)
    stranger = head()
    row = invited(boss, now)
    for by in (make.actor(mere), Actor.anonymous()):
        with pytest.raises(NotAllowed):
            services.invite(email="a@example.cn", roles=["enterprise"], by=by, now=now)
        with pytest.raises(NotAllowed):
            services.set_roles(
                user_id=boss.user_id, roles=["office"], administrator=True, by=by, now=now
            )
    with pytest.raises(NotAllowed):
        services.remove(user_id=boss.user_id, by=make.actor(mere), now=now)
    with pytest.raises(NotAllowed):
        services.revoke(invitation_id=row.pk, by=make.actor(mere), now=now)
    by = make.actor(stranger)
    with pytest.raises(Missing):
        services.remove(user_id=boss.user_id, by=by, now=now)
    with pytest.raises(Missing):
        services.set_roles(
            user_id=boss.user_id, roles=["office"], administrator=True, by=by, now=now
        )
    with pytest.raises(Invitation.DoesNotExist):
        services.resend(invitation_id=row.pk, by=by, now=now)
    assert boss.organisation.memberships.count() == 2


@pytest.mark.parametrize(
    ("facts", "constraint"),
    [
        ({"status": "lost"}, "invitation_status_known"),
        ({"roles": []}, "invitation_to_some_role"),
        ({"status": "accepted"}, "invitation_accepted_once"),
        ({"accepted_at": timezone.now()}, "invitation_accepted_once"),
    ],
)
def test_the_database_refuses_broken_rows(
    facts: dict[str, Any], constraint: str, now: datetime
) -> None:
    row = invited(head(), now)
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        Invitation.objects.filter(pk=row.pk).update(**facts)


def test_the_database_refuses_a_second_pending_invitation(now: datetime) -> None:
    row = invited(head(), now)
    row.pk = None
    with pytest.raises(IntegrityError, match="invitation_one_pending"), transaction.atomic():
        row.save(force_insert=True)


def test_the_page_costs_the_same_for_one_and_for_ten(client_as: As, now: datetime) -> None:
    boss = head()
    desk = client_as(boss)
    desk.get("/members/")
    with CaptureQueriesContext(connection) as one:
        desk.get("/members/")
    for n in range(9):
        make.MembershipFactory(organisation=boss.organisation)
        invited(boss, now, email=f"n{n}@example.cn")
    with CaptureQueriesContext(connection) as ten:
        desk.get("/members/")
    assert len(one) == len(ten)
