"""The kinds of deal by agreement 交易方式, one row each: what it does, must say, and counts as.

A new kind is a new row. What a kind must say beyond patents, scope and price are its particulars;
each names the article that asks for it. SI 法释〔2020〕19号, CC 民法典, TL 促进科技成果转化法.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from enum import StrEnum

from core.money import yuan
from licensing.rules.outcomes import Code
from listings.types import WHOLE_COUNTRY, Action, EncumbranceKind


class DealKind(StrEnum):
    """What changes hands."""

    TRANSFER = "transfer"
    ORDINARY = "ordinary"
    SOLE = "sole"
    EXCLUSIVE = "exclusive"
    CROSS = "cross"
    SUBLICENCE = "sublicence"
    EQUITY = "equity"
    CO_DEVELOPMENT = "co_development"
    TECH_DEVELOPMENT = "tech_dev"
    TECH_SERVICE = "tech_service"


class Effect(StrEnum):
    """What a signed deal does to the patents."""

    TRANSFER = "transfer"  # they change hands once the register has it
    LICENCE = "licence"  # a right of use is granted and binds them
    WORK = "work"  # work is promised; no right changes hands


class Entry(StrEnum):
    """How a particular is filled in."""

    TEXT = "text"
    CHOICE = "choice"
    MONEY = "money"
    PERCENT = "percent"


@dataclass(frozen=True, slots=True)
class Particular:
    """Something only this kind must say."""

    name: str
    label: str
    article: str
    entry: Entry = Entry.TEXT
    choices: tuple[tuple[str, str], ...] = ()
    required: bool = True
    hint: str = ""

    def text(self, value: str) -> str:
        """The value as people read it."""
        match self.entry:
            case Entry.CHOICE:
                return dict(self.choices).get(value, value)
            case Entry.MONEY:
                return yuan(Decimal(value)) if value else ""
            case Entry.PERCENT:
                return f"{value}%" if value else ""
        return value


@dataclass(frozen=True, slots=True)
class Kind:
    """All that differs from kind to kind."""

    label: str
    effect: Effect
    contract: str  # the type of technology contract 技术合同 it is registered as (CC843)
    article: str
    code: Code
    reported: str  # the status that proves the outcome
    bonds: str  # what it does to the patent's encumbrances
    action: Action | None = None
    bond: EncumbranceKind | None = None
    right: str = ""  # the kind of licence that comes of it
    posts: bool = True  # public institutes post its price (TL18)
    particulars: tuple[Particular, ...] = ()


LONGEST = 1000
VALUATIONS = (("agreed", "协商定价"), ("appraised", "评估作价"), ("traded", "挂牌或拍卖"))
OWNERS = (("holder", "归权利人"), ("taker", "归需求方"), ("shared", "双方共有"))
YES_NO = (("no", "否"), ("yes", "是"))
_CC845 = "民法典第八百四十五条"
WORK = (
    Particular("goal", "研究开发或服务的内容和要求", _CC845),
    Particular("deliverables", "交付成果和时间", _CC845, hint="每行一项：成果，完成日期。"),
    Particular("acceptance", "验收标准和方法", _CC845),
)


def _future(article: str, hint: str) -> Particular:
    return Particular("future_rights", "新成果专利申请权的归属", article, Entry.CHOICE, OWNERS,
                      hint=hint)  # fmt: skip


_E, _A, _K, _D = Effect, Action, EncumbranceKind, DealKind
KINDS: Mapping[DealKind, Kind] = {
    _D.TRANSFER: Kind(
        "转让",
        _E.TRANSFER,
        "技术转让合同",
        "专利法第十条",
        Code.TRANSFERRED,
        "registered",
        "登记前不得另作处分；已有许可继续有效",
        _A.TRANSFER,
    ),
    _D.ORDINARY: Kind(
        "普通许可",
        _E.LICENCE,
        "技术许可合同",
        "法释〔2020〕19号第二十五条",
        Code.ORDINARY,
        "signed",
        "普通许可一项",
        _A.LICENSE_ORDINARY,
        _K.ORDINARY,
        "ordinary",
    ),
    _D.SOLE: Kind(
        "排他许可",
        _E.LICENCE,
        "技术许可合同",
        "法释〔2020〕19号第二十五条",
        Code.SOLE,
        "signed",
        "排他许可一项，同一范围内不再许可他人",
        _A.LICENSE_SOLE,
        _K.SOLE,
        "sole",
    ),
    _D.EXCLUSIVE: Kind(
        "独占许可",
        _E.LICENCE,
        "技术许可合同",
        "法释〔2020〕19号第二十五条",
        Code.EXCLUSIVE,
        "signed",
        "独占许可一项，同一范围内只有被许可人可以实施",
        _A.LICENSE_EXCLUSIVE,
        _K.EXCLUSIVE,
        "exclusive",
    ),
    _D.CROSS: Kind(
        "交叉许可",
        _E.LICENCE,
        "技术许可合同",
        "法释〔2020〕19号第二十五条",
        Code.ORDINARY,
        "signed",
        "双方每件专利各一项普通许可，同时生效，缺一不可",
        _A.LICENSE_ORDINARY,
        _K.ORDINARY,
        "ordinary",
    ),
    _D.SUBLICENCE: Kind(
        "分许可",
        _E.LICENCE,
        "技术许可合同",
        "法释〔2020〕19号第二十五条、民法典第八百六十七条",
        Code.ORDINARY,
        "signed",
        "不另加负担：在上游许可的范围内，随上游许可终止",
        _A.LICENSE_ORDINARY,
        None,
        "ordinary",
        posts=False,
    ),
    _D.EQUITY: Kind(
        "作价入股",
        _E.TRANSFER,
        "技术转让合同",
        "促进科技成果转化法第十六条、第十八条",
        Code.EQUITY,
        "registered",
        "登记前不得另作处分；登记后归所投企业",
        _A.TRANSFER,
        particulars=(
            Particular("share", "取得股权的比例（%）", "促进科技成果转化法第十六条", Entry.PERCENT),
            Particular("valuation", "作价金额（元）", "促进科技成果转化法第十八条", Entry.MONEY),
            Particular(
                "valuation_basis",
                "作价方式",
                "促进科技成果转化法第十八条",
                Entry.CHOICE,
                VALUATIONS,
            ),
            Particular(
                "valuation_reference",
                "作价依据",
                "促进科技成果转化法第十八条",
                hint="评估报告编号、成交确认书编号，或协商会议纪要编号。",
            ),
            Particular(
                "state_owned",
                "形成国有股权",
                "专利转化运用专项行动方案（国有股权年度整体评估）",
                Entry.CHOICE,
                YES_NO,
            ),
            Particular(
                "assessment_year",
                "纳入哪一年度的国有股权整体评估",
                "专利转化运用专项行动方案（国有股权年度整体评估）",
                required=False,
                hint="形成国有股权时必填，例如 2026。按年度整体评估，不逐项考核。",
            ),
        ),
    ),
    _D.CO_DEVELOPMENT: Kind(
        "合作研发",
        _E.WORK,
        "技术开发合同",
        "民法典第八百五十一条、第八百五十五条",
        Code.CONTRACT_PRODUCES,
        "settled",
        "不加负担",
        posts=False,
        particulars=(*WORK, _future("民法典第八百六十条", "没有约定的，归合作各方共有。")),
    ),
    _D.TECH_DEVELOPMENT: Kind(
        "技术开发",
        _E.WORK,
        "技术开发合同",
        "民法典第八百五十一条、第八百五十二条",
        Code.CONTRACT_PRODUCES,
        "settled",
        "不加负担",
        posts=False,
        particulars=(*WORK, _future("民法典第八百五十九条", "没有约定的，归研究开发人。")),
    ),
    _D.TECH_SERVICE: Kind(
        "技术服务",
        _E.WORK,
        "技术服务合同",
        "民法典第八百七十八条",
        Code.CONTRACT_PRODUCES,
        "settled",
        "不加负担",
        posts=False,
        particulars=(*WORK, _future("民法典第八百八十五条", "没有约定的，归完成新成果的一方。")),
    ),
}
KIND_LABELS: Mapping[DealKind, str] = {kind: row.label for kind, row in KINDS.items()}
ACTIONS: Mapping[DealKind, Action] = {k: row.action for k, row in KINDS.items() if row.action}
BONDS: Mapping[DealKind, EncumbranceKind] = {k: row.bond for k, row in KINDS.items() if row.bond}
TRANSFERS = frozenset(k for k, row in KINDS.items() if row.effect is Effect.TRANSFER)
LICENCES = frozenset(k for k, row in KINDS.items() if row.effect is Effect.LICENCE)
WORKS = frozenset(k for k, row in KINDS.items() if row.effect is Effect.WORK)
EXCHANGEABLE = frozenset({_D.TRANSFER, _D.ORDINARY, _D.SOLE, _D.EXCLUSIVE})
"""Kinds that two parties may swap for each other while they talk; the others stay what they are."""
ASKED_OF_HOLDER = tuple(kind for kind in DealKind if kind is not DealKind.SUBLICENCE)
"""What is asked on a patent's page; a sub-licence is asked of the licensee, by its licence."""
ALL_PARTICULARS: Mapping[str, Particular] = {
    item.name: item for row in KINDS.values() for item in row.particulars
}


