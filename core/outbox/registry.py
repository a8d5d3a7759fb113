"""Who listens to which event. Rooms register in `AppConfig.ready()` by importing consumers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from core.events import EVENTS


@dataclass(frozen=True, slots=True)
class Event:
    """An event as a consumer gets it."""

    id: str
    name: str
    subject_type: str
    subject_id: str
    payload: Mapping[str, Any]
    actor_key: str
    occurred_at: datetime


class Consumer(Protocol):
    """Idempotent; runs in one transaction with the mark that it is done."""

    def __call__(self, event: Event, *, now: datetime) -> None: ...


_consumers: dict[str, Consumer] = {}
_listeners: dict[str, list[str]] = {}


def consumer(*event_names: str, name: str) -> Callable[[Consumer], Consumer]:
    """Register a function as the consumer `name` ("room.what_it_does") of these events."""

    def register(function: Consumer) -> Consumer:
        if name in _consumers:
            raise ValueError(f"Two consumers are called {name}.")
        for event_name in event_names:
            if event_name not in EVENTS:
                raise ValueError(f"{event_name} is not in core.events.EVENTS.")
            _listeners.setdefault(event_name, []).append(name)
        _consumers[name] = function
        return function

    return register


def listeners(event_name: str) -> list[str]:
    """The names of those who listen to an event, in a fixed order."""
    return sorted(_listeners.get(event_name, []))


def find(name: str) -> Consumer | None:
    """The consumer of that name, or None when the running code no longer has it."""
    return _consumers.get(name)
