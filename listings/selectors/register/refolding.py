"""A range of the stock, folded from its events, beside what is stored of it."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any, NamedTuple

from django.db import connection

from core.people.types import Actor
from listings.models import (
    Contradiction,
    DeclaredHolders,
    Encumbrance,
    Holder,
    LegalEvent,
    Patent,
)
from listings.rules import folding
from listings.rules.claims import NOTHING, Fact
from listings.rules.folding import Folded, Known
from listings.selectors.register.folding import declared, is_registers, own
from listings.types import PatentKind

EVENTS = """
    SELECT patent_id, id, occurred_on, code, reference, nullif(detail, '{}')
    FROM listings_legalevent WHERE patent_id BETWEEN %s AND %s
"""
COLUMNS = ("id", "number", "kind", "filed_on", "granted_on", "expires_on", "status")
KINDS = {kind.value: kind for kind in PatentKind}


class Row(NamedTuple):
    """A patent as it is stored."""

    id: int
    number: str | None
    kind: str
    filed_on: date | None
    granted_on: date | None
    expires_on: date | None
    status: str


@dataclass(slots=True)
class Stored:
    """What is stored of one patent, and what its events come to."""

    row: Row
    folded: Folded
    events: int
    bonds: list[Encumbrance]
    holders: tuple[str, ...]
    open: frozenset[tuple[int, str]]  # contradictions that wait
    answered: frozenset[tuple[int, str]]  # those that a person has answered
    was_doubted: bool  # whether it ever had any


@dataclass(slots=True)
class _Beside:
    """Everything of a range that few patents have."""

    bonds: dict[int, list[Encumbrance]] = field(default_factory=lambda: defaultdict(list))
    declared: dict[int, DeclaredHolders] = field(default_factory=dict)
    holders: dict[int, list[str]] = field(default_factory=lambda: defaultdict(list))
    open: dict[int, set[tuple[int, str]]] = field(default_factory=lambda: defaultdict(set))
    answered: dict[int, set[tuple[int, str]]] = field(default_factory=lambda: defaultdict(set))
    doubted: set[int] = field(default_factory=set)


def ranges(size: int) -> Iterator[tuple[int, int]]:
    """The id ranges that cover the stock."""
    ids = Patent.objects.values_list("pk", flat=True)
    first, last = ids.order_by("pk").first(), ids.order_by("-pk").first()
    if first is None or last is None:
        return
    for start in range(first, last + 1, size):
        yield start, min(start + size - 1, last)


def stored(first: int, last: int, *, on: date, lock: bool) -> Iterator[Stored]:
    """Every patent of the range, in a handful of statements; locked where it may be mended."""
    rows = Patent.objects.kept().filter(pk__range=(first, last)).order_by("pk")
    if lock:
        rows = rows.select_for_update(no_key=True)
    patents = [Row(*values) for values in rows.values_list(*COLUMNS)]
    facts, beside = _facts(first, last), _beside(first, last)
    _date(facts, [pk for pk, rows in beside.bonds.items() if not all(map(is_registers, rows))])
    for row in patents:
        mine, bonds = facts.get(row.id, ()), beside.bonds.get(row.id, [])
        known = Known(
            row.number is not None,
            KINDS[row.kind],
            row.filed_on,
            row.granted_on,
            row.expires_on,
        )
        yield Stored(
            row=row,
            folded=folding.fold(
                known,
                mine,
                own=own(bonds) if bonds else (),
                declared=declared(beside.declared.get(row.id)),
                on=on,
            ),
            events=len(mine),
            bonds=bonds,
            holders=tuple(beside.holders.get(row.id, ())),
            open=frozenset(beside.open.get(row.id, ())),
            answered=frozenset(beside.answered.get(row.id, ())),
            was_doubted=row.id in beside.doubted,
        )


def _facts(first: int, last: int) -> dict[int, list[Fact]]:
    found: dict[int, list[Fact]] = defaultdict(list)
    with connection.cursor() as cursor:
        cursor.execute(EVENTS, [first, last])
        while portion := cursor.fetchmany(10_000):
            for patent_id, event_id, day, code, reference, detail in portion:
                found[patent_id].append(
                    Fact(event_id, day, code, reference, json.loads(detail) if detail else NOTHING)
                )
    return found


def _date(facts: dict[int, list[Fact]], patent_ids: list[int]) -> None:
    """Beside bonds of the platform's own it matters when an event came."""
    rows = LegalEvent.objects.filter(patent_id__in=patent_ids)
    came = dict(rows.values_list("pk", "recorded_at"))
    for pk in patent_ids:
        facts[pk] = [fact._replace(recorded_at=came[fact.id]) for fact in facts.get(pk, ())]


def _beside(first: int, last: int) -> _Beside:
    found, here = _Beside(), {"patent_id__gte": first, "patent_id__lte": last}
    for bond in Encumbrance.objects.filter(**here).defer("cells", "modes").order_by("pk"):
        found.bonds[bond.patent_id].append(bond)
    for start in DeclaredHolders.objects.filter(**here):
        found.declared[start.patent_id] = start
    names = Holder.objects.filter(patent_id__in=list(found.declared)).order_by("position", "pk")
    for patent_id, name in names.values_list("patent_id", "name"):
        found.holders[patent_id].append(name)
    system = Actor.system().key
    for patent_id, event_id, code, by in Contradiction.objects.filter(**here).values_list(
        "patent_id", "event_id", "code", "settled_by"
    ):
        found.doubted.add(patent_id)
        if by is None:
            found.open[patent_id].add((event_id, code))
        elif by != system:
            found.answered[patent_id].add((event_id, code))
    return found


def differences(found: Stored, *, on: date) -> dict[str, Any]:
    """What is stored otherwise than the events say: by part, what it should be. Empty: nothing."""
    folded, row = found.folded, found.row
    wrong: dict[str, Any] = {}
    should = (str(folded.standing.status), folded.granted_on, folded.expires_on)
    if should != (row.status, row.granted_on, row.expires_on):
        wrong["status"] = should
    if found.bonds or folded.bonds:
        wanted = {
            bond.event.id: (str(bond.kind), bond.starts_on, bond.until, _runs(bond.until, on))
            for bond in folded.bonds
        }
        if wanted != {b.confirmed_by_event_id: _bond(b) for b in found.bonds if is_registers(b)}:
            wrong["bonds"] = wanted
        if any(_effect_differs(found, bond) for bond in found.bonds if not is_registers(bond)):
            wrong["effects"] = folded.effects
    if folded.holders is not None and tuple(n.name for n in folded.holders) != found.holders:
        wrong["holders"] = tuple(named.name for named in folded.holders)
    if folded.contradictions or found.open:
        doubts = {(c.event, c.code) for c in folded.contradictions} - found.answered
        if doubts != found.open:
            wrong["contradictions"] = sorted(doubts)
    return wrong


def _runs(until: date | None, on: date) -> bool:
    return until is None or until > on


def _bond(row: Encumbrance) -> tuple[str, date | None, date | None, bool]:
    return row.kind, row.term.lower, row.term.upper, row.active


def _effect_differs(found: Stored, row: Encumbrance) -> bool:
    effect = found.folded.effects.get(row.pk)
    confirmed = effect.confirmed_by if effect else None
    ended = effect.ended_by.id if effect and effect.ended_by else None
    return (confirmed, ended) != (row.confirmed_by_event_id, row.released_by_event_id)
