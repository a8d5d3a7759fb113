"""A need read together with what lies nearest to it: the same alone, in any shard, stored."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from matching.engine import Corpus, Demand, Engine, Supply, kindred
from matching.engine.audience import Audience
from matching.engine.vectors import GRID

THINGS = "锂离子电池 石墨烯薄膜 污水处理 激光焊接 水稻育种 光伏组件 齿轮减速器 疫苗 无人机 混凝土"
PARTS = "外壳 电极 隔膜 滤芯 喷头 支架 涂层 轴承 控制器 传感器 夹具 阀门 模具"
DEEDS = "制备方法 检测装置 回收工艺 控制系统"
STOCK = [
    Supply(key=number, title=f"{thing}{part}的{deed}", text=f"{thing}所用{part}，{deed}的改进。")
    for number, (thing, part, deed) in enumerate(
        product(THINGS.split(), PARTS.split(), DEEDS.split())
    )
]
NEEDS = [Demand(key=n, title=t) for n, t in enumerate(["废旧锂电池如何回收", "废水除磷", "😀", ""])]
CORPUS = Corpus.freeze(STOCK)
SMALL = Corpus.freeze(STOCK[: kindred.FEWEST - 1])


def test_a_need_is_drawn_towards_its_kin() -> None:
    alone = Engine().use(replace(CORPUS, kindred=SMALL.kindred)).read(NEEDS[:1])
    drawn = Engine().use(CORPUS).read(NEEDS[:1])
    sample = CORPUS.kindred[:, : alone.vectors.shape[1]], CORPUS.kindred[:, -256:]
    near = 14 * (alone.vectors @ sample[0].T) + 11 * (alone.topics @ sample[1].T)
    kin = sample[1][np.argsort(-near[0])[:12]].mean(axis=0)
    before, after = (b.topics[0] @ kin / np.linalg.norm(b.topics[0]) for b in (alone, drawn))
    assert after > before * 1.02
    assert (drawn.vectors == alone.vectors).all()  # its own words stay its own
    assert np.linalg.norm(drawn.topics[0]) == pytest.approx(0.85 * GRID, rel=0.01)


def test_it_reads_the_same_alone_and_among_others() -> None:
    engine = Engine().use(CORPUS)
    together = engine.read(NEEDS)
    for place, need in enumerate(NEEDS):
        assert (engine.read([need]).topics[0] == together.topics[place]).all()
    assert (together.topics == np.rint(together.topics)).all()


def test_one_pair_the_list_and_the_audience_agree() -> None:
    engine = Engine().fit(STOCK, CORPUS)
    hits = {hit.key: hit.ticks for hit in engine.rank(NEEDS[0], None)}
    audience = Audience(NEEDS, CORPUS)
    for supply in STOCK[::97]:
        assert engine.explain(NEEDS[0], supply).ticks == hits[supply.key]  # type: ignore[union-attr]
        assert audience.ticks(supply)[0] == hits[supply.key]
    assert all(sum(r.ticks for r in hit.reasons) == hit.ticks for hit in engine.rank(NEEDS[0]))


def test_what_says_nothing_has_no_kin() -> None:
    assert not Engine().use(CORPUS).read([NEEDS[3]]).topics.any()
    assert not Engine().fit(STOCK, CORPUS).rank(NEEDS[3], floor=5)


def test_a_small_stock_and_an_older_version_have_none() -> None:
    assert len(SMALL.kindred) == 0
    assert len(CORPUS.kindred) == len(STOCK)
    stored = Corpus.from_bytes(CORPUS.to_bytes())
    assert stored.digest == CORPUS.digest
    assert (stored.kindred == CORPUS.kindred).all()
    older = replace(CORPUS, kindred=SMALL.kindred)
    assert older.digest != CORPUS.digest
    need = Engine().use(older).read(NEEDS[:1])
    assert np.linalg.norm(need.topics[0]) == pytest.approx(GRID, rel=0.01)


def test_a_large_stock_is_sampled_evenly() -> None:
    many = [STOCK[0]] * (3 * kindred.SAMPLE + 1)
    assert len(kindred.sampled(many)) == pytest.approx(kindred.SAMPLE * 0.75, rel=0.01)
    assert len(kindred.sampled(STOCK)) == len(STOCK)
