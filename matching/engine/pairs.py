"""The scorer for chosen pairs of an arena: the same signals, the same whole ticks.

`signals` holds blocks of demands against blocks of supplies; of a national stock only some
hundreds of pairs for each demand are worth it. Each value is computed as there, element by
element, so a pair's ticks are equal; tests hold the two beside each other.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from core.text.sentences import likeness
from matching.engine import across, signals, taxonomy
from matching.engine.arena import Arena, spread
from matching.engine.blocks import GRID, IMPACT, SHARE, DemandBlock
from matching.engine.types import TICKS, Demand, Supply
from matching.engine.weights import Weights

Values = NDArray[np.float64]
Places = NDArray[np.int64]


class Scorer:
    """Holds what scoring pairs of one arena needs, so that it is made once."""

    def __init__(self, arena: Arena, weights: Weights, today: date | None) -> None:
        self.arena, self.weights, self.today = arena, weights, today
        self._place = np.full(2 * len(arena.terms), -1, np.int32)
        self._share = np.zeros(2 * len(arena.terms), np.int32)  # one demand's, by column
        self._fresh = self._freshness()
        self._meetings: dict[tuple[frozenset[str], ...], Values] = {}
        self._classes = _Kinds(arena.side["kinds"])
        self._regions = [_Prefixes(arena, n) for n in (2, 4, 6)]

    def ticks(
        self,
        demands: DemandBlock,
        rows: Places,
        places: Places,
        cosines: tuple[Values, Values],
        covered: NDArray[np.int64] | None = None,
    ) -> NDArray[np.int64]:
        """Scores of the pairs (`rows` of the block, `places` of the arena); -1 is refused."""
        weights = self.weights
        if covered is None:
            covered = self._covered(demands, rows, places)
        words = levelled(covered)
        total = _ticks(words, weights.lexical)
        if len(self.arena.foreign):
            total += _ticks(self.across(demands, rows, places, words), weights.lexical)
        total += _ticks(cosines[0], weights.semantic) + _ticks(cosines[1], weights.topic)
        for values, weight in self.facts(demands, rows, places):
            total += _ticks(values, weight)
        total += self._behaviour(demands, rows, places)
        return np.where(self.allowed(demands, rows, places), np.maximum(total, 0), -1)

    def across(self, demands: DemandBlock, rows: Places, places: Places, words: Values) -> Values:
        """What foreign titles say beyond the words in common."""
        values = np.zeros(len(rows))
        foreign = self.arena.foreign
        pairs = np.flatnonzero(np.isin(places, foreign.places))
        if len(pairs):
            wanted = np.unique(rows[pairs])
            asked = across.asked([demands.demands[row] for row in wanted.tolist()])
            ends = np.searchsorted(rows[pairs], np.append(wanted, len(demands)))
            for one, (low, high) in enumerate(pairwise(ends.tolist())):
                mine = pairs[low:high]
                at = np.searchsorted(foreign.places, places[mine])
                near = likeness(asked[one : one + 1], foreign.sentences[at])[0]
                values[mine] = across.beyond(across.strength(near), words[mine])
        return values

    def facts(
        self, demands: DemandBlock, rows: Places, places: Places
    ) -> Iterator[tuple[Values, float]]:
        """What needs no text: classes, terms, place, age."""
        arena, weights, asked = self.arena, self.weights, demands.demands
        yield self.taxonomy(demands, rows, places), weights.taxonomy
        wanted = _numbers([d.trl for d in asked])
        if not np.isnan(wanted).all():
            least, offered = wanted[rows], arena.trl[places]
            value = np.where(offered >= least, 1.0, (offered - least) / 3)
            yield _neutral(value, least + offered), weights.trl
        budgets = _numbers([d.budget for d in asked])
        if not np.isnan(budgets).all():
            budget, price = budgets[rows], arena.price[places]
            value = np.where(price <= budget, 1.0, (budget - price) / np.maximum(budget, 1.0))
            yield _neutral(value, budget + price), weights.price
        if any(d.licence_modes for d in asked):
            yield self._modes(asked)[rows, arena.mode[places]], weights.licence_mode
        if any(d.region for d in asked):
            yield self._places(asked, rows, places), weights.region
        if self._fresh is not None:
            yield self._fresh[places], weights.freshness

    def _freshness(self) -> Values | None:
        """How fresh each row of the arena is."""
        if self.today is None:
            return None
        days = np.maximum(self.today.toordinal() - self.arena.listed, 0)
        fresh = signals._FRESH_DAYS / (signals._FRESH_DAYS + np.nan_to_num(days))
        return np.where(np.isnan(days), 0.0, fresh)

    def covered_by_all(self, demands: DemandBlock, low: int, high: int) -> NDArray[np.int64]:
        """What the supplies from `low` to `high` cover of each demand: supply by demand."""
        arena = self.arena
        columns, table = self._table(demands)
        self._place[columns] = np.arange(len(columns), dtype=np.int32)
        span = slice(int(arena.starts[low]), int(arena.starts[high]))
        known = self._place[arena.columns[span]]
        self._place[columns] = -1
        hit = np.flatnonzero(known >= 0)
        starts = np.searchsorted(hit, arena.starts[low : high + 1] - arena.starts[low])
        impacts = sparse.csr_matrix(
            (arena.impacts[span][hit].astype(np.float64), known[hit], starts),
            shape=(high - low, len(columns)),
        )
        return np.asarray(impacts @ np.ascontiguousarray(table.T)).astype(np.int64)

    def _covered(self, demands: DemandBlock, rows: Places, places: Places) -> NDArray[np.int64]:
        """Shares times impacts, summed in whole numbers: below 2**31, so in any order.

        One demand after the other: its few hundred supplies' terms fit the processor's cache.
        """
        arena = self.arena
        columns, shares, owners = self.shares(demands)
        order = np.argsort(owners, kind="stable")
        columns, shares = columns[order], shares[order].astype(np.int32)
        heads = np.searchsorted(owners[order], np.arange(len(demands) + 1)).tolist()
        ends = np.searchsorted(rows, np.arange(len(demands) + 1)).tolist()
        covered = np.zeros(len(rows), np.int64)
        for row, (low, high) in enumerate(pairwise(ends)):
            mine = columns[heads[row] : heads[row + 1]]
            self._share[mine] = shares[heads[row] : heads[row + 1]]
            for at in range(low, high, _PAIRS):
                part = slice(at, min(at + _PAIRS, high))
                covered[part] = _sums_of(arena, places[part], self._share)
            self._share[mine] = 0
        return covered

    def _table(self, demands: DemandBlock) -> tuple[NDArray[np.int64], Values]:
        """The block's shares, one row for each demand, one column for each term it has."""
        places, shares, rows = self.shares(demands)
        columns, inverse = np.unique(places, return_inverse=True)
        table = np.zeros((len(demands), len(columns)))
        table[rows, inverse] = shares
        return columns, table

    def shares(self, demands: DemandBlock) -> tuple[Places, Values, Places]:
        """Columns of the arena, the share each has in its demand, and the demand's row."""
        terms, found = self.arena.terms, []
        for bags, shift in ((demands.bags, 0), (demands.title_bags, len(terms))):
            rows = np.repeat(np.arange(len(bags)), np.diff(bags.ends))
            if not len(terms):
                continue
            column = np.minimum(np.searchsorted(terms, bags.numbers), len(terms) - 1)
            known = terms[column] == bags.numbers
            found.append((column[known] + shift, bags.counts[known], rows[known]))
        if not found:
            return np.zeros(0, np.int64), np.zeros(0), np.zeros(0, np.int64)
        return (
            np.concatenate([f[0] for f in found]),
            np.concatenate([f[1] for f in found]),
            np.concatenate([f[2] for f in found]),
        )

    def taxonomy(self, demands: DemandBlock, rows: Places, places: Places) -> Values:
        """How well the classes meet: looked up, since few combinations of classes exist."""
        table = np.array([self.meeting(kind) for kind in demands.kinds])
        return np.asarray(table[rows, self.arena.kind[places]], np.float64)

    def meeting(self, wanted: dict[str, frozenset[str]]) -> Values:
        """One demand's classes against every combination the stock has."""
        key = tuple(wanted[level] for level, _, _ in taxonomy.LEVELS)
        if key not in self._meetings:
            if len(self._meetings) > 20_000:
                self._meetings.clear()
            self._meetings[key] = self._classes.meet(wanted)
        return self._meetings[key]

    def allowed(self, demands: DemandBlock, rows: Places, places: Places) -> NDArray[np.bool_]:
        """The hard filters, pair by pair."""
        arena, asked = self.arena, demands.demands
        seekers = _numbers([d.organisation_id for d in asked])[rows]
        owners = arena.owner[places]
        mask: NDArray[np.bool_] = np.asarray((seekers != owners) | np.isnan(seekers))
        hidden = arena.side["hidden_from"]
        if hidden:
            for pair in np.flatnonzero(np.isin(places, self._veiled())).tolist():
                mask[pair] &= seekers[pair] not in hidden[int(places[pair])]
        for row, demand in enumerate(asked):
            if demand.hidden or demand.hidden_organisations:
                mine = np.flatnonzero(rows == row)
                mask[mine] &= ~np.isin(owners[mine], list(demand.hidden_organisations))
                mask[mine] &= ~np.isin(
                    arena.keys[places[mine]], [int(key) for key in demand.hidden]
                )
        return mask

    def _veiled(self) -> Places:
        return np.fromiter(self.arena.side["hidden_from"], np.int64)

    def _modes(self, asked: tuple[Demand, ...]) -> Values:
        """Demand by mode: 1 if wanted, -1 if another is wanted."""
        modes = self.arena.side["modes"] or [""]
        values = np.zeros((len(asked), len(modes)))
        for row, demand in enumerate(asked):
            if demand.licence_modes:
                values[row] = [
                    0.0 if not mode else 1.0 if mode in demand.licence_modes else -1.0
                    for mode in modes
                ]
        return values

    def _places(self, asked: tuple[Demand, ...], rows: Places, places: Places) -> Values:
        """1 in the same county, 0.7 in the same city, 0.4 in the same province."""
        values = np.zeros(len(rows))
        for level, worth in zip(self._regions, (0.4, 0.7, 1.0), strict=True):
            wanted = np.array([level.code(d.region) for d in asked], np.int32)
            values[wanted[rows] == level.codes[places]] = worth
        return values

    def _behaviour(self, demands: DemandBlock, rows: Places, places: Places) -> NDArray[np.int64]:
        """What ratings taught; few demands have any, so pair by pair."""
        total = np.zeros(len(rows), np.int64)
        weights = self.weights
        for row, demand in enumerate(demands.demands):
            if not (demand.taste.supplies or demand.taste.subclasses or demand.taste.holders):
                continue
            mine = np.flatnonzero(rows == row)
            for feel, weight in (
                (signals._rated, weights.rated),
                (signals._field, weights.field),
                (signals._holder, weights.holder),
            ):
                felt = [feel(demand, self.supply(place)) for place in places[mine].tolist()]
                values = np.clip(np.array(felt, np.float64), -1.0, 1.0)
                values = np.where(values < 0, values * weights.dislike, values)
                total[mine] += _ticks(values, weight)
        return total

    def supply(self, place: int) -> Supply:
        """What taste asks of a row: its key, its classes and who holds it."""
        arena = self.arena
        name = arena.side["name"]
        return Supply(
            key=int(arena.keys[place]),
            title="",
            ipc=tuple(arena.side["kinds"][arena.kind[place]][0]),
            holders=arena.side["names"][0 if name is None else name[place]],
        )


