"""What learning weights from judgements would bring, on needs that were not learned from.

Needs that say nearly the same stand on one side: of 107 needs 101 differ, and the
judgements of one posting would answer its other.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from matching.engine import Demand, DemandBlock, Engine, Weights, learning
from matching.engine.learning import Judged
from matching.engine.signals import signals

SIGNALS = ("lexical", "semantic", "topic")  # what bare texts feed
ALIKE = 0.85
REPEATS = 3


class Pool(Protocol):
    """One need's judged documents, as the benchmark holds them."""

    @property
    def need(self) -> int: ...
    @property
    def documents(self) -> NDArray[np.int64]: ...
    @property
    def grades(self) -> NDArray[np.float64]: ...


def clusters(block: DemandBlock) -> NDArray[np.int64]:
    """The same number for needs that say nearly the same, directly or through others."""
    lengths = np.maximum(np.sqrt((block.vectors**2).sum(axis=1, keepdims=True)), 1)
    unit = block.vectors / lengths
    near = unit @ unit.T > ALIKE
    found = np.arange(len(block))
    while True:
        spread = np.array([found[row].min() if row.any() else n for n, row in enumerate(near)])
        if (spread == found).all():
            return found
        found = spread


def judged(engine: Engine, demands: Sequence[Demand], pools: Sequence[Pool]) -> list[Judged]:
    """The signals of the judged pairs, need by need."""
    block, stock = engine.read(demands), engine._fitted()
    every = {one.name: one.values for one in signals(block, stock, engine.weights, None)}
    alike = clusters(block)
    return [
        Judged(
            cluster=int(alike[pool.need]),
            values=np.column_stack([every[n][pool.need, pool.documents] for n in SIGNALS]),
            gains=2.0**pool.grades - 1,
            weights=np.ones(len(pool.grades)),
        )
        for pool in pools
    ]


def held_out(
    engine: Engine, demands: Sequence[Demand], pools: Sequence[Pool]
) -> tuple[NDArray[np.float64], str]:
    """Each need's nDCG by weights learned without it, and the weights all needs would teach."""
    examples = judged(engine, demands, pools)
    prior = np.array([getattr(Weights(), name) for name in SIGNALS])
    _, after = learning.cross_validated(examples, prior, repeats=REPEATS)
    taught = learning.learn(examples, prior)
    said = ", ".join(f"{name} {value:.0f}" for name, value in zip(SIGNALS, taught, strict=True))
    return after, f"{learning.FOLDS} folds, {REPEATS} times; all: {said}"
