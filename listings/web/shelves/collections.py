"""Thematic databases: read by everybody, followed by feed, curated by offices and bureaus."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import messages
from django.contrib.syndication.views import Feed
from django.core.paginator import Paginator
from django.http import HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.feedgenerator import Atom1Feed
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from core.errors import Missing
from core.idempotency.web import submit_once
from core.people.types import Actor, Role
from core.permissions import Permission, allowed
from core.web.doors import for_roles
from core.web.forms import attempt
from core.web.types import Request
from listings import filters
from listings.rules import records
from listings.rules import shelves as rules
from listings.rules.shelves import CollectionKind, CollectionStatus
from listings.selectors.searching import search
from listings.selectors.shelves import collections as asked
from listings.services.shelves import collections as services
from listings.types import PatentCard
from listings.web import presenting
from listings.web.shelves.lines import LineupForm

A_PAGE = 20
FEED_ENTRIES = 30
LIGHT = ("mode", "region", "section")
curators = for_roles(Role.OFFICE, Role.BROKER, Role.BUREAU, Role.SYSADMIN)


@require_GET
def collections(request: Request) -> HttpResponse:
    """All of them."""
    page = Paginator(asked.collections(viewer=request.actor), A_PAGE).get_page(
        request.GET.get("page")
    )
    context = {
        "page": page,
        "rows": [{"row": row, "is_live": row.kind == CollectionKind.LIVE} for row in page],
        "may_curate": allowed(request.actor, Permission.CURATE),
    }
    return render(request, "listings/collections.html", context)


def query_of(row: Any, page: int = 1) -> search.BoardQuery:
    """What a live collection asks of the board."""
    found = filters.from_url(QueryDict(row.query)).query()
    return search.BoardQuery(found.text, found.chosen, found.sort, page)


@require_GET
def collection(request: Request, slug: str) -> HttpResponse:
    """One of them: intro, patents, a few facets, its feed."""
    row = asked.collection(slug, viewer=request.actor)
    context: dict[str, Any] = {
        "row": row,
        "is_live": row.kind == CollectionKind.LIVE,
        "is_draft": row.status == CollectionStatus.DRAFT,
        "may_edit": allowed(request.actor, Permission.CURATE, on=row),
    }
    read = _live if row.kind == CollectionKind.LIVE else _curated
    return render(request, "listings/collection.html", context | read(request, row))


def _live(request: Request, row: Any) -> dict[str, Any]:
    query = query_of(row, filters.page_number(request.GET))
    found = search.board(viewer=Actor.anonymous(), query=query, now=timezone.now())
    base, path_ = query_of(row), reverse("listings:board")
    light = [facet for facet in found.facets if facet.name in LIGHT]
    return {
        "total": found.total,
        "entries": [{"shown": presenting.shown(card), "note": ""} for card in found.cards],
        "facets": filters.shown(light, base, path_),
        "board_url": filters.url_of(base, path_),
        "previous_url": f"?page={found.page - 1}" if found.page > 1 else "",
        "next_url": f"?page={found.page + 1}" if found.page < found.pages else "",
    }


def _curated(request: Request, row: Any) -> dict[str, Any]:
    picked = asked.picked(row, viewer=request.actor)
    page = Paginator(picked, A_PAGE).get_page(request.GET.get("page"))
    return {
        "total": len(picked),
        "unseen": asked.off_board(row) if allowed(request.actor, Permission.CURATE, on=row) else 0,
        "entries": [{"shown": presenting.shown(card), "note": note} for card, note in page],
        "facets": [],
        "page": page,
    }


def newest_of(row: Any) -> list[tuple[PatentCard, str]]:
    """What its feed shows: the newest on the board first."""
    if row.kind == CollectionKind.CURATED:
        found = asked.picked(row, viewer=Actor.anonymous())
    else:
        query = search.BoardQuery(query_of(row).text, query_of(row).chosen, "newest")
        cards = search.board(
            viewer=Actor.anonymous(), query=query, now=timezone.now(), facets=False
        ).cards
        found = [(card, "") for card in cards]
    found.sort(key=lambda pair: pair[0].listed_at or row.published_at, reverse=True)
    return found[:FEED_ENTRIES]


class CollectionFeed(Feed[Any, Any]):
    """The Atom feed of a collection; a control character, which XML cannot hold, is left out."""

    feed_type = Atom1Feed

    def get_object(self, request: Any, slug: str) -> Any:
        """Published ones only: a feed reader is nobody's account."""
        return asked.collection(slug, viewer=Actor.anonymous())

    def title(self, obj: Any) -> str:
        return records.prose(obj.title)

    def subtitle(self, obj: Any) -> str:
        return records.prose(obj.intro[:300])

    def link(self, obj: Any) -> str:
        return reverse("listings:collection", kwargs={"slug": obj.slug})

    def author_name(self, obj: Any) -> str:
        return records.prose(obj.organisation.name)

    def items(self, obj: Any) -> Iterable[Any]:
        return newest_of(obj)

    def item_title(self, item: Any) -> str:
        return records.prose(item[0].title)

    def item_description(self, item: Any) -> str:
        card, note = item
        return records.prose(note or card.problem or card.abstract[:200])

    def item_link(self, item: Any) -> str:
        return reverse("listings:patent", kwargs={"pk": item[0].id})

    def item_pubdate(self, item: Any) -> datetime | None:
        found: datetime | None = item[0].listed_at
        return found

    def item_updateddate(self, item: Any) -> datetime | None:
        return self.item_pubdate(item)


