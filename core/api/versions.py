"""ETag and If-Match: nobody overwrites what they have not read."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from core.api.types import Request
from core.errors import Conflict, DomainError

T = TypeVar("T")


class PreconditionRequired(DomainError):
    """A change without If-Match (RFC 6585)."""

    status = 428
    default_code = "if-match-missing"


class PreconditionFailed(DomainError):
    """Somebody else has changed it since it was read (RFC 9110)."""

    status = 412
    default_code = "edited-meanwhile"


def etag(kind: str, pk: int, version: int) -> str:
    return f'"{kind}-{pk}-{version}"'


def check(request: Request, current: str, *, needed: bool = True) -> None:
    """Refuse unless the request names the state it has read."""
    given = request.headers.get("If-Match", "").strip()
    if not given:
        if needed:
            raise PreconditionRequired(
                "缺少请求头 If-Match：请先 GET 这条记录，把响应的 ETag 放入 If-Match 再提交。"
            )
        return
    if given != "*" and current not in [part.strip() for part in given.split(",")]:
        raise PreconditionFailed(
            "这条记录在您读取之后被别人修改过，您的修改没有保存。请重新 GET，核对后再提交。"
        )


def guarded(command: Callable[[], T]) -> T:
    """The command; a race lost under its lock is a failed precondition too."""
    try:
        return command()
    except Conflict as conflict:
        if conflict.code == "edited-meanwhile":
            raise PreconditionFailed(conflict.message) from conflict
        raise
