"""Income distribution 收益分配: net income, floors with their article, shares to the fen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_CEILING, Decimal
from enum import StrEnum
from typing import Any

from core.money import yuan

FEN = Decimal("0.01")
WHOLE = Decimal(100)
POSTING_DAYS = 15  # 国发〔2016〕16号; a region may ask for more
BOUND_KINDS = ("university", "institute")  # TL45: no agreement may go below the floor there
MOST_PERSONS = 30


class IncomeStatus(StrEnum):
    """Where a distribution stands."""

    DRAFT = "draft"
    POSTED = "posted"
    APPROVED = "approved"
    PAID = "paid"
    CANCELLED = "cancelled"


class IncomeKind(StrEnum):
    """What the income came from: each has its own floor (TL45)."""

    LICENCE = "licence"
    TRANSFER = "transfer"
    EQUITY = "equity"


class PersonRole(StrEnum):
    """Why somebody has a share."""

    INVENTOR = "inventor"
    CONTRIBUTOR = "contributor"
    STAFF = "staff"


class ObjectionStatus(StrEnum):
    """Where an objection to a posted distribution stands."""

    OPEN = "open"
    UPHELD = "upheld"
    DISMISSED = "dismissed"


_I, _O = IncomeStatus, ObjectionStatus
INCOME_MOVES: Mapping[str, tuple[frozenset[IncomeStatus], IncomeStatus]] = {
    "post": (frozenset({_I.DRAFT}), _I.POSTED),
    "take_back": (frozenset({_I.POSTED}), _I.DRAFT),
    "approve": (frozenset({_I.POSTED}), _I.APPROVED),
    "pay": (frozenset({_I.APPROVED}), _I.PAID),
    "cancel": (frozenset({_I.DRAFT, _I.POSTED}), _I.CANCELLED),
}
OBJECTION_MOVES: Mapping[str, tuple[frozenset[ObjectionStatus], ObjectionStatus]] = {
    "uphold": (frozenset({_O.OPEN}), _O.UPHELD),
    "dismiss": (frozenset({_O.OPEN}), _O.DISMISSED),
}
INCOME_LABELS: Mapping[IncomeStatus, str] = {
    _I.DRAFT: "草稿",
    _I.POSTED: "公示中",
    _I.APPROVED: "已批准，待发放",
    _I.PAID: "已发放",
    _I.CANCELLED: "已作废",
}
OBJECTION_LABELS: Mapping[ObjectionStatus, str] = {
    _O.OPEN: "待处理",
    _O.UPHELD: "异议成立",
    _O.DISMISSED: "异议不成立",
}
KIND_LABELS: Mapping[IncomeKind, str] = {
    IncomeKind.LICENCE: "许可收入",
    IncomeKind.TRANSFER: "转让收入",
    IncomeKind.EQUITY: "作价投资",
}
ROLE_LABELS: Mapping[PersonRole, str] = {
    PersonRole.INVENTOR: "发明人",
    PersonRole.CONTRIBUTOR: "其他重要贡献人员",
    PersonRole.STAFF: "转化服务人员",
}
DEDUCTIONS: Mapping[str, str] = {
    "tax": "税费",
    "upkeep": "专利申请与维持费",
    "agency": "评估、交易和中介费",
    "direct": "其他直接成本",
}
SHOWN = frozenset({_I.POSTED, _I.APPROVED, _I.PAID})  # read in-house by everyone


@dataclass(frozen=True, slots=True)
class Floor:
    """The least that goes to persons, in percent of net income, and what says so."""

    percent: Decimal
    article: str
    agreed: bool = False  # an institution's own rule decided


# What the nation's law says where a region has no row of its own: TL45 (1), (2).
NATIONAL = Floor(Decimal(50), "促进科技成果转化法第四十五条")


def regional(setting: Any, kind: IncomeKind) -> Floor:
    """The floor of a region's setting {"licence": 70, …, "article": "…"}, or the nation's."""
    if not isinstance(setting, Mapping) or kind.value not in setting:
        return NATIONAL
    return Floor(Decimal(str(setting[kind.value])), str(setting.get("article") or NATIONAL.article))


def required(statutory: Floor, *, agreed: Floor | None, bound: bool) -> Floor:
    """What must be kept: the law's floor, or the institution's own rule where that may decide.

    A rule above the floor binds everywhere: it was promised. One below it only where the
    institution is none that the floor binds even by contract (TL45).
    """
    if agreed is None or (bound and agreed.percent < statutory.percent):
        return statutory
    return agreed


def takes_objections(status: str, until: date | None, *, today: date) -> bool:
    """Whether one may still object: while it is posted, its last day included."""
    return status == IncomeStatus.POSTED and until is not None and today <= until


def award(net: Decimal, percent: Decimal) -> Decimal:
    """What goes to persons: rounded up to the fen, so that rounding never falls below a floor."""
    return (net * percent / WHOLE).quantize(FEN, ROUND_CEILING)


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with a share, in percent of what goes to persons."""

    name: str
    role: PersonRole
    share: Decimal
    account: str = ""
    conflict: str = ""


