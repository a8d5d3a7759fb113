"""How long a login lasts: 30 minutes idle, 12 hours in all (settings)."""

from __future__ import annotations

import time
from collections.abc import Callable

from django.conf import settings
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse

BEGAN, SEEN = "patentops_began", "patentops_seen"
WRITE_AT_MOST_EVERY = 60  # seconds; a request in between costs no write


class SessionLimitsMiddleware:
    """Ends a login that was idle too long or is too old; the next page asks to log in again."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if settings.SESSION_COOKIE_NAME in request.COOKIES and request.user.is_authenticated:
            self._check(request, int(time.time()))
        return self.get_response(request)

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
