"""Downloads that a spreadsheet opens without running anything."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal

import xlsxwriter
from django.http import HttpResponse
from django.utils import timezone
from django.utils.http import content_disposition_header

from core.text.formulas import disarmed

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
SAFE_BOOK = {
    "in_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
}


def inert(value: object) -> object:
    """The value as a cell that no spreadsheet takes for a formula."""
    if isinstance(value, str):
        return disarmed(value)
    if isinstance(value, datetime):
        return timezone.localtime(value).strftime("%Y-%m-%d %H:%M")
    if isinstance(value, date):
        return value.isoformat()
    return "" if value is None else value


def attached(name: str) -> str:
    """The header that offers a file under this name; no line end in it begins another header."""
    return _named(name, to_keep=True)


def _named(name: str, *, to_keep: bool) -> str:
    kept = "".join(character for character in name if character.isprintable())
    return content_disposition_header(to_keep, kept) or ""


def pdf_shown(paper: bytes, name: str, **headers: str) -> HttpResponse:
    """A paper in the browser's own reader, kept under this name when it is saved."""
    where = _named(name, to_keep=False)
    return HttpResponse(
        paper, content_type="application/pdf", headers={"Content-Disposition": where, **headers}
    )


def csv_download(
    name: str, header: Sequence[str], rows: Iterable[Sequence[object]]
) -> HttpResponse:
    """A CSV file in UTF-8 with a byte order mark, so that Excel reads its Chinese."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow([inert(cell) for cell in header])
    writer.writerows([inert(cell) for cell in row] for row in rows)
    response = HttpResponse(
        b"\xef\xbb\xbf" + text.getvalue().encode(), content_type="text/csv; charset=utf-8"
    )
    response["Content-Disposition"] = attached(f"{name}.csv")
    return response


def xlsx_download(
    name: str,
    sheet: str,
    header: Sequence[str],
    rows: Iterable[Sequence[object]],
    *,
    widths: Sequence[int] = (),
) -> HttpResponse:
    """A workbook in which every text is text: numbers and days sort, nothing is a formula."""
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer, SAFE_BOOK)
    bold = book.add_format({"bold": True, "bg_color": "#DCE6F2"})
    page = book.add_worksheet(sheet[:31])
    page.freeze_panes(1, 0)
    for column, width in enumerate(widths):
        page.set_column(column, column, width)
    for column, title in enumerate(header):
        page.write_string(0, column, title, bold)
    money = book.add_format({"num_format": "#,##0.00"})
    for line, row in enumerate(rows, start=1):
        for column, value in enumerate(row):
            if isinstance(value, Decimal):
                page.write_number(line, column, float(value), money)
            elif isinstance(value, int) and not isinstance(value, bool):
                page.write_number(line, column, value)
            else:
                page.write_string(line, column, str(inert(value)))
    book.close()
    response = HttpResponse(buffer.getvalue(), content_type=XLSX)
    response["Content-Disposition"] = attached(f"{name}.xlsx")
    return response
