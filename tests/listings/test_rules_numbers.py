"""Numbers and classes: every spelling, every slip."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.reference import ipc
from listings.rules import numbers
from listings.types import PatentKind

long_bodies = st.builds(
    lambda year, kind, serial: f"{year}{kind}{serial:07d}",
    st.integers(2003, 2035),
    st.sampled_from("12389"),
    st.integers(0, 9_999_999),
)
short_bodies = st.builds(
    lambda year, kind, serial: f"{year:02d}{kind}{serial:05d}",
    st.sampled_from([*range(89, 100), *range(4)]),
    st.sampled_from("12389"),
    st.integers(0, 99_999),
)
checked = st.one_of(long_bodies, short_bodies).map(lambda body: body + numbers.check_digit(body))
oldest = st.builds(
    lambda year, kind, serial: f"{year}{kind}{serial:05d}",
    st.integers(85, 88),
    st.sampled_from("123"),
    st.integers(0, 99_999),
)


@pytest.mark.parametrize(
    ("text", "canonical", "kind"),
    [
        ("ZL 2017 1 0601862.3", "2017106018623", PatentKind.INVENTION),
        ("CN201710601862", "2017106018623", PatentKind.INVENTION),
        ("201710601862.3", "2017106018623", PatentKind.INVENTION),
        ("２０１７１０６０１８６２．３", "2017106018623", PatentKind.INVENTION),
        ("专利号：ZL201710601862.3", "2017106018623", PatentKind.INVENTION),
        ("201210593328.x", "201210593328X", PatentKind.INVENTION),
        ("202010299236.5", "2020102992365", PatentKind.INVENTION),
        ("201921898050.0", "2019218980500", PatentKind.UTILITY_MODEL),
        ("97101765.4", "971017654", PatentKind.INVENTION),
        ("95115608", "95115608X", PatentKind.INVENTION),
        ("85100001", "85100001", PatentKind.INVENTION),
        ("200480012345", "2004800123453", PatentKind.INVENTION),
    ],
)
def test_parse_folds_known_numbers(text: str, canonical: str, kind: PatentKind) -> None:
    found = numbers.parse(text)
    assert (found.canonical, found.kind) == (canonical, kind)


@given(st.one_of(checked, oldest))
def test_every_spelling_leads_back_to_one_number(canonical: str) -> None:
    assert {numbers.parse(text).canonical for text in numbers.spellings(canonical)} == {canonical}


@given(checked, st.data())
def test_any_single_changed_character_is_caught_and_explained(
    canonical: str, data: st.DataObject
) -> None:
    place = data.draw(st.integers(0, len(canonical) - 1))
    other = data.draw(st.sampled_from([c for c in "0123456789X" if c != canonical[place]]))
    with pytest.raises(numbers.NumberError) as refusal:
        numbers.parse(canonical[:place] + other + canonical[place + 1 :])
    assert refusal.value.code.startswith("number-")
    assert refusal.value.mend


@given(oldest, st.data())
def test_a_number_without_check_digit_says_that_it_is_unchecked(
    canonical: str, data: st.DataObject
) -> None:
    warnings = numbers.parse(canonical).warnings
    assert [warning.code for warning in warnings] == ["number-unchecked"]


@given(long_bodies, st.integers(0, 10))
def test_neighbouring_digits_swapped_are_caught(body: str, place: int) -> None:
    if body[place] == body[place + 1]:
        return  # swapping equals changes nothing
    swapped = body[:place] + body[place + 1] + body[place] + body[place + 2 :]
    with pytest.raises(numbers.NumberError):
        numbers.parse(swapped + numbers.check_digit(body))


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "number-empty"),
        ("  ", "number-empty"),
        ("89103229.2", "number-check"),
        ("201710601862.4", "number-check"),
        ("2.01710601862E+11", "number-scientific"),
        ("CN103323265B", "number-is-publication"),
        ("CN 1033232 65 A", "number-is-publication"),
        ("CN103323265", "number-year"),
        ("201740601862.3", "number-kind"),
        ("199910601862.3", "number-year"),
        ("851000012", "number-length"),
        ("20171060186", "number-length"),
        ("2017X06018623", "number-characters"),
        ("DE102017001234", "number-characters"),
        ("٢٠١٧١٠٦٠١٨٦٢", "number-characters"),
        ("201710601862'; DROP TABLE x", "number-characters"),
    ],
)
def test_parse_refuses_and_says_why(text: str, code: str) -> None:
    with pytest.raises(numbers.NumberError) as refusal:
        numbers.parse(text)
    assert refusal.value.code == code
    assert refusal.value.message
    assert refusal.value.mend


def test_a_wrong_check_digit_names_the_right_one() -> None:
    with pytest.raises(numbers.NumberError, match="应为 3，填写的是 4"):
        numbers.parse("ZL201710601862.4")


@given(st.text(max_size=30))
def test_no_text_breaks_the_parser(text: str) -> None:
    try:
        found = numbers.parse(text).canonical
    except numbers.NumberError:
        return
    assert numbers.parse(found).canonical == found


def test_printed_forms() -> None:
    assert numbers.printed("2017106018623") == "ZL 2017 1 0601862.3"
    assert numbers.printed("2017106018623", granted=False) == "2017 1 0601862.3"
    assert numbers.printed("95115608X") == "ZL 95 1 15608.X"
    assert numbers.printed("85100001") == "ZL 85 1 00001"


def test_mint_refuses_what_is_no_number() -> None:
    assert numbers.parse(numbers.mint(2019, "1", 12)).year == 2019
    with pytest.raises(ValueError, match="do not make a number"):
        numbers.mint(2019, "7", 12)


@pytest.mark.parametrize(
    ("text", "one"),
    [
        ("CN103323265B", "CN103323265B"),
        ("cn 103323265 b", "CN103323265B"),
        ("CN1234567C", "CN1234567C"),
        ("CN 2 123456 Y", "CN2123456Y"),
        ("CN101234567B2", "CN101234567B2"),
    ],
)
def test_publication_numbers(text: str, one: str) -> None:
    assert numbers.parse_publication(text) == one


@pytest.mark.parametrize(
    "text", ["CN103323265", "201710601862.3", "US1234567B", "CN403323265B", ""]
)
def test_publication_numbers_refused(text: str) -> None:
    with pytest.raises(numbers.NumberError):
        numbers.parse_publication(text)


@pytest.mark.parametrize(
    "text",
    [
        "H01M10/0525",
        "H01M 10/0525",
        "H01M0010052500",
        "H01M10/0525(2010.01)I",
        "h01m 10/0525",
        "Ｈ０１Ｍ１０／０５２５",
    ],
)
def test_the_spellings_of_one_ipc_symbol(text: str) -> None:
    assert ipc.parse(text) == ipc.Symbol("H01M 10/0525", "H01M0010052500")


symbols = st.builds(
    lambda s, c, u, g, d: (f"{s}{c:02d}{u}", g, d),
    st.sampled_from("ABCDEFGH"),
    st.integers(1, 99),
    st.sampled_from("ABCDEFGHIJKLMNOPQRSTUVWXYZ"),
    st.integers(1, 9999),
    st.integers(0, 999_999).map(lambda n: f"{n:06d}"),
)


@given(symbols)
def test_ipc_round_trip_of_all_four_spellings(parts: tuple[str, int, str]) -> None:
    subclass, group, digits = parts
    sub = digits.rstrip("0").ljust(2, "0")
    fixed = f"{subclass}{group:04d}{digits}"
    spelled = {
        ipc.parse(text)
        for text in (
            f"{subclass}{group}/{sub}",
            f"{subclass} {group}/{sub}",
            fixed,
            f"{subclass}{group}/{sub}(2006.01)N",
        )
    }
    assert len(spelled) == 1
    symbol = spelled.pop()
    assert symbol.sort_key == fixed
    assert ipc.parse(symbol.printed) == symbol


def test_ipc_sorts_by_padded_group_and_left_aligned_subgroup() -> None:
    given_order = ["H01M 10/0525", "H01M 4/36", "H01M 10/05", "H01M 10/42", "G06F 17/30"]
    found = sorted(given_order, key=lambda text: ipc.parse(text).sort_key)
    assert found == ["G06F 17/30", "H01M 4/36", "H01M 10/05", "H01M 10/0525", "H01M 10/42"]


@pytest.mark.parametrize("text", ["H01L 1/0", "B00B 1/00", "I01M 10/00", "H01M 0/00", "10-05", ""])
def test_malformed_ipc_is_an_error(text: str) -> None:
    with pytest.raises(ipc.IpcError, match="H01M 10/0525"):
        ipc.parse(text)


def test_unknown_but_well_formed_ipc_is_a_warning() -> None:
    assert ipc.warning(ipc.parse("H01M 10/05"), {"H01M"}) is None
    assert "A99Z" in (ipc.warning(ipc.parse("A99Z 1/00"), {"H01M"}) or "")


def test_indexing_codes_are_told_apart() -> None:
    assert ipc.parse("G06F2203/01").is_indexing
    assert not ipc.parse("G06F 17/30").is_indexing
    assert ipc.parse("G06F").main_group == "G06F"
    assert ipc.parse("G06F 17/30").main_group == "G06F 17"


def test_many_symbols_of_one_cell() -> None:
    cell = "H01M 10/0525; H01M10/0525，G06F17/30"
    assert [s.printed for s in ipc.parse_many(ipc.split(cell))] == ["H01M 10/0525", "G06F 17/30"]


def test_designs_carry_locarno() -> None:
    assert ipc.locarno("10-05") == "10-05"
    assert ipc.locarno("LOC(13)Cl.10-05") == "10-05"
    for wrong in ("33-01", "00-01", "10-5", "H01M 10/05"):
        with pytest.raises(ipc.IpcError):
            ipc.locarno(wrong)
