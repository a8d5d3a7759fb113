"""How often a visitor may do what costs others something (settings.ACCOUNT_RATE_LIMITS)."""

from __future__ import annotations

from allauth.core import ratelimit
from django.http import HttpRequest, HttpResponse


def within_limit(request: HttpRequest, action: str, key: str) -> bool:
    """Whether this may be done once more; counts it. A vanished Valkey counts nothing."""
    return bool(ratelimit.consume(request, action=action, key=key))


def too_many(request: HttpRequest) -> HttpResponse:
    """The page that says to wait."""
    answer: HttpResponse = ratelimit.respond_429(request)
    return answer
