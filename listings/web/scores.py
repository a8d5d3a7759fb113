"""What pages show of a score: its parts as meters, its moves as a timeline."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from core.people.types import Actor
from listings.selectors.layers import potential as selectors
from listings.selectors.layers.potential import PotentialCard


def panel(pk: int, *, viewer: Actor) -> dict[str, Any]:
    """What the patent's page shows of its potential."""
    card = selectors.potential_of(pk, viewer=viewer)
    return {"card": card, "bars": bars(card), "moves": history(card)}


def bars(card: PotentialCard) -> list[dict[str, Any]]:
    """The parts as meters; a part without evidence is marked as estimated."""
    return [
        {
            "label": part.label,
            "value": float(part.points),
            "max": part.max or 1,
            "shown": f"{part.points.normalize():f}",
            "detail": _("满分 %(n)d。%(words)s") % {"n": part.max, "words": part.words},
        }
        for part in card.parts
        if part.max
    ]


def history(card: PotentialCard) -> list[dict[str, Any]]:
    """The moves as the timeline takes them."""
    return [
        {
            "at": move.moved_at,
            "title": _("%(a)s 层 → %(b)s 层（%(n)s 分）")
            % {"a": move.source, "b": move.target, "n": move.score},
            "text": "".join(move.reasons),
            "by": _("人工调整") if move.by_hand else _("规则 %(v)s") % {"v": move.rule_version},
            "tone": "ok" if move.target < move.source else "warn",
        }
        for move in card.moves
    ]
