"""Promotion lists: made by an office for an occasion, read by whoever has the link."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.cache import add_never_cache_headers
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from core.errors import Missing
from core.idempotency.web import submit_once
from core.people.types import Actor
from core.web.export import csv_download
from core.web.forms import attempt, day_input
from core.web.types import Request
from listings.selectors.shelves import promotion_lists as asked
from listings.services.shelves import promotion_lists as services
from listings.web import presenting
from listings.web.doors import keepers
from listings.web.picking import chosen_cards, chosen_ids, picker
from listings.web.shelves.lines import LineupForm

A_PAGE = 20


class PromotionForm(LineupForm):
    """What a list says and holds."""

    title = forms.CharField(label=lazy("标题"), max_length=120)
    audience = forms.CharField(label=lazy("给谁看"), required=False, max_length=200)
    intro = forms.CharField(
        label=lazy("说明"),
        required=False,
        max_length=2_000,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    patents = forms.CharField(
        label=lazy("专利清单"),
        max_length=80_000,
        widget=forms.Textarea(attrs={"rows": 10}),
        help_text=lazy("每行一件，按显示的顺序；号码后面可加竖线写一句推荐语。"),
    )
    expires_on = forms.DateField(label=lazy("链接有效至"), widget=day_input())
    version = forms.IntegerField(widget=forms.HiddenInput, required=False)

    examples = {
        "title": "嘉善县装备制造对接会推荐专利",
        "audience": "参会的三十家装备企业",
        "patents": "ZL 2022 1 9900004.7 | 先用后付，轴承厂可以直接试",
    }

    def as_draft(self) -> services.Draft:
        data = self.cleaned_data
        return services.Draft(
            title=data["title"],
            audience=data["audience"],
            intro=data["intro"],
            patents=data["patents"],
            expires_on=data["expires_on"],
        )


@require_GET
@keepers
def lists(request: Request) -> HttpResponse:
    """One's own."""
    page = Paginator(asked.promotion_lists(viewer=request.actor), A_PAGE).get_page(
        request.GET.get("page")
    )
    context = {"page": page, "today": timezone.localdate()}
    return render(request, "listings/library_lists.html", context)


@require_http_methods(["GET", "POST"])
@keepers
def new_list(request: Request) -> HttpResponse:
    """Choose patents, then say what each is good for."""
    ids = chosen_ids(request)
    if not ids and request.method == "GET":
        return picker(
            request,
            title=_("推广哪些专利？"),
            lead=_("勾选后进入下一步，写推荐语和有效期。"),
            back=reverse("listings:lists"),
        )
    cards = chosen_cards(request, ids)
    initial = {
        "patents": "\n".join(card.printed for card in cards),
        "expires_on": timezone.localdate() + timedelta(days=30),
    }
    form = PromotionForm(request.POST or None, initial=initial, viewer=request.actor)
    if request.method == "POST" and form.is_valid():

        def command() -> str:
            pk = services.make_list(draft=form.as_draft(), by=request.actor, now=timezone.now())
            messages.success(request, _("清单已建好，把链接发给对方即可。"))
            return reverse("listings:list", kwargs={"pk": pk})

        done = attempt(form, lambda: submit_once(request, command))
        if done is not None:
            return done
    status = 422 if form.errors else 200
    return render(request, "listings/library_list_form.html", {"form": form}, status=status)


@require_http_methods(["GET", "POST"])
@keepers
def edit_list(request: Request, pk: int) -> HttpResponse:
    """Change it."""
    row = asked.promotion_list(pk, viewer=request.actor)
    initial = {
        "title": row.title,
        "audience": row.audience,
        "intro": row.intro,
        "patents": asked.written(row),
        "expires_on": row.expires_on,
        "version": row.version,
    }
    form = PromotionForm(request.POST or None, initial=initial, viewer=request.actor)
    if request.method == "POST" and form.is_valid():

        def command() -> str:
            services.edit_list(
                list_id=pk,
                draft=form.as_draft(),
                version=form.cleaned_data["version"],
                by=request.actor,
                now=timezone.now(),
            )
            messages.success(request, _("已保存。"))
            return reverse("listings:list", kwargs={"pk": pk})

        done = attempt(form, lambda: submit_once(request, command))
        if done is not None:
            return done
    status = 422 if form.errors else 200
    context = {"form": form, "row": row}
    return render(request, "listings/library_list_form.html", context, status=status)


def _entries(row: Any, viewer: Actor) -> list[dict[str, Any]]:
    return [
        {"card": card, "shown": presenting.shown(card), "note": note}
        for card, note in asked.contents(row, viewer=viewer)
    ]


@require_GET
@keepers
def one_list(request: Request, pk: int) -> HttpResponse:
    """One list as its office sees it: the link, how often it was opened, its patents."""
    row = asked.promotion_list(pk, viewer=request.actor)
    public = {card.id for card, _note in asked.contents(row, viewer=Actor.anonymous())}
    path_ = reverse("listings:shared-list", kwargs={"token": row.token})
    context = {
        "row": row,
        "entries": [
            entry | {"is_hidden": entry["card"].id not in public}
            for entry in _entries(row, request.actor)
        ],
        "link": request.build_absolute_uri(path_),
        "is_expired": row.expires_on < timezone.localdate(),
    }
    return render(request, "listings/library_list.html", context)


@require_POST
@keepers
def move_list(request: Request, pk: int, move: str) -> HttpResponse:
    """Renew the link, or throw the list away."""
    command = {"renew": services.renew_link, "remove": services.remove_list}.get(move)
    if command is None:
        raise Missing("没有这项操作。")

    def run() -> str:
        command(list_id=pk, by=request.actor, now=timezone.now())
        if move == "remove":
            messages.success(request, _("清单已删除，链接随之失效。"))
            return reverse("listings:lists")
        messages.success(request, _("已换新链接，旧链接从此打不开。"))
        return reverse("listings:list", kwargs={"pk": pk})

    return submit_once(request, run)


@require_GET
@keepers
def export_list(request: Request, pk: int) -> HttpResponse:
    """The list as a sheet."""
    row = asked.promotion_list(pk, viewer=request.actor)
    header = ("专利号", "名称", "权利人", "推荐语", "意向价格", "合作方式")
    cells = [
        (
            entry["card"].printed,
            entry["card"].title,
            "、".join(entry["card"].holder_names),
            entry["note"],
            str(entry["shown"].price),
            "、".join(str(mode) for mode in entry["shown"].modes),
        )
        for entry in _entries(row, request.actor)
    ]
    return csv_download(f"promotion-{pk}", header, cells)


@require_GET
def shared_list(request: Request, token: str) -> HttpResponse:
    """What whoever has the link reads. Only what is on the board is shown; the look is counted."""
    row = asked.shared_list(token, now=timezone.now())
    if row.organisation_id not in request.actor.acts_for:
        services.count_view(list_id=row.pk, now=timezone.now())
    context = {"row": row, "entries": _entries(row, Actor.anonymous())}
    response = render(request, "listings/shared_list.html", context)
    add_never_cache_headers(response)
    response["X-Robots-Tag"] = "noindex"
    return response


urlpatterns = [
    path("library/lists/", lists, name="lists"),
    path("library/lists/new/", new_list, name="list-new"),
    path("library/lists/<int:pk>/", one_list, name="list"),
    path("library/lists/<int:pk>/edit/", edit_list, name="list-edit"),
    path("library/lists/<int:pk>/export/", export_list, name="list-export"),
    path("library/lists/<int:pk>/<slug:move>/", move_list, name="list-move"),
    path("lists/<slug:token>/", shared_list, name="shared-list"),
]
