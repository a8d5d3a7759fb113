"""The child that reads one uploaded file: `python -m listings.imports.reading PATH`.

It runs alone, with limits on memory and time, because the file is somebody else's. It prints one
JSON line about the table, then one line `[row number, [cells]]` per row; a refusal is one line
`{"refused": code, ...}` and exit status 3. Nothing here may import Django.

A cell is a string, a number, a boolean, null, `{"date": "2024-01-05"}` or `{"formula": "C7"}`.
"""

import codecs
import csv
import datetime as dt
import html
import json
import re
import resource
import sys
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, NoReturn, TextIO

from listings.imports import limits, standards

Cell = Any
Row = tuple[int, list[Cell]]

XML_CELL_WITH_FORMULA: Final = re.compile(
    rb'<(?:\w+:)?c\b[^>]*?\br="([A-Z]{1,3}[0-9]{1,7})"[^>]*>\s*<(?:\w+:)?f\b'
)
OLE_MAGIC: Final = bytes.fromhex("d0cf11e0a1b11ae1")
ENCRYPTED_MARK: Final = "EncryptedPackage".encode("utf-16-le")
UNREADABLE_ZIP: Final = (
    zipfile.BadZipFile,
    zipfile.LargeZipFile,
    zlib.error,
    EOFError,
    KeyError,
    NotImplementedError,
    OSError,
)
BIG5_WORDS: Final = ("專利", "申請", "發明", "名稱", "號", "摘要", "日期", "公告", "類型", "狀態")
GBK_WORDS: Final = ("专利", "申请", "发明", "名称", "号", "摘要", "日期", "公告", "类型", "状态")
OTHER_FILES: Final = {
    b"%PDF": "PDF",
    b"\x89PNG": "PNG 图片",
    b"\xff\xd8\xff": "JPEG 图片",
    b"Rar!": "RAR 压缩包",
    b"7z\xbc\xaf": "7z 压缩包",
    b"\x1f\x8b": "gzip 压缩包",
}


class Refused(Exception):
    """This file cannot be read; `code` says why."""

    def __init__(self, code: str, **about: Any) -> None:
        super().__init__(code)
        self.code = code
        self.about = about


class CutOff(Exception):
    """The file breaks off here; the rows before are whole."""

    def __init__(self, line: int) -> None:
        super().__init__(f"Line {line}")
        self.line = line


def read(path: Path, *, small: bool = False) -> Iterator[dict[str, Any] | Row]:
    """First what the table is, then its rows. Raises Refused."""
    head = path.open("rb").read(4096)
    if not head.strip():
        raise Refused("empty")
    if head.startswith(b"PK\x03\x04"):
        yield from read_workbook(path, small=small)
    elif head.startswith(OLE_MAGIC):
        whole = path.read_bytes()
        raise Refused("password" if ENCRYPTED_MARK in whole else "old-excel")
    else:
        for magic, name in OTHER_FILES.items():
            if head.startswith(magic):
                raise Refused("not-a-table", found=name)
        yield from read_text(path, head)


# Workbooks


def read_workbook(path: Path, *, small: bool = False) -> Iterator[dict[str, Any] | Row]:
    from python_calamine import CalamineError, CalamineWorkbook, PasswordError, SheetTypeEnum

    formulas = inspect_zip(path, small=small)
    try:
        with CalamineWorkbook.from_path(str(path)) as book:
            sheets = [m.name for m in book.sheets_metadata if m.typ == SheetTypeEnum.WorkSheet]
            for index, name in enumerate(sheets):
                sheet = book.get_sheet_by_name(name)
                if sheet.height == 0:
                    continue
                others = sheets[index + 1 :]
                first_column = (sheet.start or (0, 0))[1]
                rows = (  # counted from the first row of the sheet, empty ones too
                    (number, [excel_cell(value) for value in values])
                    for number, values in enumerate(sheet.iter_rows(), start=1)
                )
                marked = formulas.get(name, set())
                kept = (mark_formulas(row, marked, first_column) for row in rows)
                yield from tabular(kept, {"format": "xlsx", "sheet": name, "other_sheets": others})
                return
    except PasswordError as error:
        raise Refused("password") from error
    except (CalamineError, OSError, ValueError, UnicodeError) as error:
        raise Refused("broken-workbook") from error
    raise Refused("empty")


