"""An office's portfolio as a matrix, in money, and as suggestions that can be acted on at once."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import Resolver404, path, resolve, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_GET, require_POST

from core.days import legal_day
from core.errors import DomainError
from core.idempotency.web import submit_once
from core.web.types import Request
from listings.rules.suggestions import WORDS, Act
from listings.selectors import office
from listings.selectors.offering import portfolios as selectors
from listings.selectors.offering.portfolios import LIVES, SCORES, UNKNOWN, Overview
from listings.services.offering import portfolio
from listings.web.doors import keepers
from listings.web.picking import keys

A_PAGE = 30
POOL_PAGE = "/library/bundles/new/"
SCORE_WORDS = {
    "80": "80–100",
    "65": "65–80",
    "50": "50–65",
    "40": "40–50",
    "0": lazy("不到 40"),
    UNKNOWN: lazy("未评分"),
}
LIFE_WORDS = {
    "0": lazy("不到 1 年"),
    "1": lazy("1–3 年"),
    "3": lazy("3–5 年"),
    "5": lazy("5–10 年"),
    "10": lazy("10 年以上"),
    UNKNOWN: lazy("不清楚"),
}
DO = {
    Act.LIST: lazy("挂牌勾选的"),
    Act.OPEN: lazy("为勾选的准备开放许可推介表"),
    Act.POOL: lazy("把勾选的组成组合"),
    Act.TRANSFER: lazy("为勾选的准备转让推介表"),
    Act.LAPSE: lazy("不再维持勾选的"),
}
DID = {
    Act.LIST: lazy("已挂牌 %(n)d 件，正在匹配并推送给企业。"),
    Act.OPEN: lazy("已建 %(n)d 份推介表草稿，方式为开放许可；定价并声明后生效。"),
    Act.TRANSFER: lazy("已建 %(n)d 份推介表草稿，方式为转让；补充后挂牌。"),
    Act.LAPSE: lazy("已决定不再维持 %(n)d 件，不再提醒缴费；到期前可在年费页撤回。"),
}
LEFT, TOP, CELL_W, CELL_H = 92, 34, 104, 46


def matrix(found: Overview) -> dict[str, Any]:
    """The matrix as squares and as a table; rows and columns that hold nothing unknown are left."""
    counts = {(cell.score, cell.life): cell.count for cell in found.cells}
    scores = [code for code, *_rest in SCORES]
    lives = [code for code, *_rest in LIVES]
    scores += [UNKNOWN] if any(s == UNKNOWN for s, _l in counts) else []
    lives += [UNKNOWN] if any(life == UNKNOWN for _s, life in counts) else []
    most = max(counts.values(), default=1)
    rows = [
        {
            "label": SCORE_WORDS[score],
            "text_y": TOP + y * CELL_H + CELL_H // 2 + 5,
            "cells": [
                {
                    "count": (n := counts.get((score, life), 0)),
                    "url": f"?score={score}&life={life}#rows",
                    "x": LEFT + x * CELL_W,
                    "y": TOP + y * CELL_H,
                    "text_x": LEFT + x * CELL_W + CELL_W // 2 - 1,
                    "shade": f"{0.12 + 0.88 * n / most:.2f}" if n else "0",
                    "is_dark": n / most > 0.45,
                    "words": _("潜力 %(s)s，剩余 %(l)s：%(n)d 件")
                    % {"s": SCORE_WORDS[score], "l": LIFE_WORDS[life], "n": n},
                }
                for x, life in enumerate(lives)
            ],
        }
        for y, score in enumerate(scores)
    ]
    columns = [
        {"label": LIFE_WORDS[life], "x": LEFT + x * CELL_W + CELL_W // 2 - 1}
        for x, life in enumerate(lives)
    ]
    return {
        "rows": rows,
        "columns": columns,
        "width": LEFT + len(lives) * CELL_W,
        "height": TOP + len(scores) * CELL_H,
        "cell_w": CELL_W - 3,
        "cell_h": CELL_H - 3,
        "label_x": LEFT - 10,
        "head_y": TOP - 12,
    }


@require_GET
@keepers
def overview(request: Request) -> HttpResponse:
    """The portfolio, and exactly the rows behind what was chosen."""
    on, viewer = legal_day(timezone.now()), request.actor
    asked = {name: request.GET.get(name, "")[:8] for name in ("score", "life", "idle", "act")}
    rows = selectors.narrowed(
        selectors.holdings(viewer=viewer),
        on=on,
        score=asked["score"],
        life=asked["life"],
        idle=asked["idle"] == "1",
    )
    if asked["idle"] == "dry":
        rows = selectors.dry(rows, viewer=viewer, on=on)
    act = asked["act"] if asked["act"] in set(Act) else ""
    ideas, counts = selectors.suggested(rows, viewer=viewer, on=on, act=act)
    page = Paginator(ideas, A_PAGE).get_page(request.GET.get("page"))
    found = selectors.overview(viewer=viewer, on=on)
    context = {
        "found": found,
        "matrix": matrix(found),
        "rows": [_line(row) for row in selectors.page_rows(page, on=on)],
        "page": page,
        "asked": asked,
        "act": act,
        "do": DO.get(Act(act)) if act else "",
        "action": _action(act),
        "tabs": _tabs(request, act, counts),
        "narrowed": _narrowed(asked),
    }
    return render(request, "listings/portfolio.html", context)


def _line(row: selectors.Row) -> dict[str, Any]:
    return {"card": row, "offer": dict(office.OFFERS).get(row.listing_status, "")}


def _action(act: str) -> str:
    """Where the chosen ones are sent; nowhere while bundles have no page."""
    if act != Act.POOL:
        return reverse("listings:portfolio-act")
    try:
        resolve(POOL_PAGE)
    except Resolver404:
        return ""
    return POOL_PAGE


def _tabs(request: Request, act: str, counts: dict[str, int]) -> list[dict[str, Any]]:
    """All, and each suggestion, with the other choices kept."""
    kept = QueryDict(mutable=True)
    for name in ("score", "life", "idle"):
        if value := request.GET.get(name, "")[:8]:
            kept[name] = value
    tabs: list[dict[str, Any]] = []
    for code, label in {"": _("全部"), **{a.value: WORDS[a] for a in Act}}.items():
        kept["act"] = code
        tabs.append(
            {
                "url": f"?{kept.urlencode()}#rows",
                "label": label,
                "count": counts.get(code) if code else None,
                "current": code == act,
            }
        )
    return tabs


def _narrowed(asked: dict[str, str]) -> str:
    """What the rows were narrowed to, in words."""
    said = []
    if asked["score"] in SCORE_WORDS:
        said.append(_("潜力 %(s)s") % {"s": SCORE_WORDS[asked["score"]]})
    if asked["life"] in LIFE_WORDS:
        said.append(_("剩余保护期 %(l)s") % {"l": LIFE_WORDS[asked["life"]]})
    if asked["idle"] == "1":
        said.append(_("在缴费而没有许可或转化"))
    elif asked["idle"] == "dry":
        said.append(_("有许可或转化，近一年没有到账"))
    return "，".join(said)


@require_POST
@keepers
def act(request: Request) -> HttpResponse:
    """Do for the chosen patents what was suggested."""
    wanted = request.POST.get("act", "")[:12]
    back = f"{reverse('listings:portfolio')}?act={wanted if wanted in set(Act) else ''}#rows"
    chosen = keys(request.POST.getlist("patent"))

    def command() -> str:
        found = portfolio.act_on(
            act=wanted,
            patent_ids=chosen,
            reason=request.POST.get("reason", ""),
            by=request.actor,
            now=timezone.now(),
        )
        if found.done:
            messages.success(request, DID[Act(wanted)] % {"n": found.done})
        if found.refused:
            why = next(iter(found.refused.values()))
            said = _("%(n)d 件没有办理，例如：%(why)s") % {"n": len(found.refused), "why": why}
            messages.warning(request, said)
        return back

    try:
        return submit_once(request, command)
    except DomainError as refusal:
        fields = getattr(refusal, "fields", None) or {}
        said = "".join(message for found in fields.values() for message in found)
        messages.warning(request, said or refusal.message)
        return redirect(back)


urlpatterns = [
    path("library/portfolio/", overview, name="portfolio"),
    path("library/portfolio/act/", act, name="portfolio-act"),
]
