"""Questions about conduct notes: own ones, a region's, those of the other side of a contract."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, Min, Q, QuerySet

from core.audit import selectors as trails
from core.errors import Missing, NotAllowed
from core.people import selectors as people
from core.people.models import Organisation
from core.people.types import Actor
from core.permissions import Permission, allowed
from licensing.models import ConductNote, Deal, Licence
from licensing.rules import conduct as rules
from licensing.rules import deals, moves
from licensing.rules.conduct import ConductStatus

LIVE = (deals.OPEN_DEALS | deals.SIGNED_DEALS) - {deals.DealStatus.SETTLED}
SHOWN = sorted(s.value for s in rules.SHOWN)
LOOKED = "conduct_note.looked_up"


def notes(*, viewer: Actor, status: str = "") -> QuerySet[ConductNote]:
    """One's own notes, or those of the bureau's region; newest first."""
    rows = ConductNote.objects.visible_to(viewer).select_related("organisation", "holder", "taker")
    return (rows.filter(status=status) if status else rows).order_by("-pk")


def note(note_id: int, *, viewer: Actor) -> ConductNote:
    """One note; Missing when the viewer may not see it."""
    found = notes(viewer=viewer).filter(pk=note_id).first()
    if found is None:
        raise Missing("没有找到这条信用记录，或您无权查看。")
    return found


@dataclass(frozen=True, slots=True)
class OtherSide:
    """Whose record is looked up, and by which contract."""

    organisation_id: int
    name: str
    own_id: int
    contract: str


def is_live(deal: Deal) -> bool:
    """Whether a deal is under talk or being performed."""
    return deal.status in LIVE


def other_side(*, viewer: Actor, deal_id: int | None, licence_id: int | None) -> OtherSide:
    """The other party of a live contract of the viewer's; NotAllowed where it is over."""
    row: Any = (
        Deal.objects.visible_to(viewer).filter(pk=deal_id).first()
        if deal_id
        else Licence.objects.visible_to(viewer).filter(pk=licence_id or 0).first()
    )
    if row is None:
        raise Missing("没有找到这份合同，或您无权查看。")
    sides = (row.holder_id, row.taker_id) if deal_id else (row.licensor_id, row.licensee_id)
    own = [pk for pk in sides if pk in viewer.acts_for]
    live = is_live(row) if deal_id else row.status in moves.LIVE_LICENCES
    if len(own) != 1 or not live:
        raise NotAllowed("信用记录只给正在洽谈或履行合同的对方查看；合同结束后不再提供。")
    other = next(pk for pk in sides if pk != own[0])
    return OtherSide(other, people.organisation(other).name, own[0], row.number or str(row))


def shown_of(organisation_id: int) -> QuerySet[ConductNote]:
    """What the other side of a live contract reads: what counts, and what is under appeal."""
    rows = ConductNote.objects.filter(organisation_id=organisation_id, status__in=SHOWN)
    return rows.order_by("-happened_on", "-pk")


@dataclass(frozen=True, slots=True)
class Look:
    """Somebody looked a record up."""

    at: datetime
    who: str
    contract: str


def looks(organisation_ids: frozenset[int]) -> list[Look]:
    """Who looked these organisations' records up, newest first."""
    kind = Organisation._meta.label_lower
    rows = trails.trails_of((kind, str(pk)) for pk in sorted(organisation_ids))
    found = list(rows.filter(event=LOOKED).order_by("-pk")[:50])
    names = people.organisations(r.organisation_id for r in found if r.organisation_id)
    return [
        Look(
            row.at,
            names[row.organisation_id].name if row.organisation_id in names else "—",
            str((row.changes or {}).get("contract", "")),
        )
        for row in found
    ]


def conduct_waiting(*, viewer: Actor) -> tuple[int, datetime | None]:
    """What waits: notes to answer, or appeals to decide; and since when."""
    waits = Q(pk__in=[])
    if viewer.acts_for and allowed(viewer, Permission.ANSWER_CONDUCT):
        own = Q(organisation_id__in=viewer.acts_for, answered_at__isnull=True)
        waits |= own & Q(status=ConductStatus.TOLD) & ~Q(kind="performed")
    if allowed(viewer, Permission.STATE_CONDUCT):
        waits |= Q(status=ConductStatus.APPEALED, region__startswith=viewer.region)
    rows = ConductNote.objects.visible_to(viewer).filter(waits)
    found = rows.aggregate(n=Count("pk"), since=Min("stated_at"))
    return found["n"], found["since"]
