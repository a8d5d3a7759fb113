"""Why this one, why not that one, and what else there is."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_GET

from core.errors import Missing
from core.web.doors import login_needed
from core.web.types import Request
from matching import rules, selectors
from matching.rules.whynot import Answer, Filter
from matching.selectors import MatchCard
from matching.selectors import explaining as asked
from matching.selectors import whynot as asking
from matching.types import Demand, DemandKind
from matching.web import words
from matching.web.doors import for_demand_side

PASSAGES: dict[str, Any] = {
    "title": lazy("名称"),
    "problem": lazy("技术问题"),
    "targets": lazy("目标指标"),
    "situation": lazy("应用场景"),
    "keywords": lazy("关键词"),
    "text": lazy("关注内容"),
    "solves": lazy("解决什么问题"),
    "how": lazy("怎样解决"),
    "benefit": lazy("效果与数据"),
    "abstract": lazy("摘要"),
}
FILTERS: dict[Filter, tuple[Any, Any]] = {
    Filter.NOT_LIVE: (
        lazy("这条需求或订阅没有在匹配"),
        lazy("需求要开放征集、订阅要在推送中，才会参加匹配。"),
    ),
    Filter.SWITCHED_OFF: (
        lazy("您关闭了个性化推荐"),
        lazy("可在“消息”页重新打开，下一次请求即生效。"),
    ),
    Filter.NOT_LISTED: (
        lazy("这件专利没有在架"),
        lazy("权利人还没有挂牌，或已撤回。可收藏它，上架时会提醒。"),
    ),
    Filter.NOT_FREE: (
        lazy("这件专利目前被占用"),
        lazy("有独占许可、质押、保全或失效等情形，解除后会自动参加匹配。"),
    ),
    Filter.OWN: (lazy("这是贵单位自己的专利"), lazy("自己的专利不推荐给自己。")),
    Filter.SHARED: (lazy("贵单位是共有权利人"), lazy("共有人可以自行实施，不作推荐。")),
    Filter.OPTED_PATENT: (
        lazy("贵单位屏蔽了这件专利"),
        lazy("可在“不再推荐的内容”里恢复。"),
    ),
    Filter.OPTED_HOLDER: (
        lazy("贵单位屏蔽了这家权利人"),
        lazy("可在“不再推荐的内容”里恢复。"),
    ),
}
assert FILTERS.keys() == set(Filter)
LACKING: dict[str, Any] = {
    "text": lazy("两边没有共同的技术词，意思也不相近。可在需求里补上对方会用的术语。"),
    "class": lazy(
        "行业与 IPC 分类没有加分：一方没有填写，或对不上。可核对所选行业，或补填 IPC 分类。"
    ),
    "terms": lazy("阶段、价格与许可方式没有加分：一方没有填写，或条件不合。"),
}


def sides(card: MatchCard) -> list[dict[str, Any]]:
    """Both texts of a match as its page lays them side by side."""
    mine, theirs = asked.both_texts(card)
    is_need = card.demand.kind.value == "need"
    return [
        {"label": _("贵单位的需求") if is_need else _("贵单位的订阅"), "passages": _named(mine)},
        {"label": _("这件专利"), "passages": _named(theirs)},
    ]


def _named(passages: list[tuple[str, str]]) -> list[dict[str, Any]]:
    return [{"label": PASSAGES[code], "text": text} for code, text in passages]


@require_GET
@login_needed
def alternatives(request: Request, pk: int) -> HttpResponse:
    """What is like the matched patent: a fragment of its page, and a page of its own."""
    card = selectors.card(pk, viewer=request.actor)
    if card is None:
        raise Missing(_("这条匹配已经不在了。"))
    rows = [
        {
            "patent": one.patent,
            "url": reverse("matching:match", kwargs={"pk": one.match_id})
            if one.match_id
            else f"/patents/{one.patent.id}/",
            "is_match": one.match_id is not None,
            "likeness": round(one.likeness * 100),
            "words": one.words,
            "meta": [one.patent.organisation_name, words.price_of(one.patent)],
        }
        for one in asked.alternatives(card, viewer=request.actor)
    ]
    page = "matching/alternatives.html" + ("#rows" if request.htmx else "")
    return render(request, page, {"rows": rows, "card": card})


@require_GET
@for_demand_side
def why_not(request: Request) -> HttpResponse:
    """A firm asks about a patent it knows: refused by what, how many points, which place."""
    labels = {DemandKind.NEED: _("需求：%(name)s"), DemandKind.SUBSCRIPTION: _("订阅：%(name)s")}
    demands = [
        (demand.key, labels[demand.kind] % {"name": name})
        for demand, name in asking.demands(viewer=request.actor)
    ]
    chosen = request.GET.get("demand", "")
    text = request.GET.get("patent", "").replace("\x00", "").strip()
    known = chosen in {key for key, _label in demands}
    context: dict[str, Any] = {
        "demands": demands,
        "demand": chosen if known else "",
        "patent": text[: asking.LONGEST],
        "problem": "",
        "longest": asking.LONGEST,
    }
    if text and known:
        found = asking.patent_named(text, viewer=request.actor)
        if found is None:
            context["problem"] = _(
                "平台上没有找到这件公开的专利。请核对专利号，或打开它的专利页，复制整个网址。"
            )
        else:
            answer = asking.why_not(Demand.of_key(chosen), patent=found, viewer=request.actor)
            context["found"] = shown(answer)
    elif request.GET and not known:
        context["problem"] = _("请先选择一条需求或订阅。")
    elif request.GET.get("patent") is not None:
        context["problem"] = _("请填写专利号，或粘贴专利页的网址。")
    return render(request, "matching/why_not.html", context)


def shown(found: asking.WhyNot) -> dict[str, Any]:
    """The answer as people read it."""
    floor = int(rules.FLOOR)
    headlines = {
        Answer.REFUSED: _("被筛选挡下，没有打分"),
        Answer.BELOW: _("%(score)d 分，不到进入列表的 %(floor)d 分"),
        Answer.BEHIND: _("%(score)d 分，列表已被更合适的占满（第 %(keep)d 名 %(last)d 分）"),
        Answer.COMING: _("%(score)d 分，够进入列表，下一次计算后就会出现"),
        Answer.IN: _("已在列表里：第 %(rank)d 名，%(score)d 分"),
    }
    facts = {
        "score": found.score or 0,
        "floor": floor,
        "keep": rules.KEEP,
        "last": rules.whole_score(found.last_ticks or 0),
        "rank": found.rank or 0,
    }
    return {
        "patent": found.patent,
        "demand_name": found.demand_name,
        "headline": headlines[found.answer] % facts,
        "tone": "ok" if found.answer in {Answer.IN, Answer.COMING} else "warn",
        "refusals": [FILTERS[code] for code in found.refusals],
        "bars": [words.bar(bar) for bar in found.bars],
        "sum": " + ".join(str(bar.points) for bar in found.bars).replace("+ -", "− "),
        "score": found.score,
        "lacking": [LACKING[code] for code in found.absent],
        "short": max(0, floor - (found.score or 0)) if found.answer is Answer.BELOW else 0,
        "match_url": reverse("matching:match", kwargs={"pk": found.match_id})
        if found.match_id
        else "",
        "push_floor": int(rules.PUSH_FLOOR),
        "rings": found.ticks is not None and rules.worth_pushing(found.ticks, min_score=0),
    }


urlpatterns = [
    path("matches/why-not/", why_not, name="why-not"),
    path("matches/<int:pk>/alternatives/", alternatives, name="alternatives"),
]
