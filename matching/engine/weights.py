"""How much each signal may bring. Measured defaults: see docs/matching.md."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Weights:
    """The most points of each signal. The positive ones add up to 100."""

    lexical: float = 52.0
    semantic: float = 14.0
    topic: float = 11.0
    taxonomy: float = 6.0
    trl: float = 2.0
    price: float = 2.0
    licence_mode: float = 2.0
    region: float = 2.0
    freshness: float = 1.0
    rated: float = 4.0
    field: float = 2.0
    holder: float = 2.0
    dislike: float = 3.0  # a dislike weighs this many times a liking

    def __post_init__(self) -> None:
        if min(self.points()) < 0 or self.dislike < 0:
            raise ValueError("Weights are never negative.")
        if sum(self.points()) > 100 + 1e-9:
            raise ValueError("The points of all signals add up to at most 100.")

    def points(self) -> tuple[float, ...]:
        """What each signal can bring at most."""
        text = (self.lexical, self.semantic, self.topic, self.taxonomy)
        structure = (self.trl, self.price, self.licence_mode, self.region, self.freshness)
        return text + structure + (self.rated, self.field, self.holder)