def particulars_of(kind: DealKind, given: Mapping[str, str]) -> dict[str, str]:
    """What of the given the kind asks for, trimmed, in the kind's order."""
    names = (item.name for item in KINDS[kind].particulars)
    return {name: str(given[name]).strip() for name in names if str(given.get(name, "")).strip()}


def particular_errors(kind: DealKind, given: Mapping[str, str]) -> dict[str, list[str]]:
    """What is missing or wrong in a kind's particulars, by field."""
    said = particulars_of(kind, given)
    found: dict[str, list[str]] = {}
    for item in KINDS[kind].particulars:
        if problem := _problem(item, said.get(item.name, "")):
            found[item.name] = [f"{problem}（{item.article}）"]
    if said.get("state_owned") == "yes" and not _is_year(said.get("assessment_year", "")):
        item = ALL_PARTICULARS["assessment_year"]
        found["assessment_year"] = [
            f"形成国有股权的，请填写纳入整体评估的年度，例如 2026。（{item.article}）"
        ]
    return found


def _problem(item: Particular, value: str) -> str:
    if not value:
        return f"请填写“{item.label}”。" if item.required else ""
    match item.entry:
        case Entry.CHOICE:
            return "" if value in dict(item.choices) else f"请选择“{item.label}”。"
        case Entry.MONEY:
            good = _within(value, Decimal("0.01"), Decimal("9999999999999.99"))
            return "" if good else "请填写大于 0、最多两位小数的金额（元）。"
        case Entry.PERCENT:
            return "" if _within(value, Decimal("0.01"), Decimal(100)) else "请填 0.01 到 100。"
    return "" if len(value) <= LONGEST else f"最多 {LONGEST} 个字。"


