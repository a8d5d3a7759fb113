"""The candidate stage: who of a national stock is worth scoring in full, demand by demand.

The postings of a demand's rarest terms are added up over the whole stock; those that words find
best get the points of classes, terms and their cluster; the best of these their own vectors
multiplied; the best of these are left.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import _sparsetools

from core.text.sentences import likeness
from matching.engine import across
from matching.engine.arena import STEPS, Arena
from matching.engine.blocks import IMPACT, DemandBlock
from matching.engine.pairs import Places, Scorer, Values, cosine, levelled
from matching.engine.types import Demand
from matching.engine.vectors import GRID
from matching.engine.weights import Weights

HALF = 256  # where topics begin in `meaning`
SHARES = 512  # a demand's terms in such parts: with STEPS all sums stay below 2**15
_SAMPLE = 8_192  # of the stock: where the best few thousand begin
_ENOUGH = 0.4 * (1 << 20) * 1_000  # covered as far as counts: all such are equal in words


@dataclass(frozen=True, slots=True)
class Effort:
    """How far the candidate stage goes; the defaults are measured (docs/matching.md)."""

    postings: int = 2_000_000  # entries walked for one demand: nearly always all
    least_share: float = 0.5  # of what its terms weigh: never less is walked
    weighed: int = 16_000  # that words find best: their clusters are looked at
    faced: int = 4_000  # of these their classes and terms are
    near: int = 1_000  # of these vectors are multiplied
    scored: int = 300  # of these everything is
    foreign: int = 50  # titles in other languages that say most
    probes: int = 4  # clusters whose whole population is looked at where words find too few


@dataclass(frozen=True, eq=False)
class Walk:
    """The columns to walk for each demand of a block: those of row i from `ends[i]` on."""

    ends: list[int]
    lows: list[int]  # where each column's postings begin
    highs: list[int]
    shares: list[int]  # of SHARES
    units: Values  # by row: what one point of its sums says that is covered


class Finder:
    """Finds candidates in one arena."""

    def __init__(self, arena: Arena, scorer: Scorer, weights: Weights, effort: Effort) -> None:
        self.arena, self.scorer = arena, scorer
        self.weights, self.effort = weights, effort
        first = np.searchsorted(arena.cluster, np.arange(len(arena.centres) + 1))
        self._first = first.astype(np.int64)

    def find(self, block: DemandBlock) -> tuple[Places, Places, tuple[Values, Values]]:
        """Rows of the block, places of the arena, the pairs' cosines of meaning and of topic."""
        walk, centre, told = self._walk(block), self._centre_points(block), self._told(block)
        desk = _Desk(self.arena)
        rows: list[Places] = [np.zeros(0, np.int64)]
        places, meaning, topic = list(rows), [np.zeros(0)], [np.zeros(0)]
        for row in range(len(block)):
            self._add_up(walk, row, desk.sums)
            found, points = self._near(block, row, desk, walk.units[row], centre[row], told[row])
            cosines = self._cosines(block, row, found, desk)
            points += self.weights.semantic * cosines[0] + self.weights.topic * cosines[1]
            best = np.sort(_largest(points, self.effort.scored))
            rows.append(np.full(len(best), row, np.int64))
            places.append(found[best])
            meaning.append(cosines[0][best])
            topic.append(cosines[1][best])
        return (
            np.concatenate(rows),
            np.concatenate(places),
            (np.concatenate(meaning), np.concatenate(topic)),
        )

    # --- by words ---------------------------------------------------------------------------

    def _walk(self, block: DemandBlock) -> Walk:
        """Each demand's rarest terms, as far as the effort goes."""
        columns, shares, rows = self.scorer.shares(block)
        lows, highs = self.arena.heads[columns], self.arena.heads[columns + 1]
        sizes = highs - lows
        order = np.lexsort((sizes, rows))
        lows, highs, sizes = lows[order], highs[order], sizes[order]
        shares, rows = shares[order], rows[order]
        first = np.searchsorted(rows, np.arange(len(block)))
        spent = _running(sizes.astype(np.float64), rows, first)
        weighed = _running(np.where(sizes > 0, shares, 0.0), rows, first)
        total = np.bincount(rows, weights=shares, minlength=len(block))
        enough = weighed - shares >= self.effort.least_share * total[rows]
        kept = (sizes > 0) & ((spent <= self.effort.postings) | ~enough)
        lows, highs, shares, rows = lows[kept], highs[kept], shares[kept], rows[kept]
        walked = np.maximum(np.bincount(rows, weights=shares, minlength=len(block)), 1.0)
        return Walk(
            ends=np.searchsorted(rows, np.arange(len(block) + 1)).tolist(),
            lows=lows.tolist(),
            highs=highs.tolist(),
            shares=_rounded(shares * (SHARES / walked)[rows], rows, len(block)).tolist(),
            units=np.sqrt(np.maximum(total, 1.0) * walked) / SHARES * (IMPACT / STEPS),
        )

    def _add_up(self, walk: Walk, row: int, sums: NDArray[np.int16]) -> None:
        """What the walked terms of one demand find in each supply."""
        holders, steps = self.arena.holders, self.arena.steps
        ends, share = np.zeros(2, np.int32), np.zeros(1, np.int16)
        sums.fill(0)
        for at in range(walk.ends[row], walk.ends[row + 1]):
            span = slice(walk.lows[at], walk.highs[at])
            ends[1], share[0] = span.stop - span.start, walk.shares[at]
            _sparsetools.csc_matvec(len(sums), 1, ends, holders[span], steps[span], share, sums)

    def _near(
        self, block: DemandBlock, row: int, desk: _Desk, unit: float, centre: Values, told: Values
    ) -> tuple[Places, Values]:
        """The best thousand or so by what is cheap to know, and their points without what the
        clusters have told of meaning and topic."""
        places = desk.strongest(self.effort.weighed, _ENOUGH / unit)
        points = self.weights.lexical * levelled(np.asarray(desk.sums[places] * unit, np.float64))
        guess = centre[self.arena.cluster[places]]
        faced = np.sort(_largest(points + guess, self.effort.faced))
        places, guess = places[faced], guess[faced]
        points = points[faced] + self._facts(block, row, places)
        near = np.sort(_largest(points + guess, self.effort.near))
        mine, worth = places[near], points[near]
        strangers = self._strangers(block.demands[row], centre, mine, told)
        if len(strangers):
            mine = np.concatenate([mine, strangers])
            worth = np.concatenate([worth, self._facts(block, row, strangers)])
        return mine, worth + self._said(told, mine)

    def _facts(self, block: DemandBlock, row: int, places: Places) -> Values:
        """What classes and terms bring one demand."""
        zero = np.zeros(len(places), np.int64)
        points = np.zeros(len(places))
        asked, kinds = block.demands[row : row + 1], block.kinds[row : row + 1]
        for values, weight in self.scorer.facts(asked, kinds, zero, places):
            points += weight * values
        return points

    # --- by meaning -------------------------------------------------------------------------

    def _centre_points(self, block: DemandBlock) -> Values:
        """Points for meaning and topic if a supply lay where its cluster's centre is."""
        centres = self.arena.centres
        meaning = np.clip(block.vectors @ centres[:, :HALF].T / GRID, 0, 1)
        topic = np.clip(block.topics @ centres[:, HALF:].T / GRID, 0, 1)
        return np.asarray(self.weights.semantic * meaning + self.weights.topic * topic)

    def _cosines(
        self, block: DemandBlock, row: int, places: Places, desk: _Desk
    ) -> tuple[Values, Values]:
        both = desk.vectors(places)
        return (
            cosine(both[:, :HALF] @ block.vectors[row]),
            cosine(both[:, HALF:] @ block.topics[row]),
        )

    # --- by other ways ----------------------------------------------------------------------

    def _told(self, block: DemandBlock) -> Values:
        """How strongly each foreign title says what each demand asks: demand by foreign row."""
        sentences = self.arena.foreign.sentences
        if not len(sentences):
            return np.zeros((len(block), 0))
        return across.strength(likeness(across.asked(block.demands), sentences))

    def _said(self, told: Values, places: Places) -> Values:
        """The points of foreign titles among these places."""
        known = self.arena.foreign.places
        if not len(known):
            return np.zeros(len(places))
        at = np.minimum(np.searchsorted(known, places), len(known) - 1)
        return np.where(known[at] == places, self.weights.lexical * told[at], 0.0)

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


