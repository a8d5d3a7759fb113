"""Problem documents (RFC 9457): the one place that writes them, in views and before them."""

from __future__ import annotations

from typing import Any

from django.http import JsonResponse
from rest_framework.response import Response

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
