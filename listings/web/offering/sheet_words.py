"""A sheet in words: what pages, papers and comparisons of versions say of each part."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from core.templatetags.ui import wan, yuan
from core.text import diffs
from core.text.diffs import Piece
from listings.filters import word_for
from listings.rules import sheet_text
from listings.types import Gain

LABELS: dict[str, str] = {
    "summary": "一句话简介",
    "problem": "解决什么问题",
    "how": "怎样解决",
    "benefit": "效果与数据",
    "gains": "量化收益",
    "contrasts": "与常规方案对比",
    "scenes": "应用场景",
    "maturity": "成熟程度",
    "trl": "技术成熟度等级",
    "routes": "希望的转化方式",
    "asking_price": "意向价格",
    "contact": "联系方式",
    "files": "附件",
}


def gain_line(gain: Gain) -> str:
    """升温时间 7 分钟（对照：加热膜 23 分钟）"""
    head = f"{gain.quantity} {gain_amount(gain)}"
    return f"{head}（对照：{gain.against}）" if gain.against else head


def gain_amount(gain: Gain) -> str:
    """7 分钟, 40%"""
    return f"{sheet_text.plain(gain.value)}{_spaced(gain.unit)}"


def _spaced(unit: str) -> str:
    return unit if unit in {"%", "％", "‰", "℃", "°"} or not unit else f" {unit}"


def price_words(price: str | Decimal | None) -> str:
    if price is None:
        return "面议"
    amount = Decimal(str(price))
    if not amount:
        return "免费"
    return str(wan(amount)) if amount >= 10_000 else str(yuan(amount))


def in_words(name: str, content: Mapping[str, Any], file_names: Mapping[int, str]) -> str:
    """One part of a stored text, as one text."""
    value = content.get(name)
    if name == "asking_price":
        return price_words(value)
    if not value:
        return ""
    if name == "gains":
        return "\n".join(gain_line(gain) for gain in sheet_text.gains_of(value))
    if name == "contrasts":
        return "\n".join(
            f"{row.aspect}：常规 {row.usual}；本方案 {row.ours}"
            for row in sheet_text.contrasts_of(value)
        )
    if name == "scenes":
        return "\n".join(value)
    if name == "routes":
        return "、".join(str(word_for("mode", route)) for route in value)
    if name == "trl":
        return f"{value} 级"
    if name == "files":
        return "\n".join(file_names.get(key, f"附件 {key}") for key in value)
    return str(value)


@dataclass(frozen=True, slots=True)
class Change:
    """One part that differs between two texts."""

    label: str
    before: str
    after: str
    pieces: list[Piece]


def changes(
    before: Mapping[str, Any] | None,
    after: Mapping[str, Any],
    file_names: Mapping[int, str] | None = None,
) -> list[Change]:
    """The parts that differ, with the pieces that came and went."""
    found = []
    for name, label in LABELS.items():
        old = in_words(name, before, file_names or {}) if before is not None else ""
        new = in_words(name, after, file_names or {})
        if old != new:
            pieces = diffs.pieces(old, new) if before is not None else [Piece("same", new)]
            found.append(Change(label, old, new, pieces))
    return found
