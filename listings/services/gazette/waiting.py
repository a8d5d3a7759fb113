"""Events that came before their patent: recorded by themselves when it is registered."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from django.db import transaction
from django.db.models import Exists, OuterRef

from core.audit import services as audit
from core.errors import Conflict, Missing
from core.people.types import Actor
from core.permissions import Permission, require
from listings.models import LegalEvent, Patent, WaitingEvent
from listings.models.events import Scope
from listings.selectors.register.folding import GAZETTE
from listings.services.gazette.effects import take_effect


@transaction.atomic
def record_waiting(*, patent_ids: Collection[int], now: datetime) -> int:
    """Record what waited for these patents and was sent by somebody who may; how many."""
    awaited = WaitingEvent.objects.waiting().filter(number=OuterRef("number"))
    patents = Patent.objects.kept().filter(Exists(awaited), pk__in=patent_ids, office="CN")
    locked = patents.select_for_update(no_key=True, of=("self",)).order_by("pk")
    return sum(_record_of(patent, now=now) for patent in locked)


def record_arrivals(*, sent_by: int, now: datetime) -> int:
    """Record what this sender's events waited for and what is here by now; how many.

    A patent that is registered while a file is recorded looks for what waits for it before that
    can be seen, and the file looked for the patent before: so the file looks once more at its end.
    """
    waiting = WaitingEvent.objects.waiting().filter(organisation_id=sent_by)
    here = Patent.objects.kept().filter(office="CN", number__in=waiting.values("number"))
    return record_waiting(patent_ids=list(here.values_list("pk", flat=True)), now=now)


def _record_of(patent: Patent, *, now: datetime) -> int:
    waiting = WaitingEvent.objects.waiting().select_for_update().filter(number=patent.number)
    rows = [row for row in waiting if _may(row, patent)]
    known = set(patent.events.values_list("code", "occurred_on", "reference"))
    fresh = {(row.code, row.occurred_on, row.reference): row for row in rows}
    events = [
        LegalEvent(
            patent=patent,
            code=row.code,
            occurred_on=row.occurred_on,
            reference=row.reference,
            detail=row.detail,
            source=GAZETTE,
            recorded_at=now,
            recorded_by=row.recorded_by,
        )
        for key, row in sorted(fresh.items())
        if key not in known
    ]
    if events:
        take_effect(events, by=Actor.system(), now=now)
    for row in rows:
        row.applied_at, row.applied_to = now, patent
    WaitingEvent.objects.bulk_update(rows, ["applied_at", "applied_to"])
    return len(events)


def _may(row: WaitingEvent, patent: Patent) -> bool:
    if row.scope == Scope.STOCK:
        return row.organisation_id == patent.organisation_id
    return patent.region.startswith(row.region)


@transaction.atomic
def drop_waiting(*, waiting_id: int, by: Actor, now: datetime) -> None:
    """Its sender no longer wants it recorded."""
    row = WaitingEvent.objects.visible_to(by).select_for_update().filter(pk=waiting_id).first()
    if row is None:
        raise Missing("没有找到这条等待中的事件，可能属于其他单位。")
    require(by, Permission.LOAD_GAZETTE, on=row)
    if row.applied_at is not None:
        raise Conflict("专利已经入库，这条事件已经登记，不能再移除。", code="applied")
    if row.dropped_at is not None:
        return
    row.dropped_at, row.dropped_by = now, by.key
    row.save(update_fields=["dropped_at", "dropped_by"])
    audit.record("event_file.waiting_dropped", subject=row, by=by, at=now)
