"""Terms of many texts at once: what `Bags(counted(text) for text in texts)` gives, in arrays.

A batch of texts becomes one row of code points; characters and pairs are found by comparing
neighbours, counted by one sort. Only words of other scripts go through Python one by one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from core.text import normalise
from matching.engine.terms import Bags, number

_BATCH = 4_000
_WIDTH = 43  # bits of a term's number; the text's place stands above them
_TERM = (1 << _WIDTH) - 1
_LONGEST = 64
_HAN = ((0x3007, 0x3007), (0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0x20000, 0x3134F))
_HAN_TEXT = "\u3007\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0003134f"
_OTHER = re.compile(rf"[^\W_{_HAN_TEXT}]+")


def bags_of(texts: Sequence[str]) -> Bags:
    """The counted terms of these texts."""
    found = list(batches(texts))
    whole = Bags(())
    if found:
        shifts = np.cumsum([0] + [part.ends[-1] for part in found[:-1]])
        ends = [part.ends[1:] + shift for part, shift in zip(found, shifts, strict=True)]
        whole.ends = np.concatenate([[0], *ends]).astype(np.int64)
        whole.numbers = np.concatenate([part.numbers for part in found])
        whole.counts = np.concatenate([part.counts for part in found])
        whole.lengths = np.concatenate([part.lengths for part in found])
    return whole


def batches(texts: Sequence[str]) -> Iterator[Bags]:
    """The same, a few thousand texts at a time."""
    for start in range(0, len(texts), _BATCH):
        yield _packed(*_counted(texts[start : start + _BATCH]))


def summed(parts: Sequence[tuple[Bags, float]]) -> Bags:
    """Bags over the same texts added up, each multiplied with its factor."""
    places = [np.repeat(np.arange(len(bags)), np.diff(bags.ends)) for bags, _ in parts]
    keys = np.concatenate(
        [(at << _WIDTH) | bags.numbers for at, (bags, _) in zip(places, parts, strict=True)]
    )
    values = np.concatenate([bags.counts * factor for bags, factor in parts])
    distinct, inverse = np.unique(keys, return_inverse=True)
    counts = np.bincount(inverse, weights=values, minlength=len(distinct))
    return _packed(distinct, counts.astype(np.float64), len(parts[0][0]))


def _counted(texts: Sequence[str]) -> tuple[NDArray[np.int64], NDArray[np.float64], int]:
    """Each text's terms, as place and number in one whole number, sorted; how often; the texts."""
    clean = [normalise(text) for text in texts]
    joined = "\n".join([*clean, ""])
    points = np.frombuffer(joined.encode("utf-32-le", "surrogatepass"), np.uint32).astype(np.int64)
    sizes = np.fromiter((len(text) + 1 for text in clean), np.int64, len(clean))
    place = np.repeat(np.arange(len(clean), dtype=np.int64), sizes) << _WIDTH
    han = np.zeros(len(points), dtype=np.bool_)
    for low, high in _HAN:
        han |= (points >= low) & (points <= high)
    pair = han[:-1] & han[1:]
    first = points[:-1][pair]
    keys = [
        place[han] | points[han],
        place[:-1][pair] | first << 21 | points[1:][pair],
        _others(joined, np.cumsum(sizes)),
    ]
    every = np.concatenate(keys)
    every.sort()
    starts = np.flatnonzero(np.diff(every, prepend=-1))
    counts = np.diff(starts, append=len(every)).astype(np.float64)
    return every[starts], counts, len(clean)


def _others(joined: str, ends: NDArray[np.int64]) -> NDArray[np.int64]:
    """The words of other scripts; bare numbers and single letters are left out."""
    starts, numbers = [], []
    for match in _OTHER.finditer(joined):
        token = match.group()[:_LONGEST]
        if not (token.isascii() and (len(token) == 1 or token.isdigit())):
            starts.append(match.start())
            numbers.append(number(token))
    places = np.searchsorted(ends, np.asarray(starts, np.int64), side="right").astype(np.int64)
    return places << _WIDTH | np.asarray(numbers, np.int64)


def _packed(keys: NDArray[np.int64], counts: NDArray[np.float64], size: int) -> Bags:
    bags = Bags(())
    bags.numbers, bags.counts = keys & _TERM, counts
    bags.ends = np.searchsorted(keys, np.arange(size + 1, dtype=np.int64) << _WIDTH).astype(
        np.int64
    )
    running = np.concatenate([[0.0], np.cumsum(counts)])
    bags.lengths = running[bags.ends[1:]] - running[bags.ends[:-1]]
    return bags
