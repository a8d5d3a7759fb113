"""What judgements teach, and what a score has meant: no database, no clock."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matching.engine import calibration, learning
from matching.engine.learning import Judged

PRIOR = np.array([50.0, 20.0, 10.0])


def receivers(count: int, truth: tuple[float, float, float], noise: float = 0.0) -> list[Judged]:
    """Firms whose liking follows `truth`."""
    rng = np.random.default_rng(7)
    found = []
    for name in range(count):
        values = rng.random((8, 3))
        liking = values @ np.array(truth) + noise * rng.standard_normal(8)
        gains = np.argsort(np.argsort(liking)).astype(float) / 2
        found.append(Judged(name, values, gains, np.ones(8)))
    return found


def test_what_people_like_gets_more_points() -> None:
    learned = learning.learn(receivers(60, (1.0, 0.0, 3.0)), PRIOR)
    assert learned[2] > learned[0] > learned[1]
    assert learned.sum() == pytest.approx(PRIOR.sum())


def test_held_out_receivers_say_whether_it_is_better() -> None:
    before, after = learning.cross_validated(receivers(20, (0.0, 1.0, 1.0)), PRIOR)
    found = learning.compared(before, after)
    assert found.gain > 0.02
    assert found.low > 0


def test_noise_teaches_nothing_much() -> None:
    judged = receivers(20, (0.0, 0.0, 0.0), noise=1.0)
    before, after = learning.cross_validated(judged, PRIOR)
    assert learning.compared(before, after).low < 0.01
    assert np.abs(learning.fit(judged, PRIOR, 30.0) - PRIOR).max() == 0


@pytest.mark.parametrize("judged", [[], [Judged(1, np.ones((1, 3)), np.ones(1), np.ones(1))]])
def test_nothing_to_compare_leaves_the_weights(judged: list[Judged]) -> None:
    assert learning.learn(judged, PRIOR).tolist() == PRIOR.tolist()


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 1000))
def test_weights_are_never_negative_and_keep_their_sum(seed: int) -> None:
    rng = np.random.default_rng(seed)
    judged = [Judged(n, rng.normal(size=(4, 3)), rng.random(4) * 4, np.ones(4)) for n in range(4)]
    learned = learning.fit(judged, PRIOR, 0.03)
    assert learned.min() >= 0
    assert learned.sum() == pytest.approx(80)


def test_learning_twice_gives_the_same() -> None:
    judged = receivers(20, (1.0, 2.0, 0.0), noise=0.3)
    first, second = (learning.learn(judged, PRIOR) for _ in range(2))
    assert first.tolist() == second.tolist()


def test_one_cluster_is_never_on_both_sides() -> None:
    judged = [Judged("same", one.values, one.gains, one.weights) for one in receivers(9, (0, 0, 9))]
    before, after = learning.cross_validated(judged, PRIOR)
    assert after.tolist() == before.tolist()  # nothing left to learn from


def test_attention_that_fades_down_the_list_is_found() -> None:
    rng = np.random.default_rng(1)
    places = np.tile(np.arange(1.0, 21.0), 200)
    scores = 60 - places + rng.normal(size=len(places))
    seen = rng.random(len(places)) < 0.9 * places**-0.8
    steep = learning.steepness(places, np.zeros(len(places)), seen)
    assert 0.6 < steep < 1.4
    assert learning.steepness(places, scores, np.ones(len(places), bool)) == 0.0
    weights = learning.propensity_weights(np.array([1.0, 3.0, 10_000.0]), steep)
    assert weights[0] == 1 < weights[1] < weights[2] == 10


def test_a_curve_rises_and_holds_on_others() -> None:
    rng = np.random.default_rng(2)
    scores = rng.integers(25, 90, 3_000).astype(float)
    useful = (rng.random(3_000) < scores / 100).astype(float)
    firms = rng.integers(0, 60, 3_000).tolist()
    steps = calibration.curve(scores, useful)
    shares = [step.useful for step in steps]
    assert shares == sorted(shares)
    high, low = calibration.at(steps, 88.0), calibration.at(steps, 30.0)
    assert high is not None
    assert low is not None
    assert high.useful > 0.8 > 0.45 > low.useful
    table = calibration.checks(scores, useful, firms)
    assert len(table) == 5
    assert calibration.error(table) < 0.06


@settings(deadline=None, max_examples=50)
@given(st.lists(st.tuples(st.integers(0, 100), st.booleans()), max_size=60))
def test_any_ratings_give_a_rising_curve(ratings: list[tuple[int, bool]]) -> None:
    scores = np.array([score for score, _ in ratings], dtype=float)
    useful = np.array([liked for _, liked in ratings], dtype=float)
    steps = calibration.curve(scores, useful)
    shares = [step.useful for step in steps]
    assert shares == sorted(shares)
    assert sum(step.ratings for step in steps) == len(ratings)
    assert all(0 <= share <= 1 for share in shares)


def test_few_ratings_say_nothing() -> None:
    steps = calibration.curve(np.array([40.0, 50.0]), np.array([0.0, 1.0]))
    assert calibration.at(steps, 60.0) is None
    assert calibration.at(steps, 10.0) is None
    assert calibration.error(calibration.checks(np.zeros(0), np.zeros(0), [])) == 1.0
