"""Why a patent is not in a demand's list. Plain Python."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Pair:
    """What is so of one demand and one patent, before anything is scored."""

    demand_is_live: bool = True
    recommends: bool = True  # the person lets the platform recommend
    is_listed: bool = True
    is_free: bool = True  # not blocked, suspended or bound
    is_own: bool = False
    is_shared: bool = False  # a co-owner's
    opted_patent: bool = False
    opted_holder: bool = False


class Filter(StrEnum):
    """What refuses a patent before it is scored, in the order in which people should mend it."""

    NOT_LIVE = "not_live"
    SWITCHED_OFF = "switched_off"
    NOT_LISTED = "not_listed"
    NOT_FREE = "not_free"
    OWN = "own"
    SHARED = "shared"
    OPTED_PATENT = "opted_patent"
    OPTED_HOLDER = "opted_holder"


def refusals(pair: Pair) -> list[Filter]:
    """Every filter that refuses the pair, all at once."""
    answers = {
        Filter.NOT_LIVE: not pair.demand_is_live,
        Filter.SWITCHED_OFF: not pair.recommends,
        Filter.NOT_LISTED: not pair.is_listed,
        Filter.NOT_FREE: pair.is_listed and not pair.is_free,
        Filter.OWN: pair.is_own,
        Filter.SHARED: pair.is_shared and not pair.is_own,
        Filter.OPTED_PATENT: pair.opted_patent,
        Filter.OPTED_HOLDER: pair.opted_holder,
    }
    return [name for name, refuses in answers.items() if refuses]


class Answer(StrEnum):
    """Where a patent stands with a demand."""

    REFUSED = "refused"
    BELOW = "below"  # scored, under the floor of a list
    BEHIND = "behind"  # good enough, but the list is full of better ones
    COMING = "coming"  # good enough and not in the list yet: the next run brings it
    IN = "in"


def answer(
    *, refused: bool, ticks: int, floor: float, rank: int | None, last: int | None
) -> Answer:
    """Where it stands; `rank` is its place in the list, `last` the score of a full list's end."""
    if refused:
        return Answer.REFUSED
    if rank is not None:
        return Answer.IN
    if ticks < floor * 10_000:
        return Answer.BELOW
    return Answer.BEHIND if last is not None and ticks <= last else Answer.COMING


def absent(bars: set[str]) -> list[str]:
    """Which parts of a score brought nothing at all, of those a firm can do something about."""
    return [code for code in ("text", "class", "terms") if code not in bars]
