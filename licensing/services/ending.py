"""What renewals and terminations have in common, and how a licence ends before its last day."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from core.audit import services as audit
from core.days import legal_day
from core.errors import NotAllowed
from core.outbox import services as outbox
from core.people.types import Actor
from core.permissions import Permission, require
from licensing.models import Licence, Renewal, Termination
from licensing.rules import moves, renewals, terminations
from licensing.rules.claims import Side
from licensing.selectors.claims import side_of
from licensing.selectors.royalties import with_paid
from licensing.services.granting import end_sublicences
from licensing.services.ground import licence_facts, moved, tell
from listings import services as encumbrances

SYSTEM = Actor.system()


def endings_url(licence: Licence) -> str:
    """Where both parties find how it goes on."""
    return f"/licences/{licence.pk}/endings/"


def party(licence: Licence, *, by: Actor) -> Side:
    """The side the actor acts for; nobody answers his own declaration (CC168)."""
    require(by, Permission.END_LICENCE, on=licence)
    side = side_of(licence, by)
    if not side:
        raise NotAllowed(
            "续展和终止由许可双方办理；同时受双方委托的，不能代表双方（民法典第一百六十八条）。",
            code="not-one-side",
        )
    return Side(side)


def side_id(licence: Licence, side: str) -> int:
    """The organisation on that side."""
    return licence.licensor_id if side == Side.LICENSOR else licence.licensee_id


def said(
    name: str, licence: Licence, row: Renewal | Termination, *, by: Actor, now: datetime
) -> None:
    """Into the audit trail and out to whoever listens."""
    audit.record(name, subject=licence, by=by, at=now, changes={"status": row.status})
    known = {"ending_id": row.pk, "ending_status": row.status}
    outbox.emit(name, subject=licence, by=by, at=now, payload=licence_facts(licence) | known)


def ring(licence: Licence, *sides: str, key: str, title: str, body: str, now: datetime) -> None:
    """Tell these sides; both when none is named."""
    who = sides or (Side.LICENSOR.value, Side.LICENSEE.value)
    tell(
        [side_id(licence, side) for side in who],
        kind="licence.progress",
        key=key,
        title=f"{title}：{licence.patent_title[:80]}",
        body=body,
        url=endings_url(licence),
        now=now,
    )


def unbind(licence: Licence, *, on: date, reason: str, now: datetime) -> None:
    """Nothing of it binds the patent from that day on, nor what it was renewed for."""
    further = licence.renewals.filter(encumbrance__isnull=False)
    for pk in [licence.encumbrance_id, *further.values_list("encumbrance_id", flat=True)]:
        if pk is not None:
            encumbrances.release(encumbrance_id=pk, ended_on=on, reason=reason, by=SYSTEM, now=now)


def end_early(licence: Licence, row: Termination, *, by: Actor, now: datetime) -> None:
    """The licence ends with the termination: patent freed, later sums released, all told."""
    on, words = row.effective_on, f"{row.get_ground_display()}，自 {row.effective_on} 起终止"
    moved(moves.LICENCE_MOVES, moves.LICENCE_LABELS, licence, "end")
    licence.closed_at, licence.closed_by, licence.closed_reason = now, by.key, words
    assert licence.starts_on is not None  # only what is in force is ended
    licence.ends_on = max(on - timedelta(days=1), licence.starts_on)
    licence.save(update_fields=["status", "closed_at", "closed_by", "closed_reason", "ends_on"])
    unbind(licence, on=on, reason=words, now=now)
    if row.releases:
        later = with_paid(licence.dues.filter(due_on__gte=on)).filter(open_sum__gt=0)
        later = later.exclude(kind__in=sorted(terminations.KEPT_KINDS))
        keys = list(later.values_list("pk", flat=True))
        licence.dues.filter(pk__in=keys).update(released_on=legal_day(now))
    for renewal in licence.renewals.filter(status=renewals.RenewalStatus.ASKED):
        lapse_renewal(renewal, "许可已终止", now=now)
    end_sublicences(licence, now=now)
    said("licence.terminated", licence, row, by=by, now=now)
    body = f"{row.explanation}{row.money}"
    ring(licence, key=f"licence-terminated:{row.pk}", title="许可已终止", body=body, now=now)


def lapse_renewal(row: Renewal, why: str, *, now: datetime) -> None:
    """Nobody answered in time, or there is nothing left to renew."""
    moved(renewals.RENEWAL_MOVES, renewals.RENEWAL_LABELS, row, "lapse")
    row.answered_at, row.answered_by, row.answer = now, SYSTEM.key, why
    row.save(update_fields=["status", "answered_at", "answered_by", "answer"])
    said("licence.renewal_lapsed", row.licence, row, by=SYSTEM, now=now)
