"""Leads people to what they owe their account before anything else: a second factor, a password."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from core import factors
from core.factors import Standing
from core.problems import problem, rendered

log = logging.getLogger(__name__)
PROVIDER = "/accounts/oidc/"
OPEN = ("/accounts/", "/account/", "/help/", "/static/", "/i18n/", "/healthz", "/readyz")


class DutiesMiddleware:
    """Whoever must set up a second factor, or change an old password, is led there."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, *_view: Any) -> HttpResponse | None:
        """A way to go first, or None: nothing is owed, or nobody is there."""
        if not (factors.required() or factors.password_rule()) or request.path.startswith(OPEN):
            return None
        user: Any = request.user
        if not user.is_authenticated:
            return None
        now = timezone.now()
        if factors.standing(request, user, now=now) == Standing.BLOCKED:
            return _to(
                request,
                "core:second-factor",
                "second-factor-needed",
                _("请先设置两步验证，再继续办理。"),
            )
        if factors.password_is_old(user, now=now):
            return _to(
                request,
                "account_change_password",
                "password-old",
                _("密码已经用满期限，请先修改。"),
            )
        return None

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """A page that says so when the identity provider does not answer."""
        if isinstance(exception, OSError) and request.path.startswith(PROVIDER):
            log.warning("The identity provider does not answer: %s", exception)
            return render(request, "socialaccount/authentication_error.html", status=502)
        return None


def _to(request: HttpRequest, page: str, code: str, told: str) -> HttpResponse:
    if request.path.startswith("/api/"):
        return rendered(problem(403, code, told))
    return HttpResponseRedirect(reverse(page))
