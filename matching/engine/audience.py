"""All demands as arrays, turned the other way: whom does one new or changed supply fit?

Exact and exhaustive: the supply's words are walked through the demands' postings, its vectors
multiplied with all of theirs, facts compared column by column. The ticks are `Engine.ticks` of
the same pairs; tests hold the two beside each other.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.text.sentences import WIDTH, likeness
from matching.engine import across, signals, taxonomy
from matching.engine.arena import spread
from matching.engine.blocks import SupplyBlock, demand_block, supply_block
from matching.engine.corpus import Corpus
from matching.engine.pairs import cosine, levelled
from matching.engine.types import TICKS, Demand, Key, Supply, Taste
from matching.engine.weights import Weights

Values = NDArray[np.float64]
_READ_AT_ONCE = 5_000
_AT_ONCE = 50_000


@dataclass(frozen=True, eq=False)
class Heard:
    """What cannot be a column: a demand with a taste or something hidden."""

    taste: Taste
    hidden: frozenset[Key]
    hidden_organisations: frozenset[int]


class Audience:
    """Every live demand, read once."""

    def __init__(
        self,
        demands: Iterable[Demand],
        corpus: Corpus,
        weights: Weights | None = None,
        *,
        today: date | None = None,
        hears_foreign: bool = False,
    ) -> None:
        """Without `hears_foreign` foreign titles score by words and word vectors alone, and half a
        kilobyte a demand is saved."""
        self.corpus, self.weights, self.today = corpus, weights or Weights(), today
        self.hears_foreign = hears_foreign
        parts = list(self._read(iter(demands)))
        self.keys: list[Key] = [key for part in parts for key in part["keys"]]
        self._meaning = _stacked(parts, "meaning", np.zeros((0, 512), np.int16))
        self._sentences = _stacked(parts, "sentences", np.zeros((0, WIDTH), np.int8))
        self._post([part["terms"] for part in parts])
        for name in ("seeker", "trl", "budget"):
            setattr(self, f"_{name}", _stacked(parts, name, np.zeros(0)))
        self._modes = _Sets([m for part in parts for m in part["modes"]])
        self._regions = _Sets([r for part in parts for r in part["regions"]])
        self._kinds = {
            level: _Sets([k[level] for part in parts for k in part["kinds"]])
            for level, _, _ in taxonomy.LEVELS
        }
        self._heard: dict[int, Heard] = {}
        for row, heard in enumerate(h for part in parts for h in part["heard"]):
            if heard is not None:
                self._heard[row] = heard

    def __len__(self) -> int:
        return len(self.keys)

    @property
    def nbytes(self) -> int:
        """Memory of the large arrays."""
        return int(
            self._meaning.nbytes + self._sentences.nbytes + self._rows.nbytes + self._shares.nbytes
        )

    def ticks(self, supply: Supply) -> NDArray[np.int64]:
        """The supply's score with each demand; -1 is refused."""
        block = supply_block([supply], self.corpus)
        if not len(block) or not len(self):
            return np.full(len(self), -1, np.int64)
        weights = self.weights
        words = levelled(self._covered(block))
        total = _ticks(words, weights.lexical)
        if len(block.foreign) and self.hears_foreign:
            total += _ticks(self._across(block, words), weights.lexical)
        for half, weight in ((block.vectors, weights.semantic), (block.topics, weights.topic)):
            total += _ticks(self._cosine(half[0], half is block.topics), weight)
        for values, weight in self._facts(supply, block):
            total += _ticks(values, weight)
        self._behave(total, supply)
        return np.where(self._allowed(supply), np.maximum(total, 0), -1)

    # --- reading ----------------------------------------------------------------------------

    def _read(self, demands: Iterator[Demand]) -> Iterator[dict[str, Any]]:
        first = 0
        while batch := list(islice(demands, _READ_AT_ONCE)):
            block = demand_block(batch, self.corpus)
            terms = []
            for bags, titled in ((block.bags, 0), (block.title_bags, 1)):
                rows = np.repeat(np.arange(len(bags)), np.diff(bags.ends)) + first
                numbers = (bags.numbers << 1) | titled
                terms.append((numbers, rows.astype(np.int32), bags.counts.astype(np.int32)))
            yield {
                "keys": [d.key for d in block.demands],
                "sentences": across.asked(block.demands if self.hears_foreign else ()),
                "meaning": np.hstack([block.vectors, block.topics]).astype(np.int16),
                "terms": tuple(np.concatenate(x) for x in zip(*terms, strict=True)),
                "seeker": _floats([d.organisation_id for d in block.demands]),
                "trl": _floats([d.trl for d in block.demands]),
                "budget": _floats([d.budget for d in block.demands]),
                "modes": [frozenset(d.licence_modes) for d in block.demands],
                "regions": [_prefixes(d.region) for d in block.demands],
                "kinds": block.kinds,
                "heard": [_heard(d) for d in block.demands],
            }
            first += len(block)

    def _post(self, parts: list[Any]) -> None:
        """The demands of each term, by term."""
        joined = [np.concatenate([p[n] for p in parts]) if parts else np.zeros(0, np.int64)
                  for n in range(3)]  # fmt: skip
        order = np.argsort(joined[0], kind="stable")
        self._terms, heads = np.unique(joined[0][order], return_index=True)
        self._heads = np.append(heads, len(order)).astype(np.int64)
        self._rows, self._shares = joined[1][order], joined[2][order]

    # --- signals ----------------------------------------------------------------------------

    def _covered(self, block: SupplyBlock) -> NDArray[np.int64]:
        """Shares times impacts, in whole numbers."""
        width = len(block.terms)
        row = block.impacts.tocsr()[0]
        numbers = np.where(
            row.indices < width,
            block.terms[row.indices % max(width, 1)] << 1,
            block.terms[row.indices % max(width, 1)] << 1 | 1,
        )
        place = np.minimum(np.searchsorted(self._terms, numbers), max(len(self._terms) - 1, 0))
        known = self._terms[place] == numbers if len(self._terms) else np.zeros(0, np.bool_)
        place, impact = place[known], row.data[known]
        lengths = self._heads[place + 1] - self._heads[place]
        at = spread(self._heads[place], lengths)
        worth = self._shares[at] * np.repeat(impact, lengths)
        return np.bincount(self._rows[at], weights=worth, minlength=len(self)).astype(np.int64)

    def _cosine(self, vector: NDArray[np.float32], topics: bool) -> Values:
        half = slice(256, None) if topics else slice(0, 256)
        found = [
            self._meaning[at : at + _AT_ONCE, half].astype(np.float32) @ vector
            for at in range(0, len(self), _AT_ONCE)
        ]
        return cosine(np.concatenate(found))

    def _across(self, block: SupplyBlock, words: Values) -> Values:
        found = [
            likeness(self._sentences[at : at + _AT_ONCE], block.foreign.sentences)[:, 0]
            for at in range(0, len(self), _AT_ONCE)
        ]
        return across.beyond(across.strength(np.concatenate(found)), words)

    def _facts(self, supply: Supply, block: SupplyBlock) -> Iterator[tuple[Values, float]]:
        weights, size = self.weights, len(self)
        yield self._taxonomy(block.kinds[0]), weights.taxonomy
        if supply.trl is not None:
            offered = float(supply.trl)
            value = np.where(offered >= self._trl, 1.0, (offered - self._trl) / 3)
            yield _neutral(value, self._trl), weights.trl
        if supply.price is not None:
            price = float(supply.price)
            over = (self._budget - price) / np.maximum(self._budget, 1.0)
            yield (
                _neutral(np.where(price <= self._budget, 1.0, over), self._budget),
                weights.price,
            )
        if supply.licence_mode:
            wants = self._modes.any
            fits = self._modes.having(supply.licence_mode)
            yield np.where(fits, 1.0, np.where(wants, -1.0, 0.0)), weights.licence_mode
        if supply.region:
            near = np.zeros(size)
            for length, worth in ((2, 0.4), (4, 0.7), (6, 1.0)):
                if len(supply.region) >= length:
                    near[self._regions.having(supply.region[:length])] = worth
            yield near, weights.region
        if self.today is not None and supply.listed_on is not None:
            days = max((self.today - supply.listed_on).days, 0)
            fresh = signals._FRESH_DAYS / (signals._FRESH_DAYS + float(days))
            yield np.full(size, fresh), weights.freshness

    def _taxonomy(self, offered: dict[str, frozenset[str]]) -> Values:
        best = np.zeros(len(self))
        for level, worth, _ in taxonomy.LEVELS:
            for code in offered[level]:
                found = self._kinds[level].having(code)
                best[found] = np.maximum(best[found], worth)
        return best

    def _behave(self, total: NDArray[np.int64], supply: Supply) -> None:
        weights = self.weights
        for row, heard in self._heard.items():
            demand = Demand(key=self.keys[row], title="", taste=heard.taste)
            for feel, weight in (
                (signals._rated, weights.rated),
                (signals._field, weights.field),
                (signals._holder, weights.holder),
            ):
                value = float(np.clip(feel(demand, supply), -1.0, 1.0))
                value *= weights.dislike if value < 0 else 1.0
                total[row] += int(np.rint(value * (weight * TICKS)))

    def _allowed(self, supply: Supply) -> NDArray[np.bool_]:
        owner = np.nan if supply.organisation_id is None else float(supply.organisation_id)
        mask: NDArray[np.bool_] = np.asarray((self._seeker != owner) | np.isnan(self._seeker))
        others = supply.hidden_from - {supply.organisation_id}
        if others:
            mask &= ~np.isin(self._seeker, list(others))
        for row, heard in self._heard.items():
            if supply.key in heard.hidden or supply.organisation_id in heard.hidden_organisations:
                mask[row] = False
        return mask

    _seeker: Values
    _trl: Values
    _budget: Values


