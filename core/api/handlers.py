"""What goes wrong outside of any view: a problem for programs, a page for people.

Django's own handlers look at the form for a CSRF token, and fail again over a form that cannot
be read. These look at nothing but the address.
"""

from __future__ import annotations

from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.template.loader import render_to_string

from core.problems import DETAILS, problem, rendered
from core.web import tracing
from core.web.middleware import API_PREFIX

UNUSABLE = "请求不能处理：字段过多，或地址、请求头、编码不正确。请检查后重试。"
OURS = "平台出了点问题，这次请求没有完成，也没有保存任何内容。请稍后用同一个幂等键重试。"


def _answer(request: HttpRequest, status: int, code: str, detail: str) -> HttpResponseBase:
    if not request.path.startswith(API_PREFIX):
        page = render_to_string(f"{status}.html", {"request_id": tracing.current()})
        return HttpResponse(page, status=status)
    return rendered(problem(status, code, detail))


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    """400, or 413 for too large a body: Django itself refused the request."""
    if isinstance(exception, RequestDataTooBig):
        return _answer(request, 413, "too-large", DETAILS["too_large"])
    return _answer(request, 400, "bad-request", UNUSABLE)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    """403."""
    return _answer(request, 403, "not-allowed", DETAILS["permission_denied"])


def not_found(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    """404: no such address."""
    return _answer(request, 404, "not-found", DETAILS["not_found"])


def server_error(request: HttpRequest, *_: Any) -> HttpResponseBase:
    """500: it was us."""
    return _answer(request, 500, "server-error", f"{OURS}故障编号：{tracing.current()}。")
