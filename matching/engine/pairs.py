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
from matching.engine.arena import Arena
from matching.engine.blocks import IMPACT, SHARE, DemandBlock
from matching.engine.types import TICKS, Demand, Supply
from matching.engine.vectors import GRID
from matching.engine.weights import Weights

Values = NDArray[np.float64]
Kinds = dict[str, frozenset[str]]
Places = NDArray[np.int64]


class Scorer:
    """Holds what scoring pairs of one arena needs, so that it is made once."""

    def __init__(self, arena: Arena, weights: Weights, today: date | None) -> None:
        self.arena, self.weights, self.today = arena, weights, today
        self._place = np.full(2 * len(arena.terms), -1, np.int32)
        self._impacts = arena.rows
        self._fresh = self._freshness()
        self._meetings: dict[tuple[frozenset[str], ...], Values] = {}
        self._classes = _Kinds(arena.side["kinds"])
        self._regions = [_Prefixes(arena.side["regions"], length) for length in (2, 4, 6)]
        self._trls, self._trl = _distinct(arena.trl)

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
        for values, weight in self.facts(demands.demands, demands.kinds, rows, places):
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
        self, asked: tuple[Demand, ...], kinds: tuple[Kinds, ...], rows: Places, places: Places
    ) -> Iterator[tuple[Values, float]]:
        """What needs no text: classes, terms, place, age."""
        arena, weights = self.arena, self.weights
        met = [self.meeting(kind) for kind in kinds]
        yield _looked_up(met, rows, arena.kind[places]), weights.taxonomy
        if any(d.trl is not None for d in asked):
            mature = [self._maturity(d.trl) for d in asked]
            yield _looked_up(mature, rows, self._trl[places]), weights.trl
        budgets = _numbers([d.budget for d in asked])
        if not np.isnan(budgets).all():
            budget, price = budgets[rows], arena.price[places]
            value = np.where(price <= budget, 1.0, (budget - price) / np.maximum(budget, 1.0))
            yield _neutral(value, budget + price), weights.price
        if any(d.licence_modes for d in asked):
            wanted = [self._modes(d) for d in asked]
            yield _looked_up(wanted, rows, arena.mode[places]), weights.licence_mode
        if any(d.region for d in asked):
            near = [self._nearness(d.region) for d in asked]
            yield _looked_up(near, rows, arena.region[places]), weights.region
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
        columns, shares, owners = self.shares(demands)
        order = np.argsort(owners, kind="stable")
        columns, shares = columns[order], shares[order].astype(np.int32)
        heads = np.searchsorted(owners[order], np.arange(len(demands) + 1)).tolist()
        ends = np.searchsorted(rows, np.arange(len(demands) + 1)).tolist()
        covered = np.zeros(len(rows), np.int64)
        share = np.zeros(2 * len(self.arena.terms), np.int32)  # one demand's, by column
        for row, (low, high) in enumerate(pairwise(ends)):
            mine = columns[heads[row] : heads[row + 1]]
            share[mine] = shares[heads[row] : heads[row + 1]]
            covered[low:high] = self._impacts[places[low:high]] @ share
            share[mine] = 0
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

    def meeting(self, wanted: Kinds) -> Values:
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

    def _maturity(self, wanted: int | None) -> Values:
        """What each maturity of the stock is worth to who wants this one."""
        least = np.nan if wanted is None else float(wanted)
        value = np.where(self._trls >= least, 1.0, (self._trls - least) / 3)
        return _neutral(value, least + self._trls)

    def _modes(self, demand: Demand) -> Values:
        """For each mode of the stock 1 if it is wanted, -1 if another is."""
        modes, wanted = self.arena.side["modes"] or [""], demand.licence_modes
        fits = [0.0 if not wanted or not m else 1.0 if m in wanted else -1.0 for m in modes]
        return np.array(fits)

    def _nearness(self, region: str) -> Values:
        """For each region of the stock 1 in the same county, 0.7 city, 0.4 province."""
        values = np.zeros(len(self.arena.side["regions"]))
        for level, worth in zip(self._regions, (0.4, 0.7, 1.0), strict=True):
            values[level.codes == level.code(region)] = worth
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


class _Prefixes:
    """The first letters of the stock's regions as numbers."""

    def __init__(self, regions: list[str], length: int) -> None:
        self.length = length
        self._known: dict[str, int] = {}
        self.codes = np.array([self._learn(region) for region in regions], np.int32)

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

    def meet(self, wanted: Kinds) -> Values:
        best = np.zeros(self.size)
        for having, (level, worth, _) in zip(self._having, taxonomy.LEVELS, strict=True):
            for code in wanted[level]:
                numbers = having.get(code)
                if numbers:
                    best[numbers] = np.maximum(best[numbers], worth)
        return best


def _looked_up(tables: list[Values], rows: Places, codes: NDArray[np.int32]) -> Values:
    """Each pair's value in its demand's table."""
    if len(tables) == 1:
        return tables[0][codes]
    return np.asarray(np.array(tables)[rows, codes])


def _distinct(values: Values) -> tuple[Values, NDArray[np.int32]]:
    """The different values, NaN among them, and which of them each row has."""
    known, which = np.unique(values, return_inverse=True)
    return known, which.astype(np.int32)


def levelled(covered: NDArray[np.int64] | Values) -> Values:
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
