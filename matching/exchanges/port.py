"""What matching asks of the outside: carry this letter."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Letter:
    """One mail, whole. The same `message_id` is the same letter, however often it is carried."""

    to: str
    subject: str
    text: str
    html: str
    message_id: str
    headers: Mapping[str, str] = field(default_factory=dict)


class Postman(Protocol):
    """Hands a letter over, or raises OSError when that failed and may be tried again."""

    def carry(self, letter: Letter) -> None: ...
