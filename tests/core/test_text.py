"""Tokens and vectors of text."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from core.text import DIMENSIONS, encode, normalise, query_tokens, search_tokens, tokens, words

TEXTS = st.text(
    alphabet=st.one_of(
        st.sampled_from("一种石墨烯锂离子电池隔膜的制备方法及装置〇㐀𠀀，。、（）ＡＢＣａ１"),
        st.characters(exclude_categories=["Cs"]),
    ),
    max_size=60,
)


def test_tokens_are_characters_bigrams_and_words() -> None:
    assert tokens("ＰＶＣ管材，5G") == ["pvc", "管", "材", "管材", "5g"]


def test_bigrams_stay_within_a_run() -> None:
    assert "池电" not in tokens("电池、电机")


def test_a_single_character_is_a_query() -> None:
    assert query_tokens("膜") == ["膜"]
    assert "膜" in search_tokens("锂电池隔膜")


def test_two_characters_are_one_bigram() -> None:
    assert query_tokens("隔膜") == ["隔膜"]
    assert "隔膜" in search_tokens("锂电池隔膜")


def test_a_query_names_each_token_once_in_order() -> None:
    assert query_tokens("LED灯 led灯珠") == ["led", "灯", "灯珠"]


def test_an_empty_text_has_no_tokens() -> None:
    assert tokens("") == search_tokens("，。 ") == query_tokens("—") == []


@given(TEXTS)
def test_search_tokens_are_lexemes_as_they_are(text: str) -> None:
    found = search_tokens(text)
    assert found == sorted(set(found))
    assert all((token and token.isalnum()) or not token.isascii() for token in found)
    assert all(
        len(token.encode()) <= 256 and not any(c.isspace() for c in token) for token in found
    )


@given(TEXTS, TEXTS, TEXTS)
def test_a_text_is_found_by_any_part_of_it(before: str, part: str, after: str) -> None:
    whole = set(search_tokens(f"{before} {part} {after}"))
    assert set(query_tokens(part)) <= whole


@given(TEXTS)
def test_width_and_case_do_not_matter(text: str) -> None:
    assert tokens(normalise(text)) == tokens(normalise(normalise(text)))


def test_words_are_readable() -> None:
    assert words("石墨烯锂电池的隔膜") == ["石墨烯", "锂电池", "的", "隔膜"]


def test_encode_gives_unit_rows_and_zero_for_nothing() -> None:
    rows = encode(["锂离子电池隔膜", "", "！？"])
    assert rows.shape == (3, DIMENSIONS)
    assert rows.dtype == np.float32
    assert abs(float(np.linalg.norm(rows[0])) - 1) < 1e-5
    assert not rows[1:].any()
    assert encode([]).shape == (0, DIMENSIONS)


def test_meaning_is_nearer_than_spelling() -> None:
    need, near, far = encode(["番茄种植", "西红柿栽培", "番号查询"])
    assert float(need @ near) > float(need @ far) + 0.2


def test_languages_meet() -> None:
    chinese, near, far = encode(["机器人焊接", "robot welding", "rice breeding"])
    assert float(chinese @ near) > float(chinese @ far) + 0.2


def test_an_unknown_compound_is_read_by_its_parts() -> None:
    compound, part, other = encode(["磷酸钛铝锂陶瓷", "陶瓷", "小提琴"])
    assert float(compound @ part) > float(compound @ other) + 0.2


@given(st.lists(TEXTS, max_size=6))
def test_a_row_does_not_depend_on_its_neighbours(texts: list[str]) -> None:
    together = encode(texts)
    alone = [encode([text]) for text in texts]
    assert np.array_equal(together, np.vstack([*alone, np.zeros((0, DIMENSIONS), np.float32)]))
