"""Every refusal of the API as an RFC 9457 problem with a stable type and a Chinese detail."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ObjectDoesNotExist, PermissionDenied
from django.http import Http404
from django.utils.encoding import force_str
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import exception_handler

from core.db import (
    RIVAL,
    TOO_SLOW,
    UNREADABLE,
    holds_nul,
    lost_to_a_rival,
    took_too_long,
)
from core.errors import DomainError, Invalid
from core.problems import DETAILS, problem


def problem_handler(exc: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's exception handler: refusals and bad requests become problems, the rest is a 500."""
    if isinstance(exc, DomainError):
        return problem(
            exc.status,
            exc.code,
            exc.message,
            errors=exc.fields if isinstance(exc, Invalid) else None,
            blockers=[
                {"code": b.code, "message": b.message, "article": b.article} for b in exc.blockers
            ],
        )
    if isinstance(exc, ObjectDoesNotExist | Http404):
        return problem(404, "not-found", DETAILS["not_found"])
    if holds_nul(exc):
        return problem(400, "unreadable", UNREADABLE)
    if lost_to_a_rival(exc):
        return problem(409, "rival", RIVAL)
    if took_too_long(exc):
        return problem(503, "too-slow", TOO_SLOW)
    if isinstance(exc, PermissionDenied):
        return problem(403, "not-allowed", DETAILS["permission_denied"])
    if isinstance(exc, exceptions.ValidationError):
        errors = exc.detail if isinstance(exc.detail, dict) else {"": exc.detail}
        return problem(400, "invalid", "提交的内容有误，请按 errors 修改。", errors=_texts(errors))
    if isinstance(exc, exceptions.PermissionDenied) and "CSRF" in force_str(exc.detail):
        return problem(403, "csrf-failed", DETAILS["csrf_failed"])
    if isinstance(exc, exceptions.APIException):
        usual = exception_handler(exc, context)
        code = str(getattr(exc, "default_code", "error"))
        detail = DETAILS.get(code, force_str(exc.detail))
        kept = ("WWW-Authenticate", "Retry-After", "Allow")
        headers = {k: v for k, v in (usual.headers if usual else {}).items() if k in kept}
        return problem(exc.status_code, code.replace("_", "-"), detail, headers=headers)
    return None


def _texts(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _texts(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_texts(item) for item in value]
    return force_str(value)
