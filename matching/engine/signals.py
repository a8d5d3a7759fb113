"""The signals: each pair's strength between -1 and 1, for whole blocks at once.

Only sums, products, quotients and roundings, element by element: a pair's value is the same
whether it is computed alone or among millions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from core.text.sentences import likeness
from matching.engine import across, taxonomy
from matching.engine.blocks import IMPACT, SHARE, DemandBlock, SupplyBlock, days_between, shares
from matching.engine.types import Demand, Supply
from matching.engine.vectors import GRID
from matching.engine.weights import Weights

Values = NDArray[np.float64]

_FULL = 0.4  # the covered share of a need that counts as all of it: near-duplicates reach it
_HALF = 0.375  # how fast the lexical signal levels off below that
_FRESH_DAYS = 90.0  # a listing this old is half as fresh


@dataclass(frozen=True, eq=False)
class Signal:
    """One signal's values for a block of demands against a block of supplies."""

    kind: str
    name: str
    weight: float
    values: Values
    dislike: float = 1.0  # what negative values are multiplied with


def signals(
    demands: DemandBlock, supplies: SupplyBlock, weights: Weights, today: date | None
) -> Iterator[Signal]:
    """Every signal that any pair of these blocks can feel, text first."""
    words = _lexical(demands, supplies)
    yield Signal("lexical", "lexical", weights.lexical, words)
    if len(supplies.foreign):
        said = _across(demands, supplies, words)
        yield Signal("across", "across", weights.lexical, said)
    meaning = _cosine(demands.vectors, supplies.vectors)
    yield Signal("semantic", "semantic", weights.semantic, meaning)
    yield Signal("topic", "topic", weights.topic, _cosine(demands.topics, supplies.topics))
    yield Signal("taxonomy", "taxonomy", weights.taxonomy, _taxonomy(demands, supplies))
    structure: tuple[tuple[str, float, Values | None], ...] = (
        ("trl", weights.trl, _trl(demands, supplies)),
        ("price", weights.price, _price(demands, supplies)),
        ("licence_mode", weights.licence_mode, _licence_mode(demands, supplies)),
        ("region", weights.region, _region(demands, supplies)),
        ("freshness", weights.freshness, _freshness(demands, supplies, today)),
    )
    for name, weight, values in structure:
        if values is not None:
            yield Signal("structure", name, weight, values)
    if any(d.taste.supplies or d.taste.subclasses or d.taste.holders for d in demands.demands):
        for name, weight, feel in (
            ("rated", weights.rated, _rated),
            ("field", weights.field, _field),
            ("holder", weights.holder, _holder),
        ):
            values = _behaviour(demands, supplies, feel)
            yield Signal("behaviour", name, weight, values, weights.dislike)


def allowed(demands: DemandBlock, supplies: SupplyBlock) -> NDArray[np.bool_]:
    """The hard filters: own supplies, and pairs either side has opted out of, never match."""
    owners = _numbers([s.organisation_id for s in supplies.supplies])
    seekers = _numbers([d.organisation_id for d in demands.demands])
    mask: NDArray[np.bool_] = np.asarray(
        (seekers[:, None] != owners[None, :]) | np.isnan(seekers)[:, None], dtype=np.bool_
    )
    for column, supply in enumerate(supplies.supplies):
        others = supply.hidden_from - {supply.organisation_id}  # its owner is out already
        if others:
            mask[:, column] &= ~np.isin(seekers, list(others))
    for row, demand in enumerate(demands.demands):
        if demand.hidden_organisations:
            mask[row] &= ~np.isin(owners, list(demand.hidden_organisations))
        if demand.hidden:
            mask[row] &= [supply.key not in demand.hidden for supply in supplies.supplies]
    return mask


def _lexical(demands: DemandBlock, supplies: SupplyBlock) -> Values:
    """The share of the need's rare terms that the supply covers, levelling off."""
    covered = (shares(demands, supplies.terms) @ supplies.by_term).toarray()
    share = np.minimum(covered / (_FULL * SHARE * IMPACT), 1.0)
    return np.asarray(share * (1 + _HALF) / (share + _HALF), dtype=np.float64)


def _across(demands: DemandBlock, supplies: SupplyBlock, words: Values) -> Values:
    """What a foreign title says, where its words cannot tell: what is more than words found."""
    foreign = supplies.foreign
    values = np.zeros(words.shape)
    near = likeness(across.asked(demands.demands), foreign.sentences)
    values[:, foreign.places] = across.beyond(across.strength(near), words[:, foreign.places])
    return values


def _cosine(left: NDArray[np.float32], right: NDArray[np.float32]) -> Values:
    """Exact on the grid; unlike meanings count as unrelated, not as opposed."""
    product = (left @ right.T).astype(np.float64) / float(GRID * GRID)
    return np.clip(product, 0.0, 1.0)


