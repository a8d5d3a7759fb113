"""How the stock of a region's organisations lies in the layers of the library."""

from __future__ import annotations

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from core.people.types import Role
from core.web.doors import for_roles
from core.web.types import Request
from listings import selectors as listings
from oversight import selectors

A_PAGE = 50
LAYERS = ("a", "b", "c", "archived", "by_hand", "total")


@require_GET
@for_roles(Role.BUREAU, Role.AUDITOR, Role.SYSADMIN)
def layers(request: Request) -> HttpResponse:
    """Counts by organisation; the sums below are of every organisation, not of the page."""
    prefix = selectors.scope(request.actor)
    rows = listings.layers_by_organisation(prefix)
    context = {
        "region_name": selectors.region_name(prefix),
        "page": Paginator(rows, A_PAGE).get_page(request.GET.get("page")),
        "sums": {name: sum(row[name] for row in rows) for name in LAYERS},
        "bars": [
            {"label": label, "value": sum(row[name] for row in rows)}
            for name, label in (
                ("a", "A 层 · 重点推广"),
                ("b", "B 层 · 培育"),
                ("c", "C 层 · 储备"),
                ("archived", "已归档"),
            )
        ],
    }
    return render(request, "oversight/layers.html", context)
