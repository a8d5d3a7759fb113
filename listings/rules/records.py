"""A patent's record on its way in: every field cleaned, every problem named at once."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from core.reference import ipc
from listings.rules import numbers, terms
from listings.types import Consent, HolderInput, PatentInput, PatentKind

TITLE_LENGTH, ABSTRACT_LENGTH, NAME_LENGTH = 500, 20_000, 200
LONGEST_COMPENSATION = 5  # years, PL42
LONGEST_PREPAID = 20  # years
LARGEST = 30_000  # of a family, of citations: what the column holds
ROUNDING = Decimal("0.05")  # three thirds of 33.33
HOME_OFFICE = "CN"
FOREIGN_NUMBER = re.compile(r"^[0-9A-Z/]{4,20}$", re.ASCII)

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_INDUSTRY = re.compile(r"^([A-T]|[A-T]?\d{2,4})$", re.ASCII)
_REGION = re.compile(r"^\d{6}$", re.ASCII)
_OFFICE = re.compile(r"^[A-Z]{2}$", re.ASCII)
_VERDICTS = ("", "supports", "against")


@dataclass(frozen=True, slots=True)
class Record:
    """A record ready to be stored, or what is wrong with it, by the input's field names."""

    fields: Mapping[str, Any] = field(default_factory=dict)
    holders: tuple[HolderInput, ...] = ()
    problems: Mapping[str, list[str]] = field(default_factory=dict)
    warnings: Mapping[str, list[str]] = field(default_factory=dict)


def tidy(text: str) -> str:
    """Without control characters and with single spaces."""
    return " ".join(_CONTROL.sub("", text).split())


def prose(text: str) -> str:
    """Without control characters; paragraphs are kept."""
    return _CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n")).strip()


def filed_or(filed_on: date | None) -> date:
    """The filing day, or the day the patent law took effect where it is not known."""
    return filed_on or date(1985, 4, 1)


class _Cleaner:
    """Collects cleaned values and problems field by field."""

    def __init__(self, data: PatentInput, today: date) -> None:
        self.data, self.today = data, today
        self.fields: dict[str, Any] = {}
        self.problems: dict[str, list[str]] = {}
        self.warnings: dict[str, list[str]] = {}

    def refuse(self, name: str, message: str) -> None:
        self.problems.setdefault(name, []).append(message)

    def warn(self, name: str, message: str) -> None:
        self.warnings.setdefault(name, []).append(message)

    def texts(self) -> None:
        title, abstract = tidy(self.data.title), prose(self.data.abstract)
        if not title:
            self.refuse("title", "没有填写名称，请填写专利名称。")
        if len(title) > TITLE_LENGTH:
            self.refuse("title", f"名称有 {len(title)} 字，最多 {TITLE_LENGTH} 字，请缩短。")
        if len(abstract) > ABSTRACT_LENGTH:
            self.refuse(
                "abstract", f"摘要有 {len(abstract)} 字，最多 {ABSTRACT_LENGTH} 字，请缩短。"
            )
        self.fields |= {
            "title": title,
            "abstract": abstract,
            "funding_project": tidy(self.data.funding_project)[:300],
        }

    def identity(self) -> None:
        office, text = self.data.office.strip().upper(), tidy(self.data.number)
        if not _OFFICE.match(office):
            self.refuse("office", "受理局请填两位字母代码，例如 CN。")
        number, kind = None, self.data.kind
        if text and office == HOME_OFFICE:
            try:
                read = numbers.parse(text)
            except numbers.NumberError as error:
                self.refuse("number", str(error))
            else:
                number = read.canonical
                for warning in read.warnings:
                    self.warn("number", warning.message)
                if kind is not None and kind is not read.kind:
                    self.refuse("kind", "专利类型与申请号的种类位不一致，请核对其中之一。")
                kind = read.kind
                self._filing_year(read)
        elif text:
            number = re.sub(r"[\s.,\-]", "", text.upper())
            if not FOREIGN_NUMBER.match(number):
                self.refuse("number", "境外申请号只能含字母、数字和斜线，4 到 20 位。")
        else:
            self.warn("number", "没有申请号，将作为“待核实”保存，补全前不能办理许可。")
        self.fields |= {
            "office": office,
            "number": number,
            "kind": kind or PatentKind.INVENTION,
        }

    def _filing_year(self, read: numbers.Number) -> None:
        """A divisional keeps its parent's earlier day; a PCT entry its international one."""
        filed_on = self.data.filed_on
        if filed_on is not None and filed_on.year > read.year:
            self.refuse(
                "filed_on", f"申请日 {filed_on} 晚于申请号的年份 {read.year}，请核对其中之一。"
            )

    def publications(self) -> None:
        found: list[str] = []
        for text in self.data.publication_numbers:
            if not text.strip():
                continue
            try:
                found.append(numbers.parse_publication(text))
            except numbers.NumberError as error:
                if self.data.office.strip().upper() == HOME_OFFICE:
                    self.refuse("publication_numbers", str(error))
                else:
                    found.append(tidy(text).replace(" ", "")[:20])
        self.fields["publication_numbers"] = list(dict.fromkeys(found))

    def classes(self) -> None:
        symbols: list[ipc.Symbol] = []
        places: list[str] = []
        for text in self.data.ipc:
            try:
                symbols.append(ipc.parse(text))
            except ipc.IpcError as error:
                self.refuse("ipc", str(error))
        for text in self.data.locarno:
            try:
                places.append(ipc.locarno(text))
            except ipc.IpcError as error:
                self.refuse("locarno", str(error))
        kind = self.fields.get("kind")
        if kind is PatentKind.DESIGN and symbols:
            self.refuse("ipc", "外观设计没有 IPC 分类，请改填洛迦诺分类，例如 10-05。")
        if kind is not PatentKind.DESIGN and places:
            self.refuse("locarno", "只有外观设计使用洛迦诺分类，请改填 IPC 分类号。")
        printed = [s.printed for s in dict.fromkeys(symbols)]
        main = next((s.printed for s in symbols if not s.is_indexing), "")
        self.fields |= {
            "ipc": printed,
            "main_ipc": main,
            "locarno": list(dict.fromkeys(places)),
        }
        codes = [tidy(code).upper() for code in self.data.industry_codes if code.strip()]
        for code in codes:
            if not _INDUSTRY.match(code):
                self.refuse("industry_codes", f"行业代码“{code}”不是 GB/T 4754 的样式。")
        self.fields["industry_codes"] = [c[:5] for c in dict.fromkeys(codes)]

    def dates(self) -> None:
        filed, granted, expires = self.data.filed_on, self.data.granted_on, self.data.expires_on
        for name, day in (("filed_on", filed), ("granted_on", granted)):
            if day is not None and day > self.today:
                self.refuse(name, f"日期 {day} 还没有到，请核对。")
        if filed and granted and granted < filed:
            self.refuse("granted_on", f"授权公告日 {granted} 早于申请日 {filed}，请核对。")
        paid_to = self.data.annuity_paid_to
        if paid_to and not filed_or(filed) <= paid_to <= terms.add_years(
            self.today, LONGEST_PREPAID
        ):
            self.refuse("annuity_paid_to", f"年费缴至日期 {paid_to} 不合理，请核对。")
        if filed and filed <= self.today and self.fields.get("kind") is not None:
            regular = terms.expiry(PatentKind(self.fields["kind"]), filed)
            latest = terms.add_years(regular, LONGEST_COMPENSATION)
            if expires is None:
                expires = regular
            elif not filed < expires <= latest:
                self.refuse(
                    "expires_on",
                    f"期限届满日 {expires} 应在申请日之后、不晚于 {latest}（含补偿期），请核对。",
                )
        self.fields |= {
            "filed_on": filed,
            "granted_on": granted,
            "expires_on": expires,
            "annuity_paid_to": paid_to,
        }

    def marks(self) -> None:
        trl, verdict, on = self.data.trl, self.data.evaluation_verdict, self.data.evaluation_on
        if trl is not None and not 1 <= trl <= 9:
            self.refuse("trl", f"技术成熟度填了 {trl}，应为 GB/T 22900 的 1–9 级。")
        if verdict not in _VERDICTS:
            self.refuse("evaluation_verdict", "评价报告结论请选“支持授权”或“不支持授权”。")
        if bool(verdict) != (on is not None):
            self.refuse("evaluation_on", "评价报告的结论和日期要一起填写。")
        region = self.data.region.strip()
        if region and not _REGION.match(region):
            self.refuse("region", "行政区划请填 6 位 GB/T 2260 代码，例如 310115。")
        for name, message in reach_problems(self.data.family_size, self.data.cited_by).items():
            self.refuse(name, message)
        self.fields |= {
            "trl": trl,
            "family_size": self.data.family_size,
            "cited_by": self.data.cited_by,
            "evaluation_verdict": verdict,
            "evaluation_on": on,
            "region": region,
            "is_sample": self.data.is_sample,
        }

    def holders(self) -> tuple[HolderInput, ...]:
        kept, problems = clean_holders(self.data.holders)
        for problem in problems:
            self.refuse("holders", problem)
        return kept


