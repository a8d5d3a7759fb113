"""A national stock scores as the engine does: pair by pair, in bulk, and nearly all of it found."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matching.engine import Corpus, Demand, Engine, Supply, Taste
from matching.engine.arena import Arena, read
from matching.engine.audience import Audience
from matching.engine.blocks import supply_block
from matching.engine.bulk import bags_of, summed
from matching.engine.joining import build
from matching.engine.national import Best, Effort, National
from matching.engine.terms import Bags, counted

TODAY = date(2026, 11, 20)
WORDS = (
    *("轴承", "疲劳", "寿命", "磨损", "换热器", "结垢", "蒸汽", "温度", "传感器", "机器人", "手臂"),
    *("视觉", "锂电池", "隔膜", "涂布", "电解液", "污水", "膜", "过滤", "催化剂", "乙烯", "合成"),
    *("玉米", "育种", "病毒", "抗体", "疫苗", "混凝土", "裂缝", "桥梁", "监测", "laser", "fiber"),
)
REGIONS = ("", "31", "3101", "310104", "320106", "3201")
MODES = ("", "exclusive", "ordinary", "open")


def some_supplies(count: int, seed: int = 1) -> list[Supply]:
    chance = random.Random(seed)
    return [
        Supply(
            key=key,
            title="一种" + "".join(chance.sample(WORDS, 3)) + "装置",
            text="。".join("".join(chance.sample(WORDS, 4)) for _ in range(4)),
            ipc=tuple(chance.sample(("H01M", "G01N", "A01B", "C02F 1/44"), chance.randrange(3))),
            industry_codes=tuple(chance.sample(("38", "C3841", "26"), chance.randrange(2))),
            region=chance.choice(REGIONS),
            trl=chance.choice((None, 3, 6, 9)),
            price=chance.choice((None, Decimal(50_000), Decimal(300_000))),
            licence_mode=chance.choice(MODES),
            listed_on=chance.choice((None, TODAY - timedelta(days=chance.randrange(400)))),
            organisation_id=chance.choice((None, 1, 2, 3)),
            holders=chance.choice(((), ("甲大学",), ("乙研究所",))),
            hidden_from=frozenset({chance.randrange(9)} if chance.random() < 0.2 else ()),
            matchable=chance.random() > 0.05,
        )
        for key in range(1, count + 1)
    ]


def some_demands(count: int, seed: int = 2) -> list[Demand]:
    chance = random.Random(seed)
    return [
        Demand(
            key=f"n{number}",
            title="".join(chance.sample(WORDS, 2)),
            text="。".join("".join(chance.sample(WORDS, 3)) for _ in range(chance.randrange(4))),
            keywords=tuple(chance.sample(WORDS, chance.randrange(3))),
            ipc=tuple(chance.sample(("H01M", "G01N", "C02F"), chance.randrange(2))),
            industry_codes=tuple(chance.sample(("38", "2614"), chance.randrange(2))),
            region=chance.choice(REGIONS),
            trl=chance.choice((None, 4, 7)),
            budget=chance.choice((None, Decimal(100_000))),
            licence_modes=tuple(chance.sample(MODES[1:], chance.randrange(3))),
            organisation_id=chance.choice((None, 2, 3, 7)),
            taste=chance.choice(
                (
                    Taste(),
                    Taste(supplies={5: 1.0, 9: -1.0}, subclasses={"H01M": -0.5}),
                    Taste(holders={"甲大学": 0.6}),
                )
            ),
            hidden=frozenset(chance.sample(range(1, 40), chance.randrange(3))),
            hidden_organisations=frozenset({1} if chance.random() < 0.1 else ()),
        )
        for number in range(count)
    ]


FOREIGN = [
    Supply(key=201, title="Membrane filtration of sewage", text="Waste water passes membranes."),
    Supply(key=202, title="Fatigue life of bearings", listed_on=TODAY, organisation_id=2),
    Supply(key=203, title="Crack monitoring of bridges by fiber", trl=6, ipc=("G01N",)),
    Supply(key=204, title="Vaccine against corn virus", hidden_from=frozenset({7})),
]
SUPPLIES = some_supplies(160) + FOREIGN
DEMANDS = some_demands(30)


@pytest.fixture(scope="module")
def corpus() -> Corpus:
    return Corpus.freeze(SUPPLIES)


@pytest.fixture(scope="module")
def arena(corpus: Corpus) -> Arena:
    return build(list(read(SUPPLIES, corpus)))


def lists(found: Sequence[Best]) -> dict[object, list[tuple[int, int]]]:
    return {
        demand.key: list(
            zip(
                best.keys[best.rows == n].tolist(), best.ticks[best.rows == n].tolist(), strict=True
            )
        )
        for best in found
        for n, demand in enumerate(best.demands)
    }


def of_the_engine(engine: Engine, limit: int) -> dict[object, list[tuple[int, int]]]:
    ranked = engine.rank_all(DEMANDS, limit=limit)
    return {key: [(int(hit.key), hit.ticks) for hit in hits] for key, hits in ranked}


def test_every_pair_scores_to_the_tick_as_the_engine_does(corpus: Corpus, arena: Arena) -> None:
    engine = Engine(today=TODAY).fit(SUPPLIES, corpus)
    national = National(arena, corpus, today=TODAY)
    assert lists(list(national.exhaustive(DEMANDS, 1_000, 0.0))) == of_the_engine(engine, 1_000)


def test_what_the_candidates_leave_is_scored_the_same(corpus: Corpus, arena: Arena) -> None:
    every = {
        k: dict(v)
        for k, v in of_the_engine(Engine(today=TODAY).fit(SUPPLIES, corpus), 1_000).items()
    }
    few = Effort(postings=500, near=30, scored=20, probes=0)
    found = lists(list(National(arena, corpus, today=TODAY, effort=few).rank(DEMANDS, 10)))
    assert found.keys() == every.keys()
    for key, hits in found.items():
        assert hits
        assert all(every[key][patent] == ticks for patent, ticks in hits)
        assert hits == sorted(hits, key=lambda hit: (-hit[1], hit[0]))


def test_candidates_miss_next_to_nothing(corpus: Corpus, arena: Arena) -> None:
    best = of_the_engine(Engine(today=TODAY).fit(SUPPLIES, corpus), 10)
    found = lists(
        list(National(arena, corpus, today=TODAY, effort=Effort(scored=60)).rank(DEMANDS, 10))
    )
    kept = [len({p for p, _ in best[k]} & {p for p, _ in found[k]}) / len(best[k]) for k in best]
    assert np.mean(kept) >= 0.98


def test_an_arena_is_the_same_in_whatever_parts_it_was_read(
    corpus: Corpus, arena: Arena, tmp_path: Path
) -> None:
    shuffled = SUPPLIES[100:] + SUPPLIES[:100]
    parts = [*read(shuffled[:70], corpus), *read(shuffled[70:], corpus)]
    build(parts).save(tmp_path)
    again = Arena.load(tmp_path)
    assert np.array_equal(again.keys, arena.keys)
    for name in ("meaning", "columns", "impacts", "holders", "steps", "price", "listed"):
        assert np.array_equal(
            getattr(again, name), getattr(arena, name), equal_nan=name in {"price", "listed"}
        )


def test_an_empty_stock_finds_nobody(corpus: Corpus) -> None:
    empty = build(list(read([replace(SUPPLIES[0], matchable=False)], corpus)))
    assert all(not hits for hits in lists(list(National(empty, corpus).rank(DEMANDS, 5))).values())


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.text(
            st.one_of(
                st.sampled_from("一种轴承中〇あ𠀀𫝀ａＢ１２3xyz.，\n ﬁ😀_"),
                st.characters(codec="utf-8"),
            ),
            max_size=30,
        ),
        max_size=6,
    )
)
def test_in_bulk_texts_have_the_terms_they_have_one_by_one(texts: list[str]) -> None:
    one_by_one, bulk = Bags(counted(text) for text in texts), bags_of(texts)
    for name in ("ends", "numbers", "counts", "lengths"):
        assert np.array_equal(getattr(one_by_one, name), getattr(bulk, name)), name
    twice = summed([(bulk, 1.0), (bags_of(texts), 2.0)]) if texts else bulk
    assert np.array_equal(twice.counts, bulk.counts * (3 if texts else 1))


def test_one_supply_scores_with_every_demand_as_the_engine_says(corpus: Corpus) -> None:
    engine = Engine(today=TODAY).use(corpus)
    audience = Audience(DEMANDS, corpus, today=TODAY, hears_foreign=True)
    block = engine.read(DEMANDS)
    assert audience.keys == [demand.key for demand in block.demands]
    for supply in SUPPLIES[:60] + FOREIGN:
        refused = np.full(len(block), -1)
        single = supply_block([supply], corpus)
        expected = engine.ticks(block, single)[:, 0] if len(single) else refused
        assert np.array_equal(audience.ticks(supply), expected)
