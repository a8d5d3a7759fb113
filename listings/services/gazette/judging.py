"""What would become, or becomes, of the rows of a file of events."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final

from django.db import transaction
from django.db.models import Count, Q

from core.days import legal_day
from listings.imports import gazette
from listings.imports.gazette import Given, Problem
from listings.models import EventFile, EventRow, LegalEvent, Patent
from listings.models.events import EventFileState, EventVerdict, Scope

PORTION: Final = 250
Key = tuple[str, str, date, str]


@dataclass
class Fate:
    """One row: what it says, of which patent, and what becomes of it."""

    row: EventRow
    given: Given
    verdict: str
    patent: Patent | None = None
    problems: list[Problem] = field(default_factory=list)


def within_reach(scope: str, organisation_id: int, region: str) -> Q:
    """The patents whose events this sender may record: its own stock, or those of a region."""
    if scope == Scope.STOCK:
        return Q(organisation_id=organisation_id)
    return Q(region__startswith=region)


def judge_file(*, file_id: int, now: datetime) -> None:
    """The dry run: write each row's verdict and change nothing else."""
    file = EventFile.objects.get(pk=file_id)
    seen: set[Key] = set()
    after = -1
    while rows := list(file.rows.filter(number__gt=after).order_by("number")[:PORTION]):
        fates = judge(file, rows, seen, now=now)
        write_rows(fates, done=False)
        after = rows[-1].number
        file.progress += len(rows)
        EventFile.objects.filter(pk=file.pk, state=EventFileState.CHECKING).update(
            progress=file.progress, worked_at=now
        )
    with transaction.atomic():
        locked = EventFile.objects.select_for_update().get(pk=file.pk)
        if locked.state != EventFileState.CHECKING:
            return
        locked.state, locked.counts = EventFileState.CHECKED, counts(locked)
        locked.save(update_fields=["state", "counts"])


def judge(
    file: EventFile,
    rows: Sequence[EventRow],
    seen: set[Key],
    *,
    now: datetime,
    lock: bool = False,
) -> list[Fate]:
    """The fate of each row as things stand now; `seen` are the events of the rows before."""
    today, mapping = legal_day(now), file.about["mapping"]
    given = [gazette.read(mapping, row.raw, today=today) for row in rows]
    patents = _patents(file, {g.number for g in given if g.number}, lock=lock)
    known = _known(patents)
    fates = []
    for row, said in zip(rows, given, strict=True):
        fate = Fate(row, said, EventVerdict.FITS, patents.get(said.number), list(said.problems))
        if fate.problems:
            fate.verdict = EventVerdict.REJECTED
        elif said.key in seen:
            fate.verdict = EventVerdict.KNOWN
        elif fate.patent is None:
            fate.verdict = EventVerdict.WAITING
        elif (fate.patent.pk, *said.key[1:]) in known:
            fate.verdict = EventVerdict.KNOWN
        elif early := _too_early(fate.patent, said):
            fate.verdict, fate.problems = EventVerdict.REJECTED, [early]
        if fate.verdict in (EventVerdict.FITS, EventVerdict.WAITING):
            seen.add(said.key)
        fates.append(fate)
    return fates


def _patents(file: EventFile, wanted: set[str], *, lock: bool) -> dict[str, Patent]:
    reach = within_reach(file.scope, file.organisation_id, file.region)
    rows = Patent.objects.kept().filter(reach, office="CN", number__in=wanted).order_by("pk")
    rows = rows.defer("embedding", "search", "abstract")
    if lock:
        rows = rows.select_for_update(no_key=True)
    return {row.number: row for row in rows if row.number}


def _known(patents: dict[str, Patent]) -> set[tuple[int, str, date, str]]:
    rows = LegalEvent.objects.filter(patent__in=[patent.pk for patent in patents.values()])
    return set(rows.values_list("patent_id", "code", "occurred_on", "reference"))


def _too_early(patent: Patent, said: Given) -> Problem | None:
    if patent.filed_on is None or said.occurred_on >= patent.filed_on:
        return None
    return Problem(
        gazette.BY_NAME["occurred_on"].label,
        "occurred_on",
        "before-filing",
        f"生效日 {said.occurred_on} 早于这件专利的申请日 {patent.filed_on}。",
        "请核对号码和日期；申请日登记有误的，请先更正申请日。",
    )


def write_rows(fates: Sequence[Fate], *, done: bool) -> None:
    for fate in fates:
        fate.row.verdict, fate.row.is_done = fate.verdict, done
        fate.row.problems = [problem.told() for problem in fate.problems]
        fate.row.patent = fate.patent
    EventRow.objects.bulk_update(
        [fate.row for fate in fates], ["verdict", "problems", "patent", "is_done"]
    )


def counts(file: EventFile) -> dict[str, Any]:
    rows = file.rows.order_by().values_list("verdict").annotate(n=Count("pk"))
    return dict.fromkeys(EventVerdict.values, 0) | dict(rows)
