"""A method that a view of the API does not have is refused before anybody is looked up."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse

from core.problems import DETAILS, problem, rendered


class MethodMiddleware:
    """405 for such a method, with `Allow`; the framework would read session and member first.

    Pages do the same by themselves: `require_GET` and its like stand outermost on them.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], *_: Any
    ) -> HttpResponse | None:
        """The refusal, or None where the view has the method or is no view of the API."""
        cls = getattr(view, "cls", None)
        if cls is None:
            return None
        has = getattr(view, "actions", None) or {
            m for m in cls.http_method_names if hasattr(cls, m)
        }
        offered = {*has, "options", *(("head",) if "get" in has else ())}
        if (request.method or "").lower() in offered:
            return None
        allowed = {"Allow": ", ".join(sorted(name.upper() for name in offered))}
        detail = DETAILS["method_not_allowed"]
        return rendered(problem(405, "method-not-allowed", detail, headers=allowed))
