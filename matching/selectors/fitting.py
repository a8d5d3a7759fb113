"""Which open needs a text would meet: asked for a text that nobody may see, so nothing is kept."""

from __future__ import annotations

from dataclasses import dataclass

from core.people.types import Actor
from matching import engine, rules
from matching.models import EngineVersion, Need
from matching.selectors import arena
from matching.types import Bar

LIMIT = 8
LONGEST = 20_000


@dataclass(frozen=True, slots=True)
class Fit:
    """A need that the text would meet, how well, and why."""

    need: Need
    score: int
    bars: tuple[Bar, ...]


def needs_for(text: str, *, viewer: Actor, limit: int = LIMIT) -> list[Fit]:
    """The open needs that the viewer may read and the text fits best, best first.

    Confidential ones are left out: how well a text fits would tell what they say.
    """
    version = EngineVersion.objects.filter(is_active=True).defer("corpus").first()
    title, _, rest = text[:LONGEST].partition("\n")
    if version is None or not title.strip():
        return []
    hits = {
        int(str(hit.key)[1:]): hit
        for hit in arena.fits(version, engine.Supply(key=0, title=title, text=rest))
        if str(hit.key).startswith("n")
    }
    rows = Need.objects.visible_to(viewer).live().filter(pk__in=hits, is_confidential=False)
    best = sorted(rows, key=lambda row: (-hits[row.pk].ticks, row.pk))[:limit]
    return [Fit(row, round(hits[row.pk].score), bars_of(hits[row.pk])) for row in best]


def bars_of(hit: engine.Hit) -> tuple[Bar, ...]:
    """Why a hit is one, as the bars that people see."""
    return tuple(
        rules.bars(
            [
                {
                    "signal": reason.signal,
                    "code": reason.code,
                    "value": float(reason.value),
                    "weight": float(reason.weight),
                    "ticks": int(reason.ticks),
                    "evidence": list(reason.evidence),
                }
                for reason in hit.reasons
            ]
        )
    )