def _running(values: Values, rows: Places, first: Places) -> Values:
    """Running sums that begin anew with each row."""
    sums = np.concatenate([[0.0], np.cumsum(values)])
    return np.asarray(sums[1:] - sums[first[rows]])


class _Desk:
    """Room for one demand after the other: fresh memory for each would cost more than the sums."""

    def __init__(self, arena: Arena) -> None:
        self._meaning = arena.meaning
        self.sums = np.empty(len(arena), np.int16)
        self._above = np.empty(len(arena), np.bool_)
        self._taken = np.empty((0, arena.meaning.shape[1]), np.int16)
        self._vectors = np.empty(self._taken.shape, np.float32)

    def strongest(self, most: int, enough: float) -> Places:
        """Those that words find best; more than `most` where more have `enough`, or by chance."""
        line, sums = 1, self.sums
        if len(sums) > most:
            sample = sums[:: max(len(sums) // _SAMPLE, 1)]
            place = max(int(len(sample) * (1 - most / len(sums))) - 1, 0)
            line = max(min(int(np.partition(sample, place)[place]), int(enough)), 1)
        return np.flatnonzero(np.greater_equal(sums, line, out=self._above))

    def vectors(self, places: Places) -> NDArray[np.float32]:
        """Vectors and topics of these rows; overwritten by the next call."""
        count = len(places)
        if count > len(self._taken):
            self._taken = np.empty((count, self._taken.shape[1]), np.int16)
            self._vectors = np.empty(self._taken.shape, np.float32)
        self._meaning.take(places, axis=0, out=self._taken[:count], mode="clip")
        self._vectors[:count] = self._taken[:count]
        return self._vectors[:count]


def _rounded(values: Values, rows: Places, count: int) -> NDArray[np.int64]:
    """Whole numbers whose sums stay those of each row, so that none can grow too large."""
    until = _running(values, rows, np.searchsorted(rows, np.arange(count)))
    return np.asarray(np.rint(until) - np.rint(until - values), np.int64)


def _largest(points: Values, count: int) -> Places:
    if len(points) <= count:
        return np.arange(len(points))
    return np.argpartition(-points, count - 1)[:count]
