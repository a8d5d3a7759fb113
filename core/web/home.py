"""What a home page shows: contributed by the rooms above, composed here.

A room registers a contributor in `AppConfig.ready()`; it answers for an actor with tiles,
things to do and a list of highlights, or nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.utils.translation import ngettext

from core.people.types import Actor

NEWS = timedelta(days=7)  # what counts as news on the public front page


@dataclass(frozen=True, slots=True)
class Todo:
    """Something waiting for the actor: a link, how many, and since when the oldest waits."""

    title: str
    url: str
    count: int = 1
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Tile:
    """A figure with a link to exactly its rows."""

    label: str
    value: str
    url: str
    unit: str = ""
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Highlight:
    """One row of a short list on the home page."""

    title: str
    url: str
    summary: str = ""
    meta: str = ""
    badge: str = ""
    is_sample: bool = False


@dataclass(frozen=True, slots=True)
class Section:
    """A short list with a heading and a link to all of it."""

    title: str
    rows: tuple[Highlight, ...]
    more_url: str = ""
    empty: str = ""


@dataclass(frozen=True, slots=True)
class Part:
    """One room's share of a home page."""

    todos: tuple[Todo, ...] = ()
    tiles: tuple[Tile, ...] = ()
    sections: tuple[Section, ...] = ()


@dataclass(slots=True)
class Home:
    """The composed page."""

    todos: list[Todo] = field(default_factory=list)
    tiles: list[Tile] = field(default_factory=list)
    sections: list[Section] = field(default_factory=list)


Contributor = Callable[[Actor, datetime], Part]
_contributors: dict[str, tuple[int, Contributor]] = {}


def contribute(name: str, *, order: int) -> Callable[[Contributor], Contributor]:
    """Register a room's contributor; lower `order` comes first."""

    def register(function: Contributor) -> Contributor:
        _contributors[name] = (order, function)
        return function

    return register


def news_hint(count: int) -> str:
    """What stands below a figure of the front page that has grown lately; else nothing."""
    if not count:
        return ""
    return ngettext("近 7 天新增 %(n)s", "近 7 天新增 %(n)s", count) % {"n": f"{count:,}"}


def compose(actor: Actor, now: datetime) -> Home:
    """The home page of this actor."""
    home = Home()
    for _, contributor in sorted(_contributors.values(), key=lambda pair: pair[0]):
        part = contributor(actor, now)
        home.todos.extend(todo for todo in part.todos if todo.count)
        home.tiles.extend(part.tiles)
        home.sections.extend(part.sections)
    home.todos.sort(key=_age)
    return home


def _age(todo: Todo) -> tuple[bool, float]:
    """The longest waiting first; what has no date comes after, as it came."""
    return (todo.since is None, todo.since.timestamp() if todo.since else 0.0)
