"""Questions about personal data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Model, QuerySet

from core.audit.models import AuditEntry
from core.audit.words import event as words
from core.people.models import Membership, User
from core.people.types import Actor, Role
from core.privacy import inventory
from core.privacy.models import ErasureRequest, ErasureStatus, PersonalCopy

MOST_ROWS = 5_000  # of one table in one copy


@dataclass(frozen=True, slots=True)
class Section:
    """One table's share of a copy."""

    title: str
    table: str
    rows: Sequence[dict[str, Any]]


def about(user: User) -> dict[str, Any]:
    """Everything that is held about a person: the account, their rows, what they did."""
    return {
        "account": inventory.shown(user),
        "rows": [
            Section(place.label, place.model._meta.label, found)
            for place in inventory.places()
            if (found := [inventory.shown(row) for row in place.rows(user.pk)[:MOST_ROWS]])
        ],
        "deeds": [
            Section(str(model._meta.verbose_name), f"{model._meta.label}.{field}", found)
            for model, field in inventory.traces()
            if model is not AuditEntry and (found := _deeds(model, field, user.pk))
        ],
        "audit": [
            {"at": entry.at, "event": entry.event, "words": words(entry.event),
             "subject": f"{entry.subject_type}:{entry.subject_id}"}
            for entry in AuditEntry.objects.filter(
                inventory.by_key("actor_key", user.pk)
            ).order_by("pk")[:MOST_ROWS]
        ],
    }  # fmt: skip


def _deeds(model: type[Model], field: str, user_id: int) -> list[dict[str, Any]]:
    """Which rows name the person as who did it, and when; not what others wrote in them."""
    moment = f"{field.removesuffix('_by')}_at"
    names = {f.name for f in model._meta.concrete_fields}
    columns = ["pk", moment] if moment in names else ["pk"]
    rows = model._default_manager.filter(inventory.by_key(field, user_id)).order_by("pk")
    return [dict(row) for row in rows.values(*columns)[:MOST_ROWS]]


def newest_copy(*, viewer: Actor) -> PersonalCopy | None:
    """The copy that this person asked for last."""
    return PersonalCopy.objects.filter(user_id=viewer.user_id or 0).order_by("-pk").first()


def ready_copy(copy_id: int, *, viewer: Actor, now: datetime) -> PersonalCopy | None:
    """A copy that this person may download now."""
    rows = PersonalCopy.objects.filter(user_id=viewer.user_id or 0, expires_at__gt=now)
    return rows.filter(pk=copy_id).first()


def open_erasure(*, viewer: Actor) -> ErasureRequest | None:
    """This person's request that waits."""
    rows = ErasureRequest.objects.filter(user_id=viewer.user_id or 0)
    return rows.filter(status=ErasureStatus.ASKED).first()


def erasures(*, viewer: Actor) -> QuerySet[ErasureRequest]:
    """All requests, those that wait first; for administrators, and auditors to read."""
    if not viewer.has(Role.SYSADMIN, Role.AUDITOR):
        return ErasureRequest.objects.none()
    return ErasureRequest.objects.select_related("user").order_by("decided_at", "pk")


def in_the_way(user_id: int) -> list[str]:
    """Organisations that only this person runs while others still belong to them."""
    runs = Membership.objects.filter(user_id=user_id, is_administrator=True)
    stuck = []
    for row in runs.select_related("organisation").distinct("organisation_id"):
        others = row.organisation.memberships.exclude(user_id=user_id)
        others = others.filter(user__is_active=True)
        if others.exists() and not others.filter(is_administrator=True).exists():
            stuck.append(row.organisation.name)
    return stuck
