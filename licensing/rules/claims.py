"""Milestones as claims 里程碑申报: one party says that it happened, the other confirms or disputes.

What a claim brings about depends on the part that waits for the event: a milestone falls due some
days after it was confirmed, a deferred sum so many days after the event, free use ends with it.
A licensee's claim is against its own interest: not answered in time, it counts as confirmed. A
licensor's never does; both are reminded.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from enum import StrEnum

from licensing.rules.fees import FeePart, PartKind
from licensing.rules.royalties import PAY_DAYS

ANSWER_DAYS = 15


class ClaimStatus(StrEnum):
    """Where a claim stands."""

    CLAIMED = "claimed"
    CONFIRMED = "confirmed"
    DISPUTED = "disputed"
    WITHDRAWN = "withdrawn"


class Side(StrEnum):
    """Who claims."""

    LICENSOR = "licensor"
    LICENSEE = "licensee"


_S = ClaimStatus
CLAIM_LABELS: Mapping[ClaimStatus, str] = {
    _S.CLAIMED: "待确认",
    _S.CONFIRMED: "已确认",
    _S.DISPUTED: "有争议",
    _S.WITHDRAWN: "已撤回",
}
SIDE_LABELS: Mapping[Side, str] = {Side.LICENSOR: "许可人", Side.LICENSEE: "被许可人"}
CLAIM_MOVES: Mapping[str, tuple[frozenset[ClaimStatus], ClaimStatus]] = {
    "confirm": (frozenset({_S.CLAIMED, _S.DISPUTED}), _S.CONFIRMED),
    "dispute": (frozenset({_S.CLAIMED}), _S.DISPUTED),
    "withdraw": (frozenset({_S.CLAIMED, _S.DISPUTED}), _S.WITHDRAWN),
}
LIVE = frozenset({_S.CLAIMED, _S.CONFIRMED, _S.DISPUTED})


def waits_for_event(part: FeePart) -> bool:
    """Whether the part begins by an event that somebody has to claim."""
    begun = (PartKind.DEFERRED, PartKind.FREE_UNTIL)
    return part.kind is PartKind.MILESTONE or (part.kind in begun and bool(part.trigger))


def event_parts(parts: Iterable[FeePart]) -> list[FeePart]:
    """Those that wait for an event."""
    return [part for part in parts if waits_for_event(part)]


def day_errors(reached_on: date, *, starts_on: date | None, today: date) -> list[str]:
    """What is wrong with the day of the event."""
    if starts_on is None:
        return ["许可还没有生效，生效后再申报里程碑。"]
    if reached_on > today:
        return ["达到的日期不能晚于今天；达到之后再申报。"]
    if reached_on < starts_on:
        return [f"达到的日期不能早于许可生效日 {starts_on:%Y-%m-%d}。"]
    return []


def due_on(part: FeePart, *, reached_on: date, confirmed_on: date) -> date | None:
    """When the part's sum falls due; None where the event only ends free use."""
    if part.kind is PartKind.MILESTONE:
        return confirmed_on + timedelta(days=part.due_days or PAY_DAYS)
    if part.kind is PartKind.DEFERRED:
        earliest = confirmed_on + timedelta(days=PAY_DAYS)
        return max(reached_on + timedelta(days=part.due_days), earliest)
    return None


def why(part: FeePart, *, reached_on: date, confirmed_on: date) -> str:
    """How the day came about."""
    event = f"“{part.trigger}”于 {reached_on:%Y-%m-%d} 达到，{confirmed_on:%Y-%m-%d} 确认"
    if part.kind is PartKind.MILESTONE:
        return f"{event}，确认后 {part.due_days or PAY_DAYS} 天内付"
    if part.kind is PartKind.DEFERRED:
        return f"{event}，达到后 {part.due_days} 天付，且不早于确认后 {PAY_DAYS} 天"
    return f"{event}，自达到之日起计费"


def answer_by(claimed_on: date, days: int) -> date:
    """The last day of the other side's time to answer."""
    return claimed_on + timedelta(days=days)


def by_silence(side: str, *, last_day: date, today: date) -> bool:
    """Whether a claim nobody answered counts as confirmed."""
    return side == Side.LICENSEE and today > last_day
