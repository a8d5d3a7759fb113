"""Choosing patents of one's own stock: a page that leads on with ?patent=1&patent=2."""

from __future__ import annotations

from collections.abc import Sequence

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import render

from core.errors import Missing
from core.web.types import Request
from listings import selectors
from listings.selectors import office
from listings.types import PatentCard

A_PAGE = 30
MOST = 100


def keys(given: Sequence[str]) -> list[int]:
    """The keys among these values of a form or an address; what is none is left out."""
    return [int(pk) for pk in given if pk.isascii() and pk.isdecimal() and len(pk) <= 18]


def chosen_ids(request: Request) -> list[int]:
    """The patents named in the address or the form, each once, in order."""
    given = [*request.GET.getlist("patent"), *request.POST.getlist("patent")]
    return list(dict.fromkeys(keys(given)))[:MOST]


def chosen_cards(request: Request, ids: Sequence[int]) -> list[PatentCard]:
    """The cards of these patents of one's own stock, in order; another's is missing."""
    found = selectors.cards(ids, viewer=request.actor)
    cards = [found[pk] for pk in ids if pk in found]
    mine = [card for card in cards if card.organisation_id in request.actor.acts_for]
    if len(mine) != len(ids):
        raise Missing("所选专利中有的不在本单位库中，请重新选择。")
    return mine


def picker(request: Request, *, title: str, lead: str, back: str) -> HttpResponse:
    """A page to choose from one's own listed patents."""
    text = request.GET.get("q", "").replace("\x00", "")[:200]
    rows = office.filtered_stock(viewer=request.actor, text=text, offer="listed")
    page = Paginator(rows, A_PAGE).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "cards": office.cards_of(page, viewer=request.actor),
        "q": text,
        "title": title,
        "lead": lead,
        "back": back,
    }
    return render(request, "listings/pick.html", context)
