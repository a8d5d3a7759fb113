"""The moves of a listing and of an inventory item: the table that services and triggers share."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import TypeVar

from listings.types import InventoryStatus, ListingStatus

S = TypeVar("S", bound=StrEnum)
Moves = Mapping[str, tuple[frozenset[S], S]]


class IllegalMove(Exception):
    """This state does not allow this move."""

    def __init__(self, status: str, move: str) -> None:
        super().__init__(f"A {status} row cannot {move}.")
        self.status, self.move = status, move


_DRAFT, _SUBMITTED = ListingStatus.DRAFT, ListingStatus.SUBMITTED
_LISTED, _SUSPENDED = ListingStatus.LISTED, ListingStatus.SUSPENDED

LISTING_MOVES: Moves[ListingStatus] = {
    "submit": (frozenset({_DRAFT}), _SUBMITTED),
    "return": (frozenset({_SUBMITTED}), _DRAFT),
    "publish": (frozenset({_DRAFT, _SUBMITTED}), _LISTED),
    "suspend": (frozenset({_LISTED}), _SUSPENDED),
    "resume": (frozenset({_SUSPENDED}), _LISTED),
    "convert": (frozenset({_LISTED, _SUSPENDED}), ListingStatus.CONVERTED),
    "withdraw": (
        frozenset({_DRAFT, _SUBMITTED, _LISTED, _SUSPENDED}),
        ListingStatus.WITHDRAWN,
    ),
}
LIVE_LISTING = frozenset({_DRAFT, _SUBMITTED, _LISTED, _SUSPENDED})
ON_THE_BOARD = frozenset({_LISTED, _SUSPENDED})

INVENTORY_MOVES: Moves[InventoryStatus] = {
    "admit": (frozenset({InventoryStatus.PROPOSED}), InventoryStatus.ADMITTED),
    "archive": (
        frozenset({InventoryStatus.PROPOSED, InventoryStatus.ADMITTED}),
        InventoryStatus.ARCHIVED,
    ),
    "readmit": (frozenset({InventoryStatus.ARCHIVED}), InventoryStatus.ADMITTED),
}


def after(moves: Moves[S], status: str, move: str) -> S:
    """The status that `move` leads to from `status`, or IllegalMove."""
    sources, target = moves[move]
    if status not in sources:
        raise IllegalMove(status, move)
    return target


def pairs(moves: Moves[S]) -> list[tuple[str, str]]:
    """Every step the table allows, in a fixed order: what the database's trigger is made of."""
    return sorted(
        (source.value, target.value) for sources, target in moves.values() for source in sources
    )
