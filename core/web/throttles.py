"""How often one may ask for what costs much: searches, exports, tokens.

settings.THROTTLED_VIEWS names the pages, since they lie in every room; the API counts for itself
once it knows who asks (`core.api.throttles`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string

from core.guard import throttle
from core.guard.rules import Verdict
from core.problems import problem, rendered

PROGRAMS = ("/api/", "/identity/")
TOO_MANY = "请求过于频繁，请在 {wait} 秒后再试。"


def who_asks(request: HttpRequest) -> str:
    """The person where one is logged in, else the address."""
    actor = getattr(request, "actor", None)
    if settings.SESSION_COOKIE_NAME in request.COOKIES and actor is not None and actor.user_id:
        return f"person:{actor.user_id}"
    return f"address:{throttle.address_of(request)}"


def note(request: Any, verdict: Verdict) -> None:
    """Remember the verdict for the answer's headers; the stricter one of several."""
    known: Verdict | None = getattr(request, "throttle_verdict", None)
    if known is None or not verdict.allowed or verdict.left < known.left:
        request.throttle_verdict = verdict


class ThrottleMiddleware:
    """Counts requests for the pages that settings.THROTTLED_VIEWS names, and says what is left."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        verdict: Verdict | None = getattr(request, "throttle_verdict", None)
        if verdict is not None:
            for name, value in verdict.headers().items():
                response.headers[name] = value
        return response

    def process_view(self, request: HttpRequest, *_: Any) -> HttpResponse | None:
        """The refusal, when this person has asked too often."""
        match = request.resolver_match
        name = settings.THROTTLED_VIEWS.get(match.view_name) if match else None
        if name is None:
            return None
        verdict = throttle.take(name, who_asks(request))
        note(request, verdict)
        return None if verdict.allowed else refusal(request, verdict)


def refusal(request: HttpRequest, verdict: Verdict) -> HttpResponse:
    """429: a page for people that costs no query, a problem for programs."""
    if not request.path.startswith(PROGRAMS):
        return HttpResponse(render_to_string("429.html", {"wait": verdict.wait}), status=429)
    return rendered(problem(429, "throttled", TOO_MANY.format(wait=verdict.wait)))