def inspect_zip(path: Path, *, small: bool = False) -> dict[str, set[str]]:
    """Refuse bombs before anything is inflated, then find which cells hold formulas."""
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            inflated = sum(member.file_size for member in members)
            packed = max(1, sum(member.compress_size for member in members))
            most = limits.SMALL_INFLATED_BYTES if small else limits.INFLATED_BYTES
            if len(members) > limits.ZIP_MEMBERS or inflated > most:
                raise Refused("zip-bomb")
            if (
                inflated > limits.SUSPECT_INFLATED_BYTES
                and inflated / packed > limits.SUSPECT_RATIO
            ):
                raise Refused("zip-bomb")
            names = {member.filename for member in members}
            if any(member.flag_bits & 1 for member in members):
                raise Refused("password")
            if "[Content_Types].xml" not in names:
                raise Refused("not-a-workbook")
            if "xl/workbook.xml" not in names:
                halved = any(name.startswith("xl/") for name in names)
                raise Refused("broken-workbook" if halved else "not-a-workbook")
            return {
                title: scan_sheet(archive, member)
                for title, member in worksheets(archive).items()
                if member in names
            }
    except UNREADABLE_ZIP as error:
        raise Refused("broken-workbook") from error


def worksheets(archive: zipfile.ZipFile) -> dict[str, str]:
    """Sheet title → member of the archive, as the workbook's relations say."""
    if archive.getinfo("xl/workbook.xml").file_size > 4 * limits.MIB:
        raise Refused("zip-bomb")
    targets = {
        attribute(tag, "Id"): attribute(tag, "Target").removeprefix("/xl/")
        for tag in re.findall(r"<(?:\w+:)?Relationship\b[^>]*>", relations(archive))
    }
    book = archive.read("xl/workbook.xml").decode("utf-8", "replace")
    return {
        html.unescape(attribute(tag, "name")): "xl/" + targets.get(attribute(tag, "id"), "")
        for tag in re.findall(r"<(?:\w+:)?sheet\b[^>]*>", book)
    }


def relations(archive: zipfile.ZipFile) -> str:
    with suppress(KeyError), archive.open("xl/_rels/workbook.xml.rels") as stream:
        return stream.read(4 * limits.MIB).decode("utf-8", "replace")
    return ""


def attribute(tag: str, name: str) -> str:
    found = re.search(rf"[\s:]{name}=[\"']([^\"']*)[\"']", tag)
    return found.group(1) if found else ""


def scan_sheet(archive: zipfile.ZipFile, name: str) -> set[str]:
    """The addresses of cells with formulas; refuses a sheet with far too many filled cells."""
    found: set[str] = set()
    filled = 0
    tail = b""
    with archive.open(name) as stream:
        while chunk := stream.read(limits.MIB):
            window = tail + chunk
            filled += chunk.count(b"</c>")
            if filled > limits.FILLED_CELLS:
                raise Refused("too-many-rows", limit=limits.ROWS)
            if b"f>" in window or b"<f" in window or b":f" in window:
                found.update(m.group(1).decode() for m in XML_CELL_WITH_FORMULA.finditer(window))
            tail = window[-1024:]
    return found


def mark_formulas(row: Row, marked: set[str], first_column: int) -> Row:
    number, cells = row
    if not marked:
        return row
    return number, [
        {"formula": address}
        if (address := f"{column_letters(first_column + index)}{number}") in marked
        else cell
        for index, cell in enumerate(cells)
    ]


def column_letters(index: int) -> str:
    """0 is A, 26 is AA."""
    letters = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def excel_cell(value: Any) -> Cell:
    if isinstance(value, dt.datetime):
        return {"date": value.date().isoformat()}
    if isinstance(value, dt.date):
        return {"date": value.isoformat()}
    if isinstance(value, dt.time | dt.timedelta):
        return str(value)
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return int(value)
    return value


# Text


def read_text(path: Path, head: bytes) -> Iterator[dict[str, Any] | Row]:
    encoding = detect_encoding(path, head)
    # A file may break off within a character: then its last line is judged by its shape.
    with path.open(encoding=encoding, errors="replace", newline="") as stream:
        start = stream.read(4096).lstrip("\ufeff \t\r\n")
        stream.seek(0)
        if start.startswith("<"):
            yield from read_xml(stream, encoding)
        elif start.startswith("{"):
            yield from read_json_lines(stream, encoding)
        elif start.startswith("[{") or start.startswith("[\n"):
            raise Refused("json-array")
        else:
            yield from read_csv(stream, encoding)


