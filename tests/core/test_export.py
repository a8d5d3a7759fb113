"""Whatever leaves the house as a table, a calendar or a feed: nothing in it runs or breaks out.

The writers are found in the source; one that is not tried here fails the suite.
"""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Callable, Iterable
from datetime import date, datetime
from pathlib import Path
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest
from django.utils.feedgenerator import Atom1Feed
from hypothesis import given
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook

from core.text import calendars
from core.text.formulas import is_formula
from core.web.export import csv_download, inert, xlsx_download
from listings.imports import sheets
from listings.imports.sheets import Remark
from listings.selectors import tables
from listings.services.searching.export_files import comma_separated, workbook
from listings.web.shelves.collections import CollectionFeed
from matching.rules import gatherings

NOON = datetime(2026, 11, 20, 12, tzinfo=ZoneInfo("Asia/Shanghai"))
EVIL = [
    f"{start}{text}"
    for start in ("=", "+", "-", "@", "\t", "\r", "\n", "＝", " =", "\u3000@", "\r\n=")
    for text in ("cmd|' /C calc'!A1", 'HYPERLINK("http://x")')
] + ["甲\r\nBEGIN:VALARM\r\nX-EVIL:1", "响\x07铃\x1b[0m", "乙;丙,丁\\", "\u2028\u202e反"]

Cells = Iterable[str]


def of_csv(body: bytes) -> Cells:
    for line in csv.reader(io.StringIO(body.decode("utf-8-sig"), newline="")):
        for cell in line:
            assert not is_formula(cell), cell
            yield cell


def of_workbook(body: bytes) -> Cells:
    """Text cells of a book without a formula; a text may look like one there."""
    with zipfile.ZipFile(io.BytesIO(body)) as packed:
        for name in packed.namelist():
            if name.startswith("xl/worksheets/sheet"):
                assert b"<f>" not in packed.read(name)
            assert "hyperlink" not in name
    book = CalamineWorkbook.from_filelike(io.BytesIO(body))
    for name in book.sheet_names:
        for row in book.get_sheet_by_name(name).to_python():
            yield from map(str, row)


def of_calendar(text: str) -> Cells:
    """Its values; no line of its own was smuggled in."""
    assert re.search(r"[^\r]\n|\r[^\n]|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]", text) is None
    whole = text.replace("\r\n ", "").split("\r\n")
    assert all(re.match(r"(BEGIN|END|UID|DT[A-Z]+|[A-Z-]+)[:;]", line) for line in whole[:-1])
    assert not any(line.startswith("X-EVIL") for line in whole)
    assert [line for line in whole if "VALARM" in line and not line.startswith("SUMMARY")] == []
    yield from whole


def downloads() -> Cells:
    rows = [[text, 1] for text in EVIL]
    yield from of_csv(csv_download("a", EVIL, rows).content)
    yield from of_workbook(xlsx_download("a", "表", EVIL, rows).content)


def result_sets(folder: Path) -> Cells:
    said = [("检索条件", text) for text in EVIL]
    for writer, name in ((comma_separated, "a.csv"), (workbook, "a.xlsx")):
        with writer(folder / name, EVIL, said) as write:
            write([[text] for text in EVIL])
    yield from of_csv((folder / "a.csv").read_bytes())
    yield from of_workbook((folder / "a.xlsx").read_bytes())


def rows_to_mend() -> Cells:
    """Text comes back as a workbook where a cell of it would run."""
    for text in EVIL:
        rows = [(2, [text], [Remark(0, text)])]
        for header in (["名称"], [text]):
            body, kind = sheets.mendable(header, rows, about={"format": "csv"}, title="问题")
            assert kind == "xlsx" or not is_formula(text)
            yield from (of_csv if kind == "csv" else of_workbook)(body)
    yield from of_workbook(sheets.template())


def needs_to_mend() -> Cells:
    yield from of_workbook(tables.workbook(EVIL, [[text] * len(EVIL) for text in EVIL], title="表"))
    yield from of_workbook(tables.workbook_to_mend(EVIL, [(2, EVIL, [(0, EVIL[0])])]))


