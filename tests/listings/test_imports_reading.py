"""Files as people send them: every format and every kind of wreck, without a database."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter
from python_calamine import CalamineWorkbook

from listings.imports import intake, limits, reading, sheets
from listings.imports.intake import FileRefused, opened
from listings.imports.sheets import Remark

Write = Callable[[str, bytes], Path]
HEADER = ["申请号", "名称", "申请日"]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def make(name: str, body: bytes) -> Path:
        path = tmp_path / name
        path.write_bytes(body)
        return path

    return make


def workbook(*rows: list[Any], title: str = "清单", formula: str = "") -> bytes:
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer, {"in_memory": True})
    sheet = book.add_worksheet(title)
    days = book.add_format({"num_format": "yyyy-mm-dd"})
    for line, row in enumerate(rows):
        for place, value in enumerate(row):
            if isinstance(value, datetime):
                sheet.write_datetime(line, place, value, days)
            else:
                sheet.write(line, place, value)
    if formula:
        sheet.write_formula(formula, "=1+1", None, 2)
    book.close()
    return buffer.getvalue()


def read(path: Path) -> tuple[list[str], list[tuple[int, list[Any]]]]:
    with opened(path) as table:
        return table.header, list(table.rows)


def refusal(path: Path) -> FileRefused:
    with pytest.raises(FileRefused) as caught, opened(path):
        pass
    return caught.value


CSV = "申请号,名称,申请日\n201710601862.3,一种散热膜,2017-07-21\n"


@pytest.mark.parametrize(
    "body",
    [
        CSV.encode(),
        b"\xef\xbb\xbf" + CSV.encode(),
        CSV.encode("gbk"),
        CSV.encode("gb18030"),
        CSV.encode("utf-16"),
        CSV.replace(",", "\t").encode(),
        CSV.replace(",", ";").encode(),
        CSV.replace("\n", "\r\n").encode(),
        ("sep=,\n" + CSV).encode(),
        ("某大学专利清单,,\n" + CSV).encode(),
        ("\n\n" + CSV).encode(),
    ],
    ids=["utf8", "bom", "gbk", "gb18030", "utf16", "tab", "semicolon", "crlf", "sep", "title",
         "blank"],
)  # fmt: skip
def test_text_tables_read_alike(write: Write, body: bytes) -> None:
    header, rows = read(write("list.csv", body))
    assert header == HEADER
    assert [cells for _, cells in rows] == [["201710601862.3", "一种散热膜", "2017-07-21"]]


def test_row_numbers_are_those_of_the_file(write: Write) -> None:
    body = '名称,摘要\n一,"两\n行"\n\n二,x\n'
    assert [number for number, _ in read(write("a.csv", body.encode()))[1]] == [2, 5]


def test_workbook_keeps_numbers_days_and_marks_formulas(write: Write) -> None:
    body = workbook(
        ["某大学", "", "", ""],
        ["申请号", "名称", "申请日", "报价"],
        [201710601862.3, "一种<b>膜</b>", datetime(2017, 7, 21)],
        formula="D3",
    )
    header, rows = read(write("a.xlsx", body))
    assert header == ["申请号", "名称", "申请日", "报价"]
    assert rows == [
        (3, [201710601862.3, "一种<b>膜</b>", {"date": "2017-07-21"}, {"formula": "D3"}])
    ]


def test_a_table_that_begins_further_in_keeps_its_addresses(write: Write) -> None:
    """Rows and formulas are named as the spreadsheet names them."""
    empty: list[Any] = []
    table = [["", "", "名称", "报价"], empty, ["", "", "一种膜", ""]]
    header, rows = read(write("a.xlsx", workbook(empty, empty, *table, formula="D5")))
    assert header == ["名称", "报价"]
    assert rows == [(5, ["一种膜", {"formula": "D5"}])]


def test_json_lines_take_the_keys_as_columns(write: Write) -> None:
    body = '{"title": "甲", "ipc": ["H01M 10/05", "C01B 1/00"]}\n\n{"title": "乙", "x": 1}\n'
    header, rows = read(write("a.jsonl", body.encode()))
    assert header == ["title", "ipc", "x"]
    assert rows == [(1, ["甲", "H01M 10/05；C01B 1/00", None]), (3, ["乙", None, 1])]


def bomb() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in ("[Content_Types].xml", "xl/workbook.xml"):
            archive.writestr(name, "<x/>")
        archive.writestr("xl/worksheets/sheet1.xml", b"0" * (64 * limits.MIB))
    return buffer.getvalue()


def many_members() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for number in range(limits.ZIP_MEMBERS + 1):
            archive.writestr(f"xl/{number}", "")
    return buffer.getvalue()


def plain_zip() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("read.me", "hello")
    return buffer.getvalue()


WHOLE = workbook(HEADER, *[[f"2017106018{n}", "膜", "2017-07-21"] for n in range(40)])


def scrambled() -> bytes:
    body = bytearray(WHOLE)
    for place in range(len(body) // 3, len(body) // 2):
        body[place] ^= 0x5A
    return bytes(body)


WRECKS: dict[str, tuple[bytes, str]] = {
    "bomb": (bomb(), "zip-bomb"),
    "members": (many_members(), "zip-bomb"),
    "half": (WHOLE[: len(WHOLE) // 2], "broken-workbook"),
    "scrambled": (scrambled(), "broken-workbook"),
    "zip": (plain_zip(), "not-a-workbook"),
    "password": (
        reading.OLE_MAGIC + b"\0" * 600 + reading.ENCRYPTED_MARK,
        "password",
    ),
    "xls": (reading.OLE_MAGIC + b"\0" * 600, "old-excel"),
    "pdf": (b"%PDF-1.7 ...", "not-a-table"),
    "png": (b"\x89PNG\r\n\x1a\n\0\0\0", "not-a-table"),
    "binary": (bytes(range(256)) * 8, "not-a-table"),
    "html": (b"<html><table><tr><td>1</td></tr></table>", "markup"),
    "empty": (b"", "empty"),
    "blank": (b"\n \n", "empty"),
    "header": ("申请号,名称\n".encode(), "no-rows"),
    "encoding": (b"\xff\x81\xff,\xfe\x00\xff\n", "not-a-table"),
    "latin": ("名称\n".encode() + b"\xff\xff\xff\xff\n", "encoding"),
    "big5": ("專利號,專利名稱\n201710601862.3,膜\n".encode("big5"), "big5"),
    "array": (b'[{"title": "a"}]', "json-array"),
    "json": (b'{"title": "a"}\n{"title": \n', "broken-json"),
    "wide": (",".join(f"c{n}" for n in range(300)).encode() + b"\n1,2\n", "too-many-columns"),
    "long": ("申请号,名称\n".encode() + b"1,2\n" * (limits.ROWS + 1), "too-many-rows"),
}


@pytest.mark.parametrize("name", WRECKS)
def test_a_wreck_is_refused_as_a_whole_with_a_way_to_mend(write: Write, name: str) -> None:
    body, code = WRECKS[name]
    found = refusal(write(f"{name}.xlsx", body))
    assert found.code == code
    assert found.reason
    assert found.mend
    assert "{" not in str(found).replace('{"title"', "")


def test_the_sheet_that_pretends_to_be_huge_is_stopped_by_the_childs_limits(write: Write) -> None:
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer, {"in_memory": True})
    sheet = book.add_worksheet()
    sheet.write_row(0, 0, ["申请号", "名称"])
    sheet.write(1_048_575, 16_383, "x")
    book.close()
    assert refusal(write("a.xlsx", buffer.getvalue())).code == "too-big"


def test_more_than_200_mb_is_refused_before_reading() -> None:
    with pytest.raises(FileRefused, match="200 MB"):
        intake.check_size(limits.UPLOAD_BYTES + 1)


def test_every_refusal_of_the_child_has_words() -> None:
    source = Path(reading.__file__).read_text("utf-8")
    import re

    codes = set(re.findall(r'Refused\(\s*"([a-z-]+)"', source))
    assert codes <= intake.REASONS.keys()


def test_the_childs_environment_holds_no_secret(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: dict[str, Any] = {}
    real = intake.subprocess.run

    def spy(*args: Any, **kwargs: Any) -> Any:
        seen.update(kwargs)
        return real(*args, **kwargs)

    monkeypatch.setenv("DATABASE_URL", "postgres://secret")
    monkeypatch.setattr(intake.subprocess, "run", spy)
    read(write("a.csv", CSV.encode()))
    assert "secret" not in str(seen["env"])


def test_the_template_reads_back_with_every_column_known(write: Write) -> None:
    from listings.imports import columns

    path = write("t.xlsx", sheets.template())
    book = CalamineWorkbook.from_path(str(path))
    header = [str(cell) for cell in book.get_sheet_by_name("专利清单").to_python()[0]]
    assert columns.guess(header).keys() == columns.BY_NAME.keys()


def test_rows_to_mend_carry_reasons_and_no_live_formula(write: Write) -> None:
    body = sheets.rows_to_mend(
        ["名称", "报价"],
        [(7, ['=HYPERLINK("http://x")', "@SUM(1)"], [Remark(1, "“报价”：不是金额。请改。")])],
    )
    path = write("m.xlsx", body)
    rows = CalamineWorkbook.from_path(str(path)).get_sheet_by_index(0).to_python()
    assert rows[1][0] == '=HYPERLINK("http://x")'
    assert "原第 7 行" in str(rows[1][2])
    with zipfile.ZipFile(path) as archive:
        assert b"<f>" not in archive.read("xl/worksheets/sheet1.xml")
