"""A patent's rows as the fold reads them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from listings.models import DeclaredHolders, Encumbrance, LegalEvent, Patent
from listings.rules import binding, folding
from listings.rules.claims import NOTHING, Fact, Own
from listings.rules.folding import Declared, Folded, Known
from listings.types import EncumbranceKind, PatentKind

GAZETTE = "gazette"


@dataclass(slots=True)
class Papers:
    """What belongs to one patent."""

    events: list[LegalEvent] = field(default_factory=list)
    bonds: list[Encumbrance] = field(default_factory=list)
    declared: DeclaredHolders | None = None


def papers(patent_ids: Collection[int]) -> Mapping[int, Papers]:
    """The events, bonds and declared holders of these patents, in three queries."""
    found: dict[int, Papers] = defaultdict(Papers)
    for event in LegalEvent.objects.filter(patent_id__in=patent_ids):
        found[event.patent_id].events.append(event)
    for bond in Encumbrance.objects.filter(patent_id__in=patent_ids).order_by("pk"):
        found[bond.patent_id].bonds.append(bond)
    for declared in DeclaredHolders.objects.filter(patent_id__in=patent_ids):
        found[declared.patent_id].declared = declared
    return found


def folded(patent: Patent, papers: Papers, *, on: date) -> Folded:
    """What all of a patent's events come to on a day."""
    known = Known(
        is_verified=patent.number is not None,
        kind=PatentKind(patent.kind),
        filed_on=patent.filed_on,
        granted_on=patent.granted_on,
        expires_on=patent.expires_on,
    )
    facts = [
        Fact(e.pk, e.occurred_on, e.code, e.reference, e.detail or NOTHING, e.recorded_at)
        for e in papers.events
    ]
    return folding.fold(
        known, facts, own=own(papers.bonds), declared=declared(papers.declared), on=on
    )


def own(rows: Iterable[Encumbrance]) -> list[Own]:
    """The bonds that the platform wrote itself, with the terms they have without the register."""
    found = []
    for row in rows:
        if is_registers(row):
            continue
        term: Any = row.agreed_term or row.term
        start, until = (date.max, date.max) if term.isempty else (term.lower, term.upper)
        found.append(
            Own(
                id=row.pk,
                kind=EncumbranceKind(row.kind),
                starts_on=start or date.min,
                until=until,
                register_number=row.register_number,
                is_released=row.released_at is not None and row.released_by_event_id is None,
                cells=binding.ALL_CELLS,
                exception=row.exception,
                written_at=row.created_at,
            )
        )
    return found


def is_registers(row: Encumbrance) -> bool:
    """Whether the row is the register's own, and follows from its events alone."""
    return row.source == GAZETTE and row.confirmed_by_event_id is not None


def declared(row: DeclaredHolders | None) -> Declared | None:
    """Where the fold of the patentees starts."""
    if row is None:
        return None
    return Declared(tuple(holder["name"] for holder in row.holders), row.after_event)


def last_day(until: date | None) -> date | None:
    """The last day of a term that ends before a day."""
    return None if until is None else until - timedelta(days=1)
