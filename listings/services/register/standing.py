"""Legal events: recorded once, folded, and acted upon."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from django.db import transaction

from core.audit import services as audit
from core.days import legal_day
from core.errors import Invalid
from core.people.types import Actor
from core.permissions import Permission, require
from listings.models import Contradiction, Encumbrance, LegalEvent, Patent
from listings.rules import standing
from listings.rules.standing import Standing
from listings.selectors.register.folding import GAZETTE, is_registers
from listings.services.locks import lock_patent
from listings.services.register import holding
from listings.services.register.binding import unbind
from listings.services.register.folding import settle_many
from listings.types import PatentStatus


@transaction.atomic
def record_legal_event(
    *,
    patent_id: int,
    code: str,
    occurred_on: date,
    reference: str = "",
    detail: dict[str, Any] | None = None,
    source: str = GAZETTE,
    by: Actor,
    now: datetime,
) -> int:
    """Add an event and let it take its effect; the same event again changes nothing. Its id."""
    patent = lock_patent(patent_id, by=by)
    require(by, Permission.RECORD_LEGAL_EVENT, on=patent)
    code, reference = code.strip().upper(), reference.strip()
    if problems := problems_of(code, occurred_on, reference, today=legal_day(now)):
        raise Invalid(fields=problems)
    known = patent.events.filter(code=code, occurred_on=occurred_on, reference=reference).first()
    if known is not None:
        return known.pk
    event = LegalEvent.objects.create(
        patent=patent,
        code=code,
        occurred_on=occurred_on,
        reference=reference,
        detail=detail or {},
        source=source,
        recorded_at=now,
        recorded_by=by.key,
    )
    note_recorded(patent, event, by=by, now=now)
    holding.remember([patent], [event])
    settle(patent, by=by, now=now)
    return event.pk


def note_recorded(patent: Patent, event: LegalEvent, *, by: Actor, now: datetime) -> None:
    """The audit entry of one event."""
    changes = {
        "code": event.code,
        "occurred_on": event.occurred_on.isoformat(),
        "reference": event.reference,
    }
    audit.record("patent.event_recorded", subject=patent, by=by, at=now, changes=changes)


def problems_of(
    code: str, occurred_on: date, reference: str, *, today: date
) -> Mapping[str, list[str]]:
    """What is wrong with an event, by field."""
    problems: dict[str, list[str]] = {}
    if code not in standing.EVENTS:
        problems["code"] = [f"不认识的法律状态代码“{code[:10]}”，请从列表中选择。"]
    if occurred_on > today:
        problems["occurred_on"] = ["生效日还没有到，请核对。"]
    if len(reference) > 40:
        problems["reference"] = ["登记号最多 40 位，请核对。"]
    return problems


def settle(patent: Patent, *, by: Actor, now: datetime) -> Standing:
    """Fold one locked patent anew, and do and tell what follows from it."""
    return settle_many([patent], by=by, now=now)[patent.pk].standing


@transaction.atomic
def refresh_standing(*, now: datetime, limit: int = 500) -> int:
    """What the calendar alone changes: terms that ran out today. How many patents it touched."""
    today, by = legal_day(now), Actor.system()
    rows = list(
        Patent.objects.kept()
        .select_for_update(no_key=True, skip_locked=True)
        .filter(status=PatentStatus.GRANTED, expires_on__lte=today)
        .order_by("pk")[:limit]
    )
    settle_many(rows, by=by, now=now)
    for patent in rows:
        audit.record("patent.expired", subject=patent, by=by, at=now)
    return len(rows) + _end_terms(today, by=by, now=now, limit=limit)


def _end_terms(today: date, *, by: Actor, now: datetime, limit: int) -> int:
    """Encumbrances whose last day has passed no longer count as active."""
    rows = list(
        Encumbrance.objects.select_for_update(skip_locked=True)
        .filter(active=True, term__endswith__lte=today)
        .order_by("pk")[:limit]
    )
    for row in rows:
        if is_registers(row):
            continue
        if row.released_at is None:
            unbind(row, ended_on=row.term.upper, reason="期限届满", by=by, now=now)
        else:  # released ahead of its day: who did it and why stays on record
            row.active = False
            row.save(update_fields=["active"])
    ended = {row.patent_id for row in rows}
    theirs = {row.patent_id for row in rows if is_registers(row)} | set(
        Contradiction.objects.open().filter(patent_id__in=ended).values_list("patent_id", flat=True)
    )
    patents = Patent.objects.select_for_update(no_key=True).filter(pk__in=theirs).order_by("pk")
    settle_many(list(patents), by=by, now=now)
    return len(rows)
