"""The reference tables: names, parents and fields of codes."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.reference import selectors as reference


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("310115", "上海市浦东新区"),
        ("310000", "上海市"),
        ("31", "上海市"),
        ("3205", "江苏省苏州市"),
        ("320576", "江苏省苏州市苏州工业园区"),
        ("469001", "海南省五指山市"),
        ("820000", "澳门特别行政区"),
        ("", "全国"),
        ("999999", "999999"),
        ("31011", "31011"),
    ],
)
def test_region_name_reads_as_people_write_it(code: str, name: str) -> None:
    assert reference.region_name(code) == name


def test_region_path_goes_down_from_the_province() -> None:
    assert [r.code for r in reference.region_path("310115")] == ["310000", "310100", "310115"]
    assert reference.region_path("000001") == ()


def test_every_region_has_its_parent_and_every_retired_one_a_successor() -> None:
    known = {r.code: r for r in reference.regions(retired=True)}
    for region in known.values():
        assert region.level == 1 or known[region.parent].level == region.level - 1
        if region.valid_to is not None:
            assert known[region.successor].valid_to is None


def test_retired_regions_keep_their_name_but_are_not_offered() -> None:
    assert reference.region_name("310119") == "上海市南汇区"
    assert "310119" not in {r.code for r in reference.regions()}
    assert reference.region("310119").successor == "310115"  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("code", "prefix"),
    [("310000", "31"), ("320500", "3205"), ("310115", "310115"), ("000000", ""), ("", "")],
)
def test_region_prefix_trims_pairs_of_zeros(code: str, prefix: str) -> None:
    assert reference.region_prefix(code) == prefix


def test_in_region_is_the_prefix_of_the_governing_division() -> None:
    assert reference.in_region("310115", "31")
    assert reference.in_region("310115", "310000")
    assert reference.in_region("310115", "")
    assert not reference.in_region("320508", "31")
    assert not reference.in_region("310000", "310115")


def test_provinces_are_34_and_districts_skip_the_bookkeeping_level() -> None:
    assert len(reference.provinces()) == 34
    assert len(reference.children_of("31")) == 16
    assert {r.level for r in reference.children_of("32")} == {2}
    assert len(reference.children_of("")) == 34


@pytest.mark.parametrize(
    ("code", "name", "parent"),
    [
        ("3973", "集成电路制造", "397"),
        ("C3973", "集成电路制造", "397"),
        ("397", "电子器件制造", "39"),
        ("39", "计算机、通信和其他电子设备制造业", "C"),
        ("C", "制造业", ""),
    ],
)
def test_industries_have_name_and_parent(code: str, name: str, parent: str) -> None:
    assert reference.industry_name(code) == name
    assert reference.industry_parent(code) == parent


def test_industry_of_the_wrong_section_is_unknown() -> None:
    assert reference.industry("A3973") is None
    assert not reference.industry_known("3999999")
    assert reference.industry_name("9999") == "9999"


def test_industry_levels_are_complete() -> None:
    counts = [len(reference.industries(level=level)) for level in (1, 2, 3)]
    assert counts == [20, 97, 473]
    assert all(i.level == 1 or reference.industry_known(i.parent) for i in reference.industries())


@pytest.mark.parametrize(
    "symbol", ["H01M10/0525", "H01M 10/0525", "H01M0010052500", "h01m", "H01M10/0525(2010.01)I"]
)
def test_ipc_subclass_of_every_spelling(symbol: str) -> None:
    assert reference.ipc_subclass(symbol) == "H01M"
    assert reference.ipc_class(symbol) == "H01"
    assert reference.ipc_known(symbol)
    assert "电池" in reference.ipc_title(symbol)


def test_ipc_title_falls_back_to_class_and_section() -> None:
    assert reference.ipc_title("H01") == "电气元件"
    assert reference.ipc_title("H01Z") == "电气元件"
    assert reference.ipc_title("H98Z") == "电学"
    assert reference.ipc_title("H", lang="en") == "Electricity"
    assert reference.ipc_title("Z99") == ""
    assert reference.ipc_title("10-05") == ""


def test_ipc_h01l_stays_known_after_its_abolition() -> None:
    assert reference.ipc_known("H01L21/336")
    assert not reference.ipc_known("B00B 1/00")


def test_ipc_titles_are_clean_in_both_languages() -> None:
    from core.reference.tables import ipc

    for entry in ipc().values():
        assert entry.title_zh, entry.code
        assert entry.title_en, entry.code
        assert not set("〔[]") & set(entry.title_zh), entry.code
        assert "附注" not in entry.title_zh
        assert entry.title_zh.count("（") == entry.title_zh.count("）")


@pytest.mark.parametrize(
    ("symbol", "number"),
    [
        ("H01M10/0525", 1),
        ("G06F17/30", 6),
        ("H10K50/00", 8),
        ("A61K8/02", 14),
        ("A61K31/00", 16),
        ("B01D53/14", 24),
        ("B01D1/00", 23),
        ("B01D11/00", 23),
        ("B01D", 23),
    ],
)
def test_wipo_field_prefers_the_main_group(symbol: str, number: int) -> None:
    field = reference.wipo_field(symbol)
    assert field is not None
    assert field.number == number


def test_wipo_field_of_a_design_or_nonsense_is_none() -> None:
    assert reference.wipo_field("10-05") is None
    assert reference.wipo_field("H") is None
    assert len(reference.wipo_fields()) == 35


def test_strategic_industries_are_hints_by_subclass() -> None:
    codes = {s.code for s in reference.strategic_industries("H01M 10/0525")}
    assert {"1.2", "5.2"} <= codes
    assert reference.strategic_industries("H") == ()
    assert len(reference.strategic_branches()) == 40


@given(st.text(max_size=20))
def test_nothing_typed_into_a_code_field_raises(text: str) -> None:
    reference.region_name(text)
    reference.region_prefix(text)
    reference.industry_name(text)
    reference.ipc_title(text)
    reference.wipo_field(text)
    reference.strategic_industries(text)


def test_reference_needs_no_django() -> None:
    code = "import sys, core.reference.selectors; sys.exit('django' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
