"""Every refusal of the API as an RFC 9457 problem with a stable type and a Chinese detail."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ObjectDoesNotExist, PermissionDenied
from django.http import Http404, JsonResponse
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

PROBLEM_JSON = "application/problem+json"
TYPE_PREFIX = "/help/problems/"

TITLES = {
    400: "请求有误",
    401: "未认证",
    403: "没有权限",
    404: "没有找到",
    405: "方法不支持",
    406: "无法提供所要的格式",
    409: "状态冲突",
    412: "前提条件不符",
    413: "内容过大",
    415: "格式不支持",
    422: "内容有误",
    428: "缺少前提条件",
    429: "请求过于频繁",
    500: "服务器内部错误",
    503: "暂时不能完成",
}
DETAILS = {
    "not_authenticated": "请先认证：在请求头中提供访问令牌，或登录后再访问。",
    "authentication_failed": "认证失败：令牌无效或已过期，请重新获取。",
    "permission_denied": "当前身份不能办理这项操作。",
    "csrf_failed": "以登录会话调用时，请在请求头 X-CSRFToken 中带上 Cookie 里的 csrftoken"
    "（经 HTTPS 访问时名为 __Host-csrftoken）。",
    "not_found": "没有这项内容，或者不对当前身份开放。",
    "method_not_allowed": "这个地址不支持该请求方法。",
    "parse_error": "请求体无法解析，请检查 JSON 的格式、编码与嵌套层数。",
    "unsupported_media_type": "不支持这种内容类型，请使用 application/json。",
    "throttled": "请求过于频繁，请稍后再试。",
    "too_large": "请求体过大，请分批提交，或改用文件导入。",
}


def problem(
    status: int,
    code: str,
    detail: str,
    *,
    errors: dict[str, Any] | None = None,
    blockers: list[dict[str, str]] | None = None,
    headers: dict[str, str] | None = None,
) -> Response:
    """One problem document (RFC 9457)."""
    body: dict[str, Any] = {
        "type": f"{TYPE_PREFIX}{code}",
        "title": TITLES.get(status, "出错了"),
        "status": status,
        "detail": detail,
    }
    if errors:
        body["errors"] = errors
    if blockers:
        body["blockers"] = blockers
    return Response(body, status=status, headers=headers, content_type=PROBLEM_JSON)


def rendered(answer: Response) -> JsonResponse:
    """A problem where no view of the framework renders it: from middleware and handlers."""
    return JsonResponse(
        answer.data,
        status=answer.status_code,
        content_type=PROBLEM_JSON,
        json_dumps_params={"ensure_ascii": False},
        headers={k: v for k, v in answer.headers.items() if k != "Content-Type"},
    )


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
