"""Pages of saved searches: keep a question, see what is new, be told or not."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from core.idempotency.web import submit_once, submitted
from core.permissions import Permission, allowed, require
from core.web.doors import login_needed
from core.web.types import Request
from listings import filters, selectors
from listings.rules.alerts import MOST_SEARCHES, Frequency
from listings.selectors.searching import searches
from listings.services.searching import searches as services
from listings.web import presenting
from listings.web.searching.describing import asked, described, parts, suggested_name

HITS_A_PAGE = 20
BOARD = "listings:board"
FREQUENCIES = [
    (Frequency.AT_ONCE.value, lazy("有新专利就提醒（几分钟内，合并成一条）")),
    (Frequency.DAILY.value, lazy("每天早上 8 点汇总")),
    (Frequency.WEEKLY.value, lazy("每周一早上 8 点汇总")),
    (Frequency.OFF.value, lazy("不提醒，只在列表里计数")),
]


class SearchForm(forms.Form):
    """What it is called, and how often one wants to hear of it."""

    name = forms.CharField(label=lazy("名称"), max_length=60)
    frequency = forms.ChoiceField(
        label=lazy("提醒"), choices=FREQUENCIES, widget=forms.RadioSelect, initial="at_once"
    )


class SaveForm(SearchForm):
    """The same for a new one, which may take the place of an old one."""

    replaces = forms.ChoiceField(
        label=lazy("存为"),
        required=False,
        help_text=lazy("替换已有检索时，从现在起按新条件提醒，原来的命中记录会清空。"),
    )

    def __init__(self, *args: Any, own: list[tuple[int, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if own:
            choices = [(str(pk), _("替换“%(name)s”") % {"name": name}) for pk, name in own]
            self.fields["replaces"].choices = [("", _("新的检索")), *choices]  # type: ignore[attr-defined]
        else:
            del self.fields["replaces"]


@require_GET
@login_needed
def index(request: Request) -> HttpResponse:
    """All searches of this person, each with what is new."""
    rows = list(searches.own(viewer=request.actor))
    shown = [{"row": row, "parts": parts(searches.query_of(row))[:4]} for row in rows]
    context = {
        "rows": shown,
        "most": MOST_SEARCHES,
        "may_save": allowed(request.actor, Permission.SAVE_SEARCH),
    }
    return render(request, "listings/searches.html", context)


@require_http_methods(["GET", "POST"])
def new(request: Request) -> HttpResponse:
    """Keep the question that the address holds."""
    require(request.actor, Permission.SAVE_SEARCH)
    query = asked(request.GET)
    own = searches.names(viewer=request.actor)
    initial = {"name": suggested_name(query), "frequency": Frequency.AT_ONCE.value}
    form = SaveForm(request.POST if request.method == "POST" else None, own=own, initial=initial)
    if request.method == "POST":

        def run() -> str:
            given = form.cleaned_data
            common = {
                "name": given["name"],
                "query": query,
                "frequency": Frequency(given["frequency"]),
                "by": request.actor,
                "now": timezone.now(),
            }
            if given.get("replaces"):
                pk = int(given["replaces"])
                services.edit_search(search_id=pk, **common)
            else:
                pk = services.save_search(**common)
            messages.success(request, _("检索已保存。"))
            return reverse("listings:search", kwargs={"pk": pk})

        if answer := submitted(request, form, run):
            return answer
    context = {
        "form": form,
        "parts": parts(query),
        "board_url": filters.url_of(query, reverse(BOARD)),
    }
    status = 422 if form.is_bound else 200
    return render(request, "listings/search_form.html", context, status=status)


@require_GET
@login_needed
def detail(request: Request, pk: int) -> HttpResponse:
    """What has come to answer a search; to open it is to have seen it."""
    row = searches.one(pk, viewer=request.actor)
    query = searches.query_of(row)
    page = Paginator(searches.hits(row), HITS_A_PAGE).get_page(request.GET.get("page"))
    hits = list(page)
    cards = searches.hit_cards(hits, viewer=request.actor)
    fresh = {hit.patent_id for hit in hits if hit.seen_at is None}
    context = {
        "row": row,
        "parts": parts(query),
        "page": page,
        "fresh": fresh,
        "results": [presenting.shown(card, row.text) for card in cards],
        "kept": selectors.favourite_ids([card.id for card in cards], viewer=request.actor),
        "may_favourite": allowed(request.actor, Permission.FAVOURITE),
        "board_url": filters.url_of(query, reverse(BOARD)),
    }
    response = render(request, "listings/search.html", context)
    if page.number == 1 and row.unseen:  # type: ignore[attr-defined]
        services.see_hits(search_id=pk, by=request.actor, now=timezone.now())
    return response


@require_http_methods(["GET", "POST"])
@login_needed
def edit(request: Request, pk: int) -> HttpResponse:
    """Another name, another pace."""
    row = searches.one(pk, viewer=request.actor)
    initial = {"name": row.name, "frequency": row.frequency}
    form = SearchForm(request.POST if request.method == "POST" else None, initial=initial)
    if request.method == "POST":

        def run() -> str:
            services.edit_search(
                search_id=pk,
                name=form.cleaned_data["name"],
                frequency=Frequency(form.cleaned_data["frequency"]),
                by=request.actor,
                now=timezone.now(),
            )
            messages.success(request, _("修改已保存。"))
            return reverse("listings:search", kwargs={"pk": pk})

        if answer := submitted(request, form, run):
            return answer
    query = searches.query_of(row)
    context = {
        "form": form,
        "row": row,
        "parts": parts(query),
        "board_url": filters.url_of(query, reverse(BOARD)),
    }
    status = 422 if form.is_bound else 200
    return render(request, "listings/search_form.html", context, status=status)


@require_POST
@login_needed
def stop(request: Request, pk: int) -> HttpResponse:
    """One click, and no more notices of this search."""
    services.edit_search(
        search_id=pk, frequency=Frequency.OFF, by=request.actor, now=timezone.now()
    )
    messages.success(request, _("已停止提醒。检索还在，随时可以恢复。"))
    return redirect("listings:search", pk=pk)


@require_http_methods(["GET", "POST"])
@login_needed
def delete(request: Request, pk: int) -> HttpResponse:
    """Remove it, after asking."""
    row = searches.one(pk, viewer=request.actor)
    if request.method == "POST":

        def run() -> str:
            services.remove_search(search_id=pk, by=request.actor, now=timezone.now())
            messages.success(request, _("检索已删除，不会再提醒。"))
            return reverse("listings:searches")

        return submit_once(request, run)
    context = {"row": row, "text": described(searches.query_of(row))}
    return render(request, "listings/search_delete.html", context)


urlpatterns = [
    path("searches/", index, name="searches"),
    path("searches/new/", new, name="search-new"),
    path("searches/<int:pk>/", detail, name="search"),
    path("searches/<int:pk>/edit/", edit, name="search-edit"),
    path("searches/<int:pk>/stop/", stop, name="search-stop"),
    path("searches/<int:pk>/delete/", delete, name="search-delete"),
]
