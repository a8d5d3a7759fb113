"""Judge one row: what patent it describes, and everything that is wrong with it at once."""

import datetime as dt
import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Any, Final, TypeVar

from core.reference import ipc as ipc_rules
from listings.imports import cells, columns
from listings.imports.cells import CellRefused
from listings.rules import numbers
from listings.rules.records import ABSTRACT_LENGTH, TITLE_LENGTH
from listings.types import HolderInput, HolderKind, PatentInput, PatentKind

T = TypeVar("T")

ERROR: Final = "error"
WARNING: Final = "warning"

KINDS: Final = {
    "发明": PatentKind.INVENTION,
    "发明专利": PatentKind.INVENTION,
    "发明授权": PatentKind.INVENTION,
    "发明申请": PatentKind.INVENTION,
    "发明公开": PatentKind.INVENTION,
    "invention": PatentKind.INVENTION,
    "实用新型": PatentKind.UTILITY_MODEL,
    "实用新型专利": PatentKind.UTILITY_MODEL,
    "新型": PatentKind.UTILITY_MODEL,
    "utilitymodel": PatentKind.UTILITY_MODEL,
    "外观设计": PatentKind.DESIGN,
    "外观设计专利": PatentKind.DESIGN,
    "外观": PatentKind.DESIGN,
    "design": PatentKind.DESIGN,
}
KIND_WORDS: Final = {
    PatentKind.INVENTION: "发明",
    PatentKind.UTILITY_MODEL: "实用新型",
    PatentKind.DESIGN: "外观设计",
}
# What a list says of the legal state → the gazette's event, where one is needed to say so.
GRANTED: Final = "GR01"
STATES: Final[dict[str, str]] = {
    **dict.fromkeys(
        (
            "有效",
            "授权",
            "已授权",
            "专利权维持",
            "维持",
            "有权",
            "授权有效",
            "有效专利",
            "granted",
            "active",
            "valid",
            "inforce",
        ),
        GRANTED,
    ),
    **dict.fromkeys(
        (
            "审中",
            "在审",
            "实审",
            "实质审查",
            "审查中",
            "公开",
            "已公开",
            "申请中",
            "受理",
            "未授权",
            "pending",
            "application",
        ),
        "",
    ),
    **dict.fromkeys(
        ("未缴年费终止", "未缴年费", "未缴年费专利权终止", "欠费终止", "lapsed"), "CF01"
    ),
    **dict.fromkeys(("期限届满", "届满", "期满", "专利权有效期届满", "expired"), "CX01"),
    **dict.fromkeys(("放弃", "主动放弃", "专利权放弃", "abandoned"), "AV01"),
    **dict.fromkeys(("全部无效", "宣告全部无效", "invalidated"), "IW01"),
}
VAGUE_STATES: Final = {
    "失效",
    "无效",
    "无权",
    "终止",
    "已终止",
    "专利权终止",
    "invalid",
    "inactive",
    "dead",
}
FOREIGN_NAME: Final = re.compile(r"[A-Za-z]{3}")
PERSON_NAME: Final = re.compile(r"[\u3400-\u9fff·]{2,4}")


@dataclass(frozen=True)
class Problem:
    """What is wrong with one cell, and how to mend it."""

    severity: str
    column: str
    field: str
    code: str
    reason: str
    mend: str
    value: str = ""


@dataclass(frozen=True)
class Judged:
    """One row read: the patent it describes (none if refused) and every problem found."""

    row: int
    patent: PatentInput | None
    given: frozenset[str] = frozenset()
    events: tuple[tuple[str, dt.date], ...] = ()
    price: cells.Money | None = None
    sheet: Mapping[str, str] = field(default_factory=dict)  # texts of the offer sheet
    problems: tuple[Problem, ...] = ()
    key: str = ""
    other_key: str = ""

    @property
    def refused(self) -> bool:
        return self.patent is None

    @property
    def has_offer(self) -> bool:
        return bool(self.price or self.sheet)


@dataclass(frozen=True)
class Sheet:
    """What the judge must know of the file and of the tables."""

    header: tuple[str, ...]
    mapping: Mapping[str, int]
    today: dt.date
    ipc_known: Callable[[str], bool] = field(default=lambda _: True)
    industry_known: Callable[[str], bool] = field(default=lambda _: True)

    @cached_property
    def labels(self) -> list[str]:
        return columns.labels(self.header)

    @cached_property
    def in_wan(self) -> bool:
        return columns.price_in_wan(self.header, self.mapping)


