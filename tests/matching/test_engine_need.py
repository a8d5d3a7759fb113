"""What a need asks, without the firm's praise of itself; and the classifications."""

from __future__ import annotations

import pytest

from matching.engine import taxonomy
from matching.engine.need import asked


def test_the_firms_own_section_is_dropped_up_to_the_next_heading() -> None:
    text = "需求内容：高效脱硝催化剂。现有工作基础：已有中试线。预期目标：寿命三年。"
    kept = asked(text)
    assert "脱硝催化剂" in kept
    assert "寿命三年" in kept
    assert "中试线" not in kept


@pytest.mark.parametrize(
    "heading", ["公司简介：", "3、现有工作基础 ", "（二）研究基础：", "预算："]
)
def test_headings_in_any_dress_are_known(heading: str) -> None:
    assert asked(f"急需耐高温涂层。 {heading}厂房三栋。") == "急需耐高温涂层。"


@pytest.mark.parametrize(
    "sentence",
    [
        "公司成立于1999年，主营阀门。",
        "年产值3亿元。",
        "现有员工260人。",
        "拥有发明专利12项。",
        "荣获省科技进步奖。",
    ],
)
def test_sentences_about_the_firm_are_dropped(sentence: str) -> None:
    assert asked(f"{sentence}需要解决阀门泄漏问题。") == "需要解决阀门泄漏问题。"


def test_a_text_of_nothing_else_is_kept() -> None:
    assert asked("年产值3亿元。") == "年产值3亿元。"


def test_an_empty_text_stays_empty() -> None:
    assert asked("") == ""


@pytest.mark.parametrize(
    "symbol", ["H01M10/0525", "H01M 10/0525", "H01M0010052500", "H01M10/0525(2010.01)I", " h01m"]
)
def test_symbols_in_any_spelling_have_one_subclass(symbol: str) -> None:
    assert taxonomy.subclasses([symbol]) == {"H01M"}


def test_nonsense_has_no_subclass() -> None:
    assert taxonomy.subclasses(["", "电池", "H1", "Z99Z"]) == frozenset()


@pytest.mark.parametrize("code", ["C3841", "3841", "C38", "38"])
def test_industry_codes_have_one_division(code: str) -> None:
    assert taxonomy.divisions([code]) == {"38"}


def test_an_industry_hints_at_ipc_classes() -> None:
    assert "H01" in taxonomy.classes_of({"38"})
    assert taxonomy.classes_of({"99"}) == frozenset()


def test_a_need_that_stands_under_the_firms_introduction_is_kept_without_the_praise() -> None:
    text = "公司简介：某机械有限公司是一家主轴企业，荣获多项奖。解决电主轴刚性低、噪音大的问题。"
    assert asked(text) == "解决电主轴刚性低、噪音大的问题。"
