"""Pages that anyone may read: the board and one patent; and what a person keeps an eye on."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from core.errors import Invalid, Missing
from core.permissions import Permission, allowed
from core.web.doors import login_needed
from core.web.sitemap import absolute
from core.web.types import Request
from listings import filters, selectors, services
from listings.selectors.face import face
from listings.selectors.searching import search
from listings.web import presenting
from listings.web.offering.sheet_words import gain_amount

BOARD = "listings:board"
MANY_CLOSE, FEW_CLOSE = 6, 3


@require_GET
def board(request: Request) -> HttpResponse:
    """Search: words, characters, numbers and facets. The address holds all state."""
    asked = filters.from_url(request.GET)
    query, path = asked.query(), reverse(BOARD)
    context: dict[str, Any] = {
        "query": query,
        "sorts": _sorts(query, path),
        "hidden": [(name, value) for name, values in query.chosen.items() for value in values],
        "problems": [message for found in asked.form.errors.values() for message in found],
        "clear_url": filters.url_of(search.BoardQuery(text=query.text), path),
        "chips": filters.chips(query, path),
        "canonical": absolute(path),
        "noindex": bool(request.GET),
    }
    try:
        search.check(query)
        hit = search.exact(query.text, viewer=request.actor) if query.text else None
        if hit and not query.chosen and query.page == 1:
            return redirect("listings:patent", pk=hit)
        found = search.board(viewer=request.actor, query=query, now=timezone.now())
    except Invalid as refusal:
        context |= {"refused": refusal.message, "facets": []}
        return _answer(request, context, status=refusal.status)
    kept = selectors.favourite_ids([card.id for card in found.cards], viewer=request.actor)
    context |= {
        "found": found,
        "results": [
            presenting.shown(card, query.text, found.why.get(card.id, "")) for card in found.cards
        ],
        "close": _close(request, query, found),
        "kept": kept,
        "may_favourite": allowed(request.actor, Permission.FAVOURITE),
        "facets": filters.shown(found.facets, query, path),
        **_keep(request, query, 0 if found.is_close else found.total),
        **_pages(found, query, path),
    }
    if not found.total:
        context |= _nothing(request, query, path)
    return _answer(request, context)


def _sorts(query: search.BoardQuery, path: str) -> list[dict[str, Any]]:
    return [
        {
            "label": label,
            "url": filters.url_of(search.BoardQuery(query.text, query.chosen, code), path),
            "current": code == query.order,
        }
        for code, label in filters.SORTS
        if code != "relevance" or query.text
    ]


def _keep(request: Request, query: search.BoardQuery, total: int) -> dict[str, str]:
    """Where this question or its result can be kept: visitors come back after logging in."""
    asked = search.BoardQuery(query.text, query.chosen, query.sort)

    def to(name: str, permission: Permission) -> str:
        may = request.actor.is_anonymous or allowed(request.actor, permission)
        return filters.url_of(asked, reverse(name)) if may else ""

    is_question = bool(query.text or query.chosen)
    return {
        "save_url": to("listings:search-new", Permission.SAVE_SEARCH) if is_question else "",
        "export_url": to("listings:export-new", Permission.EXPORT_RESULTS) if total else "",
    }


def _answer(request: Request, context: dict[str, Any], status: int = 200) -> HttpResponse:
    """The page, or its results alone for HTMX (which swaps no 400 in, so it gets a 200)."""
    fragment = request.htmx and not request.htmx.history_restore_request
    page = "listings/board.html#results" if fragment else "listings/board.html"
    response = render(request, page, context, status=200 if fragment else status)
    patch_vary_headers(response, ["HX-Request"])
    return response


def _pages(found: search.Found, query: search.BoardQuery, path: str) -> dict[str, Any]:
    def to(page: int) -> str:
        return filters.url_of(search.BoardQuery(query.text, query.chosen, query.sort, page), path)

    first = (found.page - 1) * search.PAGE_SIZE + 1
    return {
        "previous_url": to(found.page - 1) if found.page > 1 else "",
        "next_url": to(found.page + 1) if found.page < found.pages else "",
        "where": _("%(first)s–%(last)s / 共 %(total)s 件")
        % {"first": first, "last": first + len(found.cards) - 1, "total": found.total},
        "capped": found.page == found.pages and found.total > search.REACHABLE,
    }


def _nothing(request: Request, query: search.BoardQuery, path: str) -> dict[str, Any]:
    ways = []
    for way in search.ways_on(query, viewer=request.actor):
        url = filters.url_of(way.query, path)
        if way.kind == "word":
            label = _("只搜“%(word)s”（%(n)s 件）") % {"word": way.label, "n": way.count}
        elif way.kind == "no-filters":
            label = _("去掉全部筛选条件（%(n)s 件）") % {"n": way.count}
        else:
            title = filters.TITLES[way.label]
            label = _("去掉“%(facet)s”条件（%(n)s 件）") % {"facet": title, "n": way.count}
        ways.append({"url": url, "label": label})
    ways += [
        {"url": "/needs/new/", "label": _("写下您的技术难题，由系统匹配专利并说明理由")},
        {"url": "/subscriptions/new/", "label": _("订阅这个方向，有新专利时通知您")},
        {"url": path, "label": _("浏览全部在架专利")},
    ]
    return {"ways": ways}


def _close(
    request: Request, query: search.BoardQuery, found: search.Found
) -> list[presenting.Shown]:
    """What means the same in other words or another language, below the first page."""
    if query.page > 1 or query.order != "relevance" or len(query.text) < 2:
        return []
    limit = MANY_CLOSE if found.total < search.PAGE_SIZE or found.is_close else FEW_CLOSE
    cards = search.close_in_meaning(query.text, viewer=request.actor, query=query, limit=limit)
    foreign = {card.id for card in cards if presenting.is_foreign(card.title, query.text)}
    return [
        presenting.shown(card, why="foreign" if card.id in foreign else "meaning") for card in cards
    ]


@require_GET
def patent(request: Request, pk: int) -> HttpResponse:
    """One patent: what it does, on what terms, where it stands, what may be done with it."""
    now = timezone.now()
    known = face(pk, viewer=request.actor, at=now)
    card, able = known.card, presenting.abilities(known.abilities)
    url = absolute(reverse("listings:patent", kwargs={"pk": pk}))
    context = {
        "card": card,
        "shown": presenting.shown(card),
        "facts": presenting.facts(card),
        "holders": known.holders,
        "bindings": [presenting.binding(b) for b in known.encumbrances],
        "history": presenting.history(known.history),
        "is_favourite": selectors.is_favourite(pk, viewer=request.actor),
        "may_favourite": allowed(request.actor, Permission.FAVOURITE),
        "is_mine": card.organisation_id in request.actor.acts_for,
        "json_ld": presenting.json_ld(card, url) if card.is_public else "",
        "canonical": url,
        "abilities": able,
        "free": presenting.free_of(able),
        "gains": [(g.quantity, gain_amount(g), g.against) for g in card.gains],
        "files": known.files,
    }
    return render(request, "listings/patent.html", context)


@require_GET
@login_needed
def favourites(request: Request) -> HttpResponse:
    """What the person keeps an eye on."""
    cards = selectors.favourites(viewer=request.actor)
    context = {"results": [presenting.shown(card) for card in cards], "may_favourite": True}
    return render(request, "listings/favourites.html", context)


@require_POST
@login_needed
def favourite(request: Request, pk: int) -> HttpResponse:
    """Keep an eye on a patent, or no longer."""
    if not selectors.cards([pk], viewer=request.actor):
        raise Missing("没有这件专利，或者它不对您当前的身份开放。")
    on = request.POST.get("on") == "1"
    command = services.favourite if on else services.unfavourite
    command(patent_id=pk, by=request.actor, now=timezone.now())
    if request.htmx:
        context = {"pk": pk, "is_favourite": on, "may_favourite": True}
        return render(request, "listings/_favourite.html", context)
    messages.success(request, _("已收藏。") if on else _("已取消收藏。"))
    target = request.POST.get("next", "")
    safe = url_has_allowed_host_and_scheme(target, allowed_hosts={request.get_host()})
    return HttpResponseRedirect(target if safe else reverse("listings:patent", kwargs={"pk": pk}))
