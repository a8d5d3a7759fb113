"""Pages of needs: the public board, one's own, and what fits them."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from core.errors import DomainError, Invalid, Missing
from core.idempotency.web import submitted
from core.people import selectors as people
from core.people.types import Role
from core.permissions import Permission, allowed
from core.web.doors import login_needed
from core.web.types import Request
from listings import selectors as listings
from matching import selectors, services
from matching.types import Demand, DemandKind
from matching.web import words
from matching.web.doors import PAGE, for_demand_side, form_data, page_of, shown
from matching.web.forms import NeedForm

MOVES = {
    "open": services.open_need,
    "close": services.close_need,
    "solve": services.solve_need,
}
DONE = {
    "open": "需求已开放征集，正在匹配专利。",
    "close": "需求已关闭。",
    "solve": "已标记为解决。祝贺！",
}


@require_GET
def board(request: Request) -> HttpResponse:
    """找需求: open needs, without an account. The address holds all state."""
    asked = {
        name: request.GET.get(name, "").strip()[:60] for name in ("q", "industry", "region", "mode")
    }
    query = selectors.NeedQuery(asked["q"], asked["industry"], asked["region"], asked["mode"])
    page = page_of(request, selectors.board(viewer=request.actor, query=query), size=PAGE)
    firms = people.organisations({need.organisation_id for need in page})
    context = {
        "page": page,
        "rows": [
            {
                "need": n,
                "meta": words.need_meta(n),
                "firm": firms.get(n.organisation_id),
                "modes": [words.mode_of(m) for m in n.licence_modes],
            }
            for n in page
        ],
        "asked": asked,
        "facets": _facets(request, query, asked),
        "clear_url": reverse("matching:needs") if any(asked.values()) else "",
        "may_post": request.actor.is_anonymous or allowed(request.actor, Permission.POST_NEED),
    }
    fragment = request.htmx and not request.htmx.history_restore_request
    return render(
        request, "matching/needs.html#results" if fragment else "matching/needs.html", context
    )


def _facets(
    request: Request, query: selectors.NeedQuery, asked: dict[str, str]
) -> list[dict[str, Any]]:
    found = selectors.facets(viewer=request.actor, query=query)
    titles = {"industry": _("行业"), "region": _("地区")}

    def url(name: str, value: str) -> str:
        kept = {k: v for k, v in asked.items() if v} | {name: "" if asked[name] == value else value}
        return "?" + urlencode({k: v for k, v in kept.items() if v})

    return [
        {
            "title": titles[name],
            "options": [
                {
                    "label": o.label,
                    "count": o.count,
                    "url": url(name, o.value),
                    "selected": asked[name] == o.value,
                }
                for o in options
            ],
        }
        for name, options in found.items()
    ]


@require_GET
@for_demand_side
def mine(request: Request) -> HttpResponse:
    """The firm's own needs with how many patents fit each."""
    page = page_of(request, selectors.own_needs(viewer=request.actor), size=20)
    rows = [{"need": n, "tone": words.NEED_TONES[n.status]} for n in page]
    return render(request, "matching/needs_mine.html", {"page": page, "rows": rows})


@require_http_methods(["GET", "POST"])
@for_demand_side
def new(request: Request) -> HttpResponse:
    """State a need."""
    form = NeedForm(form_data(request))
    if request.method == "POST":
        open_now = "open" in request.POST

        def run() -> str:
            need = services.post_need(
                data=form.value(), by=request.actor, now=timezone.now(), open_now=open_now
            )
            messages.success(request, _(DONE["open"]) if open_now else _("需求已保存。"))
            return reverse("matching:need", kwargs={"pk": need.pk})

        if answer := submitted(request, form, run):
            return answer
    context = {"form": form, "is_new": True}
    return render(request, "matching/need_form.html", context, status=_status(form))


