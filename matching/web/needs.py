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
from django.views.decorators.http import require_GET, require_POST

from core.errors import DomainError, Invalid, Missing
from core.people.types import Role
from core.permissions import Permission, allowed
from core.web.doors import login_needed, tabs_of
from core.web.types import Request
from listings import selectors as listings
from matching import selectors, services
from matching.rules.needs import is_foreign
from matching.selectors import shortlists
from matching.selectors.revisions import open_proposals
from matching.selectors.teams import teams_for
from matching.types import Demand, DemandKind
from matching.web import words
from matching.web.doors import PAGE, for_askers, page_of, shown
from matching.web.need_forms import FIELD_LABELS
from matching.web.shortlists import line

MOVES = {
    "open": services.open_need,
    "close": services.close_need,
    "solve": services.solve_need,
    "renew": services.renew_need,
}
DONE = {
    "open": "需求已开放征集，正在匹配专利。",
    "close": "需求已关闭。",
    "solve": "已标记为解决。祝贺！",
    "renew": "已续期，继续征集和匹配。",
}
ASKED = ("q", "list", "industry", "region", "mode")


@require_GET
def board(request: Request) -> HttpResponse:
    """找需求: open needs, without an account. The address holds all state."""
    asked = {name: request.GET.get(name, "").strip()[:60] for name in ASKED}
    query = selectors.NeedQuery(
        text=asked["q"],
        industry=asked["industry"],
        region=asked["region"],
        mode=asked["mode"],
        list_type=asked["list"],
    )
    page = page_of(request, selectors.board(viewer=request.actor, query=query), size=PAGE)
    context = {
        "page": page,
        "rows": [
            {
                "need": n,
                "meta": words.need_meta(n),
                "modes": [words.mode_of(m) for m in n.licence_modes],
            }
            for n in selectors.faces(page, viewer=request.actor)
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
    titles = {"list_type": _("清单"), "industry": _("行业"), "region": _("地区")}
    asked_as = {"list_type": "list"}

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
                    "url": url(asked_as.get(name, name), o.value),
                    "selected": asked[asked_as.get(name, name)] == o.value,
                }
                for o in options
            ],
        }
        for name, options in found.items()
    ]


@require_GET
@for_askers
def mine(request: Request) -> HttpResponse:
    """The firm's own needs with how many patents fit each."""
    chosen, tabs = tabs_of(request, [("draft", _("未开放征集")), ("open", _("征集中"))], by="state")
    needs = selectors.own_needs(viewer=request.actor)
    if chosen:
        states = ["draft", "refined"] if chosen == "draft" else ["open", "matched"]
        needs = needs.filter(status__in=states)
    page = page_of(request, needs, size=20)
    rows = [{"need": n, "tone": words.NEED_TONES[n.status]} for n in page]
    context = {"page": page, "rows": rows, "tabs": tabs, "chosen": chosen}
    return render(request, "matching/needs_mine.html", context)


@require_GET
def detail(request: Request, pk: int) -> HttpResponse:
    """One need; its owner sees what may be done and the best of its matches."""
    row = selectors.need(pk, viewer=request.actor)
    need = selectors.face(row, viewer=request.actor)
    is_mine = need.is_mine and allowed(request.actor, Permission.POST_NEED, on=row)
    context: dict[str, Any] = {
        "need": need,
        "facts": words.need_facts(need),
        "withheld": [FIELD_LABELS[n] for n in FIELD_LABELS if n in need.withheld],
        "tone": words.NEED_TONES[need.status],
        "is_mine": is_mine,
        "is_agent": is_mine and row.organisation_id != request.actor.organisation_id,
        "may_offer": request.actor.is_anonymous
        or allowed(request.actor, Permission.PUBLISH_LISTING),
    }
    context |= _lists(request, row)
    if need.is_mine:
        context |= _own(request, row)
    elif request.actor.has(Role.OFFICE):
        ids = selectors.met_patents(pk, viewer=request.actor)[:5]
        cards = listings.cards(ids, viewer=request.actor)
        context["met"] = [cards[i] for i in ids if i in cards]
    return render(request, "matching/need.html", context)


def _lists(request: Request, row: Any) -> dict[str, Any]:
    """Institutions' lists for the firm and its agents; a maker's own way in for those who may."""
    if request.actor.is_anonymous:
        return {}
    found: dict[str, Any] = {}
    if row.organisation_id in request.actor.acts_for:
        sheets = shortlists.of_need(row, viewer=request.actor)
        found["lists"] = [{"sheet": s, "lines": [line(one) for one in s.lines]} for s in sheets]
    if shortlists.may_answer(row, viewer=request.actor):
        found["may_answer"] = True
        found["own_list"] = shortlists.own_of_need(row.pk, viewer=request.actor)
    return found


def _own(request: Request, row: Any) -> dict[str, Any]:
    """What only the owner sees: the best matches, what may be done, what others see of it."""
    rows = selectors.of_demand(Demand(DemandKind.NEED, row.pk), viewer=request.actor)
    best = selectors.cards(rows[:3], viewer=request.actor)
    is_live = row.status in {"open", "matched"}
    solver = listings.cards([row.ending_patent_id], viewer=request.actor).get(row.ending_patent_id)
    return {
        "moves": [(m, words.MOVES[m]) for m in selectors.moves_of(row)]
        if row.organisation_id == request.actor.organisation_id
        else [],
        "proposals": open_proposals(row.pk, viewer=request.actor),
        "best": shown(request, best),
        "teams": teams_for(row.pk, viewer=request.actor),
        "fits": rows.count(),
        "is_live": is_live,
        "waiting": is_live and row.matched_at is None,
        "is_foreign": is_foreign(row.title, row.problem),
        "released": [FIELD_LABELS[n] for n in row.released],
        "solver": solver,
    }


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
        "is_foreign": is_foreign(need.title, need.problem),
        "rejections": words.REJECTIONS.items(),
        "may_rate": allowed(request.actor, Permission.RATE_MATCH),
    }
    fragment = request.htmx and not request.htmx.history_restore_request
    name = "matching/need_matches.html"
    return render(request, f"{name}#rows" if fragment else name, context)
