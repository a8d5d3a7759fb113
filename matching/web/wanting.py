"""Who would want a patent, for its holder; and needs like another, for everybody."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from core.errors import DomainError, Missing
from core.people.types import Role
from core.web.doors import for_roles
from core.web.types import Request
from listings import selectors as listings
from matching import selectors
from matching.selectors import wanting as asked
from matching.services.offering import offer
from matching.web import words


@require_GET
@for_roles(Role.OFFICE, Role.BROKER)
def wanting(request: Request, pk: int) -> HttpResponse:
    """The firms that would want a patent, as far as they let themselves be seen."""
    if not asked.may_ask(pk, viewer=request.actor):
        raise Missing(_("没有找到这件专利，或它不归贵单位管理。"))
    card = listings.card(pk, viewer=request.actor)
    context: dict[str, Any] = {
        "card": card,
        "rows": [
            {"firm": row, "bars": [words.bar(bar) for bar in row.bars]}
            for row in asked.wanters(pk, viewer=request.actor)
        ],
        "is_listed": card.listing_status == "listed",
    }
    return render(request, "matching/wanting.html", context)


@require_POST
@for_roles(Role.OFFICE, Role.BROKER)
def push(request: Request, pk: int) -> HttpResponse:
    """推送给它, within the firm's own ceilings and wishes."""
    token = request.POST.get("firm", "")[:40]
    try:
        offer(patent_id=pk, token=token, by=request.actor, now=timezone.now())
        messages.success(
            request,
            _("已提交。是否送达由对方的推送设置、每日上限和此前的评价决定；总的效果见“推送效果”。"),
        )
    except DomainError as refusal:
        if refusal.status not in {404, 409}:
            raise
        messages.error(request, refusal.message)
    return redirect("matching:wanting", pk=pk)


@require_GET
def similar(request: Request, pk: int) -> HttpResponse:
    """Public needs that say much the same: a fragment of a need's page, or a page."""
    need = selectors.need(pk, viewer=request.actor)
    rows = asked.similar_needs(need, viewer=request.actor)
    context = {
        "need": selectors.face(need, viewer=request.actor),
        "rows": [{"need": r.need, "score": r.score, "meta": words.need_meta(r.need)} for r in rows],
    }
    page = "matching/_similar_needs.html" if request.htmx else "matching/similar_needs.html"
    return render(request, page, context)


urlpatterns = [
    path("matches/wanting/<int:pk>/", wanting, name="wanting"),
    path("matches/wanting/<int:pk>/push/", push, name="wanting-push"),
    path("needs/<int:pk>/similar/", similar, name="need-similar"),
]
