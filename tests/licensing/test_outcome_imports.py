"""Lists of outcomes: workbooks and sparse tables are read as meant, and each report goes out."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from io import BytesIO
from typing import Any

import pytest
import xlsxwriter
from django.core.files.uploadedfile import SimpleUploadedFile

from core.outbox.models import OutboxEvent
from core.people.models import Membership
from licensing.models import Outcome, OutcomeImport
from licensing.selectors import outcome_handling as questions
from licensing.services import outcome_imports as imports
from listings.selectors import tables
from tests.factories import core as make
from tests.factories import licensing as lic
from tests.factories.core import actor
from tests.factories.licensing import NOON, PDF, TODAY
from tests.licensing.refusing import names, says
from tests.licensing.telling import kept, told

pytestmark = pytest.mark.django_db
HEAD = ("专利号", "转化方式", "发生日期", "合同编号", "合作方", "金额（万元）", "说明")


@pytest.fixture
def office() -> Membership:
    return make.office(region="310115")


def checked(
    office: Membership, *rows: Any, head: tuple[str, ...] = HEAD, **changes: Any
) -> OutcomeImport:
    """A workbook of these rows, judged."""
    buffer = BytesIO()
    book = xlsxwriter.Workbook(buffer)
    sheet = book.add_worksheet()
    day = book.add_format({"num_format": "yyyy-mm-dd"})
    for line, row in enumerate((head, *rows)):
        for column, cell in enumerate(row):
            if isinstance(cell, date):
                sheet.write_datetime(line, column, cell, day)
            else:
                sheet.write(line, column, cell)
    book.close()
    known: dict[str, Any] = {"file_name": "反馈.xlsx", "by": actor(office), "now": NOON}
    return imports.check_outcomes(content=buffer.getvalue(), **(known | changes))


def taken(batch: OutcomeImport, office: Membership) -> OutcomeImport:
    return imports.take_outcomes(import_id=batch.pk, by=actor(office), now=NOON)


def remarks(batch: OutcomeImport) -> list[list[str]]:
    return [[one["field"] for one in row.remarks] for row in batch.rows.order_by("number")]


def test_a_workbook_with_days_and_numbers_is_reported_as_it_reads(office: Membership) -> None:
    patent_id = lic.patent(office)
    number = lic.printed(patent_id)
    batch = checked(
        office,
        (number, "普通许可", date(2026, 3, 1), 202601, "甲公司", 8, True),
        (number, "转让", TODAY, "HT-2", "乙公司", 0, None),
    )
    row = batch.rows.order_by("number")[0]
    assert (row.verdict, row.title, row.patent) == ("new", "一种锂电池热管理方法", number)
    assert row.cells[5] == 8
    done = taken(batch, office)
    assert (done.state, done.taken_at, done.taken_by) == ("taken", NOON, actor(office).key)
    first, second = Outcome.objects.order_by("pk")
    assert (first.happened_on, first.contract_number, first.amount) == (
        date(2026, 3, 1), "202601", 80_000,
    )  # fmt: skip
    assert (first.counterparty, first.organisation) == ("甲公司", office.organisation)
    assert (second.code, second.happened_on, second.amount) == ("transferred", TODAY, 0)
    assert [one.outcome for one in batch.rows.order_by("number")] == [first, second]


def test_a_line_that_was_refused_comes_back_as_it_was_written(office: Membership) -> None:
    number = lic.printed(lic.patent(office))
    batch = checked(office, (number, "抵押", date(2026, 3, 1), 202601, "甲公司", 8.5))
    table = tables.uploaded_table(questions.import_to_mend(batch), most_rows=9, most_bytes=10**6)
    [(_number, cells)] = table.rows
    assert cells[:6] == (number, "抵押", "2026-03-01", "202601", "甲公司", "8.5")
    assert "不认识的转化方式" in cells[7]


def test_each_report_of_a_list_is_in_the_trail_and_goes_out_and_the_bureau_hears_once(
    office: Membership,
) -> None:
    bureau, number = make.bureau("31"), lic.printed(lic.patent(office))
    lines = [(number, "普通许可", "2026-03-01", f"HT-{n}") for n in range(3)]
    batch = taken(checked(office, *lines), office)
    taken(batch, office)
    assert told(f"outcomes-reported:{batch.pk}:310115") == {bureau.user_id}
    assert kept("outcome_import.") == ["outcome_import.checked", "outcome_import.carried_out"]
    assert kept("outcome.") == ["outcome.reported"] * 3
    out = OutboxEvent.objects.filter(name="outcome.reported")
    found = set(Outcome.objects.values_list("pk", flat=True))
    assert {one.payload["outcome_id"] for one in out} == found
    assert out.count() == 3


def test_columns_that_nobody_filled_in_are_left_open(office: Membership) -> None:
    number = lic.printed(lic.patent(office))
    batch = checked(office, (number, "转让", "2026-03-01", "HT-1"), head=("专利号", *HEAD[1:4]))
    taken(batch, office)
    row = Outcome.objects.get()
    assert (row.amount, row.counterparty, row.note) == (None, "", "")
    plain = checked(
        office, (number, "普通许可", "2026-03-01", "HT-2", "80000"),
        head=("专利号", *HEAD[1:4], "金额（元）"),
    )  # fmt: skip
    taken(plain, office)
    assert Outcome.objects.get(contract_number="HT-2").amount == Decimal(80_000)


def test_a_line_is_told_each_thing_that_is_wrong_with_it_once(office: Membership) -> None:
    number, strange = lic.printed(lic.patent(office)), lic.printed(lic.listed(make.office()))
    batch = checked(
        office,
        (number, "抵押", "2026-03-01", ""),
        (number, "已达成开放许可", "2026-03-01", "HT-1"),
        (number, "普通许可", "2026-03-01", ""),
        (number, "普通许可", "2026-11-21", "HT-1", "", "约八万"),
        (strange, "普通许可", "2026-03-01", "HT-1"),
        ("9" * 61, "普通许可", "2026-03-01", "HT-1", "长" * 3_000),
    )
    assert remarks(batch) == [
        ["code"], ["code"], ["contract"], ["happened_on", "amount"], ["patent"],
        ["patent", "counterparty", "patent"],
    ]  # fmt: skip
    last = batch.rows.order_by("number")[5]
    assert (len(last.patent), len(last.cells[4]), last.title) == (60, 2_000, "")
    assert {row.verdict for row in batch.rows.all()} == {"refused"}
    third = batch.rows.order_by("number")[2].remarks[0]
    assert "证明材料" in third["mend"]
    says("nothing-to-take", lambda: taken(batch, office))


def test_what_a_missing_column_would_have_said_is_named_by_its_title(office: Membership) -> None:
    number = lic.printed(lic.patent(office))
    batch = checked(office, (number, "转让", "2026-03-01"), head=HEAD[:3])
    [remark] = batch.rows.get().remarks
    assert (remark["field"], remark["column"], remark["index"]) == ("contract", "合同编号", None)
    assert questions.import_to_mend(batch).startswith(b"PK")


def test_a_paper_with_the_list_proves_the_lines_without_a_contract(office: Membership) -> None:
    number = lic.printed(lic.patent(office))
    batch = checked(
        office,
        (number, "转让", "2026-03-01", "HT-1"),
        (number, "普通许可", "2026-03-01", ""),
        evidence=SimpleUploadedFile("清单.pdf", PDF),
    )
    taken(batch, office)
    papers = dict(Outcome.objects.values_list("code", "evidence"))
    assert papers == {"transferred": None, "ordinary": batch.evidence_id}


def test_a_list_is_of_an_organisation_and_keeps_its_name(office: Membership) -> None:
    number = lic.printed(lic.patent(office))
    line = (number, "转让", "2026-03-01", "HT-1")
    nobody = replace(actor(office), organisation_id=None)
    names("file", ask=lambda: checked(office, line, by=nobody))
    assert checked(office, line, file_name="").file_name == "list"
    assert checked(office, line, file_name="长" * 300).file_name == "长" * 200
    assert checked(office, line).organisation == office.organisation
