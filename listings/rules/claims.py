"""What the register says binds a patent, and how that meets what the platform wrote itself.

An event that begins something opens a claim; the one that ends it closes it, whichever came to us
first. A claim that speaks of a bond the platform wrote already confirms that bond; any other is
bound as the register's own, unless it cannot stand beside what is there: then somebody must look.
Everything here is a function of the *set* of events and bonds, never of their order of arrival.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from listings.rules import binding, standing
from listings.types import EncumbranceKind

K = EncumbranceKind

OPENS: dict[str, str] = standing.OPENS
CLOSES: dict[str, str] = standing.CLOSES
RESTATES: dict[str, str] = {"PM01": "pledge", "EM01": "licence"}
FAMILIES: dict[str, frozenset[EncumbranceKind]] = {
    "pledge": frozenset({K.PLEDGE}),
    "licence": binding.LICENCES,
    "preservation": frozenset({K.PRESERVATION}),
    "declaration": frozenset({K.OPEN_DECLARATION}),
}
# A licence of unstated kind is an ordinary one (SI25).
USUAL: dict[str, EncumbranceKind] = {
    "pledge": K.PLEDGE,
    "licence": K.ORDINARY,
    "preservation": K.PRESERVATION,
    "declaration": K.OPEN_DECLARATION,
}
NOTHING: Mapping[str, Any] = {}


class Fact(NamedTuple):
    """A legal event as the fold reads it; `id` only names it."""

    id: int
    occurred_on: date
    code: str
    reference: str = ""
    detail: Mapping[str, Any] = NOTHING
    recorded_at: datetime | None = None


@dataclass(slots=True)
class Claim:
    """Something that the register says runs, from a day until before another."""

    opened: Fact
    sort: str
    kind: EncumbranceKind | None
    until: date | None = None
    closed: Fact | None = None

    @property
    def starts_on(self) -> date:
        return self.opened.occurred_on

    @property
    def is_empty(self) -> bool:
        return self.until is not None and self.until <= self.starts_on

    @property
    def as_kind(self) -> EncumbranceKind:
        return self.kind or USUAL[self.sort]


@dataclass(frozen=True, slots=True)
class Own:
    """A bond that the platform wrote, with the term it would have without the register."""

    id: int
    kind: EncumbranceKind
    starts_on: date
    until: date | None
    register_number: str = ""
    is_released: bool = False
    cells: frozenset[int] = binding.ALL_CELLS
    exception: str = ""
    written_at: datetime | None = None

    def was_there(self, fact: Fact) -> bool:
        """Whether the bond was written before the event came: only then may it be the one meant."""
        return (
            self.written_at is None
            or fact.recorded_at is None
            or self.written_at <= fact.recorded_at
        )


@dataclass(frozen=True, slots=True)
class Effect:
    """What the register does to one of the platform's bonds."""

    confirmed_by: int | None = None
    ended_by: Fact | None = None
    until: date | None = None


@dataclass(frozen=True, slots=True)
class Bond:
    """What the register itself binds the patent with: one row."""

    event: Fact
    kind: EncumbranceKind
    starts_on: date
    until: date | None
    ended_by: Fact | None


@dataclass(frozen=True, slots=True)
class Overlap:
    """A claim that cannot stand beside what is there: with a bond of ours, or another claim."""

    claim: Claim
    rival: int | None = None
    rival_event: Fact | None = None


@dataclass(slots=True)
class Outcome:
    """Everything that follows from the claims."""

    effects: dict[int, Effect] = field(default_factory=dict)
    bonds: list[Bond] = field(default_factory=list)
    overlaps: list[Overlap] = field(default_factory=list)


def day_of(text: object) -> date | None:
    """A day as an event's detail keeps it."""
    if not isinstance(text, str) or not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def read(history: Iterable[Fact]) -> tuple[list[Claim], list[tuple[str, Fact]]]:
    """The claims of a history in its order, and the closings that close none of them."""
    claims: list[Claim] = []
    orphans: list[tuple[str, Fact]] = []
    running: dict[str, list[Claim]] = {sort: [] for sort in FAMILIES}
    for fact in history:
        if sort := OPENS.get(fact.code):
            if _named(running[sort], fact) is None:
                claim = _opened(sort, fact)
                running[sort].append(claim)
                claims.append(claim)
        elif sort := RESTATES.get(fact.code):
            _restate(running[sort], fact)
        elif sort := CLOSES.get(fact.code):
            open_ones = running[sort]
            found = _named(open_ones, fact)
            if found is None and open_ones and not fact.reference:
                found = open_ones[0]
            if found is None:
                orphans.append((sort, fact))
                continue
            open_ones.remove(found)
            found.closed = fact
            found.until = min(found.until or fact.occurred_on, fact.occurred_on)
    return claims, orphans


def _named(claims: Sequence[Claim], fact: Fact) -> Claim | None:
    return next((c for c in claims if c.opened.reference == fact.reference), None)


def _opened(sort: str, fact: Fact) -> Claim:
    kind = None
    if sort == "licence" and fact.detail.get("kind") in {k.value for k in binding.LICENCES}:
        kind = EncumbranceKind(fact.detail["kind"])
    claim = Claim(fact, sort, kind)
    _restate([claim], fact)
    return claim


