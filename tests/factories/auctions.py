"""Auctions for tests, made by the room's own services."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any

from core.people.models import Membership
from listings.models import Auction, Patent
from listings.rules.auctions import Method, Terms
from listings.services.trading import auctions, bidding, settling
from listings.types import Action
from tests.factories import core
from tests.factories.listings import NOON, listed_patent

OPENS = NOON + timedelta(days=8)
CLOSES = OPENS + timedelta(hours=2)
_tokens = count(1)


def at(moment: datetime) -> Callable[[], datetime]:
    """A clock that stands still."""
    return lambda: moment


def terms(**fields: Any) -> Terms:
    """An open auction of a transfer that opens eight days after noon, unless told otherwise."""
    given: dict[str, Any] = {
        "title": "一种电池材料专利权转让",
        "right": Action.TRANSFER,
        "method": Method.OPEN,
        "start_price": Decimal("100000.00"),
        "step": Decimal("5000.00"),
        "opens_at": OPENS,
        "closes_at": CLOSES,
        "terms": "成交后十日内签约付款。",
    } | fields
    return Terms(**given)


def draft(
    keeper: Membership | None = None, *, patents: list[Patent] | None = None, **fields: Any
) -> Auction:
    """A draft auction of a listed patent."""
    keeper = keeper or core.office()
    rows = patents or [listed_patent(keeper)]
    pk = auctions.draft_auction(
        patent_ids=[row.pk for row in rows],
        terms=terms(**fields),
        by=core.actor(keeper),
        now=NOON,
    )
    return Auction.objects.get(pk=pk)


def announced(keeper: Membership | None = None, **fields: Any) -> Auction:
    """An auction whose announcement stands since noon."""
    keeper = keeper or core.office()
    row = draft(keeper, **fields)
    auctions.announce_auction(auction_id=row.pk, by=core.actor(keeper), now=NOON)
    row.refresh_from_db()
    return row


def opened(keeper: Membership | None = None, **fields: Any) -> Auction:
    """One that takes bids."""
    row = announced(keeper, **fields)
    settling.settle_auction(auction_id=row.pk, clock=at(row.opens_at))
    row.refresh_from_db()
    return row


def bid(
    row: Auction,
    amount: int | str,
    *,
    firm: Membership | None = None,
    when: datetime | None = None,
    token: str = "",
) -> bidding.Receipt:
    """A bid of a firm, a minute after the opening unless told otherwise."""
    return bidding.place_bid(
        auction_id=row.pk,
        amount=Decimal(amount),
        token=token or f"token-{next(_tokens)}",
        confirmed=True,
        by=core.actor(firm or core.enterprise()),
        clock=at(when or row.opens_at + timedelta(minutes=1)),
    )


def settled(row: Auction, when: datetime | None = None) -> Auction:
    """The auction after its end."""
    settling.settle_auction(auction_id=row.pk, clock=at(when or row.ends_at))
    return Auction.objects.get(pk=row.pk)
