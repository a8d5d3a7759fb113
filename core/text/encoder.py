"""Text into vectors (interim: hashed words until the distilled table is built)."""

from __future__ import annotations

import zlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from core.text.tokeniser import words

DIMENSIONS = 256


def encode(texts: Sequence[str]) -> NDArray[np.float32]:
    """One row of unit length for each text; a text without known words is a row of zeros."""
    rows = np.zeros((len(texts), DIMENSIONS), dtype=np.float32)
    for row, text in zip(rows, texts, strict=True):
        for word in words(text):
            digest = zlib.crc32(word.encode())
            row[digest % DIMENSIONS] += 1.0 if digest & 0x10000 else -1.0
        length = float(np.linalg.norm(row))
        if length:
            row /= length
    return rows
