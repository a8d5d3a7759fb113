"""Questions about the people of an organisation."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet

from core.joining.rules import ROLES_OF_KIND
from core.members.models import Invitation, InvitationStatus
from core.people.models import Membership
from core.people.types import Actor, Role

DAYS = 7  # a link to join a colleague's organisation lives so long


@dataclass(frozen=True, slots=True)
class Member:
    """One colleague."""

    user_id: int
    name: str
    email: str
    roles: tuple[str, ...]
    administrator: bool
    active: bool
    last_login: datetime | None


def members(*, viewer: Actor) -> list[Member]:
    """The people of the organisation acted for, administrators first; in one query."""
    rows = (
        Membership.objects.filter(organisation_id=viewer.organisation_id or 0)
        .select_related("user")
        .order_by("-is_administrator", "user_id", "pk")
    )
    grouped: dict[int, list[Membership]] = {}
    for row in rows:
        grouped.setdefault(row.user_id, []).append(row)
    return [
        Member(
            user_id=user_id,
            name=str(held[0].user),
            email=held[0].user.email if viewer.administers or user_id == viewer.user_id else "",
            roles=tuple(row.role for row in held),
            administrator=any(row.is_administrator for row in held),
            active=held[0].user.is_active,
            last_login=held[0].user.last_login,
        )
        for user_id, held in grouped.items()
    ]


def member(user_id: int, *, viewer: Actor) -> Member | None:
    """One of them."""
    return next((m for m in members(viewer=viewer) if m.user_id == user_id), None)


def pending(*, viewer: Actor) -> QuerySet[Invitation]:
    """Invitations that nobody has accepted yet, the newest first."""
    rows = Invitation.objects.visible_to(viewer).filter(status=InvitationStatus.PENDING)
    return rows.order_by("-pk")


def roles_to_give(kind: str, *, viewer: Actor) -> list[Role]:
    """What an administrator may make of a colleague: what fits the kind, and what they are."""
    return list(dict.fromkeys([*ROLES_OF_KIND.get(kind, ()), *sorted(viewer.roles)]))
