"""Everything against everything where the stock is an arena: find some hundreds, score them all.

`finding` says which few hundred are worth it; these pairs are scored in full, by `pairs`, to the
tick. `exhaustive` scores every supply the same way: what the former is measured against.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from matching.engine.arena import Arena
from matching.engine.blocks import DemandBlock, demand_block
from matching.engine.corpus import Corpus
from matching.engine.engine import _rows as rows_of
from matching.engine.finding import HALF, Effort, Finder
from matching.engine.pairs import Places, Scorer, cosine
from matching.engine.types import TICKS, Demand, Hit, Key
from matching.engine.weights import Weights

AT_ONCE = 64
READ_AT_ONCE = 2_000
_EXACT_AT_ONCE, _ROWS_AT_ONCE = 16, 20_000


@dataclass(frozen=True, eq=False)
class Best:
    """The best supplies of some demands, best first, equals by key; row i is demand i's."""

    demands: tuple[Demand, ...]
    rows: NDArray[np.int64]
    keys: NDArray[np.int64]
    ticks: NDArray[np.int64]
    places: NDArray[np.int64]


class National:
    """Ranks demands against an arena."""

    def __init__(
        self,
        arena: Arena,
        corpus: Corpus,
        weights: Weights | None = None,
        *,
        today: date | None = None,
        effort: Effort | None = None,
    ) -> None:
        self.arena, self.corpus = arena, corpus
        self.weights, self.effort = weights or Weights(), effort or Effort()
        self.scorer = Scorer(arena, self.weights, today)
        self.finder = Finder(arena, self.scorer, self.weights, self.effort)

    def rank_all(
        self, demands: Iterable[Demand], limit: int | None = 50, floor: float = 0.0
    ) -> Iterator[tuple[Key, list[Hit]]]:
        """As `Engine.rank_all`, but without reasons: nine million lists are not read by people.

        `Engine.explain` says why for those that are.
        """
        for best in self.rank(demands, limit or len(self.arena), floor):
            ends = np.searchsorted(best.rows, np.arange(len(best.demands) + 1)).tolist()
            keys, ticks = best.keys.tolist(), best.ticks.tolist()
            for demand, (low, high) in zip(best.demands, pairwise(ends), strict=True):
                hits = zip(keys[low:high], ticks[low:high], strict=True)
                yield demand.key, [Hit(key, points, ()) for key, points in hits]

    def rank(
        self, demands: Iterable[Demand], limit: int = 50, floor: float = 0.0
    ) -> Iterator[Best]:
        """The best of each demand, some demands at a time, in the order of their keys."""
        for block in self._blocks(demands):
            yield self.rank_block(block, limit, floor)

    def rank_block(self, block: DemandBlock, limit: int, floor: float) -> Best:
        """Candidates, scored in full."""
        rows, places, cosines = self.finder.find(block)
        ticks = self.scorer.ticks(block, rows, places, cosines)
        return self._order(block, rows, places, ticks, limit, floor)

    def exhaustive(self, demands: Iterable[Demand], limit: int, floor: float) -> Iterator[Best]:
        """The same from every supply there is: exact, some demands at a time."""
        for block in self._blocks(demands, _EXACT_AT_ONCE):
            rows = [np.zeros(0, np.int64)]
            places, ticks = list(rows), list(rows)
            for low in range(0, len(self.arena), _ROWS_AT_ONCE):
                high = min(low + _ROWS_AT_ONCE, len(self.arena))
                found = self._all_of(block, low, high)
                for row in range(len(block)):
                    best = np.flatnonzero(found[row] >= 0)
                    if len(best) > limit:
                        line = -np.partition(-found[row][best], limit - 1)[limit - 1]
                        best = best[found[row][best] >= line]
                    rows.append(np.full(len(best), row))
                    places.append(best + low)
                    ticks.append(found[row][best])
            yield self._order(
                block, np.concatenate(rows), np.concatenate(places), np.concatenate(ticks),
                limit, floor,
            )  # fmt: skip

    def _all_of(self, block: DemandBlock, low: int, high: int) -> NDArray[np.int64]:
        """Ticks of the supplies from `low` to `high` with each demand: demand by supply."""
        size = high - low
        rows = np.repeat(np.arange(len(block)), size)
        places = np.tile(np.arange(low, high), len(block))
        both = self.arena.meaning[low:high].astype(np.float32)
        meaning = block.vectors @ both[:, :HALF].T
        topic = block.topics @ both[:, HALF:].T
        covered = self.scorer.covered_by_all(block, low, high).T.ravel()
        cosines = (cosine(meaning.ravel()), cosine(topic.ravel()))
        return self.scorer.ticks(block, rows, places, cosines, covered).reshape(len(block), size)

    def _blocks(self, demands: Iterable[Demand], size: int = AT_ONCE) -> Iterator[DemandBlock]:
        every = sorted(demands, key=lambda demand: demand.key)
        for start in range(0, len(every), READ_AT_ONCE):
            whole = demand_block(every[start : start + READ_AT_ONCE], self.corpus)
            for low in range(0, len(whole), size):
                yield rows_of(whole, low, low + size)

    # --- order ------------------------------------------------------------------------------

    def _order(
        self,
        block: DemandBlock,
        rows: Places,
        places: Places,
        ticks: NDArray[np.int64],
        limit: int,
        floor: float,
    ) -> Best:
        good = ticks >= max(int(np.ceil(floor * TICKS)), 0)
        rows, places, ticks = rows[good], places[good], ticks[good]
        keys = self.arena.keys[places]
        order = np.lexsort((keys, -ticks, rows))
        rows = rows[order]
        rank = np.arange(len(rows)) - np.searchsorted(rows, rows)
        order = order[rank < limit]
        return Best(block.demands, rows[rank < limit], keys[order], ticks[order], places[order])
