"""How contracts that grant no licence end: transfers, shares, development, services."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from core.errors import Conflict, Invalid, Missing, NotAllowed
from core.notices.models import Notice
from core.people.models import Membership
from licensing.models import Deal, DealItem
from licensing.rules import deal_endings as rules
from licensing.rules.deal_endings import DealGround
from licensing.rules.deal_kinds import Effect
from licensing.rules.deals import DealStatus
from licensing.rules.disputes import Topic
from licensing.selectors import deal_endings as questions
from licensing.selectors.deal_endings import deal_endings_waiting
from licensing.selectors.falling_due import falling_due
from licensing.services import completing, disputes, registrations
from licensing.services import deal_endings as services
from licensing.services.deal_endings import Wanted
from listings import services as library
from tests.factories import core as make
from tests.factories import deals as given
from tests.factories.core import actor
from tests.factories.deals import paper
from tests.factories.licensing import NOON, TODAY
from tests.licensing.test_deal_kinds import SAID
from tests.licensing.test_states import legal

SOON = TODAY + timedelta(days=10)
AGREED = Wanted(DealGround.AGREEMENT, "项目调整", wished_on=SOON, handling="首付款不退")
BREACH = Wanted(DealGround.BREACH, "未交付资料")


def signed(at, kind="tech_dev"):
    months = None
    return given.signed(at, kind=kind, months=months, particulars=SAID[kind])


def opened(row, by, wanted=AGREED, now=NOON, **changes):
    return services.open_deal_ending(deal_id=row.pk, wanted=wanted, by=by, now=now, **changes)


def fresh(row):
    return Deal.objects.get(pk=row.pk)


def held(row):
    return DealItem.objects.filter(deal=row, holds_transfer=True).exists()


# --- rules ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", list(DealStatus))
@pytest.mark.parametrize("effect", list(Effect))
def test_which_grounds_end_which_contract(effect, status):
    found = set(rules.grounds_for(effect, status))
    if effect is Effect.LICENCE or (status.value, "end") not in legal("DEAL_MOVES"):
        assert found == set()
        return
    assert {DealGround.AGREEMENT, DealGround.BREACH} <= found
    assert (DealGround.MADE_PUBLIC in found) is (effect is Effect.WORK)
    before_register = effect is Effect.TRANSFER and status is DealStatus.SIGNED
    assert (DealGround.PATENT in found) is before_register


@pytest.mark.parametrize("ground", list(DealGround))
def test_the_day_is_explained_with_its_article(ground):
    on = rules.effective_on(ground, today=TODAY, wished=SOON, grace_days=30)
    late = {DealGround.AGREEMENT: SOON, DealGround.BREACH: TODAY + timedelta(days=30)}
    assert on == late.get(ground, TODAY)
    said = rules.why(ground, served_on=TODAY, on=on)
    assert f"{on:%Y-%m-%d}" in said
    assert rules.ARTICLES[ground] in said


@pytest.mark.parametrize(
    ("ground", "changes", "field"),
    [
        (DealGround.AGREEMENT, {"reason": " "}, "reason"),
        (DealGround.AGREEMENT, {"wished": None}, "wished_on"),
        (DealGround.AGREEMENT, {"wished": TODAY - timedelta(days=1)}, "wished_on"),
        (DealGround.AGREEMENT, {"handling": ""}, "handling"),
        (DealGround.BREACH, {"proved": False}, "evidence"),
        (DealGround.MADE_PUBLIC, {"proved": False}, "evidence"),
    ],
)
def test_what_must_be_said(ground, changes, field):
    known = {"reason": "停", "handling": "无", "wished": SOON, "proved": True, "today": TODAY}
    assert rules.errors(ground, **known) == {}
    assert set(rules.errors(ground, **(known | changes))) == {field}


def test_a_registered_patent_does_not_come_back_by_itself():
    assert "不会自动转回" in rules.effects(Effect.TRANSFER, DealStatus.REGISTERED)
    assert "另作处分" in rules.effects(Effect.TRANSFER, DealStatus.SIGNED)
    assert "权利归属" in rules.effects(Effect.WORK, DealStatus.REGISTERED)


# --- the contract --------------------------------------------------------------------------------

pytestmark = pytest.mark.django_db


def test_both_agree_and_the_contract_ends_on_that_day():
    at = given.table()
    row = signed(at)
    registrations.follow_contract(deal_id=row.pk, licence_id=None, now=NOON)
    ending = opened(row, at.taker)
    with pytest.raises(NotAllowed):
        services.answer_deal_ending(ending_id=ending.pk, verdict="agree", by=at.taker, now=NOON)
    services.answer_deal_ending(ending_id=ending.pk, verdict="agree", by=at.holder, now=NOON)
    assert fresh(row).status == "signed"
    [due] = [x for x in falling_due(viewer=at.holder, today=TODAY) if x.kind == "ending"]
    assert (due.on, due.url) == (SOON, f"/deals/{row.pk}/endings/")
    assert services.follow_deal_endings(now=NOON + timedelta(days=9)) == 0
    assert services.follow_deal_endings(now=NOON + timedelta(days=10)) == 1
    over = fresh(row)
    assert (over.status, over.ends_on, over.next_step) == ("ended", SOON - timedelta(days=1), "")
    assert "双方协商一致" in over.closed_reason
    assert over.registrations.get().status == "waived"
    assert services.follow_deal_endings(now=NOON + timedelta(days=11)) == 0
    for who in (at.office.user_id, at.firm.user_id):
        assert Notice.objects.filter(user_id=who, title__startswith="合同已终止").exists()


def test_a_transfer_that_ends_before_the_register_frees_the_patent():
    at = given.table()
    row = signed(at, "transfer")
    assert held(row)
    wanted = Wanted(DealGround.AGREEMENT, "资金不到位", wished_on=TODAY, handling="无")
    ending = opened(row, at.holder, wanted)
    services.answer_deal_ending(ending_id=ending.pk, verdict="agree", by=at.taker, now=NOON)
    assert (fresh(row).status, held(row)) == ("ended", False)
    other = given.Table(at.office, at.second, make.enterprise())
    again = given.signed(other, row.patent_id, kind="transfer", months=None)
    assert again.status == "signed"


def test_a_patent_that_is_gone_ends_its_transfer_at_once():
    at = given.table()
    row = signed(at, "transfer")
    gone = Wanted(DealGround.PATENT, "专利权已终止")
    with pytest.raises(Conflict, match="仍然有效"):
        opened(row, at.taker, gone)
    library.record_legal_event(
        patent_id=row.patent_id, code="CF01", occurred_on=TODAY, by=at.holder, now=NOON
    )
    opened(row, at.taker, gone)
    assert (fresh(row).status, held(row)) == ("ended", False)


def test_a_breach_gives_time_and_an_objection_stops_the_clock():
    at = given.table()
    row = signed(at)
    ending = opened(row, at.taker, BREACH, evidence=paper())
    services.answer_deal_ending(
        ending_id=ending.pk, verdict="object", reason="已交付", by=at.holder, now=NOON
    )
    assert services.follow_deal_endings(now=NOON + timedelta(days=40)) == 0
    services.answer_deal_ending(
        ending_id=ending.pk, verdict="drop", by=at.holder, now=NOON + timedelta(days=40)
    )
    assert services.follow_deal_endings(now=NOON + timedelta(days=40)) == 1
    ending.refresh_from_db()
    assert (ending.status, ending.effective_on) == ("done", TODAY + timedelta(days=40))
    assert "改自" in ending.explanation


def test_a_dispute_about_the_end_stops_the_clock_once():
    at = given.table()
    row = signed(at)
    ending = opened(row, at.taker, BREACH, evidence=paper())

    def dispute(now):
        matter = disputes.Matter(Topic.TERMINATION, "资料早已交付", "不终止")
        return disputes.open_dispute(matter=matter, deal_id=row.pk, by=at.holder, now=now)

    first = dispute(NOON)
    assert first.holds
    late = NOON + timedelta(days=35)
    assert services.follow_deal_endings(now=late) == 0
    disputes.withdraw_dispute(dispute_id=first.pk, reason="已谈妥", by=at.holder, now=late)
    ending.refresh_from_db()
    assert ending.effective_on == TODAY + timedelta(days=35)
    assert not dispute(late).holds
    assert services.follow_deal_endings(now=late) == 1
    assert fresh(row).status == "ended"


@pytest.mark.parametrize(("mended", "status"), [(False, "withdrawn"), (True, "mended")])
def test_what_is_taken_back_or_mended_ends_nothing(mended, status):
    at = given.table()
    row = signed(at)
    ending = opened(row, at.taker, BREACH, evidence=paper())
    with pytest.raises(NotAllowed):
        services.withdraw_deal_ending(ending_id=ending.pk, by=at.holder, now=NOON)
    services.withdraw_deal_ending(ending_id=ending.pk, by=at.taker, mended=mended, now=NOON)
    ending.refresh_from_db()
    assert (ending.status, fresh(row).status) == (status, "signed")


def test_a_proposal_that_nobody_answers_or_a_settled_contract_ends_nothing():
    at = given.table()
    row = signed(at)
    first = opened(row, at.taker)
    assert services.follow_deal_endings(now=NOON + timedelta(days=15)) == 0
    assert services.follow_deal_endings(now=NOON + timedelta(days=16)) == 1
    first.refresh_from_db()
    assert first.status == "lapsed"
    opened(row, at.taker)
    completing.register_deal(
        deal_id=row.pk, number="D1", registered_on=TODAY, by=at.holder, now=NOON
    )
    completing.settle_deal(
        deal_id=row.pk, amount=Decimal(0), settled_on=TODAY, note="验收1", by=at.holder, now=NOON
    )
    assert services.follow_deal_endings(now=NOON) == 1
    assert fresh(row).status == "settled"
    with pytest.raises(Conflict, match="第五百五十七条"):
        opened(row, at.taker)


def test_what_cannot_be_ended_here():
    at = given.table()
    licence = given.signed(at)
    with pytest.raises(Conflict) as refused:
        opened(licence, at.taker)
    assert refused.value.code == "ends-by-licence"
    talk = given.agreed(given.table(), kind="transfer", months=None)
    with pytest.raises(Conflict) as refused:
        opened(talk, _holder_of(talk))
    assert refused.value.code == "not-in-force"
    row = signed(given.table())
    with pytest.raises(Invalid) as wrong:
        opened(row, _holder_of(row), Wanted(DealGround.PATENT, "失效"))
    assert "ground" in wrong.value.fields
    with pytest.raises(Missing):
        opened(row, actor(make.enterprise()))
    opened(row, _holder_of(row))
    with pytest.raises(Conflict) as twice:
        opened(row, _holder_of(row))
    assert twice.value.code == "ending-already"


def _holder_of(row):
    return actor(Membership.objects.filter(organisation_id=row.holder_id).first())


def test_it_waits_for_the_other_side_alone():
    at = given.table()
    row = signed(at)
    opened(row, at.taker)
    assert deal_endings_waiting(viewer=at.holder) == (1, NOON, row.pk)
    assert deal_endings_waiting(viewer=at.taker) == (0, None, None)


def test_the_pages_lead_from_the_contract_to_its_end(client):
    at = given.table()
    row = signed(at)
    client.force_login(at.firm.user)
    assert "终止合同" in client.get(reverse("licensing:deal-endings", args=[row.pk])).text
    there = reverse("licensing:deal-terminate", args=[row.pk])
    bad = client.post(there, {"ground": "agreement", "reason": "停", "wished_on": f"{SOON}"})
    assert bad.status_code == 422
    assert "款项、已交付的成果" in bad.text
    good = {"ground": "agreement", "reason": "停", "wished_on": f"{SOON}", "handling": "无"}
    assert client.post(there, good).status_code == 302
    [ending] = row.endings.all()
    client.force_login(at.office.user)
    answered = reverse("licensing:deal-ending-answer", args=[ending.pk])
    assert client.post(answered, {"verdict": "agree"}).status_code == 302
    page = client.get(reverse("licensing:deal-endings", args=[row.pk])).text
    assert "已同意，待生效" in page


def test_days_of_a_long_wait_are_dates():
    assert (
        rules.effective_on(
            DealGround.AGREEMENT, today=TODAY, wished=date(2020, 1, 1), grace_days=30
        )
        == TODAY
    )


def test_the_list_costs_the_same_for_one_as_for_many():
    at = given.table()
    counts = []
    for more in (1, 3):
        for _ in range(more):
            opened(signed(at), at.taker)
        with CaptureQueriesContext(connection) as asked:
            assert all(row.deal.number for row in questions.deal_endings(viewer=at.holder))
        counts.append(len(asked))
    assert counts[0] == counts[1]
