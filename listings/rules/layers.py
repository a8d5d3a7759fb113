"""The layer of the library 分层 a patent lies in: the market's word, and moves from layer to layer.

A is put before firms first, B is grown, C is kept in stock. How a patent is scored stands in
`potential`. One firm's rating is its prospect (1–5), raised by half a point for an interest
declared; the mean over firms is drawn towards the middle so that a single voice moves a patent
one layer, not two.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

RULE_VERSION = "2026-2"

MIDDLE, PRIOR_WEIGHT = 3.0, 1.0
INTEREST_BONUS, TOP = 0.5, 5.0
LOWER_AT = 2.0
READY_TRL = 7


@dataclass(frozen=True, slots=True)
class Voice:
    """The last rating of one firm."""

    prospect: int
    interested: bool


def market_score(voices: Sequence[Voice]) -> float | None:
    """What the market says, 1 to 5; None while nobody has spoken."""
    if not voices:
        return None
    said = sum(min(TOP, v.prospect + INTEREST_BONUS * v.interested) for v in voices)
    return round((said + MIDDLE * PRIOR_WEIGHT) / (len(voices) + PRIOR_WEIGHT), 4)
