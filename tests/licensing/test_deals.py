"""Deals: inquiry, terms, agreement; who may, and what stands against it."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse

from core.errors import Conflict, DomainError, Invalid, Missing, NotAllowed
from core.people.types import Actor, Role
from licensing.models import Deal, TermsVersion
from licensing.rules.fees import FeeMode, parts_for
from licensing.selectors import deals as selectors
from licensing.services import deals, signing
from tests.conftest import log_in
from tests.factories import core as make
from tests.factories import deals as given
from tests.factories import licensing as lic
from tests.factories import pledges as pled
from tests.factories.core import actor
from tests.factories.licensing import NOON

pytestmark = pytest.mark.django_db


def test_an_inquiry_waits_for_the_holder():
    at = given.table()
    row = given.asked(at)
    assert (row.status, row.waits_for) == ("intent", "holder")
    assert row.number
    assert selectors.deals_waiting(viewer=at.holder).count == 1
    assert selectors.deals_waiting(viewer=at.taker).count == 0


def test_a_firm_asks_once_for_a_patent():
    at = given.table()
    row = given.asked(at)
    with pytest.raises(Conflict, match="进行中的洽谈"):
        given.asked(at, row.patent_id)


def test_what_is_not_on_the_board_cannot_be_asked_for():
    at = given.table()
    with pytest.raises(Missing):
        given.asked(at, lic.patent(at.office))


def test_an_office_cannot_ask_for_its_own_patent():
    at = given.table()
    own = replace(at.holder, roles=frozenset({Role.ENTERPRISE}))
    with pytest.raises(Conflict, match="本单位自己的专利"):
        deals.inquire(patent_id=lic.listed(at.office), kind="transfer", wish="要", by=own, now=NOON)


def test_declining_needs_a_reason_and_ends_it():
    at = given.table()
    row = given.asked(at)
    with pytest.raises(Invalid):
        deals.answer_inquiry(deal_id=row.pk, accept=False, reason=" ", by=at.holder, now=NOON)
    deals.answer_inquiry(deal_id=row.pk, accept=False, reason="已有安排", by=at.holder, now=NOON)
    row.refresh_from_db()
    assert (row.status, row.waits_for, row.closed_reason) == ("declined", "nobody", "已有安排")


def test_the_firm_cannot_answer_its_own_inquiry():
    at = given.table()
    row = given.asked(at)
    with pytest.raises(NotAllowed):
        deals.answer_inquiry(deal_id=row.pk, accept=True, reason="", by=at.taker, now=NOON)


@pytest.mark.parametrize(
    "command", ["message", "propose", "answer", "reopen", "withdraw", "upload"]
)
def test_strangers_do_not_find_a_deal_and_change_nothing(command):
    at = given.table()
    row = given.proposed(at)
    stranger = actor(make.enterprise())
    calls = {
        "message": lambda: deals.send_message(deal_id=row.pk, text="在吗", by=stranger, now=NOON),
        "propose": lambda: deals.propose_terms(
            deal_id=row.pk, terms=given.terms(row.patent_id), by=stranger, now=NOON
        ),
        "answer": lambda: deals.answer_terms(
            deal_id=row.pk, version=1, accept=True, reason="", by=stranger, now=NOON
        ),
        "reopen": lambda: deals.reopen_deal(deal_id=row.pk, reason="改", by=stranger, now=NOON),
        "withdraw": lambda: deals.withdraw_deal(deal_id=row.pk, reason="停", by=stranger, now=NOON),
        "upload": lambda: signing.upload_contract(
            deal_id=row.pk, file=given.paper(), by=stranger, now=NOON
        ),
    }
    with pytest.raises(Missing):
        calls[command]()
    row.refresh_from_db()
    assert row.status == "negotiating"
    assert row.versions.count() == 1


def test_nobody_acts_for_both_sides():
    at = given.table()
    row = given.talking(at)
    both = Actor(
        user_id=1, organisation_id=999, roles=frozenset({Role.BROKER}),
        mandates=frozenset({row.holder_id, row.taker_id}),
    )  # fmt: skip
    with pytest.raises(NotAllowed, match="民法典第一百六十八条"):
        deals.send_message(deal_id=row.pk, text="你好", by=both, now=NOON)


def test_a_counter_proposal_takes_the_place_of_the_first():
    at = given.table()
    row = given.proposed(at)
    other = given.terms(row.patent_id, parts=parts_for(FeeMode.FIXED, amount=Decimal(90_000)))
    deals.propose_terms(deal_id=row.pk, terms=other, by=at.holder, now=NOON, seen_version=1)
    assert [v.status for v in row.versions.order_by("version")] == ["replaced", "proposed"]
    row.refresh_from_db()
    assert row.waits_for == "taker"
    with pytest.raises(Conflict, match="对方刚刚提出"):
        deals.propose_terms(deal_id=row.pk, terms=other, by=at.taker, now=NOON, seen_version=1)


def test_one_does_not_accept_ones_own_terms():
    at = given.table()
    row = given.proposed(at)
    with pytest.raises(Conflict) as refused:
        deals.answer_terms(deal_id=row.pk, version=1, accept=True, reason="", by=at.taker, now=NOON)
    assert refused.value.code == "own-proposal"


def test_refused_terms_say_why_and_leave_the_talk_open():
    at = given.table()
    row = given.proposed(at)
    deals.answer_terms(
        deal_id=row.pk, version=1, accept=False, reason="价格太低", by=at.holder, now=NOON
    )
    row.refresh_from_db()
    assert (row.status, row.waits_for) == ("negotiating", "both")
    assert row.versions.get().answer_reason == "价格太低"


def test_agreed_terms_are_pinned_and_stay_as_written():
    at = given.table()
    row = given.agreed(at)
    assert (row.status, row.agreed_terms.version, row.next_step) == ("agreed", 1, "sign")
    with pytest.raises(Exception, match="Cannot update"), transaction.atomic():
        TermsVersion.objects.filter(pk=row.agreed_terms_id).update(months=60)


def test_terms_name_only_what_the_other_side_keeps():
    at = given.table()
    row = given.talking(at)
    strange = lic.listed(make.office())
    with pytest.raises(Invalid) as refused:
        deals.propose_terms(
            deal_id=row.pk,
            terms=given.terms(row.patent_id, strange, territory="99", months=0),
            by=at.taker,
            now=NOON,
        )
    assert set(refused.value.fields) == {"patents", "territory", "months"}


@pytest.mark.parametrize(
    ("kind", "months", "article"),
    [("exclusive", 240, "民法典第八百六十五条"), ("ordinary", 240, "民法典第八百六十五条")],
)
def test_a_term_beyond_the_patents_life_is_refused(kind, months, article):
    at = given.table()
    row = given.proposed(at, kind=kind, months=months)
    with pytest.raises(Conflict) as refused:
        deals.answer_terms(
            deal_id=row.pk, version=1, accept=True, reason="", by=at.holder, now=NOON
        )
    assert [(b.code, b.article) for b in refused.value.blockers] == [("beyond-term", article)]


@pytest.mark.parametrize("kind", ["transfer", "ordinary", "sole", "exclusive"])
def test_a_pledged_patent_needs_the_pledgees_consent(kind):
    at = given.table()
    row = given.proposed(at, kind=kind)
    pled.pledge(at.office, make.bank(), row.patent_id)
    with pytest.raises(Conflict) as refused:
        deals.answer_terms(
            deal_id=row.pk, version=1, accept=True, reason="", by=at.holder, now=NOON
        )
    assert [b.article for b in refused.value.blockers] == ["民法典第四百四十四条"]


@pytest.mark.parametrize(
    ("kind", "article"),
    [
        ("transfer", "专利法第五十条"),
        ("sole", "专利法第五十一条"),
        ("exclusive", "专利法第五十一条"),
        ("ordinary", ""),
    ],
)
def test_an_open_declaration_bars_what_excludes_others(kind, article):
    at = given.table()
    patent_id = lic.listed(at.office)
    lic.declaration(at.office, patent_id)
    row = given.proposed(at, patent_id, kind=kind)
    try:
        deals.answer_terms(
            deal_id=row.pk, version=1, accept=True, reason="", by=at.holder, now=NOON
        )
        found = ""
    except Conflict as refused:
        found = "".join(b.article for b in refused.blockers)
    assert found == article


@pytest.mark.parametrize("kind", ["transfer", "ordinary", "sole", "exclusive"])
def test_co_owners_must_have_agreed_but_to_an_ordinary_licence(kind):
    from listings.types import Consent, HolderInput

    at = given.table()
    us = at.office.organisation
    owners = (
        HolderInput(us.name, organisation_id=us.pk),
        HolderInput("某共有公司", consent=Consent.OPEN),
    )
    row = given.proposed(at, lic.listed(at.office, holders=owners), kind=kind)
    found = [b.article for b in selectors.guards(
        row, row.versions.get().as_rule(), at=NOON, signing=False) if b.hard]  # fmt: skip
    assert found == ([] if kind == "ordinary" else ["专利法第十四条"])


def test_reopening_frees_the_terms_and_keeps_the_version():
    at = given.table()
    row = given.agreed(at)
    deals.reopen_deal(deal_id=row.pk, reason="期限要改", by=at.taker, now=NOON)
    row.refresh_from_db()
    assert (row.status, row.agreed_terms_id, row.items.count()) == ("negotiating", None, 0)
    assert row.versions.get().status == "replaced"


def test_either_side_ends_the_talk_with_a_reason():
    at = given.table()
    row = given.proposed(at)
    with pytest.raises(Invalid):
        deals.withdraw_deal(deal_id=row.pk, reason="", by=at.taker, now=NOON)
    deals.withdraw_deal(deal_id=row.pk, reason="预算取消", by=at.taker, now=NOON)
    row.refresh_from_db()
    assert row.status == "withdrawn"
    with pytest.raises(DomainError):
        deals.send_message(deal_id=row.pk, text="还在吗", by=at.holder, now=NOON)


def test_the_bureau_sees_a_deal_once_agreed_and_never_the_talk():
    at = given.table()
    row = given.proposed(at)
    bureau = actor(make.bureau("31"))
    deals.send_message(deal_id=row.pk, text="底价六万", by=at.holder, now=NOON)
    with pytest.raises(Missing):
        selectors.deal(row.pk, viewer=bureau)
    deals.answer_terms(deal_id=row.pk, version=1, accept=True, reason="", by=at.holder, now=NOON)
    seen = selectors.deal(row.pk, viewer=bureau)
    assert selectors.messages_for(seen, bureau) == []
    assert [v.pk for v in selectors.versions_for(seen, bureau)] == [seen.agreed_terms_id]
    assert not Deal.objects.visible_to(actor(make.bureau("32"))).exists()


def test_the_list_costs_the_same_for_ten_rows(django_assert_num_queries):
    at = given.table()
    for _ in range(3):
        given.asked(at)
    by = at.holder
    with django_assert_num_queries(1):
        assert len([(r.holder.name, r.taker.name) for r in selectors.deals(viewer=by)]) == 3


BROKEN = {
    "deal_two_parties": lambda row: {"taker_id": row.holder_id},
    "deal_status_known": lambda row: {"status": "intent", "kind": "gift"},
    "deal_agreed_pins_terms": lambda row: {"agreed_at": NOON, "agreed_by": "system"},
    "deal_sealed_pair": lambda row: {"sealed_at": NOON},
    "deal_seal_two_persons": lambda row: {"sealed_user_id": 1, "holder_signer_id": 1},
    "deal_closed_pair": lambda row: {"closed_at": NOON},
    "deal_registered_pair": lambda row: {"registered_at": NOON},
    "deal_settled_pair": lambda row: {"settled_at": NOON},
}


@pytest.mark.parametrize("name", sorted(BROKEN))
def test_the_database_refuses_a_broken_deal(name):
    row = given.asked(given.table())
    with pytest.raises(IntegrityError), transaction.atomic():
        Deal.objects.filter(pk=row.pk).update(**BROKEN[name](row))


@pytest.mark.parametrize("status", ["agreed", "posted", "signed", "registered", "settled"])
def test_the_database_refuses_to_skip_a_step(status):
    row = given.asked(given.table())
    with pytest.raises(Exception, match="Invalid transition"), transaction.atomic():
        Deal.objects.filter(pk=row.pk).update(status=status)


def test_what_came_at_one_moment_is_told_in_the_order_it_is_done(client):
    at = given.table()
    row = given.signed(at)
    client.force_login(at.office.user)
    page = client.get(reverse("licensing:deal", args=[row.pk]))
    said = [event["title"] for event in page.context["timeline"]]
    assert said[:3] == ["提出意向", "需求方提出第 1 版条款", "第 1 版：已接受"]
    assert said[-1] == "印章核对无误，合同生效"


def test_a_version_that_fell_with_the_talk_gave_way_to_none(client):
    at = given.table()
    row = given.proposed(at)
    deals.withdraw_deal(deal_id=row.pk, reason="预算取消", by=at.taker, now=NOON)
    log_in(client, at.firm)
    page = client.get(f"/deals/{row.pk}/").content.decode()
    assert "洽谈终止，不再有效" in page
    assert "已被新版本取代" not in page
    other = given.agreed(at)
    deals.reopen_deal(deal_id=other.pk, reason="价格另议", by=at.holder, now=NOON)
    assert other.versions.get().status_label == "重新商定，不再有效"
