"""A need's text as one value that can be kept and compared. Plain Python."""

from __future__ import annotations

from dataclasses import asdict, replace
from datetime import date
from decimal import Decimal
from typing import Any

from matching.types import Metric, NeedInput, RevisionState

STEPS = tuple(
    (RevisionState.PROPOSED.value, to.value)
    for to in (RevisionState.AGREED, RevisionState.REFUSED, RevisionState.WITHDRAWN)
)
LONGEST_NOTE = 1_000
# What an agent may propose; who sees a need and what is released stays its owner's own choice.
TEXTS = (
    "title", "problem", "situation", "targets", "metrics", "tried", "limits", "industry_codes",
    "budget", "deadline", "trl", "licence_modes", "region", "ipc",
)  # fmt: skip


def kept(need: NeedInput) -> dict[str, Any]:
    """The text of a need as JSON can hold it."""
    whole = asdict(need)
    found = {name: whole[name] for name in TEXTS}
    found["budget"] = None if need.budget is None else str(need.budget)
    found["deadline"] = None if need.deadline is None else need.deadline.isoformat()
    return {
        name: list(value) if isinstance(value, tuple) else value for name, value in found.items()
    }


def restored(content: dict[str, Any], on: NeedInput) -> NeedInput:
    """The need with that text; everything else as it is `on` now."""
    value = {name: content[name] for name in TEXTS}
    value["metrics"] = tuple(Metric(**row) for row in value["metrics"])
    for name in ("industry_codes", "licence_modes", "ipc"):
        value[name] = tuple(value[name])
    if value["budget"] is not None:
        value["budget"] = Decimal(value["budget"])
    if value["deadline"] is not None:
        value["deadline"] = date.fromisoformat(value["deadline"])
    return replace(on, **value)


def changed(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    """Which texts differ, in reading order."""
    return [name for name in TEXTS if before.get(name) != after.get(name)]