def _taxonomy(demands: DemandBlock, supplies: SupplyBlock) -> Values:
    best = np.zeros((len(demands), len(supplies)))
    for level, worth, _ in taxonomy.LEVELS:
        wanted = [kinds[level] for kinds in demands.kinds]
        offered = [kinds[level] for kinds in supplies.kinds]
        codes = {code: n for n, code in enumerate(sorted(frozenset().union(*wanted)))}
        if codes:
            meet = (_flags(wanted, codes) @ _flags(offered, codes).T).toarray() > 0
            best = np.maximum(best, np.where(meet, worth, 0.0))
    return best


def _flags(sets: list[frozenset[str]], codes: dict[str, int]) -> sparse.csr_matrix:
    cells = [(row, codes[c]) for row, found in enumerate(sets) for c in sorted(found) if c in codes]
    rows, columns = ([cell[0] for cell in cells], [cell[1] for cell in cells])
    return sparse.csr_matrix((np.ones(len(cells)), (rows, columns)), shape=(len(sets), len(codes)))


def _trl(demands: DemandBlock, supplies: SupplyBlock) -> Values | None:
    """1 if mature enough; below, a third less for each level that is missing."""
    wanted = _numbers([d.trl for d in demands.demands])[:, None]
    offered = _numbers([s.trl for s in supplies.supplies])[None, :]
    return _neutral(np.where(offered >= wanted, 1.0, (offered - wanted) / 3), wanted + offered)


def _price(demands: DemandBlock, supplies: SupplyBlock) -> Values | None:
    """1 within the budget; beyond it, down to -1 at twice the budget."""
    budget = _numbers([d.budget for d in demands.demands])[:, None]
    price = _numbers([s.price for s in supplies.supplies])[None, :]
    over = (budget - price) / np.maximum(budget, 1.0)
    return _neutral(np.where(price <= budget, 1.0, over), budget + price)


def _licence_mode(demands: DemandBlock, supplies: SupplyBlock) -> Values | None:
    """1 if the offered mode is one of those wanted, -1 if not."""
    modes = np.array([s.licence_mode for s in supplies.supplies], dtype=object)
    if not any(d.licence_modes for d in demands.demands) or not any(modes):
        return None
    values = np.zeros((len(demands), len(supplies)))
    for row, demand in enumerate(demands.demands):
        if demand.licence_modes:
            fits = np.array([mode in demand.licence_modes for mode in modes], dtype=bool)
            values[row] = np.where(modes == "", 0.0, np.where(fits, 1.0, -1.0))
    return values


def _region(demands: DemandBlock, supplies: SupplyBlock) -> Values | None:
    """1 in the same county, 0.7 in the same city, 0.4 in the same province."""
    wanted = [d.region for d in demands.demands]
    offered = [s.region for s in supplies.supplies]
    if not any(wanted) or not any(offered):
        return None
    values = np.zeros((len(demands), len(supplies)))
    for length, worth in ((2, 0.4), (4, 0.7), (6, 1.0)):
        left = np.array([r[:length] if len(r) >= length else "-" for r in wanted])
        right = np.array([r[:length] if len(r) >= length else "+" for r in offered])
        values = np.where(left[:, None] == right[None, :], worth, values)
    return values


def _freshness(demands: DemandBlock, supplies: SupplyBlock, today: date | None) -> Values | None:
    days = days_between(today, supplies.supplies)
    if np.isnan(days).all():
        return None
    fresh = np.where(np.isnan(days), 0.0, _FRESH_DAYS / (_FRESH_DAYS + np.nan_to_num(days)))
    return np.broadcast_to(fresh, (len(demands), len(supplies)))


def _behaviour(
    demands: DemandBlock, supplies: SupplyBlock, feel: Callable[[Demand, Supply], float]
) -> Values:
    values = np.zeros((len(demands), len(supplies)))
    for row, demand in enumerate(demands.demands):
        taste = demand.taste
        if taste.supplies or taste.subclasses or taste.holders:
            values[row] = [feel(demand, supply) for supply in supplies.supplies]
    return np.clip(values, -1.0, 1.0)


def _rated(demand: Demand, supply: Supply) -> float:
    return demand.taste.supplies.get(supply.key, 0.0)


def _field(demand: Demand, supply: Supply) -> float:
    known = [
        demand.taste.subclasses[code]
        for code in sorted(taxonomy.subclasses(supply.ipc))
        if code in demand.taste.subclasses
    ]
    return sum(known) / len(known) if known else 0.0


def _holder(demand: Demand, supply: Supply) -> float:
    known = [demand.taste.holders[h] for h in supply.holders if h in demand.taste.holders]
    return sum(known) / len(known) if known else 0.0


def _numbers(values: list[object]) -> Values:
    """Numbers, NaN for what is not known."""
    return np.array([np.nan if v is None else float(v) for v in values])  # type: ignore[arg-type]


def _neutral(values: Values, facts: Values) -> Values | None:
    """Zero wherever a fact is missing; None if that is everywhere."""
    if np.isnan(facts).all():
        return None
    return np.where(np.isnan(facts), 0.0, np.clip(values, -1.0, 1.0))
