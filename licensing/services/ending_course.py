"""What ends of licences and of contracts share: whose turn it is, an answer, a move."""

from __future__ import annotations

from datetime import datetime

from core.errors import Invalid, NotAllowed
from core.people.types import Actor
from licensing.models import DealEnding, Termination
from licensing.rules import terminations as rules
from licensing.services.ground import moved

TABLE, LABELS = rules.TERMINATION_MOVES, rules.TERMINATION_LABELS
Ending = Termination | DealEnding


def be_ones_turn(row: Ending, side: str, *, own: bool) -> None:
    """NotAllowed unless the step is for this side: its own proposal, or the other's."""
    if (side == row.side) is not own:
        words = "这一步由提出终止的一方办理。" if own else "这是本方提出的，要由对方答复。"
        raise NotAllowed(words, code="other-side")


def note_answer(row: Ending, verdict: str, reason: str, *, by: Actor, now: datetime) -> None:
    """What the other side said, not yet saved; Invalid when it is no answer."""
    if verdict not in rules.VERDICTS:
        raise Invalid(fields={"verdict": ["请选择答复。"]})
    if verdict in ("refuse", "object") and not reason.strip():
        raise Invalid(fields={"reason": ["请写明理由，对方会看到。"]})
    row.answered_at, row.answered_by, row.answer = now, by.key, reason.strip()[:2000]


def finish(row: Ending, move: str, *, by: Actor, now: datetime) -> None:
    """Move it; what is not open any more was closed now."""
    moved(TABLE, LABELS, row, move)
    if row.status not in rules.OPEN:
        row.closed_at, row.closed_by = now, by.key
    row.save()
