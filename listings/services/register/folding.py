"""Folding patents anew, and doing and telling at once what follows from it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any

from core.audit import services as audit
from core.days import legal_day
from core.people.types import Actor
from listings.models import Listing, Patent
from listings.rules import standing
from listings.rules.folding import Contradiction, Folded
from listings.selectors.register import folding as reading
from listings.services import news
from listings.services.layers import library
from listings.services.offering import board
from listings.services.register import contradictions, holding, writing
from listings.types import EncumbranceKind, ListingStatus, PatentStatus

SUSPENDED_FOR: dict[PatentStatus, str] = {
    PatentStatus.LAPSED: "未缴年费，专利权终止",
    PatentStatus.INVALID: "专利权被宣告全部无效",
    PatentStatus.ABANDONED: "专利权已放弃",
    PatentStatus.EXPIRED: "专利权期限届满",
}
PRESERVED = "专利权处于保全程序"
TRANSFERRED = "公报登记专利权已经转移，管理单位不再是专利权人"


def settle_many(patents: Sequence[Patent], *, by: Actor, now: datetime) -> dict[int, Folded]:
    """Fold locked patents anew, store what comes of it, and do and tell what follows."""
    papers = reading.papers([patent.pk for patent in patents])
    shown = _on_board(patents)
    found: dict[int, Folded] = {}
    doubts: dict[int, Sequence[Contradiction]] = {}
    for patent in patents:
        folded = reading.folded(patent, papers[patent.pk], on=legal_day(now))
        found[patent.pk], doubts[patent.pk] = folded, folded.contradictions
        before = PatentStatus(patent.status)
        _store(patent, folded, by=by, now=now)
        writing.follow(patent, folded, papers[patent.pk], by=by, now=now)
        left = _follow_holders(patent, folded, papers[patent.pk], by=by, now=now)
        tell_of_turn(patent, before, by=by, now=now)
        if patent.pk in shown:
            _take_down(patent, folded, left=left, by=by, now=now)
    contradictions.note(patents, doubts, by=by, now=now)
    return found


def _on_board(patents: Iterable[Patent]) -> Collection[int]:
    ids = [patent.pk for patent in patents]
    rows = Listing.objects.filter(patent_id__in=ids, status=ListingStatus.LISTED)
    return set(rows.values_list("patent_id", flat=True))


def _store(patent: Patent, folded: Folded, *, by: Actor, now: datetime) -> None:
    if patent.expires_on != folded.expires_on:
        moved = [_plain(patent.expires_on), _plain(folded.expires_on)]
        audit.record("patent.expiry_moved", subject=patent, by=by, at=now,
                     changes={"expires_on": moved})  # fmt: skip
    patent.status = folded.standing.status
    patent.granted_on, patent.expires_on = folded.granted_on, folded.expires_on
    patent.changed_at = now
    patent.save(update_fields=["status", "granted_on", "expires_on", "changed_at"])


def _plain(day: Any) -> str | None:
    return day.isoformat() if day else None


def tell_of_turn(patent: Patent, before: PatentStatus, *, by: Actor, now: datetime) -> None:
    """The layer follows the status; a right that was lost or came back is news."""
    status = PatentStatus(patent.status)
    if status == before:
        return
    library.settle_layer(patent, by=by, now=now)
    is_in_force = status in standing.IN_FORCE
    if before in standing.IN_FORCE and not is_in_force:
        news.tell("patent.lapsed", patent, by=by, now=now, status=str(status))
    elif is_in_force and before in SUSPENDED_FOR:
        news.tell("patent.restored", patent, by=by, now=now)


def _take_down(patent: Patent, folded: Folded, *, left: bool, by: Actor, now: datetime) -> None:
    """A right that is lost, preserved or another's is not on offer."""
    if reason := SUSPENDED_FOR.get(folded.standing.status):
        board.take_down(patent, reason=reason, by=by, now=now)
    elif folded.standing.is_preserved:
        board.take_down(patent, reason=PRESERVED, by=by, now=now)
    elif left:
        board.take_down(patent, reason=TRANSFERRED, by=by, now=now)
    elif any(bond.kind is EncumbranceKind.EXCLUSIVE for bond in folded.bonds):
        board.take_down_given_away(patent, by=by, now=now)


def _follow_holders(
    patent: Patent, folded: Folded, papers: reading.Papers, *, by: Actor, now: datetime
) -> bool:
    """Write the patentees; whether the managing organisation ceased to be one of them."""
    held = _is_held_by_its_manager(patent)
    changed = holding.follow(patent, folded, papers)
    if changed is None:
        return False
    patent.indexed_at, patent.version = None, patent.version + 1
    patent.save(update_fields=["indexed_at", "version"])
    audit.record(
        "patent.holders_followed", subject=patent, by=by, at=now, changes={"holders": list(changed)}
    )
    news.tell("patent.changed", patent, by=by, now=now)
    return held and not _is_held_by_its_manager(patent)


def _is_held_by_its_manager(patent: Patent) -> bool:
    manager = patent.organisation_id
    return manager is not None and patent.holders.filter(organisation_id=manager).exists()
