"""Weights learned from what people said of matches, and whether they are any better.

Pairs of one receiver's judgements are compared: the one that was liked more should score more.
The weights stay non-negative, add up to what they added up to, and are drawn towards the ones in
force, the more so the less there is to learn from; so every score keeps explaining itself as
points that sum to it. All is plain sums and a fixed start: the same judgements, the same weights.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]

TRUSTS = (0.03, 0.1, 0.3, 1.0, 30.0)  # how strongly the weights in force hold; the last: fully
FOLDS = 5
DEPTH = 10
RESAMPLES = 5_000
_SOFT = 10.0  # points that make a preference likely
_LEAST_GAIN = 0.25  # smaller differences of judgement are noise
_SURE = 1.645  # standard errors
_STEPS = 60  # of the fit; the loss is flat by then
_MOST_STEEP = 10.0  # an impression far down the list counts at most this many times


@dataclass(frozen=True, eq=False)
class Judged:
    """One receiver's judgements: a row of signal values, a gain and a weight for each."""

    cluster: int | str  # judgements of one cluster are learned from or tested on, never both
    values: Numbers
    gains: Numbers
    weights: Numbers

    @property
    def tells(self) -> bool:
        """Whether anything stands before anything else."""
        return len(self.gains) > 1 and float(np.ptp(self.gains)) > _LEAST_GAIN


@dataclass(frozen=True, slots=True)
class Comparison:
    """Before and after on the same receivers, with the interval of the mean difference."""

    receivers: int
    before: float
    after: float
    low: float
    high: float

    @property
    def gain(self) -> float:
        return self.after - self.before


def fit(judged: Sequence[Judged], prior: Numbers, trust: float) -> Numbers:
    """Non-negative weights that add up to what `prior` adds up to."""
    pairs, importance = _pairs(judged)
    if not len(pairs) or trust >= TRUSTS[-1]:
        return prior.copy()
    total = float(prior.sum())
    span = max(total, 1.0)

    def loss(weights: Numbers) -> tuple[float, Numbers]:
        margin = pairs @ weights / _SOFT
        pull = (weights - prior) / span
        value = float(importance @ np.logaddexp(0, -margin) + trust * (pull @ pull))
        doubt = importance / (1 + np.exp(np.clip(margin, -50, 50)))
        return value, -(pairs.T @ doubt) / _SOFT + 2 * trust * pull / span

    from scipy.optimize import minimize  # slow to import, and few processes learn

    found = minimize(
        loss,
        prior.copy(),
        jac=True,
        method="L-BFGS-B",
        bounds=[(0.0, total)] * len(prior),
        options={"maxiter": _STEPS},
    )
    weights = np.asarray(found.x, dtype=np.float64)
    return weights * (total / weights.sum()) if weights.sum() > 0 else prior.copy()


def best_trust(judged: Sequence[Judged], prior: Numbers, *, seed: int = 0) -> float:
    """How far to follow the judgements: what serves held-out clusters best, if its gain over the
    weights in force is surer than chance (one-sided 95 %); else these hold fully."""
    held = _held_out(judged, seed, partial(fit, prior=prior, trust=TRUSTS[-1]))
    best = (0.0, TRUSTS[-1])
    for trust in reversed(TRUSTS[:-1]):
        gains = _held_out(judged, seed, partial(fit, prior=prior, trust=trust)) - held
        if len(gains) > 1 and gains.mean() > _SURE * gains.std(ddof=1) / np.sqrt(len(gains)):
            best = max(best, (round(float(gains.mean()), 4), trust))
    return best[1]


def learn(judged: Sequence[Judged], prior: Numbers) -> Numbers:
    """The weights that these judgements teach."""
    return fit(judged, prior, best_trust(judged, prior))


def cross_validated(
    judged: Sequence[Judged], prior: Numbers, *, repeats: int = 1
) -> tuple[Numbers, Numbers]:
    """Each receiver's nDCG by the weights in force and by weights learned from other clusters."""
    told = [one for one in judged if one.tells]
    before = np.array([ndcg(one.values @ prior, one.gains) for one in told])
    after = [_held_out(told, seed, partial(learn, prior=prior)) for seed in range(repeats)]
    return before, np.mean(after, axis=0) if after else before


