"""Where languages differ: a Chinese demand beside foreign titles."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.text import sentences
from matching import rules
from matching.engine import TICKS, Corpus, Demand, Engine, Supply
from matching.engine.across import asked, beyond, foreign, strength
from matching.engine.types import Hit

CHINESE = [
    Supply(key=1, title="一种锂电池热失控预警方法", text="监测电芯温度与产气，提前报警。"),
    Supply(key=2, title="一种水稻育种方法", text="以分子标记选育抗倒伏水稻。"),
]
BATTERY = Supply(
    key=10,
    title="Li-Ion Battery Pack Shielding System",
    text="A shield keeps thermal runaway of one lithium-ion battery cell from its neighbours.",
)
ENGLISH = [
    BATTERY,
    Supply(key=11, title="Wastewater Treatment and Remediation", text="Removes salt from water."),
    Supply(key=12, title="Robotic Exoskeleton", text="An upper body exoskeleton for lifting."),
]
NEED = Demand(
    key="n1", title="防爆锂离子电池", text="需要防止锂电池热失控蔓延、起火爆炸的防护办法。"
)
CORPUS = Corpus.freeze(CHINESE + ENGLISH)


def ranked(*demands: Demand, stock: list[Supply] = CHINESE + ENGLISH) -> dict[object, list[Hit]]:
    return dict(Engine().fit(stock, CORPUS).rank_all(demands, limit=None))


def test_a_right_english_patent_reaches_the_list_and_says_why() -> None:
    hits = {hit.key: hit for hit in ranked(NEED)["n1"]}
    assert hits[10].score >= rules.FLOOR
    assert max(hits[11].score, hits[12].score) < rules.FLOOR
    said = next(reason for reason in hits[10].reasons if reason.signal == "across")
    assert said.code == "translated-meaning"
    assert any("battery" in pair and "电池" in pair for pair in said.evidence)
    assert sum(reason.ticks for reason in hits[10].reasons) == hits[10].ticks


def test_chinese_patents_never_ask_the_model(monkeypatch: pytest.MonkeyPatch) -> None:
    def asked_for() -> Any:
        raise AssertionError("The sentence model was asked for.")

    monkeypatch.setattr(sentences, "_model", asked_for)
    assert ranked(replace(NEED, title="防爆锂离子电池壳体"), stock=CHINESE)["n1"]


def test_a_demand_without_chinese_meets_foreign_titles_by_words() -> None:
    english = Demand(key="n2", title="Battery shielding", text="thermal runaway shield")
    for hit in ranked(english)["n2"]:
        assert all(reason.signal != "across" for reason in hit.reasons)


def test_what_somebody_has_kept_scores_as_what_is_read_anew() -> None:
    kept = replace(BATTERY, sentence=sentences.sentence(BATTERY.title, BATTERY.text))
    known = replace(NEED, sentence=asked([NEED])[0].tobytes())
    assert ranked(known, stock=[kept])["n1"] == ranked(NEED, stock=[BATTERY])["n1"]


def test_words_in_common_and_translation_share_their_points() -> None:
    mixed = replace(NEED, text=f"{NEED.text} thermal runaway shield battery pack shielding")
    hit = ranked(mixed)["n1"][0]
    shared = [r.ticks for r in hit.reasons if r.signal in {"lexical", "across"}]
    assert sum(shared) <= 52 * TICKS
    assert hit.score <= 100


@given(st.lists(st.sampled_from(range(5)), unique=True), st.permutations(range(5)))
@settings(max_examples=30, deadline=None)
def test_foreign_titles_keep_their_rows_wherever_they_stand(
    chosen: list[int], order: list[int]
) -> None:
    every = [(CHINESE + ENGLISH)[place] for place in order]
    whole = foreign(every)
    part = whole.of(np.asarray(chosen, np.int64))
    again = foreign([every[place] for place in chosen])
    assert part.places.tolist() == again.places.tolist()
    assert np.array_equal(part.sentences, again.sentences)


def test_strength_rises_from_nothing_to_all() -> None:
    found = strength(np.array([-0.2, 0.3, 0.5, 0.7, 0.9]))
    assert found.tolist() == [0.0, 0.0, 0.5, 1.0, 1.0]
    assert beyond(found, np.full(5, 0.4)).tolist() == pytest.approx([0, 0, 0.1, 0.6, 0.6])


@pytest.mark.parametrize(
    ("title", "is_foreign"),
    [
        ("Battery pack", True),
        ("Аккумуляторная батарея", True),
        ("배터리 팩", True),
        ("LED 灯具", False),
        ("リチウム電池", False),
        ("", False),
        ("2026-11", False),
        ("😀", False),
    ],
)
def test_which_titles_are_foreign(title: str, is_foreign: bool) -> None:
    assert sentences.is_foreign(title) is is_foreign


def test_bad_text_has_a_row_or_zeros() -> None:
    assert sentences.sentence("", " \n") == bytes(sentences.WIDTH)
    assert sentences.sentence("123 ...") == bytes(sentences.WIDTH)
    assert len(sentences.sentence("电池 \ud800 battery", "x" * 20_000)) == sentences.WIDTH
    assert sentences.mark("甲", "乙") != sentences.mark("甲", "丙")
    assert sentences.mark("甲", "乙" * 300) == sentences.mark("甲", "乙" * 400)


def test_a_translation_is_nearer_than_another_thing() -> None:
    left = sentences.rows([sentences.sentence("锂电池充电器"), sentences.sentence("水稻种植")])
    right = sentences.rows([sentences.sentence(t) for t in ("battery charger", "rice planting")])
    near = sentences.likeness(left, right)
    assert near[0, 0] > near[0, 1] + 0.2
    assert near[1, 1] > near[1, 0] + 0.2
