"""Moves, layers, search literals and records."""

from __future__ import annotations

import itertools
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from listings.rules import layers, moves, records, vectors
from listings.rules.layers import Voice
from listings.rules.moves import IllegalMove
from listings.types import (
    HolderInput,
    InventoryStatus,
    ListingStatus,
    PatentInput,
    PatentKind,
)

S = ListingStatus
TODAY = date(2026, 11, 20)

LEGAL_LISTING = {
    (S.DRAFT, "submit"): S.SUBMITTED,
    (S.DRAFT, "publish"): S.LISTED,
    (S.DRAFT, "withdraw"): S.WITHDRAWN,
    (S.SUBMITTED, "return"): S.DRAFT,
    (S.SUBMITTED, "publish"): S.LISTED,
    (S.SUBMITTED, "withdraw"): S.WITHDRAWN,
    (S.LISTED, "suspend"): S.SUSPENDED,
    (S.LISTED, "convert"): S.CONVERTED,
    (S.LISTED, "withdraw"): S.WITHDRAWN,
    (S.SUSPENDED, "resume"): S.LISTED,
    (S.SUSPENDED, "convert"): S.CONVERTED,
    (S.SUSPENDED, "withdraw"): S.WITHDRAWN,
}


@pytest.mark.parametrize(
    ("status", "move"), list(itertools.product(ListingStatus, moves.LISTING_MOVES))
)
def test_listing_moves_as_the_full_product(status: S, move: str) -> None:
    if (status, move) in LEGAL_LISTING:
        assert moves.after(moves.LISTING_MOVES, status, move) is LEGAL_LISTING[status, move]
    else:
        with pytest.raises(IllegalMove):
            moves.after(moves.LISTING_MOVES, status, move)


I = InventoryStatus  # noqa: E741
LEGAL_INVENTORY = {
    (I.PROPOSED, "admit"): I.ADMITTED,
    (I.PROPOSED, "archive"): I.ARCHIVED,
    (I.ADMITTED, "archive"): I.ARCHIVED,
    (I.ARCHIVED, "readmit"): I.ADMITTED,
}


@pytest.mark.parametrize(
    ("status", "move"), list(itertools.product(InventoryStatus, moves.INVENTORY_MOVES))
)
def test_inventory_moves_as_the_full_product(status: I, move: str) -> None:
    if (status, move) in LEGAL_INVENTORY:
        assert moves.after(moves.INVENTORY_MOVES, status, move) is LEGAL_INVENTORY[status, move]
    else:
        with pytest.raises(IllegalMove):
            moves.after(moves.INVENTORY_MOVES, status, move)


def test_nothing_leads_out_of_an_ended_listing() -> None:
    sources = {source for source, _ in moves.pairs(moves.LISTING_MOVES)}
    assert not sources & {S.CONVERTED.value, S.WITHDRAWN.value}


voice = st.builds(Voice, st.integers(1, 5), st.booleans())


@given(st.lists(voice, max_size=6), st.randoms(use_true_random=False))
def test_the_order_of_voices_is_irrelevant(voices: list[Voice], random: Any) -> None:
    shuffled = list(voices)
    random.shuffle(shuffled)
    assert layers.market_score(shuffled) == layers.market_score(voices)


def test_search_literals_quote_what_they_hold() -> None:
    found = vectors.document([("A", ["c++", "it's"]), ("C", ["a\\b", "c++", " "])])
    assert found == "'c++':1A,4C 'it''s':2A 'a\\\\b':3C"
    assert vectors.query(["电池", "o'x", "电池"]) == "'电池' & 'o''x'"
    assert vectors.query(["", "\x00"]) == ""
    with pytest.raises(ValueError, match="no weight"):
        vectors.document([("E", ["x"])])


def test_search_documents_stay_within_what_postgresql_keeps() -> None:
    found = vectors.document([("A", ["x"] * 20_000 + ["y" * 3_000])])
    assert found.count(",") == vectors.MAX_POSITIONS - 1
    assert f"'{'y' * vectors.MAX_LEXEME}':{vectors.MAX_POSITION}A" in found


def clean(**given: Any) -> records.Record:
    fields: dict[str, Any] = {"title": "一种阀门", "number": "201710601862.3"} | given
    return records.clean(PatentInput(**fields), today=TODAY)


