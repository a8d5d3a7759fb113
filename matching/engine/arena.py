"""A national stock as arrays that processes share: written once to a folder, mapped by each.

`Engine` keeps every supply as an object, which 680,000 do not allow. Here a supply is a row:
vectors and topics on their grid as 16-bit numbers, terms with impacts in both directions, facts
as columns. The values are those of `supply_block`, whole number for whole number; only their
place differs: rows stand in the order of clusters of alike meaning, keys beside them.
"""

from __future__ import annotations

import pickle
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from matching.engine.across import Foreign, joined
from matching.engine.blocks import GRID, SupplyBlock, supply_block
from matching.engine.corpus import Corpus
from matching.engine.types import Supply

BATCH = 5_000
ROWS_A_CLUSTER = 512
_LEARN = 60  # rows for each cluster to learn it from
_ROUNDS = 8
_COMMON = 0.10  # terms in more of the stock than this find nobody: left out of the postings


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
    weights: NDArray[np.float32]  # and its impact there
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
    def postings(self) -> sparse.csr_matrix:
        """Column by row, 32-bit throughout, over the mapped arrays."""
        return sparse.csr_matrix(
            (self.weights, self.holders, self.heads.astype(np.int32)),
            shape=(len(self.heads) - 1, len(self)),
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
    numbers: NDArray[np.int64]  # terms of the whole as they are; of the title with _TITLED set
    impacts: NDArray[np.int16]
    facts: list[tuple[Any, ...]]
    foreign: Foreign


_TITLED = 1 << 44


def read(supplies: Iterable[Supply], corpus: Corpus) -> Iterator[Part]:
    """The matchable supplies, some thousands at a time."""
    every = iter(supplies)
    while batch := list(islice(every, BATCH)):
        yield _part(supply_block(batch, corpus))


def _part(block: SupplyBlock) -> Part:
    width = len(block.terms)
    matrix = block.impacts.tocsr()
    matrix.sort_indices()
    numbers = np.concatenate([block.terms, block.terms | _TITLED])[matrix.indices]
    assert matrix.shape == (len(block), 2 * width)
    return Part(
        keys=np.fromiter((int(s.key) for s in block.supplies), np.int64, len(block)),
        meaning=np.hstack([block.vectors, block.topics]).astype(np.int16),
        ends=matrix.indptr.astype(np.int64),
        numbers=numbers,
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


def build(parts: Sequence[Part], *, seed: int = 0) -> Arena:
    """One arena from what the workers have read, the same in whatever parts it came."""
    keys = np.concatenate([p.keys for p in parts]) if parts else np.zeros(0, np.int64)
    by_key = np.argsort(keys, kind="stable")
    meaning = _by_key(parts, by_key)
    centres, label = _clusters(meaning, seed)
    order = np.argsort(label, kind="stable")
    rows = by_key[order]  # row of the arena -> row of the parts
    terms, starts, columns, impacts = _terms(parts, rows)
    heads, holders, weights = _postings(starts, columns, impacts, 2 * len(terms))
    facts = [fact for p in parts for fact in p.facts]
    known = _fact_columns([facts[row] for row in rows.tolist()])
    sizes = [len(p.keys) for p in parts]
    known["side"]["foreign"] = joined([p.foreign for p in parts], sizes).of(rows)
    return Arena(
        keys=keys[rows],
        meaning=meaning[order],
        starts=starts,
        columns=columns,
        impacts=impacts,
        terms=terms,
        heads=heads,
        holders=holders,
        weights=weights,
        centres=centres,
        cluster=label[order].astype(np.int32),
        **known,
    )


def _by_key(parts: Sequence[Part], by_key: NDArray[np.int64]) -> NDArray[np.int16]:
    """The vectors of all parts in the order of keys, without a copy in between."""
    target = np.empty(len(by_key), np.int64)
    target[by_key] = np.arange(len(by_key))
    width = parts[0].meaning.shape[1] if parts else 0
    meaning = np.empty((len(by_key), width), np.int16)
    at = 0
    for part in parts:
        meaning[target[at : at + len(part.keys)]] = part.meaning
        at += len(part.keys)
    return meaning


def _clusters(
    meaning: NDArray[np.int16], seed: int
) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
    """K-means on the two unit vectors side by side; learned from a sample, then everyone asks."""
    size = len(meaning)
    count = max(size // ROWS_A_CLUSTER, 1)
    rng = np.random.default_rng(seed)
    sample = np.sort(rng.permutation(size)[: _LEARN * count])
    learning = meaning[sample].astype(np.float32) / np.float32(GRID)
    centres: NDArray[np.float32] = learning[rng.permutation(len(learning))[:count]].copy()
    for _ in range(_ROUNDS):
        label = _nearest(learning, centres)
        sums = sparse.csr_matrix(
            (np.ones(len(label), np.float32), (label, np.arange(len(label)))),
            shape=(count, len(label)),
        )
        sizes = np.asarray(sums.sum(axis=1)).ravel()
        means = np.asarray(sums @ learning)
        centres = np.where(
            sizes[:, None] > 0, means / np.maximum(sizes, 1)[:, None], centres
        ).astype(np.float32)
    label = np.concatenate(
        [
            _nearest(meaning[at : at + 20_000].astype(np.float32) / np.float32(GRID), centres)
            for at in range(0, max(size, 1), 20_000)
        ]
    )
    return centres, label


def _nearest(rows: NDArray[np.float32], centres: NDArray[np.float32]) -> NDArray[np.int32]:
    offset = (centres * centres).sum(axis=1) / 2
    found = [
        np.argmax(rows[at : at + 4_000] @ centres.T - offset, axis=1)
        for at in range(0, len(rows), 4_000)
    ]
    return np.concatenate([*found, np.zeros(0, np.int64)]).astype(np.int32)


def _terms(
    parts: Sequence[Part], rows: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int32], NDArray[np.int16]]:
    """The vocabulary, and each row's columns and impacts in the arena's order."""
    known = np.zeros(0, np.int64)
    for part in parts:
        known = np.union1d(known, np.unique(part.numbers & ~_TITLED))
    lengths = np.concatenate([np.diff(p.ends) for p in parts])
    starts = np.concatenate([[0], np.cumsum(lengths[rows])]).astype(np.int64)
    target = np.empty(len(rows), np.int64)  # row of the parts -> where it begins
    target[rows] = starts[:-1]
    columns = np.empty(starts[-1], np.int32)
    impacts = np.empty(starts[-1], np.int16)
    at = 0
    for part in parts:
        size = len(part.keys)
        place = spread(target[at : at + size], np.diff(part.ends))
        column = np.searchsorted(known, part.numbers & ~_TITLED)
        column += np.where(part.numbers & _TITLED, len(known), 0)
        columns[place], impacts[place] = column, part.impacts
        at += size
    return known, starts, columns, impacts


def _postings(
    starts: NDArray[np.int64], columns: NDArray[np.int32], impacts: NDArray[np.int16], width: int
) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.float32]]:
    """Which rows each column stands in, without the columns that nearly all rows have."""
    size = len(starts) - 1
    sizes = np.bincount(columns, minlength=width)
    kept = sizes <= max(_COMMON * size, 1_000)
    heads = np.concatenate([[0], np.cumsum(np.where(kept, sizes, 0))]).astype(np.int64)
    holders = np.empty(heads[-1], np.int32)
    weights = np.empty(heads[-1], np.float32)
    free = heads[:-1].copy()
    step = 50_000
    for low in range(0, size, step):
        high = min(low + step, size)
        span = slice(int(starts[low]), int(starts[high]))
        mine = columns[span]
        rows = np.repeat(np.arange(low, high, dtype=np.int32), np.diff(starts[low : high + 1]))
        wanted = kept[mine]
        matrix = sparse.csr_matrix(
            (impacts[span][wanted].astype(np.float32), (mine[wanted], rows[wanted] - low)),
            shape=(width, high - low),
        )
        counts = np.diff(matrix.indptr)
        place = spread(free, counts)
        holders[place], weights[place] = matrix.indices + low, matrix.data
        free += counts
    return heads, holders, weights


