"""Rival bidders at the same moment, in threads of their own, on the database's own clock."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from django.db import connection, transaction

from core.people.models import Membership
from core.people.types import Actor
from listings import services
from listings.models import Auction, Bid, Listing
from listings.rules.auctions import AuctionStatus as S
from listings.rules.auctions import Method
from listings.selectors.trading.auctions import database_clock
from listings.services.trading import bidding, settling
from tests.factories import auctions as make
from tests.factories import core
from tests.factories.listings import NOON
from tests.listings.test_races import at_once

pytestmark = pytest.mark.django_db(transaction=True)
RIVALS = 6


def running(method: Method, *, seconds: float = 600.0) -> Auction:
    """An auction that is open now by the database's clock, and for so many seconds more."""
    row = make.announced(method=method, step=None if method is Method.SEALED else Decimal(1))
    now = database_clock()
    with connection.cursor() as cursor:  # dates of the past, which no service would write
        cursor.execute("ALTER TABLE listings_auction DISABLE TRIGGER USER")
        cursor.execute(
            "UPDATE listings_auction SET opens_at = %s, closes_at = %s, ends_at = %s,"
            " status = 'open' WHERE id = %s",
            [now - timedelta(hours=1), *[now + timedelta(seconds=seconds)] * 2, row.pk],
        )
        cursor.execute("ALTER TABLE listings_auction ENABLE TRIGGER USER")
    row.refresh_from_db()
    return row


def bid(row: Auction, firm: Membership, amount: int, token: str) -> Callable[[], object]:
    by = core.actor(firm)
    return lambda: bidding.place_bid(
        auction_id=row.pk, amount=Decimal(amount), token=token, confirmed=True, by=by
    )


def test_of_equal_sealed_bids_at_once_none_is_lost_and_the_earliest_wins() -> None:
    row = running(Method.SEALED)
    firms = [core.enterprise() for _ in range(RIVALS)]
    assert at_once(*[bid(row, firm, 150_000, "t") for firm in firms]) == ["done"] * RIVALS
    assert Bid.objects.count() == RIVALS
    done = make.settled(row)
    earliest = Bid.objects.order_by("placed_at", "pk").first()
    assert (done.status, done.winning_bid) == (S.AWARDED, earliest)


def test_of_equal_open_bids_at_once_one_is_taken_and_the_others_are_told() -> None:
    row = running(Method.OPEN)
    firms = [core.enterprise() for _ in range(RIVALS)]
    found = at_once(*[bid(row, firm, 150_000, "t") for firm in firms])
    assert Counter(found) == {"done": 1, "Conflict": RIVALS - 1}
    assert Bid.objects.count() == 1


def test_one_submission_sent_many_times_at_once_is_one_bid() -> None:
    row, firm = running(Method.SEALED), core.enterprise()
    assert at_once(*[bid(row, firm, 150_000, "same") for _ in range(RIVALS)]) == ["done"] * RIVALS
    assert Bid.objects.count() == 1


def test_a_bid_in_time_waits_for_its_rivals_and_closing_waits_for_the_bid() -> None:
    """A rival holds the row past the end; a bid that arrived before it still counts.

    The closer is started while the bid waits, and must not overtake it.
    """
    row, firm = running(Method.SEALED, seconds=0.6), core.enterprise()
    arrived: list[datetime] = []

    def clock() -> datetime:
        arrived.append(database_clock())
        return arrived[-1]

    def rival() -> None:
        with transaction.atomic():
            Auction.objects.select_for_update(no_key=True).get(pk=row.pk)
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_sleep(0.8)")

    def late_in_the_queue() -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_sleep(0.2)")  # the rival has the row by now
        bidding.place_bid(
            auction_id=row.pk,
            amount=Decimal(150_000),
            token="t",
            confirmed=True,
            by=core.actor(firm),
            clock=clock,
        )

    def closer() -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_sleep(0.65)")
        settling.settle_auction(auction_id=row.pk)

    assert at_once(rival, late_in_the_queue, closer) == ["done"] * 3
    row.refresh_from_db()
    kept = Bid.objects.get()
    assert kept.placed_at in arrived
    assert kept.placed_at < row.ends_at < database_clock()
    assert (row.status, row.winning_bid) == (S.AWARDED, kept)


def test_a_bid_and_the_withdrawal_of_what_is_bid_for() -> None:
    """The offer goes, the bid stays on record; the end is a sale, or a reason why not."""
    row, firm = running(Method.SEALED), core.enterprise()
    listing, keeper = Listing.objects.get(), Actor.system()
    found = at_once(
        bid(row, firm, 150_000, "t"),
        lambda: services.withdraw_listing(listing_id=listing.pk, by=keeper, now=NOON),
    )
    assert found == ["done", "done"]
    assert Bid.objects.count() == 1
    listing.refresh_from_db()
    assert listing.status == "withdrawn"
    done = make.settled(row)
    assert done.status in (S.AWARDED, S.FAILED)
    assert (done.winning_bid_id is not None) == (done.status == S.AWARDED)
    assert done.because or done.status == S.AWARDED


def test_one_firm_bidding_under_two_tokens_at_once_has_one_sealed_bid() -> None:
    row, firm = running(Method.SEALED), core.enterprise()
    found = at_once(*[bid(row, firm, 150_000 + n, f"t{n}") for n in range(3)])
    assert Counter(found) == {"done": 1, "Conflict": 2}
    assert Bid.objects.count() == 1
