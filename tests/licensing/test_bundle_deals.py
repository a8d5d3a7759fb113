"""A bundle taken as one deal: all members under one contract, one price split to the fen."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from django.db import DatabaseError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from hypothesis import given as property_of
from hypothesis import strategies as st

from core.errors import Conflict, Invalid, Missing, NotAllowed
from core.notices.models import Notice
from core.outbox.models import OutboxEvent
from core.people.models import Mandate
from core.people.types import Actor
from licensing.models import Deal, Licence, Outcome, TermsPatent
from licensing.rules import bundle_deals as rules
from licensing.rules.fees import FeePart, PartKind
from licensing.selectors import bundle_deals as questions
from licensing.selectors import deals as selectors
from licensing.services import bundle_deals, completing, deals, signing
from listings import selectors as listings
from listings import services as library
from listings.models import BundleMember
from listings.services.shelves import bundles
from listings.types import Route
from tests.factories import core as make
from tests.factories import deals as given
from tests.factories import licensing as lic
from tests.factories.core import actor
from tests.factories.licensing import NOON, TODAY

PRICE = Decimal("100000.01")


@property_of(st.integers(0, 10**12), st.integers(1, 50))
def test_an_even_split_loses_no_fen(fen, parts):
    total = fen * Decimal("0.01")
    shares = rules.split_evenly(total, parts)
    assert sum(shares) == total
    assert max(shares) - min(shares) <= Decimal("0.01")
    assert rules.share_problem(shares, patents=parts, total=total) == "" or total == 0


@pytest.mark.parametrize(
    ("shares", "word"),
    [
        (("60", "40"), ""),
        ((), ""),
        (("60",), "2 件专利"),
        (("100", "-0"), ""),
        (("101", "-1"), "不小于 0"),
        (("60.001", "39.999"), "两位小数"),
        (("60", "41"), "相差 -1.00"),
        (("NaN", "40"), "两位小数"),
    ],
)
def test_a_split_adds_up_to_the_price(shares, word):
    found = rules.share_problem([Decimal(s) for s in shares], patents=2, total=Decimal(100))
    assert word in found if word else found == ""


def test_royalties_are_not_split_beforehand():
    assert "留空" in rules.share_problem([Decimal(0)], patents=1, total=Decimal(0))


pytestmark = pytest.mark.django_db


class Shelf:
    """A bundle of three on offer, and the people around it."""

    def __init__(self, size=3, *, public=False) -> None:
        self.at = given.table(public=public)
        self.patents = [lic.listed(self.at.office) for _ in range(size)]
        numbers = "\n".join(lic.printed(pk) for pk in self.patents)
        draft = bundles.Draft(title="低温电池", patents=numbers, routes=(Route.EXCLUSIVE,))
        self.id = bundles.make_bundle(draft=draft, by=self.at.holder, now=NOON)
        bundles.list_bundle(bundle_id=self.id, by=self.at.holder, now=NOON)

    def asked(self, **changes) -> Deal:
        known = {"kind": "exclusive", "wish": "整体使用", "by": self.at.taker, "now": NOON}
        return bundle_deals.inquire_bundle(bundle_id=self.id, **(known | changes))[0]

    def talking(self, **changes) -> Deal:
        row = self.asked(**changes)
        by = self.at.holder
        return deals.answer_inquiry(deal_id=row.pk, accept=True, reason="", by=by, now=NOON)

    def agreed(self, row=None, patents=None, **changes) -> Deal:
        row = row or self.talking()
        parts = (FeePart(PartKind.LUMP, amount=PRICE),)
        terms = given.terms(*(patents or self.patents), parts=parts, kind=row.kind, **changes)
        made = deals.propose_terms(deal_id=row.pk, terms=terms, by=self.at.taker, now=NOON)
        return deals.answer_terms(
            deal_id=row.pk, version=made.version, accept=True, reason="", by=self.at.holder,
            now=NOON,
        )  # fmt: skip

    def signed(self, row) -> Deal:
        for by in (self.at.holder, self.at.taker):
            signing.upload_contract(deal_id=row.pk, file=given.paper(), by=by, now=NOON)
        return signing.confirm_seals(deal_id=row.pk, by=self.at.checker, now=NOON)

    def lapse(self, patent_id) -> None:
        library.record_legal_event(
            patent_id=patent_id, code="CF01", occurred_on=TODAY, by=self.at.holder, now=NOON
        )

    def drop(self, row, patent_id, **changes) -> Deal:
        known = {"reason": "", "by": self.at.taker, "now": NOON}
        return bundle_deals.drop_member(deal_id=row.pk, patent_id=patent_id, **(known | changes))


def test_a_bundle_goes_from_inquiry_to_settlement_under_one_contract():
    shelf = Shelf()
    row = shelf.signed(shelf.agreed())
    assert (row.status, row.origin, row.patent_title) == (
        "signed", "bundle", "专利组合“低温电池”（3 件）",
    )  # fmt: skip
    for patent_id in shelf.patents:
        [bond] = listings.encumbrances(patent_id, at=NOON)
        assert bond.kind == "exclusive"
    licences = Licence.objects.filter(deal_item__deal=row).order_by("pk")
    assert [x.dues.count() for x in licences] == [1, 0, 0]
    assert licences[0].dues.get().amount == PRICE
    shares = [Decimal("33333.34"), Decimal("33333.34"), Decimal("33333.33")]
    rows = row.agreed_terms.patents.order_by("position")
    assert [p.share for p in rows] == shares
    reported = Outcome.objects.filter(patent_id__in=shelf.patents).order_by("patent_id")
    assert [o.amount for o in reported] == shares
    completing.register_deal(
        deal_id=row.pk, number="B1", registered_on=TODAY, by=shelf.at.taker, now=NOON
    )
    done = completing.settle_deal(
        deal_id=row.pk, amount=PRICE, settled_on=TODAY, note="回单1", by=shelf.at.holder, now=NOON
    )
    assert done.status == "settled"
    assert all(x.filed_on == TODAY for x in licences.all())


def test_the_parties_may_split_otherwise_and_it_is_said_in_the_terms():
    shelf = Shelf(2)
    shares = (Decimal("70000.01"), Decimal(30_000))
    row = shelf.agreed(shares=shares)
    assert row.agreed_terms.as_rule().shares == shares
    said = dict(selectors.lines_of(row.agreed_terms))["价格分摊"]
    assert "70,000.01" in said
    other = Shelf(2)
    with pytest.raises(Invalid) as wrong:
        other.agreed(shares=(Decimal(1), Decimal(2)))
    assert "相差" in wrong.value.fields["shares"][0]


def test_the_database_keeps_every_fen_of_a_split():
    shelf = Shelf(2)
    row = shelf.agreed()
    version = row.agreed_terms
    spare = lic.patent(shelf.at.office)
    known = {"terms": version, "patent_id": spare, "position": 9, "patent_number": "x"}
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    with pytest.raises(DatabaseError, match="terms_shares_add_up"), transaction.atomic():
        TermsPatent.objects.create(**known, patent_title="x", share=Decimal(1))


def test_all_members_or_none():
    shelf = Shelf()
    row = shelf.talking()
    with pytest.raises(Invalid) as wrong:
        shelf.agreed(row, patents=shelf.patents[:2])
    assert "全部成员" in wrong.value.fields["patents"][0]
    with pytest.raises(Conflict) as whole:
        shelf.drop(row, shelf.patents[1])
    assert whole.value.code == "whole-bundle"
    with pytest.raises(Conflict, match="这个组合"):
        shelf.asked()
    with pytest.raises(Missing):
        shelf.drop(row, shelf.patents[1], by=actor(make.enterprise()))


def test_a_member_that_lapses_is_shown_and_stops_the_deal_until_it_is_dropped(drain):
    shelf = Shelf()
    row = shelf.agreed()
    gone = shelf.patents[0]
    shelf.lapse(gone)
    drain()
    told = Notice.objects.filter(title__startswith="组合里有一件不能再成交")
    assert {n.user_id for n in told} == {
        shelf.at.office.user_id, shelf.at.second.user_id, shelf.at.firm.user_id,
    }  # fmt: skip
    [line] = [x for x in questions.lines(row, at=NOON) if x.against]
    assert line.member.patent_id == gone
    with pytest.raises(Conflict) as blocked:
        signing.upload_contract(deal_id=row.pk, file=given.paper(), by=shelf.at.taker, now=NOON)
    assert blocked.value.code == "blocked"
    row = shelf.drop(row, gone, reason="；双方已知")
    assert (row.status, row.patent_id) == ("negotiating", shelf.patents[1])
    assert row.patent_title == "专利组合“低温电池”（2 件）"
    assert row.versions.get().status == "replaced"
    with pytest.raises(Missing):
        shelf.drop(row, gone)
    row = shelf.signed(shelf.agreed(row, patents=shelf.patents[1:]))
    assert Licence.objects.filter(deal_item__deal=row).count() == 2
    assert listings.encumbrances(gone, at=NOON) == []


def test_what_the_holder_takes_out_of_the_bundle_must_go_too():
    shelf = Shelf()
    row = shelf.agreed()
    BundleMember.objects.filter(bundle_id=shelf.id, patent_id=shelf.patents[2]).delete()
    against = selectors.guards(row, row.agreed_terms.as_rule(), at=NOON, signing=True)
    assert "member-withdrawn" in {b.code for b in against}
    shelf.drop(row, shelf.patents[2])
    assert len(questions.standing(row)) == 2


def test_one_that_is_left_over_is_no_bundle():
    shelf = Shelf(2)
    row = shelf.talking()
    shelf.lapse(shelf.patents[0])
    with pytest.raises(Conflict) as few:
        shelf.drop(row, shelf.patents[0])
    assert few.value.code == "too-few"


class Mixed(Shelf):
    """A bundle of two of its own, two of another holder and one of a third."""

    def __init__(self) -> None:
        super().__init__(2)
        self.second, self.third = make.office(), make.office()
        self.theirs = [lic.listed(who) for who in (self.second, self.third, self.second)]
        BundleMember.objects.bulk_create(
            BundleMember(bundle_id=self.id, patent_id=pk, position=place)
            for place, pk in enumerate(self.theirs, start=7)
        )

    def all_asked(self, **changes) -> list[Deal]:
        known = {"kind": "exclusive", "wish": "整体使用", "by": self.at.taker, "now": NOON}
        return bundle_deals.inquire_bundle(bundle_id=self.id, **(known | changes))


def test_every_holder_is_asked_for_its_own_and_nobody_signs_for_another():
    shelf = Mixed()
    first, second, third = shelf.all_asked()
    assert [d.holder_id for d in (first, second, third)] == [
        shelf.at.office.organisation_id, shelf.second.organisation_id,
        shelf.third.organisation_id,
    ]  # fmt: skip
    one, two, three = shelf.theirs
    assert [m.patent_id for m in first.members.all()] == shelf.patents
    assert [m.patent_id for m in second.members.all()] == [one, three]
    assert (third.bundle_id, third.patent_id, third.members.count()) == (None, two, 0)
    assert "低温电池" in third.wish
    with pytest.raises(Missing):
        deals.answer_inquiry(
            deal_id=second.pk, accept=True, reason="", by=shelf.at.holder, now=NOON
        )
    shelf.signed(shelf.agreed(shelf_answered(shelf, first)))
    assert [len(listings.encumbrances(pk, at=NOON)) for pk in shelf.patents] == [1, 1]
    assert not any(listings.encumbrances(pk, at=NOON) for pk in shelf.theirs)


def test_the_firm_finds_the_deals_of_one_inquiry_beside_each_other_and_no_holder_does(client):
    shelf = Mixed()
    rows = shelf.all_asked()
    first, second, third = rows
    assert len({row.inquiry for row in rows}) == 1
    found = selectors.beside(first, viewer=shelf.at.taker)
    assert [d.pk for d in found] == [second.pk, third.pk]
    agent = make.broker()
    for principal in (shelf.at.office, shelf.at.firm):
        Mandate.objects.create(
            principal=principal.organisation, agent=agent.organisation, starts_on=TODAY
        )
    for who in (shelf.at.office, shelf.second, agent, make.auditor(), make.bureau()):
        assert selectors.beside(first, viewer=actor(who)) == []
    links = [f'href="{reverse("licensing:deal", args=[row.pk])}"' for row in (second, third)]
    for who, shown in ((shelf.at.firm, True), (shelf.at.office, False)):
        client.force_login(who.user)
        page = client.get(reverse("licensing:deal", args=[first.pk])).text
        assert [link in page for link in links] == [shown, shown]
        answer = client.get(f"/api/v1/deals/{first.pk}/").json()
        assert answer["beside_ids"] == ([second.pk, third.pk] if shown else [])
        assert "inquiry" not in answer


def test_one_holder_one_deal_and_nothing_beside_it():
    shelf = Shelf()
    row = shelf.asked()
    assert (row.inquiry, selectors.beside(row, viewer=shelf.at.taker)) == (None, [])


def shelf_answered(shelf: Shelf, row: Deal) -> Deal:
    known = {"deal_id": row.pk, "by": shelf.at.holder, "now": NOON}
    return deals.answer_inquiry(accept=True, reason="", **known)


def test_asked_again_only_those_are_asked_who_are_not_asked_yet():
    shelf = Mixed()
    single = deals.inquire(
        patent_id=shelf.theirs[1], kind="exclusive", wish="x", by=shelf.at.taker, now=NOON
    )
    found = shelf.all_asked()
    assert single.holder_id not in {row.holder_id for row in found}
    assert len(found) == 2
    with pytest.raises(Conflict) as again:
        shelf.all_asked()
    assert again.value.code == "already-asked"


def test_a_patent_taken_out_of_the_bundle_is_heard_of(drain):
    shelf = Shelf()
    row = shelf.talking()
    known = {"bundle_id": shelf.id, "by": shelf.at.holder, "now": NOON}
    bundles.suspend_bundle(reason="调整", **known)
    left = "\n".join(lic.printed(pk) for pk in shelf.patents[:2])
    draft = bundles.Draft(title="低温电池", patents=left, routes=(Route.EXCLUSIVE,))
    bundles.edit_bundle(draft=draft, version=None, **known)
    [event] = OutboxEvent.objects.filter(name="bundle.reduced")
    assert event.payload["patent_ids"] == [shelf.patents[2]]
    drain()
    told = Notice.objects.filter(title__startswith="组合里有一件不能再成交")
    assert shelf.at.firm.user_id in {n.user_id for n in told}
    assert row.members.get(patent_id=shelf.patents[2]).dropped_at is None


@pytest.mark.parametrize("kind", ["cross", "equity", "tech_dev", "sublicence"])
def test_a_bundle_is_sold_or_licensed(kind):
    with pytest.raises(Invalid):
        Shelf(2).asked(kind=kind)


def test_a_transfer_of_a_bundle_moves_every_patent_at_once():
    shelf = Shelf(2)
    row = shelf.signed(shelf.agreed(shelf.talking(kind="transfer"), months=None))
    completing.register_deal(
        deal_id=row.pk, number="T1", registered_on=TODAY, by=shelf.at.taker, now=NOON
    )
    cards = listings.cards(shelf.patents, viewer=Actor.system())
    assert {c.organisation_id for c in cards.values()} == {shelf.at.firm.organisation_id}


def test_a_public_institute_posts_each_share():
    shelf = Shelf(2, public=True)
    row = shelf.agreed()
    signing.post_price(deal_id=row.pk, summary="协商", days=None, by=shelf.at.holder, now=NOON)
    posted = [item.posting.price for item in row.items.select_related("posting")]
    assert posted == [Decimal("50000.01"), Decimal("50000.00")]


def test_a_broker_asks_for_a_firm_that_gave_it_a_mandate():
    shelf, broker = Shelf(2), make.broker()
    firm = shelf.at.firm.organisation_id
    with pytest.raises(NotAllowed):
        shelf.asked(by=actor(broker), taker_id=firm)
    by = replace(actor(broker), mandates=frozenset({firm}))
    assert shelf.asked(by=by, taker_id=firm).taker_id == firm


def test_pages_from_the_shelf_to_the_terms(client):
    shelf = Shelf(2)
    client.force_login(shelf.at.firm.user)
    there = reverse("licensing:deal-bundle", args=[shelf.id])
    assert there in client.get(reverse("listings:bundle", args=[shelf.id])).text
    assert client.get(there).status_code == 200
    sent = client.post(there, {"kind": "exclusive", "wish": "整体"})
    row = Deal.objects.get(bundle_id=shelf.id)
    assert sent.url == reverse("licensing:deal", args=[row.pk])
    deals.answer_inquiry(deal_id=row.pk, accept=True, reason="", by=shelf.at.holder, now=NOON)
    step = reverse("licensing:deal-step", args=[row.pk, "propose"])
    page = client.get(step).text
    assert "价格怎样分摊到各件" in page
    data = {"kind": "exclusive", "modes": ["make"], "mode": "fixed", "amount": "100",
            "due_days": "30", "months": "12", "seen_version": "0", "shares": "乱写"}  # fmt: skip
    bad = client.post(step, data)
    assert bad.status_code == 422
    assert "第 1 行读不懂" in bad.text
    one, two = (lic.printed(pk).replace(" ", "") for pk in shelf.patents)
    odd = client.post(step, data | {"shares": f"{one} 60\n{two} 50"})
    assert "相差" in odd.text
    assert client.post(step, data | {"shares": f"{one} 60\n{two} 40"}).status_code == 302
    assert "价格分摊" in client.get(reverse("licensing:deal", args=[row.pk])).text
    shelf.lapse(shelf.patents[0])
    assert "不能成交" in client.get(reverse("licensing:deal", args=[row.pk])).text


def test_many_members_cost_the_same_queries_as_few():
    few, many = Shelf(2).asked(), Shelf(6).asked()
    counts = []
    for row in (few, many):
        with CaptureQueriesContext(connection) as asked:
            assert len(questions.lines(row, at=NOON)) == row.members.count()
        counts.append(len(asked))
    assert counts[0] == counts[1]
