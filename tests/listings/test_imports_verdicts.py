"""One row, every way to fill it in wrong: what is said of it, without a database."""

from __future__ import annotations

import datetime as dt
from contextlib import suppress
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.reference import selectors as reference
from listings.imports import cells, columns, plan, verdicts
from listings.imports.cells import CellRefused
from listings.imports.plan import Known
from listings.rules import numbers, records
from listings.types import PatentInput, PatentKind

TODAY = dt.date(2026, 11, 20)
DAY = dt.date(2024, 1, 5)
GOOD = {
    "申请号": "201710601862.3",
    "名称": "一种散热膜",
    "专利权人": "示例大学；张三",
    "IPC": "H01M10/0525(2010.01)I",
    "申请日": "2017-07-21",
    "授权日": "2019年11月5日",
    "年费缴至": "2027/7/21",
    "法律状态": "有效",
    "TRL": "TRL6",
    "报价（万元）": "12",
    "行业代码": "C3971",
}


def sheet(header: list[str]) -> verdicts.Sheet:
    return verdicts.Sheet(
        tuple(header), columns.guess(header), TODAY, reference.ipc_known, reference.industry_known
    )


def judge(**changes: Any) -> verdicts.Judged:
    row = GOOD | changes
    return verdicts.judge(sheet(list(row)), 2, list(row.values()))


def codes(judged: verdicts.Judged) -> list[str]:
    return [problem.code for problem in judged.problems]


def test_a_good_row_is_read_whole() -> None:
    judged = judge()
    assert codes(judged) == []
    assert judged.patent is not None
    assert judged.patent.number == "2017106018623"
    assert judged.patent.kind is PatentKind.INVENTION
    assert judged.patent.ipc == ("H01M 10/0525",)
    assert judged.patent.filed_on == dt.date(2017, 7, 21)
    assert [holder.name for holder in judged.patent.holders] == ["示例大学", "张三"]
    assert judged.events == (("GR01", dt.date(2019, 11, 5)),)
    assert judged.price == cells.Money(Decimal("120000.00"))


@pytest.mark.parametrize(
    ("column", "value", "code"),
    [
        ("申请号", "201710601862.4", "number-check"),
        ("申请号", "2.01711E+11", "scientific"),
        ("申请号", "CN103323265B", "number-is-publication"),
        ("申请号", "十二三", "number-characters"),
        ("申请号", {"formula": "A2"}, "formula"),
        ("名称", "", "no-title"),
        ("名称", "x" * 10_000, "too-long"),
        ("名称", "=1+1", "formula"),
        ("名称", "甲\n乙\n丙\n丁", "line-breaks"),
        ("IPC", "H01L 1/0", "ipc-shape"),
        ("IPC", "B00B 1/00", "ipc-shape"),
        ("申请日", "01/05/2017", "ambiguous-date"),
        ("申请日", "17-7-21", "ambiguous-date"),
        ("申请日", "2017-13-01", "no-such-date"),
        ("申请日", "2017-07", "incomplete-date"),
        ("申请日", "去年", "not-a-date"),
        ("申请日", "2099-01-01", "future-date"),
        ("授权日", "2016-01-01", "granted-before-filed"),
        ("年费缴至", "2001-01-01", "annuity-before-filed"),
        ("法律状态", "失效", "vague-status"),
        ("法律状态", "挺好", "unknown-status"),
        ("法律状态", "审中", "pending-but-granted"),
        ("法律状态", "未缴年费终止", "status-without-date"),
        ("TRL", "11", "trl-market"),
        ("TRL", "0", "trl"),
        ("TRL", "高", "trl"),
        ("同族数", "很多", "count"),
        ("被引次数", "-3", "count"),
        ("一句话简介", "长" * 41, "too-long"),
        ("报价（万元）", "很多", "money"),
        ("报价（万元）", "-5", "money-range"),
    ],
)
def test_a_bad_cell_refuses_its_row_and_says_why(column: str, value: Any, code: str) -> None:
    judged = judge(**{column: value})
    assert judged.patent is None
    problem = next(p for p in judged.problems if p.severity == "error")
    assert problem.code == code
    assert problem.column == column
    assert problem.reason
    assert problem.mend


def test_a_wrong_check_digit_names_the_right_one() -> None:
    assert "应为 3" in judge(**{"申请号": "201710601862.4"}).problems[0].reason


