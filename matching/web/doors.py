"""What every page of this room does at its door."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

from django.core.paginator import Page, Paginator
from django.http import HttpResponse, HttpResponseRedirect, QueryDict
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme

from core.people import selectors as people
from core.people.types import Role
from core.web.doors import for_roles
from core.web.types import Request
from listings import selectors as listings
from listings.types import EncumbranceKind
from matching.selectors import MatchCard
from matching.web import words

PAGE = 10
Row = TypeVar("Row")

for_demand_side = for_roles(Role.ENTERPRISE, Role.BROKER)
for_askers = for_roles(Role.ENTERPRISE, Role.BROKER, Role.BUREAU)  # a bureau publishes lists


def page_of(request: Request, rows: Any, *, size: int = PAGE) -> Page[Any]:
    """The page that the URL asks for; nonsense and overshoot land on a real page."""
    return Paginator(rows, size).get_page(request.GET.get("page"))


def form_data(request: Request) -> QueryDict | None:
    """What was posted, even if that is nothing; None when the form is only to be shown."""
    return request.POST if request.method == "POST" else None


def back(request: Request, default: str) -> HttpResponse:
    """Where the form came from, if that is here; else the default."""
    target = request.POST.get("next", "")
    safe = url_has_allowed_host_and_scheme(target, allowed_hosts={request.get_host()})
    return HttpResponseRedirect(target if target and safe else reverse(default))


def numbers_of(values: Sequence[str]) -> list[int]:
    """Those of the values that are whole numbers a row could have."""
    return [
        int(value) for value in values if value.isascii() and value.isdigit() and len(value) < 16
    ]


def wants_recommendations(request: Request) -> bool:
    """Whether this person lets the platform recommend (PIPL art. 24)."""
    user_id = request.actor.user_id
    return user_id is not None and user_id in people.wants_recommendations([user_id])


def shown(request: Request, cards: Sequence[MatchCard]) -> list[dict[str, Any]]:
    """Matches as pages show them, with what this person keeps and what is on open licence now."""
    ids = [card.patent.id for card in cards]
    kept = set(listings.favourite_ids(ids, viewer=request.actor))
    bound = listings.encumbrances_of(ids, at=timezone.now())
    open_kind = EncumbranceKind.OPEN_DECLARATION
    declared = {pk for pk, rows in bound.items() if any(row.kind == open_kind for row in rows)}
    return [words.shown(card, kept=kept, declared=declared) for card in cards]