def test_a_record_is_cleaned_to_its_stored_form() -> None:
    found = clean(
        title="  一种\x00阀门\n装置 ",
        filed_on=date(2017, 7, 24),
        granted_on=date(2019, 1, 1),
        ipc=("H01M0010052500", "H01M10/0525", "G06F2203/01"),
        publication_numbers=("cn 103323265 b", ""),
        industry_codes=("c38", "C38"),
        holders=(HolderInput(" 某大学 "), HolderInput("某大学"), HolderInput("")),
    )
    assert found.problems == {}
    assert found.fields["title"] == "一种阀门 装置"
    assert found.fields["number"] == "2017106018623"
    assert found.fields["kind"] is PatentKind.INVENTION
    assert found.fields["expires_on"] == date(2037, 7, 24)
    assert found.fields["ipc"] == ["H01M 10/0525", "G06F 2203/01"]
    assert found.fields["main_ipc"] == "H01M 10/0525"
    assert found.fields["publication_numbers"] == ["CN103323265B"]
    assert found.fields["industry_codes"] == ["C38"]
    assert [holder.name for holder in found.holders] == ["某大学"]


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"title": " \x00 "}, "title"),
        ({"title": "长" * 501}, "title"),
        ({"title": "长" * 10_000}, "title"),
        ({"abstract": "长" * 20_001}, "abstract"),
        ({"number": "201710601862.4"}, "number"),
        ({"number": "CN103323265B"}, "number"),
        ({"kind": PatentKind.DESIGN}, "kind"),
        ({"office": "中国"}, "office"),
        ({"office": "US", "number": "<b>1</b>"}, "number"),
        ({"filed_on": date(2018, 1, 1)}, "filed_on"),
        ({"filed_on": date(2026, 11, 21), "number": ""}, "filed_on"),
        ({"filed_on": date(9999, 12, 31), "number": ""}, "filed_on"),
        ({"granted_on": date(2026, 11, 21)}, "granted_on"),
        ({"filed_on": date(2017, 7, 24), "granted_on": date(2017, 7, 23)}, "granted_on"),
        ({"filed_on": date(2017, 7, 24), "expires_on": date(2017, 7, 24)}, "expires_on"),
        ({"filed_on": date(2017, 7, 24), "expires_on": date(2042, 7, 25)}, "expires_on"),
        ({"annuity_paid_to": date(9999, 12, 31)}, "annuity_paid_to"),
        ({"filed_on": date(2017, 7, 24), "annuity_paid_to": date(2017, 7, 23)}, "annuity_paid_to"),
        ({"ipc": ("H01L 1/0",)}, "ipc"),
        ({"locarno": ("10-05",)}, "locarno"),
        ({"locarno": ("99-05",), "number": "202030000001"}, "locarno"),
        ({"ipc": ("H01M 10/05",), "number": "202030000001"}, "ipc"),
        ({"industry_codes": ("制造业",)}, "industry_codes"),
        ({"trl": 0}, "trl"),
        ({"trl": 10}, "trl"),
        ({"evaluation_verdict": "maybe", "evaluation_on": TODAY}, "evaluation_verdict"),
        ({"evaluation_verdict": "supports"}, "evaluation_on"),
        ({"evaluation_on": TODAY}, "evaluation_on"),
        ({"region": "上海"}, "region"),
        ({"publication_numbers": ("CN1",)}, "publication_numbers"),
        ({"holders": (HolderInput("甲", share=Decimal(0)),)}, "holders"),
        (
            {
                "holders": (
                    HolderInput("甲", share=Decimal(60)),
                    HolderInput("乙", share=Decimal(50)),
                )
            },
            "holders",
        ),
    ],
)
def test_a_bad_field_is_named_in_chinese(given: dict[str, Any], field: str) -> None:
    found = clean(**given)
    assert field in found.problems
    assert all(any("\u4e00" <= c <= "\u9fff" for c in m) for m in found.problems[field])


def test_divisionals_pct_entries_and_thirds_are_in_order() -> None:
    assert clean(filed_on=date(2015, 1, 1)).problems == {}, "a divisional keeps its parent's day"
    assert clean(number="200480012345", filed_on=date(2002, 9, 1)).problems == {}
    thirds = tuple(HolderInput(name, share=Decimal("33.33")) for name in "甲乙丙")
    assert clean(holders=thirds).problems == {}
    longer = clean(filed_on=date(2017, 7, 24), expires_on=date(2040, 1, 1))
    assert longer.fields["expires_on"] == date(2040, 1, 1), "compensation, PL42"


def test_all_problems_come_at_once_and_a_missing_number_only_warns() -> None:
    found = clean(title="", number="1", trl=12)
    assert set(found.problems) == {"title", "number", "trl"}
    unverified = clean(number="")
    assert unverified.problems == {}
    assert unverified.fields["number"] is None
    assert "待核实" in unverified.warnings["number"][0]


@given(
    st.builds(
        PatentInput,
        title=st.text(max_size=40),
        number=st.text(max_size=20),
        office=st.text(max_size=3),
        abstract=st.text(max_size=40),
        filed_on=st.none() | st.dates(),
        granted_on=st.none() | st.dates(),
        expires_on=st.none() | st.dates(),
        annuity_paid_to=st.none() | st.dates(),
        trl=st.none() | st.integers(),
        ipc=st.tuples(st.text(max_size=12)),
        publication_numbers=st.tuples(st.text(max_size=12)),
    )
)
def test_no_input_breaks_cleaning(data: PatentInput) -> None:
    found = records.clean(data, today=TODAY)
    assert found.problems or found.fields["title"]
