"""What crosses this room's floors."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class NewKey:
    """A fresh key; the secret is shown once."""

    credential_id: int
    client_id: str
    client_secret: str
    scopes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Change:
    """One entry of the change feed."""

    sequence: int
    id: str
    type: str
    time: datetime
    data: dict[str, Any]


@dataclass(frozen=True, slots=True)
class ChangePage:
    """Entries after a place, and the place to ask from next."""

    changes: tuple[Change, ...]
    next_since: int
    more: bool
