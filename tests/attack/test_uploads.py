"""Files that are meant to hurt, through every door that takes lists or papers.

Each is refused within two seconds of the reading child's work, in words, and the child never takes
200 MB more than for an honest file. Nothing of it is stored.
"""

from __future__ import annotations

import io
import os
import resource
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from core.attachments.models import Attachment
from core.attachments.services import store
from core.errors import Invalid
from core.people.models import Membership
from listings.imports import intake, limits
from listings.models import ImportRow, Patent
from tests.factories import core as make

HEAD = "申请号,名称,专利权人,申请日\n"
MIB = 1024 * 1024


def packed(**members: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def book(sheet: bytes, **more: bytes) -> bytes:
    """A workbook whose only sheet is this XML."""
    relations = (
        b'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        b'<Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/'
        b'relationships/worksheet" Target="worksheets/sheet1.xml"/></Relationships>'
    )
    workbook = (
        b'<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" '
        b'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships">'
        b'<sheets><sheet name="a" sheetId="1" r:id="r1"/></sheets></workbook>'
    )
    return packed(
        **{
            "[Content_Types].xml": b"<Types/>",
            "_rels/.rels": b"<Relationships/>",
            "xl/workbook.xml": workbook,
            "xl/_rels/workbook.xml.rels": relations,
            "xl/worksheets/sheet1.xml": sheet,
            **more,
        }
    )


def lying() -> bytes:
    """A bomb whose directory says that it is small."""
    body = bytearray(book(b"0" * (40 * MIB)))
    real = (40 * MIB).to_bytes(4, "little")
    return bytes(body.replace(real, (1000).to_bytes(4, "little")))


def merged() -> bytes:
    buffer = io.BytesIO()
    made = xlsxwriter.Workbook(buffer, {"in_memory": True})
    sheet = made.add_worksheet()
    sheet.merge_range(0, 0, 0, 16_383, "专利清单")
    sheet.merge_range(1, 0, 2, 5, "申请号")
    made.close()
    return buffer.getvalue()


def huge_sheet() -> bytes:
    buffer = io.BytesIO()
    made = xlsxwriter.Workbook(buffer, {"in_memory": True})
    sheet = made.add_worksheet()
    sheet.write_row(0, 0, ["申请号", "名称"])
    sheet.write(1_048_575, 16_383, "x")
    made.close()
    return buffer.getvalue()


def many_rows(count: int) -> bytes:
    cells = b"".join(
        b'<row r="%d"><c r="A%d"><v>1</v></c><c r="B%d"><v>2</v></c></row>' % (n, n, n)
        for n in range(1, count)
    )
    return book(b"<worksheet><sheetData>" + cells + b"</sheetData></worksheet>")


XXE = (
    b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
    b"<patents><patent>&x;</patent></patents>"
)
LAUGHS = (
    b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY a "ha">'
    + b"".join(b'<!ENTITY %c "%s">' % (n, b"&%c;" % (n - 1) * 10) for n in range(98, 112))
    + b"]><patents>&o;</patents>"
)
HOSTILE: dict[str, tuple[str, Callable[[], bytes]]] = {
    "a bomb": ("a.xlsx", lambda: book(b"0" * (64 * MIB))),
    "a bomb that lies": ("a.xlsx", lying),
    "a bomb in shared strings": (
        "a.xlsx",
        lambda: book(b"<worksheet/>", **{"xl/sharedStrings.xml": b"<t>" * (20 * MIB)}),
    ),
    "a bomb within a bomb": ("a.xlsx", lambda: packed(**{"b.zip": packed(c=b"0" * (50 * MIB))})),
    "ten thousand members": ("a.xlsx", lambda: packed(**{f"xl/{n}": b"" for n in range(10_000)})),
    "members that climb": (
        "a.xlsx",
        lambda: packed(**{"../../etc/cron.d/x": b"x", "/etc/passwd": b"x"}),
    ),
    "an external entity": ("a.xml", lambda: XXE),
    "an external entity in a workbook": (
        "a.xlsx",
        lambda: book(XXE.replace(b"patents", b"worksheet").replace(b"patent>", b"row>")),
    ),
    "a billion laughs": ("a.xml", lambda: LAUGHS),
    "a billion laughs in a workbook": (
        "a.xlsx",
        lambda: book(b"<worksheet/>", **{"xl/sharedStrings.xml": LAUGHS}),
    ),
    "a sheet of all cells": ("a.xlsx", huge_sheet),
    "headers merged": ("a.xlsx", merged),
    "a million rows": ("a.csv", lambda: (HEAD + "1,2,3,4\n" * 1_000_000).encode()),
    "a hundred thousand rows of a workbook": ("a.xlsx", lambda: many_rows(101_000)),
    "a million columns": ("a.csv", lambda: b"a," * 1_000_000 + b"\n1,2\n"),
    "a quote that never ends": ("a.csv", lambda: HEAD.encode() + b'"' + b"x" * (8 * MIB)),
    "deep JSON": ("a.jsonl", lambda: b'{"title":' + b"[" * 200_000 + b"]" * 200_000 + b"}\n"),
    "a number of a million digits": ("a.jsonl", lambda: b'{"title": ' + b"9" * MIB + b"}\n"),
    "deep XML": ("a.xml", lambda: b"<a>" * 300_000 + b"</a>" * 300_000),
    "only NUL": ("a.csv", lambda: b"\0" * MIB),
    "a program": ("a.xlsx", lambda: b"\x7fELF" + os.urandom(4_096)),
    "a page": ("a.csv", lambda: b"<html><script>alert(1)</script></html>"),
    "a paper": ("a.xlsx", lambda: b"%PDF-1.7\n" + b"x" * 4_096),
    "a picture": ("a.csv", lambda: b"\x89PNG\r\n\x1a\n" + b"\0" * 4_096),
    "an old workbook": ("a.xlsx", lambda: bytes.fromhex("d0cf11e0a1b11ae1") + b"\0" * 4_096),
    "half a workbook": ("a.xlsx", lambda: many_rows(50)[:400]),
    "two encodings": (
        "a.csv",
        lambda: HEAD.encode() + "膜".encode("utf-16") * 99 + b"\xff\xfe\x80",
    ),
    "nothing": ("a.csv", lambda: b""),
    "white space": ("a.csv", lambda: b" \n" * MIB),
}


def child(path: Path, *how: str) -> tuple[int, float, int]:
    """The reading child by itself: exit status, seconds of its work, and the most it took (KiB)."""
    process = subprocess.Popen(
        [sys.executable, "-m", "listings.imports.reading", *how, str(path)],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        cwd=intake.ROOT, env=intake.ENVIRONMENT,
    )  # fmt: skip
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return process.returncode, used.ru_utime + used.ru_stime, used.ru_maxrss


@pytest.fixture(scope="module")
def honest(tmp_path_factory: pytest.TempPathFactory) -> int:
    """What the child takes for an ordinary list."""
    path = tmp_path_factory.mktemp("honest") / "a.csv"
    path.write_text(HEAD + "1,一种膜,大学,2020-01-01\n" * 200, "utf-8")
    status, _, most = child(path, "--small")
    assert status == 0
    return most


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_list_is_refused_soon_and_small(name: str, honest: int, tmp_path: Path) -> None:
    filename, build = HOSTILE[name]
    path = tmp_path / filename
    path.write_bytes(build())
    status, seconds, most = child(path, "--small")
    assert status != 0 or name == "headers merged", "it was read as if nothing were wrong"
    assert seconds <= 2.2, seconds
    assert most <= honest + 200 * 1024, f"{(most - honest) // 1024} MB more"


def lists(client_as: Callable[[Membership], Client]) -> list[tuple[str, Client, dict[str, str]]]:
    office, firm = client_as(make.office()), client_as(make.enterprise())
    return [
        ("/library/imports/new/", office, {"complete": ""}),
        ("/library/events/files/new/", office, {}),
        ("/needs/imports/", firm, {}),
    ]


SOME = ("a bomb", "an external entity", "a page", "a paper", "only NUL", "nothing",
        "half a workbook", "a bomb in shared strings", "deep JSON", "headers merged")  # fmt: skip


@pytest.mark.django_db
@pytest.mark.parametrize("name", SOME)
def test_every_door_for_lists_refuses_it_in_words(
    client_as: Callable[[Membership], Client], name: str
) -> None:
    filename, build = HOSTILE[name]
    body = build()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for url, client, more in lists(client_as):
        began = time.perf_counter()
        answer = client.post(url, {"file": SimpleUploadedFile(filename, body), **more})
        spent = time.perf_counter() - began
        assert answer.status_code in {302, 400, 413, 422}, (url, answer.status_code)
        page = answer if answer.status_code != 302 else client.get(answer.headers["Location"])
        text = page.content.decode()
        assert "root:x:" not in text
        assert spent < 10, (url, spent)  # wall time of a busy machine; the child's own is above
    assert not Patent.objects.exists()
    assert "root:x:" not in str(list(ImportRow.objects.values_list("raw", flat=True)))
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown <= 200 * 1024


@pytest.mark.django_db
def test_a_cell_of_ten_thousand_characters_and_a_nul_are_told_by_row(
    client_as: Callable[[Membership], Client],
) -> None:
    client = client_as(make.office())
    body = HEAD + f"ZL201710601862.3,{'长' * 10_000},大学,2017-07-21\n".replace("大学", "大\0学")
    answer = client.post(
        "/library/imports/new/",
        {"file": SimpleUploadedFile("a.csv", body.encode()), "complete": ""},
    )
    assert answer.status_code == 302, answer.content.decode()[:2000]
    row = ImportRow.objects.get()
    assert row.verdict == "rejected"
    assert not Patent.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("a.pdf", b"<html><script>alert(1)</script>"),
        ("a.pdf", b"MZ\x90\0" + b"\0" * 100),
        ("a.svg", b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'),
        ("a.png", b"GIF89a<script>"),
        ("a.jpg", b"#!/bin/sh\nrm -rf /"),
        ("a.pdf\0.exe", b"PK\x03\x04" + b"\0" * 100),
        ("a.pdf", b""),
        ("a.pdf", b"%PDF-1.7" + b"\0" * (10 * MIB + 1)),
    ],
)
def test_papers_are_judged_by_content(name: str, body: bytes, now: Any) -> None:
    upload = SimpleUploadedFile(name.replace("\0", ""), body, content_type="application/pdf")
    with pytest.raises(Invalid):
        store(upload, purpose="test", by=make.actor(make.office()), now=now)
    assert not Attachment.objects.exists()


def test_more_than_the_gateway_should_let_through_is_not_read() -> None:
    with pytest.raises(intake.FileRefused):
        intake.check_size(limits.UPLOAD_BYTES + 1)
