"""Where a person is signed in, and signing out there: for pages and the API alike."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from allauth.usersessions.models import UserSession
from django.contrib.auth import update_session_auth_hash
from django.http import HttpRequest

from core.access import rules
from core.errors import Missing
from core.people import services as people
from core.people.types import Actor


def shown(request: HttpRequest) -> list[dict[str, Any]]:
    """The devices on which this person is signed in, last used first."""
    here = request.session.session_key
    rows = sorted(
        UserSession.objects.purge_and_list(request.user),
        key=lambda row: (row.last_seen_at, row.pk),
        reverse=True,
    )
    return [
        {
            "id": row.pk,
            "device": rules.device(row.user_agent),
            "ip": row.ip,
            "since": row.created_at,
            "seen": row.last_seen_at,
            "here": row.session_key == here,
        }
        for row in rows
    ]


def end_one(request: HttpRequest, session_id: int, *, by: Actor, now: datetime) -> None:
    """Sign another device of this person's out."""
    row = UserSession.objects.filter(pk=session_id, user_id=by.user_id or 0).first()
    if row is None or row.session_key == request.session.session_key:
        raise Missing("这台设备已经退出。")
    row.end()
    people.note_sign_out(by=by, now=now, everywhere=False)


def end_others(request: HttpRequest, *, by: Actor, now: datetime) -> None:
    """Sign out everywhere else, also where no list knows of it."""
    people.note_sign_out(by=by, now=now, everywhere=True)
    user: Any = request.user
    user.refresh_from_db()
    update_session_auth_hash(request, user)
    UserSession.objects.purge_and_list(user)
    UserSession.objects.create_from_request(request)
