"""Pages of inventors: the names on a patent, and who does not want to be shown."""

from __future__ import annotations

from typing import ClassVar

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_http_methods, require_POST

from core.idempotency.web import submitted
from core.people.types import Role
from core.web.doors import for_roles
from core.web.types import Request
from listings.selectors.ownership import inventing as asked
from listings.services.ownership import inventing as services
from listings.web.doors import keepers, own_patent


class InventorsForm(forms.Form):
    """The names on a patent."""

    examples: ClassVar = {"names": lazy("林知远、周可、Anna Müller")}
    names = forms.CharField(
        label=lazy("发明人姓名"),
        required=False,
        max_length=2_000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=lazy("按证书上的次序，用顿号隔开；只写姓名，不写电话和邮箱。"),
    )


class SilenceForm(forms.Form):
    """Who does not want to be shown."""

    name = forms.CharField(label=lazy("发明人姓名"), max_length=200)


@require_http_methods(["GET", "POST"])
@keepers
def inventors(request: Request, pk: int) -> HttpResponse:
    """Who invented it."""
    card = own_patent(request, pk)
    names = asked.names_on(pk)
    form = InventorsForm(
        request.POST if request.method == "POST" else None, initial={"names": "、".join(names)}
    )

    def run() -> str:
        services.name_inventors(
            patent_id=pk, names=form.cleaned_data["names"], by=request.actor, now=timezone.now()
        )
        messages.success(request, _("发明人已保存。"))
        return reverse("listings:patent-inventors", kwargs={"pk": pk})

    answer = submitted(request, form, run) if request.method == "POST" else None
    hidden = {row.name for row in asked.silences(viewer=request.actor)} & set(names)
    context = {"card": card, "form": form, "hidden": sorted(hidden)}
    status = 422 if form.is_bound else 200
    return answer or render(request, "listings/inventors.html", context, status=status)


@require_http_methods(["GET", "POST"])
@for_roles(Role.OFFICE, Role.INVENTOR)
def silences(request: Request) -> HttpResponse:
    """Who of the house asked not to be shown: the office for all, an inventor for themself."""
    is_office = request.actor.has(Role.OFFICE)
    mine = asked.own_name(viewer=request.actor)
    data = None
    if request.method == "POST":
        data = request.POST if is_office else {"name": mine}
    form = SilenceForm(data)

    def run() -> str:
        services.hide_inventor(name=form.cleaned_data["name"], by=request.actor, now=timezone.now())
        messages.success(request, _("好的，不再在团队里展示，立即生效。"))
        return reverse("listings:inventor-silences")

    answer = submitted(request, form, run) if request.method == "POST" else None
    context = {
        "form": form,
        "is_office": is_office,
        "mine": mine,
        "rows": asked.silences(viewer=request.actor),
    }
    status = 422 if form.is_bound else 200
    return answer or render(request, "listings/inventor_silences.html", context, status=status)


@require_POST
@for_roles(Role.OFFICE, Role.INVENTOR)
def show(request: Request) -> HttpResponse:
    """They do not mind any more."""
    name = request.POST.get("name", "").replace("\x00", "")[:60]
    services.show_inventor(name=name, by=request.actor, now=timezone.now())
    messages.success(request, _("已恢复展示。"))
    return redirect("listings:inventor-silences")


urlpatterns = [
    path("library/inventors/", silences, name="inventor-silences"),
    path("library/inventors/show/", show, name="inventor-show"),
    path("library/<int:pk>/inventors/", inventors, name="patent-inventors"),
]
