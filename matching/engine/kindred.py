"""What a need is about, read together with what in the stock lies nearest to it.

A need says in its own words what it wants; whoever solved it may have used others. So a need's
topics are drawn towards those of the dozen supplies nearest to it, the more the nearer they are
(feedback, as search engines call it). Nearest among a sample that is frozen with the corpus: a
score still depends on the pair, the corpus, the weights and the day alone.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from matching.engine.types import Supply
from matching.engine.vectors import GRID

SAMPLE = 8_192  # of a larger stock, every n-th
FEWEST = 500  # in a smaller stock the nearest dozen are no kin

_NEAREST = 12
_MEANING, _TOPIC = 14, 11  # how much either vector says about who is near
_PULL = 2.0  # towards kin as near as can be
_LENGTH = 0.85  # kin make a need likelier to be near to anything: so a point means what it did
_AT_ONCE = 256  # bounds the memory of one step


def sampled(stock: Sequence[Supply]) -> Sequence[Supply]:
    """Those of the stock that are kept to be near to; none of a small one."""
    return stock[:: -(-len(stock) // SAMPLE)] if len(stock) >= FEWEST else ()


def drawn(
    vectors: NDArray[np.float32], topics: NDArray[np.float32], kindred: NDArray[np.float32]
) -> NDArray[np.float32]:
    """The needs' topics, drawn towards their kin. `kindred` holds vectors and topics abreast."""
    if not len(kindred):
        return topics
    half = vectors.shape[1]
    parts = [
        _drawn(vectors[at : at + _AT_ONCE], topics[at : at + _AT_ONCE],
               kindred[:, :half], kindred[:, half:])
        for at in range(0, len(vectors), _AT_ONCE)
    ]  # fmt: skip
    return np.concatenate(parts) if parts else topics


def _drawn(
    vectors: NDArray[np.float32], topics: NDArray[np.float32],
    their_vectors: NDArray[np.float32], their_topics: NDArray[np.float32],
) -> NDArray[np.float32]:  # fmt: skip
    size = len(their_vectors)
    # Whole numbers throughout, the place in the last digits: no two are equally near.
    near = _MEANING * np.maximum(vectors @ their_vectors.T, 0).astype(np.float64)
    near += _TOPIC * np.maximum(topics @ their_topics.T, 0)
    near *= size
    near -= np.arange(size)
    best = np.sort(np.argpartition(-near, _NEAREST - 1, axis=1)[:, :_NEAREST], axis=1)
    close = np.maximum(np.ceil(np.take_along_axis(near, best, axis=1) / size), 0)
    kin = np.einsum("dn,dnt->dt", close, their_topics[best].astype(np.float64))
    most = float((_MEANING + _TOPIC) * GRID * GRID)
    pull = _PULL * close.mean(axis=1, keepdims=True) / most
    moved = _unit(topics.astype(np.float64)) + pull * _unit(kin)
    return np.rint(_unit(moved) * (_LENGTH * GRID)).astype(np.float32)


def _unit(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rows of length one; zero rows stay."""
    lengths = np.sqrt((rows * rows).sum(axis=1, keepdims=True))
    return np.asarray(rows / np.where(lengths > 0, lengths, 1.0), np.float64)
