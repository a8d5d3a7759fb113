"""A sheet's points, its remarks, its two forms and the pieces of a change: no database."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.text import diffs
from listings.rules import plain_words, sheet_text, sheets
from listings.rules.sheets import SheetState
from listings.types import Contrast, Gain, OfferInput, Route

WHOLE = OfferInput(
    summary="冻住的电池 7 分钟热起来",
    problem="冬天电池充不进电、跑不远，贴加热膜要二十多分钟。",
    how="让两半电池互相倒电，用自己的内阻发热，改软件即可。",
    benefit="零下 20 度升到 10 度只要 7 分钟，第三方低温箱实测。",
    gains=(Gain("升温时间", Decimal("7"), "分钟", "加热膜 23 分钟"),),
    contrasts=(Contrast("改装", "换加热膜", "只改软件"),),
    scenes=("北方物流车",),
    maturity="跑完一个冬天",
    trl=6,
    routes=(Route.ORDINARY,),
    asking_price=Decimal("180000"),
    contact="林老师",
    files=(3,),
)
EMPTY = {
    "summary": "", "problem": "", "how": "", "benefit": "", "gains": (), "contrasts": (),
    "scenes": (), "maturity": "", "trl": None, "routes": (), "asking_price": None, "contact": "",
    "files": (),
}  # fmt: skip


def _some(bits: int) -> set[str]:
    return {name for n, name in enumerate(sorted(EMPTY)) if bits >> n & 1}


some_parts = st.integers(0, 2 ** len(EMPTY) - 1).map(_some)


def test_a_whole_sheet_has_every_point_and_no_remark() -> None:
    assert sheets.TOTAL == 100
    assert sheets.completeness(WHOLE) == sheets.Completeness(100, ())
    assert plain_words.findings(WHOLE) == []


def test_nothing_has_no_point_and_says_the_weightiest_first() -> None:
    found = sheets.completeness(OfferInput())
    assert found.points == 0
    assert [part.points for part in found.missing] == sorted(
        (part.points for part in sheets.PARTS), reverse=True
    )
    assert found.missing[0].field == "problem"
    assert sheets.is_empty(OfferInput(contact="x", trl=3))
    assert not sheets.is_empty(OfferInput(scenes=("x",)))


@given(some_parts)
def test_points_and_what_is_missing_always_add_up(gone: set[str]) -> None:
    found = sheets.completeness(replace(WHOLE, **{name: EMPTY[name] for name in gone}))
    assert found.points + sum(part.points for part in found.missing) == sheets.TOTAL
    assert {part.field for part in found.missing} == gone


@given(some_parts, st.sampled_from(sorted(EMPTY)))
def test_writing_more_never_costs_a_point(gone: set[str], more: str) -> None:
    less = replace(WHOLE, **{name: EMPTY[name] for name in gone | {more}})
    with_it = replace(WHOLE, **{name: EMPTY[name] for name in gone - {more}})
    assert sheets.completeness(with_it).points > sheets.completeness(less).points


def test_a_guide_for_every_part() -> None:
    assert {part.field for part in sheets.PARTS} <= sheets.GUIDES.keys()


LEGAL = {
    *(("save", state, SheetState.WRITING) for state in SheetState),
    ("submit", SheetState.WRITING, SheetState.IN_REVIEW),
    ("submit", SheetState.RETURNED, SheetState.IN_REVIEW),
    ("approve", SheetState.IN_REVIEW, SheetState.APPROVED),
    ("send_back", SheetState.IN_REVIEW, SheetState.RETURNED),
}


@pytest.mark.parametrize(("move", "state"), list(product(sheets.MOVES, SheetState)))
def test_the_moves_of_a_sheet(move: str, state: SheetState) -> None:
    sources, target = sheets.MOVES[move]
    assert (state in sources) == ((move, state, target) in LEGAL)


@pytest.mark.parametrize(
    ("field", "text", "code"),
    [
        ("problem", "本发明公开了一种电池加热方法", "patent-prose"),
        ("how", "其特征在于，所述壳体与所述盖板相连", "patent-prose"),
        ("summary", "一种锂离子电池组的双向脉冲自加热方法", "patent-prose"),
        ("benefit", "国内领先，成本下降 30%", "superlative"),
        ("benefit", "填补国内空白，省 3 成电", "superlative"),
        ("maturity", "业内唯一量产", "superlative"),
        ("benefit", "大幅提高效率，每年省 4 万元。显著降低成本。", "vague"),
        ("benefit", "用户普遍满意，反响热烈", "no-number"),
        ("how", "把粉料先" + "洗净再烘干，" * 20, "long-sentence"),
        ("summary", "物流车" * 14, "too-long"),
    ],
)
def test_a_remark_on(field: str, text: str, code: str) -> None:
    found = plain_words.findings(replace(OfferInput(), **{field: text}))
    assert code in {finding.code for finding in found if finding.field == field}
    for finding in found:
        assert finding.quote in text
        assert finding.message


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("benefit", "能耗降低三成，每吨少花 120 元"),
        ("benefit", "寿命延长一倍"),
        ("problem", "夏天冷库门口结霜，叉车打滑，每月停工两天"),
        ("how", "在门帘两侧各加一道风幕，先吹干再放行"),
    ],
)
def test_plain_words_pass(field: str, text: str) -> None:
    assert plain_words.findings(replace(OfferInput(), **{field: text})) == []


def test_a_comparison_may_not_boast_either() -> None:
    row = Contrast("品质", "一般", "世界第一")
    found = plain_words.findings(OfferInput(contrasts=(row,)))
    assert [(f.field, f.code) for f in found] == [("contrasts", "superlative")]


texts = st.text(st.sampled_from("电池加热12 ab。\n"), max_size=40)


@given(texts, texts)
def test_the_pieces_of_a_change_give_both_texts_back(before: str, after: str) -> None:
    found = diffs.pieces(before, after)
    assert "".join(p.text for p in found if p.kind != "in") == before
    assert "".join(p.text for p in found if p.kind != "out") == after
    assert all(p.text for p in found)


def test_a_number_changes_whole() -> None:
    found = diffs.pieces("只要 12 分钟", "只要 120 分钟")
    assert [(p.kind, p.text) for p in found if p.kind != "same"] == [("out", "12"), ("in", "120")]


def test_stored_and_read_again_is_the_same_sheet() -> None:
    assert sheet_text.offer_of(sheet_text.stored(WHOLE)) == replace(
        WHOLE, asking_price=Decimal("180000.00")
    )


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**12), max_value=10**12,
                   places=6))  # fmt: skip
def test_a_plain_number_is_the_same_number(value: Decimal) -> None:
    text = sheet_text.plain(value)
    assert Decimal(text) == value
    assert "E" not in text


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({"gains": (Gain("", Decimal(1)),)}, "gains"),
        ({"gains": (Gain("寿命", Decimal("NaN")),)}, "gains"),
        ({"gains": (Gain("寿命", Decimal("1e16")),)}, "gains"),
        ({"gains": (Gain("寿命", Decimal(1)),) * 9}, "gains"),
        ({"contrasts": (Contrast("成本", "", "低"),)}, "contrasts"),
        ({"contrasts": (Contrast("成本", "高" * 201, "低"),)}, "contrasts"),
        ({"scenes": ("x" * 61,)}, "scenes"),
        ({"scenes": tuple("abcdefghi")}, "scenes"),
        ({"summary": "长" * 81}, "summary"),
        ({"trl": 10}, "trl"),
        ({"asking_price": Decimal(-1)}, "asking_price"),
        ({"problem": "长" * 5001}, "problem"),
    ],
)
def test_what_cannot_be_stored_is_named(fields: dict[str, object], name: str) -> None:
    assert name in sheet_text.problems(replace(WHOLE, **fields))  # type: ignore[arg-type]
    assert sheet_text.problems(WHOLE) == {}
