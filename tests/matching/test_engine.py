"""The engine: hits with reasons that add up, the same in any shards."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from itertools import product

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from matching.engine import (
    TICKS,
    Corpus,
    Demand,
    Engine,
    Hit,
    Nearest,
    Supply,
    Taste,
    Weights,
    merge,
)
from matching.engine.reasons import shared_words, telling_words

TODAY = date(2026, 11, 20)
THINGS = "锂离子电池 石墨烯薄膜 污水处理 激光焊接 水稻育种 光伏组件 齿轮减速器 疫苗 无人机 混凝土"
DEEDS = "的制备方法 检测装置 控制系统 回收工艺 安全管理 自动化生产线"
STOCK = [
    Supply(
        key=number,
        title=f"一种{thing}{deed}",
        text=f"本发明公开了{thing}{deed}，用于提高{thing}的效率，降低成本。",
        ipc=("H01M10/0525",) if "电池" in thing else ("C02F 1/00", "B23K"),
        industry_codes=("C3841",),
        region="310115" if number % 2 else "320500",
        trl=number % 9 + 1,
        price=Decimal(number * 10_000),
        licence_mode="open" if number % 3 else "exclusive",
        listed_on=date(2026, 1 + number % 10, 1),
        organisation_id=number % 7,
        holders=(f"大学{number % 5}",),
    )
    for number, (thing, deed) in enumerate(product(THINGS.split(), DEEDS.split()))
]
STOCK += [
    Supply(key=60, title="Recycling of Lithium-Ion Batteries", text="Spent cells are crushed."),
    Supply(key=61, title="Laser welding head", text="A welding head for 激光焊接.", trl=4),
    Supply(key=62, title="Rice Breeding Method", organisation_id=3),
]
NEED = Demand(
    key=1,
    title="锂离子电池回收",
    text="需求内容：废旧锂离子电池回收工艺。现有工作基础：公司占地80亩，员工300人，拥有污水处理专利5项。",
    organisation_id=100,
)
CORPUS = Corpus.freeze(STOCK, name="test")
SLOW = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def engine(**changes: float) -> Engine:
    return Engine(Weights(**changes), today=TODAY).use(CORPUS)


RATINGS = st.floats(-1, 1).map(lambda value: round(value, 2))
NEEDS = st.builds(
    Demand,
    key=st.integers(1, 5),
    title=st.sampled_from([*THINGS.split(), "智能制造", ""]),
    text=st.sampled_from(["", "提高污水处理效率", NEED.text, "battery recycling", "12"]),
    ipc=st.sampled_from([(), ("H01M",), ("B23K26/00", "C02F")]),
    industry_codes=st.sampled_from([(), ("C38",), ("3311",)]),
    region=st.sampled_from(["", "31", "310115", "320000"]),
    trl=st.none() | st.integers(1, 9),
    budget=st.none() | st.decimals(0, 600_000, places=2),
    licence_modes=st.sampled_from([(), ("open",), ("exclusive", "sole")]),
    organisation_id=st.none() | st.integers(0, 9),
    taste=st.builds(
        Taste,
        supplies=st.dictionaries(st.integers(0, 59), RATINGS, max_size=4),
        subclasses=st.dictionaries(st.sampled_from(["H01M", "C02F", "B23K"]), RATINGS),
        holders=st.dictionaries(st.sampled_from(["大学0", "大学1"]), RATINGS),
    ),
    hidden=st.frozensets(st.integers(0, 59), max_size=4),
)


def test_the_fitting_supply_comes_first() -> None:
    best = engine().fit(STOCK, CORPUS).rank(NEED, 5)
    titles = [STOCK[int(hit.key)].title for hit in best]
    assert titles[0] == "一种锂离子电池回收工艺"
    assert all("锂离子电池" in title for title in titles[:4])


def test_boilerplate_does_not_match() -> None:
    found = engine().fit(STOCK, CORPUS).rank(NEED, 10)
    assert not [hit for hit in found if "污水处理" in STOCK[int(hit.key)].title]


def test_shared_words_are_named() -> None:
    best = engine().fit(STOCK, CORPUS).rank(NEED, 1)[0]
    shared = next(reason for reason in best.reasons if reason.code == "shared-words")
    assert shared.evidence[:1] == ("锂离子电池",)
    assert "回收" in shared.evidence


def test_counts_and_fillers_tell_nothing() -> None:
    need = Demand(key=1, title="冻鱼片九个月每公斤三氧化硫最大限度", text="良好的参数，三次，轴承")
    told = set(telling_words(need, CORPUS))
    assert {"三氧化硫", "轴承"} <= told
    assert not {"九个", "九个月", "每公斤", "最大限度", "大限度", "良好", "参数", "三次"} & told


@pytest.mark.parametrize(
    ("wanted", "offered", "shared"),
    [
        (["燃料电池", "电堆"], "电池均衡系统、车辆、电池均衡方法", ("电池",)),
        (["超级电容器"], "六氟化铀容器专用压热罐的电加热装置", ()),
        (["高分辨率"], "图像角分辨率的提高", ("分辨率",)),
        (["高温", "耐高温"], "一种耐高温涂料", ("耐高温",)),
        (["工业级", "设备管理"], "一种实验室的设备", ()),  # 设备 is said of everything
        (["led"], "controlled by a LED", ("led",)),
    ],
)
def test_shared_words_are_words_of_both(
    wanted: list[str], offered: str, shared: tuple[str, ...]
) -> None:
    assert shared_words(wanted, Supply(key=1, title=offered)) == shared


@SLOW
@given(NEEDS, st.lists(st.sampled_from(STOCK), min_size=1, unique_by=lambda s: s.key))
def test_reasons_add_up_to_the_score(need: Demand, stock: list[Supply]) -> None:
    for hit in engine().fit(stock, CORPUS).rank(need, None):
        assert sum(reason.ticks for reason in hit.reasons) == hit.ticks
        assert round(sum(reason.contribution for reason in hit.reasons), 4) == hit.score
        assert 0 <= hit.ticks <= 100 * TICKS
        assert all(
            reason.signal == "bounds"
            or abs(reason.contribution - reason.value * reason.weight) < 1e-4
            or reason.value < 0
            for reason in hit.reasons
        )


@SLOW
@given(NEEDS, st.integers(1, 59), st.integers(1, 12))
def test_shards_incremental_and_full_agree(need: Demand, cut: int, limit: int) -> None:
    full = engine().fit(STOCK, CORPUS).rank(need, limit)
    shards = [engine().fit(part, CORPUS).rank(need, limit) for part in (STOCK[cut:], STOCK[:cut])]
    assert merge(shards, limit) == full
    one_by_one = [
        Hit(key=supply.key, ticks=hit.ticks, reasons=hit.reasons)
        for supply in STOCK
        for hit in engine().rank_demands(supply, [need])
    ]
    assert merge([one_by_one], limit) == full


def test_a_need_scores_the_same_among_others() -> None:
    others = [replace(NEED, key=key, title=title) for key, title in enumerate(THINGS.split(), 2)]
    fitted = engine().fit(STOCK, CORPUS)
    assert dict(fitted.rank_all([*others, NEED], 7))[1] == fitted.rank(NEED, 7)


def test_needs_read_once_serve_many_supplies() -> None:
    ready = engine().read([NEED])
    for supply in STOCK[:3]:
        again = engine().rank_demands(supply, [NEED])
        assert engine().rank_demands(supply, ready) == again


def test_equals_stand_in_the_order_of_their_keys() -> None:
    twins = [replace(STOCK[0], key=key) for key in (9, 3, 7)]
    assert [hit.key for hit in engine().fit(twins, CORPUS).rank(NEED)] == [3, 7, 9]


def test_a_stored_corpus_scores_alike() -> None:
    stored = Corpus.from_bytes(CORPUS.to_bytes())
    assert stored.digest == CORPUS.digest
    assert stored.name == "test"
    again = Engine(today=TODAY).fit(STOCK, stored).rank(NEED, None)
    assert again == engine().fit(STOCK, CORPUS).rank(NEED, None)


def test_a_corpus_does_not_depend_on_the_order_of_the_stock() -> None:
    assert Corpus.freeze(reversed(STOCK)).digest == CORPUS.digest


def test_other_stock_is_another_version() -> None:
    assert Corpus.freeze(STOCK[1:]).digest != CORPUS.digest


REFUSALS = [
    (replace(STOCK[0], matchable=False), NEED),
    (replace(STOCK[0], organisation_id=100), NEED),
    (replace(STOCK[0], hidden_from=frozenset({100})), NEED),
    (STOCK[0], replace(NEED, hidden=frozenset({STOCK[0].key}))),
    (replace(STOCK[0], organisation_id=8), replace(NEED, hidden_organisations=frozenset({8}))),
]


@pytest.mark.parametrize(("supply", "need"), REFUSALS)
def test_a_hard_filter_leaves_no_hit(supply: Supply, need: Demand) -> None:
    assert engine().explain(NEED, STOCK[0]) is not None
    assert engine().explain(need, supply) is None
    assert engine().fit([supply], CORPUS).rank(need) == []


def test_a_patent_without_an_account_is_not_the_seekers_own() -> None:
    orphan = replace(STOCK[0], organisation_id=None)
    assert engine().explain(replace(NEED, organisation_id=None), orphan) is not None


BARE = Supply(key=1, title="锂离子电池回收工艺")
FULL = replace(
    BARE, trl=6, price=Decimal(100_000), licence_mode="open", region="310115",
    listed_on=TODAY, ipc=("H01M10/54",), industry_codes=("C3841",), holders=("甲大学",),
)  # fmt: skip
STRUCTURE = [
    ({"trl": 5}, "mature-enough", 2.0),
    ({"trl": 9}, "too-early", -2.0),
    ({"trl": 7}, "too-early", -2.0 / 3),
    ({"budget": Decimal(100_000)}, "price-within-budget", 2.0),
    ({"budget": Decimal(80_000)}, "price-above-budget", -0.5),
    ({"licence_modes": ("open",)}, "licence-mode-fits", 2.0),
    ({"licence_modes": ("exclusive",)}, "licence-mode-differs", -2.0),
    ({"region": "310115"}, "same-region", 2.0),
    ({"region": "310000"}, "same-region", 0.8),
    ({"ipc": ("H01M 4/00",)}, "same-ipc", 6.0),
    ({"ipc": ("H01L",)}, "same-ipc", 3.0),
    ({"industry_codes": ("3849",)}, "same-industry", 3.6),
    ({"industry_codes": ("C39",)}, "industry-fits", 2.4),
    ({"taste": Taste(supplies={1: 1.0})}, "rated-before", 4.0),
    ({"taste": Taste(supplies={1: -1.0})}, "rated-before", -12.0),
    ({"taste": Taste(subclasses={"H01M": 0.5})}, "liked-field", 1.0),
    ({"taste": Taste(holders={"甲大学": -0.5})}, "disliked-holder", -3.0),
]


@pytest.mark.parametrize(("facts", "code", "points"), STRUCTURE)
def test_each_fact_brings_its_points(facts: dict[str, object], code: str, points: float) -> None:
    need = replace(Demand(key=1, title="锂离子电池"), **facts)  # type: ignore[arg-type]
    hit = Engine().use(CORPUS).explain(need, FULL)
    assert hit is not None
    found = {reason.code: reason.contribution for reason in hit.reasons}
    assert found[code] == pytest.approx(points, abs=1e-4)
    plain = Engine().use(CORPUS).explain(Demand(key=1, title="锂离子电池"), FULL)
    assert plain is not None
    assert hit.ticks - plain.ticks == round(points * TICKS)


def test_missing_facts_are_neutral() -> None:
    need = Demand(key=1, title="锂离子电池", trl=5, budget=Decimal(1), licence_modes=("open",))
    wordy = Engine(today=TODAY).use(CORPUS).explain(need, BARE)
    bare = Engine().use(CORPUS).explain(Demand(key=1, title="锂离子电池"), FULL)
    assert wordy is not None
    assert bare is not None
    assert wordy.ticks == bare.ticks


def test_a_listing_loses_freshness() -> None:
    fresh, stale = replace(FULL, listed_on=TODAY), replace(FULL, listed_on=date(2026, 8, 22))
    new, old = (engine().explain(NEED, supply) for supply in (fresh, stale))
    assert new is not None
    assert old is not None
    assert new.ticks - old.ticks == TICKS // 2


def test_a_score_stops_at_zero_and_says_so() -> None:
    need = Demand(key=1, title="小提琴", taste=Taste(supplies={1: -1.0}))
    hit = Engine().use(CORPUS).explain(need, BARE)
    assert hit is not None
    assert hit.score == 0
    assert hit.reasons[0].code == "floor"
    assert sum(reason.ticks for reason in hit.reasons) == 0


def test_a_floor_keeps_poor_hits_out() -> None:
    fitted = engine().fit(STOCK, CORPUS)
    every = fitted.rank(NEED, None)
    middle = every[len(every) // 2].score
    assert fitted.rank(NEED, None, floor=middle) == [hit for hit in every if hit.score >= middle]


def test_nearest_candidates_are_a_subset_with_the_same_scores() -> None:
    near = Engine(today=TODAY, candidates=Nearest(10)).fit(STOCK, CORPUS).rank(NEED, None)
    every = {hit.key: hit for hit in engine().fit(STOCK, CORPUS).rank(NEED, None)}
    assert len(near) >= 10
    assert all(every[hit.key] == hit for hit in near)


@pytest.mark.parametrize("changes", [{"lexical": 90.0}, {"price": -1.0}, {"dislike": -1.0}])
def test_impossible_weights_are_refused(changes: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=r"(?i)weights|points"):
        Weights(**changes)


def test_an_engine_without_data_says_so() -> None:
    with pytest.raises(ValueError, match="fit"):
        Engine().rank(NEED)


def test_empty_sides_are_no_trouble() -> None:
    empty = Corpus.freeze([])
    assert Engine().fit([], empty).rank(NEED) == []
    assert list(Engine().fit(STOCK, CORPUS).rank_all([])) == []
    assert Engine().use(empty).rank_demands(STOCK[0], []) == []
    lone = Engine().fit([BARE]).rank(NEED)
    assert np.isfinite([hit.score for hit in lone]).all()
