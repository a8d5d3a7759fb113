"""Workbooks we hand out: the template, and the rows to be mended. Never a live formula."""

import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import xlsxwriter

from listings.imports.columns import FIELDS

SAFE_BOOK = {
    "in_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
}
REASON_HEADER = "问题与修改办法（重新上传时可保留本列）"


@dataclass(frozen=True)
class Remark:
    """One problem as the corrected file shows it."""

    column: int | None
    text: str


def template() -> bytes:
    """An empty list with every column we read, one example row and an explanation of each."""
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer, SAFE_BOOK)
    bold = book.add_format(
        {"bold": True, "bg_color": "#DCE6F2", "text_wrap": True, "valign": "top"}
    )
    as_text = book.add_format({"num_format": "@"})
    sheet = book.add_worksheet("专利清单")
    sheet.freeze_panes(1, 0)
    for index, field in enumerate(FIELDS):
        sheet.set_column(index, index, max(12, min(40, len(field.example) + 6)), as_text)
        sheet.write_string(0, index, field.label + ("*" if field.required else ""), bold)
    guide = book.add_worksheet("填写说明")
    guide.set_column(0, 0, 18)
    guide.set_column(1, 1, 34)
    guide.set_column(2, 2, 90)
    for index, title in enumerate(("列名", "例子", "怎么填")):
        guide.write_string(0, index, title, bold)
    for line, field in enumerate(FIELDS, start=1):
        guide.write_string(line, 0, field.label + ("*" if field.required else ""))
        guide.write_string(line, 1, field.example)
        guide.write_string(line, 2, field.help)
    book.close()
    return buffer.getvalue()


def rows_to_mend(
    header: Sequence[str], rows: Iterable[tuple[int, Sequence[Any], Sequence[Remark]]]
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
    for index, title in enumerate(header):
        sheet.write_string(0, index, title, bold)
    sheet.write_string(0, width, REASON_HEADER, bold)
    sheet.set_column(0, max(0, width - 1), 18, as_text)
    sheet.set_column(width, width, 70)
    for line, (number, values, remarks) in enumerate(rows, start=1):
        faulty = {remark.column for remark in remarks}
        for index, value in enumerate(values[:width]):
            sheet.write_string(line, index, written(value), wrong if index in faulty else as_text)
        told = "\n".join(remark.text for remark in remarks)
        sheet.write_string(line, width, f"原第 {number} 行：{told}", wrapped)
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