@pytest.mark.parametrize(
    ("column", "value", "code"),
    [
        ("申请号", None, "no-number"),
        ("IPC", "H01Z 1/00", "ipc-unknown"),
        ("行业代码", "Z9", "industry-unknown"),
        ("申请日", "2016-07-21", "year-against-number"),
        ("授权日", None, "granted-without-date"),
    ],
)
def test_what_is_odd_is_a_warning_and_the_row_lands(column: str, value: Any, code: str) -> None:
    judged = judge(**{column: value})
    assert judged.patent is not None
    assert code in codes(judged)


def test_all_problems_of_a_row_come_at_once() -> None:
    judged = judge(**{"申请号": "201710601862.4", "申请日": "x", "TRL": "12"})
    assert {"number-check", "not-a-date", "trl-market"} <= set(codes(judged))


def test_markup_is_kept_as_text() -> None:
    nasty = "<script>alert(1)</script>'; DROP TABLE listings_patent;--"
    judged = judge(**{"名称": nasty})
    assert judged.patent is not None
    assert judged.patent.title == nasty


def test_a_row_with_more_cells_than_the_header_is_refused() -> None:
    row = verdicts.judge(sheet(["名称", "摘要"]), 2, ["一种膜", "甲", "乙"])
    assert codes(row)[0] == "extra-cells"
    assert row.patent is None


def test_kind_against_number_is_refused() -> None:
    assert "kind-against-number" in codes(judge(专利类型="外观设计"))


@pytest.mark.parametrize(
    "cell",
    ["2024-01-05", "2024/1/5", "2024.1.5", "2024年1月5日", "20240105", 20240105, "45296", 45296,
     45296.0, {"date": "2024-01-05"}, "２０２４-０１-０５", "2024-01-05 00:00:00",
     "2024-01-05T08:30:00", " 2024-1-5 "],
)  # fmt: skip
def test_one_day_in_every_spelling(cell: Any) -> None:
    assert cells.date(cell) == DAY


@given(st.dates(dt.date(1985, 4, 1), dt.date(2100, 12, 31)))
def test_any_day_survives_every_unambiguous_spelling(day: dt.date) -> None:
    spellings = [
        day.isoformat(),
        f"{day.year}/{day.month}/{day.day}",
        f"{day.year}年{day.month}月{day.day}日",
        day.strftime("%Y%m%d"),
        (day - cells.EXCEL_EPOCH).days,
    ]
    assert {cells.date(spelling) for spelling in spellings} == {day}


@given(st.one_of(st.text(max_size=60), st.integers(), st.floats(allow_nan=True), st.booleans()))
def test_no_cell_breaks_a_reader(cell: Any) -> None:
    for reader in (cells.date, cells.trl, cells.money, cells.number_text, cells.text):
        with suppress(CellRefused):
            reader(cell)


@given(
    st.lists(st.one_of(st.none(), st.text(max_size=40), st.integers()), min_size=11, max_size=11)
)
def test_no_row_breaks_the_judge(values: list[Any]) -> None:
    judged = verdicts.judge(sheet(list(GOOD)), 2, values)
    assert judged.patent is not None or judged.problems


@pytest.mark.parametrize(
    ("written", "in_wan", "yuan"),
    [("12万", False, 120_000), ("12.5万元", False, 125_000), ("¥120,000", False, 120_000),
     (12, True, 120_000), ("12元", True, 12), ("1.2亿", False, 120_000_000), (0, False, 0)],
)  # fmt: skip
def test_money(written: Any, in_wan: bool, yuan: int) -> None:
    assert cells.money(written, in_wan=in_wan) == cells.Money(Decimal(yuan))


def test_negotiable_is_a_price_without_a_number() -> None:
    assert cells.money("面议") == cells.Money(None)


def test_excels_text_guard_is_no_formula() -> None:
    assert cells.text('="201710601862.3"') == "201710601862.3"


@pytest.mark.parametrize(
    ("header", "field"),
    [("申请号 ", "number"), ("专利名称*", "title"), ("报价（万元）", "price"),
     ("IPC主分类号", "ipc"),
     ("Application_No.", "number"), ("当前权利人", "holders"), ("授权公告日", "granted_on"),
     ("年费缴至（年-月-日）", "annuity_paid_to"), ("TITLE", "title"), ("技术成熟度等级", "trl"),
     ("同族专利数（含本件）", "family_size"), ("被引证次数", "cited_by"), ("技术方案", "how"),
     ("成熟程度", "maturity"), ("联系人及电话", "contact"), ("一句话简介", "summary")],
)  # fmt: skip
def test_headers_are_recognised(header: str, field: str) -> None:
    assert columns.guess([header]) == {field: 0}