def _restate(claims: Sequence[Claim], fact: Fact) -> None:
    """A change of the registered term; without a number it can only mean the one there is."""
    found = _named(claims, fact)
    if found is None and len(claims) == 1 and not fact.reference:
        found = claims[0]
    ends_on = day_of(fact.detail.get("ends_on"))
    if found is not None and ends_on is not None:
        found.until = ends_on + timedelta(days=1)


def weigh(
    claims: Sequence[Claim], orphans: Sequence[tuple[str, Fact]], own: Sequence[Own]
) -> Outcome:
    """What the claims confirm, end, bind anew and contradict."""
    found = Outcome()
    matched = _match(claims, own) if own else {}
    by_id = {row.id: row for row in own}
    for index, row_id in matched.items():
        claim = claims[index]
        found.effects[row_id] = _effect(by_id[row_id], claim.opened.id, claim.closed)
    for sort, fact in orphans:
        row = _meant(sort, fact, [r for r in own if r.id not in found.effects])
        if row is not None:
            found.effects[row.id] = _effect(row, None, fact)
    _bind(found, [c for i, c in enumerate(claims) if i not in matched], own)
    return found


def _effect(row: Own, event_id: int | None, closed: Fact | None) -> Effect:
    ends = closed is not None and not row.is_released
    if closed is None or not ends or (row.until is not None and row.until <= closed.occurred_on):
        return Effect(confirmed_by=event_id)
    return Effect(event_id, closed, max(row.starts_on, closed.occurred_on))


def _match(claims: Sequence[Claim], own: Sequence[Own]) -> dict[int, int]:
    """Index of the claim → the bond it speaks of: by register number first, then by term."""
    matched: dict[int, int] = {}
    free = sorted(own, key=lambda row: (row.starts_on, row.id))
    for by_number in (True, False):
        for index, claim in enumerate(claims):
            if index in matched:
                continue
            row = next((r for r in free if _speaks_of(claim, r, by_number=by_number)), None)
            if row is not None:
                matched[index] = row.id
                free.remove(row)
    return matched


def _speaks_of(claim: Claim, row: Own, *, by_number: bool) -> bool:
    if row.kind not in FAMILIES[claim.sort]:
        return False
    number = claim.opened.reference
    if by_number:
        return bool(number) and row.register_number == number
    if (number and row.register_number) or not row.was_there(claim.opened):
        return False  # two different numbers are two different things
    if claim.kind is not None and claim.kind is not row.kind:
        return False
    until = claim.until
    if claim.is_empty:  # ended on the day it began: it speaks of that day
        until = claim.starts_on + timedelta(days=1)
    return _meet(claim.starts_on, until, row.starts_on, row.until)


def _meant(sort: str, fact: Fact, rows: Sequence[Own]) -> Own | None:
    """The bond that a closing without an opening ends: the one of its number, or the only one."""
    family = [r for r in rows if r.kind in FAMILIES[sort] and not r.is_released]
    if fact.reference:
        return next((r for r in family if r.register_number == fact.reference), None)
    day = fact.occurred_on
    running = [
        r
        for r in family
        if r.starts_on <= day and (r.until is None or day < r.until) and r.was_there(fact)
    ]
    return running[0] if len(running) == 1 else None


@dataclass(frozen=True, slots=True)
class _Placed:
    kind: EncumbranceKind
    starts_on: date
    until: date | None
    exception: str = ""
    own: int | None = None
    event: Fact | None = None


def _bind(found: Outcome, claims: Sequence[Claim], own: Sequence[Own]) -> None:
    """Give every claim its own row, where it can stand."""
    placed: list[_Placed] = []
    for row in own:
        effect = found.effects.get(row.id)
        until = effect.until if effect and effect.ended_by else row.until
        placed.append(_Placed(row.kind, row.starts_on, until, row.exception, own=row.id))
    for claim in claims:
        if claim.is_empty:
            continue
        start: date | None = claim.starts_on
        for rival in sorted(placed, key=lambda r: (r.until or date.max, r.starts_on)):
            if start is None or not _excludes(claim, start, rival):
                continue
            if rival.until is None or rival.own is not None:
                found.overlaps.append(Overlap(claim, rival.own, rival.event))
                start = None
            else:  # the register's older entry has ended since: this one binds from then on
                start = rival.until
        if start is None or (claim.until is not None and claim.until <= start):
            continue
        found.bonds.append(Bond(claim.opened, claim.as_kind, start, claim.until, claim.closed))
        placed.append(_Placed(claim.as_kind, start, claim.until, event=claim.opened))


def _excludes(claim: Claim, start: date, rival: _Placed) -> bool:
    return binding.exclude_each_other(
        claim.as_kind, rival.kind, exception=rival.exception
    ) and _meet(start, claim.until, rival.starts_on, rival.until)


def _meet(a: date, a_until: date | None, b: date, b_until: date | None) -> bool:
    """Whether two terms share a day; an empty one shares none."""
    start = max(a, b)
    return (a_until is None or start < a_until) and (b_until is None or start < b_until)
