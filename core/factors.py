"""Who must prove themselves twice, and whether they did.

One setting decides: with `SECOND_FACTOR = "required"` these people set up an authenticator within
some days of their first sign-in, and dangerous steps ask once more who is there; with "everyone"
all people do; with "offered" everybody may and nobody must.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from enum import StrEnum

from allauth.account import app_settings as account_settings
from allauth.account.authentication import get_authentication_records
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.http import HttpRequest

from core.people.models import Membership, User
from core.people.types import Role

# Who decides on others' affairs, holds others' secrets, sees everything, or keeps the platform.
ROLES = frozenset({Role.BUREAU, Role.BANK, Role.GUARANTOR, Role.AUDITOR, Role.SYSADMIN})
PROVEN = "patentops_second_factor"  # in a session: this person has one


class Standing(StrEnum):
    """How a person stands with the second factor."""

    FINE = "fine"
    GRACE = "grace"  # must set one up, has some days left
    BLOCKED = "blocked"  # must, and nothing else is open until it is done


def required() -> bool:
    """Whether this installation requires second factors."""
    return bool(settings.SECOND_FACTOR in {"required", "everyone"})


def of_everyone() -> bool:
    """Whether it requires them of all people, whatever their roles."""
    return bool(settings.SECOND_FACTOR == "everyone")


def needs(roles: Iterable[str], *, superuser: bool) -> bool:
    """Whether people of these roles must have one."""
    return superuser or any(role in ROLES for role in roles)


def has_one(user: User) -> bool:
    """Whether this person has set up an authenticator."""
    rows = Authenticator.objects.filter(user=user, type=Authenticator.Type.TOTP)
    return bool(rows.exists())


def must_have_one(user: User) -> bool:
    """Whether this person must, by any of their roles."""
    if not required():
        return False
    if of_everyone():
        return True
    roles = Membership.objects.filter(user=user).values_list("role", flat=True)
    return needs(roles, superuser=user.is_superuser)


def standing(request: HttpRequest, user: User, *, now: datetime) -> Standing:
    """How the signed-in person stands; a session that proved it once costs no query."""
    if not required() or request.session.get(PROVEN):
        return Standing.FINE
    if has_one(user):
        request.session[PROVEN] = True
        return Standing.FINE
    if not must_have_one(user):
        return Standing.FINE
    if user.factor_due_at is None:
        user.factor_due_at = now + timedelta(days=settings.SECOND_FACTOR_GRACE_DAYS)
        User.objects.filter(pk=user.pk).update(factor_due_at=user.factor_due_at)
    return Standing.GRACE if now < user.factor_due_at else Standing.BLOCKED


def password_rule() -> bool:
    """Whether passwords grow old here."""
    return bool(settings.PASSWORD_MAX_DAYS)


def password_is_old(user: User, *, now: datetime) -> bool:
    """Whether the password must be changed now (only where a rule of rotation holds)."""
    if not password_rule() or not user.has_usable_password():
        return False
    return now - (user.password_set_at or user.date_joined) > timedelta(
        days=settings.PASSWORD_MAX_DAYS
    )


def freshly_proven(request: HttpRequest, user: User, *, now: datetime) -> bool:
    """Whether this person said who they are within the last minutes: at sign-in or since."""
    since = now.timestamp() - account_settings.REAUTHENTICATION_TIMEOUT
    return any(record["at"] > since for record in get_authentication_records(request, user))
