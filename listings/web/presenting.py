"""What pages show of a patent, in words."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from core.reference import selectors as reference
from core.templatetags.ui import wan
from listings.filters import word_for
from listings.types import (
    Action,
    Blocker,
    EncumbranceCard,
    EncumbranceKind,
    PatentCard,
    PatentStatus,
    TimelineEntry,
    hard,
)
from listings.web.marking import HAN, marked, snippet

ACTIONS = {
    Action.PUBLISH: lazy("挂牌展示"),
    Action.DECLARE_OPEN: lazy("声明开放许可"),
    Action.LICENSE_ORDINARY: lazy("普通许可"),
    Action.LICENSE_SOLE: lazy("排他许可"),
    Action.LICENSE_EXCLUSIVE: lazy("独占许可"),
    Action.PLEDGE: lazy("质押"),
    Action.TRANSFER: lazy("转让"),
}
STATUS_TONES = {
    PatentStatus.UNVERIFIED: "warn",
    PatentStatus.PENDING: "wait",
    PatentStatus.GRANTED: "ok",
    PatentStatus.LAPSED: "danger",
    PatentStatus.EXPIRED: "muted",
    PatentStatus.INVALID: "danger",
    PatentStatus.ABANDONED: "muted",
}
TIMELINE_TONES = {
    "GR": "ok",
    "CF": "danger",
    "IW": "danger",
    "PP": "warn",
    "RR": "ok",
    "PE": "warn",
    "AV": "danger",
    "CX": "muted",
    "TR": "info",
    "TC": "info",
}


WHY = {
    "number": lazy("号码相符"),
    "close": lazy("写法相近"),
    "meaning": lazy("意思相近"),
    "foreign": lazy("译名相近 · 外文"),
}
OWN_KEY = re.compile(r"[a-z_]+:\d+")
SOURCES = {
    "gazette": lazy("专利公报"),
    "import": lazy("清单导入"),
    "licensing": lazy("平台许可记录"),
    "pledges": lazy("平台质押登记"),
    "platform": lazy("平台记录"),
}


@dataclass(frozen=True)
class Shown:
    """One patent on a list."""

    id: int
    url: str
    title: SafeString | str
    text: SafeString | str
    meta: list[str]
    status_label: str
    status_tone: str
    price: str
    modes: list[str]
    is_open: bool
    is_sample: bool
    why: str = ""  # what found it, where no word of the question is marked


def is_foreign(title: str, query: str) -> bool:
    """Whether one is in Chinese and the other has no Chinese character."""
    return bool(HAN.search(title)) != bool(HAN.search(query))


def price_of(card: PatentCard) -> str:
    if card.asking_price is None:
        return _("面议")
    return _("免费") if card.asking_price == 0 else wan(card.asking_price)


def layer_of(card: PatentCard) -> str:
    """The layer in words; one that a person chose says so."""
    label = str(word_for("layer", card.layer))
    return _("%(layer)s（人工）") % {"layer": label} if card.layer_by_hand else label


def modes_of(card: PatentCard) -> list[str]:
    modes = [str(word_for("mode", route)) for route in card.routes]
    if card.is_declared:
        modes = [
            str(word_for("mode", "open")),
            *(m for m in modes if m != str(word_for("mode", "open_licence"))),
        ]
    return modes


def shown(card: PatentCard, query: str = "", why: str = "") -> Shown:
    """A card as lists show it, with the query's words marked, or said what else found it."""
    place = reference.region_name(card.region[:2].ljust(6, "0")) if card.region else ""
    holders = "、".join(card.holder_names[:2]) + (_("等") if len(card.holder_names) > 2 else "")
    body = card.summary or card.problem or card.benefit or card.abstract
    if query and query.lower() not in body.lower() and query.lower() in card.abstract.lower():
        body = card.abstract
    return Shown(
        id=card.id,
        url=reverse("listings:patent", kwargs={"pk": card.id}),
        title=marked(card.title, query) if query else card.title,
        text=snippet(body, query),
        meta=[
            part
            for part in (
                holders,
                place,
                _("成熟度 %(n)s 级") % {"n": card.trl} if card.trl else "",
                card.ipc[0] if card.ipc else "",
                card.printed or _("号码待核实"),
            )
            if part
        ],
        status_label=str(word_for("status", card.status)),
        status_tone=STATUS_TONES.get(PatentStatus(card.status), "muted"),
        price=price_of(card),
        modes=modes_of(card),
        is_open=card.is_declared,
        is_sample=card.is_sample,
        why=str(WHY[why]) if why else "",
    )