class Row:
    """Cells by field, gathering problems instead of stopping at the first."""

    def __init__(self, sheet: Sheet, number: int, values: Sequence[Any]) -> None:
        self.sheet = sheet
        self.number = number
        self.values = values
        self.problems: list[Problem] = []

    def cell(self, name: str) -> Any:
        index = self.sheet.mapping.get(name)
        return self.values[index] if index is not None and index < len(self.values) else None

    def given(self, name: str) -> bool:
        cell = self.cell(name)
        return cell is not None and not (isinstance(cell, str) and not cell.strip())

    def read(self, name: str, reader: Callable[[Any], T], default: T) -> T:
        if not self.given(name):
            return default
        try:
            return reader(self.cell(name))
        except CellRefused as refusal:
            self.fault(name, refusal.code, refusal.reason, refusal.mend)
            return default

    def fault(self, name: str, code: str, reason: str, mend: str, severity: str = ERROR) -> None:
        index = self.sheet.mapping.get(name)
        label = self.sheet.labels[index] if index is not None else columns.BY_NAME[name].label
        cell = self.cell(name)
        shown = next(iter(cell.values())) if isinstance(cell, dict) else cell
        self.problems.append(
            Problem(
                severity, label, name, code, reason, mend, "" if shown is None else str(shown)[:120]
            )
        )

    def warn(self, name: str, code: str, reason: str, mend: str) -> None:
        self.fault(name, code, reason, mend, WARNING)

    @property
    def refused(self) -> bool:
        return any(problem.severity == ERROR for problem in self.problems)


def judge(sheet: Sheet, number: int, values: Sequence[Any]) -> Judged:
    """Everything one row says, or why it cannot be taken."""
    row = Row(sheet, number, values)
    if len(values) > len(sheet.header):
        row.problems.append(_extra_cells(values))
    dates, patent = _read_patent(row)
    events = read_state(row, dates)
    price = row.read("price", lambda cell: cells.money(cell, in_wan=sheet.in_wan), None)
    sheet_texts = read_sheet(row)
    return Judged(
        row=number,
        patent=None if row.refused else patent,
        given=frozenset(name for name in sheet.mapping if row.given(name)),
        events=events,
        price=price,
        sheet=sheet_texts,
        problems=tuple(row.problems),
        key=identity(patent),
        other_key=by_title(patent.title, [holder.name for holder in patent.holders]),
    )


def read_sheet(row: Row) -> dict[str, str]:
    """What the row says of the offer in plain words; columns the file lacks cost nothing."""
    found = {}
    for name, limit in columns.SHEET.items():
        if name in row.sheet.mapping:
            read = cells.long_text if name in columns.PARAGRAPHS else cells.short_text
            if text := row.read(name, partial(read, limit=limit), ""):
                found[name] = text
    return found


def _extra_cells(values: Sequence[Any]) -> Problem:
    return Problem(
        ERROR,
        "",
        "",
        "extra-cells",
        "这一行的单元格比表头多，内容可能错位。",
        "请核对本行是否多了逗号或多粘了一格；含逗号的文字请加英文双引号。",
        str(values[-1])[:120],
    )


def _read_patent(row: Row) -> tuple[dict[str, dt.date | None], PatentInput]:
    """The record a row describes, beside its dates; what is wrong stays with the row."""
    parsed = read_number(row)
    title = read_title(row)
    kind = read_kind(row, parsed)
    symbols, locarno = read_classes(row, kind)
    holders = read_holders(row)
    dates = read_dates(row, parsed)
    patent = PatentInput(
        title=title,
        number=parsed.canonical if parsed else "",
        kind=kind,
        abstract=row.read(
            "abstract", lambda cell: cells.long_text(cell, limit=ABSTRACT_LENGTH), ""
        ),
        filed_on=dates.get("filed_on"),
        granted_on=dates.get("granted_on"),
        annuity_paid_to=dates.get("annuity_paid_to"),
        ipc=symbols,
        locarno=locarno,
        industry_codes=read_industries(row),
        funding_project=row.read("project", lambda cell: cells.short_text(cell, limit=300), ""),
        trl=row.read("trl", cells.trl, None),
        family_size=row.read("family_size", cells.count, None),
        cited_by=row.read("cited_by", cells.count, None),
        holders=holders,
    )
    return dates, patent


def read_title(row: Row) -> str:
    """The title, which every row needs."""
    title = row.read("title", lambda cell: cells.short_text(cell, limit=TITLE_LENGTH), "")
    if not title and not any(p.field == "title" for p in row.problems):
        row.fault("title", "no-title", "名称是空的。", "请填写专利名称；不想导入这一行就删去整行。")
    return title


