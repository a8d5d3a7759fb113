"""Pages of matches: today's, one with its reasons, beside each other, and the holder's view."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from core.errors import Missing
from core.people.types import Role
from core.permissions import Permission, allowed
from core.web.doors import for_roles, login_needed
from core.web.forms import attempt
from core.web.types import Request
from listings import selectors as listings
from matching import selectors, services
from matching.selectors import learning
from matching.types import ImprovementWish, Intent, Rejection, Verdict
from matching.web import explaining, verdicts, words
from matching.web.doors import (
    back,
    for_demand_side,
    numbers_of,
    page_of,
    shown,
    wants_recommendations,
)
from matching.web.verdicts import VerdictForm, said

GONE = "这条匹配已经不在了：专利可能已下架或被占用，也可能被更合适的结果取代。"


@require_GET
@for_roles(Role.ENTERPRISE, Role.BROKER, Role.OFFICE)
def today(request: Request) -> HttpResponse:
    """Everything that fits any of the firm's demands, each patent once."""
    if not request.actor.has(Role.ENTERPRISE, Role.BROKER):
        return redirect("matching:received")
    context: dict[str, Any] = {"wanted": wants_recommendations(request)}
    if context["wanted"]:
        context |= _list(request)
    fragment = request.htmx and not request.htmx.history_restore_request
    name = "matching/matches.html"
    return render(request, f"{name}#results" if fragment else name, context)


def _list(request: Request) -> dict[str, Any]:
    needs, profiles = selectors.demand_choices(viewer=request.actor)
    demands = [(key, _("需求：%(name)s") % {"name": name}) for key, name in needs]
    demands += [(key, _("订阅：%(name)s") % {"name": name}) for key, name in profiles]
    query = _query(request, {key for key, _label in demands})
    page = page_of(request, selectors.today(viewer=request.actor, query=query))
    return {
        "page": page,
        "rows": shown(request, selectors.cards(page, viewer=request.actor)),
        "query": query,
        "demands": demands,
        "states": words.STATES,
        "sorts": words.SORTS,
        "leasts": [(n, label) for n, label in words.LEAST_SCORES if n],
        "has_demands": bool(demands),
        "rejections": words.REJECTIONS.items(),
        "may_rate": allowed(request.actor, Permission.RATE_MATCH),
    }


def _query(request: Request, known: set[str]) -> selectors.MatchQuery:
    """What the address asks for; what makes no sense does not narrow."""
    demand, state = request.GET.get("demand", ""), request.GET.get("state", "")
    least = numbers_of([request.GET.get("least", "")])
    return selectors.MatchQuery(
        demand=demand if demand in known else "",
        state=state if state in dict(words.STATES) else "",
        least=min(least[0], 100) if least else 0,
        sort="new" if request.GET.get("sort") == "new" else "score",
    )


@require_GET
@login_needed
def match(request: Request, pk: int) -> HttpResponse:
    """One match: why, in bars and to the fourth decimal, and what the firm can do now."""
    card = _card(request, pk)
    services.view_match(match_id=pk, by=request.actor, now=timezone.now())
    form = VerdictForm(initial=said(card.evaluation))
    return render(request, "matching/match.html", _page(request, card, form))


def _card(request: Request, pk: int) -> selectors.MatchCard:
    card = selectors.card(pk, viewer=request.actor)
    if card is None:
        raise Missing(_(GONE))
    return card


def _page(request: Request, card: selectors.MatchCard, form: VerdictForm) -> dict[str, Any]:
    return {
        "row": shown(request, [card])[0],
        "card": card,
        "words": card.words,
        "reason_rows": words.reason_rows(card),
        "texts": explaining.sides(card),
        "useful_of_ten": learning.useful_of_ten(card.id, viewer=request.actor),
        "form": form,
        "rejections": words.REJECTIONS.items(),
        "may_rate": allowed(request.actor, Permission.RATE_MATCH),
    }


