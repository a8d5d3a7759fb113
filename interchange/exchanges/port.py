"""What the platform asks of the outside: take this body at this address."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Reply:
    """What the receiver answered. `status` is None when nobody did; `note` says why."""

    status: int | None
    retry_after: int | None = None
    note: str = ""


class Sender(Protocol):
    """Sends one request and never raises for what the receiver does."""

    def send(self, *, url: str, body: bytes, headers: Mapping[str, str]) -> Reply: ...