def _within(value: str, least: Decimal, most: Decimal) -> bool:
    try:
        number = Decimal(value)
    except InvalidOperation:
        return False
    if not number.is_finite() or not least <= number <= most:
        return False
    return number == number.quantize(Decimal("0.01"))


def _is_year(value: str) -> bool:
    return value.isascii() and value.isdigit() and 2000 <= int(value[:5]) <= 2100


def particular_lines(kind: DealKind, given: Mapping[str, str]) -> list[tuple[str, str]]:
    """A kind's particulars as pairs of item and wording."""
    said = particulars_of(kind, given)
    return [
        (item.label, item.text(said.get(item.name, "")) or "—") for item in KINDS[kind].particulars
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """The licence above a sub-licence, beside what is wanted under it."""

    in_force: bool
    allowed: bool
    cells_within: bool
    days_within: bool
    still_held: bool = True


def within(territory: str, outer: str) -> bool:
    """Whether a territory lies in another."""
    return outer == WHOLE_COUNTRY or set(territory.split(",")) <= set(outer.split(","))


def head_problems(head: Head) -> Sequence[tuple[str, str, str]]:
    """Why no sub-licence may be granted under it: code, message, article."""
    article = "民法典第八百六十七条"
    found = []
    if not head.in_force or not head.still_held:
        found.append(("head-not-in-force", "上游许可没有生效或已经终止，不能再许可他人。", article))
    if not head.allowed:
        found.append(("sublicensing-not-agreed", "上游许可合同没有约定可以分许可。",
                      "专利法第十二条、民法典第八百六十七条"))  # fmt: skip
    if not head.cells_within:
        found.append(("beyond-head-scope", "地域或实施方式超出上游许可的范围。", article))
    if not head.days_within:
        found.append(("beyond-head-term", "期限超出上游许可的期限。", article))
    return found
