"""Questions of those who keep the platform about people's accounts."""

from __future__ import annotations

from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from core.access.rules import WAYS
from core.audit.models import AuditEntry
from core.people.models import User
from core.people.types import Actor
from core.permissions import Permission, allowed

SHOWN_SIGN_INS = 10


def accounts(*, viewer: Actor, text: str = "") -> QuerySet[User]:
    """Everybody's account, those who signed in last first; nobody's for others.

    Each with whether it has a second factor and how many devices are known to be signed in.
    """
    if not allowed(viewer, Permission.MANAGE_ACCESS):
        return User.objects.none()
    factor = Authenticator.objects.filter(user=OuterRef("pk"), type=Authenticator.Type.TOTP)
    rows = User.objects.annotate(
        has_factor=Exists(factor), devices=Count("usersession", distinct=True)
    )
    if text := text.strip()[:100]:
        rows = rows.filter(
            Q(email__icontains=text)
            | Q(display_name__icontains=text)
            | Q(memberships__organisation__name__icontains=text)
        ).distinct()
    return rows.order_by("-last_login", "pk")


def devices_of(user_id: int) -> QuerySet[UserSession]:
    """Where somebody is signed in, last used first."""
    rows: QuerySet[UserSession] = UserSession.objects.filter(user_id=user_id)
    return rows.order_by("-last_seen_at", "pk")


def sign_ins(user_id: int) -> list[dict[str, object]]:
    """When and by what the person signed in lately, newest first."""
    rows = AuditEntry.objects.filter(
        event="user.signed_in", subject_type="core.user", subject_id=str(user_id)
    ).order_by("-at", "-pk")
    return [
        {"at": row.at, "ways": [WAYS.get(w, w) for w in (row.changes or {}).get("ways", [])]}
        for row in rows[:SHOWN_SIGN_INS]
    ]
