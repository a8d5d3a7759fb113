"""Rivals for bundles, for the end of a contract, and for the payment of one sum; a few of each."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from benchmarks import deal_rivals as races
from licensing.models import Deal, DealEnding, DealItem, Licence, SettlementPayment, Termination
from licensing.rules.deal_endings import DealGround
from licensing.rules.fees import FeePart, PartKind
from licensing.services import (
    bundle_deals,
    deal_endings,
    deals,
    offsets,
    settlement_sums,
    signing,
)
from listings import selectors as listings
from tests.factories import core as make
from tests.factories import deals as given
from tests.factories.licensing import NOON, TODAY
from tests.licensing.test_bundle_deals import Shelf
from tests.licensing.test_endings import Pair
from tests.licensing.test_offsets import Mutual
from tests.licensing.test_settlement_sums import quarrelled, work

pytestmark = pytest.mark.django_db(transaction=True)
LATE = {"taken", "blocked", "illegal-move", "ending-already", "busy"}  # how a loser is told
PARTS = (FeePart(PartKind.LUMP, amount=Decimal(90_000)),)


def ready(shelf: Shelf, table: given.Table) -> int:
    """A deal of one firm on the whole bundle, signed by both sides, its seals unchecked."""
    known = {"by": table.taker, "now": NOON}
    [row] = bundle_deals.inquire_bundle(
        bundle_id=shelf.id, kind="exclusive", wish="整体使用", **known
    )
    deals.answer_inquiry(deal_id=row.pk, accept=True, reason="", by=table.holder, now=NOON)
    terms = given.terms(*shelf.patents, parts=PARTS, kind="exclusive")
    made = deals.propose_terms(deal_id=row.pk, terms=terms, **known)
    answer = {"accept": True, "reason": "", "by": table.holder, "now": NOON}
    deals.answer_terms(deal_id=row.pk, version=made.version, **answer)
    for by in (table.holder, table.taker):
        signing.upload_contract(deal_id=row.pk, file=given.paper(), by=by, now=NOON)
    return row.pk


def test_two_firms_for_the_same_exclusive_bundle_leave_one_whole():
    shelf = Shelf(3)
    at = shelf.at
    tables = [given.Table(at.office, at.second, make.enterprise()) for _ in range(4)]
    ids = [ready(shelf, one) for one in tables]
    ends = [end for end, _took in races.together([races.seal(pk, at.second) for pk in ids])]
    assert (ends.count("done"), "deadlock" in ends) == (1, False)
    [won] = Deal.objects.filter(status="signed")
    items = DealItem.objects.filter(deal=won)
    assert sorted(items.values_list("patent_id", flat=True)) == sorted(shelf.patents)
    assert Licence.objects.count() == 3
    assert races.overlaps() == 0


def test_a_bundle_against_a_single_exclusive_on_one_of_its_patents():
    shelf = Shelf(2)
    at = shelf.at
    whole = ready(shelf, given.Table(at.office, at.second, make.enterprise()))
    [one] = races.ready_deals(at, shelf.patents[1], 1)
    rivals = [races.seal(pk, at.second) for pk in (whole, one)]
    ends = [end for end, _took in races.together(rivals)]
    assert (ends.count("done"), "deadlock" in ends) == (1, False)
    bonds = [len(listings.encumbrances(pk, at=NOON)) for pk in shelf.patents]
    assert bonds == ([1, 1] if ends[0] == "done" else [0, 1])
    assert races.overlaps() == 0


def test_a_settlement_sum_is_paid_once_however_many_pay_at_once():
    at = given.table()
    row = quarrelled(at, work(at))

    def pay(place: int) -> races.Rival:
        def run() -> str:
            settlement_sums.pay_settlement(
                sum_id=row.pk, amount=row.amount, paid_on=TODAY, reference=f"回单{place}",
                by=at.holder, now=NOON,
            )  # fmt: skip
            return "done"

        return run

    ends = [end for end, _took in races.together([pay(place) for place in range(4)])]
    assert (ends.count("done"), "deadlock" in ends) == (1, False)
    assert SettlementPayment.objects.get(sum=row).amount == row.amount


def test_a_contract_has_one_end_under_way_however_both_sides_hurry():
    at = given.table()
    deal = work(at)

    def end(by) -> races.Rival:
        def run() -> str:
            wanted = deal_endings.Wanted(
                DealGround.AGREEMENT, "合作调整", TODAY + timedelta(days=10), "款项各自结清"
            )
            deal_endings.open_deal_ending(deal_id=deal.pk, wanted=wanted, by=by, now=NOON)
            return "done"

        return run

    ends = [e for e, _took in races.together([end(by) for by in (at.holder, at.taker) * 2])]
    assert (ends.count("done"), "deadlock" in ends) == (1, False)
    assert DealEnding.objects.filter(deal=deal).count() == 1


def test_two_firms_for_one_exclusive_bundle_by_api_leave_one_whole():
    shelf = Shelf(2)
    at = shelf.at
    ids = [ready(shelf, given.Table(at.office, at.second, make.enterprise())) for _ in range(3)]
    runs = [races.posted(f"/api/v1/deals/{pk}/seals/", at.second, {}) for pk in ids]
    ends = sorted(end for end, _took in races.together(runs))
    assert ends.count("done") == 1
    assert set(ends) - {"done"} <= LATE
    [won] = Deal.objects.filter(status="signed")
    items = DealItem.objects.filter(deal=won)
    assert sorted(items.values_list("patent_id", flat=True)) == sorted(shelf.patents)
    assert Licence.objects.count() == 2
    assert races.overlaps() == 0


def test_a_licence_has_one_end_under_way_by_api_however_both_sides_hurry():
    at = Pair()
    body = {
        "licence_id": at.row.pk, "ground": "agreement", "reason": "产品停产",
        "wished_on": f"{TODAY + timedelta(days=40)}",
    }  # fmt: skip
    sides = (at.office_member, at.firm_member)
    ends = [end for end, _took in races.together(
        [races.posted("/api/v1/terminations/", who, body) for who in sides]
    )]  # fmt: skip
    assert ends.count("done") == 1
    assert set(ends) - {"done"} <= LATE
    assert Termination.objects.filter(licence=at.row).count() == 1


def test_the_end_of_a_licence_is_agreed_or_taken_back_by_api_and_never_both():
    at = Pair()
    ending = at.opened()
    path = f"/api/v1/terminations/{ending.pk}/"
    runs = [
        races.posted(f"{path}answer/", at.office_member, {"verdict": "agree"}),
        races.posted(f"{path}withdraw/", at.firm_member, {}),
    ]
    ends = [end for end, _took in races.together(runs)]
    assert ends.count("done") == 1
    assert set(ends) - {"done"} <= LATE
    ending.refresh_from_db()
    assert ending.status == ("agreed" if ends[0] == "done" else "withdrawn")


def test_a_sum_is_set_off_and_paid_at_once_without_falling_below_zero():
    at = Mutual()
    made = at.proposed("1234.56")

    def agree() -> str:
        offsets.accept_offset(offset_id=made.pk, by=at.office, now=NOON)
        return "done"

    def pay() -> str:
        settlement_sums.pay_settlement(
            sum_id=at.sum.pk, amount=at.sum.amount, paid_on=TODAY, reference="回单", by=at.office,
            now=NOON,
        )  # fmt: skip
        return "done"

    ends = [end for end, _took in races.together([agree, pay, agree])]
    assert (ends.count("done"), "deadlock" in ends) == (1, False)
    assert SettlementPayment.objects.get(sum=at.sum).amount == at.sum.amount
