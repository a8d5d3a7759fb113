"""Patent documents in WIPO's XML, ST.36 and ST.96, read as the rows of a table. No Django here.

The two standards differ in names and depth, offices differ in which parts they fill, so a record
is read by the local names of its elements. The file is read in chunks and one record at a time is
held; what a stock list does not need (description, claims, drawings) is not kept at all.

A file with a document type or entities is refused before any of it is read: they can name other
files and grow without bound, and no record needs them.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final, TextIO
from xml.parsers import expat

CHUNK: Final = 64 * 1024
HEADER: Final = (
    *("申请号/专利号", "名称", "摘要", "申请人/专利权人", "IPC 分类号", "申请日", "授权日"),
)
RECORDS: Final = {
    *("patent-document", "exchange-document", "us-patent-grant", "us-patent-application"),
    *("cn-patent-document", "wo-published-application", "ep-patent-document"),
    *("PatentPublication", "PatentRecord", "PatentGrant", "PatentApplication", "PatentDocument"),
}
SKIPPED: Final = {
    *("description", "claims", "drawings", "search-report-data", "references-cited"),
    *("Description", "Claims", "Drawings", "ReferenceCitationBag", "PatentSearchReport"),
    *("priority-claims", "PriorityClaimBag", "related-documents", "RelatedDocumentBag"),
    *("patent-family", "agents", "inventors", "InventorBag", "RegisteredPractitionerBag"),
}
WEB_PAGES: Final = {"html", "table", "Workbook", "body"}
GRANTED_KINDS: Final = re.compile(r"[BCUYSDE]\d?")
CUT_OFF: Final = {
    expat.errors.codes[expat.errors.XML_ERROR_NO_ELEMENTS],
    expat.errors.codes[expat.errors.XML_ERROR_UNCLOSED_TOKEN],
    expat.errors.codes[expat.errors.XML_ERROR_PARTIAL_CHAR],
    expat.errors.codes[expat.errors.XML_ERROR_UNCLOSED_CDATA_SECTION],
}
SYMBOL: Final = re.compile(r"([A-H]\d{2}[A-Z])\s*(\d{1,4})\s*/\s*(\d{2,6})")


class NotWanted(Exception):
    """This XML is not read at all; `code` says why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class CutOff(Exception):
    """The file breaks off, or is broken from here on; what came before is whole."""

    def __init__(self, records: int, line: int) -> None:
        super().__init__(f"After {records} records, in line {line}.")
        self.records, self.line = records, line


@dataclass
class Node:
    """One element of a record: its local name, attributes, text and children."""

    name: str
    attributes: dict[str, str] = field(default_factory=dict)
    text: list[str] = field(default_factory=list)
    children: list["Node"] = field(default_factory=list)

    def all(self, *names: str) -> Iterator["Node"]:
        """Every element of one of these names below this one, in the order of the file."""
        for child in self.children:
            if child.name in names:
                yield child
            yield from child.all(*names)

    def first(self, *names: str) -> "Node | None":
        return next(self.all(*names), None)

    def words(self) -> str:
        """All text within, in one line."""
        inner = " ".join([*self.text, *(child.words() for child in self.children)])
        return " ".join(inner.split())

    def value(self, *names: str) -> str:
        found = self.first(*names)
        return found.words() if found else ""


class Reader:
    """Collects whole records while the parser runs through the file."""

    def __init__(self) -> None:
        self.parser = expat.ParserCreate("utf-8")  # the text was decoded before, whatever it says
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self.opened
        self.parser.EndElementHandler = self.closed
        self.parser.CharacterDataHandler = self.said
        self.parser.StartDoctypeDeclHandler = self.refuse
        self.parser.EntityDeclHandler = self.refuse
        self.ready: list[Node] = []
        self.path: list[Node] = []
        self.skipping = 0
        self.seen_root = False

    def refuse(self, *_: Any) -> None:
        raise NotWanted("xml-doctype")

    def opened(self, name: str, attributes: dict[str, str]) -> None:
        name = local(name)
        if not self.seen_root:
            self.seen_root = True
            if name in WEB_PAGES:
                raise NotWanted("markup")
        if self.skipping or (self.path and name in SKIPPED):
            self.skipping += 1
            return
        if not self.path and not is_record(name):
            return
        node = Node(name, {local(key): value for key, value in attributes.items()})
        if self.path:
            self.path[-1].children.append(node)
        self.path.append(node)

    def closed(self, name: str) -> None:
        if self.skipping:
            self.skipping -= 1
        elif self.path and self.path[-1].name == local(name):
            node = self.path.pop()
            if not self.path:
                self.ready.append(node)

    def said(self, text: str) -> None:
        if self.path and not self.skipping and text.strip():
            self.path[-1].text.append(text)


def local(name: str) -> str:
    return name.rpartition(":")[2]


