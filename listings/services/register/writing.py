"""Writing what the register binds a patent with, so that the rows follow from its events alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.db.backends.postgresql.psycopg_any import DateRange, NumericRange

from core.audit import services as audit
from core.days import begins, legal_day
from core.people.types import Actor
from listings.models import Encumbrance, LegalEvent, Patent
from listings.rules import binding
from listings.rules.claims import Bond, Effect
from listings.rules.folding import Folded
from listings.selectors.register.folding import GAZETTE, Papers, is_registers
from listings.services import news
from listings.services.layers.scoring import rescore
from listings.types import MODES, WHOLE_COUNTRY

TERM_OVER = "期限届满"


@dataclass(frozen=True, slots=True)
class Turn:
    """A bond that began or ended by the register's word."""

    row: Encumbrance
    began: bool


def follow(patent: Patent, folded: Folded, papers: Papers, *, by: Actor, now: datetime) -> None:
    """Bring the bonds of a locked patent in line with the fold, and tell of what began or ended."""
    events = {event.pk: event for event in papers.events}
    turns = [
        *_own_bonds(folded.effects, events, papers, now=now),
        *_register_bonds(patent, folded, events, papers, now=now),
    ]
    if turns:
        rescore([patent.pk])
    for turn in turns:
        _announce(patent, turn, by=by, now=now)


def _announce(patent: Patent, turn: Turn, *, by: Actor, now: datetime) -> None:
    row = turn.row
    facts: dict[str, Any] = {
        "encumbrance": row.pk,
        "kind": row.kind,
        "reference": row.reference,
        "register_number": row.register_number,
    }
    day = row.term.lower if turn.began else row.term.upper
    dated: dict[str, Any] = {
        "starts_on" if turn.began else "ended_on": day.isoformat() if day else None
    }
    name = "patent.encumbered" if turn.began else "patent.released"
    audit.record(name, subject=patent, by=by, at=now, changes={**facts, **dated})
    told = "patent.bound" if turn.began else "patent.freed"
    news.tell(told, patent, by=by, now=now, source=row.source, **facts, **dated)


def _own_bonds(
    effects: Mapping[int, Effect],
    events: Mapping[int, LegalEvent],
    papers: Papers,
    *,
    now: datetime,
) -> Iterator[Turn]:
    """What the platform wrote: confirmed, ended, or given back what a mistaken match took."""
    for row in papers.bonds:
        if is_registers(row):
            continue
        effect = effects.get(row.pk, Effect())
        before = {name: getattr(row, name) for name in _FIELDS}
        row.confirmed_by_event_id = effect.confirmed_by
        if effect.ended_by is not None:
            _end(row, effect, events[effect.ended_by.id])
        elif row.released_by_event_id is not None:
            _give_back(row, on=legal_day(now))
        if before == {name: getattr(row, name) for name in _FIELDS}:
            continue
        try:
            with transaction.atomic():
                row.save(update_fields=list(_FIELDS))
        except IntegrityError:  # somebody was bound in its place meanwhile: it stays ended
            continue
        if before["active"] and not row.active:
            yield Turn(row, began=False)


_FIELDS = (
    *("confirmed_by_event_id", "released_by_event_id", "agreed_term", "term", "active"),
    *("released_at", "released_by", "released_because"),
)


def _end(row: Encumbrance, effect: Effect, event: LegalEvent) -> None:
    agreed = row.agreed_term or row.term
    starts_on = agreed.lower
    empty = starts_on is not None and effect.until is not None and effect.until <= starts_on
    row.agreed_term = agreed
    row.term = DateRange(empty=True) if empty else DateRange(starts_on, effect.until)
    row.active = False
    row.released_by_event_id = event.pk
    row.released_at, row.released_by = event.recorded_at, event.recorded_by
    row.released_because = f"公告 {event.code}"


def _give_back(row: Encumbrance, *, on: date) -> None:
    term = row.agreed_term
    row.term, row.agreed_term, row.released_by_event_id = term, None, None
    row.active = term is not None and not term.isempty and (term.upper is None or term.upper > on)
    row.released_because = "" if row.active else TERM_OVER
    if row.active:
        row.released_at = row.released_by = None


def _register_bonds(
    patent: Patent,
    folded: Folded,
    events: Mapping[int, LegalEvent],
    papers: Papers,
    *,
    now: datetime,
) -> Iterator[Turn]:
    """The register's own rows: those that no longer follow go, the others are as they should be."""
    here = {row.confirmed_by_event_id: row for row in papers.bonds if is_registers(row)}
    wanted = {bond.event.id: bond for bond in folded.bonds}
    gone = [row.pk for event, row in here.items() if event not in wanted]
    if gone:
        Encumbrance.objects.filter(pk__in=gone).delete()
    columns = {i: columns_of(bond, events, on=legal_day(now)) for i, bond in wanted.items()}
    changed = [i for i in wanted if i in here and _differs(here[i], columns[i])]
    were_active = {i: here[i].active for i in changed}
    if len(changed) > 1:  # two that change places must not meet on the way
        Encumbrance.objects.filter(pk__in=[here[i].pk for i in changed]).update(
            active=False, released_at=now, released_by="system"
        )
    for i in changed:
        row = here[i]
        for name, value in columns[i].items():
            setattr(row, name, value)
        row.save(update_fields=list(columns[i]))
        if were_active[i] and not row.active:
            yield Turn(row, began=False)
    fresh = [Encumbrance(patent=patent, **columns[i]) for i in wanted if i not in here]
    for row in Encumbrance.objects.bulk_create(fresh):
        if row.active:
            yield Turn(row, began=True)


def _differs(row: Encumbrance, columns: Mapping[str, Any]) -> bool:
    return any(getattr(row, name) != value for name, value in columns.items())


def columns_of(bond: Bond, events: Mapping[int, LegalEvent], *, on: date) -> dict[str, Any]:
    """The register's row of one bond. Nothing in it depends on when or in which order it came."""
    event = events[bond.event.id]
    ended = events[bond.ended_by.id] if bond.ended_by else None
    over = bond.until is not None and bond.until <= on
    released: tuple[datetime | None, str | None, str] = (None, None, "")
    if ended is not None:
        released = (ended.recorded_at, ended.recorded_by, f"公告 {ended.code}")
    elif over and bond.until is not None:
        released = (begins(bond.until), "system", TERM_OVER)
    return {
        "kind": str(bond.kind),
        "territory": WHOLE_COUNTRY,
        "modes": list(MODES),
        "cells": sorted(binding.ALL_CELLS),
        "slots": NumericRange(*binding.register_seats(bond.kind, event.pk)),
        "term": DateRange(bond.starts_on, bond.until),
        "source": GAZETTE,
        "reference": event.reference,
        "register_number": event.reference,
        "confirmed_by_event_id": event.pk,
        "active": not over,
        "created_at": event.recorded_at,
        "created_by": event.recorded_by,
        "released_at": released[0],
        "released_by": released[1],
        "released_because": released[2],
    }
