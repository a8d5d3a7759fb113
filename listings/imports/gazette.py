"""A row of a file of legal events: which column is what, and what the row says or lacks."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any, Final

from listings.imports import cells
from listings.imports.cells import CellRefused
from listings.imports.columns import Field, folded, without_note
from listings.rules import numbers, standing

FIELDS: Final[tuple[Field, ...]] = (
    Field(
        "number",
        "申请号/专利号",
        "201710601862.3",
        "任何写法都可以；必填。请把该列设为“文本”格式。",
        "申请号|专利号|专利申请号|申请(专利)号|号码|patent number|application number|number",
        required=True,
    ),
    Field(
        "code",
        "事件代码",
        "CF01",
        "公报的法律状态代码，或它的中文名称；必填。",
        "事件代码|代码|法律状态代码|法律状态|法律状态信息|事件|事务|事务名称|code|event|event code",
        required=True,
    ),
    Field(
        "occurred_on",
        "生效日",
        "2026-05-01",
        "事件生效的日期；没有单列生效日的，填公告日。必填。",
        "生效日|生效日期|法律状态公告日|公告日|公告日期|登记日|登记生效日|日期|变更日|"
        "date|effective date|occurred on|occurred_on",
        required=True,
    ),
    Field(
        "reference",
        "登记号",
        "Y2026980001234",
        "质押、许可备案、保全的登记号；其他事件可留空。",
        "登记号|备案号|合同备案号|质押登记号|质权登记号|文号|reference|register number",
    ),
    Field(
        "old",
        "变更前权利人",
        "示例大学",
        "转移、更名填变更前的名称，质押填出质人，许可填让与人；多个用分号隔开。",
        "变更前权利人|变更前|原权利人|原专利权人|转让人|出质人|让与人|许可人|from|from parties",
    ),
    Field(
        "new",
        "变更后权利人",
        "示例科技有限公司",
        "转移、更名填变更后的名称，质押填质权人，许可填受让人；多个用分号隔开。",
        "变更后权利人|变更后|现权利人|新权利人|受让人|质权人|被许可人|to|to parties",
    ),
    Field(
        "ends_on", "到期日", "2029-12-31", "质押、许可的到期日。", "到期日|截止日|终止日|ends on"
    ),
    Field(
        "kind",
        "许可种类",
        "普通许可",
        "许可备案填普通许可、排他许可或独占许可；没有写明的按普通许可。",
        "许可种类|许可类型|许可方式|licence kind",
    ),
    Field("days", "补偿天数", "210", "专利权期限补偿（TC01）的天数。", "补偿天数|天数|days"),
    Field("note", "说明", "", "公报的其他内容，最多 300 字。", "说明|备注|详情|内容|detail|note"),
)
BY_NAME: Final = {each.name: each for each in FIELDS}
_WORDS: Final = {folded(word): each.name for each in FIELDS for word in each.synonyms}
_CODE: Final = re.compile(r"(?<![A-Z0-9])[A-Z]{2}\d{2}(?!\d)")
_KINDS: Final = {
    "普通": "ordinary",
    "排他": "sole",
    "独占": "exclusive",
    "ordinary": "ordinary",
    "sole": "sole",
    "exclusive": "exclusive",
}
_LONGEST_NAME: Final = 200
_MOST_DAYS: Final = 3_653


@dataclass(frozen=True)
class Problem:
    """What is wrong in one column, and how to mend it."""

    column: str
    field: str
    code: str
    reason: str
    mend: str

    def told(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Given:
    """What one row says, or why it cannot be read."""

    number: str = ""
    code: str = ""
    occurred_on: date = date.min
    reference: str = ""
    detail: Mapping[str, Any] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()

    @property
    def key(self) -> tuple[str, str, date, str]:
        return self.number, self.code, self.occurred_on, self.reference


def guess(header: Sequence[str]) -> dict[str, int]:
    """Field → column, by the header's words; the first that fits."""
    found: dict[str, int] = {}
    for reading in (folded, lambda title: without_note(folded(title))):
        for index, title in enumerate(header):
            name = _WORDS.get(reading(title))
            if name and name not in found and index not in found.values():
                found[name] = index
    return found


def missing(mapping: Mapping[str, int]) -> list[str]:
    """The columns without which no row can be read, in words."""
    return [
        f"没有找到“{each.label}”这一列，请在表头中写明（例如“{each.label}”）后重新上传。"
        for each in FIELDS
        if each.required and each.name not in mapping
    ]


