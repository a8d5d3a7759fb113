"""The open-licence candidates, and funded patents that nobody works."""

from __future__ import annotations

from typing import Any

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import path
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from core.days import legal_day
from core.people.types import Role
from core.reference import selectors as reference
from core.web.doors import for_roles
from core.web.types import Request
from listings import selectors
from listings.selectors.ownership import candidates as reading
from listings.selectors.ownership.candidates import Standing
from listings.types import PatentCard

A_PAGE = 30


class Reachable(Paginator[Any]):
    """Pages of a list that may be a nation's: counted and reached up to a limit."""

    @cached_property
    def count(self) -> int:
        return reading.counted(self.object_list)  # type: ignore[arg-type]


@require_GET
@for_roles(Role.OFFICE, Role.BROKER, Role.BUREAU, Role.AUDITOR)
def candidates(request: Request) -> HttpResponse:
    """Each with the reasons that make it one, and the way to the declaration."""
    now = timezone.now()
    on, viewer = legal_day(now), request.actor
    shown = "unworked" if request.GET.get("list") == "unworked" else "candidates"
    lists = {
        "candidates": reading.candidates(viewer=viewer, on=on),
        "unworked": reading.unworked(viewer=viewer, on=on),
    }
    pages = {name: Reachable(rows.only("pk"), A_PAGE) for name, rows in lists.items()}
    page = pages[shown].get_page(request.GET.get("page"))
    ids = [row.pk for row in page]
    found = reading.of_page(ids, viewer=viewer, at=now)
    cards = selectors.cards(ids, viewer=viewer)
    context = {
        "page": page,
        "shown": shown,
        "rows": [_line(found[pk], cards[pk]) for pk in ids if pk in found and pk in cards],
        "tabs": [
            {
                "label": _("%(list)s，不少于") % {"list": label}
                if pages[name].count == reading.MOST
                else label,
                "url": f"?list={name}",
                "count": pages[name].count,
                "current": name == shown,
            }
            for name, label in (("candidates", _("候选")), ("unworked", _("财政资助未实施")))
        ],
        "capped": page.paginator.count == reading.MOST,
        "years": reading.candidate_years(viewer.region),
        "is_keeper": viewer.has(Role.OFFICE, Role.BROKER),
    }
    return render(request, "listings/candidates.html", context)


def _line(found: Standing, card: PatentCard) -> dict[str, Any]:
    reasons = [_("授权满 %(n)s 年") % {"n": found.years}, _("没有实施和许可记录")]
    if found.may_declare:
        reasons.append(_("权属、年费、质押和保全都没有障碍"))
    return {
        "card": card,
        "found": found,
        "reasons": reasons,
        "place": reference.region_name(card.region) if card.region else "",
        "url": f"/open-licences/declare/{card.id}/",
    }


urlpatterns = [path("library/candidates/", candidates, name="candidates")]
