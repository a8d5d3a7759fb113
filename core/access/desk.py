"""Pages for those who keep the platform: people's accounts, their devices, a lost second factor."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from core.access import rules, selectors, services
from core.idempotency.web import submitted
from core.people.types import Role
from core.web.doors import for_roles
from core.web.strong import fresh
from core.web.types import Request

A_PAGE = 20
keepers_only = for_roles(Role.SYSADMIN)


class FactorForm(forms.Form):
    """How it was made sure who asks."""

    evidence = forms.ChoiceField(
        label=_("怎样核实了身份"), choices=list(rules.EVIDENCE.items()), widget=forms.RadioSelect
    )
    reference = forms.CharField(
        label=_("核实记录"),
        max_length=services.LONGEST_REFERENCE,
        help_text=_("存放在哪里，例如：值班登记簿 2026-11-22 第 3 条。不要写证件号码。"),
    )


@require_GET
@never_cache
@keepers_only
def accounts(request: Request) -> HttpResponse:
    """Everybody's account, to be looked up by address, name or organisation."""
    text = request.GET.get("q", "").replace("\0", "")
    rows = selectors.accounts(viewer=request.actor, text=text)
    page = Paginator(rows, A_PAGE).get_page(request.GET.get("page"))
    return render(request, "core/accounts.html", {"page_obj": page, "q": text})


def _page(request: Request, user_id: int, form: forms.Form) -> HttpResponse:
    row = selectors.accounts(viewer=request.actor).get(pk=user_id)
    devices = [
        {"device": rules.device(d.user_agent), "ip": d.ip, "seen": d.last_seen_at}
        for d in selectors.devices_of(row.pk)
    ]
    context = {
        "row": row,
        "devices": devices,
        "sign_ins": selectors.sign_ins(row.pk),
        "form": form,
        "mine": row.pk == request.actor.user_id,
    }
    status = 422 if form.is_bound and form.errors else 200
    return render(request, "core/account_kept.html", context, status=status)


@require_GET
@never_cache
@keepers_only
def account(request: Request, user_id: int) -> HttpResponse:
    """One person's: where they are signed in, and what can be done."""
    return _page(request, user_id, FactorForm())


@require_POST
@keepers_only
@fresh("core:accounts", always=True)
def end_sessions(request: Request, user_id: int) -> HttpResponse:
    """Sign one person out everywhere."""
    services.end_sessions_of(user_id=user_id, by=request.actor, now=timezone.now())
    messages.success(request, _("已让此人在所有设备上退出，并写信告知。"))
    if user_id == request.actor.user_id:
        return redirect("account_login")
    return redirect("core:account-kept", user_id=user_id)


@require_POST
@keepers_only
@fresh("core:accounts", always=True)
def end_everybody(request: Request) -> HttpResponse:
    """Sign everybody else out."""
    count = services.end_everybodys_sessions(by=request.actor, now=timezone.now())
    messages.success(request, _("已让其他 %(count)d 人退出登录。") % {"count": count})
    return redirect("core:accounts")


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@keepers_only
@fresh("core:accounts", always=True)
def remove_factor(request: Request, user_id: int) -> HttpResponse:
    """Take a lost factor away."""
    form = FactorForm(request.POST if request.method == "POST" else None)

    def run() -> str:
        services.remove_factor(
            user_id=user_id, **form.cleaned_data, by=request.actor, now=timezone.now()
        )
        messages.success(request, _("两步验证已移除，登录已结束，已写信告知本人。"))
        return reverse("core:account-kept", args=[user_id])

    if done := submitted(request, form, run):
        return done
    return _page(request, user_id, form)


urlpatterns = [
    path("people/accounts/", accounts, name="accounts"),
    path("people/accounts/end-all/", end_everybody, name="accounts-end"),
    path("people/accounts/<int:user_id>/", account, name="account-kept"),
    path("people/accounts/<int:user_id>/end/", end_sessions, name="account-end"),
    path("people/accounts/<int:user_id>/factor/", remove_factor, name="account-factor"),
]
