"""The layer of the library 分层 a patent lies in, and what moves it.

A is put before firms first, B is grown, C is kept in stock. The market's word counts: one firm's
rating is its prospect (1–5), raised by half a point for an interest declared; the mean over firms
is drawn towards the middle so that a single voice moves a patent one layer, not two.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from listings.types import Layer, PatentStatus

RULE_VERSION = "2026-1"

MIDDLE, PRIOR_WEIGHT = 3.0, 1.0
INTEREST_BONUS, TOP = 0.5, 5.0
RAISE_AT, LOWER_AT = 4.0, 2.0
READY_TRL = 7


@dataclass(frozen=True, slots=True)
class Voice:
    """The last rating of one firm."""

    prospect: int
    interested: bool


@dataclass(frozen=True, slots=True)
class Placement:
    """The layer, why, and by which version of the rule."""

    layer: Layer
    reasons: tuple[str, ...]
    score: float | None = None
    rule_version: str = RULE_VERSION


def market_score(voices: Sequence[Voice]) -> float | None:
    """What the market says, 1 to 5; None while nobody has spoken."""
    if not voices:
        return None
    said = sum(min(TOP, v.prospect + INTEREST_BONUS * v.interested) for v in voices)
    return round((said + MIDDLE * PRIOR_WEIGHT) / (len(voices) + PRIOR_WEIGHT), 4)


def place(
    *, status: PatentStatus, trl: int | None, has_offer_sheet: bool, voices: Sequence[Voice]
) -> Placement:
    """The layer that these facts put a patent in."""
    if status is not PatentStatus.GRANTED:
        return Placement(Layer.C, ("尚未授权或已经失效，列入储备。",))
    score = market_score(voices)
    if score is None:
        if has_offer_sheet or (trl or 0) >= READY_TRL:
            why = "已填写推介表。" if has_offer_sheet else f"技术成熟度 {trl} 级，接近可用。"
            return Placement(Layer.B, (why, "尚无企业评价。"))
        return Placement(Layer.C, ("尚无推介表和企业评价。",))
    heard = f"{len(voices)} 家企业评价，折算 {score:.2f} 分"
    if score >= RAISE_AT:
        return Placement(Layer.A, (f"{heard}，不低于 {RAISE_AT:.1f}。",), score)
    if score <= LOWER_AT:
        return Placement(Layer.C, (f"{heard}，不高于 {LOWER_AT:.1f}。",), score)
    return Placement(Layer.B, (f"{heard}。",), score)
