"""Questions about contracts that grant no licence and shall end: what is under way, what waits."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from core.errors import Missing
from core.people.types import Actor
from licensing.models import Deal, DealEnding, Dispute
from licensing.rules import deal_endings as rules
from licensing.rules import disputes, terminations

NOT_FOUND = "没有找到这条记录，或您无权查看。"
OPEN = sorted(s.value for s in terminations.OPEN)
RUNNING = sorted(s.value for s in disputes.OPEN)
GROUNDS = [(g.value, rules.GROUND_LABELS[g]) for g in rules.DealGround]


def deal_endings(*, viewer: Actor, deal_id: int | None = None) -> QuerySet[DealEnding]:
    """The endings this viewer may see, newest first."""
    rows = DealEnding.objects.visible_to(viewer).select_related("deal", "evidence")
    return (rows.filter(deal_id=deal_id) if deal_id else rows).order_by("-pk")


def deal_ending(ending_id: int, *, viewer: Actor) -> DealEnding:
    """One of them; Missing when the viewer may not see it."""
    found = deal_endings(viewer=viewer).filter(pk=ending_id).first()
    if found is None:
        raise Missing(NOT_FOUND)
    return found


def open_ending(deal: Deal) -> DealEnding | None:
    """The one under way."""
    return deal.endings.filter(status__in=OPEN).first()


def grounds_of(deal: Deal) -> list[tuple[str, str]]:
    """The grounds on which it may end as it stands, in words."""
    found = rules.grounds_for(deal.effect, deal.status)
    return [(g.value, rules.GROUND_LABELS[g]) for g in found]


def is_held(ending: DealEnding) -> bool:
    """Whether a dispute about the end of the contract stops its clock."""
    rows = Dispute.objects.filter(deal_id=ending.deal_id, status__in=RUNNING)
    return rows.filter(topic=disputes.Topic.TERMINATION, holds=True).exists()


def deal_endings_waiting(*, viewer: Actor) -> tuple[int, datetime | None, int | None]:
    """How many wait for this actor's answer, since when, and on which deal."""
    own = viewer.acts_for
    told: Any = DealEnding.objects.filter(
        status__in=sorted(["proposed", "noticed"]), answered_at__isnull=True
    )
    mine = told.filter(side="holder", deal__taker_id__in=own).exclude(deal__holder_id__in=own)
    mine |= told.filter(side="taker", deal__holder_id__in=own).exclude(deal__taker_id__in=own)
    found = list(mine.order_by("opened_at", "pk").values_list("opened_at", "deal_id")[:200])
    return (len(found), *found[0]) if found else (0, None, None)
