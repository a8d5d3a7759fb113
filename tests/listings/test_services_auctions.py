"""Commands of auctions: announced, bid for, decided, objected to, called off."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import override_settings

from core.audit.models import AuditEntry
from core.errors import Conflict, Invalid, Missing, NotAllowed
from core.notices.models import Notice
from core.outbox.models import OutboxEvent
from core.people.models import RegionSetting
from core.people.types import Actor
from listings import services
from listings.models import Auction, Bid, Listing
from listings.rules.auctions import AuctionStatus as S
from listings.rules.auctions import Method
from listings.selectors.trading import auctions as selectors
from listings.services.trading import auctions, bidding, objections, settling
from listings.types import Action, EncumbranceKind
from tests.factories import auctions as make
from tests.factories import core
from tests.factories import listings as stock
from tests.factories.auctions import CLOSES, OPENS, at
from tests.factories.listings import NOON
from tests.factories.ratings import offered

pytestmark = pytest.mark.django_db
MS = timedelta(milliseconds=1)
SYSTEM = Actor.system()


def events(name: str) -> list[dict[str, Any]]:
    return [e.payload for e in OutboxEvent.objects.filter(name=name).order_by("written_at")]


def titles(member: Any) -> list[str]:
    rows = Notice.objects.filter(user=member.user, kind="auction.progress").order_by("pk")
    return [row.title.split("：")[0] for row in rows]


# Announcing


def test_announcing_posts_it_and_tells_whoever_keeps_an_eye_on_the_patent() -> None:
    keeper, fan = core.office(), core.enterprise()
    row = make.draft(keeper)
    services.favourite(patent_id=row.patents.get().pk, by=core.actor(fan), now=NOON)
    auctions.announce_auction(auction_id=row.pk, by=core.actor(keeper), now=NOON)
    row.refresh_from_db()
    assert (row.status, row.notice_days) == (S.ANNOUNCED, 7)
    assert [e["auction_id"] for e in events("auction.announced")] == [row.pk]
    assert titles(fan) == ["您收藏的专利将拍卖"]
    assert AuditEntry.objects.filter(event="auction.announced").count() == 1


@pytest.mark.parametrize(
    ("setting", "prefix", "refused"), [(7, "", False), (8, "", True), (15, "31", True)]
)
def test_the_region_says_how_long_it_must_stand(setting: int, prefix: str, refused: bool) -> None:
    RegionSetting.objects.create(region=prefix, key="auction.notice_days", value=setting)
    keeper = core.office()
    row = make.draft(keeper)
    if not refused:
        auctions.announce_auction(auction_id=row.pk, by=core.actor(keeper), now=NOON)
        return
    with pytest.raises(Conflict, match=f"不得少于 {setting} 日.*最早") as refusal:
        auctions.announce_auction(auction_id=row.pk, by=core.actor(keeper), now=NOON)
    assert [b.code for b in refusal.value.blockers] == ["notice-too-short"]
    row.refresh_from_db()
    assert row.status == S.DRAFT


def test_what_may_not_be_transferred_is_not_put_up() -> None:
    keeper = core.office()
    patent = stock.listed_patent(keeper)
    row = make.draft(keeper, patents=[patent])
    services.withdraw_listing(listing_id=Listing.objects.get(patent=patent).pk, by=SYSTEM, now=NOON)
    stock.bound(patent, EncumbranceKind.PRESERVATION)
    with pytest.raises(Conflict) as refusal:
        auctions.announce_auction(auction_id=row.pk, by=core.actor(keeper), now=NOON)
    codes = {b.code for b in refusal.value.blockers}
    assert "not-listed" in codes
    assert len(codes) > 1


def test_announced_terms_cannot_be_edited_and_drafts_by_one_at_a_time() -> None:
    keeper = core.office()
    row = make.draft(keeper)
    by = core.actor(keeper)
    auctions.edit_auction(
        auction_id=row.pk, terms=make.terms(title="改了"), version=1, by=by, now=NOON
    )
    with pytest.raises(Conflict, match="刚被其他人修改"):
        auctions.edit_auction(auction_id=row.pk, terms=make.terms(), version=1, by=by, now=NOON)
    auctions.announce_auction(auction_id=row.pk, by=by, now=NOON)
    with pytest.raises(Conflict, match="公告后的条款不能修改"):
        auctions.edit_auction(auction_id=row.pk, terms=make.terms(), version=None, by=by, now=NOON)
    row.refresh_from_db()
    assert row.title == "改了"


def test_a_patent_is_put_up_once_at_a_time() -> None:
    keeper = core.office()
    first = make.announced(keeper)
    second = make.draft(keeper, patents=[first.patents.get()])
    with pytest.raises(Conflict, match="另一场拍卖"):
        auctions.announce_auction(auction_id=second.pk, by=core.actor(keeper), now=NOON)


@pytest.mark.parametrize("who", [core.enterprise, core.bureau, core.auditor, core.inventor])
def test_strangers_run_no_auctions(who: Callable[[], Any]) -> None:
    keeper = core.office()
    row, patent = make.announced(keeper), stock.listed_patent(keeper)
    by = core.actor(who())
    for act in (
        lambda: auctions.draft_auction(patent_ids=[patent.pk], terms=make.terms(), by=by, now=NOON),
        lambda: auctions.edit_auction(
            auction_id=row.pk, terms=make.terms(), version=None, by=by, now=NOON
        ),
        lambda: auctions.announce_auction(auction_id=row.pk, by=by, now=NOON),
        lambda: auctions.cancel_auction(auction_id=row.pk, reason="我想", by=by, now=NOON),
    ):
        with pytest.raises(NotAllowed):
            act()
    row.refresh_from_db()
    assert row.status == S.ANNOUNCED


def test_another_offices_patent_is_missing() -> None:
    patent = stock.listed_patent()
    with pytest.raises(Missing):
        auctions.draft_auction(
            patent_ids=[patent.pk], terms=make.terms(), by=core.actor(core.office()), now=NOON
        )


# Time


def test_a_bid_in_the_last_millisecond_counts_and_one_at_the_end_is_told_both_times() -> None:
    row = make.opened()
    kept = make.bid(row, 100_000, when=CLOSES - MS)
    with pytest.raises(Conflict) as refusal:
        make.bid(row, 200_000, when=CLOSES + MS)
    assert refusal.value.code == "bid-too-late"
    assert "14:00:00.000" in refusal.value.message
    assert "14:00:00.001" in refusal.value.message
    assert "晚了 1 毫秒" in refusal.value.message
    row.refresh_from_db()
    assert row.status == S.AWARDED  # the late bid found it over and closed it on the way
    assert row.winning_bid_id == kept.bid_id


def test_a_bid_before_the_opening_is_told_when_to_come() -> None:
    with pytest.raises(Conflict, match="竞价还没有开始：2026-11-28"):
        make.bid(make.announced(), 100_000, when=OPENS - MS)


def test_the_first_bid_opens_an_auction_that_nobody_opened() -> None:
    row = make.announced()
    make.bid(row, 100_000, when=OPENS)
    row.refresh_from_db()
    assert row.status == S.OPEN


def test_a_late_bid_moves_the_end_where_the_terms_say_so() -> None:
    row = make.opened(extend_minutes=5)
    make.bid(row, 100_000, when=CLOSES - timedelta(minutes=6))
    row.refresh_from_db()
    assert row.ends_at == CLOSES
    make.bid(row, 105_000, when=CLOSES - timedelta(minutes=1))
    row.refresh_from_db()
    assert row.ends_at == CLOSES + timedelta(minutes=4)
    make.bid(row, 110_000, when=CLOSES + timedelta(minutes=3))
    assert make.settled(row, CLOSES + timedelta(minutes=7)).status == S.OPEN
    assert make.settled(row, CLOSES + timedelta(minutes=8)).price == 110_000


# What may be bid


def test_open_bids_ascend_by_the_step_and_the_outbid_are_told() -> None:
    row, first, second = make.opened(), core.enterprise(), core.enterprise()
    with pytest.raises(Conflict, match=r"起拍价是 100,000 元"):
        make.bid(row, 99_999, firm=first)
    make.bid(row, 100_000, firm=first)
    with pytest.raises(Conflict, match="已经是最高价"):
        make.bid(row, 200_000, firm=first)
    with pytest.raises(Conflict, match=r"至少要出 105,000 元"):
        make.bid(row, 104_999, firm=second)
    make.bid(row, 105_000, firm=second)
    assert titles(first) == ["您的报价已被超过"]
    assert Bid.objects.count() == 2


def test_the_same_submission_is_one_bid_and_another_amount_is_refused() -> None:
    row, firm = make.opened(), core.enterprise()
    first = make.bid(row, 100_000, firm=firm, token="once")
    again = make.bid(row, 100_000, firm=firm, token="once")
    assert (first.bid_id, first.is_new, again.is_new) == (again.bid_id, True, False)
    with pytest.raises(Invalid) as refusal:
        make.bid(row, 120_000, firm=firm, token="once")
    assert refusal.value.code == "idempotency-key-reused"
    late = make.bid(row, 100_000, firm=firm, token="once", when=CLOSES + MS)
    assert late.bid_id == first.bid_id  # asked again after the end, the answer is the same
    assert Bid.objects.count() == 1


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"confirmed": False}, "confirmed"),
        ({"amount": Decimal("NaN")}, "amount"),
        ({"amount": Decimal(-1)}, "amount"),
        ({"amount": Decimal("1.001")}, "amount"),
        ({"amount": Decimal("1e40")}, "amount"),
        ({"token": ""}, "token"),
        ({"token": "x" * 81}, "token"),
    ],
)
def test_senseless_bids_say_what_is_wrong(fields: dict[str, Any], field: str) -> None:
    row = make.opened()
    given = {"amount": Decimal(100_000), "token": "t", "confirmed": True} | fields
    with pytest.raises(Invalid) as refusal:
        bidding.place_bid(
            auction_id=row.pk, by=core.actor(core.enterprise()), clock=at(OPENS), **given
        )
    assert set(refusal.value.fields) == {field}


def test_who_may_not_bid() -> None:
    keeper, partner = core.office(), core.enterprise()
    patent = stock.listed_patent(
        keeper,
        holders=(
            stock.holder("本校", organisation_id=keeper.organisation_id),
            stock.holder("合作企业", organisation_id=partner.organisation_id, consent="all"),
        ),
    )
    row = make.opened(keeper, patents=[patent])
    for stranger in (core.office(), core.bureau(), core.auditor(), core.bank()):
        with pytest.raises(NotAllowed):
            make.bid(row, 100_000, firm=stranger)
    with pytest.raises(Conflict, match="不能参加自己专利的竞买"):
        make.bid(row, 100_000, firm=partner)
    with pytest.raises(Missing):
        make.bid(make.draft(keeper), 100_000)
    assert Bid.objects.count() == 0


# Sealed bids


def test_a_receipt_number_counts_nothing() -> None:
    """Neither the bids of other auctions nor those of rivals can be told from it."""
    row, other = (make.opened(method=Method.SEALED, step=None) for _ in range(2))
    receipts = [make.bid(r, 100_000, firm=core.enterprise(), token="1") for r in (row, row, other)]
    numbers = [receipt.number for receipt in receipts]
    assert len(set(numbers)) == 3
    assert all(re.fullmatch("[0-9A-F]{12}", number) for number in numbers)
    assert not any(str(r.bid_id) == r.number for r in receipts)


def test_sealed_amounts_are_readable_for_nobody_before_the_end() -> None:
    keeper, firm = core.office(), core.enterprise()
    row = make.opened(keeper, method=Method.SEALED, step=None)
    receipt = make.bid(row, "123456.78", firm=firm)
    assert receipt.amount is None
    stored = Bid.objects.get()
    assert stored.amount is None
    assert b"123456" not in bytes(stored.sealed or b"")
    seen = {
        who: selectors.bids(selectors.auction(row.pk, viewer=by), viewer=by)
        for who, by in {
            "seller": core.actor(keeper),
            "auditor": core.actor(core.auditor()),
            "bureau": core.actor(core.bureau()),
            "rival": core.actor(core.enterprise()),
            "system": SYSTEM,
            "bidder": core.actor(firm),
        }.items()
    }
    assert [len(lines) for lines in seen.values()] == [0, 0, 0, 0, 0, 1]
    assert seen["bidder"][0].amount is None
    assert seen["bidder"][0].number == receipt.number
    assert selectors.auction(row.pk, viewer=SYSTEM).highest is None
    trail = AuditEntry.objects.get(event="auction.bid_placed")
    assert "123456" not in str(trail.changes)
    done = make.settled(row)
    assert (done.status, done.price) == (S.AWARDED, Decimal("123456.78"))
    assert AuditEntry.objects.get(event="auction.bids_opened").changes == {"bids": 1}
    line = selectors.bids(done, viewer=core.actor(core.auditor()))[0]
    assert (line.amount, line.label) == (Decimal("123456.78"), firm.organisation.name)


def test_a_sealed_bid_does_not_say_how_many_came_before_it() -> None:
    row = make.opened(core.office(), method=Method.SEALED, step=None)
    first, second = core.enterprise(), core.enterprise()
    make.bid(row, "100000", firm=first)
    make.bid(row, "110000", firm=second)
    labels = {
        line.label
        for by in map(core.actor, (first, second))
        for line in selectors.bids(selectors.auction(row.pk, viewer=by), viewer=by)
    }
    assert labels == {"竞买人"}


def test_one_sealed_bid_each_and_the_earlier_of_equal_ones_wins() -> None:
    row, firms = make.opened(method=Method.SEALED, step=None), [core.enterprise() for _ in "abc"]
    make.bid(row, 150_000, firm=firms[0], when=OPENS + timedelta(minutes=3))
    make.bid(row, 150_000, firm=firms[1], when=OPENS + timedelta(minutes=2))
    make.bid(row, 140_000, firm=firms[2], when=OPENS + timedelta(minutes=1))
    with pytest.raises(Conflict, match="只能提交一次"):
        make.bid(row, 900_000, firm=firms[0])
    done = make.settled(row)
    assert done.winning_bid is not None
    assert done.winning_bid.organisation_id == firms[1].organisation_id


def test_a_lost_key_leaves_it_undecided_and_the_old_key_opens_it(
    caplog: pytest.LogCaptureFixture,
) -> None:
    row = make.opened(method=Method.SEALED, step=None)
    with override_settings(SECRET_KEY="former"):
        make.bid(row, 150_000)
    assert make.settled(row).status == S.CLOSED
    assert "does not open" in caplog.text
    with override_settings(SECRET_KEY_FALLBACKS=["former"]):
        assert make.settled(row).price == 150_000


# Decisions


def test_the_award_names_who_owes_whom_and_tells_everybody_once() -> None:
    keeper, winner, loser = core.office(), core.enterprise(), core.enterprise()
    row = make.opened(keeper, names_winner=True)
    make.bid(row, 100_000, firm=loser)
    make.bid(row, 105_000, firm=winner)
    for _ in range(2):
        done = make.settled(row)
    assert (done.status, done.price, done.sign_by) == (S.AWARDED, 105_000, date(2026, 12, 28))
    [told] = events("auction.awarded")
    assert told["buyer_id"] == winner.organisation_id
    assert (told["price"], told["right"], told["sign_by"]) == (
        "105000.00", "transfer", "2026-12-28",
    )  # fmt: skip
    assert titles(winner) == ["恭喜，您已竞得"]
    assert titles(loser) == ["您的报价已被超过", "拍卖已有结果，您未竞得"]
    assert titles(keeper) == ["拍卖成交"]
    assert offered("auction") == [
        (winner.organisation_id, keeper.organisation_id),
        (loser.organisation_id, keeper.organisation_id),
    ]
    assert not done.lots.filter(live=True).exists()


@pytest.mark.parametrize("names_winner", [True, False])
def test_the_winners_name_is_published_only_if_announced_so(names_winner: bool) -> None:
    firm = core.enterprise()
    row = make.opened(names_winner=names_winner)
    make.bid(row, 100_000, firm=firm)
    make.bid(row, 110_000, firm=core.enterprise())
    make.bid(row, 120_000, firm=firm)
    lines = selectors.bids(make.settled(row), viewer=Actor.anonymous())
    winner = firm.organisation.name if names_winner else "竞买人 1"
    assert [line.label for line in lines] == [winner, "竞买人 2", winner]


def test_without_bids_or_below_the_reserve_it_fails() -> None:
    nobody = make.settled(make.opened())
    assert (nobody.status, nobody.because) == (S.FAILED, "截止时没有报价。")
    row = make.opened(reserve_price=Decimal(200_000))
    make.bid(row, 199_999)
    low = make.settled(row)
    assert (low.status, low.price) == (S.FAILED, None)
    assert "200" not in low.because
    assert len(events("auction.failed")) == 2


def test_what_was_bound_meanwhile_is_not_awarded() -> None:
    row = make.opened()
    make.bid(row, 100_000)
    stock.bound(row.patents.get(), EncumbranceKind.PRESERVATION)
    done = make.settled(row)
    assert done.status == S.FAILED
    assert done.because.startswith("成交前复核未通过")


def test_the_sweep_finds_what_the_clock_has_overtaken() -> None:
    row, other = (
        make.announced(),
        make.announced(opens_at=CLOSES, closes_at=CLOSES + 40 * 60 * 1000 * MS),
    )
    assert settling.settle_due(now=OPENS, clock=at(OPENS)) == 1
    assert settling.settle_due(now=CLOSES, clock=at(CLOSES)) == 2
    assert settling.settle_due(now=CLOSES, clock=at(CLOSES)) == 0
    assert {a.status for a in Auction.objects.filter(pk__in=[row.pk, other.pk])} == {
        S.FAILED, S.OPEN,
    }  # fmt: skip


# Objections


REASON = "该专利存在权属纠纷，法院已经受理。"


def test_an_objection_holds_the_award_until_it_is_answered() -> None:
    keeper, rival = core.office(), core.enterprise()
    row = make.announced(keeper)
    pk = objections.object_to_auction(
        auction_id=row.pk, text=REASON, contact="", by=core.actor(rival), now=NOON
    )
    assert titles(keeper) == ["公示异议待答复"]
    make.bid(row, 100_000)
    assert make.settled(row).status == S.CLOSED
    objections.answer_objection(
        objection_id=pk,
        upheld=False,
        answer="经核查，没有纠纷。",
        by=core.actor(keeper),
        now=CLOSES,
    )
    assert titles(rival) == ["您的异议已答复"]
    assert make.settled(row).status == S.AWARDED
    with pytest.raises(Conflict, match="已经答复"):
        objections.answer_objection(
            objection_id=pk, upheld=True, answer="又变了主意。", by=core.actor(keeper), now=CLOSES
        )


def test_an_upheld_objection_calls_it_off() -> None:
    keeper = core.office()
    row = make.announced(keeper)
    pk = objections.object_to_auction(
        auction_id=row.pk, text=REASON, contact="", by=core.actor(core.bank()), now=NOON
    )
    objections.answer_objection(
        objection_id=pk, upheld=True, answer="情况属实。", by=core.actor(keeper), now=NOON
    )
    row.refresh_from_db()
    assert (row.status, row.because) == (S.CANCELLED, "公示期异议成立：情况属实。")


def test_objections_come_in_time_and_from_people() -> None:
    row = make.announced()
    by = core.actor(core.enterprise())
    with pytest.raises(Conflict, match="应在公示期内提出"):
        objections.object_to_auction(auction_id=row.pk, text=REASON, contact="", by=by, now=OPENS)
    with pytest.raises(Invalid):
        objections.object_to_auction(auction_id=row.pk, text="不行", contact="", by=by, now=NOON)
    for stranger in (Actor.anonymous(), core.actor(core.auditor())):
        with pytest.raises(NotAllowed):
            objections.object_to_auction(
                auction_id=row.pk, text=REASON, contact="", by=stranger, now=NOON
            )
    pk = objections.object_to_auction(auction_id=row.pk, text=REASON, contact="", by=by, now=NOON)
    with pytest.raises(NotAllowed):
        objections.answer_objection(
            objection_id=pk, upheld=False, answer="我来答复。", by=by, now=NOON
        )
    with pytest.raises(Missing):
        objections.answer_objection(
            objection_id=pk + 1, upheld=False, answer="我来答复。", by=SYSTEM, now=NOON
        )


# Calling off


def test_calling_off_needs_a_reason_and_tells_the_bidders() -> None:
    keeper, firm = core.office(), core.enterprise()
    row = make.opened(keeper)
    make.bid(row, 100_000, firm=firm)
    by = core.actor(keeper)
    with pytest.raises(Invalid):
        auctions.cancel_auction(auction_id=row.pk, reason=" ", by=by, now=OPENS)
    auctions.cancel_auction(auction_id=row.pk, reason="条款有误", by=by, now=OPENS)
    assert titles(firm) == ["拍卖已取消"]
    assert [e["reason"] for e in events("auction.cancelled")] == ["条款有误"]
    with pytest.raises(Conflict, match="已取消"):
        make.bid(row, 200_000)
    with pytest.raises(Conflict, match="现在是“已取消”"):
        auctions.cancel_auction(auction_id=row.pk, reason="再来", by=by, now=OPENS)


@pytest.mark.parametrize("how", ["lapse", "withdrawal"])
def test_a_patent_that_is_gone_takes_its_auction_along(how: str, drain: Callable[[], int]) -> None:
    row = make.announced()
    patent = row.patents.get()
    if how == "lapse":
        services.record_legal_event(
            patent_id=patent.pk, code="CF01", occurred_on=date(2026, 11, 1), by=SYSTEM, now=NOON
        )
    else:
        services.withdraw_listing(
            listing_id=Listing.objects.get(patent=patent).pk, by=SYSTEM, now=NOON
        )
    drain()
    row.refresh_from_db()
    assert row.status == S.CANCELLED
    assert "标的情况变化" in row.because


def test_a_suspension_alone_does_not_call_it_off(drain: Callable[[], int]) -> None:
    row = make.announced()
    listing = Listing.objects.get(patent=row.patents.get())
    services.suspend_listing(listing_id=listing.pk, reason="改价", by=SYSTEM, now=NOON)
    drain()
    row.refresh_from_db()
    assert row.status == S.ANNOUNCED
    done = make.settled(row, OPENS)
    assert (done.status, "没有在架" in done.because) == (S.CANCELLED, True)


def test_a_licence_may_be_put_up_too() -> None:
    row = make.opened(right=Action.LICENSE_EXCLUSIVE, licence_months=36)
    make.bid(row, 100_000)
    make.settled(row)
    assert [e["licence_months"] for e in events("auction.awarded")] == [36]
