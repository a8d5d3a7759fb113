"""When there is enough to learn from, what a rating is worth, when a version is no worse."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from matching.types import LearningOutcome

# Below this the measured defaults stay: a few keen firms must not tune everybody's list.
LEAST_RATINGS = 500
LEAST_FIRMS = 50
# A curve of what scores have meant, in general and for one industry.
LEAST_CALIBRATED = 200
LEAST_CALIBRATED_FIRMS = 20
MOST_ERROR = 0.08  # how far foretold and found may lie apart on average for a curve to be shown
# What a shadow version needs before it may take over by itself.
SHADOW_RECEIVERS = 30
WORSE = -0.005  # nDCG: a lower bound below this may be a real loss

LEARNED = (
    "lexical", "semantic", "topic", "taxonomy", "trl", "price", "licence_mode", "region",
    "freshness",
)  # fmt: skip
_SIGNAL_OF = {
    "shared-words": "lexical",
    "close-meaning": "semantic",
    "same-topic": "topic",
    "same-ipc": "taxonomy",
    "same-industry": "taxonomy",
    "industry-fits": "taxonomy",
    "mature-enough": "trl",
    "too-early": "trl",
    "price-within-budget": "price",
    "price-above-budget": "price",
    "licence-mode-fits": "licence_mode",
    "licence-mode-differs": "licence_mode",
    "same-region": "region",
    "fresh": "freshness",
}
USEFUL = 4  # a prospect from which a match counts as useful


def signal_values(reasons: Iterable[Mapping[str, Any]]) -> dict[str, float]:
    """How strong each signal was that can be learned; behaviour is left out, since it is made of
    the very ratings."""
    found = {}
    for row in reasons:
        name = _SIGNAL_OF.get(str(row["code"]))
        if name is not None:
            found[name] = float(row["value"])
    return found


def gain(prospect: int, *, contacted: bool, deal: bool) -> float:
    """What a judgement is worth, 0 to 4: a deal says more than any number."""
    if deal:
        return 4.0
    return max(float(prospect - 1), 3.0) if contacted else float(prospect - 1)


def useful(prospect: int, *, contacted: bool, deal: bool) -> bool:
    """Whether a match was worth showing."""
    return deal or contacted or prospect >= USEFUL


def enough(ratings: int, firms: int) -> bool:
    """Whether weights may be learned at all."""
    return ratings >= LEAST_RATINGS and firms >= LEAST_FIRMS


def enough_to_calibrate(ratings: int, firms: int) -> bool:
    """Whether scores may be said to mean anything."""
    return ratings >= LEAST_CALIBRATED and firms >= LEAST_CALIBRATED_FIRMS


def may_take_over(*, receivers: int, gain: float, low: float) -> bool:
    """Whether a shadow version goes live by itself: tried on enough, better, surely not worse."""
    return receivers >= SHADOW_RECEIVERS and gain > 0 and low >= WORSE


def decided(outcome: str) -> bool:
    """Whether nothing more will happen to an attempt."""
    return outcome != LearningOutcome.SHADOW


def of_ten(share: float) -> int:
    """A share as so many of ten, as people say it."""
    return round(share * 10)
