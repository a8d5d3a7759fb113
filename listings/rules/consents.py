"""How the consent of a co-owner 共有人同意 moves, and what it covers (PL14)."""

from __future__ import annotations

from enum import StrEnum

from listings.rules.moves import Moves
from listings.types import Consent


class ConsentStatus(StrEnum):
    """Where a consent stands."""

    ASKED = "asked"
    AGREED = "agreed"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    CANCELLED = "cancelled"


CONSENT_MOVES: Moves[ConsentStatus] = {
    "agree": (frozenset({ConsentStatus.ASKED}), ConsentStatus.AGREED),
    "refuse": (frozenset({ConsentStatus.ASKED}), ConsentStatus.REFUSED),
    "cancel": (frozenset({ConsentStatus.ASKED}), ConsentStatus.CANCELLED),
    "withdraw": (frozenset({ConsentStatus.AGREED}), ConsentStatus.WITHDRAWN),
}
_REACH = {Consent.NONE: 0, Consent.OPEN: 1, Consent.ALL: 2}


def covers(given: Consent, asked: Consent) -> bool:
    """Whether what was given is enough for what is asked."""
    return _REACH[given] >= _REACH[asked]
