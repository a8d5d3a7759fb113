"""The people of an organisation: seen by colleagues, changed by its administrators."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.utils import timezone

from core.members.models import Invitation
from tests.matrix import Row, World, everyone, logged_in


def _invitation(world: World) -> dict[str, Any]:
    """One of the office's, which nobody here runs."""
    row = world.thing(
        "invitation",
        lambda w: Invitation.objects.create(
            organisation=w.members["office"].organisation, email="new@example.cn",
            roles=["office"], invited_at=timezone.now(), invited_by="system",
            expires_at=timezone.now() + timedelta(days=1),
        ),
    )  # fmt: skip
    return {"invitation_id": row.pk}


def _colleague(world: World) -> dict[str, Any]:
    return {"user_id": world.members["office"].user_id}


NO_ADMINISTRATOR = logged_in(404, office=403)
EXPECTATIONS: dict[str, Row] = {
    "core:members": Row(get=logged_in()),
    "core:member-invite": Row(get=logged_in(403), post=logged_in(403)),
    "core:member-accept": Row(
        kwargs=lambda world: {"link": "forged"}, get=everyone(404), post=everyone(404)
    ),
    "core:member-resend": Row(kwargs=_invitation, post=NO_ADMINISTRATOR),
    "core:member-revoke": Row(kwargs=_invitation, post=NO_ADMINISTRATOR),
    "core:member": Row(kwargs=_colleague, get=NO_ADMINISTRATOR, post=NO_ADMINISTRATOR),
    "core:member-remove": Row(
        kwargs=_colleague, get=logged_in(404, office=200), post=logged_in(404, office=302)
    ),
}
