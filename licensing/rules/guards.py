"""What an open declaration may say (IR85), beside what the patent itself allows (IR86).

The patent's own blockers come from `listings.selectors.can`; these are the declaration's.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from licensing.rules.fees import SUMS, FeePart, PartKind, RoyaltyBase, plan_errors
from listings.types import Blocker

FIXED_CAP = Decimal(20_000_000)
RATE_CAPS = {RoyaltyBase.NET_SALES: Decimal(20), RoyaltyBase.PROFIT: Decimal(40)}
CAP_ARTICLE = "国知发运字〔2024〕19号"
IR85 = "专利法实施细则第八十五条"

ADVERTISING = (
    "第一品牌", "全国第一", "世界第一", "行业第一", "最先进", "最优秀", "最好", "最低价",
    "国家级", "世界级", "顶级", "极品", "首选", "独一无二", "绝无仅有", "史无前例", "遥遥领先",
    "国际领先", "世界领先", "国内领先", "填补空白", "填补国内空白", "稳赚", "零风险", "无风险",
    "保证盈利", "必赚", "暴利", "回报率", "特价", "优惠", "促销", "抢购", "限时", "秒杀", "热销",
    "爆款", "名牌", "驰名", "欢迎来电", "欢迎咨询", "咨询热线", "联系电话", "加微信", "百分之百",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class DeclarationFacts:
    """What is known when a declaration is to be made."""

    parts: tuple[FeePart, ...]
    months: int | None
    expires_on: date
    today: date
    texts: tuple[str, ...] = ()
    cap_reasons: str = ""


def advertising_words(texts: Sequence[str]) -> list[str]:
    """The advertising words found, in the order of the table."""
    joined = "\n".join(texts)
    return [word for word in ADVERTISING if word in joined]


def cap_warnings(parts: Sequence[FeePart]) -> list[Blocker]:
    """Where the fee is above what open licences generally carry: lawful only with reasons."""
    found = []
    fixed = sum((p.amount for p in parts if p.kind in SUMS and p.amount is not None), Decimal(0))
    if fixed > FIXED_CAP:
        found.append(_cap("fee-above-cap", "固定费用合计一般不高于 2000 万元"))
    for part in parts:
        over = part.base is not None and part.rate is not None and part.rate > RATE_CAPS[part.base]
        if part.kind is PartKind.RUNNING and over:
            limit = "净销售额的 20%" if part.base is RoyaltyBase.NET_SALES else "利润的 40%"
            found.append(_cap("rate-above-cap", f"提成一般不高于{limit}"))
    return found


def _cap(code: str, what: str) -> Blocker:
    message = f"{what}。请说明理由，或改用普通许可另行约定。"
    return Blocker(code=code, message=message, article=CAP_ARTICLE, hard=False)


def declaration_blockers(facts: DeclarationFacts) -> list[Blocker]:
    """Everything in the declaration itself that keeps it from being made."""
    found = [
        Blocker(code="fee-plan", message=error, article=IR85) for error in plan_errors(facts.parts)
    ]
    words = advertising_words(facts.texts)
    if words:
        found.append(
            Blocker(
                code="advertising",
                message=f"声明不得使用商业性宣传用语，请删去：{'、'.join(words)}。",
                article=IR85,
            )
        )
    if facts.months is not None and facts.months < 1:
        found.append(Blocker(code="term", message="许可期限至少 1 个月。", article=IR85))
    if facts.expires_on <= facts.today:
        message = "专利权已到期，不能再许可他人实施。"
        found.append(Blocker(code="expired", message=message, article="民法典第八百六十五条"))
    if not facts.cap_reasons.strip():
        found += cap_warnings(facts.parts)
    return found


def serving_errors(
    *, served_at: datetime, announced_on: date, served_on: date, now: datetime
) -> list[str]:
    """Why a notice cannot have been served then."""
    if served_at > now:
        return ["送达时间不能晚于现在。"]
    if served_on < announced_on:
        return [f"送达时间不能早于声明公告日 {announced_on:%Y-%m-%d}。"]
    return []
