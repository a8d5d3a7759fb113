"""What may be told of a funnel without pointing at one firm. Plain Python."""

from __future__ import annotations

from matching.types import FUNNEL_STAGES, Funnel

FEWEST = 5  # k: a smaller crowd is not counted out


def blurred(funnel: Funnel) -> Funnel:
    """The funnel as the other side may see it: a stage of one to four firms is only "a few"."""
    counts = {name: getattr(funnel, name) for name in FUNNEL_STAGES}
    return Funnel(**{n: None if c is not None and 0 < c < FEWEST else c for n, c in counts.items()})
