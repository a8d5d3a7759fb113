"""Applications to take part: their states, and who decides on them. Plain Python."""

from __future__ import annotations

from enum import StrEnum

from core.people.types import Role

CONFIRM_DAYS = 3  # a link to confirm an address lives so long; so does what nobody confirmed


class Status(StrEnum):
    UNCONFIRMED = "unconfirmed"
    PENDING = "pending"
    MORE_NEEDED = "more_needed"
    APPROVED = "approved"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


class Decider(StrEnum):
    """Who answers: the bureau of the region, or those who run the organisation already here."""

    BUREAU = "bureau"
    MEMBERS = "members"


OPEN = (Status.PENDING, Status.MORE_NEEDED)
MOVES: dict[str, tuple[frozenset[Status], Status]] = {
    "confirm": (frozenset({Status.UNCONFIRMED}), Status.PENDING),
    "ask": (frozenset({Status.PENDING}), Status.MORE_NEEDED),
    "supply": (frozenset({Status.PENDING, Status.MORE_NEEDED}), Status.PENDING),
    "approve": (frozenset(OPEN), Status.APPROVED),
    "refuse": (frozenset(OPEN), Status.REFUSED),
    "withdraw": (frozenset(OPEN), Status.WITHDRAWN),
}

# What a person may be in an organisation of each kind; the first is what an applicant becomes.
ROLES_OF_KIND: dict[str, tuple[Role, ...]] = {
    "university": (Role.OFFICE, Role.INVENTOR, Role.ENTERPRISE),
    "institute": (Role.OFFICE, Role.INVENTOR, Role.ENTERPRISE),
    "hospital": (Role.OFFICE, Role.INVENTOR, Role.ENTERPRISE),
    "enterprise": (Role.ENTERPRISE, Role.OFFICE, Role.INVENTOR),
    "state_firm": (Role.ENTERPRISE, Role.OFFICE, Role.INVENTOR),
    "bank": (Role.BANK,),
    "guarantor": (Role.GUARANTOR,),
    "valuer": (Role.VALUER,),
    "exchange": (Role.EXCHANGE,),
    "bureau": (Role.BUREAU,),
    "agency": (Role.BROKER,),
    "other": (Role.ENTERPRISE, Role.OFFICE, Role.INVENTOR),
}
# A bureau is no matter of asking: the platform's administrator enters it.
NOT_BY_ASKING = frozenset({"bureau"})


def after(status: str, move: str) -> Status | None:
    """The status that `move` leads to; None where it is not possible from `status`."""
    sources, target = MOVES[move]
    return target if status in sources else None


def first_role(kind: str) -> Role:
    """What the person becomes who brings an organisation of this kind."""
    return ROLES_OF_KIND[kind][0]
