"""Deals: posting, approvals, seals, what binds, register, settlement, auctions."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest

from core.audit.models import AuditEntry
from core.errors import Conflict, Invalid, NotAllowed
from core.notices.models import Notice
from core.outbox.models import OutboxEvent
from core.people.types import Actor
from licensing.models import Deal, Licence, Outcome
from licensing.selectors import deals as selectors
from licensing.services import completing, deals, file_licence, signing
from listings import selectors as listings
from listings.types import EncumbranceKind
from tests.factories import core as make
from tests.factories import deals as given
from tests.factories import licensing as lic
from tests.factories.core import actor
from tests.factories.licensing import NOON, TODAY
from tests.licensing.telling import kept, told

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("kind", ["ordinary", "sole", "exclusive"])
def test_a_signed_licence_binds_the_patent_in_its_scope_and_is_reported(kind):
    at = given.table()
    row = given.signed(at, kind=kind, territory="31,32", modes=("make", "sell"))
    assert (row.status, row.next_step, row.effective_on) == ("signed", "register", TODAY)
    [bond] = listings.encumbrances(row.patent_id, at=NOON)
    assert (bond.kind, bond.territory, bond.modes) == (kind, "31,32", ("make", "sell"))
    licence = Licence.objects.get(deal_item__deal=row)
    assert (licence.status, licence.kind, licence.territory) == ("effective", kind, "31,32")
    assert licence.dues.get().amount == 80_000
    outcome = Outcome.objects.get(patent_id=row.patent_id)
    assert (outcome.code, outcome.licence_id, outcome.amount) == (kind, licence.pk, 80_000)
    assert outcome.evidence_id


def test_whoever_uploaded_does_not_check_the_seals():
    at = given.table()
    row = given.uploaded(at)
    with pytest.raises(Conflict) as refused:
        signing.confirm_seals(deal_id=row.pk, by=at.holder, now=NOON)
    assert refused.value.code == "two-persons"
    with pytest.raises(NotAllowed):
        signing.confirm_seals(deal_id=row.pk, by=at.taker, now=NOON)
    row.refresh_from_db()
    assert row.status == "agreed"


def test_one_missing_copy_keeps_the_contract_from_binding():
    at = given.table()
    row = given.agreed(at)
    signing.upload_contract(deal_id=row.pk, file=given.paper(), by=at.holder, now=NOON)
    with pytest.raises(Conflict, match="需求方还没有上传"):
        signing.confirm_seals(deal_id=row.pk, by=at.checker, now=NOON)
    with pytest.raises(Conflict) as refused:
        signing.upload_contract(deal_id=row.pk, file=given.paper(), by=at.holder, now=NOON)
    assert refused.value.code == "uploaded"


def test_a_copy_found_wanting_is_uploaded_anew():
    at = given.table()
    row = given.uploaded(at)
    signing.reject_contract(
        deal_id=row.pk, side="taker", reason="缺骑缝章", by=at.checker, now=NOON
    )
    row.refresh_from_db()
    assert (row.next_step, row.waits_for) == ("sign", "taker")
    signing.upload_contract(deal_id=row.pk, file=given.paper(), by=at.taker, now=NOON)
    signing.confirm_seals(deal_id=row.pk, by=at.checker, now=NOON)


def test_a_public_institute_posts_the_price_first():
    at = given.table(public=True)
    row = given.agreed(at)
    assert (row.needs_posting, row.next_step) == (True, "post")
    with pytest.raises(Conflict) as refused:
        signing.upload_contract(deal_id=row.pk, file=given.paper(), by=at.taker, now=NOON)
    assert [(b.code, b.article) for b in refused.value.blockers] == [
        ("not-posted", "促进科技成果转化法第十八条")
    ]
    after = given.posted(row, at)
    assert (row.status, row.next_step) == ("posted", "sign")
    for by in (at.holder, at.taker):
        signing.upload_contract(deal_id=row.pk, file=given.paper(), by=by, now=after)
    assert signing.confirm_seals(deal_id=row.pk, by=at.checker, now=after).status == "signed"


def test_a_posting_taken_back_puts_the_deal_back():
    at = given.table(public=True)
    row = given.agreed(at)
    signing.post_price(deal_id=row.pk, summary="协商定价", days=20, by=at.holder, now=NOON)
    item = row.items.get()
    row.refresh_from_db()
    assert row.waits_for == "clock"
    signing.follow_posting(posting_id=item.posting_id, completed=False, on=TODAY, now=NOON)
    row.refresh_from_db()
    assert (row.status, row.next_step) == ("agreed", "post")


def test_a_posting_shorter_than_the_region_asks_is_refused():
    at = given.table(public=True)
    row = given.agreed(at)
    with pytest.raises(Invalid) as refused:
        signing.post_price(deal_id=row.pk, summary="协商定价", days=3, by=at.holder, now=NOON)
    assert "days" in refused.value.fields


def test_a_foreign_taker_needs_approvals_with_their_articles():
    at = given.table()
    patent_id = lic.listed(at.office, funding_project="国家重点研发计划 2020YF01")
    row = given.agreed(at, patent_id, foreign=True)
    assert (row.waits_for, row.next_step) == ("holder", "approvals")
    with pytest.raises(Conflict) as refused:
        signing.upload_contract(deal_id=row.pk, file=given.paper(), by=at.taker, now=NOON)
    assert {b.article for b in refused.value.blockers} == {
        "专利法第十条第二款", "科学技术进步法第三十四条",
    }  # fmt: skip
    for kind in ("funder", "foreign"):
        signing.record_approval(
            deal_id=row.pk, kind=kind, authority="主管机构", number="批〔2026〕1号",
            approved_on=TODAY, file=given.paper(), by=at.holder, now=NOON,
        )  # fmt: skip
    signing.upload_contract(deal_id=row.pk, file=given.paper(), by=at.taker, now=NOON)


def test_an_approval_is_complete_and_from_the_holder():
    at = given.table()
    row = given.agreed(at, foreign=True)
    said = {"kind": "foreign", "authority": "", "number": "", "file": None}
    with pytest.raises(Invalid) as refused:
        signing.record_approval(
            deal_id=row.pk, **said, approved_on=TODAY + timedelta(1), by=at.holder, now=NOON
        )
    assert set(refused.value.fields) == {"authority", "number", "file", "approved_on"}
    with pytest.raises(NotAllowed):
        signing.record_approval(deal_id=row.pk, **said, approved_on=TODAY, by=at.taker, now=NOON)


def test_two_exclusive_rights_in_one_scope_cannot_both_be_signed():
    at, rival = given.table(), given.table()
    first = given.uploaded(at)
    rival = given.Table(at.office, at.second, rival.firm)
    second = given.uploaded(rival, first.patent_id)
    signing.confirm_seals(deal_id=first.pk, by=at.checker, now=NOON)
    with pytest.raises(Conflict) as refused:
        signing.confirm_seals(deal_id=second.pk, by=at.checker, now=NOON)
    assert [b.article for b in refused.value.blockers] == ["法释〔2020〕19号第二十五条"]
    second.refresh_from_db()
    assert (second.status, Licence.objects.count()) == ("agreed", 1)


def test_exclusive_rights_in_two_provinces_stand_side_by_side():
    at, other = given.table(), given.table()
    first = given.signed(at, territory="31")
    rival = given.Table(at.office, at.second, other.firm)
    second = given.signed(rival, first.patent_id, territory="32")
    assert (first.status, second.status) == ("signed", "signed")


def test_a_transfer_waits_for_the_register_and_then_changes_the_holder():
    at, other = given.table(), given.table()
    row = given.signed(at, kind="transfer")
    assert listings.card(row.patent_id, viewer=Actor.system()).organisation_id == row.holder_id
    rival = given.Table(at.office, at.second, other.firm)
    second = given.proposed(rival, row.patent_id, kind="exclusive")
    with pytest.raises(Conflict) as refused:
        deals.answer_terms(
            deal_id=second.pk, version=1, accept=True, reason="", by=at.holder, now=NOON
        )
    assert "transfer-in-progress" in [b.code for b in refused.value.blockers]
    completing.register_deal(
        deal_id=row.pk, number="手续合格 2026-1", registered_on=TODAY, by=at.taker, now=NOON
    )
    card = listings.card(row.patent_id, viewer=Actor.system())
    assert (card.organisation_id, card.holder_names) == (row.taker_id, (row.taker.name,))
    assert "TR01" in [e.code for e in listings.timeline(row.patent_id, viewer=Actor.system())]
    outcome = Outcome.objects.get(code="transferred")
    assert (outcome.organisation_id, outcome.counterparty) == (row.holder_id, row.taker.name)
    with pytest.raises(Conflict) as gone:
        deals.answer_terms(
            deal_id=second.pk, version=1, accept=True, reason="", by=at.holder, now=NOON
        )
    assert "holder-changed" in [b.code for b in gone.value.blockers]


def test_registering_files_the_licence():
    at = given.table()
    row = given.signed(at)
    for wrong in ({"number": ""}, {"registered_on": TODAY + timedelta(1)}):
        said = {"number": "X2026980000001", "registered_on": TODAY} | wrong
        with pytest.raises(Invalid):
            completing.register_deal(deal_id=row.pk, **said, by=at.taker, now=NOON)
    completing.register_deal(
        deal_id=row.pk, number="X2026980000001", registered_on=TODAY, by=at.taker, now=NOON
    )
    licence = Licence.objects.get(deal_item__deal=row)
    assert (licence.status, licence.filing_number) == ("filed", "X2026980000001")


def test_filing_the_licence_registers_the_deal():
    at = given.table()
    row = given.signed(at)
    licence = Licence.objects.get(deal_item__deal=row)
    file_licence(licence_id=licence.pk, filing_number="X1", filed_on=TODAY, by=at.holder, now=NOON)
    for _ in range(2):
        completing.follow_filing(licence_id=licence.pk, now=NOON)
    row.refresh_from_db()
    assert (row.status, row.register_number) == ("registered", "X1")


def test_settling_names_the_receipt():
    at = given.table()
    row = given.signed(at)
    completing.register_deal(
        deal_id=row.pk, number="X1", registered_on=TODAY, by=at.taker, now=NOON
    )
    with pytest.raises(Invalid) as refused:
        completing.settle_deal(
            deal_id=row.pk, amount=Decimal("1.005"), settled_on=TODAY, note="", by=at.holder,
            now=NOON,
        )  # fmt: skip
    assert set(refused.value.fields) == {"amount", "note"}
    completing.settle_deal(
        deal_id=row.pk, amount=Decimal(80_000), settled_on=TODAY, note="回单 1", by=at.holder,
        now=NOON,
    )  # fmt: skip
    row.refresh_from_db()
    assert (row.status, row.waits_for) == ("settled", "nobody")


def test_several_patents_carry_their_fees_once():
    at = given.table()
    one, two = lic.listed(at.office), lic.listed(at.office)
    row = given.talking(at, one)
    deals.propose_terms(deal_id=row.pk, terms=given.terms(one, two), by=at.taker, now=NOON)
    deals.answer_terms(deal_id=row.pk, version=1, accept=True, reason="", by=at.holder, now=NOON)
    for by in (at.holder, at.taker):
        signing.upload_contract(deal_id=row.pk, file=given.paper(), by=by, now=NOON)
    signing.confirm_seals(deal_id=row.pk, by=at.checker, now=NOON)
    licences = Licence.objects.order_by("pk")
    assert [licence.dues.count() for licence in licences] == [1, 0]
    for patent_id in (one, two):
        [bond] = listings.encumbrances(patent_id, at=NOON)
        assert bond.kind is EncumbranceKind.EXCLUSIVE


@pytest.mark.parametrize(
    ("right", "kind"),
    [
        ("transfer", "transfer"),
        ("license_exclusive", "exclusive"),
        ("license_ordinary", "ordinary"),
    ],
)
def test_an_auction_opens_a_deal_with_the_winner_once(right, kind):
    at = given.table(public=True)
    patent_id = lic.listed(at.office)
    earlier = given.talking(at, patent_id)
    said = {
        "auction_id": 7, "patent_ids": [patent_id], "holder_id": at.office.organisation_id,
        "buyer_id": at.firm.organisation_id, "region": "310115", "right": right,
        "price": Decimal("123456.78"), "months": 24, "sign_by": "2026-12-20",
    }  # fmt: skip
    for _ in range(2):
        completing.open_from_auction(**said, now=NOON)
    row = Deal.objects.get(auction_id=7)
    assert (row.kind, row.status, row.next_step, row.needs_posting) == (
        kind, "agreed", "sign", False,
    )  # fmt: skip
    assert row.agreed_terms.plan.parts.get().amount == Decimal("123456.78")
    earlier.refresh_from_db()
    assert earlier.status == "withdrawn"
    for by in (at.holder, at.taker):
        signing.upload_contract(deal_id=row.pk, file=given.paper(), by=by, now=NOON)
    assert signing.confirm_seals(deal_id=row.pk, by=at.checker, now=NOON).status == "signed"


def test_a_signed_transfer_rings_until_it_is_registered():
    at = given.table()
    given.signed(at, kind="transfer")
    for days in (59, 60, 60, 80, 100):
        completing.remind_of_registration(now=NOON + timedelta(days=days))
    rung = Notice.objects.filter(user=at.firm.user, kind="licence.deadline")
    assert rung.count() == 3


def test_strangers_sign_nothing():
    at = given.table()
    row = given.uploaded(at)
    bureau, other = actor(make.bureau("31")), actor(make.office())
    with pytest.raises(NotAllowed):
        signing.confirm_seals(deal_id=row.pk, by=bureau, now=NOON)
    with pytest.raises(Exception, match="没有找到"):
        signing.confirm_seals(deal_id=row.pk, by=other, now=NOON)
    assert selectors.deals_waiting(viewer=bureau).count == 0


def test_a_signed_licence_is_in_the_trail_and_goes_out_with_its_price_and_its_line_names_it():
    at = given.table()
    row = given.signed(at)
    licence = Licence.objects.get(deal_item__deal=row)
    line = row.items.get()
    assert (line.licence, line.encumbrance_id) == (licence, licence.encumbrance_id)
    assert row.ends_on == licence.ends_on == date(2029, 11, 19)
    assert AuditEntry.objects.filter(event="licence.effective").count() == 1
    (told,) = OutboxEvent.objects.filter(name="licence.effective").values_list("payload", flat=True)
    assert (told["licence_id"], told["fee"]) == (licence.pk, "8 万元")


def test_those_who_still_talk_about_a_patent_hear_that_something_was_signed():
    """Only what excludes others is told: an ordinary licence leaves room for the next."""
    at, other = given.table(), make.enterprise()
    row = given.uploaded(at)
    talk = given.talking(given.Table(at.office, at.second, other), row.patent_id, kind="ordinary")
    signing.confirm_seals(deal_id=row.pk, by=at.checker, now=NOON)
    for _ in range(2):
        signing.tell_rivals(deal_id=row.pk, now=NOON)
    heard = {at.office.user_id, at.second.user_id, other.user_id}
    assert told(f"deal:{talk.pk}:rival:{row.pk}") == heard
    ordinary = given.signed(given.table(), kind="ordinary")
    signing.tell_rivals(deal_id=ordinary.pk, now=NOON)
    signing.tell_rivals(deal_id=0, now=NOON)
    assert not Notice.objects.filter(key__contains=f":rival:{ordinary.pk}").exists()


@pytest.mark.parametrize(("kind", "route"), [("transfer", "transfer"), ("exclusive", "exclusive")])
def test_a_posting_names_its_way_its_price_and_who_takes_it(kind, route):
    at = given.table(public=True)
    row = given.agreed(at, kind=kind)
    posted = signing.post_price(
        deal_id=row.pk, summary="协商定价", days=None, by=at.holder, now=NOON
    )
    posting = posted.items.get().posting
    assert (posting.route, posting.price, posting.counterparty) == (route, 80_000, row.taker.name)
    assert posting.price_note == "8 万元"
    assert told(f"deal:{row.pk}:posting:1") == {at.firm.user_id}
    assert kept("deal.price_posted") == ["deal.price_posted"]


def test_each_step_to_a_contract_is_in_the_trail_and_told():
    at = given.table()
    holders, firm = {at.office.user_id, at.second.user_id}, {at.firm.user_id}
    row = given.agreed(at)
    copies = [
        signing.upload_contract(deal_id=row.pk, file=given.paper(), by=by, now=NOON)
        for by in (at.holder, at.taker)
    ]
    assert [told(f"deal:{row.pk}:copy:{copy.pk}") for copy in copies] == [firm, holders]
    signing.reject_contract(
        deal_id=row.pk, side="taker", reason="缺骑缝章", by=at.checker, now=NOON
    )
    assert told(f"deal:{row.pk}:copy-rejected:{copies[1].pk}") == firm
    row.refresh_from_db()
    assert row.holder_signer_id == at.office.user_id
    signing.upload_contract(deal_id=row.pk, file=given.paper(), by=at.taker, now=NOON)
    signing.confirm_seals(deal_id=row.pk, by=at.checker, now=NOON)
    assert told(f"deal:{row.pk}:signed") == holders | firm
    known = {"deal_id": row.pk, "by": at.holder, "now": NOON}
    completing.register_deal(**known, number="X1", registered_on=TODAY)
    assert told(f"deal:{row.pk}:registered") == holders | firm
    completing.settle_deal(**known, amount=Decimal(1), settled_on=TODAY, note="回单1")
    assert told(f"deal:{row.pk}:settled") == firm
    steps = ["asked", "contract_uploaded", "contract_uploaded", "contract_rejected",
             "contract_uploaded", "signed", "registered", "settled"]  # fmt: skip
    assert [e for e in kept("deal.") if e.removeprefix("deal.") in steps] == [
        f"deal.{step}" for step in steps
    ]


def test_a_deal_is_registered_once_the_last_of_its_licences_is_filed():
    at = given.table()
    one, two = lic.listed(at.office), lic.listed(at.office)
    row = given.talking(at, one)
    deals.propose_terms(deal_id=row.pk, terms=given.terms(one, two), by=at.taker, now=NOON)
    deals.answer_terms(deal_id=row.pk, version=1, accept=True, reason="", by=at.holder, now=NOON)
    for by in (at.holder, at.taker):
        signing.upload_contract(deal_id=row.pk, file=given.paper(), by=by, now=NOON)
    signing.confirm_seals(deal_id=row.pk, by=at.checker, now=NOON)
    for number, expected in (("X1", "signed"), ("X2", "registered")):
        licence = Licence.objects.filter(filed_on=None).order_by("pk").first()
        file_licence(
            licence_id=licence.pk, filing_number=number, filed_on=TODAY, by=at.holder, now=NOON
        )
        completing.follow_filing(licence_id=licence.pk, now=NOON)
        row.refresh_from_db()
        assert row.status == expected


def test_a_patent_awarded_for_nothing_is_licensed_free_of_charge():
    at = given.table(public=True)
    patent_id = lic.listed(at.office)
    row = completing.open_from_auction(
        auction_id=8, patent_ids=[patent_id], holder_id=at.office.organisation_id,
        buyer_id=at.firm.organisation_id, region="310115", right="license_ordinary",
        price=Decimal(0), months=24, sign_by="2026-12-20", now=NOON,
    )  # fmt: skip
    assert [part.kind for part in row.agreed_terms.plan.parts.all()] == ["free_until"]
