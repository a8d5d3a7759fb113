"""The needs that a confidential text would meet: a fragment other rooms' pages fetch by POST.

The text comes in the body, never in an address, and goes nowhere: no row, no trail, no cache.
"""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.cache import add_never_cache_headers
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from core.people.types import Role
from core.web.doors import for_roles
from core.web.types import Request
from matching import selectors
from matching.selectors.fitting import LONGEST
from matching.web import words


@require_POST
@sensitive_post_parameters("text")
@for_roles(Role.INVENTOR, Role.OFFICE, Role.BROKER)
def fitting(request: Request) -> HttpResponse:
    """The best of the open needs, as a fragment or, without JavaScript, as a page."""
    text = request.POST.get("text", "").replace("\x00", "").strip()
    found = selectors.needs_for(text, viewer=request.actor)
    context = {
        "rows": [
            {
                "need": fit.need,
                "score": fit.score,
                "meta": [part for part in words.need_meta(fit.need) if part],
                "bars": [words.bar(bar) for bar in fit.bars],
            }
            for fit in found
        ],
        "said": bool(text),
        "cut": len(text) > LONGEST,
    }
    page = "matching/_fitting.html" if request.htmx else "matching/fitting.html"
    response = render(request, page, context)
    add_never_cache_headers(response)
    return response
