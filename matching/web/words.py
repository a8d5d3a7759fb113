"""What codes are called on pages, and how matches and needs are put into words."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from core.reference import selectors as reference
from core.templatetags.ui import wan
from listings.types import PatentCard
from matching.rules import noted
from matching.selectors import MatchCard
from matching.types import Bar, Ending, ListType, Rejection, Visibility

MODES: dict[str, Any] = {
    "open_licence": lazy("开放许可"),
    "ordinary": lazy("普通许可"),
    "sole": lazy("排他许可"),
    "exclusive": lazy("独占许可"),
    "transfer": lazy("转让"),
    "equity": lazy("作价入股"),
    "co_development": lazy("合作开发"),
    "try_first": lazy("先使用后付费"),
}
VISIBILITY: dict[str, Any] = {
    Visibility.PUBLIC.value: lazy("公开：任何人都能在“找需求”里看到"),
    Visibility.INDUSTRY.value: lazy("同行业：只有同一行业大类的机构能看到"),
    Visibility.MATCHED.value: lazy("不公开：只用于匹配，仅匹配到的权利人能看到"),
}
LISTS: dict[str, Any] = {
    ListType.FIRM.value: lazy("企业个性需求：一家单位自己的问题"),
    ListType.INDUSTRY.value: lazy("行业共性需求：一个行业共同缺的技术"),
    ListType.SCENARIO.value: lazy("应用场景清单：提供场景，征集可以落地的方案"),
}
ENDINGS: dict[str, Any] = {
    Ending.PLATFORM.value: lazy("由平台上的专利解决了"),
    Ending.OUTSIDE.value: lazy("在平台外找到了技术"),
    Ending.IN_HOUSE.value: lazy("自己解决了"),
    Ending.ABANDONED.value: lazy("不再需要"),
    Ending.OTHER.value: lazy("其他原因，停止征集"),
}
REJECTIONS: dict[str, Any] = {
    Rejection.TOO_EARLY.value: lazy("成熟度不够"),
    Rejection.OFF_TOPIC.value: lazy("技术方向不符"),
    Rejection.NO_ADVANTAGE.value: lazy("看不出优势"),
    Rejection.NO_ROUTE.value: lazy("商业化路径不清"),
    Rejection.PRICE.value: lazy("价格或条件不合适"),
    Rejection.UNCLEAR.value: lazy("介绍看不明白"),
}
ADVICE: dict[str, Any] = {
    Rejection.TOO_EARLY.value: lazy("可补充样机、中试或应用数据，或提供“先使用后付费”。"),
    Rejection.OFF_TOPIC.value: lazy("请核对 IPC 分类与行业标引，并写明适用的场景。"),
    Rejection.NO_ADVANTAGE.value: lazy("请在推介表中用数字与现有做法对比。"),
    Rejection.NO_ROUTE.value: lazy("请写明怎样落地：配套条件、投入、许可或合作方式。"),
    Rejection.PRICE.value: lazy("可考虑开放许可、分期或入门费加提成。"),
    Rejection.UNCLEAR.value: lazy("请用一两句大白话写清解决什么问题，少用权利要求的措辞。"),
}
TRL = [
    (1, lazy("1 基本原理")),
    (2, lazy("2 技术方案")),
    (3, lazy("3 关键功能验证")),
    (4, lazy("4 实验室验证")),
    (5, lazy("5 相关环境验证")),
    (6, lazy("6 样机演示")),
    (7, lazy("7 实际环境演示")),
    (8, lazy("8 定型试验")),
    (9, lazy("9 已有应用")),
]
PROSPECTS = [
    (5, lazy("5 很好，急需")),
    (4, lazy("4 较好")),
    (3, lazy("3 一般")),
    (2, lazy("2 较差")),
    (1, lazy("1 没有前景")),
]
LEAST_SCORES = [
    (0, lazy("按平台默认")),
    (40, lazy("40 分")),
    (50, lazy("50 分")),
    (60, lazy("60 分")),
    (70, lazy("70 分")),
]
STATES = [
    ("", lazy("全部")),
    ("new", lazy("未看过")),
    ("unrated", lazy("未评价")),
    ("pushed", lazy("推送来、未评价")),
    ("interested", lazy("感兴趣")),
    ("rejected", lazy("不适合")),
]
SORTS = [("score", lazy("匹配度")), ("new", lazy("最新"))]
NEED_TONES = {
    "draft": "muted",
    "refined": "wait",
    "open": "info",
    "matched": "ok",
    "solved": "ok",
    "closed": "muted",
}
MOVES = {"open": lazy("开放征集"), "finish": lazy("结束征集"), "renew": lazy("续期")}

BARS = {
    "text": lazy("文字与语义"),
    "class": lazy("分类与行业"),
    "terms": lazy("阶段与条件"),
    "past": lazy("历史评价"),
}
NOTES: dict[str, Any] = {
    "shared-words": lazy("共有的技术词"),
    "translated-meaning": lazy("译意相近"),
    "close-meaning": lazy("整体意思相近"),
    "same-topic": lazy("属于同一主题"),
    "shared-characters": lazy("用字相近，没有相同的技术词"),
    "near-meaning": lazy("意思略近"),
    "near-topic": lazy("主题略近"),
    "same-ipc": lazy("IPC 分类一致"),
    "industry-fits": lazy("行业与分类对应"),
    "same-industry": lazy("行业一致"),
    "mature-enough": lazy("成熟度达到要求"),
    "too-early": lazy("成熟度低于要求"),
    "price-within-budget": lazy("报价在预算内"),
    "price-above-budget": lazy("报价高于预算"),
    "licence-mode-fits": lazy("许可方式可接受"),
    "licence-mode-differs": lazy("许可方式不同"),
    "same-region": lazy("同一地区"),
    "fresh": lazy("近期上架"),
    "rated-before": lazy("您评价过这件专利"),
    "liked-field": lazy("您看好这个领域"),
    "disliked-field": lazy("您对这个领域评价较低"),
    "liked-holder": lazy("您看好这家权利人"),
    "disliked-holder": lazy("您对这家权利人评价较低"),
    "floor": lazy("得分不低于零"),
}
EVIDENCE_SHOWN = 8


def nearest_least(value: int) -> int:
    """The choice of the form that a stored least score falls under."""
    return max(least for least, _label in LEAST_SCORES if least <= value)


def price_of(card: PatentCard) -> str:
    if card.asking_price is None:
        return _("面议")
    return _("免费") if card.asking_price == 0 else wan(card.asking_price)


def mode_of(code: str) -> str:
    return str(MODES.get(code, code))


def trl_of(level: int | None) -> str:
    return "" if level is None else _("成熟度 %(n)s 级") % {"n": level}


def bar(item: Bar) -> dict[str, Any]:
    """One bar of a score as the reasons component draws it."""
    notes = []
    for code, evidence in item.notes:
        text = str(NOTES.get(code, code))
        if evidence and code in {"same-ipc", "industry-fits", "same-industry"}:
            text += "：" + "、".join(_class_name(code, e) for e in evidence[:3])
        if code == "translated-meaning" and evidence:
            text += "：" + "、".join(evidence)
        notes.append(text)
    points = f"{item.points}".replace("-", "−")
    return {
        "label": BARS[item.code],
        # Of all 100 points: lengths can be compared and add up, as the points do.
        "value": max(0.0, item.ticks / 1_000_000),
        "max": 1,
        "shown": points,
        "detail": "，".join(dict.fromkeys(notes)),
        "words": list(item.words[:EVIDENCE_SHOWN]),
    }


def _class_name(code: str, symbol: str) -> str:
    if code == "same-ipc":
        return short_title(symbol)
    return reference.industry_name(symbol)


def reason_rows(card: MatchCard) -> list[dict[str, Any]]:
    """Every single reason with its four decimals, which add up to the exact score."""
    return [
        {
            "label": NOTES.get(noted(row), row["code"]),
            "points": f"{int(row['ticks']) / 10_000:.4f}".replace("-", "−"),
            "evidence": "、".join(str(e) for e in (row.get("evidence") or [])[:EVIDENCE_SHOWN]),
        }
        for row in card.reasons
    ]


def short_title(symbol: str) -> str:
    """A class with the first part of its title: "F16L 管子"."""
    return f"{symbol} {re.split('[；;，,]', reference.ipc_title(symbol))[0]}".strip()


def shown(
    card: MatchCard, *, kept: Collection[int] = frozenset(), declared: Collection[int] = frozenset()
) -> dict[str, Any]:
    """One match as lists and its page show it; `declared` patents are on open licence now."""
    patent = card.patent
    is_open = patent.id in declared
    wish = patent.licence_mode == "open_licence" and not is_open
    holder = "、".join(patent.holder_names[:2]) or patent.organisation_name
    return {
        "id": card.id,
        "pk": patent.id,
        "card": card,
        "patent": patent,
        "url": reverse("matching:match", kwargs={"pk": card.id}),
        "title": patent.title,
        "score": card.score,
        "exact": f"{card.ticks / 10_000:.4f}",
        "meta": [
            holder,
            trl_of(patent.trl),
            price_of(patent),
            _("拟开放许可") if wish else mode_of(patent.licence_mode),
        ],
        "text": patent.problem or patent.benefit or patent.abstract,
        "bars": [bar(item) for item in card.bars],
        "sum": card.sum_shown,
        "is_open": is_open,
        "is_favourite": patent.id in kept,
        "evaluation": card.evaluation,
        "reason_label": REJECTIONS.get(card.evaluation.reason, "") if card.evaluation else "",
        "demand_url": demand_url(card),
    }


def demand_url(card: MatchCard) -> str:
    name = "matching:need" if card.demand.kind.value == "need" else "matching:subscription"
    return reverse(name, kwargs={"pk": card.demand.id})


def need_facts(need: Any) -> list[dict[str, Any]]:
    """The conditions of a need, only those that were given."""
    rows: Sequence[tuple[Any, Any]] = [
        (_("行业"), "、".join(reference.industry_name(code) for code in need.industry_codes)),
        (_("所在地区"), reference.region_name(need.region) if need.region else ""),
        (_("预算"), wan(need.budget) if need.budget is not None else ""),
        (_("期望完成日"), need.deadline.strftime("%Y-%m-%d") if need.deadline else ""),
        (_("最低成熟度"), _("%(n)s 级") % {"n": need.trl} if need.trl else ""),
        (_("可接受的方式"), "、".join(mode_of(mode) for mode in need.licence_modes)),
        ("IPC", "、".join(short_title(s) for s in need.ipc)),
    ]
    return [{"label": label, "value": value} for label, value in rows if value]


def need_meta(need: Any) -> list[str]:
    """The small grey line under a need's title."""
    industry = reference.industry_name(need.industry_codes[0]) if need.industry_codes else ""
    return [
        industry,
        reference.region_name(need.region[:4]) if need.region else "",
        _("预算 %(sum)s") % {"sum": wan(need.budget)} if need.budget is not None else "",
        _("%(day)s 前") % {"day": need.deadline.strftime("%Y-%m-%d")} if need.deadline else "",
    ]


def counted(pairs: Sequence[tuple[str, int]]) -> list[Mapping[str, Any]]:
    """Why firms said no, with what a holder can do about it."""
    return [{"label": REJECTIONS[c], "count": n, "advice": ADVICE[c]} for c, n in pairs]
