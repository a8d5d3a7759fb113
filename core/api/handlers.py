"""What goes wrong outside of any view: a problem for programs, Django's page for people."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.template.loader import render_to_string
from django.views import defaults

from core.api.exceptions import DETAILS, PROBLEM_JSON, problem
from core.web.middleware import API_PREFIX


def _answer(
    request: HttpRequest, status: int, code: str, detail: str, page: Callable[[], HttpResponseBase]
) -> HttpResponseBase:
    if not request.path.startswith(API_PREFIX):
        return page()
    return JsonResponse(
        problem(status, code, detail).data,
        status=status,
        content_type=PROBLEM_JSON,
        json_dumps_params={"ensure_ascii": False},
    )


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    """400, or 413 for too large a body: Django itself refused the request."""
    if isinstance(exception, RequestDataTooBig):
        return _answer(
            request,
            413,
            "too-large",
            DETAILS["too_large"],
            lambda: HttpResponse(render_to_string("413.html"), status=413),
        )
    detail = "请求不能处理：过大、字段过多，或地址、请求头不正确。请检查后重试。"
    return _answer(
        request, 400, "bad-request", detail, lambda: defaults.bad_request(request, exception)
    )


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    """403."""
    return _answer(
        request,
        403,
        "not-allowed",
        DETAILS["permission_denied"],
        lambda: defaults.permission_denied(request, exception),
    )


def not_found(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    """404: no such address."""
    return _answer(
        request,
        404,
        "not-found",
        DETAILS["not_found"],
        lambda: defaults.page_not_found(request, exception),
    )


def server_error(request: HttpRequest, *_: Any) -> HttpResponseBase:
    """500: it was us."""
    detail = "平台出了点问题，这次请求没有完成，也没有保存任何内容。请稍后用同一个幂等键重试。"
    return _answer(request, 500, "server-error", detail, lambda: defaults.server_error(request))