def read(mapping: Mapping[str, int], raw: Sequence[Any], *, today: date) -> Given:
    """One row, with every problem at once."""
    reader = _Reader(mapping, raw)
    number = reader.take("number", _number)
    code = reader.take("code", _code)
    day = reader.take("occurred_on", lambda cell: _day(cell, today))
    reference = reader.take("reference", lambda cell: cells.short_text(cell, limit=40))
    detail = {
        "from": reader.take("old", _names),
        "to": reader.take("new", _names),
        "ends_on": reader.take("ends_on", _plain_day),
        "kind": reader.take("kind", _kind),
        "days": reader.take("days", _days),
        "note": reader.take("note", lambda cell: cells.long_text(cell, limit=300)),
    }
    told = any(problem.field == "days" for problem in reader.problems)
    if code == "TC01" and not detail["days"] and not told:
        reader.refuse("days", "no-days", "期限补偿没有写明天数。", "请填写公告的补偿天数。")
    if reader.problems:
        return Given(problems=tuple(reader.problems))
    kept = {name: value for name, value in detail.items() if value}
    return Given(number, code, day, str(reference).upper(), kept)


class _Reader:
    """Reads named cells of a row and collects what is wrong with them."""

    def __init__(self, mapping: Mapping[str, int], raw: Sequence[Any]) -> None:
        self.mapping, self.raw = mapping, raw
        self.problems: list[Problem] = []

    def take(self, name: str, reading: Any) -> Any:
        index = self.mapping.get(name)
        cell = self.raw[index] if index is not None and index < len(self.raw) else None
        try:
            return reading(cell)
        except CellRefused as refusal:
            self.refuse(name, refusal.code, refusal.reason, refusal.mend)
        return None

    def refuse(self, name: str, code: str, reason: str, mend: str) -> None:
        self.problems.append(Problem(BY_NAME[name].label, name, code, reason, mend))


def _number(cell: Any) -> str:
    try:
        return numbers.parse(cells.number_text(cell)).canonical
    except numbers.NumberError as error:
        raise CellRefused(error.code, error.message, error.mend) from error


def _code(cell: Any) -> str:
    said = cells.short_text(cell, limit=120)
    if not said:
        raise CellRefused("no-code", "没有填写事件代码。", "请填写公报的代码，例如 CF01。")
    for code in _CODE.findall(said.upper()):
        if code in standing.EVENTS:
            return str(code)
    for code, (label, _rank) in standing.EVENTS.items():
        if label in said:
            return code
    raise CellRefused(
        "unknown-code",
        f"不认识的法律状态“{said[:30]}”。",
        "请填写代码，例如 CF01、TR01、PE01；不影响法律状态的事务可以删去这一行。",
    )


def _day(cell: Any, today: date) -> date:
    day = cells.date(cell)
    if day is None:
        raise CellRefused("no-date", "没有填写生效日。", "请填写公报上的生效日或公告日。")
    if day > today:
        raise CellRefused("future-date", f"生效日 {day} 还没有到。", "请核对日期。")
    return day


def _plain_day(cell: Any) -> str:
    day = cells.date(cell)
    return day.isoformat() if day else ""


def _names(cell: Any) -> list[str]:
    said = cells.text(cell)
    if said.startswith("["):
        with suppress(ValueError):
            said = "；".join(str(part) for part in json.loads(said))
    parts = [cells.within(part.strip(), _LONGEST_NAME) for part in cells.LIST_BREAK.split(said)]
    return list(dict.fromkeys(part for part in parts if part))


def _kind(cell: Any) -> str:
    said = cells.short_text(cell, limit=40)
    if not said:
        return ""
    found = next((kind for word, kind in _KINDS.items() if word in said.lower()), "")
    if not found:
        raise CellRefused(
            "unknown-kind", f"不认识的许可种类“{said}”。", "请填普通许可、排他许可或独占许可。"
        )
    return found


def _days(cell: Any) -> int:
    said = cells.short_text(cell, limit=20).removesuffix("天").removesuffix("日").strip()
    if not said:
        return 0
    if not said.isascii() or not said.isdigit() or not 0 < int(said) <= _MOST_DAYS:
        raise CellRefused(
            "bad-days", f"“{said}”不是补偿天数。", f"请填 1 到 {_MOST_DAYS} 之间的整数。"
        )
    return int(said)