# Curating


class CollectionForm(LineupForm):
    """What a collection says and holds."""

    title = forms.CharField(label=lazy("标题"), max_length=120)
    slug = forms.CharField(
        label=lazy("短地址"),
        max_length=40,
        help_text=lazy("公开网址的最后一段，小写字母、数字和连字符。"),
    )
    intro = forms.CharField(
        label=lazy("导语"),
        required=False,
        max_length=3_000,
        widget=forms.Textarea(attrs={"rows": 4}),
    )
    kind = forms.ChoiceField(label=lazy("怎样收录"), choices=asked.KINDS, widget=forms.RadioSelect)
    patents = forms.CharField(
        label=lazy("专利清单"),
        required=False,
        max_length=80_000,
        widget=forms.Textarea(attrs={"rows": 10}),
        help_text=lazy("人工编选时填写：每行一件，按显示的顺序；号码后面可加竖线写一句点评。"),
    )
    query = forms.CharField(
        label=lazy("检索条件"),
        required=False,
        max_length=1_500,
        help_text=lazy(
            "自动更新时填写：在“找专利”里搜好，把网址整条复制过来；只按检索词收录的，直接写词也行。"
        ),
    )
    version = forms.IntegerField(widget=forms.HiddenInput, required=False)

    examples = {
        "slug": "water-treatment",
        "patents": "ZL 2019 1 9900003.0 | 光伏废水首选，已在两家工厂运行一年",
        "query": "/patents/?q=电池&section=H",
    }
    optional_words = {"patents": lazy("人工编选时填"), "query": lazy("自动更新时填")}

    def clean_slug(self) -> str:
        """Of the right shape; whether it is free the command finds out, once a submission."""
        slug = str(self.cleaned_data["slug"])
        if (problem := rules.slug_problem(slug)) is not None:
            raise forms.ValidationError(problem)
        return slug

    def clean_patents(self) -> str:
        """Read only where the list fills the collection."""
        if self.cleaned_data.get("kind") == CollectionKind.LIVE:
            return str(self.cleaned_data["patents"])
        return super().clean_patents()

    def clean_query(self) -> str:
        """The part of the address that the board understands, in one spelling."""
        raw, kind = str(self.cleaned_data["query"]).strip(), self.cleaned_data.get("kind", "")
        if not raw:
            if (missing := rules.query_problem(kind, raw)) is not None:
                raise forms.ValidationError(missing)
            return ""
        words_alone = "=" not in raw and "/" not in raw
        address = urlencode({"q": raw}) if words_alone else raw.partition("?")[2] or raw.lstrip("?")
        asked_for = filters.from_url(QueryDict(address))
        query = asked_for.query()
        problems = [message for found in asked_for.form.errors.values() for message in found]
        if problems or not (query.text or query.chosen):
            raise forms.ValidationError(
                problems or [_("这里没有读到检索词或筛选条件，请复制“找专利”页面的完整网址。")]
            )
        found_at = filters.url_of(search.BoardQuery(query.text, query.chosen, query.sort))
        return str(found_at).lstrip("?")

    def as_draft(self) -> services.Draft:
        data = self.cleaned_data
        return services.Draft(
            title=data["title"],
            slug=data["slug"],
            kind=data["kind"],
            intro=data["intro"],
            query=data["query"],
            patents=data["patents"],
        )


