"""Pages: one's personal data, and the requests to be forgotten."""

from __future__ import annotations

from typing import Any

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

from core.errors import Conflict
from core.idempotency.web import submitted
from core.people import services as people
from core.people.types import Role
from core.permissions import Permission, require
from core.privacy import files, selectors, services
from core.privacy.models import ErasureRequest, ErasureStatus
from core.web.doors import for_roles, login_needed
from core.web.strong import fresh
from core.web.types import Request

RESULTS = {
    "deleted": _("已删除"),
    "cleared": _("已去除姓名和联系方式"),
    "kept": _("已保留"),
}


class NameForm(forms.Form):
    """One's own name, to be corrected."""

    display_name = forms.CharField(
        label=_("姓名"),
        max_length=people.LONGEST_NAME,
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )


class EraseForm(forms.Form):
    """Why, if they like; and that they know what it means."""

    reason = forms.CharField(
        label=_("说明"), max_length=500, required=False, widget=forms.Textarea(attrs={"rows": 3})
    )
    understood = forms.BooleanField(label=_("我知道账户将关闭，不能恢复"))


class DecideForm(forms.Form):
    """What an administrator decides."""

    decision = forms.ChoiceField(
        label=_("处理"),
        choices=[("erase", _("删除并注销")), ("refuse", _("不予通过"))],
        widget=forms.RadioSelect,
    )
    note = forms.CharField(
        label=_("理由"), max_length=500, required=False, widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("不予通过必须写明理由，会写信告诉申请人。"),
    )  # fmt: skip

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if data.get("decision") == "refuse" and not data.get("note", "").strip():
            self.add_error("note", _("请写明理由。"))
        return data


@require_GET
@never_cache
@login_needed
def index(request: Request) -> HttpResponse:
    """What is held, what one agreed to, a copy of it, and the way out: on one page."""
    return _page(request, NameForm(initial={"display_name": request.user.display_name}))


def _page(request: Request, form: NameForm, status: int = 200) -> HttpResponse:
    now = timezone.now()
    copy = selectors.newest_copy(viewer=request.actor)
    context = {
        "copy": copy,
        "copy_stands": bool(copy and copy.expires_at and copy.expires_at > now),
        "erasure": selectors.open_erasure(viewer=request.actor),
        "stuck": selectors.in_the_way(request.user.pk),
        "form": form,
        "wants_recommendations": request.user.wants_recommendations,
    }
    return render(request, "core/privacy.html", context, status=status)


@require_POST
@login_needed
def consent(request: Request) -> HttpResponse:
    """Switch recommendations on or off."""
    people.set_recommendations(
        wanted=request.POST.get("recommendations") == "on", by=request.actor, now=timezone.now()
    )
    messages.success(request, _("已保存，下一次请求即生效。"))
    return redirect("core:privacy")


@require_POST
@login_needed
def rename(request: Request) -> HttpResponse:
    """Correct one's own name."""
    form = NameForm(request.POST)

    def run() -> str:
        name = form.cleaned_data["display_name"]
        people.set_name(name=name, by=request.actor, now=timezone.now())
        messages.success(request, _("姓名已更正；以前办理的事项仍写当时的姓名。"))
        return reverse("core:privacy")

    return submitted(request, form, run) or _page(request, form, 422)


@require_POST
@login_needed
@fresh("core:privacy", always=True)
def ask_copy(request: Request) -> HttpResponse:
    """Ask for a copy."""
    try:
        services.ask_copy(by=request.actor, now=timezone.now())
        messages.success(request, _("正在准备，完成后会通知您，一般不超过几分钟。"))
    except Conflict as refusal:
        messages.error(request, refusal.message)
    return redirect("core:privacy")


@require_GET
@never_cache
@login_needed
@fresh("core:privacy", always=True)
def download(request: Request, copy_id: int) -> HttpResponse:
    """The copy, as a file."""
    return files.copy(copy_id, viewer=request.actor)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@login_needed
@fresh("core:privacy", always=True)
def ask_erasure(request: Request) -> HttpResponse:
    """Ask to be forgotten: what goes, what stays and why, then the button."""
    form = EraseForm(request.POST if request.method == "POST" else None)

    def run() -> str:
        reason = form.cleaned_data["reason"]
        services.ask_erasure(reason=reason, by=request.actor, now=timezone.now())
        messages.success(request, _("申请已提交，十五天内处理，结果写信告诉您。"))
        return reverse("core:privacy")

    if request.method == "POST" and (done := submitted(request, form, run)):
        return done
    status = 422 if form.is_bound and form.errors else 200
    return render(request, "core/privacy_erase.html", {"form": form}, status=status)


@require_POST
@login_needed
def withdraw_erasure(request: Request) -> HttpResponse:
    """Changed one's mind."""
    services.withdraw_erasure(by=request.actor, now=timezone.now())
    messages.success(request, _("申请已撤回，账户照常使用。"))
    return redirect("core:privacy")


@require_GET
@for_roles(Role.SYSADMIN, Role.AUDITOR)
def erasures(request: Request) -> HttpResponse:
    """Requests to be forgotten, those that wait first."""
    rows = selectors.erasures(viewer=request.actor)
    page = Paginator(rows, 20).get_page(request.GET.get("page"))
    return render(request, "core/erasures.html", {"page_obj": page})


@require_http_methods(["GET", "HEAD", "POST"])
@for_roles(Role.SYSADMIN)
@fresh("core:erasures")
def decide(request: Request, erasure_id: int) -> HttpResponse:
    """Look at one request, and decide."""
    require(request.actor, Permission.REVIEW_ERASURE)
    row = selectors.erasures(viewer=request.actor).get(pk=erasure_id)
    form = DecideForm(request.POST if request.method == "POST" else None)

    def run() -> str:
        command: Any = (
            services.approve_erasure
            if form.cleaned_data["decision"] == "erase"
            else services.refuse_erasure
        )
        note = form.cleaned_data["note"]
        command(erasure_id=row.pk, note=note, by=request.actor, now=timezone.now())
        messages.success(request, _("已处理。"))
        return reverse("core:erasure", args=[row.pk])

    if request.method == "POST" and (done := submitted(request, form, run)):
        return done
    status = 422 if form.is_bound and form.errors else 200
    result = [(title, counts) for key, title in RESULTS.items() if (counts := row.result.get(key))]
    context = {"row": row, "form": form, "waits": _waits(row), "result": result}
    return render(request, "core/erasure.html", context, status=status)


def _waits(row: ErasureRequest) -> bool:
    return row.status == ErasureStatus.ASKED


urlpatterns = [
    path("account/privacy/", index, name="privacy"),
    path("account/privacy/consent/", consent, name="privacy-consent"),
    path("account/privacy/name/", rename, name="privacy-name"),
    path("account/privacy/copy/", ask_copy, name="privacy-copy"),
    path("account/privacy/copy/<int:copy_id>/", download, name="privacy-download"),
    path("account/privacy/erase/", ask_erasure, name="privacy-erase"),
    path("account/privacy/erase/withdraw/", withdraw_erasure, name="privacy-keep"),
    path("account/erasures/", erasures, name="erasures"),
    path("account/erasures/<int:erasure_id>/", decide, name="erasure"),
]
