"""Doors that ask once more who is there."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from core import factors
from core.web.types import Request

View = Callable[..., HttpResponse]


def _led(request: Request, page: str, back: str) -> HttpResponse:
    messages.info(request, _("这一步要先确认是您本人，确认后请再点一次。"))
    return HttpResponseRedirect(f"{reverse(page)}?{urlencode({'next': back})}")


def fresh(back: str, *, always: bool = False, factor: bool = False) -> Callable[[View], View]:
    """Who comes here has just said who they are; with `factor`, twice. Others are led to do so
    and then to `back` (a URL name). Where no second factor is required, only with `always`.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def wrapped(request: Request, *args: Any, **kwargs: Any) -> HttpResponse:
            if not request.actor.is_anonymous and (always or factors.required()):
                if factor and factors.required() and not factors.has_one(request.user):
                    return _led(request, "core:second-factor", reverse(back))
                if not factors.freshly_proven(request, request.user, now=timezone.now()):
                    return _led(request, "account_reauthenticate", reverse(back))
            return view(request, *args, **kwargs)

        return wrapped

    return decorate
