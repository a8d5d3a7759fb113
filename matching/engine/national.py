"""Everything against everything where the stock is an arena: find some hundreds, score them all.

The candidate stage walks the postings of a demand's rarest terms, adds what the clusters say of
meaning and topic and what classes and terms bring, and keeps the best few hundred; for these the
vectors are multiplied, and for the best of these the pair is scored in full, by `pairs`, to the
tick. `exhaustive` scores every supply the same way: what the former is measured against.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from core.text.sentences import likeness
from matching.engine import across
from matching.engine.arena import Arena
from matching.engine.blocks import GRID, DemandBlock, demand_block
from matching.engine.corpus import Corpus
from matching.engine.engine import _rows as rows_of
from matching.engine.pairs import Places, Scorer, Values, cosine, levelled
from matching.engine.types import TICKS, Demand, Hit, Key
from matching.engine.weights import Weights

AT_ONCE = 64
READ_AT_ONCE = 2_000
_EXACT_AT_ONCE, _ROWS_AT_ONCE = 16, 20_000
_ENOUGH = 0.4 * (1 << 20) * 1_000  # covered as far as counts: all such are equal in words
_HALF = 256  # where topics begin in `meaning`


@dataclass(frozen=True, slots=True)
class Effort:
    """How far the candidate stage goes; the defaults are measured (docs/matching.md)."""

    postings: int = 200_000  # entries walked for one demand
    least_share: float = 0.5  # of what its terms weigh: never less is walked
    weighed: int = 8_000  # that words find best: their classes, terms and clusters are looked at
    near: int = 1_000  # of these vectors are multiplied
    scored: int = 300  # of these everything is
    foreign: int = 50  # titles in other languages that say most
    probes: int = 4  # clusters whose whole population is looked at where words find too few


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
        self._postings = arena.postings
        self._sizes = np.diff(arena.heads)
        first = np.searchsorted(arena.cluster, np.arange(len(arena.centres) + 1))
        self._first = first.astype(np.int64)

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
        """Near by words, nearer by meaning, the nearest scored in full."""
        rows, places, points = self._near(block)
        products = self._products(block, rows, places)
        points += self.weights.semantic * cosine(products[0])
        points += self.weights.topic * cosine(products[1])
        chosen = _top(rows, points, self.effort.scored, len(block))
        cosines = (cosine(products[0][chosen]), cosine(products[1][chosen]))
        ticks = self.scorer.ticks(block, rows[chosen], places[chosen], cosines)
        return self._order(block, rows[chosen], places[chosen], ticks, limit, floor)

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
        meaning = block.vectors @ both[:, :_HALF].T
        topic = block.topics @ both[:, _HALF:].T
        covered = self.scorer.covered_by_all(block, low, high).T.ravel()
        cosines = (cosine(meaning.ravel()), cosine(topic.ravel()))
        return self.scorer.ticks(block, rows, places, cosines, covered).reshape(len(block), size)

    def _blocks(self, demands: Iterable[Demand], size: int = AT_ONCE) -> Iterator[DemandBlock]:
        every = sorted(demands, key=lambda demand: demand.key)
        for start in range(0, len(every), READ_AT_ONCE):
            whole = demand_block(every[start : start + READ_AT_ONCE], self.corpus)
            for low in range(0, len(whole), size):
                yield rows_of(whole, low, low + size)

    # --- candidates -------------------------------------------------------------------------

    def _near(self, block: DemandBlock) -> tuple[Places, Places, Values]:
        """The best few hundred of each demand by what is cheap to know, and their points.

        The points are those of words, classes and terms; meaning and topic, which only the
        clusters have told so far, are left out again.
        """
        walked, scale = self._walk(block)
        centre = self._centre_points(block)
        told = self._told(block)
        rows: list[Places] = []
        chosen: list[Places] = []
        worth: list[Values] = []
        for row in range(len(block)):
            span = slice(walked.indptr[row], walked.indptr[row + 1])
            found = _strongest(walked.data[span], self.effort.weighed, _ENOUGH / scale[row])
            places = walked.indices[span][found].astype(np.int64)
            points = self.weights.lexical * levelled(walked.data[span][found] * scale[row])
            points += self._facts(rows_of(block, row, row + 1), places)
            near = _largest(points + centre[row][self.arena.cluster[places]], self.effort.near)
            mine, worth_of = places[near], points[near]
            strangers = self._strangers(block.demands[row], centre[row], mine, told[row])
            if len(strangers):
                mine = np.concatenate([mine, strangers])
                one = rows_of(block, row, row + 1)
                worth_of = np.concatenate([worth_of, self._facts(one, strangers)])
            worth_of = worth_of + self._said(told[row], mine)
            worth.append(worth_of)
            rows.append(np.full(len(mine), row, np.int64))
            chosen.append(mine)
        return np.concatenate(rows), np.concatenate(chosen), np.concatenate(worth)

    def _facts(self, one: DemandBlock, places: Places) -> Values:
        """What classes and terms bring one demand."""
        zero = np.zeros(len(places), np.int64)
        points = np.zeros(len(places))
        for values, weight in self.scorer.facts(one, zero, places):
            points += weight * values
        return points

    def _walk(self, block: DemandBlock) -> tuple[sparse.csr_matrix, Values]:
        """What each demand's rarest terms find, and how much those are of all its terms."""
        columns, shares, rows = self.scorer.shares(block)
        sizes = self._sizes[columns]
        order = np.lexsort((sizes, rows))
        columns, shares, rows, sizes = columns[order], shares[order], rows[order], sizes[order]
        first = np.searchsorted(rows, np.arange(len(block)))
        spent = _running(sizes.astype(np.float64), rows, first)
        weighed = _running(np.where(sizes > 0, shares, 0.0), rows, first)
        total = np.bincount(rows, weights=shares, minlength=len(block))
        enough = weighed - shares >= self.effort.least_share * total[rows]
        kept = (sizes > 0) & ((spent <= self.effort.postings) | ~enough)
        walked = np.bincount(rows[kept], weights=shares[kept], minlength=len(block))
        matrix = sparse.csr_matrix(
            (
                shares[kept].astype(np.float32),
                (rows[kept].astype(np.int32), columns[kept].astype(np.int32)),
            ),
            shape=(len(block), self._postings.shape[0]),
        )
        scale = np.sqrt(np.maximum(total, 1.0) / np.maximum(walked, 1.0))
        return matrix @ self._postings, scale

    def _centre_points(self, block: DemandBlock) -> Values:
        """Points for meaning and topic if a supply lay where its cluster's centre is."""
        centres = self.arena.centres
        meaning = np.clip(block.vectors @ centres[:, :_HALF].T / GRID, 0, 1)
        topic = np.clip(block.topics @ centres[:, _HALF:].T / GRID, 0, 1)
        return np.asarray(self.weights.semantic * meaning + self.weights.topic * topic)

    def _told(self, block: DemandBlock) -> Values:
        """How strongly each foreign title says what each demand asks: demand by foreign row."""
        sentences = self.arena.foreign.sentences
        if not len(sentences):
            return np.zeros((len(block), 0))
        return across.strength(likeness(across.asked(block.demands), sentences))

    def _said(self, told: Values, places: Places) -> Values:
        """The points of foreign titles among these places."""
        points = np.zeros(len(places))
        known = self.arena.foreign.places
        if len(known):
            at = np.minimum(np.searchsorted(known, places), len(known) - 1)
            points = np.where(known[at] == places, self.weights.lexical * told[at], 0.0)
        return points

    def _strangers(self, demand: Demand, points: Values, known: Places, told: Values) -> Places:
        """Who may fit whatever the words say: the clusters nearest in meaning, what it rated, and
        the foreign titles that say it best.

        A demand whose words find enough needs no clusters.
        """
        found = []
        if len(known) < self.effort.scored:
            best = _largest(points, self.effort.probes)
            found = [np.arange(self._first[c], self._first[c + 1]) for c in best.tolist()]
        if demand.taste.supplies:
            rated = [int(key) for key in demand.taste.supplies]
            found.append(np.flatnonzero(np.isin(self.arena.keys, rated)))
        if len(told):
            best = _largest(told, self.effort.foreign)
            found.append(self.arena.foreign.places[best[told[best] > 0]])
        if not found:
            return np.zeros(0, np.int64)
        return np.setdiff1d(np.concatenate(found), known)

    def _products(
        self, block: DemandBlock, rows: Places, places: Places
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Each pair's products of vectors and of topics, demand by demand."""
        meaning = np.empty(len(rows), np.float32)
        topic = np.empty(len(rows), np.float32)
        ends = np.searchsorted(rows, np.arange(len(block) + 1))
        for row in range(len(block)):
            span = slice(ends[row], ends[row + 1])
            both = self.arena.meaning[places[span]].astype(np.float32)
            meaning[span] = both[:, :_HALF] @ block.vectors[row]
            topic[span] = both[:, _HALF:] @ block.topics[row]
        return meaning, topic

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


def _running(values: Values, rows: Places, first: Places) -> Values:
    """Running sums that begin anew with each row."""
    sums = np.concatenate([[0.0], np.cumsum(values)])
    return np.asarray(sums[1:] - sums[first[rows]])


def _strongest(words: NDArray[np.float32], most: int, enough: float) -> Places:
    """Those that words find best; more than `most` where more have `enough`, or by chance."""
    if len(words) <= 2 * most:
        return np.arange(len(words))
    sample = words[:: max(len(words) // 2_048, 1)]
    place = max(int(len(sample) * (1 - most / len(words))) - 1, 0)
    line = min(float(np.partition(sample, place)[place]), enough)
    return np.flatnonzero(words >= line)


def _largest(points: Values, count: int) -> Places:
    if len(points) <= count:
        return np.arange(len(points))
    return np.argpartition(-points, count - 1)[:count]


def _top(rows: Places, points: Values, count: int, size: int) -> Places:
    """The `count` best pairs of each row; rows ascend before and after."""
    ends = np.searchsorted(rows, np.arange(size + 1))
    found = [
        low + np.sort(_largest(points[low:high], count)) for low, high in pairwise(ends.tolist())
    ]
    return np.concatenate([*found, np.zeros(0, np.int64)]).astype(np.int64)