_PAIRS = 2_000


def _sums_of(arena: Arena, places: Places, share: NDArray[np.int32]) -> NDArray[np.int64]:
    """What these rows cover of the one demand whose shares lie in `share`."""
    starts = arena.starts[places]
    lengths = arena.starts[places + 1] - starts
    filled = lengths > 0
    covered = np.zeros(len(places), np.int64)
    if filled.any():
        at = spread(starts, lengths)
        worth = share[arena.columns[at]] * arena.impacts[at]
        heads = (np.cumsum(lengths) - lengths)[filled]
        covered[filled] = np.add.reduceat(worth, heads)  # each below 2**31
    return covered


class _Prefixes:
    """The first letters of the stock's regions as numbers."""

    def __init__(self, arena: Arena, length: int) -> None:
        self.length = length
        self._known: dict[str, int] = {}
        codes = np.array([self._learn(region) for region in arena.side["regions"]], np.int32)
        self.codes = codes[arena.region]  # by row

    def _learn(self, region: str) -> int:
        if len(region) < self.length:
            return -1
        return self._known.setdefault(region[: self.length], len(self._known))

    def code(self, region: str) -> int:
        """The number of a demand's region; -2 where no supply can be."""
        return self._known.get(region[: self.length], -2) if len(region) >= self.length else -2


