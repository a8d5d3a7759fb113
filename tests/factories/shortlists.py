"""Service institutions' lists for tests, made by the room's own services."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from core.people.models import Membership
from listings.models import Patent
from matching.models import Need, Shortlist
from matching.rules.shortlists import Pick, ShortlistInput
from matching.services import shortlists as services
from tests.factories import core
from tests.factories import matching as make

NOON = make.NOON
REASONS = (
    "零下二十度升到五度八分钟，正对着十分钟的指标",
    "出水氟低于一毫克每升，厂区废水可以一并处理",
    "焊缝偏差小于零点一毫米，柜体焊接能用上",
)


def terms(patents: list[Patent], **fields: Any) -> ShortlistInput:
    """These patents in this order, each with a reason of its own."""
    picks = tuple(Pick(p.pk, REASONS[at]) for at, p in enumerate(patents))
    return ShortlistInput(**({"picks": picks, "note": "先看第一件"} | fields))


def draft(need: Need, maker: Membership, patents: list[Patent], **fields: Any) -> Shortlist:
    data = terms(patents, **fields)
    by = core.actor(maker)
    return services.draft_shortlist(need_id=need.pk, data=data, by=by, now=NOON)


def sent(
    need: Need, maker: Membership, patents: list[Patent], now: datetime = NOON, **fields: Any
) -> Shortlist:
    row = draft(need, maker, patents, **fields)
    return services.send_shortlist(shortlist_id=row.pk, by=core.actor(maker), now=now)