def identity(patent: PatentInput) -> str:
    """By what two rows are the same patent: the number, or else title and first holder."""
    if patent.number:
        return by_number(patent.office, patent.number)
    return by_title(patent.title, [holder.name for holder in patent.holders])


def by_number(office: str, number: str) -> str:
    return f"{office}:{number}"


def by_title(title: str, holders: Sequence[str]) -> str:
    """How a patent without a number is recognised."""
    return f"title:{plain(title)}|{plain(holders[0]) if holders else ''}"


def plain(value: str) -> str:
    return re.sub(r"[\s（）()·・,，、]+", "", unicodedata.normalize("NFKC", value)).lower()


def read_number(row: Row) -> numbers.Number | None:
    written = row.read("number", cells.number_text, "")
    if not written:
        if not any(p.field == "number" for p in row.problems):
            row.warn(
                "number",
                "no-number",
                "没有申请号或专利号，按“待核实”收下；核实前不能挂牌和许可。",
                "拿到号码后补在这一列再上传一次，或在专利页面补填。",
            )
        return None
    try:
        parsed = numbers.parse(written)
    except numbers.NumberError as refusal:
        row.fault("number", refusal.code, refusal.message, refusal.mend)
        return None
    for warning in parsed.warnings:
        row.warn("number", warning.code, warning.message, "核对无误则不必修改。")
    return parsed


def read_kind(row: Row, parsed: numbers.Number | None) -> PatentKind | None:
    def reader(cell: Any) -> PatentKind | None:
        word = plain(cells.text(cell))
        word = re.sub(r"^pct", "", word)
        if word not in KINDS:
            raise CellRefused(
                "kind",
                f"“{cells.text(cell)[:20]}”不是专利类型。",
                "请填“发明”“实用新型”或“外观设计”，有号码时可留空。",
            )
        return KINDS[word]

    stated = row.read("kind", reader, None)
    if parsed and stated and stated != parsed.kind:
        row.fault(
            "kind",
            "kind-against-number",
            f"写的是{KIND_WORDS[stated]}，但号码表示的是{KIND_WORDS[parsed.kind]}。",
            "请核对号码第 5 位（1 发明、2 实用新型、3 外观设计）和专利类型，改正其一。",
        )
    return parsed.kind if parsed else stated


def read_classes(row: Row, kind: PatentKind | None) -> tuple[tuple[str, ...], tuple[str, ...]]:
    written = row.read("ipc", cells.text, "")
    if not written:
        return (), ()
    if kind == PatentKind.DESIGN:
        return (), tuple(_each(row, written, lambda part: ipc_rules.locarno(part)))
    found: list[str] = []
    for symbol in _each(row, written, ipc_rules.parse):
        if symbol.printed in found:
            continue
        found.append(symbol.printed)
        if not row.sheet.ipc_known(symbol.printed):
            row.warn(
                "ipc",
                "ipc-unknown",
                f"分类号 {symbol.printed} 写法正确，但不在现行分类表中（可能已停用或很新）。",
                "请核对；确实如此则不必修改，会原样保留。",
            )
    return tuple(found), ()


def _each(row: Row, written: str, parse: Callable[[str], T]) -> list[T]:
    parts = ipc_rules.split(written)
    if len(parts) > 60:
        row.fault(
            "ipc", "too-many", f"有 {len(parts)} 个分类号，上限是 60 个。", "请只保留主要的分类号。"
        )
        return []
    found = []
    for part in parts:
        try:
            found.append(parse(part))
        except ipc_rules.IpcError as refusal:
            row.fault("ipc", refusal.code, refusal.message, refusal.mend)
    return found


def read_holders(row: Row) -> tuple[HolderInput, ...]:
    none: tuple[str, ...] = ()
    names = row.read("holders", lambda cell: cells.words(cell, each=200, most=20), none)
    return tuple(HolderInput(name=name, kind=holder_kind(name)) for name in names)


def holder_kind(name: str) -> HolderKind:
    """A guess that the page lets people change: a short Hanzi name is a person's."""
    if PERSON_NAME.fullmatch(name) and not re.search(
        r"(公司|大学|学院|医院|集团|厂|所|院|局)$", name
    ):
        return HolderKind.PERSON
    if FOREIGN_NAME.search(name) and not re.search(r"[\u3400-\u9fff]", name):
        return HolderKind.FOREIGN
    return HolderKind.ORGANISATION


