"""Vectors of whole numbers: what makes sums exact, whatever the order a machine adds them in."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from core.text import encode

# A vector of length GRID keeps every product and partial sum below 2**24, which 32-bit floats
# hold exactly, so a score does not depend on the shard it was computed in.
GRID = 4_000

_HEADLINE = 0.7  # the vector of a title against that of its text


def meaning(titles: Sequence[str], texts: Sequence[str]) -> NDArray[np.float32]:
    """Between the title's and the text's vectors, on the grid."""
    return on_grid(_HEADLINE * encode(titles) + encode(texts))


def on_grid(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    """Rows of length GRID in whole numbers; zero rows stay."""
    lengths = np.sqrt((rows * rows).sum(axis=1, keepdims=True))
    return np.rint(rows / np.where(lengths > 0, lengths, np.float32(1)) * np.float32(GRID))