@require_http_methods(["GET", "POST"])
@login_needed
def edit(request: Request, pk: int) -> HttpResponse:
    """Change a need; another's edit in between is refused, with both texts kept on the screen."""
    need = selectors.need(pk, viewer=request.actor)
    if not allowed(request.actor, Permission.POST_NEED, on=need):
        raise Missing(_("没有找到这条需求，或它不归贵单位管理。"))
    kept = services.as_input(need)
    form = NeedForm(form_data(request), initial=NeedForm.initial_of(kept, need.version))
    if request.method == "POST":

        def run() -> str:
            services.edit_need(
                need_id=pk,
                data=form.value(kept),
                version=form.cleaned_data["version"] or 0,
                by=request.actor,
                now=timezone.now(),
            )
            messages.success(request, _("修改已保存。"))
            return reverse("matching:need", kwargs={"pk": pk})

        if answer := submitted(request, form, run):
            return answer
    context = {"form": form, "need": need, "is_new": False}
    return render(request, "matching/need_form.html", context, status=_status(form))


def _status(form: NeedForm) -> int:
    return 422 if form.is_bound else 200


@require_GET
def detail(request: Request, pk: int) -> HttpResponse:
    """One need; its owner sees what may be done and the best of its matches."""
    need = selectors.need(pk, viewer=request.actor)
    is_mine = need.organisation_id in request.actor.acts_for
    context: dict[str, Any] = {
        "need": need,
        "firm": people.organisation(need.organisation_id),
        "facts": words.need_facts(need),
        "tone": words.NEED_TONES[need.status],
        "is_mine": is_mine and allowed(request.actor, Permission.POST_NEED, on=need),
        "may_offer": request.actor.is_anonymous
        or allowed(request.actor, Permission.PUBLISH_LISTING),
    }
    if is_mine:
        rows = selectors.of_demand(Demand(DemandKind.NEED, pk), viewer=request.actor)
        best = selectors.cards(rows[:3], viewer=request.actor)
        context |= {
            "moves": [(m, words.MOVES[m]) for m in selectors.moves_of(need)],
            "best": shown(request, best),
            "fits": rows.count(),
            "is_live": need.status in {"open", "matched"},
            "waiting": need.status in {"open", "matched"} and need.matched_at is None,
        }
    elif request.actor.has(Role.OFFICE):
        ids = selectors.met_patents(pk, viewer=request.actor)[:5]
        cards = listings.cards(ids, viewer=request.actor)
        context["met"] = [cards[i] for i in ids if i in cards]
    return render(request, "matching/need.html", context)


@require_POST
@login_needed
def move(request: Request, pk: int, move: str) -> HttpResponse:
    """Open, close or mark as solved."""
    command = MOVES.get(move)
    if command is None:
        raise Http404
    try:
        command(need_id=pk, by=request.actor, now=timezone.now())
    except Invalid as refusal:
        for problems in refusal.fields.values():
            for problem in problems:
                messages.error(request, problem)
        return redirect("matching:need-edit", pk=pk)
    except DomainError as refusal:
        if refusal.status != 409:
            raise
        messages.error(request, refusal.message)
        return redirect("matching:need", pk=pk)
    messages.success(request, _(DONE[move]))
    return redirect("matching:need", pk=pk)


@require_GET
@login_needed
def need_matches(request: Request, pk: int) -> HttpResponse:
    """The explained list of what fits a need."""
    need = selectors.need(pk, viewer=request.actor)
    if not (need.organisation_id in request.actor.acts_for or request.actor.has(Role.AUDITOR)):
        raise Missing(_("没有找到这条需求的匹配结果，或它不归贵单位管理。"))
    rows = selectors.of_demand(Demand(DemandKind.NEED, pk), viewer=request.actor)
    page = page_of(request, rows)
    context = {
        "need": need,
        "page": page,
        "rows": shown(request, selectors.cards(page, viewer=request.actor)),
        "waiting": need.status in {"open", "matched"} and need.matched_at is None,
        "rejections": words.REJECTIONS.items(),
        "may_rate": allowed(request.actor, Permission.RATE_MATCH),
    }
    fragment = request.htmx and not request.htmx.history_restore_request
    name = "matching/need_matches.html"
    return render(request, f"{name}#rows" if fragment else name, context)