def test_a_mapping_needs_a_title_and_no_column_twice() -> None:
    assert columns.problems({}, 3)
    assert columns.problems({"title": 0, "abstract": 0}, 3)
    assert columns.problems({"title": 9}, 3)
    assert columns.problems({"title": 0}, 3) == []


# The plan


def known(**given: Any) -> Known:
    data = PatentInput(
        **({"title": "一种散热膜", "number": "2017106018623", "kind": PatentKind.INVENTION} | given)
    )
    values = dict(records.clean(data, today=TODAY).fields)
    return Known(id=5, is_ours=True, values=values, as_input=data, holders=("示例大学", "张三"))


def fate(judged: verdicts.Judged, here: Known | None) -> plan.Planned:
    found = {} if here is None else {judged.key: here}
    return plan.decide([judged], found, today=TODAY)[0]


def test_new_is_created_known_is_updated_same_is_unchanged() -> None:
    judged = judge(**{"报价（万元）": None})
    assert fate(judged, None).verdict == plan.CREATED
    updated = fate(judged, known())
    assert updated.verdict == plan.UPDATED
    assert updated.changes["filed_on"] == (None, dt.date(2017, 7, 21))
    assert updated.record is not None
    after = Known(
        id=5, is_ours=True, values=updated.record.fields, as_input=judged.patent or PatentInput(""),
        holders=("示例大学", "张三"), events=frozenset(updated.events),
    )  # fmt: skip
    assert fate(judged, after).verdict == plan.UNCHANGED


def test_a_blank_cell_erases_nothing() -> None:
    judged = judge(TRL=None, 行业代码="", **{"报价（万元）": None})
    planned = fate(judged, known(trl=3, industry_codes=("C3971",)))
    assert "trl" not in planned.changes
    assert "industry_codes" not in planned.changes


def test_family_citations_and_the_sheet_come_as_columns() -> None:
    judged = judge(
        同族数="3件",
        被引次数=12.0,
        一句话简介="不烫手",
        怎样解决="铺层\n热压",
        **{"报价（万元）": None},
    )
    assert judged.patent is not None
    assert (judged.patent.family_size, judged.patent.cited_by) == (3, 12)
    planned = fate(judged, replace(known(cited_by=9), sheet={"summary": "不烫手", "how": "旧"}))
    assert planned.changes["family_size"] == (None, 3)
    assert planned.changes["cited_by"] == (9, 12)
    assert planned.offer.sheet == {"how": "铺层\n热压"}
    assert planned.differences()["how"] == ("旧", "铺层\n热压")
    empty = fate(judge(同族数="0"), None)
    assert [problem.field for problem in empty.problems] == ["family_size"]


def test_a_patent_of_others_is_refused() -> None:
    here = known()
    theirs = Known(here.id, False, here.values, here.as_input)
    assert fate(judge(), theirs).problems[-1].code == "number-taken"


def test_the_second_row_of_a_patent_names_the_first() -> None:
    header = list(GOOD)
    rows = [verdicts.judge(sheet(header), n, list(GOOD.values())) for n in (2, 9)]
    first, second = plan.decide(rows, {}, today=TODAY)
    assert first.verdict == plan.CREATED
    assert second.verdict == plan.REJECTED
    assert "第 2 行" in second.problems[-1].reason


def test_a_refused_row_promises_nothing_before_it_is_mended() -> None:
    taken, refused = judge(申请号=None), judge(申请号=None, TRL="十二")
    assert fate(taken, None).problems[0].reason.startswith("没有申请号")
    told = {p.code: p.reason for p in fate(refused, None).problems}
    assert fate(refused, None).verdict == plan.REJECTED
    assert told["no-number"].startswith("改好后导入：没有申请号")


def test_a_refused_first_row_does_not_block_the_second() -> None:
    bad, good = judge(申请日="x"), judge()
    assert [p.verdict for p in plan.decide([bad, good], {}, today=TODAY)][1] == plan.CREATED


def test_a_number_found_later_completes_the_patent_without_one() -> None:
    judged = judge(**{"报价（万元）": None})
    here = known(number="", title="一种散热膜")
    planned = plan.decide([judged], {judged.other_key: here}, today=TODAY)[0]
    assert planned.patent_id == 5
    assert planned.changes["number"] == (None, "2017106018623")


def test_numbers_of_the_example_are_real() -> None:
    assert numbers.parse(columns.BY_NAME["number"].example).canonical == "2017106018623"
