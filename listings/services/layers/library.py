"""The library: what is proposed, admitted, archived, and which layer it lies in."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from core.audit import services as audit
from core.days import legal_day
from core.errors import Conflict, Invalid
from core.people.types import Actor
from core.permissions import Permission, require
from listings.models import InventoryItem, MarketSignal, Patent, choices
from listings.rules import moves, records
from listings.rules.moves import IllegalMove
from listings.selectors.layers import evidence
from listings.services.layers import scoring
from listings.services.locks import lock_patent
from listings.types import InventoryStatus, Layer

MOVE_NAMES = {"admit": "入库", "archive": "归档", "readmit": "重新入库"}


def propose(patent: Patent, *, now: datetime) -> None:
    """A new patent's item in the stock-taking, with its first layer."""
    found = evidence.facts_of([patent], on=legal_day(now))[patent.pk]
    beside = {"sheet": found.sheet, "silent_owners": found.silent_owners}
    for item in scoring.first_items([patent], [beside], now=now):
        item.save()
    if patent.layer != Layer.C:  # where every row begins
        patent.save(update_fields=["layer"])


def settle_layer(patent: Patent, *, by: Actor, now: datetime) -> bool:
    """Put a locked patent where the rule says it lies now; whether it moved."""
    return bool(scoring.settle([patent], by=by, now=now))


@transaction.atomic
def move_layer(*, patent_id: int, by: Actor, now: datetime) -> bool:
    """Apply the layer rule to one patent; whether it moved."""
    patent = lock_patent(patent_id, by=by)
    require(by, Permission.ADMIT_INVENTORY, on=patent)
    return settle_layer(patent, by=by, now=now)


@transaction.atomic
def take_rating(
    *,
    patent_id: int,
    organisation_id: int,
    prospect: int,
    interested: bool,
    rated_at: datetime,
    by: Actor,
    now: datetime,
) -> bool:
    """Note a firm's latest word on a patent and move its layer if the rule says so; whether it did.

    An older word that arrives late changes nothing, and a holder's word on its own patent is not
    the market's.
    """
    patent = lock_patent(patent_id)
    require(by, Permission.ADMIT_INVENTORY, on=patent)
    if not 1 <= prospect <= 5:
        raise Invalid(fields={"prospect": ["评分应为 1 到 5。"]})
    owners = {patent.organisation_id, *patent.holders.values_list("organisation_id", flat=True)}
    if organisation_id in owners:
        return False
    known = MarketSignal.objects.filter(patent=patent, organisation_id=organisation_id).first()
    if known is not None and known.rated_at > rated_at:
        return False
    MarketSignal.objects.update_or_create(
        patent=patent,
        organisation_id=organisation_id,
        defaults={"prospect": prospect, "interested": interested, "rated_at": rated_at},
    )
    return settle_layer(patent, by=by, now=now)


def _step(item: InventoryItem, move: str) -> None:
    try:
        item.status = moves.after(moves.INVENTORY_MOVES, item.status, move)
    except IllegalMove as illegal:
        raise Conflict(
            f"这件专利现在是“{choices.InventoryStatus(illegal.status).label}”，不能{MOVE_NAMES[move]}。",
            code="illegal-move",
        ) from illegal


@transaction.atomic
def admit(*, patent_id: int, by: Actor, now: datetime) -> None:
    """Take a proposed or archived patent into the library."""
    patent = lock_patent(patent_id, by=by)
    require(by, Permission.ADMIT_INVENTORY, on=patent)
    item = InventoryItem.objects.select_for_update().get(patent=patent)
    _step(item, "readmit" if item.status == InventoryStatus.ARCHIVED else "admit")
    item.admitted_at, item.admitted_by, item.archived_because = now, by.key, ""
    item.review_on = None
    item.save(
        update_fields=["status", "admitted_at", "admitted_by", "archived_because", "review_on"]
    )
    audit.record("inventory.admitted", subject=patent, by=by, at=now)
    settle_layer(patent, by=by, now=now)


@transaction.atomic
def archive(*, patent_id: int, reason: str, by: Actor, now: datetime) -> None:
    """Put a patent aside: it stays on record and is no longer promoted."""
    patent = lock_patent(patent_id, by=by)
    require(by, Permission.ADMIT_INVENTORY, on=patent)
    if patent.listings.filter(status__in=moves.ON_THE_BOARD).exists():
        raise Conflict("这件专利正在挂牌，请先撤回挂牌再归档。", code="listed")
    item = InventoryItem.objects.select_for_update().get(patent=patent)
    _step(item, "archive")
    item.archived_because = records.tidy(reason)[:200]
    item.save(update_fields=["status", "archived_because"])
    audit.record(
        "inventory.archived",
        subject=patent,
        by=by,
        at=now,
        changes={"reason": item.archived_because},
    )
