"""Disputes and their settlements: what each step leaves in the trail, and whom it tells."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from core.errors import NotAllowed
from core.notices.models import Notice
from core.people.types import Role
from core.ratings.models import ServiceRating
from licensing.models import Document, SettlementSum
from licensing.rules.disputes import Topic
from licensing.rules.terminations import Ground
from licensing.services import disputes, mediation, settlement_sums, settling, terminations
from tests.factories import core as make
from tests.factories import deals as given
from tests.factories import pools
from tests.factories.core import actor
from tests.factories.deals import paper
from tests.factories.disputes import Quarrel, matter, offer
from tests.factories.licensing import NOON, TODAY
from tests.licensing.refusing import says
from tests.licensing.telling import kept, told, trail

pytestmark = pytest.mark.django_db

PLAIN = offer(amount=None, payer="", pay_by=None, releases=False)


def test_each_step_of_a_settlement_is_in_the_trail_and_told():
    at, exchange = Quarrel(), make.exchange()
    firm, office, mediator = at.firm_member.user_id, at.office_member.user_id, exchange.user_id
    row = at.mediated(make.bureau(), exchange)
    key, known = f"dispute:{row.pk}", {"dispute_id": row.pk, "now": NOON}
    settling.propose_settlement(**known, offer=PLAIN, by=at.firm)
    assert told(f"{key}:proposal:1") == {office}
    settling.answer_settlement(**known, version=1, accept=False, reason="太少", by=at.office)
    assert told(f"{key}:refused:1") == {firm, mediator}
    assert "太少" in Notice.objects.filter(key=f"{key}:refused:1")[0].body
    refused = row.proposals.get(version=1)
    assert (refused.status, refused.reason, refused.refused_side) == ("refused", "太少", "holder")
    settling.propose_settlement(**known, offer=PLAIN, by=actor(exchange))
    assert told(f"{key}:proposal:2") == {firm, office}
    settling.answer_settlement(**known, version=2, accept=True, reason="", by=at.office)
    assert told(f"{key}:accepted:2") == {firm, mediator}
    settling.answer_settlement(**known, version=2, accept=True, reason="", by=at.firm)
    assert told(f"{key}:closed") == {firm, office, mediator}
    steps = ["proposed", "answered", "proposed", "answered", "reached"]
    assert trail("dispute.settlement") == [f"dispute.settlement_{step}" for step in steps]


def test_nothing_is_accepted_once_the_dispute_is_over():
    at = Quarrel()
    row = at.answered()
    known = {"dispute_id": row.pk, "now": NOON}
    settling.propose_settlement(**known, offer=PLAIN, by=at.firm)
    disputes.withdraw_dispute(**known, reason="不再争议", by=at.firm)
    answer = known | {"version": 1, "reason": "不", "by": at.office}
    for accept in (True, False):
        says("dispute-over", lambda yes=accept: settling.answer_settlement(**answer, accept=yes))
    assert row.proposals.get().status == "proposed"


def test_a_settlement_without_a_mediator_says_so_and_names_both():
    at = Quarrel()
    row = at.answered()
    known = {"dispute_id": row.pk, "now": NOON}
    settling.propose_settlement(**known, offer=PLAIN, by=at.firm)
    row = settling.answer_settlement(**known, version=1, accept=True, reason="", by=at.office)
    paper = dict(row.document.content)
    assert at.office_member.organisation.name in paper["权利人"]
    assert at.firm_member.organisation.name in paper["需求方"]
    assert paper["款项"] == "不涉及款项"
    assert paper["专利"].endswith(row.patent_title)
    assert "调解机构" not in paper
    assert paper["接受"] == [f"权利人 {TODAY:%Y-%m-%d}", f"需求方 {TODAY:%Y-%m-%d}"]
    assert not at.licence.dues.filter(kind="settlement").exists()
    assert not ServiceRating.objects.exists()  # nobody mediated


def test_what_the_holder_pays_is_booked_called_for_and_kept_when_paid():
    at = Quarrel()
    row = at.answered()
    known = {"dispute_id": row.pk, "now": NOON}
    owed = offer(payer="holder", amount=Decimal(900), pay_by=TODAY, releases=False)
    settling.propose_settlement(**known, offer=owed, by=at.firm)
    settling.answer_settlement(**known, version=1, accept=True, reason="", by=at.office)
    booked = SettlementSum.objects.get(dispute=row)
    letter = dict(Document.objects.get(agreed_sum=booked).content)
    assert letter["专利"] == row.patent_title
    assert letter["收款方"] == at.firm_member.organisation.name
    assert letter["付款方"] == at.office_member.organisation.name
    paid = settlement_sums.pay_settlement(
        sum_id=booked.pk, amount=Decimal(400), paid_on=TODAY, reference="回单1", by=at.office,
        now=NOON,
    )  # fmt: skip
    heard = Notice.objects.get(key=f"settlement-sum:{booked.pk}:paid:{paid.pk}")
    assert (heard.user_id, "尚余 500 元" in heard.body) == (at.firm_member.user_id, True)
    assert kept("dispute.sum_") == ["dispute.sum_booked", "dispute.sum_paid"]


def test_a_dispute_keeps_its_first_paper_and_long_words_as_far_as_their_column_says():
    at = Quarrel()
    row = disputes.open_dispute(
        matter=matter(facts="长" * 4001, wish="长" * 2001), licence_id=at.licence.pk,
        evidence=paper(), evidence_note="合同", by=at.firm, now=NOON,
    )  # fmt: skip
    assert (len(row.facts), len(row.wish), row.currency) == (4000, 2000, "CNY")
    first = row.papers.get()
    assert (first.side, first.note) == ("taker", "合同")
    more = disputes.add_paper(
        dispute_id=row.pk, evidence=paper(), note="台账", by=at.office, now=NOON
    )
    assert told(f"dispute:{row.pk}:opened") == {at.office_member.user_id}
    assert told(f"dispute:{row.pk}:paper:{more.pk}") == {at.firm_member.user_id}
    assert trail("dispute.") == ["dispute.raised", "dispute.paper_added"]


def test_each_step_towards_a_mediator_is_in_the_trail_and_told():
    at, bureau, exchange = Quarrel(), make.bureau(), make.exchange()
    firm, office, chair = at.firm_member.user_id, at.office_member.user_id, exchange.user_id
    row = at.opened()
    key, known = f"dispute:{row.pk}", {"dispute_id": row.pk, "now": NOON}
    stamp = f"{NOON:%Y%m%d%H%M%S}"
    disputes.answer_dispute(**known, answer="按合同", by=at.office)
    assert told(f"{key}:answered") == {firm}
    mediation.ask_mediation(**known, note="", by=at.firm)
    assert told(f"{key}:asked:{stamp}") == {office}
    mediation.agree_to_mediation(**known, statement="", by=at.office)
    assert told(f"{key}:agreed:{stamp}") == {firm, bureau.user_id}
    mediation.name_mediator(
        **known, mediator_id=exchange.organisation_id, mediator_name="周调", by=actor(bureau)
    )
    assert told(f"{key}:named:{stamp}") == {firm, office, chair}
    meeting = mediation.call_session(
        **known, at=NOON + timedelta(days=1), place="线上", by=actor(exchange)
    )
    assert told(f"{key}:session:{meeting.pk}") == {firm, office}
    row = mediation.stand_down(**known, reason="与一方合作", by=actor(exchange))
    assert told(f"{key}:left:{stamp}") == {firm, office, bureau.user_id}
    mediation.decline_mediation(**known, reason="已经起诉", by=actor(bureau))
    assert told(f"{key}:declined:{stamp}") == {firm, office}
    disputes.end_dispute(**known, reason="分歧太大", by=at.office)
    assert told(f"{key}:closed") == {firm, office}
    steps = [
        "raised", "replied", "mediation_asked", "mediation_agreed", "mediator_named",
        "session_called", "mediator_left", "mediation_declined", "closed",
    ]  # fmt: skip
    assert trail("dispute.") == [f"dispute.{step}" for step in steps]


def test_consent_to_mediation_answers_what_nobody_has_answered_yet():
    at, other, third = Quarrel(), Quarrel(), Quarrel()

    def consented(row, by, answers):
        mediation.ask_mediation(dispute_id=row.pk, note="", by=by, now=NOON)
        return mediation.agree_to_mediation(
            dispute_id=row.pk, statement=" 同意按合同 ", by=answers, now=NOON
        )

    first = consented(at.opened(), at.firm, at.office)
    assert (first.answer, first.answered_by) == ("同意按合同", at.office.key)
    assert consented(other.answered(), other.firm, other.office).answer == "口径以合同为准。"
    # The opener consents to what the other asked for: that is no answer to itself.
    assert consented(third.opened(), third.office, third.firm).answer == ""


def test_nobody_agrees_to_or_refuses_his_own_call_for_mediation():
    at = Quarrel()
    row = at.answered()
    known = {"dispute_id": row.pk, "now": NOON}
    mediation.ask_mediation(**known, note="", by=at.firm)
    for refused in (
        lambda: mediation.agree_to_mediation(**known, statement="", by=at.firm),
        lambda: mediation.refuse_mediation(**known, reason="不", by=at.firm),
    ):
        with pytest.raises(NotAllowed):
            refused()
    row.refresh_from_db()
    assert row.status == "requested"


def test_where_to_go_next_is_said_when_talks_come_to_nothing():
    at = Quarrel()
    row = at.answered()
    ended = disputes.end_dispute(dispute_id=row.pk, reason="分歧太大", by=at.firm, now=NOON)
    assert "第五十二条" in ended.closing
    other = at.opened()
    far = NOON + timedelta(days=1)
    assert disputes.follow_disputes(now=far) == 0
    assert not Notice.objects.filter(key__startswith=f"dispute:{other.pk}:alarm").exists()


def over_a_licence():
    at = Quarrel()
    return at.opened(), at.firm


def over_a_deal():
    at = given.table()
    known = {"deal_id": given.signed(at).pk, "by": at.taker, "now": NOON}
    return disputes.open_dispute(matter=matter(topic=Topic.OTHER), **known), at.taker


def over_a_pool():
    runner, firm = make.broker(), make.enterprise()
    pool = pools.pool(runner)
    pools.admitted(pool, make.office(), runner)
    known = {"pool_licence_id": pools.taken(pool, firm).pk, "by": actor(firm), "now": NOON}
    return disputes.open_dispute(matter=matter(), **known), actor(firm)


@pytest.mark.parametrize(
    ("made", "table"),
    [
        (over_a_licence, "licensing_licence"),
        (over_a_deal, "licensing_deal"),
        (over_a_pool, "licensing_poollicence"),
    ],
)
def test_a_step_waits_for_the_contract_before_the_dispute_as_all_others_do(made, table):
    """Whoever ends a contract holds it first: the other way round, the two wait for each other."""
    row, by = made()
    with CaptureQueriesContext(connection) as asked:
        disputes.withdraw_dispute(dispute_id=row.pk, reason="不再争议", by=by, now=NOON)
    held = [q["sql"].split('FROM "')[1].split('"')[0] for q in asked if "FOR UPDATE" in q["sql"]]
    assert held[:2] == [table, "licensing_dispute"]


def test_however_mediation_ends_both_sides_may_rate_who_mediated():
    at, exchange = Quarrel(), make.exchange()
    row = at.mediated(make.bureau(), exchange)
    row = disputes.end_dispute(dispute_id=row.pk, reason="分歧太大", by=actor(exchange), now=NOON)
    assert told(f"dispute:{row.pk}:closed") == {
        at.firm_member.user_id, at.office_member.user_id, exchange.user_id,
    }  # fmt: skip
    offers = ServiceRating.objects.filter(reference=f"dispute:{row.pk}", service="mediation")
    assert {(one.organisation, one.provider) for one in offers} == {
        (at.firm_member.organisation, exchange.organisation),
        (at.office_member.organisation, exchange.organisation),
    }
    says("illegal-move", lambda: disputes.end_dispute(
        dispute_id=row.pk, reason="再来", by=at.firm, now=NOON
    ))  # fmt: skip


def test_who_has_no_part_in_a_houses_disputes_neither_answers_nor_mediates():
    at, exchange = Quarrel(), make.exchange()
    inventor = make.MembershipFactory(
        organisation=at.office_member.organisation, role=Role.INVENTOR
    )
    row = at.opened()
    with pytest.raises(NotAllowed):
        disputes.answer_dispute(dispute_id=row.pk, answer="x", by=actor(inventor), now=NOON)
    other = Quarrel().mediated(make.bureau(), exchange)
    colleague = make.MembershipFactory(organisation=exchange.organisation, role=Role.VALUER)
    with pytest.raises(NotAllowed):
        disputes.end_dispute(dispute_id=other.pk, reason="x", by=actor(colleague), now=NOON)
    for one, status in ((row, "opened"), (other, "mediating")):
        one.refresh_from_db()
        assert one.status == status


def test_a_notice_on_another_ground_ran_on_while_a_sum_was_disputed():
    at = Quarrel()
    ending = terminations.open_one(
        licence_id=at.licence.pk, wanted=terminations.Wanted(Ground.BREACH, "超出地域"),
        evidence=paper(), by=at.office, now=NOON,
    )  # fmt: skip
    row = at.opened(due_id=at.due.pk)
    long_after = NOON + timedelta(days=90)
    disputes.withdraw_dispute(dispute_id=row.pk, reason="不再争议", by=at.firm, now=long_after)
    before = (ending.effective_on, ending.explanation)
    ending.refresh_from_db()
    assert (ending.effective_on, ending.explanation) == before
