"""Text into counted terms, the terms into whole numbers, which arrays can hold."""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Iterable
from functools import lru_cache

import numpy as np

from core.text import tokens

_SHIFT = 21  # bits of a code point
_OTHER = 1 << 42  # words of other scripts lie above all pairs of characters
SINGLE = 1 << _SHIFT  # single characters lie below


@lru_cache(maxsize=1 << 18)
def number(term: str) -> int:
    """The number of a token: exact for characters and bigrams, a checksum for other words."""
    if term[0] < "\u3007":  # Latin and its like; no Chinese character is below
        return _OTHER | zlib.crc32(term.encode("utf-8"))
    if len(term) == 1:
        return ord(term)
    if len(term) == 2:
        return ord(term[0]) << _SHIFT | ord(term[1])
    return _OTHER | zlib.crc32(term.encode("utf-8"))


def counted(text: str) -> Counter[int]:
    """How often each term occurs. Bare numbers and single letters number lists, not subjects."""
    found = Counter(tokens(text))
    return Counter(
        {
            number(token): count
            for token, count in found.items()
            if not (token.isascii() and (len(token) == 1 or token.isdigit()))
        }
    )


class Bags:
    """The terms of many texts in one compressed-row layout: `numbers[ends[i]:ends[i+1]]`."""

    def __init__(self, bags: Iterable[Counter[int]]) -> None:
        ends, numbers, counts = [0], [], []
        for bag in bags:
            for term in sorted(bag):
                numbers.append(term)
                counts.append(bag[term])
            ends.append(len(numbers))
        self.ends = np.asarray(ends, dtype=np.int64)
        self.numbers = np.asarray(numbers, dtype=np.int64)
        self.counts = np.asarray(counts, dtype=np.float64)
        running = np.concatenate([[0.0], np.cumsum(self.counts)])  # whole numbers: exact
        self.lengths = running[self.ends[1:]] - running[self.ends[:-1]]

    def __len__(self) -> int:
        return len(self.ends) - 1

    def __getitem__(self, part: slice) -> Bags:
        """Some neighbouring bags."""
        start, stop, _ = part.indices(len(self))
        low, high = self.ends[start], self.ends[max(start, stop)]
        taken = Bags(())
        taken.ends = self.ends[start : max(start, stop) + 1] - low
        taken.numbers, taken.counts = self.numbers[low:high], self.counts[low:high]
        taken.lengths = self.lengths[start:stop]
        return taken