def detect_encoding(path: Path, head: bytes) -> str:
    """UTF-8, UTF-16 with its mark, or GB18030 (which contains GBK); else Refused.

    A character that breaks off at the very end is no reason against an encoding.
    """
    if head.startswith(codecs.BOM_UTF8):
        candidates = ["utf-8-sig"]
    elif head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        candidates = ["utf-16"]
    elif b"\x00" in head:
        raise Refused("not-a-table", found="二进制文件")
    else:
        candidates = ["utf-8", "gb18030"]
    for encoding in candidates:
        decoder = codecs.getincrementaldecoder(encoding)()
        try:
            with path.open("rb") as stream:
                while chunk := stream.read(limits.MIB):
                    decoder.decode(chunk)
        except UnicodeError:
            continue
        if encoding == "gb18030" and looks_like_big5(head):
            raise Refused("big5")
        return encoding
    raise Refused("encoding")


def looks_like_big5(head: bytes) -> bool:
    """Whether the first line says what patent lists say when it is read as Big5, not as GBK.

    Nearly every Big5 text is GBK as well, of other characters: only the words tell.
    """
    line = head.lstrip().split(b"\n", 1)[0]
    return sum(word in line.decode("big5", "replace") for word in BIG5_WORDS) > sum(
        word in line.decode("gb18030", "replace") for word in GBK_WORDS
    )


def read_xml(stream: TextIO, encoding: str) -> Iterator[dict[str, Any] | Row]:
    """WIPO ST.36 or ST.96: a row for each record, numbered as they come."""
    try:
        yield from tabular(
            without_mark(standards.records(stream)), {"format": "xml", "encoding": encoding}
        )
    except standards.NotWanted as refusal:
        raise Refused(refusal.code) from refusal


def without_mark(rows: Iterator[Row]) -> Iterator[Row]:
    """Records as rows, where the break of a file is ours to tell."""
    try:
        yield from rows
    except standards.CutOff as cut:
        raise CutOff(cut.line) from cut


class Lines:
    """The lines of a text, and whether the last of them was ended."""

    def __init__(self, stream: Iterable[str]) -> None:
        self.stream, self.last = stream, "\n"

    def __iter__(self) -> Iterator[str]:
        for line in self.stream:
            self.last = line
            yield line.replace("\x00", "")

    @property
    def broke_off(self) -> bool:
        return not self.last.endswith(("\n", "\r"))


def read_csv(stream: Iterable[str], encoding: str) -> Iterator[dict[str, Any] | Row]:
    csv.field_size_limit(limits.CELL_CHARACTERS * 20)
    whole = Lines(stream)
    lines = iter(whole)
    first = next(lines, "").lstrip("\ufeff")
    if first.lower().startswith("sep="):
        first = next(lines, "")
    delimiter = max(",\t;", key=first.count)

    def again() -> Iterator[str]:
        yield first
        yield from lines

    reader = csv.reader(again(), delimiter=delimiter)

    def rows() -> Iterator[Row]:
        number, width = 1, 0
        try:
            for values in reader:
                width = width or len(values)
                if whole.broke_off and number > 1 and len(values) < width:
                    raise CutOff(number)
                yield number, list(values)
                number = reader.line_num + 1
        except csv.Error as error:
            raise Refused("broken-csv", row=number) from error

    yield from tabular(rows(), {"format": "csv", "encoding": encoding, "delimiter": delimiter})


def read_json_lines(stream: Iterable[str], encoding: str) -> Iterator[dict[str, Any] | Row]:
    """One object a line. The columns are those of the first 200 lines, in order of appearance."""
    whole = Lines(stream)
    lines = enumerate(whole, start=1)
    first: list[tuple[int, dict[str, Any]]] = []
    broken: CutOff | None = None
    columns: dict[str, None] = {}
    for number, line in lines:
        if not line.strip("\ufeff \t\r\n"):
            continue
        try:
            record = json_record(number, line, whole)
        except CutOff as cut:
            broken = cut
            break
        first.append((number, record))
        columns.update(dict.fromkeys(record))
        if len(first) == 200:
            break
    names = list(columns)

    def rows() -> Iterator[Row]:
        yield 0, list(names)
        for number, record in first:
            yield number, [json_cell(record.get(name)) for name in names]
        if broken:
            raise broken
        for number, line in lines:
            if line.strip():
                record = json_record(number, line, whole)
                yield number, [json_cell(record.get(name)) for name in names]

    yield from tabular(rows(), {"format": "jsonl", "encoding": encoding})


