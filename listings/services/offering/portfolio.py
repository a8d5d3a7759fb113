"""Acting on many patents of a portfolio at once; what is refused is said, one by one."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime

from django.db import transaction

from core.errors import DomainError, Invalid
from core.people.types import Actor
from core.permissions import Permission, require
from listings.models import Patent
from listings.rules.suggestions import Act
from listings.services import upkeep
from listings.services.offering.batches import publish_stock
from listings.services.offering.board import draft_listing
from listings.types import OfferInput, Route

MOST = 500
ROUTES: dict[Act, Route] = {Act.OPEN: Route.OPEN_LICENCE, Act.TRANSFER: Route.TRANSFER}


@dataclass(frozen=True, slots=True)
class Done:
    """What became of the chosen patents."""

    done: int
    refused: dict[int, str] = field(default_factory=dict)


def act_on(
    *, act: str, patent_ids: Iterable[int], reason: str = "", by: Actor, now: datetime
) -> Done:
    """List, prepare an offer by open licence or transfer, or decide to maintain no longer.

    Only the actor's own patents are touched; each is its own step, so one refusal holds up none.
    """
    require(by, Permission.PUBLISH_LISTING)
    ids = sorted(
        Patent.objects.managed_by(by).filter(pk__in=set(patent_ids)).values_list("pk", flat=True)
    )
    if not ids:
        raise Invalid(fields={"patents": ["请先勾选专利。"]})
    if len(ids) > MOST:
        raise Invalid(fields={"patents": [f"一次最多办理 {MOST} 件，请分批。"]})
    if act == Act.LIST:
        found = publish_stock(patent_ids=ids, by=by, now=now)
        refused = {
            pk: "".join(blocker.message for blocker in blockers)
            for pk, blockers in found.refused.items()
        }
        return Done(found.listed, refused)
    if act == Act.LAPSE:
        return _each(ids, lambda pk: upkeep.drop(patent_id=pk, reason=reason, by=by, now=now))
    if act in (Act.OPEN, Act.TRANSFER):
        offer = OfferInput(routes=(ROUTES[Act(act)],))
        return _each(ids, lambda pk: draft_listing(patent_id=pk, offer=offer, by=by, now=now))
    raise Invalid(fields={"act": ["没有这个操作，请从列表中选择。"]})


def _each(ids: Iterable[int], command: Callable[[int], object]) -> Done:
    done, refused = 0, {}
    for pk in ids:
        try:
            with transaction.atomic():
                command(pk)
            done += 1
        except DomainError as refusal:
            fields = getattr(refusal, "fields", None) or {}
            said = "".join(message for found in fields.values() for message in found)
            refused[pk] = said or refusal.message
    return Done(done, refused)
