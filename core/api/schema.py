"""What the API's description says everywhere alike: headers, keys and refusals."""

from __future__ import annotations

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, inline_serializer
from rest_framework import serializers

KEY = OpenApiParameter(
    "Idempotency-Key",
    str,
    OpenApiParameter.HEADER,
    required=True,
    description="每次新建生成一个唯一值；重试沿用同一个值，得到同一答复",
)
IF_MATCH = OpenApiParameter(
    "If-Match", str, OpenApiParameter.HEADER, required=True, description="读取时响应的 ETag"
)
ID = OpenApiParameter("id", OpenApiTypes.INT, OpenApiParameter.PATH)
REFUSED = (400, 401, 403, 404, 409, 422)
"""How a command may be refused."""

Problem = inline_serializer(
    "Problem",
    {
        "type": serializers.CharField(help_text="稳定的错误类型"),
        "title": serializers.CharField(),
        "status": serializers.IntegerField(),
        "detail": serializers.CharField(help_text="中文说明：发生了什么、怎么办"),
        "errors": serializers.DictField(required=False, help_text="按字段列出的问题"),
        "blockers": serializers.ListField(
            child=serializers.DictField(child=serializers.CharField()), required=False
        ),
    },
)

_MEANINGS = {
    400: "请求有误",
    401: "未认证",
    403: "没有权限",
    404: "没有找到，或不对当前身份开放",
    409: "状态冲突",
    412: "内容已被他人修改（If-Match 不符）",
    413: "内容过大",
    415: "格式不支持",
    422: "内容有误，或幂等键重复使用",
    428: "缺少 If-Match",
    429: "请求过于频繁",
    503: "没能在限定时间内完成",
}


def problems(*statuses: int) -> dict[tuple[int, str], OpenApiResponse]:
    """Entries for `extend_schema(responses={200: …, **problems(400, 404)})`."""
    return {
        (status, "application/problem+json"): OpenApiResponse(Problem, _MEANINGS[status])
        for status in statuses
    }


_RATE_HEADERS = {
    "RateLimit": "本窗口还可请求的次数（r）与秒数（t）",
    "RateLimit-Policy": "每个窗口（w，秒）允许的次数（q）",
}


def answers_of_all(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """A hook of drf-spectacular: what every operation may answer, whoever wrote it."""
    common = {str(s): _MEANINGS[s] for s in (400, 401, 403, 404, 429, 503)}
    said = {"$ref": "#/components/schemas/Problem"}
    for operations in result["paths"].values():
        for operation in operations.values():
            for status, meaning in common.items():
                told = operation["responses"].setdefault(
                    status,
                    {
                        "description": meaning,
                        "content": {"application/problem+json": {"schema": said}},
                    },
                )
                if status == "429":
                    told["headers"] = {
                        name: {"schema": {"type": "string"}, "description": words}
                        for name, words in _RATE_HEADERS.items()
                    }
    return result
