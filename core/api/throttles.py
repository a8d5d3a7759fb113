"""How often a key, a person or an address may ask the API."""

from __future__ import annotations

from typing import Any

from rest_framework.throttling import BaseThrottle

from core.api.types import Request
from core.guard import throttle
from core.guard.rules import Verdict
from core.web.throttles import note


class PerCaller(BaseThrottle):
    """Counts by the partner's key, else by person, else by address; a search counts as one."""

    verdict: Verdict

    def allow_request(self, request: Request, view: Any) -> bool:  # type: ignore[override]
        """Whether this one is fine; the answer's headers say how many are left."""
        who, known = caller(request)
        verdict = throttle.take("api" if known else "api-visitor", who)
        if verdict.allowed and request.method == "GET" and "q" in request.query_params:
            verdict = throttle.take("search", who)
        note(request._request, verdict)
        self.verdict = verdict
        return verdict.allowed

    def wait(self) -> float:
        """Seconds until the next request is fine."""
        return self.verdict.wait


def caller(request: Request) -> tuple[str, bool]:
    """Who is counted, and whether it is somebody known."""
    key = getattr(request.auth, "client_id", None)
    if key:
        return f"key:{key}", True
    if request.user.is_authenticated:
        return f"person:{request.user.pk}", True
    return f"address:{throttle.address_of(request._request)}", False
