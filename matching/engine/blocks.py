"""Supplies and demands as arrays, ready to be scored against each other."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from matching.engine import across, kindred, need, taxonomy
from matching.engine.bulk import bags_of, summed
from matching.engine.corpus import Corpus
from matching.engine.terms import SINGLE, Bags
from matching.engine.types import Demand, Supply
from matching.engine.vectors import meaning, on_grid

# Whole numbers make sums exact (see vectors.GRID); terms stay below 2**53.
IMPACT = 1_000
SHARE = 1 << 20

_K1, _B = 1.2, 0.75  # BM25: how fast repeats stop counting, how much length is discounted
_TITLE = 1.5  # a need's title against the supply's title, besides the texts
_SINGLES = 2.0  # characters against bigrams
_RARITY = 1.5  # above 1: rare terms weigh more than in plain BM25


@dataclass(frozen=True, eq=False)
class SupplyBlock:
    """Matchable supplies in the order of their keys."""

    supplies: tuple[Supply, ...]
    terms: NDArray[np.int64]  # the block's own vocabulary, sorted
    impacts: sparse.csr_matrix  # by supply: terms of the whole, then terms of the title
    by_term: sparse.csr_matrix  # the same, turned
    vectors: NDArray[np.float32]
    topics: NDArray[np.float32]
    kinds: tuple[dict[str, frozenset[str]], ...]
    foreign: across.Foreign

    def __len__(self) -> int:
        return len(self.supplies)


@dataclass(frozen=True, eq=False)
class DemandBlock:
    """Demands in the order of their keys."""

    demands: tuple[Demand, ...]
    bags: Bags  # whole numbers: each term's share of the need
    title_bags: Bags
    vectors: NDArray[np.float32]
    topics: NDArray[np.float32]
    kinds: tuple[dict[str, frozenset[str]], ...]

    def __len__(self) -> int:
        return len(self.demands)


def supply_block(supplies: Iterable[Supply], corpus: Corpus) -> SupplyBlock:
    """The matchable ones of these supplies as arrays."""
    kept = sorted(
        (supply for supply in supplies if supply.matchable),
        key=lambda supply: supply.key,
    )
    titles = bags_of([supply.title for supply in kept])
    whole = bags_of([f"{supply.title}\n{supply.text}" for supply in kept])
    terms = np.unique(whole.numbers)
    impacts = sparse.hstack(
        [
            _impacts(whole, terms, corpus.mean_length),
            _impacts(titles, terms, corpus.mean_title),
        ],
        format="csr",
    )
    return SupplyBlock(
        supplies=tuple(kept),
        terms=terms,
        impacts=impacts,
        by_term=impacts.T.tocsr(),
        vectors=meaning([s.title for s in kept], [s.text for s in kept]),
        topics=on_grid(corpus.topic_vectors(whole)),
        kinds=tuple(taxonomy.offered(s.ipc, s.industry_codes) for s in kept),
        foreign=across.foreign(kept),
    )


def demand_block(demands: Iterable[Demand], corpus: Corpus) -> DemandBlock:
    """These demands as arrays."""
    kept = sorted(demands, key=lambda demand: demand.key)
    titles = [" ".join((demand.title, *demand.keywords)) for demand in kept]
    texts = [need.asked(demand.text) for demand in kept]
    title_bags, text_bags = bags_of(titles), bags_of(texts)
    bags = summed([(title_bags, 1.0), (text_bags, 1.0)])
    both = summed([(title_bags, 3.0), (text_bags, 1.0)])
    for part, factor in ((bags, 1.0), (title_bags, _TITLE)):
        rarity = corpus.rarity(part.numbers) ** _RARITY
        part.counts *= factor * rarity * np.where(part.numbers < SINGLE, _SINGLES, 1.0)
    totals = _sums(bags) + _sums(title_bags)
    for part in (bags, title_bags):
        each = np.repeat(np.where(totals > 0, totals, 1.0), np.diff(part.ends))
        part.counts = np.rint(part.counts / each * SHARE)
    vectors = meaning(titles, texts)
    return DemandBlock(
        demands=tuple(kept),
        bags=bags,
        title_bags=title_bags,
        vectors=vectors,
        topics=kindred.drawn(vectors, on_grid(corpus.topic_vectors(both)), corpus.kindred),
        kinds=tuple(taxonomy.wanted(d.ipc, d.industry_codes) for d in kept),
    )


def shares(block: DemandBlock, terms: NDArray[np.int64]) -> sparse.csr_matrix:
    """The demands' terms laid out over a supply block's vocabulary, twice as its impacts are."""
    parts = [_matrix(bags, bags.counts, terms) for bags in (block.bags, block.title_bags)]
    return sparse.hstack(parts, format="csr")


def days_between(today: date | None, supplies: Sequence[Supply]) -> NDArray[np.float64]:
    """How many days each has been listed; NaN where nobody knows."""
    return np.array(
        [
            np.nan
            if today is None or supply.listed_on is None
            else max((today - supply.listed_on).days, 0)
            for supply in supplies
        ],
        dtype=np.float64,
    )


def _sums(bags: Bags) -> NDArray[np.float64]:
    """The total of each bag, added bag by bag, so that neighbours cannot touch it."""
    pairs = zip(bags.ends[:-1], bags.ends[1:], strict=True)
    return np.array([bags.counts[start:end].sum() for start, end in pairs], dtype=np.float64)


def _matrix(bags: Bags, values: NDArray[np.float64], terms: NDArray[np.int64]) -> sparse.csr_matrix:
    """One row for each bag, one column for each term; unknown terms fall away."""
    rows = np.repeat(np.arange(len(bags)), np.diff(bags.ends))
    if not len(terms):
        return sparse.csr_matrix((len(bags), 0), dtype=np.float64)
    columns = np.minimum(np.searchsorted(terms, bags.numbers), len(terms) - 1)
    known = terms[columns] == bags.numbers
    return sparse.csr_matrix(
        (values[known], (rows[known], columns[known])), shape=(len(bags), len(terms))
    )


def _impacts(bags: Bags, terms: NDArray[np.int64], mean: float) -> sparse.csr_matrix:
    """BM25's saturated counts, in thousandths, as whole numbers of at most IMPACT."""
    length = np.repeat(bags.lengths, np.diff(bags.ends))
    damp = _K1 * (1 - _B + _B * length / mean)
    return _matrix(bags, np.rint(IMPACT * bags.counts / (bags.counts + damp)), terms)