def is_record(name: str) -> bool:
    return name in RECORDS or name.endswith("-patent-document")


def records(stream: TextIO) -> Iterator[tuple[int, list[Any]]]:
    """The header, then a row for each whole record; CutOff after the last where the file breaks."""
    reader, count = Reader(), 0
    yield 0, list(HEADER)
    while True:
        chunk = stream.read(CHUNK)
        try:
            reader.parser.Parse(chunk, not chunk)
        except expat.ExpatError as error:
            if error.code == expat.errors.codes[expat.errors.XML_ERROR_UNDEFINED_ENTITY]:
                raise NotWanted("xml-doctype") from error
            broken: expat.ExpatError | None = error
        else:
            broken = None
        for node in reader.ready:
            count += 1
            yield count, row(node)
        reader.ready.clear()
        if broken is not None:
            raise CutOff(count, broken.lineno)
        if not chunk:
            break
    if not count:
        raise NotWanted("xml-unknown")


def row(record: Node) -> list[Any]:
    """What a stock list wants of one record, in the order of HEADER."""
    application = application_of(record)
    return [
        number_of(application),
        in_chinese(record, "invention-title", "InventionTitle"),
        in_chinese(record, "abstract", "Abstract"),
        "；".join(holders_of(record)),
        "；".join(symbols_of(record)),
        day(application.value("date", "FilingDate")) if application else "",
        granted_on(record),
    ]


def application_of(record: Node) -> Node | None:
    """The reference to the application: as it was written if there are several spellings."""
    found = list(record.all("application-reference", "ApplicationIdentification"))
    for spelling in ("original", "docdb", ""):
        for node in found:
            if node.attributes.get("data-format", "") == spelling:
                return node
    if found:
        return found[0]
    return record if record.first("ApplicationNumberText") else None


def number_of(application: Node | None) -> str:
    if application is None:
        return ""
    number = application.value("doc-number", "ApplicationNumberText")
    office = application.value("country", "IPOfficeCode")
    return number if number[:2].isalpha() or office in {"", "CN"} else f"{office}{number}"


def in_chinese(record: Node, *names: str) -> str:
    """The Chinese text of these, or else the first."""
    found = list(record.all(*names))
    for node in found:
        language = node.attributes.get("lang") or node.attributes.get("languageCode") or ""
        if language.lower().startswith(("zh", "cn", "chi")):
            return node.words()
    return found[0].words() if found else ""


def holders_of(record: Node) -> list[str]:
    """Applicants, each once; of several spellings of the same people, the original one."""
    found = list(record.all("applicant", "Applicant")) or list(record.all("assignee", "Assignee"))
    for spelling in ("original", "docdba", "docdb"):
        if same := [node for node in found if node.attributes.get("data-format") == spelling]:
            found = same
            break
    return list(dict.fromkeys(filter(None, map(name_of, found))))


def name_of(party: Node) -> str:
    whole = party.value(
        *("orgname", "OrganizationStandardName", "EntityName", "PersonFullName", "name"),
    )
    if whole:
        return whole
    parts = [party.value("last-name", "LastName"), party.value("first-name", "FirstName")]
    glue = "" if any("\u4e00" <= letter <= "\u9fff" for letter in parts[0]) else " "
    return glue.join(filter(None, parts))


def symbols_of(record: Node) -> list[str]:
    """IPC symbols, whether written out or in parts."""
    found: dict[str, None] = {}
    for node in record.all(
        *("classification-ipcr", "classification-ipc", "IPCRClassification", "IPCClassification"),
        "classification-locarno",
    ):
        parts = [
            node.value("section", "Section"),
            node.value("class", "Class"),
            node.value("subclass", "Subclass"),
        ]
        group = node.value("main-group", "MainGroup")
        if all(parts) and group:
            below = node.value("subgroup", "Subgroup") or "00"
            found["".join(parts) + f" {int(group) if group.isdigit() else group}/{below}"] = None
            continue
        written = node.words()
        spelled = ["{} {}/{}".format(*match) for match in SYMBOL.findall(written)]
        found.update(dict.fromkeys(spelled or ([written[:40]] if written else [])))
    return list(found)


def granted_on(record: Node) -> str:
    """The day of the grant: said as such, or that of a publication whose kind is a grant's."""
    if said := record.value("GrantDate", "date-of-grant"):
        return day(said)
    for node in record.all("publication-reference", "PatentPublicationIdentification"):
        kind = node.value("kind", "PatentDocumentKindCode")
        if GRANTED_KINDS.fullmatch(kind):
            return day(node.value("date", "PublicationDate"))
    return ""


def day(written: str) -> str:
    """20240105 and 2024-01-05+08:00 as 2024-01-05."""
    digits = re.sub(r"\D", "", written[:10])
    return f"{digits[:4]}-{digits[4:6]}-{digits[6:8]}" if len(digits) >= 8 else written