def read_dates(row: Row, parsed: numbers.Number | None) -> dict[str, dt.date | None]:
    today = row.sheet.today
    names = ("filed_on", "granted_on", "annuity_paid_to", "status_on")
    dates = {name: row.read(name, cells.date, None) for name in names}
    for name in ("filed_on", "granted_on", "status_on"):
        if (on := dates[name]) and on > today:
            row.fault(
                name,
                "future-date",
                f"{on.isoformat()} 晚于今天（{today.isoformat()}）。",
                "请核对年份；尚未发生的留空。",
            )
    filed, granted = dates["filed_on"], dates["granted_on"]
    if filed and granted and granted < filed:
        row.fault(
            "granted_on",
            "granted-before-filed",
            f"授权日 {granted.isoformat()} 早于申请日 {filed.isoformat()}。",
            "请核对两个日期是否填反。",
        )
    if filed and parsed and not parsed.is_pct and filed.year != parsed.year:
        row.warn(
            "filed_on",
            "year-against-number",
            f"申请日在 {filed.year} 年，但号码表示 {parsed.year} 年申请。",
            "请核对申请日和号码；分案申请等确有不同的不必修改。",
        )
    paid = dates["annuity_paid_to"]
    if paid and filed and paid < filed:
        row.fault(
            "annuity_paid_to",
            "annuity-before-filed",
            f"年费缴至 {paid.isoformat()} 早于申请日 {filed.isoformat()}。",
            "请填年费已经缴到哪一天。",
        )
    return dates


def read_state(row: Row, dates: Mapping[str, dt.date | None]) -> tuple[tuple[str, dt.date], ...]:
    """The legal events that the row reports: grant, and how the right ended."""
    granted, since = dates["granted_on"], dates["status_on"]
    events: list[tuple[str, dt.date]] = [(GRANTED, granted)] if granted else []
    written = row.read("status", cells.text, "")
    if not written:
        return tuple(events)
    word = plain(written)
    if word in VAGUE_STATES:
        row.fault(
            "status",
            "vague-status",
            f"“{written[:20]}”没有说明原因，无法据此判断。",
            "请写明：未缴年费终止、期限届满、放弃或全部无效。",
        )
        return ()
    if word not in STATES:
        row.fault(
            "status",
            "unknown-status",
            f"看不懂法律状态“{written[:20]}”。",
            "请填：有效、审中、未缴年费终止、期限届满、放弃或全部无效；"
            "质押、许可、保全请在专利页面“登记法律事件”。",
        )
        return ()
    code = STATES[word]
    if code == GRANTED and not granted and not any(p.field == "granted_on" for p in row.problems):
        row.warn(
            "status",
            "granted-without-date",
            "写的是有效，但没有授权日，先按“审查中”收下。",
            "请补填授权公告日后再上传一次。",
        )
    elif code == "" and granted:
        row.fault(
            "status",
            "pending-but-granted",
            "写的是审查中，却有授权日。",
            "已授权的请把法律状态改为“有效”；未授权的请删去授权日。",
        )
    elif code not in {"", GRANTED}:
        if since:
            events.append((code, since))
        elif not any(p.field == "status_on" for p in row.problems):
            row.fault(
                "status",
                "status-without-date",
                f"写的是{written[:20]}，但没有日期。",
                "请加一列“法律状态日”，填公告日；也可以在专利页面登记法律事件。",
            )
    return tuple(events)


def read_industries(row: Row) -> tuple[str, ...]:
    none: tuple[str, ...] = ()
    written = row.read("industry", lambda cell: cells.words(cell, each=60, most=10), none)
    found: list[str] = []
    for part in written:
        code = re.match(r"[A-Ta-t]?\d{0,4}", part.replace(" ", ""))
        folded = (code.group(0) if code else "").upper()
        if not folded or not row.sheet.industry_known(folded):
            row.warn(
                "industry",
                "industry-unknown",
                f"“{part[:20]}”不是 GB/T 4754—2017 行业代码，这一项没有收下。",
                "请填代码，如 C3971；不清楚可留空。",
            )
            continue
        found.append(folded)
    return tuple(dict.fromkeys(found))


def doubled(first: int) -> Problem:
    """The verdict on the second row of one patent."""
    return Problem(
        ERROR,
        "",
        "",
        "doubled-row",
        f"与第 {first} 行是同一件专利。",
        f"只导入第 {first} 行；请合并这两行的内容后删去其中一行。",
    )
