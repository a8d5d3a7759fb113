"""Text into vectors: static word vectors, weighted and summed. Thousands of texts a second.

The table (vectors.npz, see README.md beside it) holds for each word a direction, distilled from
a transformer, and a SIF weight that is small for words that are everywhere. English words lie
where the Chinese words of the same meaning lie (english.npz), so texts meet across languages.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from core.text.tokeniser import generic_words, is_han, words

DIMENSIONS = 256
_TABLE = Path(__file__).with_name("vectors.npz")
_ENGLISH = Path(__file__).with_name("english.npz")
_LONGEST_WORD = 6
_REPEAT = 0.7  # a word said n times counts n**0.7
_GENERIC = 0.1  # "method", "system", "improve": said of everything, telling little
_BATCH = 2_000  # bounds the memory of one call


@dataclass(frozen=True)
class _Table:
    """The words' rows, their vectors as small integers, and what one unit of each is worth."""

    rows: dict[str, int]
    vectors: NDArray[np.int8]
    scales: NDArray[np.float32]


@cache
def _table() -> _Table:
    with np.load(_TABLE) as stored:
        names = stored["words"].tobytes().decode("utf-8").split("\n")
        vectors, scales = stored["vectors"], stored["scales"].copy()
    with np.load(_ENGLISH) as moved:
        vectors[moved["rows"]], scales[moved["rows"]] = moved["vectors"], moved["scales"]
    rows = {name: row for row, name in enumerate(names)}
    for word in generic_words():
        if word in rows:
            scales[rows[word]] *= _GENERIC
    return _Table(rows=rows, vectors=vectors, scales=scales)


def encode(texts: Sequence[str]) -> NDArray[np.float32]:
    """One row of unit length for each text; a text without known words is a row of zeros.

    A text's row does not depend on the other texts of the call.
    """
    parts = [_encode(texts[at : at + _BATCH]) for at in range(0, len(texts), _BATCH)]
    return np.vstack(parts) if parts else np.zeros((0, DIMENSIONS), dtype=np.float32)


def _encode(texts: Sequence[str]) -> NDArray[np.float32]:
    table = _table()
    found: list[int] = []
    ends = []
    for text in texts:
        for word in words(text):
            found.extend(_known(word))
        ends.append(len(found))
    bags, needed = _bags(np.asarray(found, np.int64), np.asarray(ends, np.int64), table)
    sums = np.asarray(bags @ table.vectors[needed].astype(np.float32), dtype=np.float32)
    lengths = np.sqrt((sums * sums).sum(axis=1, keepdims=True))
    return np.asarray(sums / np.where(lengths > 0, lengths, np.float32(1)), np.float32)


def _bags(
    found: NDArray[np.int64], ends: NDArray[np.int64], table: _Table
) -> tuple[sparse.csr_matrix, NDArray[np.int64]]:
    """What each word of each text weighs, and the table's rows that the columns are.

    Words stand in the order in which a text first says them: sums are rounded in that order.
    """
    size = len(table.scales)
    text = np.repeat(np.arange(len(ends)), np.diff(ends, prepend=0))
    keys, first, counts = np.unique(text * size + found, return_index=True, return_counts=True)
    order = np.argsort(first)
    said, counts = keys[order], counts[order]
    powers = np.array([n**_REPEAT for n in range(int(counts.max(initial=0)) + 1)])
    needed, columns = np.unique(said % size, return_inverse=True)
    weights = powers[counts] * table.scales[said % size]
    heads = np.searchsorted(said // size, np.arange(len(ends) + 1))
    shape = (len(ends), len(needed))
    return sparse.csr_matrix((weights.astype(np.float32), columns, heads), shape=shape), needed


@lru_cache(maxsize=1 << 17)
def _known(word: str) -> tuple[int, ...]:
    """The table's rows for this word; an unknown one is read as the known ones inside it."""
    rows = _table().rows
    if word in rows:
        return (rows[word],)
    if is_han(word[0]):
        return tuple(_inside(word, rows))
    if word.endswith("s") and word[:-1] in rows:
        return (rows[word[:-1]],)
    return ()


def _inside(word: str, rows: dict[str, int]) -> Iterator[int]:
    """Greedily the longest known words from left to right."""
    start = 0
    while start < len(word):
        for end in range(min(len(word), start + _LONGEST_WORD), start, -1):
            if word[start:end] in rows:
                yield rows[word[start:end]]
                break
        else:
            end = start + 1
        start = end
