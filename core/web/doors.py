"""What several rooms' pages need at the door."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any

from django.http import HttpResponse
from django.utils.http import urlencode
from django.utils.translation import gettext as _

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


def tabs_of(
    request: Request, labels: Iterable[tuple[str, str]], *, by: str = "status"
) -> tuple[str, list[dict[str, object]]]:
    """Which part of a list the address asks for ("": all of it), and the tabs to choose with.

    `labels` are the values of the parameter `by` with their words; an unknown value is all.
    """
    named = {"": _("全部"), **{str(code): label for code, label in labels}}
    asked = request.GET.get(by, "")
    chosen = asked if asked in named else ""
    return chosen, [
        {
            "label": label,
            "url": f"?{urlencode({by: code})}" if code else "?",
            "current": code == chosen,
        }
        for code, label in named.items()
    ]