@require_POST
@login_needed
def rate(request: Request, pk: int) -> HttpResponse:
    """One tap (感兴趣, or a reason against), or the long form. A fragment for HTMX."""
    card = selectors.card(pk, viewer=request.actor)
    if card is None:
        return _too_late(request, pk)
    if "prospect" in request.POST:
        form = VerdictForm(request.POST)
        if form.is_valid() and attempt(form, lambda: _rate(request, pk, form.value())):
            messages.success(request, _("评价已保存，下次推荐会据此调整。"))
            return redirect("matching:match", pk=pk)
        return render(request, "matching/match.html", _page(request, card, form), status=422)
    reason = request.POST.get("reason", "")
    if reason and reason not in words.REJECTIONS:
        raise Missing(_("没有这个原因，请从列表中选择。"))
    verdict = Verdict(interested=not reason, reason=Rejection(reason) if reason else None)
    _rate(request, pk, _keeping_words(verdict, card))
    if request.htmx:
        context = _page(request, _card(request, pk), VerdictForm())
        return render(request, "matching/_rate.html", context)
    messages.success(request, _("评价已保存，下次推荐会据此调整。"))
    return back(request, "matching:matches")


def _too_late(request: Request, pk: int) -> HttpResponse:
    """The match was withdrawn while somebody was rating it: say so, and lose nothing they wrote."""
    if not selectors.was_mine(pk, viewer=request.actor):
        raise Missing(_(GONE))
    texts = [request.POST.get(name, "").strip()[:500] for name in ("improvement", "cooperation")]
    context = {"texts": [text for text in texts if text], "gone": _(GONE)}
    return render(request, "matching/rate_late.html", context, status=409)


def _keeping_words(verdict: Verdict, card: selectors.MatchCard) -> Verdict:
    """A tap changes the verdict, not what was written before."""
    said = card.evaluation
    if said is None:
        return verdict
    return Verdict(
        interested=verdict.interested,
        reason=verdict.reason,
        improvement=said.improvement,
        cooperation=said.cooperation,
        wishes=tuple(ImprovementWish(code) for code in said.wishes),
        intents=tuple(Intent(c) for c in said.intents) if verdict.interested else (),
    )


def _rate(request: Request, pk: int, verdict: Verdict) -> bool:
    services.rate_match(match_id=pk, verdict=verdict, by=request.actor, now=timezone.now())
    return True


@require_POST
@login_needed
def opt_out(request: Request, pk: int) -> HttpResponse:
    """不再推荐: this patent, or everything of its holder."""
    holder = request.POST.get("what") == "holder"
    services.opt_out(match_id=pk, holder=holder, by=request.actor, now=timezone.now())
    if request.htmx:
        return render(request, "matching/_opted_out.html", {"holder": holder})
    messages.success(request, _("好的，不再推荐。可在“不再推荐的内容”里恢复。"))
    return back(request, "matching:matches")


@require_GET
@for_demand_side
def opt_outs(request: Request) -> HttpResponse:
    """What the firm asked not to see, and how to take that back."""
    page = page_of(request, selectors.opt_outs(viewer=request.actor), size=20)
    cards = listings.cards([o.patent_id for o in page if o.patent_id], viewer=request.actor)
    rows = [
        {
            "pk": o.pk,
            "made_at": o.made_at,
            "kind": _("权利人") if o.holder_id else _("专利"),
            "name": o.holder.name
            if o.holder
            else getattr(cards.get(o.patent_id), "title", "") or _("（已下架的专利）"),
        }
        for o in page
    ]
    return render(request, "matching/opt_outs.html", {"page": page, "rows": rows})


@require_POST
@for_demand_side
def lift(request: Request, pk: int) -> HttpResponse:
    """Show it again."""
    services.lift_opt_out(opt_out_id=pk, by=request.actor, now=timezone.now())
    messages.success(request, _("已恢复推荐。"))
    return redirect("matching:opt-outs")


@require_GET
@login_needed
def compare(request: Request) -> HttpResponse:
    """Up to four matches beside each other."""
    ids = numbers_of(request.GET.getlist("m"))
    cards = selectors.compared(ids, viewer=request.actor)
    context = {"rows": shown(request, cards), "too_many": len(ids) > 4}
    return render(request, "matching/compare.html", context)


@require_GET
@for_roles(Role.OFFICE)
def received(request: Request) -> HttpResponse:
    """Who is interested in the holder's patents, and what would make more of them so."""
    page = page_of(request, selectors.received(viewer=request.actor), size=20)
    context = {
        "page": page,
        "rows": [
            (row, verdicts.in_words(row))
            for row in selectors.received_cards(page, viewer=request.actor)
        ],
        "advice": words.counted(selectors.rejection_counts(viewer=request.actor)),
        "wished": verdicts.wished(selectors.wish_counts(viewer=request.actor)),
        "interested": selectors.interest_count(viewer=request.actor),
    }
    return render(request, "matching/received.html", context)
