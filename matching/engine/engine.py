"""The engine: weights in the constructor, data in `fit`, a need in `rank`.

One scorer behind three ways of asking: a need against all supplies, a changed supply against all
needs, everything against everything in shards. A pair's score depends on the pair, the corpus,
the weights and the day, on nothing else, so all three agree to the last digit.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date

import numpy as np
from numpy.typing import NDArray

from matching.engine.blocks import DemandBlock, SupplyBlock, demand_block, supply_block
from matching.engine.candidates import Candidates, Everything
from matching.engine.corpus import Corpus
from matching.engine.reasons import reason, telling_words
from matching.engine.signals import Signal, allowed, signals
from matching.engine.types import TICKS, Demand, Hit, Key, Reason, Supply
from matching.engine.weights import Weights

_REFUSED = np.int64(-1)  # below every score
_PAIRS_AT_ONCE = 4_000_000  # bounds the memory of one step of a full run


class Engine:
    """Scores needs against supplies and says why."""

    def __init__(
        self,
        weights: Weights | None = None,
        *,
        today: date | None = None,
        candidates: Candidates | None = None,
    ) -> None:
        """`today` is what freshness is measured against; without it all are equally fresh."""
        self.weights = weights or Weights()
        self.today = today
        self.candidates: Candidates = candidates or Everything()
        self._corpus: Corpus | None = None
        self._stock: SupplyBlock | None = None

    @property
    def corpus(self) -> Corpus:
        if self._corpus is None:
            raise ValueError("The engine has no corpus yet: call fit or use.")
        return self._corpus

    def use(self, corpus: Corpus) -> Engine:
        """Score by a stored version's statistics."""
        self._corpus = corpus
        return self

    def fit(self, supplies: Iterable[Supply], corpus: Corpus | None = None) -> Engine:
        """Take the supplies to search. Without a corpus, theirs is frozen and used."""
        stock = list(supplies)
        self.use(corpus or Corpus.freeze(stock))
        self._stock = supply_block(stock, self.corpus)
        return self

    def read(self, demands: Iterable[Demand]) -> DemandBlock:
        """Needs made ready for `rank_demands`; good as long as needs and corpus stay."""
        return demand_block(demands, self.corpus)

    def rank(self, demand: Demand, limit: int | None = 50, floor: float = 0.0) -> list[Hit]:
        """The best supplies for one need: best first, equals in the order of their keys."""
        return next(hits for _, hits in self.rank_all([demand], limit, floor))

    def rank_all(
        self, demands: Iterable[Demand], limit: int | None = 50, floor: float = 0.0
    ) -> Iterator[tuple[Key, list[Hit]]]:
        """`rank` for each of many needs, in the order of their keys."""
        stock = self._fitted()
        block = demand_block(demands, self.corpus)
        step = max(_PAIRS_AT_ONCE // max(len(stock), 1), 1)
        for start in range(0, len(block), step):
            part = _rows(block, start, start + step)
            ticks = self.ticks(part, stock)
            for row, demand in enumerate(part.demands):
                best = _best(ticks[row], limit, floor)
                yield demand.key, self._hits(_rows(part, row, row + 1), stock, best, ticks[row])

    def rank_demands(
        self,
        supply: Supply,
        demands: Iterable[Demand] | DemandBlock,
        limit: int | None = None,
        floor: float = 0.0,
    ) -> list[Hit]:
        """The needs that one new or changed supply fits; each hit's key is the need's.

        Whoever asks for many supplies reads the needs once, with `read`.
        """
        block = demands if isinstance(demands, DemandBlock) else self.read(demands)
        single = supply_block([supply], self.corpus)
        if not len(single) or not len(block):
            return []
        ticks = self.ticks(block, single)[:, 0]
        hits = []
        for row in _best(ticks, limit, floor).tolist():
            one = _rows(block, row, row + 1)
            hit = self._hits(one, single, np.array([0]), ticks[row : row + 1])[0]
            hits.append(Hit(key=one.demands[0].key, ticks=hit.ticks, reasons=hit.reasons))
        return hits

    def explain(self, demand: Demand, supply: Supply) -> Hit | None:
        """One pair's score and reasons; None where a hard filter refuses it."""
        hits = self.rank_demands(supply, [demand])
        return Hit(key=supply.key, ticks=hits[0].ticks, reasons=hits[0].reasons) if hits else None

    def scores(self, demands: Iterable[Demand]) -> tuple[list[Key], list[Key], NDArray[np.int64]]:
        """Keys of the needs, keys of the supplies, and all scores in ticks; -1 is refused."""
        stock = self._fitted()
        block = demand_block(demands, self.corpus)
        keys: list[Key] = [demand.key for demand in block.demands]
        return keys, [supply.key for supply in stock.supplies], self.ticks(block, stock)

    def ticks(self, demands: DemandBlock, supplies: SupplyBlock) -> NDArray[np.int64]:
        """Scores of a block in ten-thousandths; -1 where a filter or the candidates refuse."""
        total = np.zeros((len(demands), len(supplies)), dtype=np.int64)
        if not total.size:
            return total
        for signal in signals(demands, supplies, self.weights, self.today):
            total += _in_ticks(signal)
        mask = allowed(demands, supplies)
        chosen = self.candidates.choose(demands.vectors, supplies.vectors)
        if chosen is not None:
            mask &= chosen
        return np.where(mask, np.maximum(total, 0), _REFUSED)

    def _fitted(self) -> SupplyBlock:
        if self._stock is None:
            raise ValueError("The engine has no supplies yet: call fit.")
        return self._stock

    def _hits(
        self,
        demand: DemandBlock,
        supplies: SupplyBlock,
        columns: NDArray[np.int64],
        ticks: NDArray[np.int64],
    ) -> list[Hit]:
        """Hits for these columns, each explained by the very signals that scored it."""
        if not len(columns):
            return []
        part = _columns(supplies, columns)
        wanted = telling_words(demand.demands[0], self.corpus)
        parts: list[tuple[Signal, NDArray[np.int64]]] = [
            (signal, _in_ticks(signal))
            for signal in signals(demand, part, self.weights, self.today)
        ]
        hits = []
        for place, column in enumerate(columns.tolist()):
            supply = part.supplies[place]
            found = [
                reason(
                    signal.kind, signal.name, float(signal.values[0, place]), signal.weight,
                    int(each[0, place]), demand.demands[0], supply, wanted,
                )
                for signal, each in parts
                if each[0, place]
            ]  # fmt: skip
            lacking = int(ticks[column]) - sum(one.ticks for one in found)
            if lacking:  # dislikes went below nothing: the score stops at zero, and says so
                found.append(Reason("bounds", "floor", 0.0, 0.0, lacking))
            found.sort(key=lambda one: -one.ticks)
            hits.append(Hit(key=supply.key, ticks=int(ticks[column]), reasons=tuple(found)))
        return hits


def merge(shards: Iterable[Sequence[Hit]], limit: int | None = 50) -> list[Hit]:
    """The hits of several shards as one list, as if there had been one."""
    every = [hit for shard in shards for hit in shard]
    every.sort(key=lambda hit: hit.key)
    every.sort(key=lambda hit: -hit.ticks)
    return every[:limit]


def _in_ticks(signal: Signal) -> NDArray[np.int64]:
    """A signal's contributions, each rounded by itself: the score is their sum, so no remainder
    is left to hand out."""
    values = np.where(signal.values < 0, signal.values * signal.dislike, signal.values)
    return np.rint(values * (signal.weight * TICKS)).astype(np.int64)


def _best(ticks: NDArray[np.int64], limit: int | None, floor: float) -> NDArray[np.int64]:
    """Positions of the best, equals in the order they stand (which is that of the keys)."""
    order = np.argsort(-ticks, kind="stable")
    good = order[ticks[order] >= max(int(np.ceil(floor * TICKS)), 0)]
    return good[:limit]


def _rows(block: DemandBlock, start: int, stop: int) -> DemandBlock:
    """A slice of a block of demands."""
    return DemandBlock(
        demands=block.demands[start:stop],
        bags=block.bags[start:stop],
        title_bags=block.title_bags[start:stop],
        vectors=block.vectors[start:stop],
        topics=block.topics[start:stop],
        kinds=block.kinds[start:stop],
    )


def _columns(block: SupplyBlock, columns: NDArray[np.int64]) -> SupplyBlock:
    """Some of a block of supplies, in this order."""
    chosen = columns.tolist()
    impacts = block.impacts[columns]
    return SupplyBlock(
        supplies=tuple(block.supplies[column] for column in chosen),
        terms=block.terms,
        impacts=impacts,
        by_term=impacts.T.tocsr(),
        vectors=block.vectors[columns],
        topics=block.topics[columns],
        kinds=tuple(block.kinds[column] for column in chosen),
        foreign=block.foreign.of(columns),
    )
