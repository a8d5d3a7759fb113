"""Pages of pushing: a person's settings, and the link that stops mails without a login."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from core.errors import Missing
from core.web.forms import attempt
from core.web.types import Request
from matching.selectors import receivers
from matching.services import receiving
from matching.types import PushWish
from matching.web.doors import for_demand_side, form_data, page_of, wants_recommendations
from matching.web.push_forms import PushWishForm


@require_http_methods(["GET", "POST"])
@never_cache
@for_demand_side
def settings(request: Request) -> HttpResponse:
    """How this person hears of new matches, and what was sent lately."""
    row = receivers.preference(viewer=request.actor)
    wish, version = (row.wish, row.version - 1) if row else (PushWish(), 0)
    form = PushWishForm(form_data(request), initial=PushWishForm.of(wish, version))
    if request.method == "POST" and form.is_valid():
        saved = attempt(
            form,
            lambda: receiving.set_push_wish(
                wish=form.value(),
                version=form.cleaned_data["version"],
                by=request.actor,
                now=timezone.now(),
            ),
        )
        if saved is not None:
            messages.success(request, _("推送设置已保存，立即生效。"))
            return redirect("matching:push-settings")
    context = {
        "form": form,
        "page": page_of(request, receivers.digests(viewer=request.actor), size=10),
        "waiting": receivers.waiting_count(viewer=request.actor),
        "wanted": wants_recommendations(request),
        "address": request.user.email if request.user.is_authenticated else "",
    }
    status = 422 if form.is_bound else 200
    return render(request, "matching/push_settings.html", context, status=status)


@require_http_methods(["GET", "POST"])
@never_cache
@csrf_exempt  # RFC 8058: mail programs post without a cookie; the signed link is the proof
def stop(request: Request, token: str) -> HttpResponse:
    """Stop a person's match mails. Looking at the link does nothing: scanners follow links."""
    if receivers.read_token(token) is None:
        raise Missing(
            _("这个停止链接不完整或已损坏。请从邮件里重新点开，或登录后在推送设置里关闭。")
        )
    firm = ""
    if request.method == "POST":
        firm = receiving.stop_mails(token=token, now=timezone.now())
        if request.POST.get("List-Unsubscribe") == "One-Click":
            return HttpResponse(_("已停止。"), content_type="text/plain; charset=utf-8")
    return render(request, "matching/push_stop.html", {"firm": firm, "is_stopped": bool(firm)})


urlpatterns = [
    path("pushes/settings/", settings, name="push-settings"),
    path("pushes/stop/<str:token>/", stop, name="push-stop"),
]
