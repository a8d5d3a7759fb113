"""What is done for a patent in its layer: A is pushed, B is served, C rests until a review day."""

from __future__ import annotations

from datetime import date, timedelta
from enum import StrEnum

from listings.rules.moves import Moves

PUSH_AGAIN_AFTER = timedelta(days=7)
REVIEW_IN = timedelta(days=365)
LONGEST_REST = timedelta(days=1096)


class ServiceKind(StrEnum):
    """What a patent that is to be grown may need."""

    VALUATION = "valuation"
    BROKER = "broker"
    PROOF = "proof"


class ServiceState(StrEnum):
    """Where a request for a service stands."""

    OPEN = "open"
    ANSWERED = "answered"
    CLOSED = "closed"


SERVICE_MOVES: Moves[ServiceState] = {
    "answer": (frozenset({ServiceState.OPEN}), ServiceState.ANSWERED),
    "close": (frozenset({ServiceState.OPEN, ServiceState.ANSWERED}), ServiceState.CLOSED),
}

KIND_WORDS: dict[ServiceKind, str] = {
    ServiceKind.VALUATION: "价值评估",
    ServiceKind.BROKER: "技术经纪",
    ServiceKind.PROOF: "概念验证",
}
PROVIDERS: dict[ServiceKind, tuple[str, ...]] = {
    ServiceKind.VALUATION: ("valuer",),
    ServiceKind.BROKER: ("agency", "exchange"),
    ServiceKind.PROOF: ("institute", "agency"),
}
"""The kinds of organisation that may be asked for it."""


def may_push_again(last: date | None, *, on: date) -> bool:
    """A listed patent is put before firms again at most once a week."""
    return last is None or on - last >= PUSH_AGAIN_AFTER


def review_day_error(review_on: date | None, *, on: date) -> str | None:
    """What is wrong with a day on which an archived patent is to be looked at again."""
    if review_on is None or not on < review_on <= on + LONGEST_REST:
        return "复核日应在明天到三年之内。"
    return None
