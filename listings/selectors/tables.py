"""An uploaded table read by the confined child, for other rooms' lists: the door to `imports`.

Whoever takes in a table (needs, say) asks here, so that no hostile file is ever opened by the
server's own process, and a cell is read in one way everywhere.
"""

from __future__ import annotations

import io
import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import xlsxwriter

from core.errors import Invalid
from listings.imports import cells, intake, sheets

READERS: dict[str, Callable[[Any], Any]] = {
    "text": cells.text,
    "date": cells.date,
    "trl": cells.trl,
}


@dataclass(frozen=True, slots=True)
class UploadedTable:
    """What was in the file: titles of its columns, and the rows with their numbers in it."""

    header: tuple[str, ...]
    rows: tuple[tuple[int, tuple[Any, ...]], ...]


@dataclass(frozen=True, slots=True)
class Misread:
    """Why a cell cannot be read, and how to mend it."""

    reason: str
    mend: str


def uploaded_table(content: bytes, *, most_rows: int, most_bytes: int) -> UploadedTable:
    """The table in an upload (CSV, XLSX …); Invalid, with what to do, when it cannot be read."""
    if len(content) > most_bytes:
        raise _refused(f"文件超过 {most_bytes // 1024 // 1024} MB。请拆成几个文件分批上传。")
    with tempfile.NamedTemporaryFile(suffix=".upload") as file:
        file.write(content)
        file.flush()
        try:
            with intake.streamed(Path(file.name), small=True) as table:
                rows: list[tuple[int, tuple[Any, ...]]] = []
                for number, row in table.rows:
                    if len(rows) >= most_rows:
                        raise _refused(f"一次最多 {most_rows} 行。请拆成几个文件分批上传。")
                    rows.append((number, tuple(row)))
                if table.cut_off is not None:
                    raise _refused("文件没有传完整，最后一行断开了。请核对原文件，重新上传。")
                return UploadedTable(tuple(str(title) for title in table.header), tuple(rows))
        except intake.FileRefused as refusal:
            raise _refused(str(refusal)) from None


def _refused(reason: str) -> Invalid:
    return Invalid(reason, fields={"file": [reason]})


def read_cell(kind: str, cell: Any) -> Any | Misread:
    """A cell as text, date, or level of maturity; what is wrong with it when it is none."""
    try:
        return READERS[kind](cell)
    except cells.CellRefused as refusal:
        return Misread(refusal.reason, refusal.mend)


def read_money(cell: Any, *, in_wan: bool) -> Decimal | Misread | None:
    """A sum in yuan; None for an empty cell or 面议."""
    try:
        found = cells.money(cell, in_wan=in_wan)
    except cells.CellRefused as refusal:
        return Misread(refusal.reason, refusal.mend)
    return found.yuan if found is not None else None


def workbook_to_mend(
    header: Sequence[str],
    rows: Iterable[tuple[int, Sequence[Any], Sequence[tuple[int | None, str]]]],
) -> bytes:
    """The refused rows as they came, with the reasons in a last column; never a live formula."""
    listed = [
        (number, values, [sheets.Remark(column, text) for column, text in remarks])
        for number, values, remarks in rows
    ]
    return sheets.rows_to_mend(header, listed)


def workbook(header: Sequence[str], rows: Iterable[Sequence[str]], *, title: str) -> bytes:
    """A plain workbook of text cells; never a live formula."""
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer, sheets.SAFE_BOOK)
    bold = book.add_format({"bold": True, "bg_color": "#DCE6F2"})
    as_text = book.add_format({"num_format": "@", "text_wrap": True, "valign": "top"})
    sheet = book.add_worksheet(title)
    sheet.freeze_panes(1, 0)
    sheet.set_column(0, len(header) - 1, 22, as_text)
    for column, words in enumerate(header):
        sheet.write_string(0, column, words, bold)
    for line, row in enumerate(rows, start=1):
        for column, words in enumerate(row):
            sheet.write_string(line, column, words, as_text)
    book.close()
    return buffer.getvalue()