class _Kinds:
    """The combinations of classes the stock has, turned: which of them hold a code."""

    def __init__(self, kinds: list[tuple[tuple[str, ...], ...]]) -> None:
        self.size = len(kinds)
        self._having: list[dict[str, list[int]]] = [{}, {}, {}, {}]
        for number, levels in enumerate(kinds):
            for having, codes in zip(self._having, levels, strict=True):
                for code in codes:
                    having.setdefault(code, []).append(number)

    def meet(self, wanted: dict[str, frozenset[str]]) -> Values:
        best = np.zeros(self.size)
        for having, (level, worth, _) in zip(self._having, taxonomy.LEVELS, strict=True):
            for code in wanted[level]:
                numbers = having.get(code)
                if numbers:
                    best[numbers] = np.maximum(best[numbers], worth)
        return best


def levelled(covered: NDArray[np.int64]) -> Values:
    share = np.minimum(covered / (signals._FULL * SHARE * IMPACT), 1.0)
    return np.asarray(share * (1 + signals._HALF) / (share + signals._HALF), np.float64)


def cosine(products: NDArray[np.float32]) -> Values:
    """Products of two vectors on the grid as their cosine, not below zero."""
    return np.clip(products.astype(np.float64) / float(GRID * GRID), 0.0, 1.0)


def _ticks(values: Values, weight: float) -> NDArray[np.int64]:
    return np.rint(values * (weight * TICKS)).astype(np.int64)


def _numbers(values: list[object]) -> Values:
    return np.array([np.nan if v is None else float(v) for v in values])  # type: ignore[arg-type]


def _neutral(values: Values, facts: Values) -> Values:
    return np.where(np.isnan(facts), 0.0, np.clip(values, -1.0, 1.0))