@require_GET
@curators
def library_collections(request: Request) -> HttpResponse:
    """One's own, drafts too."""
    page = Paginator(asked.curated_by(viewer=request.actor), A_PAGE).get_page(
        request.GET.get("page")
    )
    rows = [{"row": row, "is_live": row.kind == CollectionKind.LIVE} for row in page]
    return render(request, "listings/library_collections.html", {"page": page, "rows": rows})


@require_http_methods(["GET", "POST"])
@curators
def new_collection(request: Request) -> HttpResponse:
    """Write one; `query` comes from the board's address."""
    initial = {"kind": CollectionKind.CURATED.value}
    if request.GET.get("query"):
        initial = {"kind": CollectionKind.LIVE.value, "query": request.GET["query"][:1_500]}
    form = CollectionForm(request.POST or None, initial=initial, viewer=request.actor)
    if request.method == "POST" and form.is_valid():

        def command() -> str:
            services.make_collection(draft=form.as_draft(), by=request.actor, now=timezone.now())
            messages.success(request, _("草稿已保存，看过效果再发布。"))
            return reverse("listings:collection", kwargs={"slug": form.cleaned_data["slug"]})

        done = attempt(form, lambda: submit_once(request, command))
        if done is not None:
            return done
    status = 422 if form.errors else 200
    return render(request, "listings/library_collection_form.html", {"form": form}, status=status)


def _editable(request: Request, pk: int) -> Any:
    row = asked.collection_by_id(pk, viewer=request.actor)
    if not allowed(request.actor, Permission.CURATE, on=row):
        raise Missing(asked.NOT_FOUND)
    return row


@require_http_methods(["GET", "POST"])
@curators
def edit_collection(request: Request, pk: int) -> HttpResponse:
    """Change what it says and holds."""
    row = _editable(request, pk)
    initial = {
        "title": row.title,
        "slug": row.slug,
        "intro": row.intro,
        "kind": row.kind,
        "query": f"/patents/?{row.query}" if row.query else "",
        "patents": asked.written(row),
        "version": row.version,
    }
    form = CollectionForm(request.POST or None, initial=initial, viewer=request.actor)
    if request.method == "POST" and form.is_valid():

        def command() -> str:
            services.edit_collection(
                collection_id=pk,
                draft=form.as_draft(),
                version=form.cleaned_data["version"],
                by=request.actor,
                now=timezone.now(),
            )
            messages.success(request, _("已保存。"))
            return reverse("listings:collection", kwargs={"slug": form.cleaned_data["slug"]})

        done = attempt(form, lambda: submit_once(request, command))
        if done is not None:
            return done
    status = 422 if form.errors else 200
    context = {"form": form, "row": row}
    return render(request, "listings/library_collection_form.html", context, status=status)


@require_POST
@curators
def move_collection(request: Request, pk: int, move: str) -> HttpResponse:
    """Publish it, or take it down."""
    row = _editable(request, pk)
    command = {
        "publish": services.publish_collection,
        "take-down": services.take_down_collection,
    }.get(move)
    if command is None:
        raise Missing("没有这项操作。")

    def run() -> str:
        command(collection_id=pk, by=request.actor, now=timezone.now())
        messages.success(request, _("已发布。") if move == "publish" else _("已撤下。"))
        return reverse("listings:collection", kwargs={"slug": row.slug})

    return submit_once(request, run)


urlpatterns = [
    path("collections/", collections, name="collections"),
    path("collections/<slug:slug>/", collection, name="collection"),
    path("collections/<slug:slug>/feed/", require_GET(CollectionFeed()), name="collection-feed"),
    path("library/collections/", library_collections, name="library-collections"),
    path("library/collections/new/", new_collection, name="collection-new"),
    path("library/collections/<int:pk>/edit/", edit_collection, name="collection-edit"),
    path("library/collections/<int:pk>/<slug:move>/", move_collection, name="collection-move"),
]
