"""What can never be stored of auctions: each constraint meets a broken row."""

from __future__ import annotations

import itertools
from decimal import Decimal
from typing import Any

import pytest
from django.db import DatabaseError, transaction

from listings.models import Auction, AuctionLot, Bid, Objection
from listings.rules import auctions as rules
from listings.rules import moves
from listings.rules.auctions import Method
from tests.factories import auctions as make
from tests.factories import core
from tests.factories.listings import NOON

pytestmark = pytest.mark.django_db


def refuses(constraint: str, act: Any) -> None:
    with pytest.raises(DatabaseError, match=constraint), transaction.atomic():
        act()


@pytest.mark.parametrize(
    ("fields", "constraint"),
    [
        ({"status": "asleep"}, "auction_status_known|auction_moves|Invalid transition"),
        ({"method": "dutch"}, "auction_method_known"),
        ({"right": "pledge"}, "auction_right_known|auction_licence"),
        ({"right": "license_exclusive"}, "auction_licence_has_a_term"),
        ({"licence_months": 12}, "auction_licence_has_a_term"),
        ({"start_price": -1}, "auction_sums_make_sense"),
        ({"step": 0}, "auction_sums_make_sense"),
        ({"reserve_price": 1}, "auction_sums_make_sense"),
        ({"deposit": -1}, "auction_sums_make_sense"),
        ({"step": None}, "auction_open_has_a_step"),
        ({"closes_at": make.OPENS}, "auction_opens_then_closes"),
        ({"ends_at": make.OPENS}, "auction_opens_then_closes"),
        ({"announced_at": NOON}, "auction_announced_pair"),
        ({"decided_at": NOON}, "auction_decided_pair"),
        ({"status": "announced"}, "auction_public_was_announced"),
        ({"price": 5}, "auction_award_is_whole"),
        ({"status": "cancelled"}, "auction_end_says_why"),
    ],
)
def test_a_broken_auction(fields: dict[str, Any], constraint: str) -> None:
    row = make.draft()
    refuses(constraint, lambda: Auction.objects.filter(pk=row.pk).update(**fields))


@pytest.mark.parametrize(
    "fields",
    [{"title": "另一标题"}, {"start_price": 1}, {"closes_at": make.CLOSES.replace(day=30)},
     {"reserve_shown": True}, {"terms": "改了"}],
)  # fmt: skip
def test_announced_terms_stand(fields: dict[str, Any]) -> None:
    row = make.announced()
    refuses("auction_terms_stand", lambda: Auction.objects.filter(pk=row.pk).update(**fields))


STATES = [s.value for s in rules.AuctionStatus if s is not rules.AuctionStatus.AWARDED]


def test_the_database_knows_every_legal_step_and_no_other() -> None:
    """But for rows without a winner, which are never awarded: their constraint is tested above."""
    row = make.draft()
    legal = set(moves.pairs(rules.AUCTION_MOVES))
    for before, after in itertools.product(STATES, rules.AuctionStatus):
        row.pk, row.status, row.notice_days, row.because = None, before, 7, "x"
        row.announced_at = row.decided_at = NOON
        row.announced_by = row.decided_by = "system"
        row.save(force_insert=True)
        try:
            with transaction.atomic():
                Auction.objects.filter(pk=row.pk).update(status=after.value)
            stepped = True
        except DatabaseError as refusal:
            stepped = "auction_award_is_whole" in str(refusal)
        assert stepped == ((before, after.value) in legal or before == after), (before, after)


def test_a_patent_is_in_one_live_auction() -> None:
    keeper = core.office()
    first = make.announced(keeper)
    other = make.draft(keeper, patents=[first.patents.get()])
    refuses("lot_one_live_auction", lambda: other.lots.update(live=True))
    lot = first.lots.get()
    refuses(
        "lot_once",
        lambda: AuctionLot.objects.create(auction=first, patent_id=lot.patent_id),
    )


def test_bids_are_binding() -> None:
    row = make.opened()
    firm = core.enterprise()
    receipt = make.bid(row, 100_000, firm=firm, token="t")
    kept = Bid.objects.filter(pk=receipt.bid_id)
    refuses("bid_is_never_taken_back", kept.delete)
    refuses("bid_is_binding", lambda: kept.update(placed_at=NOON))
    refuses("bid_is_opened_once", lambda: kept.update(amount=1))
    other = core.enterprise().organisation_id

    def create(**fields: Any) -> Any:
        given = {
            "auction": row,
            "organisation_id": other,
            "token": "u",
            "is_sealed": False,
            "amount": Decimal(200_000),
            "placed_at": NOON,
            "placed_by": "system",
        } | fields
        return lambda: Bid.objects.create(**given)

    refuses("bid_once_per_submission", create(organisation_id=firm.organisation_id, token="t"))
    refuses("bid_open_ascends", create(amount=Decimal(100_000)))
    refuses("bid_sealed_or_open", create(is_sealed=True))
    refuses("bid_sealed_or_open", create(amount=None))
    refuses("bid_not_negative", create(amount=Decimal(-1)))
    refuses("bid_has_a_token", create(token=""))
    create(is_sealed=True, sealed=b"x", amount=None)()
    refuses("bid_sealed_once_each", create(is_sealed=True, sealed=b"y", amount=None, token="v"))


def test_a_sealed_bid_is_opened_once() -> None:
    row = make.opened(method=Method.SEALED, step=None)
    receipt = make.bid(row, 100_000)
    kept = Bid.objects.filter(pk=receipt.bid_id)
    assert kept.get().amount is None
    kept.update(amount=100_000)
    refuses("bid_is_opened_once", lambda: kept.update(amount=100_001))


@pytest.mark.parametrize(
    ("fields", "constraint"),
    [
        ({"text": ""}, "objection_says_something"),
        ({"auction": None}, "objection_is_about_one_thing"),
        ({"status": "lost"}, "objection_status_known|Invalid transition"),
        ({"answered_at": NOON}, "objection_answered_pair"),
        ({"status": "upheld"}, "objection_decided_is_answered"),
        ({"answered_at": NOON, "answered_by": "s"}, "objection_decided_is_answered"),
    ],
)
def test_a_broken_objection(fields: dict[str, Any], constraint: str) -> None:
    row = Objection.objects.create(
        auction=make.announced(), text="有争议", raised_at=NOON, raised_by="system"
    )
    refuses(constraint, lambda: Objection.objects.filter(pk=row.pk).update(**fields))