class _Sets:
    """Sets of codes by row, turned: the rows that have a code."""

    def __init__(self, sets: list[frozenset[str]]) -> None:
        rows: dict[str, list[int]] = {}
        self.any = np.array([bool(s) for s in sets], np.bool_)
        for row, codes in enumerate(sets):
            for code in codes:
                rows.setdefault(code, []).append(row)
        self._rows = {code: np.asarray(found, np.int32) for code, found in rows.items()}
        self._size = len(sets)

    def having(self, code: str) -> NDArray[np.bool_]:
        mask = np.zeros(self._size, np.bool_)
        found = self._rows.get(code)
        if found is not None:
            mask[found] = True
        return mask


def _prefixes(region: str) -> frozenset[str]:
    return frozenset(region[:n] for n in (2, 4, 6) if len(region) >= n)


def _heard(demand: Demand) -> Heard | None:
    taste = demand.taste
    if not (
        taste.supplies
        or taste.subclasses
        or taste.holders
        or demand.hidden
        or demand.hidden_organisations
    ):
        return None
    return Heard(taste, demand.hidden, demand.hidden_organisations)


def _stacked(parts: list[dict[str, Any]], name: str, empty: Any) -> Any:
    found = [part[name] for part in parts]
    return np.concatenate(found) if found else empty


def _floats(values: list[object]) -> Values:
    return np.array([np.nan if v is None else float(v) for v in values], np.float64)  # type: ignore[arg-type]


def _ticks(values: Values, weight: float) -> NDArray[np.int64]:
    return np.rint(values * (weight * TICKS)).astype(np.int64)


def _neutral(values: Values, facts: Values) -> Values:
    return np.where(np.isnan(facts), 0.0, np.clip(values, -1.0, 1.0))
