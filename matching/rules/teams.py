"""Who stands behind several patents that fit a need. Plain Python.

A name is one person within one holder and nobody's anywhere else: two people of one name in two
houses are never put together. Who shares a patent with whom is one team.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

LEAST_PATENTS = 2
MOST_TEAMS = 10
MOST_PEOPLE = 8


@dataclass(frozen=True, slots=True)
class Fit:
    """A patent that fits, whose it is, and who may be shown as its inventors."""

    patent_id: int
    holder_id: int
    ticks: int
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Person:
    """One inventor, and behind how many of the fitting patents."""

    name: str
    patents: int


@dataclass(frozen=True, slots=True)
class Team:
    """People of one holder with the fitting patents they stand behind, best first."""

    holder_id: int
    people: tuple[Person, ...]
    patent_ids: tuple[int, ...]
    ticks: int  # of the best

    @property
    def more(self) -> int:
        """How many people are not named here for want of room."""
        return max(0, len(self.people) - MOST_PEOPLE)


def teams(fits: Iterable[Fit]) -> list[Team]:
    """The teams behind at least two of these patents: most patents first, then the best fit."""
    by_holder: dict[int, list[Fit]] = defaultdict(list)
    for fit in fits:
        by_holder[fit.holder_id].append(fit)
    found = [
        _team(holder, group)
        for holder, rows in by_holder.items()
        for group in _together(rows)
        if len(group) >= LEAST_PATENTS
    ]
    found.sort(key=lambda team: (-len(team.patent_ids), -team.ticks, team.patent_ids))
    return found[:MOST_TEAMS]


def _together(fits: list[Fit]) -> list[list[Fit]]:
    """The patents of one holder in groups that share people."""
    groups: list[tuple[set[str], list[Fit]]] = []
    for fit in fits:
        names, rows = set(fit.names), [fit]
        if not names:
            continue
        apart = []
        for known, others in groups:
            if known & names:
                names |= known
                rows = others + rows
            else:
                apart.append((known, others))
        groups = [*apart, (names, rows)]
    return [rows for _names, rows in groups]


def _team(holder_id: int, fits: list[Fit]) -> Team:
    counts: dict[str, int] = defaultdict(int)
    order: dict[str, int] = {}
    best = sorted(fits, key=lambda fit: (-fit.ticks, fit.patent_id))
    for fit in best:
        for name in fit.names:
            counts[name] += 1
            order.setdefault(name, len(order))
    people = sorted(counts, key=lambda name: (-counts[name], order[name]))
    return Team(
        holder_id=holder_id,
        people=tuple(Person(name, counts[name]) for name in people),
        patent_ids=tuple(fit.patent_id for fit in best),
        ticks=best[0].ticks,
    )
