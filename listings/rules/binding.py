"""What may bind a patent at once: territory × mode cells, seats, and the lawful exceptions.

Every encumbrance takes a range of seats in the cells it covers, for its term. Two that share a
cell, a seat and a day exclude each other; the database holds exactly this (EXCLUDE constraint):

    seat 0     the one ordinary licence a sole licensor may grant who cannot work (SI27)
    seat 1     the open declaration: one at a time, never beside an exclusive or sole licence (PL51)
    seat 2 …   ordinary licences, one seat each
    seat −1    the pledge: there is no second rank
    seat −2 …  preservations, one seat each: a court asks nobody

An exclusive licence 独占 takes seats 0 and up, a sole licence 排他 takes 1 and up.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from listings.types import MODES, WHOLE_COUNTRY, EncumbranceKind

SI27 = "SI27"  # 法释〔2020〕19号 第二十五至二十七条: the sole licensor who cannot work himself
EXCEPTIONS = frozenset({"", SI27})

SI27_SEAT, DECLARATION_SEAT, FIRST_ORDINARY_SEAT = 0, 1, 2
PLEDGE_SEAT, FIRST_PRESERVATION_SEAT = -1, -2
LAST_SEAT = 2**31 - 1
# What the register binds sits apart, each row on the seat of its event, wherever it came in.
REGISTER_SEATS = 2**30

# GB/T 2260: the 34 divisions of the first level.
PROVINCES: tuple[str, ...] = (
    *("11", "12", "13", "14", "15", "21", "22", "23", "31", "32", "33", "34", "35", "36", "37"),
    *("41", "42", "43", "44", "45", "46", "50", "51", "52", "53", "54"),
    *("61", "62", "63", "64", "65", "71", "81", "82"),
)
LICENCES = frozenset({EncumbranceKind.ORDINARY, EncumbranceKind.SOLE, EncumbranceKind.EXCLUSIVE})


class ScopeError(ValueError):
    """A territory or mode that is not known. Chinese."""


@dataclass(frozen=True, slots=True)
class Bond:
    """An encumbrance as the rules read it; `ends_on` is its last day, None while open."""

    id: int
    kind: EncumbranceKind
    starts_on: date
    ends_on: date | None
    cells: frozenset[int]
    exception: str = ""
    consents: frozenset[str] = frozenset()
    reference: str = ""

    def meets(self, starts_on: date, ends_on: date | None, cells: Iterable[int]) -> bool:
        """Whether it shares a day and a cell with that scope."""
        late_enough = ends_on is None or self.starts_on <= ends_on
        early_enough = self.ends_on is None or starts_on <= self.ends_on
        return late_enough and early_enough and not self.cells.isdisjoint(cells)

    def runs_on(self, day: date) -> bool:
        return self.starts_on <= day and (self.ends_on is None or day <= self.ends_on)


def cells(territory: str, modes: Sequence[str]) -> list[int]:
    """The squares of province × mode that a scope covers; "CN" is every province."""
    if not modes or any(mode not in MODES for mode in modes):
        raise ScopeError(f"实施方式只能是 {'、'.join(MODES)} 中的一项或多项。")
    named = [part.strip() for part in territory.split(",") if part.strip()]
    places = list(PROVINCES) if named == [WHOLE_COUNTRY] else named
    if not places or any(place not in PROVINCES for place in places):
        raise ScopeError("许可地域请填 CN（全国），或省级行政区划代码前两位，用逗号分隔。")
    return sorted(int(place) * 10 + MODES.index(mode) for place in places for mode in modes)


ALL_CELLS = frozenset(cells(WHOLE_COUNTRY, MODES))


def seats(
    kind: EncumbranceKind, *, exception: str = "", taken: Iterable[int] = ()
) -> tuple[int, int]:
    """The seats a new encumbrance takes, as first and one past the last.

    `taken` are the first seats of the patent's encumbrances so far: ordinary licences and
    preservations go beside them, the others have their fixed places.
    """
    if kind is EncumbranceKind.EXCLUSIVE:
        return SI27_SEAT, LAST_SEAT
    if kind is EncumbranceKind.SOLE:
        return DECLARATION_SEAT, LAST_SEAT
    if kind is EncumbranceKind.OPEN_DECLARATION:
        return DECLARATION_SEAT, DECLARATION_SEAT + 1
    if kind is EncumbranceKind.PLEDGE:
        return PLEDGE_SEAT, PLEDGE_SEAT + 1
    taken = [seat for seat in taken if -REGISTER_SEATS < seat < REGISTER_SEATS]
    if kind is EncumbranceKind.PRESERVATION:
        seat = min([FIRST_PRESERVATION_SEAT + 1, *taken]) - 1
        return seat, seat + 1
    if exception == SI27:
        return SI27_SEAT, SI27_SEAT + 1
    seat = max([FIRST_ORDINARY_SEAT - 1, *taken]) + 1
    return seat, seat + 1


def register_seats(kind: EncumbranceKind, event_id: int) -> tuple[int, int]:
    """The seats of a row that follows from a gazette event."""
    if kind is EncumbranceKind.ORDINARY:
        return REGISTER_SEATS + event_id, REGISTER_SEATS + event_id + 1
    if kind is EncumbranceKind.PRESERVATION:
        return -REGISTER_SEATS - event_id, -REGISTER_SEATS - event_id + 1
    return seats(kind)


def exclude_each_other(
    one: EncumbranceKind, other: EncumbranceKind, *, exception: str = ""
) -> bool:
    """Whether the two kinds may not share a cell on the same day.

    `exception` is that of the ordinary licence among them. It lets one such licence stand
    beside a sole licence, and nothing else.
    """
    pair = {one, other}
    if EncumbranceKind.PRESERVATION in pair:
        return False
    if EncumbranceKind.PLEDGE in pair:
        return pair == {EncumbranceKind.PLEDGE}
    if EncumbranceKind.EXCLUSIVE in pair:
        return True
    if EncumbranceKind.SOLE in pair:
        return not (EncumbranceKind.ORDINARY in pair and exception == SI27)
    return pair == {EncumbranceKind.OPEN_DECLARATION}
