"""The box of similar patents: a fragment of the patent's page, and a page of its own."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from core.reference import selectors as reference
from core.web.types import Request
from listings import selectors
from listings.rules.similar import Likeness
from listings.selectors.searching.similar import Similar
from listings.selectors.searching.similar import similar as ask
from listings.web.presenting import price_of

SHARED_WORDS = 3


@require_GET
def similar(request: Request, pk: int) -> HttpResponse:
    """The listed patents most like this one, each with why."""
    found = ask(pk, viewer=request.actor)
    context = {
        "card": selectors.card(pk, viewer=request.actor),
        "rows": [_shown(one) for one in found],
    }
    page = "listings/similar.html"
    return render(request, f"{page}#box" if request.htmx else page, context)


def _shown(one: Similar) -> dict[str, Any]:
    return {
        "url": reverse("listings:patent", kwargs={"pk": one.card.id}),
        "title": one.card.title,
        "holder": one.card.holder_names[0] if one.card.holder_names else "",
        "price": price_of(one.card),
        "is_sample": one.card.is_sample,
        "why": reasons(one.why),
    }


def reasons(why: Likeness) -> list[str]:
    """Why it is shown, the strongest first."""
    told = [_("内容相近 %(n)s%%") % {"n": round(100 * why.meaning)}]
    if why.group:
        told.append(_("同一主组 %(group)s") % {"group": why.group})
    elif why.subclass:
        title = reference.ipc_title(why.subclass)
        told.append(_("同一小类 %(symbol)s") % {"symbol": f"{why.subclass} {title}".strip()})
    told += [_("都有“%(word)s”") % {"word": word} for word in why.words[:SHARED_WORDS]]
    return told


urlpatterns = [path("patents/<int:pk>/similar/", similar, name="similar")]
