"""A name for each request, in its answer, in every line it logs and on the page that says sorry."""

from __future__ import annotations

import json
import logging
import re
import time
import uuid
from collections.abc import Callable
from contextvars import ContextVar
from datetime import UTC, datetime

from django.conf import settings
from django.http import HttpRequest, HttpResponse

HEADER = "X-Request-ID"
SECRETS = {"secret", "token"}  # what such parts of addresses are called in urlpatterns
_SHAPE = re.compile(r"[A-Za-z0-9_-]{8,64}")
_current: ContextVar[str] = ContextVar("request_id", default="-")
access = logging.getLogger("patentops.access")


def current() -> str:
    """The request or task this code works for; "-" outside of both."""
    return _current.get()


def begin(name: str) -> None:
    """From here on this thread works for `name`."""
    _current.set(name)


class RequestIdMiddleware:
    """Names the request, and logs one line about it when it is answered.

    A gateway's own name is taken over only where gateways are trusted (PATENTOPS_PROXIES): a
    visitor must not be able to write into our logs.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        told = request.headers.get(HEADER, "") if settings.AXES_IPWARE_PROXY_COUNT else ""
        name = told if _SHAPE.fullmatch(told) else uuid.uuid4().hex[:16]
        token = _current.set(name)
        began = time.perf_counter()
        try:
            response = self.get_response(request)
            spent = time.perf_counter() - began
            response[HEADER] = name
            access.info("%s %s %d", request.method, path_of(request), response.status_code,
                        extra={"fields": facts(request, response, spent)})  # fmt: skip
            return response
        finally:
            _current.reset(token)


def facts(request: HttpRequest, response: HttpResponse, spent: float) -> dict[str, object]:
    """What a line of the access log says: no query, no body, no secret, no person's name."""
    match = request.resolver_match
    return {
        "method": request.method,
        "path": path_of(request),
        "view": match.view_name if match else "",
        "status": response.status_code,
        "milliseconds": round(spent * 1000, 1),
    }


def path_of(request: HttpRequest) -> str:
    """The address without what lets whoever knows it in: a feed's secret, a shared list's token."""
    path, match = request.path, request.resolver_match
    for name, value in match.kwargs.items() if match else ():
        if name in SECRETS:
            path = path.replace(str(value), "***")
    return path


class NameFilter(logging.Filter):
    """Puts `request_id` on every record."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.request_id = current()
        return True


class JsonFormatter(logging.Formatter):
    """One JSON object a line: time, level, logger, message, request_id, and a record's `fields`."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            "request_id": getattr(record, "request_id", "-"),
            **getattr(record, "fields", {}),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str)
