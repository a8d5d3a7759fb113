"""What a score has meant: of those that scored alike, how many were found useful.

A curve that only rises (pool adjacent violators), fitted on ratings; whether it holds is measured
on receivers it has not seen. Where it does not hold, there is no curve.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]

FOLDS = 5
BINS = 5
LEAST_ALIKE = 20  # ratings behind a step of the curve, below which it says nothing


@dataclass(frozen=True, slots=True)
class Step:
    """From this score on, `useful` of `ratings` were rated useful, as a share."""

    start: float
    useful: float
    ratings: float


@dataclass(frozen=True, slots=True)
class Check:
    """Foretold and found, on receivers the curve had not seen."""

    foretold: float
    found: float
    ratings: int


def curve(scores: Numbers, useful: Numbers, weights: Numbers | None = None) -> list[Step]:
    """The rising steps that fit best."""
    if not len(scores):
        return []
    mass = np.ones(len(scores)) if weights is None else weights
    levels: list[list[float]] = []  # start, sum of useful, sum of weights, count
    for score in np.unique(scores).tolist():
        same = scores == score
        block = [score, float((useful * mass)[same].sum()), float(mass[same].sum())]
        levels.append([*block, float(same.sum())])
        while len(levels) > 1 and _share(levels[-2]) >= _share(levels[-1]):
            last = levels.pop()
            levels[-1] = [levels[-1][0], *map(sum, zip(levels[-1][1:], last[1:], strict=True))]
    return [Step(level[0], _share(level), level[3]) for level in levels]


def at(steps: Sequence[Step], score: float) -> Step | None:
    """The step this score stands on; None below the first, or where too few were rated."""
    found = None
    for step in steps:
        if step.start > score:
            break
        found = step
    return found if found is not None and found.ratings >= LEAST_ALIKE else None


def checks(scores: Numbers, useful: Numbers, clusters: Sequence[object]) -> list[Check]:
    """A reliability table: curves fitted without a fifth of the receivers, held against them."""
    names = sorted(set(clusters), key=str)
    order = np.random.default_rng(0).permutation(len(names))
    fold = {names[place]: n % FOLDS for n, place in enumerate(order.tolist())}
    mine = np.array([fold[cluster] for cluster in clusters])
    foretold = np.full(len(scores), np.nan)
    for number in range(FOLDS):
        steps = curve(scores[mine != number], useful[mine != number])
        for place in np.flatnonzero(mine == number).tolist():
            step = at(steps, float(scores[place]))
            if step is not None:
                foretold[place] = step.useful
    known = np.flatnonzero(~np.isnan(foretold))
    known = known[np.argsort(foretold[known], kind="stable")]
    return [
        Check(float(foretold[part].mean()), float(useful[part].mean()), len(part))
        for part in np.array_split(known, min(BINS, max(len(known) // LEAST_ALIKE, 1)))
        if len(part)
    ]


def error(table: Sequence[Check]) -> float:
    """How far foretold and found lie apart on average; 1 where there is nothing to hold against."""
    total = sum(check.ratings for check in table)
    if not total:
        return 1.0
    return sum(abs(check.foretold - check.found) * check.ratings for check in table) / total


def _share(level: Sequence[float]) -> float:
    return level[1] / level[2] if level[2] else 0.0
