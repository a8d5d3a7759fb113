"""One timeline of a patent: public facts for anyone, everything for those who hold it.

Public is what the gazette or an announcement made public. Bonds that are not registered, and what
the holder did with his offer, are shown to the holder; a party of a bond sees that bond.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from core.audit import selectors as audit
from core.audit import words
from core.audit.models import AuditEntry
from core.days import legal_day
from core.errors import Missing
from core.people.types import Actor
from listings.models import Encumbrance, LegalEvent, Patent
from listings.models.patents import sees_all
from listings.rules import standing
from listings.selectors.register.events import in_words, label_of
from listings.selectors.register.folding import is_registers
from listings.selectors.register.legal import NOT_FOUND, as_bond
from listings.types import EncumbranceKind, TimelineEntry

HERE = "platform"
# What was done here that belongs to a patent's story. Events and bonds tell their own.
TOLD = frozenset(
    {
        "patent.registered",
        "patent.expiry_moved",
        "patent.holders_followed",
        "patent.contradiction_settled",
        "patent.pledgee_consented",
        "listing.published",
        "listing.suspended",
        "listing.resumed",
        "listing.withdrawn",
        "listing.converted",
    }
)


def timeline(patent_id: int, *, viewer: Actor) -> list[TimelineEntry]:
    """The patent's history as far as the viewer may know it, oldest first."""
    patent = (
        Patent.objects.visible_to(viewer)
        .filter(pk=patent_id)
        .defer("embedding", "search", "abstract")
        .prefetch_related("events", "encumbrances")
        .first()
    )
    if patent is None:
        raise Missing(NOT_FOUND)
    return timeline_of(patent, viewer=viewer)


def timeline_of(patent: Patent, *, viewer: Actor) -> list[TimelineEntry]:
    """The same of a row that this viewer may see, with its events and encumbrances."""
    keeps = _keeps(patent, viewer)
    entries = [
        *_dates(patent),
        *(_event(event, keeps=keeps) for event in patent.events.all()),
        *_bonds(patent.encumbrances.all(), viewer, keeps=keeps),
    ]
    if keeps:
        entries += _deeds(patent)
    ranks = {code: rank for code, (_label, rank) in standing.EVENTS.items()}
    return sorted(entries, key=lambda e: (e.on, ranks.get(e.code, 99), e.code, e.reference))


def _keeps(patent: Patent, viewer: Actor) -> bool:
    """Whether the viewer holds it, or reads everything."""
    if sees_all(viewer) or patent.organisation_id in viewer.acts_for:
        return True
    if not viewer.acts_for:
        return False
    return any(holder.organisation_id in viewer.acts_for for holder in patent.holders.all())


def _dates(patent: Patent) -> Iterator[TimelineEntry]:
    if patent.filed_on:
        yield TimelineEntry(patent.filed_on, "", "申请", "", "", "")
    has_grant = any(event.code == "GR01" for event in patent.events.all())
    if patent.granted_on and not has_grant:
        yield TimelineEntry(patent.granted_on, "", "授权公告", "", "", "")


def _event(event: LegalEvent, *, keeps: bool) -> TimelineEntry:
    return TimelineEntry(
        on=event.occurred_on,
        code=event.code,
        label=label_of(event.code),
        detail=in_words(event.detail),
        reference=event.reference,
        source=event.source,
        noted_on=legal_day(event.recorded_at) if keeps else None,
    )


def _bonds(rows: Iterable[Encumbrance], viewer: Actor, *, keeps: bool) -> Iterator[TimelineEntry]:
    """Bonds that no event of the list tells already: those the platform wrote."""
    for row in rows:
        if row.term.isempty or is_registers(row):
            continue
        is_public = row.kind == EncumbranceKind.OPEN_DECLARATION
        if keeps or is_public or row.party_id in viewer.acts_for:
            yield _bound(row, keeps=keeps)


def _bound(row: Encumbrance, *, keeps: bool) -> TimelineEntry:
    bond = as_bond(row)
    until = f"至 {bond.ends_on}" if bond.ends_on else "未约定终止日"
    confirmed = "；公报已登记" if row.confirmed_by_event_id else ""
    ended = f"；{row.released_because}" if row.released_because else ""
    return TimelineEntry(
        on=bond.starts_on,
        code=f"+{row.kind}",
        label=row.get_kind_display(),
        detail=f"{until}{confirmed}{ended}",
        reference=row.register_number or row.reference,
        source=row.source,
        noted_on=legal_day(row.created_at) if keeps else None,
    )


def _deeds(patent: Patent) -> Iterator[TimelineEntry]:
    """What was done here: registered, offered, taken down, corrected by the register."""
    subjects = [patent, *patent.listings.all()]
    for subject in subjects:
        for entry in audit.trail(subject).filter(event__in=TOLD):
            yield TimelineEntry(
                on=legal_day(entry.at),
                code="",
                label=words.event(entry.event),
                detail=_said(entry),
                reference="",
                source=HERE,
            )


def _said(entry: AuditEntry) -> str:
    changes = entry.changes or {}
    if reason := changes.get("reason"):
        return str(reason)
    for name in ("expires_on", "holders"):
        if isinstance(moved := changes.get(name), list) and len(moved) == 2:
            before, after = (
                "、".join(map(str, side)) if isinstance(side, list) else str(side or "—")
                for side in moved
            )
            return f"{before} → {after}"
    return ""
