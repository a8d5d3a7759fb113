"""What several rooms' pages need at the door."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpResponse

from core.errors import NotAllowed
from core.people.types import Role
from core.web.types import Request

View = Callable[..., HttpResponse]


def login_needed(view: View) -> View:
    """Anonymous visitors are sent to log in and come back."""

    @wraps(view)
    def wrapped(request: Request, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.actor.is_anonymous:
            raise NotAllowed("请先登录，再查看这个页面。", code="login-required")
        return view(request, *args, **kwargs)

    return wrapped


def for_roles(*roles: Role) -> Callable[[View], View]:
    """A workbench page of these roles: others get 403, anonymous visitors the login page."""

    def decorate(view: View) -> View:
        @wraps(view)
        def wrapped(request: Request, *args: Any, **kwargs: Any) -> HttpResponse:
            if not request.actor.has(*roles):
                raise NotAllowed("这个页面不对您当前的身份开放。")
            return view(request, *args, **kwargs)

        return wrapped

    return decorate