def problems(
    *,
    gross: Decimal,
    deductions: Mapping[str, Decimal],
    percent: Decimal,
    persons: Sequence[Person],
    available: Decimal,
    floor: Floor,
) -> dict[str, list[str]]:
    """What is wrong with a distribution, by field; empty when it may be posted."""
    found: dict[str, list[str]] = {}
    if gross <= 0 or gross != gross.quantize(FEN):
        found["gross"] = ["请填写大于 0、最多两位小数的到账金额。"]
    elif gross > available:
        found["gross"] = [
            f"到账尚未分配的只有 {yuan(available)}，不能分配 {yuan(gross)}。请先登记到账款。"
        ]
    if any(value < 0 or value != value.quantize(FEN) for value in deductions.values()):
        found["deductions"] = ["扣除项不能为负数，最多两位小数。"]
    elif gross > 0 and sum(deductions.values(), Decimal(0)) >= gross:
        found["deductions"] = ["扣除各项以后没有净收入，不需要分配。请核对扣除项。"]
    if not 0 < percent <= WHOLE:
        found["percent"] = ["请填写大于 0、不超过 100 的比例。"]
    elif percent < floor.percent:
        source = "单位规定" if floor.agreed else "法定下限"
        found["percent"] = [
            f"不得低于净收入的 {floor.percent.normalize():f}%（{source}：{floor.article}）。"
        ]
    if wrong := _persons(persons):
        found["persons"] = wrong
    return found


def _persons(persons: Sequence[Person]) -> list[str]:
    if not persons:
        return ["请至少填写一位发明人。"]
    if len(persons) > MOST_PERSONS:
        return [f"一次最多 {MOST_PERSONS} 人。"]
    wrong = []
    if all(person.role is PersonRole.STAFF for person in persons):
        wrong.append("请至少填写一位发明人或其他重要贡献人员。")
    if any(person.share <= 0 for person in persons):
        wrong.append("每个人的份额都应大于 0。")
    total = sum((person.share for person in persons), Decimal(0))
    if total != WHOLE:
        wrong.append(f"份额合计应为 100%，现在是 {total.normalize():f}%。")
    names = [(person.name, person.account) for person in persons]
    if len(set(names)) < len(names):
        wrong.append("同一个人只填一次；同名的请填写账号以便区分。")
    return wrong


TAX_NOTE = (
    "高校和非营利性科研机构按规定公示的职务科技成果转化现金奖励，自取得转化收入三年内发放的，"
    "可减按 50% 计入当月工资薪金缴纳个人所得税（财税〔2018〕58号），以主管税务机关意见为准。"
)


@dataclass(frozen=True, slots=True)
class IncomePlan:
    """What the office enters: what came in, what goes off, and who gets what."""

    gross: Decimal
    percent: Decimal
    persons: tuple[Person, ...]
    deductions: Mapping[str, Decimal]
    deduction_note: str = ""
    conflict: str = ""
    tax_note: str = ""

    @property
    def net(self) -> Decimal:
        """What is left after the deductions."""
        return self.gross - sum(self.deductions.values(), Decimal(0))
