"""Pages: one's account at a glance, the second factor explained, where one is signed in."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from core import factors
from core.access import desk, devices, selectors
from core.people.types import Role
from core.web.doors import login_needed
from core.web.strong import fresh
from core.web.types import Request


@require_GET
@never_cache
@login_needed
def index(request: Request) -> HttpResponse:
    """What belongs to the account, with what is missing said first."""
    context = {
        "has_factor": factors.has_one(request.user),
        "must_factor": factors.must_have_one(request.user),
        "must_review": request.actor.has(Role.SYSADMIN, Role.AUDITOR),
        "keeps": request.actor.has(Role.SYSADMIN),
    }
    return render(request, "core/account.html", context)


@require_GET
@never_cache
@login_needed
def second_factor(request: Request) -> HttpResponse:
    """Why it is needed, how long there is, and the way to it."""
    now = timezone.now()
    target = request.GET.get("next", "/")
    safe = url_has_allowed_host_and_scheme(target, allowed_hosts={request.get_host()})
    context = {
        "has_factor": factors.has_one(request.user),
        "standing": factors.standing(request, request.user, now=now),
        "due": request.user.factor_due_at,
        "must": factors.must_have_one(request.user),
        "next": target if safe else "/",
    }
    return render(request, "core/second_factor.html", context)


@require_GET
@never_cache
@login_needed
def sessions(request: Request) -> HttpResponse:
    """Where this account is signed in."""
    context = {
        "sessions": devices.shown(request),
        "sign_ins": selectors.sign_ins(request.user.pk),
    }
    return render(request, "core/sessions.html", context)


@require_POST
@login_needed
@fresh("core:sessions", always=True)
def end_session(request: Request, session_id: int) -> HttpResponse:
    """Sign one device out."""
    devices.end_one(request, session_id, by=request.actor, now=timezone.now())
    messages.success(request, _("那台设备已退出登录。"))
    return redirect("core:sessions")


@require_POST
@login_needed
@fresh("core:sessions", always=True)
def end_all(request: Request) -> HttpResponse:
    """Sign out everywhere else, also where no list knows of it."""
    devices.end_others(request, by=request.actor, now=timezone.now())
    messages.success(request, _("其他设备都已退出登录。"))
    return redirect("core:sessions")


urlpatterns = [
    path("account/", index, name="account"),
    path("account/second-factor/", second_factor, name="second-factor"),
    path("account/sessions/", sessions, name="sessions"),
    path("account/sessions/end/", end_all, name="sessions-end"),
    path("account/sessions/<int:session_id>/end/", end_session, name="session-end"),
    *desk.urlpatterns,
]
