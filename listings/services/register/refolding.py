"""Folding the stock anew from its events: proof that what is stored follows from them, and repair.

What differs is settled patent by patent, with everything that follows and everybody told. For the
first load of a nation's stock, where nobody has heard anything yet, `quietly` writes a whole range
at once and tells nobody.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from core.audit import services as audit
from core.days import legal_day
from core.people.types import Actor
from listings.models import Patent
from listings.selectors.register import refolding as reading
from listings.selectors.register.refolding import Stored
from listings.services.register import bulk
from listings.services.register.folding import settle_many

PORTION = 200
SAMPLES = 10


@dataclass
class Tally:
    """What a re-fold met: what it read, and how many patents differed in which part."""

    patents: int = 0
    events: int = 0
    differing: int = 0
    parts: dict[str, int] = field(default_factory=dict)
    samples: list[tuple[int, dict[str, Any]]] = field(default_factory=list)

    def note(self, found: Stored, wrong: dict[str, Any]) -> None:
        """One more patent that was read, and what was wrong with it."""
        self.patents, self.events = self.patents + 1, self.events + found.events
        if not wrong:
            return
        self.differing += 1
        for part in wrong:
            self.parts[part] = self.parts.get(part, 0) + 1
        if len(self.samples) < SAMPLES:
            self.samples.append((found.row.id, wrong))

    def add(self, other: Tally) -> None:
        """Another range beside this one."""
        self.patents, self.events = self.patents + other.patents, self.events + other.events
        self.differing += other.differing
        for part, count in other.parts.items():
            self.parts[part] = self.parts.get(part, 0) + count
        self.samples = [*self.samples, *other.samples][:SAMPLES]


@transaction.atomic
def refold(
    first: int, last: int, *, now: datetime, check: bool = False, quietly: bool = False
) -> Tally:
    """Fold the patents with these ids anew and mend what differs; a `check` only counts."""
    on, tally = legal_day(now), Tally()
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = 0")
    differing: list[Stored] = []
    for found in reading.stored(first, last, on=on, lock=not check):
        wrong = reading.differences(found, on=on)
        tally.note(found, wrong)
        if wrong and not check:
            differing.append(found)
    fresh = [each for each in differing if quietly and _only_adds(each)]
    if fresh:
        bulk.write(fresh, on=on, now=now)
        audit.record(
            "patent.refolded",
            subject=Patent.objects.get(pk=fresh[0].row.id),
            by=Actor.system(),
            at=now,
            changes={"from": first, "to": last, "patents": len(fresh)},
        )
    added = {each.row.id for each in fresh}
    _settle([each.row.id for each in differing if each.row.id not in added], now=now)
    return tally


def _only_adds(found: Stored) -> bool:
    """Whether nothing is here yet that would have to change or go."""
    folded = found.folded
    return not (found.bonds or found.was_doubted or folded.holders is not None)


def _settle(ids: Sequence[int], *, now: datetime) -> None:
    by = Actor.system()
    for start in range(0, len(ids), PORTION):
        rows = list(Patent.objects.filter(pk__in=ids[start : start + PORTION]).order_by("pk"))
        settle_many(rows, by=by, now=now)
        audit.record_many("patent.refolded", subjects=rows, by=by, at=now)