def compared(before: Numbers, after: Numbers) -> Comparison:
    """The two, and the 95 % interval of the difference by bootstrap over receivers."""
    if not len(before):
        return Comparison(0, 0.0, 0.0, 0.0, 0.0)
    difference = after - before
    picks = np.random.default_rng(0).integers(0, len(difference), (RESAMPLES, len(difference)))
    low, high = np.quantile(difference[picks].mean(axis=1), [0.025, 0.975])
    return Comparison(
        len(before), float(before.mean()), float(after.mean()), float(low), float(high)
    )


def tried(judged: Sequence[Judged], live: Numbers, candidate: Numbers) -> Comparison:
    """Two settled weightings on judgements that neither has seen."""
    told = [one for one in judged if one.tells]
    scores = [
        np.array([ndcg(one.values @ weights, one.gains) for one in told])
        for weights in (live, candidate)
    ]
    return compared(*scores)


def ndcg(scores: Numbers, gains: Numbers, depth: int = DEPTH) -> float:
    """How close to the best order the first ten stand; equals keep their places."""
    order = np.argsort(-np.round(scores, 9), kind="stable")
    discount = 1 / np.log2(np.arange(2, min(depth, len(gains)) + 2))
    best = np.sort(gains)[::-1][: len(discount)] @ discount
    return float(gains[order][: len(discount)] @ discount / best) if best > 0 else 1.0


def steepness(places: Numbers, scores: Numbers, seen: NDArray[np.bool_]) -> float:
    """How fast attention fades down a list: a place is looked at like place**-steepness.

    A logistic fit of "was opened" on the logarithm of the place, the score beside it, so that
    what is better is not taken for what is higher up.
    """
    if len(places) < 2 or seen.all() or not seen.any():
        return 0.0
    spread = max(float(np.std(scores)), 1e-9)
    facts = np.column_stack([np.ones(len(places)), -np.log(places), scores / spread])
    wanted = seen.astype(np.float64)

    def loss(part: Numbers) -> tuple[float, Numbers]:
        margin = np.clip(facts @ part, -50, 50)
        chance = 1 / (1 + np.exp(-margin))
        value = float((np.logaddexp(0, margin) - wanted * margin).sum() + 0.5 * part @ part)
        return value, facts.T @ (chance - wanted) + part

    from scipy.optimize import minimize

    found = minimize(loss, np.zeros(3), jac=True, method="L-BFGS-B")
    return float(np.clip(found.x[1], 0.0, 1.5))


def propensity_weights(places: Numbers, steep: float) -> Numbers:
    """What a judgement at this place counts: more, the less likely it was to be looked at."""
    return np.asarray(np.minimum(np.maximum(places, 1.0) ** steep, _MOST_STEEP), np.float64)


def _pairs(judged: Sequence[Judged]) -> tuple[Numbers, Numbers]:
    """Differences of values, better minus worse; each receiver counts alike in all."""
    rows, importance = [], []
    for one in judged:
        better, worse = np.nonzero(one.gains[:, None] > one.gains[None, :] + _LEAST_GAIN)
        if len(better):
            rows.append(one.values[better] - one.values[worse])
            each = (one.gains[better] - one.gains[worse]) * one.weights[better] * one.weights[worse]
            importance.append(each / each.sum())
    if not rows:
        return np.zeros((0, 0)), np.zeros(0)
    weights = np.concatenate(importance)
    return np.vstack(rows), weights / weights.sum()


def _held_out(
    judged: Sequence[Judged], seed: int, learned: Callable[[list[Judged]], Numbers]
) -> Numbers:
    """Each telling receiver's nDCG by weights that `learned` took from the other folds."""
    told = [one for one in judged if one.tells]
    clusters = sorted({one.cluster for one in told}, key=str)
    order = np.random.default_rng(seed).permutation(len(clusters))
    fold = {clusters[place]: n % FOLDS for n, place in enumerate(order.tolist())}
    scores = np.zeros(len(told))
    for number in range(FOLDS):
        weights = learned([one for one in told if fold[one.cluster] != number])
        for place, one in enumerate(told):
            if fold[one.cluster] == number:
                scores[place] = ndcg(one.values @ weights, one.gains)
    return scores
