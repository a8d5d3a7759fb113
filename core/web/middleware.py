"""Who asks, and what a refusal looks like on a page."""

from __future__ import annotations

import logging
from collections.abc import Callable

from django.core.exceptions import BadRequest, ObjectDoesNotExist
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import SimpleLazyObject
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from core import walls
from core.db import (
    RIVAL,
    TOO_SLOW,
    UNREADABLE,
    holds_nul,
    lost_to_a_rival,
    took_too_long,
)
from core.errors import DomainError, NotAllowed
from core.people.selectors import actor_for
from core.people.types import Actor
from core.web.types import Request

log = logging.getLogger(__name__)

MEMBERSHIP_KEY = "acting_as"
API_PREFIX = "/api/"
SUMMARY = b'id="error-summary"'  # templates/_components/form_errors.html

TITLES = {
    400: "请求有误",
    403: "没有权限",
    404: "没有找到",
    409: "现在办不了",
    422: "内容有误",
    503: "查询太久",
}


def resolve_actor(request: HttpRequest) -> Actor:
    """The actor behind a session: for the identity chosen on the switch page."""
    if not request.user.is_authenticated:
        return Actor.anonymous()
    actor = actor_for(
        request.user,
        membership_id=request.session.get(MEMBERSHIP_KEY),
        on=timezone.localdate(),
    )
    walls.stand_for(actor)
    return actor


class CharsetMiddleware:
    """Refuses a body in what Python calls a codec and is no text, such as `charset=hex`.

    Django looks the name up, takes it, and fails at the first field it reads, wherever that is.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        try:
            "".encode(request.encoding or "utf-8")
        except (LookupError, UnicodeError):
            raise BadRequest("No text encoding.") from None
        return self.get_response(request)


class ActorMiddleware:
    """Puts `request.actor` on every request; worked out when first asked for."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.actor = SimpleLazyObject(lambda: resolve_actor(request))  # type: ignore[attr-defined]
        return self.get_response(request)


class DomainErrorMiddleware:
    """Turns a refusal that no view caught into a page that says what to do."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: Request, exception: Exception) -> HttpResponse | None:
        """The designed page for a refusal, a missing row or an unreadable text; else None."""
        if request.path.startswith(API_PREFIX):
            return None
        if isinstance(exception, NotAllowed) and request.actor.is_anonymous:
            query = urlencode({"next": request.get_full_path()}) if request.method == "GET" else ""
            return HttpResponseRedirect(f"{reverse('account_login')}?{query}")
        if isinstance(exception, DomainError):
            return error_page(request, exception)
        if isinstance(exception, ObjectDoesNotExist):
            return error_page(request, DomainError("", code="not-found"), status=404)
        if holds_nul(exception):
            return error_page(request, DomainError(UNREADABLE, code="unreadable"), status=400)
        if lost_to_a_rival(exception):
            return error_page(request, DomainError(RIVAL, code="rival"))
        if took_too_long(exception):
            return error_page(request, DomainError(TOO_SLOW, code="too-slow"), status=503)
        return None


def error_page(
    request: HttpRequest, error: DomainError, *, status: int | None = None
) -> HttpResponse:
    """The refusal as a whole page, or as a fragment for an HTMX request."""
    code = status or error.status
    context = {
        "status": code,
        "title": TITLES.get(code, "出错了"),
        "message": error.message
        or "您要看的内容不存在，或者不对当前身份开放。请检查地址，或从首页重新查找。",
        "blockers": error.blockers,
        "fields": getattr(error, "fields", {}),
    }
    return render(request, "core/error.html", context, status=code)


class ReturnedFormMiddleware:
    """The title of a page whose form came back says so first: it is what is read out first.

    In one place for every page, whatever the form is called there (WCAG 2.4.2, 3.3.1).
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if not response.streaming and SUMMARY in response.content:
            said = f"<title>{_('有误：')}".encode()
            response.content = response.content.replace(b"<title>", said, 1)
        return response
