"""People and organisations for tests, all with valid codes."""

from __future__ import annotations

from itertools import count
from typing import Any

import factory
from django.utils import timezone
from stdnum.cn import uscc

from core.people.models import Membership, Organisation, OrganisationKind, User
from core.people.selectors import actor_for
from core.people.types import Actor, Role

_numbers = count(1)


def valid_uscc(number: int, region: str = "310115") -> str:
    """A unified social credit code with a right check character, for a running number."""
    stem = f"91{region}MA{number:07d}"
    return stem + uscc.calc_check_digit(stem)


class OrganisationFactory(factory.django.DjangoModelFactory[Organisation]):
    class Meta:
        model = Organisation

    name = factory.Sequence(lambda n: f"测试机构{n}")
    kind = OrganisationKind.ENTERPRISE
    region = "310115"
    uscc = factory.LazyFunction(lambda: valid_uscc(next(_numbers)))


class UserFactory(factory.django.DjangoModelFactory[User]):
    class Meta:
        model = User

    email = factory.Sequence(lambda n: f"user{n}@example.cn")
    display_name = factory.Sequence(lambda n: f"用户{n}")
    password = "!"  # cannot be used to log in; tests use force_login


class MembershipFactory(factory.django.DjangoModelFactory[Membership]):
    class Meta:
        model = Membership

    user = factory.SubFactory(UserFactory)
    organisation = factory.SubFactory(OrganisationFactory)
    role = Role.ENTERPRISE
    region = ""


def _member(
    role: Role, kind: OrganisationKind, oversees: str = "", /, **organisation: Any
) -> Membership:
    return MembershipFactory(
        role=role, region=oversees, organisation=OrganisationFactory(kind=kind, **organisation)
    )


def office(**organisation: Any) -> Membership:
    """Somebody of a university's tech-transfer office."""
    return _member(Role.OFFICE, OrganisationKind.UNIVERSITY, **organisation)


def enterprise(**organisation: Any) -> Membership:
    """Somebody of a small firm."""
    return _member(Role.ENTERPRISE, OrganisationKind.ENTERPRISE, **organisation)


def bureau(region: str = "31", **organisation: Any) -> Membership:
    """Somebody of a bureau that oversees this prefix ("" is the nation)."""
    organisation.setdefault("region", region.ljust(6, "0") if region else "")
    return _member(Role.BUREAU, OrganisationKind.BUREAU, region, **organisation)


def bank(**organisation: Any) -> Membership:
    return _member(Role.BANK, OrganisationKind.BANK, **organisation)


def guarantor(**organisation: Any) -> Membership:
    return _member(Role.GUARANTOR, OrganisationKind.GUARANTOR, **organisation)


def valuer(**organisation: Any) -> Membership:
    return _member(Role.VALUER, OrganisationKind.VALUER, **organisation)


def exchange(**organisation: Any) -> Membership:
    return _member(Role.EXCHANGE, OrganisationKind.EXCHANGE, **organisation)


def auditor(**organisation: Any) -> Membership:
    return _member(Role.AUDITOR, OrganisationKind.BUREAU, **organisation)


def broker(**organisation: Any) -> Membership:
    return _member(Role.BROKER, OrganisationKind.AGENCY, **organisation)


def inventor(**organisation: Any) -> Membership:
    return _member(Role.INVENTOR, OrganisationKind.UNIVERSITY, **organisation)


def sysadmin(**organisation: Any) -> Membership:
    return _member(Role.SYSADMIN, OrganisationKind.BUREAU, **organisation)


def actor(membership: Membership) -> Actor:
    """The actor somebody is when acting under this membership today."""
    return actor_for(membership.user, membership_id=membership.pk, on=timezone.localdate())
