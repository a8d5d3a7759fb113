"""Fee plans 付费方案 made of parts: what each part means, what it costs, when it falls due.

A plan is a tuple of `FeePart`s. Sums are Decimal yuan, rounded half up to the fen; nothing
here knows how a part is stored. Every mode an open licence may announce (`FeeMode`) is one
way of putting parts together, and a plan that fits none of them is simply `COMPOSED`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum

from core import money

FEN = Decimal("0.01")
HUNDRED = Decimal(100)
LARGEST = Decimal("9999999999999999.99")


class PartKind(StrEnum):
    """What one part of a plan is."""

    LUMP = "lump"
    ENTRY = "entry"
    INSTALMENT = "instalment"
    RUNNING = "running"
    MILESTONE = "milestone"
    DEFERRED = "deferred"
    EQUITY = "equity"
    FREE_UNTIL = "free_until"


class RoyaltyBase(StrEnum):
    """What a running royalty 提成 is a share of."""

    NET_SALES = "net_sales"
    PROFIT = "profit"


class FeeMode(StrEnum):
    """How an open declaration announces its fee: what a reader filters by."""

    FREE = "free"
    FIXED = "fixed"
    RUNNING = "running"
    ENTRY_RUNNING = "entry_running"
    DEFERRED = "deferred"
    COMPOSED = "composed"


PART_LABELS: Mapping[PartKind, str] = {
    PartKind.LUMP: "一次总付",
    PartKind.ENTRY: "入门费",
    PartKind.INSTALMENT: "分期款",
    PartKind.RUNNING: "提成",
    PartKind.MILESTONE: "里程碑款",
    PartKind.DEFERRED: "先使用后付费",
    PartKind.EQUITY: "作价入股",
    PartKind.FREE_UNTIL: "免费使用",
}
BASE_LABELS: Mapping[RoyaltyBase, str] = {
    RoyaltyBase.NET_SALES: "净销售额",
    RoyaltyBase.PROFIT: "利润",
}
MODE_LABELS: Mapping[FeeMode, str] = {
    FeeMode.FREE: "免费",
    FeeMode.FIXED: "固定费用",
    FeeMode.RUNNING: "提成",
    FeeMode.ENTRY_RUNNING: "入门费加提成",
    FeeMode.DEFERRED: "先使用后付费",
    FeeMode.COMPOSED: "组合方案",
}
OFFERED_MODES = (
    FeeMode.FREE,
    FeeMode.FIXED,
    FeeMode.RUNNING,
    FeeMode.ENTRY_RUNNING,
    FeeMode.DEFERRED,
)
_SHAPES: Mapping[tuple[PartKind, ...], FeeMode] = {
    (PartKind.FREE_UNTIL,): FeeMode.FREE,
    (PartKind.LUMP,): FeeMode.FIXED,
    (PartKind.RUNNING,): FeeMode.RUNNING,
    (PartKind.ENTRY, PartKind.RUNNING): FeeMode.ENTRY_RUNNING,
    (PartKind.DEFERRED,): FeeMode.DEFERRED,
}
SUMS = frozenset(
    {PartKind.LUMP, PartKind.ENTRY, PartKind.INSTALMENT, PartKind.MILESTONE, PartKind.DEFERRED}
)
DATED = SUMS - {PartKind.MILESTONE}


class Currency(StrEnum):
    """What a plan is reckoned in: currencies of a hundred parts, so one rounding rule holds."""

    CNY = "CNY"
    USD = "USD"
    EUR = "EUR"
    HKD = "HKD"
    GBP = "GBP"


CURRENCY_LABELS: Mapping[Currency, str] = {
    Currency.CNY: "元",
    Currency.USD: "美元",
    Currency.EUR: "欧元",
    Currency.HKD: "港元",
    Currency.GBP: "英镑",
}
PERIODS = (1, 3, 6, 12)  # months: what divides a contract year


@dataclass(frozen=True, slots=True)
class Tier:
    """From this much in a contract year on, what lies above it bears this rate."""

    above: Decimal
    rate: Decimal


@dataclass(frozen=True, slots=True)
class FeePart:
    """One part of a plan. Which fields it needs depends on its kind: see `part_errors`."""

    kind: PartKind
    amount: Decimal | None = None
    due_days: int = 0
    base: RoyaltyBase | None = None
    rate: Decimal | None = None
    cap: Decimal | None = None
    floor: Decimal | None = None
    trigger: str = ""
    free_months: int | None = None
    share: Decimal | None = None
    tiers: tuple[Tier, ...] = ()
    total_cap: Decimal | None = None
    period_months: int = 12


@dataclass(frozen=True, slots=True)
class Due:
    """A sum and the day it falls due; without `at_conclusion` sums paid no licence arises."""

    kind: PartKind
    amount: Decimal
    due_on: date
    at_conclusion: bool


def yuan(amount: Decimal) -> Decimal:
    """The sum rounded half up to the fen."""
    return amount.quantize(FEN, rounding=ROUND_HALF_UP)


def money_text(amount: Decimal) -> str:
    """A sum as people read it: 15,000 元, 10 万元, 1.5 万元."""
    if amount >= 10_000 and amount % 100 == 0:
        return f"{(amount / 10_000).normalize():,f} 万元"
    return money.yuan(amount)


def exact_text(amount: Decimal, currency: str = "") -> str:
    """A sum to the fen, as formulas show it: 1,234.50, or 20,000 美元 where a currency is named."""
    text = money.exact_sum(amount)
    return f"{text} {CURRENCY_LABELS[Currency(currency)]}" if currency else text


def percent_text(rate: Decimal) -> str:
    """3.50 → 3.5%."""
    return f"{rate.normalize():f}%"


def part_errors(part: FeePart) -> list[str]:
    """Everything that keeps this part from meaning something, in words for its author."""
    label = PART_LABELS[part.kind]
    errors: list[str] = []
    if part.kind in SUMS and (part.amount is None or not 0 < part.amount <= LARGEST):
        errors.append(f"{label}：请填写大于 0 的金额（元）。")
    if part.amount is not None and part.amount != yuan(part.amount):
        errors.append(f"{label}：金额最多两位小数。")
    if part.due_days < 0:
        errors.append(f"{label}：付款期限不能早于通知送达。")
    if part.kind is PartKind.DEFERRED and part.due_days < 1:
        errors.append(f"{label}：请填写使用多少天后付款（至少 1 天）。")
    if part.kind is PartKind.RUNNING:
        errors += _royalty_errors(part, label)
    if part.kind is PartKind.MILESTONE and not part.trigger.strip():
        errors.append(f"{label}：请写明达到什么里程碑时付款。")
    if part.kind is PartKind.EQUITY and (part.share is None or not 0 < part.share <= HUNDRED):
        errors.append(f"{label}：请填写 0 到 100 之间的股权比例。")
    if part.free_months is not None and part.free_months < 1:
        errors.append(f"{label}：免费期至少 1 个月；全程免费请留空。")
    return errors


def _royalty_errors(part: FeePart, label: str) -> list[str]:
    errors = []
    if part.base is None:
        errors.append(f"{label}：请选择提成基数（净销售额或利润）。")
    if part.rate is None or not 0 < part.rate <= HUNDRED:
        errors.append(f"{label}：请填写 0 到 100 之间的提成比例（%）。")
    if any(limit is not None and limit <= 0 for limit in (part.cap, part.floor)):
        errors.append(f"{label}：每年的上限和下限应大于 0，没有则留空。")
    if part.cap is not None and part.floor is not None and part.cap < part.floor:
        errors.append(f"{label}：每年的上限不能低于下限。")
    if part.total_cap is not None and part.total_cap <= 0:
        errors.append(f"{label}：累计上限应大于 0，没有则留空。")
    if part.period_months not in PERIODS:
        errors.append(f"{label}：请按月、季、半年或年申报。")
    return errors + _tier_errors(part, label)


def _tier_errors(part: FeePart, label: str) -> list[str]:
    errors, before = [], Decimal(0)
    for tier in part.tiers:
        if tier.above <= before or tier.above > LARGEST or tier.above != yuan(tier.above):
            errors.append(f"{label}：各档起点应大于 0、最多两位小数，并逐档增大。")
        if not 0 <= tier.rate <= HUNDRED:
            errors.append(f"{label}：各档比例应在 0 到 100 之间。")
        before = tier.above
    return errors


def plan_errors(parts: Sequence[FeePart]) -> list[str]:
    """Everything wrong with the plan as a whole and with each of its parts."""
    if not parts:
        return ["请选择一种付费方式。"]
    errors = [error for part in parts for error in part_errors(part)]
    free = [p for p in parts if p.kind is PartKind.FREE_UNTIL]
    forever_free = any(p.free_months is None and not p.trigger for p in free)
    if forever_free and len(parts) > 1:
        errors.append("全程免费的方案不能再收取其他费用。")
    if sum(p.kind is PartKind.RUNNING for p in parts) > 1:
        errors.append("一个方案只能有一项提成。")
    if len(free) > 1:
        errors.append("一个方案只能有一项免费使用。")
    return errors


def mode_of(parts: Sequence[FeePart]) -> FeeMode:
    """The announced mode these parts make up. What begins by an event is a plan of its own."""
    if any(part.trigger for part in parts):
        return FeeMode.COMPOSED
    return _SHAPES.get(tuple(part.kind for part in parts), FeeMode.COMPOSED)


def parts_for(
    mode: FeeMode,
    *,
    amount: Decimal | None = None,
    due_days: int = 0,
    base: RoyaltyBase | None = None,
    rate: Decimal | None = None,
    cap: Decimal | None = None,
    floor: Decimal | None = None,
) -> tuple[FeePart, ...]:
    """The parts of one of the modes an open declaration offers."""
    running = FeePart(PartKind.RUNNING, base=base, rate=rate, cap=cap, floor=floor)
    match mode:
        case FeeMode.FREE:
            return (FeePart(PartKind.FREE_UNTIL),)
        case FeeMode.FIXED:
            return (FeePart(PartKind.LUMP, amount=amount),)
        case FeeMode.RUNNING:
            return (running,)
        case FeeMode.ENTRY_RUNNING:
            return (FeePart(PartKind.ENTRY, amount=amount), running)
        case FeeMode.DEFERRED:
            return (FeePart(PartKind.DEFERRED, amount=amount, due_days=due_days),)
        case FeeMode.COMPOSED:
            raise ValueError("A composed plan is given by its parts.")


def schedule(parts: Sequence[FeePart], *, served_on: date) -> tuple[Due, ...]:
    """Every sum with a date of its own, earliest first.

    Royalties, milestones and shares have no date yet: they come with a report of their own, and
    so does what begins by an event.
    """
    dues = [
        Due(
            part.kind,
            yuan(part.amount),
            served_on + timedelta(days=part.due_days),
            at_conclusion=part.due_days == 0,
        )
        for part in parts
        if dated(part) and part.amount is not None
    ]
    return tuple(sorted(dues, key=lambda due: due.due_on))


def dated(part: FeePart) -> bool:
    """Whether the part is a sum whose day is known from the start."""
    return part.kind in DATED and not part.trigger


def due_at_conclusion(dues: Sequence[Due]) -> Decimal:
    """What must be paid, with the notice, for the licence to arise (PL51)."""
    return sum((due.amount for due in dues if due.at_conclusion), Decimal(0))


def royalty(part: FeePart, base_amount: Decimal) -> Decimal:
    """One year's royalty on what was earned, within the part's floor and caps."""
    if part.rate is None:
        raise ValueError("A royalty needs its rate.")
    bounds = [Decimal(0), *(tier.above for tier in part.tiers), max(base_amount, Decimal(0))]
    rates = [part.rate, *(tier.rate for tier in part.tiers)]
    exact = sum(
        (
            max(min(high, bounds[-1]) - low, Decimal(0)) * rate
            for low, high, rate in zip(bounds[:-1], bounds[1:], rates, strict=True)
        ),
        Decimal(0),
    )
    earned = yuan(exact / HUNDRED)
    if part.floor is not None:
        earned = max(earned, part.floor)
    if part.cap is not None:
        earned = min(earned, part.cap)
    if part.total_cap is not None:
        earned = min(earned, part.total_cap)
    return yuan(earned)


def first_year(parts: Sequence[FeePart], *, base_amount: Decimal) -> Decimal:
    """What a licensee would pay within 365 days of the notice on this much net sales or profit."""
    total = Decimal(0)
    for part in parts:
        if dated(part) and part.amount is not None and part.due_days <= 365:
            total += part.amount
        elif part.kind is PartKind.RUNNING:
            total += royalty(part, base_amount)
    return yuan(total)


def price_text(parts: Sequence[FeePart]) -> str:
    """The price on the shelf, in one short line."""
    return " + ".join(_short(part) for part in parts)


def _short(part: FeePart) -> str:
    label = PART_LABELS[part.kind]
    match part.kind:
        case PartKind.FREE_UNTIL:
            if part.trigger:
                return f"“{part.trigger}”前免费"
            return "免费" if part.free_months is None else f"前 {part.free_months} 个月免费"
        case PartKind.RUNNING:
            base = BASE_LABELS[part.base] if part.base else ""
            return f"{base}提成 {percent_text(part.rate or Decimal(0))}"
        case PartKind.EQUITY:
            return f"{label} {percent_text(part.share or Decimal(0))}"
        case PartKind.DEFERRED:
            since = f"“{part.trigger}”" if part.trigger else ""
            amount = money_text(part.amount or Decimal(0))
            return f"先用后付 {amount}（{since}{part.due_days} 天后）"
        case PartKind.LUMP:
            return money_text(part.amount or Decimal(0))
        case _:
            return f"{label} {money_text(part.amount or Decimal(0))}"


_OFTEN: Mapping[int, str] = {1: "月", 3: "季", 6: "半年", 12: "年"}


def standard_lines(parts: Sequence[FeePart]) -> list[str]:
    """The payment mode and standard 付费方式与标准 as the declaration must state them (IR85)."""
    return [_standard(part) for part in parts]


def _standard(part: FeePart) -> str:
    amount = money_text(part.amount or Decimal(0))
    match part.kind:
        case PartKind.FREE_UNTIL:
            if part.trigger:
                last = f"，最迟至许可生效满 {part.free_months} 个月" if part.free_months else ""
                return f"自许可生效至“{part.trigger}”之日免收许可使用费{last}。"
            if part.free_months is None:
                return "许可期限内免收许可使用费。"
            return f"自许可生效之日起 {part.free_months} 个月内免收许可使用费。"
        case PartKind.RUNNING:
            base = BASE_LABELS[part.base] if part.base else "收入"
            limits = [f"每年不超过 {money_text(part.cap)}"] if part.cap is not None else []
            limits += [f"每年不低于 {money_text(part.floor)}"] if part.floor is not None else []
            limits += [f"累计不超过 {money_text(part.total_cap)}"] if part.total_cap else []
            tail = f"，{'，'.join(limits)}" if limits else ""
            tiers = "".join(
                f"，超过 {money_text(tier.above)} 的部分 {percent_text(tier.rate)}"
                for tier in part.tiers
            )
            often = _OFTEN[part.period_months]
            rate = percent_text(part.rate or Decimal(0))
            return f"按专利产品{base}的 {rate} 逐{often}提成{tiers}{tail}。"
        case PartKind.EQUITY:
            return f"以专利作价入股，占 {percent_text(part.share or Decimal(0))}。"
        case PartKind.MILESTONE:
            days = part.due_days or 15
            return f"达到“{part.trigger}”并经双方确认后 {days} 天内支付 {amount}。"
        case PartKind.DEFERRED:
            if part.trigger:
                return (
                    f"先使用后付费：自“{part.trigger}”之日起满 {part.due_days} 天时支付 {amount}。"
                )
            return f"先使用后付费：自通知送达之日起满 {part.due_days} 天时支付 {amount}。"
        case PartKind.ENTRY:
            return f"入门费 {amount}，随通知一次付清。"
        case _:
            when = (
                "随通知一次付清" if part.due_days == 0 else f"通知送达后 {part.due_days} 天内付清"
            )
            return f"{PART_LABELS[part.kind]} {amount}，{when}。"
