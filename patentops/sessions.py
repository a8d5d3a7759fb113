"""How long a login lasts: 30 minutes idle, 12 hours in all (settings)."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.functional import SimpleLazyObject

BEGAN, SEEN = "patentops_began", "patentops_seen"
WRITE_AT_MOST_EVERY = 60  # seconds; a request in between costs no write


class SessionLimitsMiddleware:
    """Ends a login that was idle too long or is too old; the next page asks to log in again.

    Looked at when somebody first asks who is there: a request that nobody need be known for (a
    method that is refused, a health check) reads neither session nor user.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if settings.SESSION_COOKIE_NAME in request.COOKIES:
            djangos = request.user
            request.user = SimpleLazyObject(  # type: ignore[assignment]
                lambda: self._within_limits(request, djangos)
            )
        return self.get_response(request)

    @classmethod
    def _within_limits(cls, request: HttpRequest, user: Any) -> Any:
        """The user whom Django found, or nobody when the login has ended."""
        request.user = user  # before anything asks again
        if user.is_authenticated:
            cls._check(request, int(time.time()))
        return request.user

    @staticmethod
    def _check(request: HttpRequest, now: int) -> None:
        session = request.session
        began = session.setdefault(BEGAN, now)
        seen = session.get(SEEN, now)
        idle = now - seen > settings.SESSION_IDLE_SECONDS
        old = now - began > settings.SESSION_COOKIE_AGE
        if idle or old:
            logout(request)
        elif SEEN not in session or now - seen >= WRITE_AT_MOST_EVERY:
            session[SEEN] = now
            UserSession.objects.filter(session_key=session.session_key).update(
                last_seen_at=timezone.now()
            )
