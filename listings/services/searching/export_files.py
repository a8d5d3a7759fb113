"""The files of exports: XLSX and CSV that no spreadsheet takes for a formula."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import xlsxwriter

from core.web.export import inert
from listings.rules.exports import Form

Rows = Sequence[Sequence[Any]]
Write = Callable[[Rows], None]
Statement = Sequence[tuple[str, str]]
Writer = Callable[[Path, Sequence[str], Statement], AbstractContextManager[Write]]
LONGEST_CELL: Final = 32_767
WIDTHS: Final[Mapping[str, int]] = {
    "名称": 48, "专利权人": 32, "解决什么问题": 40, "效果与数据": 40, "摘要": 60, "网页地址": 36,
}  # fmt: skip
SAFE_BOOK: Final = {
    "constant_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
}


@contextmanager
def workbook(path: Path, header: Sequence[str], statement: Statement) -> Iterator[Write]:
    """An XLSX file: the rows on the first sheet, what was asked and when on the second."""
    book = xlsxwriter.Workbook(str(path), SAFE_BOOK)
    bold = book.add_format({"bold": True, "bg_color": "#DCE6F2"})
    money = book.add_format({"num_format": "#,##0.00"})
    sheet, notes = book.add_worksheet("专利"), book.add_worksheet("导出说明")
    sheet.freeze_panes(1, 2)
    for column, title in enumerate(header):
        sheet.set_column(column, column, WIDTHS.get(title, 16))
    for column, title in enumerate(header):
        sheet.write_string(0, column, title, bold)
    line = 0

    def write(rows: Rows) -> None:
        nonlocal line
        for row in rows:
            line += 1
            for column, cell in enumerate(row):
                if isinstance(cell, Decimal):
                    sheet.write_number(line, column, float(cell), money)
                elif isinstance(cell, int):
                    sheet.write_number(line, column, cell)
                elif cell:
                    sheet.write_string(line, column, str(inert(cell))[:LONGEST_CELL])

    yield write
    notes.set_column(0, 0, 14)
    notes.set_column(1, 1, 90)
    for place, (label, text) in enumerate(statement):
        notes.write_string(place, 0, label, bold)
        notes.write_string(place, 1, str(inert(text)))
    book.close()


@contextmanager
def comma_separated(path: Path, header: Sequence[str], statement: Statement) -> Iterator[Write]:
    """A CSV file with a byte order mark, so that Excel reads its Chinese; what was asked and when
    stands above the table, an empty line between."""
    with path.open("w", encoding="utf-8-sig", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerows([inert(label), inert(text)] for label, text in statement)
        writer.writerow([])
        writer.writerow([inert(title) for title in header])
        yield lambda rows: writer.writerows([inert(cell) for cell in row] for row in rows)


WRITERS: Final[Mapping[Form, Writer]] = {Form.XLSX: workbook, Form.CSV: comma_separated}
