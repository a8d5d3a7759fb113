"""What every command on a dispute begins or ends with."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.core.files.uploadedfile import UploadedFile

from core.attachments import services as attachments
from core.audit import services as audit
from core.days import legal_day
from core.errors import Conflict, NotAllowed
from core.notices import services as notices
from core.outbox import services as outbox
from core.people import selectors as people
from core.people.types import Actor
from core.permissions import Permission, require
from core.ratings.services import offer_rating
from licensing.models import Deal, Dispute, DisputePaper, Licence, PoolLicence
from licensing.rules import disputes as rules
from licensing.rules import terminations
from licensing.rules.deals import Party
from licensing.rules.disputes import DisputeStatus, Voice
from licensing.selectors.disputed import holds_ending
from licensing.selectors.disputes import side_of
from licensing.services.deal_endings import resume_endings
from licensing.services.ground import locked, moved, seen, tell
from licensing.services.pool_interest import settle_interest

TABLE, LABELS = rules.DISPUTE_MOVES, rules.DISPUTE_LABELS
SYSTEM = Actor.system()
File = UploadedFile[bytes]


def dispute_url(row: Dispute) -> str:
    """Where everybody who may see it finds it."""
    return f"/disputes/{row.pk}/"


def locked_dispute(dispute_id: int, *, by: Actor) -> Dispute:
    """The dispute, locked after its contract, as every command of one does."""
    known = seen(Dispute.objects.visible_to(by), dispute_id)
    if known.licence_id is not None:
        locked(Licence.objects.all(), known.licence_id)
    if known.deal_id is not None:
        locked(Deal.objects.all(), known.deal_id)
    if known.pool_licence_id is not None:
        locked(PoolLicence.objects.all(), known.pool_licence_id)
    return locked(Dispute.objects.visible_to(by), dispute_id)


def party(row: Any, *, by: Actor) -> Party:
    """The side the actor acts for; nobody acts for both (CC168)."""
    require(by, Permission.RUN_DISPUTE, on=row)
    side = side_of(row, by)
    if not side:
        raise NotAllowed(
            "纠纷由合同双方办理；同时受双方委托的，不能代表双方（民法典第一百六十八条）。",
            code="not-one-side",
        )
    return Party(side)


def one_side(row: Dispute, side: str, *, by: Actor, message: str) -> None:
    """Let only that party pass."""
    if party(row, by=by) != side:
        raise NotAllowed(message, code="other-side")


def as_mediator(row: Dispute, *, by: Actor) -> None:
    """Let only the people of the named mediator pass."""
    require(by, Permission.MEDIATE_DISPUTE)
    if row.mediator_id is None or by.organisation_id != row.mediator_id:
        raise NotAllowed("这一步由指定的调解员办理。", code="not-mediator")


def voice(row: Dispute, *, by: Actor) -> Voice:
    """Who speaks: a party, or the mediator."""
    side = side_of(row, by)
    if side:
        return Voice(party(row, by=by).value)
    as_mediator(row, by=by)
    return Voice.MEDIATOR


def be_open(row: Dispute) -> None:
    """Conflict when the dispute is over."""
    if not row.is_open:
        label = row.get_status_display()
        raise Conflict(f"这起纠纷{label}，不能再办理这一步。", code="dispute-over")


def step(row: Dispute, move: str, *, now: datetime) -> None:
    """Move it, and reckon until when the next state lasts. The caller saves."""
    moved(TABLE, LABELS, row, move)
    setting = people.region_setting("dispute.days", row.region, default={})
    row.due_by = rules.due_by(setting, DisputeStatus(row.status), legal_day(now))


def close(row: Dispute, move: str, closing: str, *, by: Actor, now: datetime) -> None:
    """End it: whatever it held goes on from today, and everybody is told."""
    step(row, move, now=now)
    row.closed_at, row.closed_by, row.closing = now, by.key, closing[:2000]
    row.save()
    if row.licence is not None:
        _resume_endings(row, row.licence, now=now)
    if row.deal is not None:
        resume_endings(row.deal, now=now)
    if row.pool_licence is not None:
        settle_interest(row.pool_licence, by=by, now=now)
    settled = row.status == DisputeStatus.SETTLED
    said("dispute.settlement_reached" if settled else "dispute.closed", row, by=by, now=now)
    sides = [Party.HOLDER, Party.TAKER]
    ring(row, *sides, key="closed", title=f"纠纷{row.get_status_display()}", body=closing, now=now)
    if row.mediator_id is not None:
        _ring([row.mediator_id], row, "closed", f"纠纷{row.get_status_display()}", closing, now)
        _ask_how_it_was(row, row.mediator_id, now=now)


def _ask_how_it_was(row: Dispute, mediator_id: int, *, now: datetime) -> None:
    """Both sides may rate whoever mediated, however it ended."""
    for side in Party:
        offer_rating(
            service="mediation",
            reference=f"dispute:{row.pk}",
            title=f"合同纠纷调解：{row}",
            url=dispute_url(row),
            organisation_id=row.organisation_of(side),
            provider_id=mediator_id,
            now=now,
        )


def _resume_endings(row: Dispute, licence: Licence, *, now: datetime) -> None:
    """A notice of termination whose clock stood still works from today at the earliest."""
    today = legal_day(now)
    timed = sorted(s.value for s in terminations.TIMED)
    for ending in licence.terminations.filter(status__in=timed, effective_on__lt=today):
        if holds_ending(row, ending):
            ending.effective_on = min(today, ending.former_ends_on)
            ending.explanation += (
                f"纠纷处理期间停止计算，改自 {ending.effective_on:%Y-%m-%d} 起终止。"
            )
            ending.save(update_fields=["effective_on", "explanation"])


def said(name: str, row: Dispute, *, by: Actor, now: datetime, **changes: object) -> None:
    """Into the audit trail and out to whoever listens."""
    audit.record(name, subject=row, by=by, at=now, changes={"status": row.status, **changes})
    payload = {
        "dispute_id": row.pk,
        "deal_id": row.deal_id,
        "licence_id": row.licence_id,
        "pool_licence_id": row.pool_licence_id,
        "patent_id": row.patent_id,
        "holder_id": row.holder_id,
        "taker_id": row.taker_id,
        "region": row.region,
        "topic": row.topic,
        "status": row.status,
    }
    outbox.emit(name, subject=row, by=by, at=now, payload=payload)


def _ring(
    organisations: list[int], row: Dispute, key: str, title: str, body: str, now: datetime
) -> None:
    tell(
        organisations,
        kind="dispute.progress",
        key=f"dispute:{row.pk}:{key}",
        title=f"{title}：{row.patent_title[:60]}",
        body=body[:400],
        url=dispute_url(row),
        now=now,
    )


def ring(row: Dispute, *sides: str, key: str, title: str, now: datetime, body: str = "") -> None:
    """Tell these sides; `mediator` is one too."""
    found = [
        row.mediator_id if side == Voice.MEDIATOR else row.organisation_of(side) for side in sides
    ]
    _ring([pk for pk in found if pk is not None], row, key, title, body, now)


def ring_bureau(row: Dispute, *, key: str, title: str, now: datetime, body: str = "") -> None:
    """Tell the staff of the region's bureau."""
    notices.notify(
        users=people.bureau_members_for(row.region),
        kind="dispute.progress",
        key=f"dispute:{row.pk}:{key}",
        title=f"{title}：{row.patent_title[:60]}",
        body=body[:400],
        url=dispute_url(row),
        now=now,
    )


def keep_paper(
    row: Dispute, side: str, file: File, *, note: str, by: Actor, now: datetime
) -> DisputePaper:
    """Store a piece of evidence."""
    stored = attachments.store(file, purpose="dispute", by=by, now=now, field="evidence")
    return DisputePaper.objects.create(
        dispute=row, side=side, attachment=stored, note=note.strip()[:500],
        handed_at=now, handed_by=by.key,
    )  # fmt: skip