def json_record(number: int, line: str, whole: Lines) -> dict[str, Any]:
    try:
        record = json.loads(line.lstrip("\ufeff"))
    except (ValueError, RecursionError) as error:
        if whole.broke_off and number > 1:
            raise CutOff(number) from error
        raise Refused("broken-json", row=number) from error
    if not isinstance(record, dict):
        raise Refused("broken-json", row=number)
    return record


def json_cell(value: Any) -> Cell:
    if isinstance(value, list):
        return "；".join(str(part) for part in value if not isinstance(part, dict | list))
    if isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
        return str(value)
    return value


# Both


def tabular(rows: Iterator[Row], about: dict[str, Any]) -> Iterator[dict[str, Any] | Row]:
    """Find the header, then give each row that holds anything. Title lines above it are skipped."""
    header: list[str] = []
    count = 0
    cuts: list[int] = []
    for number, cells in until_cut(rows, cuts):
        if all(is_blank(cell) for cell in cells):
            continue
        if not header:
            filled = sum(not is_blank(cell) for cell in cells)
            if filled == 1 and len(cells) > 1 and 0 < number < 5:
                continue  # a title line such as “某大学专利清单”
            header = [as_text(cell) for cell in cells]
            while header and not header[-1]:
                header.pop()
            if len(header) > limits.COLUMNS:
                raise Refused("too-many-columns", limit=limits.COLUMNS, found=len(header))
            yield {**about, "header": header, "header_row": number}
            continue
        count += 1
        if count > limits.ROWS:
            raise Refused("too-many-rows", limit=limits.ROWS)
        yield number, fit(cells, len(header))
    if not header:
        raise Refused("empty")
    if not count:
        raise Refused("cut-off" if cuts else "no-rows")
    if cuts:
        yield {"cut_off": {"records": count, "line": cuts[0]}}


def until_cut(rows: Iterator[Row], cuts: list[int]) -> Iterator[Row]:
    """The rows up to where the file breaks off; the line of the break goes to `cuts`."""
    try:
        yield from rows
    except CutOff as cut:
        cuts.append(cut.line)


def fit(cells: Sequence[Cell], width: int) -> list[Cell]:
    """As wide as the header; what sticks out goes to one extra cell, to be reported."""
    kept = [clip(cell) for cell in cells[:width]]
    kept += [None] * (width - len(kept))
    beyond = [as_text(cell) for cell in cells[width:] if not is_blank(cell)]
    if beyond:
        kept.append(" | ".join(beyond)[:500])
    return kept


def clip(cell: Cell) -> Cell:
    if isinstance(cell, str):
        # PostgreSQL stores no NUL, and lone surrogates from JSON escapes cannot be encoded.
        cell = cell.replace("\x00", "").encode("utf-8", "replace").decode("utf-8")
        return cell[: limits.CELL_CHARACTERS + 1]
    return cell


def is_blank(cell: Cell) -> bool:
    return cell is None or (isinstance(cell, str) and not cell.strip("\ufeff \t\r\n\u3000\xa0"))


def as_text(cell: Cell) -> str:
    if cell is None:
        return ""
    if isinstance(cell, dict):
        return str(next(iter(cell.values())))
    return str(clip(str(cell))).strip("\ufeff \t\r\n\u3000\xa0")[:200]


def confine(*, small: bool) -> None:
    """From here on this process cannot eat the machine; a small file gets little of it."""
    memory = limits.SMALL_MEMORY_BYTES if small else limits.CHILD_MEMORY_BYTES
    seconds = limits.SMALL_SECONDS if small else limits.CHILD_SECONDS
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 5))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def refuse(error: Refused) -> NoReturn:
    print(json.dumps({"refused": error.code, **error.about}, ensure_ascii=False), flush=True)
    raise SystemExit(3)


def main(path: Path, *, small: bool = False) -> None:
    confine(small=small)
    sys.stdout.reconfigure(encoding="utf-8")  # type: ignore[union-attr]
    try:
        for line in read(path, small=small):
            sys.stdout.write(json.dumps(line, ensure_ascii=False) + "\n")
    except Refused as error:
        refuse(error)
    except MemoryError:
        refuse(Refused("too-big"))


if __name__ == "__main__":
    main(Path(sys.argv[-1]), small="--small" in sys.argv[1:-1])
