"""Programs that speak plain HTTP to a platform that is reached by HTTPS."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase

from core.problems import problem, rendered

PROGRAMS: Final = ("/api/", "/identity/o/api/")
TOLD: Final = (
    "接口只接受 HTTPS。这次请求是明文发出的，没有办理；请改用 https:// 地址，"
    "并更换已经随明文发出的令牌或密钥。"
)


class PlainHttpMiddleware:
    """Refuses them: a redirect would hide that a token went over the wire in the open."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if (
            settings.SECURE_SSL_REDIRECT
            and request.path.startswith(PROGRAMS)
            and not request.is_secure()
        ):
            return rendered(problem(403, "https-only", TOLD))
        return self.get_response(request)
