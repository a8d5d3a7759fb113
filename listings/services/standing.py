"""Legal events: recorded once, folded, and acted upon."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django.db import IntegrityError, transaction

from core.audit import services as audit
from core.days import legal_day
from core.errors import Invalid
from core.people.types import Actor
from core.permissions import Permission, require
from listings.models import Encumbrance, LegalEvent, Patent
from listings.rules import binding, standing
from listings.rules.standing import Standing
from listings.selectors.legal import fold
from listings.services import board, library, news
from listings.services.binding import Scope, bind, unbind
from listings.services.locks import lock_patent
from listings.types import EncumbranceKind, PatentStatus

GAZETTE = "gazette"
BINDS: dict[str, EncumbranceKind] = {
    "PE01": EncumbranceKind.PLEDGE,
    "EE01": EncumbranceKind.ORDINARY,
    "OL01": EncumbranceKind.OPEN_DECLARATION,
    "PP01": EncumbranceKind.PRESERVATION,
}
RELEASES: dict[str, str] = {"PC01": "PE01", "EC01": "EE01", "OL02": "OL01", "PD01": "PP01"}
SUSPENDED_FOR: dict[PatentStatus, str] = {
    PatentStatus.LAPSED: "未缴年费，专利权终止",
    PatentStatus.INVALID: "专利权被宣告全部无效",
    PatentStatus.ABANDONED: "专利权已放弃",
    PatentStatus.EXPIRED: "专利权期限届满",
}
PRESERVED = "专利权处于保全程序"


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
    _check(code, occurred_on, reference, now=now)
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
    audit.record(
        "patent.event_recorded",
        subject=patent,
        by=by,
        at=now,
        changes={"code": code, "occurred_on": occurred_on.isoformat(), "reference": reference},
    )
    if code == "GR01" and patent.granted_on is None:
        patent.granted_on = occurred_on
    _take_effect(patent, event, by=by, now=now)
    settle(patent, by=by, now=now)
    return event.pk


def _check(code: str, occurred_on: date, reference: str, *, now: datetime) -> None:
    problems: dict[str, list[str]] = {}
    if code not in standing.EVENTS:
        problems["code"] = [f"不认识的法律状态代码“{code[:10]}”，请从列表中选择。"]
    if occurred_on > legal_day(now):
        problems["occurred_on"] = ["生效日还没有到，请核对。"]
    if len(reference) > 40:
        problems["reference"] = ["登记号最多 40 位，请核对。"]
    if problems:
        raise Invalid(fields=problems)


def settle(patent: Patent, *, by: Actor, now: datetime) -> Standing:
    """Store the folded status of a locked patent, and do and tell what follows from it."""
    before = PatentStatus(patent.status)
    found = fold(patent, on=legal_day(now))
    patent.status, patent.changed_at = found.status, now
    patent.save(update_fields=["status", "granted_on", "changed_at"])
    if found.status != before:
        library.settle_layer(patent, by=by, now=now)
    was_in_force = before in standing.IN_FORCE
    if was_in_force and not found.is_in_force:
        news.tell("patent.lapsed", patent, by=by, now=now, status=str(found.status))
    elif found.is_in_force and before in SUSPENDED_FOR:
        news.tell("patent.restored", patent, by=by, now=now)
    if found.status in SUSPENDED_FOR:
        board.take_down(patent, reason=SUSPENDED_FOR[found.status], by=by, now=now)
    elif found.is_preserved:
        board.take_down(patent, reason=PRESERVED, by=by, now=now)
    return found


def _take_effect(patent: Patent, event: LegalEvent, *, by: Actor, now: datetime) -> None:
    """Confirm what binds the patent already, bind it anew, or release it."""
    if kind := _kind_bound(event):
        _confirm_or_bind(patent, event, kind, by=by, now=now)
    elif opened_by := RELEASES.get(event.code):
        _release(patent, event, opened_by, by=by, now=now)


def _kind_bound(event: LegalEvent) -> EncumbranceKind | None:
    """What an event binds the patent with; a licence of unstated kind is ordinary (SI25)."""
    kind = BINDS.get(event.code)
    said = event.detail.get("kind")
    if kind is EncumbranceKind.ORDINARY and said in {k.value for k in binding.LICENCES}:
        return EncumbranceKind(said)
    return kind


def _confirm_or_bind(
    patent: Patent, event: LegalEvent, kind: EncumbranceKind, *, by: Actor, now: datetime
) -> None:
    """The gazette confirms an encumbrance that is already there, and never doubles it."""
    if _closed_later(patent, event):
        return  # arrived after its own end: history, nothing binds
    rows = list(patent.encumbrances.filter(kind=kind, active=True).order_by("term", "pk"))
    same = [row for row in rows if event.reference and row.reference == event.reference]
    unconfirmed = [row for row in rows if row.confirmed_by_event_id is None]
    for row in same or unconfirmed[:1]:
        row.confirmed_by_event = event
        row.save(update_fields=["confirmed_by_event"])
        return
    ends_on = event.detail.get("ends_on")
    scope = Scope(
        kind=kind,
        starts_on=event.occurred_on,
        ends_on=date.fromisoformat(ends_on) if ends_on else None,
    )
    try:
        with transaction.atomic():
            bind(
                patent,
                scope,
                source=GAZETTE,
                reference=event.reference,
                event=event,
                by=by,
                now=now,
            )
    except IntegrityError:
        # The register contradicts what is recorded here. The event stays, `can` reports what the
        # register says is running, and a person has to look at it.
        audit.record(
            "patent.event_contradicts",
            subject=patent,
            by=by,
            at=now,
            changes={"code": event.code, "reference": event.reference},
        )


def _closed_later(patent: Patent, event: LegalEvent) -> bool:
    """Whether the closing event of the same reference is recorded already."""
    closing = [code for code, opened in RELEASES.items() if opened == event.code]
    return patent.events.filter(
        code__in=closing, reference=event.reference, occurred_on__gte=event.occurred_on
    ).exists()


def _release(
    patent: Patent, event: LegalEvent, opened_by: str, *, by: Actor, now: datetime
) -> None:
    """End what the closing event names, or the only one of its kind when it names none."""
    kinds = [BINDS[opened_by]]
    if opened_by == "EE01":
        kinds = sorted(binding.LICENCES)
    rows = list(patent.encumbrances.filter(kind__in=kinds, active=True))
    named = [
        row
        for row in rows
        if event.reference
        and event.reference
        in (row.reference, row.confirmed_by_event.reference if row.confirmed_by_event else "")
    ]
    if not named and not event.reference and len(rows) == 1:
        named = rows
    for row in named:
        unbind(row, ended_on=event.occurred_on, reason=f"公告 {event.code}", by=by, now=now)


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
    for patent in rows:
        settle(patent, by=by, now=now)
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
        if row.released_at is None:
            unbind(row, ended_on=row.term.upper, reason="期限届满", by=by, now=now)
        else:  # released ahead of its day: who did it and why stays on record
            row.active = False
            row.save(update_fields=["active"])
    return len(rows)