def reach_problems(family_size: int | None, cited_by: int | None) -> dict[str, str]:
    """What cannot be the size of a family 同族 or a number of citations 被引."""
    found = {}
    if family_size is not None and not 1 <= family_size <= LARGEST:
        found["family_size"] = "同族数应不小于 1（含本件）。"
    if cited_by is not None and not 0 <= cited_by <= LARGEST:
        found["cited_by"] = "被引次数不能是负数，也不会这样大，请核对。"
    return found


def clean_holders(given: tuple[HolderInput, ...]) -> tuple[tuple[HolderInput, ...], list[str]]:
    """Patentees with tidy names, each once, and what is wrong with them."""
    kept: dict[str, HolderInput] = {}
    for holder in given:
        name = tidy(holder.name)
        if name and name not in kept:
            kept[name] = HolderInput(
                name[:NAME_LENGTH],
                holder.kind,
                holder.share,
                Consent(holder.consent),
                holder.organisation_id,
            )
    return tuple(kept.values()), list(_share_problems(kept.values()))


def _share_problems(holders: Any) -> Iterator[str]:
    shares = [holder.share for holder in holders]
    stated = [share for share in shares if share is not None]
    if any(not Decimal(0) < share <= 100 for share in stated):
        yield "共有份额应大于 0、不超过 100。"
    elif stated and len(stated) == len(shares) and abs(sum(stated) - 100) > ROUNDING:
        yield f"共有份额合计为 {sum(stated)}，应为 100。"
    elif sum(stated) > 100:
        yield f"共有份额合计为 {sum(stated)}，超过 100。"


def clean(data: PatentInput, *, today: date) -> Record:
    """The record with every field in its stored form, and all problems at once."""
    cleaner = _Cleaner(data, today)
    cleaner.texts()
    cleaner.identity()
    cleaner.publications()
    cleaner.classes()
    cleaner.dates()
    cleaner.marks()
    holders = cleaner.holders()
    return Record(cleaner.fields, holders, cleaner.problems, cleaner.warnings)