def facts(card: PatentCard) -> list[dict[str, Any]]:
    """The record of a patent as two columns."""
    classes = [
        f"{symbol} {reference.ipc_title(symbol[:4])}".strip() for symbol in card.ipc[:6]
    ] or list(card.locarno)
    industries = [f"{code} {reference.industry_name(code)}".strip() for code in card.industry_codes]
    rows: list[tuple[str, Any, str]] = [
        (_("申请号/专利号"), card.printed or _("待核实"), ""),
        (_("类型"), word_for("kind", card.kind), ""),
        (_("申请日"), _day(card.filed_on), ""),
        (_("授权公告日"), _day(card.granted_on), ""),
        (_("期限届满"), _day(card.expires_on), ""),
        (_("年费缴至"), _day(card.annuity_paid_to), ""),
        (_("分类号"), "；".join(classes), ""),
        (_("行业"), "；".join(industries), ""),
        (_("地区"), reference.region_name(card.region) if card.region else "", ""),
        (_("技术成熟度"), _("%(n)s 级（共 9 级）") % {"n": card.trl} if card.trl else "", ""),
    ]
    return [
        {"label": label, "value": value or "—", "note": note}
        for label, value, note in rows
        if value or label in {_("申请日"), _("年费缴至")}
    ]


def _day(value: date | None) -> str:
    return value.isoformat() if value else ""


def binding(card: EncumbranceCard) -> dict[str, str]:
    """What binds a patent, in plain words."""
    until = (
        _("到 %(day)s 为止") % {"day": card.ends_on.isoformat()}
        if card.ends_on
        else _("没有写明到期日")
    )
    words = {
        EncumbranceKind.OPEN_DECLARATION: _(
            "权利人已声明开放许可：任何单位和个人都可以按公告的条件取得普通许可。"
        ),
        EncumbranceKind.ORDINARY: _("已有单位取得普通许可；其他人仍可再取得普通许可。"),
        EncumbranceKind.SOLE: _("已有单位取得排他许可；除权利人自己外，其他人暂不能取得许可。"),
        EncumbranceKind.EXCLUSIVE: _("已有单位取得独占许可；其他人（包括权利人）暂不能实施。"),
        EncumbranceKind.PLEDGE: _("已质押给金融机构；转让和许可要先经质权人同意。"),
        EncumbranceKind.PRESERVATION: _("被法院保全；保全期间不能转让、许可或质押。"),
    }
    return {
        "text": words.get(EncumbranceKind(card.kind), ""),
        "term": _("自 %(start)s 起，%(until)s。")
        % {"start": card.starts_on.isoformat(), "until": until},
        "reference": register_number(card.reference),
    }


def register_number(reference: str) -> str:
    """A register's number; our own keys such as licence:12 are nobody's business."""
    return "" if OWN_KEY.fullmatch(reference) else reference


def free_of(abilities: list[dict[str, Any]]) -> list[str]:
    """What may be done without any remark."""
    return [str(ability["label"]) for ability in abilities if not ability["blockers"]]


def history(entries: list[TimelineEntry]) -> list[dict[str, Any]]:
    """The timeline, newest first, as the component takes it."""
    return [
        {
            "at": entry.on,
            "title": entry.label,
            "text": entry.detail,
            "by": " · ".join(
                part
                for part in (
                    register_number(entry.reference),
                    str(SOURCES.get(entry.source, "")),
                    _("%(day)s 登记") % {"day": entry.noted_on.isoformat()}
                    if entry.noted_on
                    else "",
                )
                if part
            ),
            "tone": TIMELINE_TONES.get(entry.code[:2], "muted"),
        }
        for entry in reversed(entries)
    ]


def json_ld(card: PatentCard, url: str) -> SafeString:
    """schema.org data of a public offer; text of ours only as escaped JSON."""
    offer: dict[str, Any] = {
        "@type": "Offer",
        "availability": "https://schema.org/InStock",
        "priceCurrency": "CNY",
        "url": url,
    }
    if card.asking_price is not None:
        offer["price"] = str(card.asking_price)
    body = {
        "@context": "https://schema.org",
        "@type": "Product",
        "name": card.title,
        "description": (card.problem or card.abstract)[:500],
        "category": list(card.ipc),
        "productID": f"CN:{card.number}" if card.number else "",
        "brand": [{"@type": "Organization", "name": name} for name in card.holder_names],
        "offers": offer,
    }
    text = json.dumps(body, ensure_ascii=False)
    for raw, escaped in (("<", "\\u003C"), (">", "\\u003E"), ("&", "\\u0026")):
        text = text.replace(raw, escaped)
    return mark_safe(f'<script type="application/ld+json">{text}</script>')


def abilities(found: Mapping[Action, list[Blocker]]) -> list[dict[str, Any]]:
    """For each thing one may want to do: whether it may be done, and every reason why not."""
    return [
        {
            "label": label,
            "may": not hard(found[action]),
            "blockers": found[action],
            "code": action.value,
        }
        for action, label in ACTIONS.items()
    ]
