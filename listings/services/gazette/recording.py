"""Recording the events of a file, portion by portion, so that a crash costs nothing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from core.audit import services as audit
from core.notices import services as notices
from core.people.types import Actor
from listings.models import EventFile, LegalEvent, WaitingEvent
from listings.models.events import EventFileState, EventVerdict
from listings.selectors.register.folding import GAZETTE
from listings.services.behalf import actor_from
from listings.services.gazette.effects import take_effect
from listings.services.gazette.judging import PORTION, Fate, counts, judge, write_rows
from listings.services.gazette.waiting import record_arrivals


def record_file(*, file_id: int, now: datetime) -> None:
    """Record what is left of a running file; a second worker waits for each portion."""
    while _record_portion(file_id, now=now):
        pass


@transaction.atomic
def _record_portion(file_id: int, *, now: datetime) -> bool:
    """The next rows, in one transaction with their marks; whether there may be more."""
    file = EventFile.objects.select_for_update().get(pk=file_id)
    if file.state != EventFileState.RUNNING:
        return False
    rows = list(
        file.rows.filter(is_done=False)
        .exclude(verdict=EventVerdict.REJECTED)
        .order_by("number")[:PORTION]
    )
    by = actor_from(file.about["actor"])
    if not rows:
        _finish(file, by=by, now=now)
        return False
    fates = judge(file, rows, set(), now=now, lock=True)
    _record([fate for fate in fates if fate.verdict == EventVerdict.FITS], by=by, now=now)
    _let_wait(file, [fate for fate in fates if fate.verdict == EventVerdict.WAITING], now=now)
    write_rows(fates, done=True)
    file.progress += len(rows)
    file.worked_at = now
    file.save(update_fields=["progress", "worked_at"])
    return True


def _record(fates: Sequence[Fate], *, by: Actor, now: datetime) -> None:
    events = [
        LegalEvent(
            patent=fate.patent,
            code=fate.given.code,
            occurred_on=fate.given.occurred_on,
            reference=fate.given.reference,
            detail=dict(fate.given.detail),
            source=GAZETTE,
            recorded_at=now,
            recorded_by=by.key,
        )
        for fate in fates
    ]
    take_effect(events, by=by, now=now)


def _let_wait(file: EventFile, fates: Sequence[Fate], *, now: datetime) -> None:
    """Keep what speaks of patents that are not here; what waits already waits once."""
    WaitingEvent.objects.bulk_create(
        [
            WaitingEvent(
                number=fate.given.number,
                code=fate.given.code,
                occurred_on=fate.given.occurred_on,
                reference=fate.given.reference,
                detail=dict(fate.given.detail),
                organisation_id=file.organisation_id,
                scope=file.scope,
                region=file.region,
                recorded_at=now,
                recorded_by=file.created_by,
            )
            for fate in fates
        ],
        ignore_conflicts=True,
    )


def _finish(file: EventFile, *, by: Actor, now: datetime) -> None:
    record_arrivals(sent_by=file.organisation_id, now=now)
    file.state, file.counts, file.finished_at = EventFileState.DONE, counts(file), now
    file.save(update_fields=["state", "counts", "finished_at"])
    audit.record("event_file.carried_out", subject=file, by=by, at=now, changes=dict(file.counts))
    if by.user_id is not None:
        notices.notify(
            users=[by.user_id],
            kind="import.finished",
            key=f"event-file:{file.pk}",
            title=_("法律事件已登记：%(name)s") % {"name": file.filename[:80]},
            body=_("登记 %(n)s 条，等待专利入库 %(w)s 条，不能登记 %(r)s 条。")
            % {
                "n": file.counts[EventVerdict.FITS],
                "w": file.counts[EventVerdict.WAITING],
                "r": file.counts[EventVerdict.REJECTED],
            },
            url=f"/library/events/files/{file.pk}/",
            now=now,
        )
