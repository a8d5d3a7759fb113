"""Legal events as those who keep them see them: what came lately, what waits, what does not fit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from core.errors import Missing
from core.people.types import Actor, Role
from listings.imports.sheets import Remark
from listings.models import Contradiction, EventFile, LegalEvent, Patent, WaitingEvent
from listings.models.events import (
    ContradictionQuerySet,
    EventFileQuerySet,
    EventFileState,
    EventVerdict,
    WaitingEventQuerySet,
)
from listings.models.patents import stands_under
from listings.rules import numbers, standing

LATEST = 600
WORKING = (EventFileState.CHECKING, EventFileState.RUNNING)


@dataclass(frozen=True, slots=True)
class EventCard:
    """A legal event with its patent, in words."""

    id: int
    patent_id: int
    patent: str
    title: str
    code: str
    label: str
    occurred_on: date
    reference: str
    told: str
    source: str
    recorded_at: datetime


def recent(*, viewer: Actor) -> Any:
    """The latest events of the patents that the viewer keeps or oversees, newest first."""
    mine = stands_under(viewer)
    patents = Patent.objects.kept()
    if mine is not None and not viewer.has(Role.SYSADMIN):
        patents = patents.filter(mine)
    rows = LegalEvent.objects.filter(patent__in=patents.values("pk"))
    return rows.order_by("-pk")[:LATEST]  # ids follow the order of recording


def recent_cards(rows: Sequence[LegalEvent]) -> list[EventCard]:
    """The same in words, with one more query for their patents."""
    ids = {row.patent_id for row in rows}
    patents = Patent.objects.filter(pk__in=ids).only("number", "title", "status").in_bulk()
    return [event_card(row, patents[row.patent_id]) for row in rows]


def event_card(row: LegalEvent, patent: Patent) -> EventCard:
    return EventCard(
        id=row.pk,
        patent_id=patent.pk,
        patent=numbers.printed(patent.number) if patent.number else "",
        title=patent.title,
        code=row.code,
        label=label_of(row.code),
        occurred_on=row.occurred_on,
        reference=row.reference,
        told=in_words(row.detail),
        source=row.source,
        recorded_at=row.recorded_at,
    )


def in_words(detail: dict[str, Any]) -> str:
    """What a gazette entry says besides its code: parties, term, days, remark."""
    parts = []
    old, new = detail.get("from"), detail.get("to")
    if isinstance(old, list) and isinstance(new, list) and old and new:
        parts.append(f"{'、'.join(map(str, old))} → {'、'.join(map(str, new))}")
    elif (named := (new or old)) and isinstance(named, list):
        parts.append("、".join(map(str, named)))
    if kind := _KINDS.get(str(detail.get("kind", ""))):
        parts.append(kind)
    if ends_on := detail.get("ends_on"):
        parts.append(f"到 {ends_on} 为止")
    if days := detail.get("days"):
        parts.append(f"补偿 {days} 天")
    if note := detail.get("note"):
        parts.append(str(note))
    return "；".join(parts)


_KINDS = {"ordinary": "普通许可", "sole": "排他许可", "exclusive": "独占许可"}


def label_of(code: str) -> str:
    """What a code is called."""
    return standing.EVENTS.get(code, ("其他事务", 0))[0]


def events_of(patent_id: int, *, viewer: Actor) -> list[EventCard]:
    """The legal events of one patent the viewer may see, in the order they took effect."""
    patent = Patent.objects.visible_to(viewer).filter(pk=patent_id).first()
    if patent is None:
        raise Missing("没有找到这件专利，可能已被移除，或您无权查看。")
    rows = sorted(
        patent.events.all(),
        key=lambda e: (e.occurred_on, standing.EVENTS.get(e.code, ("", 3))[1], e.code, e.reference),
    )
    return [event_card(row, patent) for row in rows]


def doubts(*, viewer: Actor) -> ContradictionQuerySet:
    """What does not fit the record, oldest first."""
    rows = Contradiction.objects.visible_to(viewer).select_related("patent", "event", "rival")
    rows = rows.defer("patent__embedding", "patent__search", "patent__abstract")
    return rows.order_by("found_at", "pk")


def doubt(contradiction_id: int, *, viewer: Actor) -> Contradiction:
    """One of them, or Missing."""
    found = doubts(viewer=viewer).filter(pk=contradiction_id).first()
    if found is None:
        raise Missing("没有找到这条记录，可能已经处理，或您无权查看。")
    return found


def doubts_of(patent_id: int, *, viewer: Actor) -> ContradictionQuerySet:
    """The open ones of one patent."""
    return doubts(viewer=viewer).open().filter(patent_id=patent_id)


def waiting(*, viewer: Actor) -> WaitingEventQuerySet:
    """Events that wait for their patent, oldest first."""
    rows = WaitingEvent.objects.visible_to(viewer).waiting()
    return rows.order_by("recorded_at", "pk")


def files(*, viewer: Actor) -> EventFileQuerySet:
    """The files that the viewer's organisation sent, newest first."""
    return EventFile.objects.visible_to(viewer).order_by("-created_at", "-pk")


def file(file_id: int, *, viewer: Actor) -> EventFile:
    """One of them, or Missing."""
    found = EventFile.objects.visible_to(viewer).filter(pk=file_id).first()
    if found is None:
        raise Missing("没有找到这个法律事件文件，可能属于其他单位。")
    return found


def rows(found: EventFile, *, verdict: str = "") -> Any:
    """Its rows in the order of the file, of one verdict if asked."""
    listed = found.rows.select_related("patent").order_by("number")
    listed = listed.defer("patent__embedding", "patent__search", "patent__abstract")
    return listed.filter(verdict=verdict) if verdict in EventVerdict.values else listed


def to_mend(found: EventFile) -> Iterator[tuple[int, Sequence[Any], list[Remark]]]:
    """The refused rows with what is wrong in which column."""
    mapping = found.about["mapping"]
    for row in found.rows.filter(verdict=EventVerdict.REJECTED).order_by("number").iterator():
        remarks = [
            Remark(mapping.get(p["field"]), f"“{p['column']}”：{p['reason']}{p['mend']}")
            for p in row.problems
        ]
        yield row.number, row.raw, remarks


def is_working(found: EventFile) -> bool:
    """Whether a worker is still at it."""
    return found.state in WORKING


def counts(*, viewer: Actor) -> dict[str, int]:
    """How many wait, and how many do not fit."""
    return {
        "waiting": waiting(viewer=viewer).count(),
        "doubts": Contradiction.objects.visible_to(viewer).open().count(),
    }


def no_files() -> EventFileQuerySet:
    """An empty set, for descriptions of the API."""
    return EventFile.objects.none()


def no_doubts() -> ContradictionQuerySet:
    """An empty set, for descriptions of the API."""
    return Contradiction.objects.none()


def no_waiting() -> WaitingEventQuerySet:
    """An empty set, for descriptions of the API."""
    return WaitingEvent.objects.none()
