"""What crosses the door of this room: small frozen values, no Django."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Generic, TypeVar

from listings.types import Blocker

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class PledgeRow:
    """A pledge as an overseer counts it."""

    id: int
    register_number: str
    pledgor_id: int
    pledgor_name: str
    pledgee_id: int
    pledgee_name: str
    debtor_name: str
    principal: Decimal
    registered_on: date
    ends_on: date
    status: str
    status_label: str
    region: str
    patents: int


@dataclass(frozen=True, slots=True)
class Counted(Generic[T]):
    """A number and a page of exactly the rows it counts, from one and the same query."""

    count: int
    rows: Sequence[T]
    total: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class PledgeCheck:
    """Whether a patent can be pledged today, with every reason against it at once."""

    patent_id: int
    number: str
    printed: str
    title: str
    holders: tuple[str, ...]
    status: str
    expires_on: date | None
    blockers: tuple[Blocker, ...]

    @property
    def can_be_pledged(self) -> bool:
        """No hard blocker; conditional ones still need the parties' confirmation."""
        return not any(blocker.hard for blocker in self.blockers)


@dataclass(frozen=True, slots=True)
class PledgeInput:
    """A pledge as its bank enters it."""

    patent_ids: tuple[int, ...]
    debtor_name: str
    principal: Decimal
    starts_on: date
    ends_on: date
    register_number: str
    registered_on: date
    confirmed: tuple[str, ...] = ()
