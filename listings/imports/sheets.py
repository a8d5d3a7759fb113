"""Workbooks we hand out: the template, and the rows to be mended. Never a live formula."""

import csv
import io
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import xlsxwriter

from core.text.formulas import is_formula
from listings.imports.columns import FIELDS, Field

SAFE_BOOK = {
    "in_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
}
REASON_HEADER = "问题与修改办法（重新上传时请保留本列）"
ORIGIN = re.compile(r"〔导入(\d{1,18})〕")
MIME = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "csv": "text/csv",
    "jsonl": "application/jsonl",
}


@dataclass(frozen=True)
class Remark:
    """One problem as the corrected file shows it."""

    column: int | None
    text: str


ToMend = tuple[int, Sequence[Any], Sequence[Remark]]


def template(fields: Sequence[Field] = FIELDS, title: str = "专利清单") -> bytes:
    """An empty list with every column we read, one example row and an explanation of each."""
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer, SAFE_BOOK)
    bold = book.add_format(
        {"bold": True, "bg_color": "#DCE6F2", "text_wrap": True, "valign": "top"}
    )
    as_text = book.add_format({"num_format": "@"})
    sheet = book.add_worksheet(title)
    sheet.freeze_panes(1, 0)
    for index, field in enumerate(fields):
        sheet.set_column(index, index, max(12, min(40, len(field.example) + 6)), as_text)
        sheet.write_string(0, index, field.label + ("*" if field.required else ""), bold)
    guide = book.add_worksheet("填写说明")
    guide.set_column(0, 0, 18)
    guide.set_column(1, 1, 34)
    guide.set_column(2, 2, 90)
    for index, heading in enumerate(("列名", "例子", "怎么填")):
        guide.write_string(0, index, heading, bold)
    for line, field in enumerate(fields, start=1):
        guide.write_string(line, 0, field.label + ("*" if field.required else ""))
        guide.write_string(line, 1, field.example)
        guide.write_string(line, 2, field.help)
    book.close()
    return buffer.getvalue()


def reason_header(batch_id: int) -> str:
    """The title of the last column; it says which import the rows come back to."""
    return f"{REASON_HEADER}〔导入{batch_id}〕"


def origin_of(header: Sequence[str]) -> int | None:
    """The import whose mended rows a file with this header brings back."""
    for title in reversed(header):
        if title.startswith(REASON_HEADER[:7]) and (found := ORIGIN.search(title)):
            return int(found.group(1))
    return None


def without_reasons(header: Sequence[str], cells: Sequence[Any]) -> list[Any]:
    """A row as its office wrote it: not what we once said of it in a column of our own."""
    ours = {at for at, title in enumerate(header) if title.startswith(REASON_HEADER[:7])}
    return [cell for at, cell in enumerate(cells) if at not in ours]


def told(number: int, remarks: Sequence[Remark]) -> str:
    return f"原第 {number} 行：" + "\n".join(remark.text for remark in remarks)


def mendable(
    header: Sequence[str], rows: Iterable[ToMend], *, about: Mapping[str, Any], title: str
) -> tuple[bytes, str]:
    """The rows that were refused in the format they came in, and the ending of its name.

    XML comes back as a workbook, and so does text with a cell that a spreadsheet would run as a
    formula: a workbook can hold it as text.
    """
    if header and header[-1].startswith(REASON_HEADER[:7]):
        header = header[:-1]  # what was wrong the last time
    listed, kind = list(rows), about.get("format")
    if kind == "jsonl":
        return _json_lines([*header, title], listed), "jsonl"
    everything = chain(header, *(cells for _, cells, _ in listed))
    if kind == "csv" and not any(map(_is_risky, everything)):
        return _csv([*header, title], listed, about), "csv"
    return rows_to_mend(header, listed, title=title), "xlsx"


def _is_risky(cell: Any) -> bool:
    text = written(cell)
    return is_formula(text) and not re.fullmatch(r"[+-]?[\d.,]+|-+", text)


def _csv(header: Sequence[str], rows: Iterable[ToMend], about: Mapping[str, Any]) -> bytes:
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=about.get("delimiter") or ",")
    writer.writerow(header)
    width = len(header) - 1
    for number, cells, remarks in rows:
        writer.writerow([*map(written, cells[:width]), told(number, remarks).replace("\n", " ")])
    encoding = str(about.get("encoding") or "utf-8")
    return out.getvalue().encode("gb18030" if encoding == "gb18030" else "utf-8-sig")


def _json_lines(header: Sequence[str], rows: Iterable[ToMend]) -> bytes:
    lines = [
        json.dumps(
            dict(zip(header, [*cells[: len(header) - 1], told(number, remarks)], strict=True)),
            ensure_ascii=False,
        )
        for number, cells, remarks in rows
    ]
    return "".join(f"{line}\n" for line in lines).encode()


def rows_to_mend(
    header: Sequence[str], rows: Iterable[ToMend], *, title: str = REASON_HEADER
) -> bytes:
    """The rows that were refused, as they came, with the reasons in a last column."""
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer, SAFE_BOOK)
    bold = book.add_format(
        {"bold": True, "bg_color": "#DCE6F2", "text_wrap": True, "valign": "top"}
    )
    wrong = book.add_format({"bg_color": "#FCE4E1", "num_format": "@"})
    as_text = book.add_format({"num_format": "@"})
    wrapped = book.add_format({"text_wrap": True, "font_color": "#B42318", "valign": "top"})
    sheet = book.add_worksheet("待修改的行")
    sheet.freeze_panes(1, 0)
    width = len(header)
    for index, name in enumerate(header):
        sheet.write_string(0, index, name, bold)
    sheet.write_string(0, width, title, bold)
    sheet.set_column(0, max(0, width - 1), 18, as_text)
    sheet.set_column(width, width, 70)
    for line, (number, values, remarks) in enumerate(rows, start=1):
        faulty = {remark.column for remark in remarks}
        for index, value in enumerate(values[:width]):
            sheet.write_string(line, index, written(value), wrong if index in faulty else as_text)
        sheet.write_string(line, width, told(number, remarks), wrapped)
    book.close()
    return buffer.getvalue()


def written(cell: Any) -> str:
    """A cell as text again, so that the file can be mended and sent back."""
    if cell is None:
        return ""
    if isinstance(cell, dict):
        return str(cell.get("date", "")) if "date" in cell else ""
    if isinstance(cell, bool):
        return "是" if cell else "否"
    return str(cell)[:32_767]
