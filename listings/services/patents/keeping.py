"""Who keeps a patent: handing it over, after a claim or because it was sold."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from django.db import transaction

from core.audit import services as audit
from core.errors import Conflict
from core.people import selectors as people
from core.people.types import Actor
from listings.models import Holder, Patent, PatentClaim
from listings.models.claims import ClaimState
from listings.services import news
from listings.services.locks import lock_patent
from listings.services.offering import board
from listings.services.register.standing import record_legal_event
from listings.types import Consent

TRANSFERRED = "TR01"


def hold_patents(patent_ids: Sequence[int]) -> None:
    """Lock these patents until the end of the transaction, in the one order that never deadlocks.

    The caller's own command has asked whether the actor may do what it is about to do.
    """
    for patent_id in sorted(patent_ids):
        lock_patent(patent_id)


def change_keeper(
    patent: Patent, *, to_id: int, because: str, change: dict[str, Any], by: Actor, now: datetime
) -> None:
    """A locked patent changes its keeper. What binds it stays; its offer comes off the board."""
    before = patent.organisation_id
    board.take_down(patent, reason="登记单位变更，待新单位确认", by=by, now=now)
    keeper = people.organisation(to_id)
    patent.organisation_id, patent.region = keeper.id, keeper.region or patent.region
    patent.version, patent.changed_at, patent.indexed_at = patent.version + 1, now, None
    patent.save(update_fields=["organisation", "region", "version", "changed_at", "indexed_at"])
    patent.holders.filter(name=keeper.name).update(
        organisation_id=keeper.id, consent=Consent.ALL.value
    )
    changes = {"organisation": [before, keeper.id], **change}
    audit.record("patent.handed_over", subject=patent, by=by, at=now, changes=changes)
    PatentClaim.objects.filter(patent=patent, state=ClaimState.OPEN).update(
        state=ClaimState.WITHDRAWN, reason=because, settled_at=now, settled_by=by.key
    )
    news.tell("patent.changed", patent, by=by, now=now)


@transaction.atomic
def register_transfer(
    *,
    patent_id: int,
    from_id: int,
    to_id: int,
    registered_on: date,
    reference: str,
    by: Actor,
    now: datetime,
) -> None:
    """The register entered a transfer: the event, the new patentee, the new keeper.

    The same entry coming by the gazette later changes nothing more. The caller's command has
    asked for the right.
    """
    patent = lock_patent(patent_id)
    if patent.organisation_id != from_id:
        raise Conflict("这件专利的登记单位已经变了，请刷新后重新核对。", code="moved-meanwhile")
    names = list(Holder.objects.filter(patent=patent).order_by("position", "pk"))
    record_legal_event(
        patent_id=patent_id,
        code=TRANSFERRED,
        occurred_on=registered_on,
        reference=reference,
        detail={"from": [h.name for h in names], "to": [people.organisation(to_id).name]},
        source="platform",
        by=Actor.system(),
        now=now,
    )
    change_keeper(
        lock_patent(patent_id),
        to_id=to_id,
        because="专利权已经转让登记，仍有异议请向新的权利人提出。",
        change={"register_number": reference},
        by=by,
        now=now,
    )
