"""Organisations, accounts, appointments and mandates, made by command."""

from __future__ import annotations

from datetime import date, datetime

import pytest
from django.contrib.auth.hashers import make_password

from core.audit import services as audit
from core.audit.models import AuditEntry, AuditPerson
from core.errors import Conflict, Invalid, NotAllowed
from core.people import selectors as people
from core.people import services
from core.people.models import Mandate, Membership, Organisation, User
from core.people.types import Actor, Role
from tests.factories import core

pytestmark = pytest.mark.django_db
CODE = "91350100M000100Y43"


def _organisation(by: Actor, now: datetime, uscc: str | None = CODE) -> int:
    return services.register_organisation(
        name="新来的公司", kind="enterprise", uscc=uscc, region="350100", by=by, now=now
    )


def _user(by: Actor, now: datetime, email: str = "New@Example.cn") -> int:
    return services.register_user(
        email=email, display_name="新人", password_hash=make_password("x" * 12), by=by, now=now
    )


def test_an_administrator_enters_an_organisation_once(now: datetime) -> None:
    admin = core.actor(core.sysadmin())
    pk = _organisation(admin, now)
    card = people.organisation_by_uscc(CODE)
    assert card is not None
    assert card.id == pk
    with pytest.raises(Conflict):
        _organisation(admin, now)
    with pytest.raises(Invalid):
        _organisation(admin, now, uscc="91350100M000100Y44")
    assert Organisation.objects.filter(uscc=CODE).count() == 1
    assert AuditEntry.objects.filter(event="organisation.registered").count() == 1


def test_an_account_is_opened_once_whatever_the_case(now: datetime) -> None:
    admin = core.actor(core.sysadmin())
    pk = _user(admin, now)
    assert User.objects.get(pk=pk).check_password("x" * 12)
    with pytest.raises(Conflict):
        _user(admin, now, email="new@example.CN")


def test_appointing_twice_is_appointing_once(now: datetime) -> None:
    admin = core.actor(core.sysadmin())
    user, organisation = _user(admin, now), _organisation(admin, now)
    first, second = (
        services.appoint(
            user_id=user, organisation_id=organisation, role=Role.ENTERPRISE, by=admin, now=now
        )
        for _ in range(2)
    )
    assert first == second
    assert AuditEntry.objects.filter(event="membership.appointed").count() == 1


@pytest.mark.parametrize("stranger", ["office", "enterprise", "bureau", "auditor"])
def test_strangers_enrol_nobody(stranger: str, now: datetime) -> None:
    member = getattr(core, stranger)()
    by = core.actor(member)
    before = (Organisation.objects.count(), User.objects.count(), Membership.objects.count())
    with pytest.raises(NotAllowed):
        _organisation(by, now)
    with pytest.raises(NotAllowed):
        _user(by, now)
    with pytest.raises(NotAllowed):
        services.appoint(
            user_id=member.user_id,
            organisation_id=member.organisation_id,
            role=Role.SYSADMIN,
            by=by,
            now=now,
        )
    after = (Organisation.objects.count(), User.objects.count(), Membership.objects.count())
    assert after == before


def test_only_the_principal_gives_a_mandate_and_once(now: datetime) -> None:
    principal, agent = core.enterprise(), core.broker()

    def give(by: Actor) -> None:
        services.give_mandate(
            principal_id=principal.organisation_id,
            agent_id=agent.organisation_id,
            starts_on=date(2026, 1, 1),
            by=by,
            now=now,
        )

    with pytest.raises(NotAllowed):
        give(core.actor(agent))
    assert not Mandate.objects.exists()
    give(core.actor(principal))
    with pytest.raises(Conflict):
        give(core.actor(principal))
    assert people.mandators(agent.organisation_id, on=date(2026, 6, 1)) == [
        principal.organisation_id
    ]


def test_many_subjects_get_an_entry_each_and_the_chain_holds(now: datetime) -> None:
    by = core.actor(core.office())
    rows = [core.office().organisation for _ in range(3)]
    entries = audit.record_many("listing.published", subjects=rows, by=by, at=now)
    assert [e.subject_id for e in entries] == [str(row.pk) for row in rows]
    assert AuditPerson.objects.filter(entry__in=entries).count() == 3
    assert audit.seal() >= 3
    assert not AuditEntry.objects.filter(position__isnull=True).exists()
