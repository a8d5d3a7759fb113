"""A fee plan as a whole: put together part by part, said in one sentence."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal, InvalidOperation

from licensing.rules import fees
from licensing.rules.fees import (
    BASE_LABELS,
    FeePart,
    PartKind,
    Tier,
    money_text,
    percent_text,
)

MOST_PARTS = 12
ZERO = Decimal(0)
_P = PartKind
FIELDS: Mapping[PartKind, tuple[str, ...]] = {
    _P.LUMP: ("amount", "due_days"),
    _P.ENTRY: ("amount",),
    _P.INSTALMENT: ("amount", "due_days"),
    _P.RUNNING: ("base", "rate", "period_months", "floor", "cap", "total_cap", "tiers"),
    _P.MILESTONE: ("trigger", "amount", "due_days"),
    _P.DEFERRED: ("amount", "due_days", "trigger"),
    _P.FREE_UNTIL: ("free_months", "trigger"),
    _P.EQUITY: ("share",),
}
MEANINGS: Mapping[PartKind, str] = {
    _P.LUMP: "一笔付清，或约定几天后付清。",
    _P.ENTRY: "取得许可时先付的一笔，通常与提成搭配。",
    _P.INSTALMENT: "定额款分几次付，每次一项，各有付款期限。",
    _P.RUNNING: "按净销售额或利润的比例付，可以分档、设最低和最高。",
    _P.MILESTONE: "达到约定的里程碑，双方确认后才付。",
    _P.DEFERRED: "先使用后付费：用满若干天再付，也可以从约定的事件（例如首次销售）算起。",
    _P.FREE_UNTIL: "先免费后付费：免费到约定的月数或事件为止；两项都留空表示全程免费。",
    _P.EQUITY: "以专利作价入股，按比例持股，不付现金。",
}
_WORDS: Sequence[tuple[str, str]] = (
    ("付款期限", "due_days"),
    ("多少天", "due_days"),
    ("金额", "amount"),
    ("提成基数", "base"),
    ("各档", "tiers"),
    ("提成比例", "rate"),
    ("累计上限", "total_cap"),
    ("上限", "cap"),
    ("申报", "period_months"),
    ("里程碑时", "trigger"),
    ("股权", "share"),
    ("免费期", "free_months"),
)


def field_of(error: str, kind: PartKind) -> str | None:
    """Where on the part's form an error of `part_errors` can be mended."""
    said = error.partition("：")[2] or error
    found = next((name for word, name in _WORDS if word in said), None)
    return found if found in FIELDS[kind] else None


def tiers_from(text: str) -> tuple[Tier, ...]:
    """Tiers as people write them: one a line, from which sum on, at which rate. ValueError names
    the line that is none."""
    found = []
    for number, line in enumerate(filter(str.strip, text.splitlines()), start=1):
        words = line.replace(",", "").replace("，", " ").replace("%", " ").split()
        try:
            above, rate = (Decimal(word) for word in words)
        except (InvalidOperation, ValueError):
            raise ValueError(
                f"第 {number} 行“{line.strip()[:40]}”没有看懂，请写成“起点金额 比例”，"
                "例如：10000000 2。"
            ) from None
        if not (above.is_finite() and rate.is_finite()):
            raise ValueError(f"第 {number} 行“{line.strip()[:40]}”不是数字，请改正。")
        found.append(Tier(above, rate))
    return tuple(found)


def tiers_text(tiers: Iterable[Tier]) -> str:
    """The same, written out again."""
    return "\n".join(f"{t.above.normalize():f} {t.rate.normalize():f}" for t in tiers)


def plain(parts: Sequence[FeePart]) -> bool:
    """Whether the short form with its five modes can say all of it."""
    mode = fees.mode_of(parts)
    if mode not in fees.OFFERED_MODES:
        return False
    first, royal = parts[0], parts[-1]
    return tuple(parts) == fees.parts_for(
        mode,
        amount=first.amount,
        due_days=first.due_days,
        base=royal.base,
        rate=royal.rate,
        cap=royal.cap,
        floor=royal.floor,
    )


def sentence(parts: Sequence[FeePart], *, months: int | None = None) -> str:
    """The whole plan in one sentence that somebody who signs nothing else would understand."""
    clauses = [_clause(part) for part in parts]
    fixed = sum((p.amount for p in parts if fees.dated(p) and p.amount), ZERO)
    more = [p for p in parts if p.kind in (_P.MILESTONE, _P.RUNNING, _P.EQUITY) or p.trigger]
    term = f"在 {months} 个月的许可期内" if months else "在许可期内"
    told = f"{term}，被许可人{'；'.join(clauses)}"
    if fixed and len(parts) > 1:
        names = list(dict.fromkeys(fees.PART_LABELS[p.kind] for p in more))
        also = f"，另有{'、'.join(names)}" if names else "，此外不再付费"
        told += f"。无论销售多少都要付的合计 {money_text(fixed)}{also}"
    return f"{told}。"


def _clause(part: FeePart) -> str:
    amount = money_text(part.amount or ZERO)
    days = part.due_days
    match part.kind:
        case PartKind.FREE_UNTIL:
            if part.trigger:
                last = f"（最迟到第 {part.free_months} 个月末）" if part.free_months else ""
                return f"到“{part.trigger}”为止免费使用{last}"
            return "免费使用" if part.free_months is None else f"前 {part.free_months} 个月免费使用"
        case PartKind.RUNNING:
            return _royalty_clause(part)
        case PartKind.MILESTONE:
            return f"达到“{part.trigger}”并经确认后付 {amount}"
        case PartKind.EQUITY:
            return f"以 {percent_text(part.share or ZERO)} 的股权作为对价"
        case PartKind.DEFERRED:
            if part.trigger:
                return f"先使用，“{part.trigger}”后满 {days} 天时付 {amount}"
            return f"先使用，满 {days} 天时付 {amount}"
        case _:
            when = "取得许可时" if days == 0 else f"第 {days} 天前"
            return f"{when}付{fees.PART_LABELS[part.kind]} {amount}"


def _royalty_clause(part: FeePart) -> str:
    base = BASE_LABELS[part.base] if part.base else "收入"
    said = f"按{base}的 {percent_text(part.rate or ZERO)} 付提成"
    for tier in part.tiers:
        said += f"，一年中超过 {money_text(tier.above)} 的部分按 {percent_text(tier.rate)}"
    if part.floor is not None:
        said += f"，每年至少 {money_text(part.floor)}"
    if part.cap is not None:
        said += f"，每年至多 {money_text(part.cap)}"
    if part.total_cap is not None:
        said += f"，累计付满 {money_text(part.total_cap)} 为止"
    return said
