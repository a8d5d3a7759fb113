"""A national stock as arrays that processes share: written once to a folder, mapped by each.

`Engine` keeps every supply as an object, which 680,000 do not allow. Here a supply is a row:
vectors and topics on their grid as 16-bit numbers, terms with impacts in both directions, facts
as columns. The values are those of `supply_block`, whole number for whole number; only their
place differs: rows stand in the order of clusters of alike meaning, keys beside them.
"""

from __future__ import annotations

import pickle
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from matching.engine.across import Foreign
from matching.engine.blocks import SupplyBlock, supply_block
from matching.engine.corpus import Corpus
from matching.engine.types import Supply

BATCH = 5_000
STEPS = 63


@dataclass(frozen=True, eq=False)
class Arena:
    """One stock under one corpus. Every array has one row for each supply unless it says more."""

    keys: NDArray[np.int64]
    meaning: NDArray[np.int16]  # vectors, then topics
    starts: NDArray[np.int64]  # where each row's terms begin
    columns: NDArray[np.int32]  # terms of the whole, then (from len(terms) on) of the title
    impacts: NDArray[np.int16]
    terms: NDArray[np.int64]  # sorted
    heads: NDArray[np.int64]  # where each column's postings begin
    holders: NDArray[np.int32]  # the rows a column stands in
    steps: NDArray[np.int16]  # and its impact there, in STEPS: to find by, not to score by
    centres: NDArray[np.float32]  # one row for each cluster
    cluster: NDArray[np.int32]
    kind: NDArray[np.int32]  # which of `kinds`
    owner: NDArray[np.float64]  # NaN: nobody's
    trl: NDArray[np.float64]
    price: NDArray[np.float64]
    mode: NDArray[np.int32]  # which of `modes`
    region: NDArray[np.int32]
    listed: NDArray[np.float64]  # day number
    side: dict[str, Any]  # what is no array: kinds, modes, regions, hidden_from, holder names,
    # and the few foreign titles

    def __len__(self) -> int:
        return len(self.keys)

    @property
    def foreign(self) -> Foreign:
        """The rows whose titles are foreign, with what they say."""
        found: Foreign = self.side["foreign"]
        return found

    @property
    def rows(self) -> sparse.csr_matrix:
        """Row by column, the impacts as whole numbers, over the mapped arrays."""
        return sparse.csr_matrix(
            (self.impacts, self.columns, self.starts.astype(np.int32)),
            shape=(len(self), 2 * len(self.terms)),
            copy=False,
        )

    def save(self, folder: Path) -> None:
        """Write the arrays; the folder exists."""
        for one in fields(self):
            if one.name != "side":
                np.save(folder / f"{one.name}.npy", getattr(self, one.name))
        (folder / "side.pickle").write_bytes(pickle.dumps(self.side))

    @classmethod
    def load(cls, folder: Path) -> Arena:
        """Map what `save` wrote; pages are shared among processes and read when touched."""
        arrays = {
            one.name: np.asarray(np.load(folder / f"{one.name}.npy", mmap_mode="r"))
            for one in fields(cls)
            if one.name != "side"
        }
        side = pickle.loads((folder / "side.pickle").read_bytes())
        return cls(**arrays, side=side)


@dataclass(frozen=True, eq=False)
class Part:
    """Some supplies read: what one worker contributes to an arena."""

    keys: NDArray[np.int64]
    meaning: NDArray[np.int16]
    ends: NDArray[np.int64]
    terms: NDArray[np.int64]  # sorted
    columns: NDArray[np.int32]  # terms of the whole, then (from len(terms) on) of the title
    impacts: NDArray[np.int16]
    facts: list[tuple[Any, ...]]
    foreign: Foreign


def read(supplies: Iterable[Supply], corpus: Corpus) -> Iterator[Part]:
    """The matchable supplies, some thousands at a time."""
    every = iter(supplies)
    while batch := list(islice(every, BATCH)):
        yield _part(supply_block(batch, corpus))


def _part(block: SupplyBlock) -> Part:
    matrix = block.impacts.tocsr()
    matrix.sort_indices()
    assert matrix.shape == (len(block), 2 * len(block.terms))
    return Part(
        keys=np.fromiter((int(s.key) for s in block.supplies), np.int64, len(block)),
        meaning=np.hstack([block.vectors, block.topics]).astype(np.int16),
        ends=matrix.indptr.astype(np.int64),
        terms=block.terms,
        columns=matrix.indices.astype(np.int32),
        impacts=matrix.data.astype(np.int16),
        facts=[_facts(s, k) for s, k in zip(block.supplies, block.kinds, strict=True)],
        foreign=block.foreign,
    )


def _facts(supply: Supply, kind: dict[str, frozenset[str]]) -> tuple[Any, ...]:
    return (
        tuple(tuple(sorted(kind[level])) for level in ("subclass", "division", "class", "hint")),
        supply.organisation_id,
        supply.trl,
        None if supply.price is None else float(supply.price),
        supply.licence_mode,
        supply.region,
        None if supply.listed_on is None else supply.listed_on.toordinal(),
        supply.hidden_from - {supply.organisation_id},
        supply.holders,
    )


def spread(starts: NDArray[np.int64], lengths: NDArray[np.int64]) -> NDArray[np.int64]:
    """The places `start, start + 1 …` of many runs, one after the other."""
    ends = np.cumsum(lengths)
    total = int(ends[-1]) if len(ends) else 0
    found: NDArray[np.int64] = np.arange(total, dtype=np.int64)
    found += np.repeat(starts - (ends - lengths), lengths)
    return found