def spread(starts: NDArray[np.int64], lengths: NDArray[np.int64]) -> NDArray[np.int64]:
    """The places `start, start + 1 …` of many runs, one after the other."""
    ends = np.cumsum(lengths)
    total = int(ends[-1]) if len(ends) else 0
    found: NDArray[np.int64] = np.arange(total, dtype=np.int64)
    found += np.repeat(starts - (ends - lengths), lengths)
    return found


def _fact_columns(facts: list[tuple[Any, ...]]) -> dict[str, Any]:
    kinds, kind = _coded([f[0] for f in facts])
    modes, mode = _coded([f[4] for f in facts])
    regions, region = _coded([f[5] for f in facts])
    names, name = _coded([f[8] for f in facts])
    return {
        "kind": kind,
        "owner": _floats([f[1] for f in facts]),
        "trl": _floats([f[2] for f in facts]),
        "price": _floats([f[3] for f in facts]),
        "mode": mode,
        "region": region,
        "listed": _floats([f[6] for f in facts]),
        "side": {
            "kinds": kinds,
            "modes": modes,
            "regions": regions,
            "hidden_from": {row: f[7] for row, f in enumerate(facts) if f[7]},
            "names": names,
            "name": name if len(names) > 1 else None,
        },
    }


def _coded(values: list[Any]) -> tuple[list[Any], NDArray[np.int32]]:
    codes: dict[Any, int] = {}
    found = [codes.setdefault(value, len(codes)) for value in values]
    return list(codes), np.asarray(found, np.int32)


def _floats(values: list[Any]) -> NDArray[np.float64]:
    return np.array([np.nan if v is None else float(v) for v in values], np.float64)
