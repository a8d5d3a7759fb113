"""Clusters of alike meaning: k-means over a stock's vectors, the same on however many cores."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from matching.engine.vectors import GRID

Item = TypeVar("Item")
Found = TypeVar("Found")

ROWS_A_CLUSTER = 512
LANES = min(os.cpu_count() or 1, 4)  # threads: products of arrays let each other run
_LEARN = 60  # rows for each cluster to learn it from
_ROUNDS = 8
_AT_ONCE = 4_000


def clustered(
    meaning: NDArray[np.int16], seed: int
) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
    """K-means on the two unit vectors side by side; learned from a sample, then everyone asks."""
    size = len(meaning)
    count = max(size // ROWS_A_CLUSTER, 1)
    rng = np.random.default_rng(seed)
    sample = meaning[np.sort(rng.permutation(size)[: _LEARN * count])]
    centres = _units(sample[rng.permutation(len(sample))[:count]])
    for _ in range(_ROUNDS):
        centres = _means(sample, _nearest(sample, centres), centres)
    return centres, _nearest(meaning, centres)


def _means(
    sample: NDArray[np.int16], label: NDArray[np.int32], centres: NDArray[np.float32]
) -> NDArray[np.float32]:
    """The middle of those that are nearest to each centre; a centre nobody is near to stays."""
    sums = sparse.csr_matrix(
        (np.ones(len(label), np.float32), (label, np.arange(len(label)))),
        shape=(len(centres), len(label)),
    )
    sizes = np.diff(sums.indptr)[:, None]
    means = np.asarray(sums @ _units(sample)) / np.maximum(sizes, 1)
    return np.where(sizes > 0, means, centres).astype(np.float32)


def _nearest(rows: NDArray[np.int16], centres: NDArray[np.float32]) -> NDArray[np.int32]:
    """The nearest centre of each row, some thousand rows at a time."""
    offset = (centres * centres).sum(axis=1) / 2

    def nearest(at: int) -> NDArray[np.int64]:
        near = _units(rows[at : at + _AT_ONCE]) @ centres.T
        near -= offset
        return np.asarray(near.argmax(axis=1), np.int64)

    found = side_by_side(nearest, range(0, len(rows), _AT_ONCE))
    return np.concatenate([*found, np.zeros(0, np.int64)]).astype(np.int32)


def _units(rows: NDArray[np.int16]) -> NDArray[np.float32]:
    return np.asarray(rows.astype(np.float32) / np.float32(GRID), np.float32)


def side_by_side(work: Callable[[Item], Found], items: Sequence[Item]) -> list[Found]:
    """The work on each item, several at once, found in the order of the items."""
    with ThreadPoolExecutor(LANES) as lanes:
        return list(lanes.map(work, items))