def days() -> Cells:
    entries = [
        calendars.Day(f"{place}@x", date(2027, 1, 1), text) for place, text in enumerate(EVIL)
    ]
    yield from of_calendar(calendars.calendar(EVIL[0], entries, stamp=NOON))


def meetings() -> Cells:
    for text in EVIL:
        said = dict.fromkeys(("summary", "description", "location"), text)
        event = {"uid": "1", "url": "https://x.cn/", **said}
        stamps = {"starts_at": NOON, "ends_at": NOON, "stamp": NOON}
        made = gatherings.ics(event, cancelled=False, **stamps)
        assert made.count("BEGIN:") - made.count("\\nBEGIN:") == 2
        assert "\x07" not in made
        yield made.replace("\r\n ", "")


def feeds() -> Cells:
    feed = CollectionFeed()
    for text in EVIL:
        card = SimpleNamespace(title=text, problem=text, abstract="")
        said = feed.item_description((card, ""))
        written = Atom1Feed(feed.item_title((card, "")), "https://x.cn/", said)
        yield written.writeString("utf-8")


WRITERS: dict[str, tuple[str, ...]] = {
    "core/web/export.py": ("downloads",),
    "listings/services/searching/export_files.py": ("result_sets",),
    "listings/imports/sheets.py": ("rows_to_mend",),
    "listings/selectors/tables.py": ("needs_to_mend",),
    "core/text/calendars.py": ("days",),
    "matching/rules/gatherings.py": ("meetings",),
    "listings/web/shelves/collections.py": ("feeds",),
}
PROBES: dict[str, Callable[[Path], Cells]] = {
    "downloads": lambda _: downloads(),
    "result_sets": result_sets,
    "rows_to_mend": lambda _: rows_to_mend(),
    "needs_to_mend": lambda _: needs_to_mend(),
    "days": lambda _: days(),
    "meetings": lambda _: meetings(),
    "feeds": lambda _: feeds(),
}
ROOMS = ("core", "listings", "licensing", "matching", "pledges", "oversight", "interchange")
WRITES = re.compile(
    r"csv\.(?:Dict)?[wW]riter\(|Workbook\(.*SAFE|xlsxwriter\.|openpyxl\.|BEGIN:VCALENDAR"
    r"|(?:Atom1Feed|Rss\w+)$|feed_type",
    re.MULTILINE,
)


def test_every_writer_of_the_house_is_tried() -> None:
    house = Path(__file__).parents[2]
    found = {
        str(file.relative_to(house))
        for room in ROOMS
        for file in (house / room).rglob("*.py")
        if WRITES.search(file.read_text("utf-8"))
    }
    assert sorted(found) == sorted(WRITERS), "say in tests/core/test_export.py how it is tried"
    assert {probe for probes in WRITERS.values() for probe in probes} == PROBES.keys()


@pytest.mark.parametrize("name", sorted(PROBES))
def test_nothing_hostile_runs_or_breaks_out(name: str, tmp_path: Path) -> None:
    whole = "".join(PROBES[name](tmp_path))
    assert "calc" in whole, "the texts are there"


@given(st.text(max_size=30))
def test_no_cell_starts_a_formula(text: str) -> None:
    assert not is_formula(str(inert(text)))


def test_a_file_reads_back() -> None:
    answer = csv_download("x", ["名称"], [["=1+1"], ["甲,乙"], [None]])
    rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert rows == [["名称"], ["'=1+1"], ["甲,乙"], [""]]


@pytest.mark.parametrize("name", ["a\r\nSet-Cookie: x=1", 'a"; filename="b.exe', "../../清单"])
def test_a_name_does_not_leave_its_header(name: str) -> None:
    header = csv_download(name, ["名称"], [])["Content-Disposition"]
    assert header.startswith("attachment; filename")
    assert not re.search(r"[\r\n]", header)
