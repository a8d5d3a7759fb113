"""Disputes: opened, answered, mediated, settled on paper, and what they keep still meanwhile."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from core.audit.models import AuditEntry
from core.errors import Conflict, Invalid, Missing, NotAllowed
from core.notices.models import Notice
from core.people.models import Mandate, RegionSetting
from licensing import selectors as room_selectors
from licensing import services as room
from licensing.models import Dispute, Document
from licensing.rules import disputes as rules
from licensing.rules.deals import Party
from licensing.rules.disputes import DisputeStatus, Topic
from licensing.rules.terminations import Ground
from licensing.selectors import disputes as questions
from licensing.selectors.endings import late_sums
from licensing.selectors.falling_due import falling_due
from licensing.services import disputes, mediation, settling, terminations
from licensing.services.terminations import Wanted
from tests.factories import core as make
from tests.factories import deals as dealing
from tests.factories import licensing as lic
from tests.factories.core import actor
from tests.factories.deals import paper
from tests.factories.disputes import Quarrel, matter, offer
from tests.factories.licensing import NOON, TODAY
from tests.factories.ratings import offered

LATE = NOON + timedelta(days=20)

# --- rules ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"facts": " "}, "facts"),
        ({"wish": ""}, "wish"),
        ({"amount": Decimal(0)}, "amount"),
        ({"amount": Decimal("0.001")}, "amount"),
        ({"lines": 2}, "line"),
        ({}, ""),
    ],
)
def test_what_a_dispute_must_say(said, field):
    known = {"facts": "x", "wish": "x", "amount": None, "lines": 0}
    assert list(rules.opening_errors(**(known | said))) == ([field] if field else [])


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({}, ""),
        ({"text": ""}, "text"),
        ({"amount": Decimal(5)}, "payer"),
        ({"amount": Decimal(5), "payer": "taker"}, "pay_by"),
        ({"payer": "taker"}, "amount"),
        ({"amount": Decimal(5), "payer": "holder", "pay_by": TODAY - timedelta(1)}, "pay_by"),
        ({"amount": Decimal(5), "payer": "holder", "pay_by": TODAY}, ""),
        ({"releases": True, "has_line": False}, "releases"),
    ],
)
def test_what_a_proposal_must_say(said, field):
    known = {"text": "x", "amount": None, "payer": "", "pay_by": None, "releases": False}
    found = rules.proposal_errors(**({"has_line": True, "today": TODAY} | known | said))
    assert (field in found) if field else found == {}


def test_a_state_lasts_as_long_as_the_region_says():
    setting = {"opened": 5, "mediating": "x", "requested": 0}
    assert rules.due_by(setting, DisputeStatus.OPENED, TODAY) == TODAY + timedelta(days=5)
    assert rules.days_of(setting, DisputeStatus.MEDIATING) == 60
    assert rules.days_of(setting, DisputeStatus.REQUESTED) == 15
    assert rules.days_of(None, DisputeStatus.NEGOTIATING) == 30
    assert rules.due_by(setting, DisputeStatus.SETTLED, TODAY) is None


def test_where_to_go_is_article_52_for_open_licences():
    assert rules.OPEN_LICENCE in rules.where_next(open_licence=True)
    assert rules.OPEN_LICENCE in rules.where_to_ask(open_licence=True)
    assert "仲裁条款" in rules.where_next(open_licence=False)
    assert rules.MEDIATION in rules.where_to_ask(open_licence=False)


# --- opening and answering -----------------------------------------------------------------------

pytestmark = pytest.mark.django_db


def test_a_firm_opens_and_the_office_answers():
    at = Quarrel()
    row = at.opened(due_id=at.due.pk)
    assert (row.status, row.side, row.due_by) == ("opened", "taker", TODAY + timedelta(days=15))
    assert row.number == f"JF2026{row.pk:08d}"
    assert Notice.objects.filter(user=at.office_member.user, kind="dispute.progress").exists()
    answer = {"dispute_id": row.pk, "answer": "按合同", "now": NOON}
    with pytest.raises(NotAllowed, match="由对方答复"):
        disputes.answer_dispute(**answer, by=at.firm)
    with pytest.raises(Missing):
        disputes.answer_dispute(**answer, by=actor(make.enterprise()))
    with pytest.raises(Invalid):
        disputes.answer_dispute(**(answer | {"answer": " "}), by=at.office)
    row = disputes.answer_dispute(**answer, by=at.office)
    assert (row.status, row.due_by) == ("negotiating", TODAY + timedelta(days=30))
    with pytest.raises(Conflict):
        disputes.answer_dispute(**answer, by=at.office)


def test_what_is_refused_at_the_door():
    at, other = Quarrel(), Quarrel()
    with pytest.raises(Missing):
        at.opened(by=actor(make.enterprise()))
    with pytest.raises(NotAllowed):
        at.opened(by=actor(make.bureau()))
    with pytest.raises(Invalid):
        at.opened(facts=" ")
    with pytest.raises(Invalid):
        at.opened(due_id=other.due.pk)
    with pytest.raises(Invalid):
        at.opened(due_id=at.due.pk, report_id=1)
    with pytest.raises(Invalid):
        disputes.open_dispute(matter=matter(), by=at.firm, now=NOON)
    at.opened(due_id=at.due.pk)
    with pytest.raises(Conflict, match="正在处理"):
        at.opened(by=at.office, due_id=at.due.pk)
    at.opened(topic=Topic.TITLE)
    with pytest.raises(Conflict, match="正在处理"):
        at.opened(topic=Topic.TITLE)
    assert Dispute.objects.count() == 2


def test_an_agent_of_both_opens_none():
    at, broker = Quarrel(), make.broker()
    for principal in (at.office_member, at.firm_member):
        Mandate.objects.create(
            principal=principal.organisation, agent=broker.organisation, starts_on=date(2020, 1, 1)
        )
    with pytest.raises(NotAllowed, match="第一百六十八条"):
        at.opened(by=actor(broker))


@pytest.mark.parametrize("kind", ["transfer", "exclusive"])
def test_a_signed_deal_may_be_disputed_and_one_under_talk_not(kind):
    table = dealing.table()
    deal = dealing.uploaded(table, kind=kind)
    known = {"matter": matter(topic=Topic.TITLE), "deal_id": deal.pk, "now": NOON}
    with pytest.raises(Conflict, match="没有生效"):
        disputes.open_dispute(**known, by=table.taker)
    dealing.signing.confirm_seals(deal_id=deal.pk, by=table.checker, now=NOON)
    row = disputes.open_dispute(**known, by=table.holder)
    assert (row.side, row.contract_number, row.licence) == ("holder", deal.number, None)
    with pytest.raises(Invalid):
        disputes.open_dispute(**(known | {"matter": matter(due_id=1)}), by=table.holder)


# --- mediation -----------------------------------------------------------------------------------


def test_mediation_is_nobodys_to_force():
    at = Quarrel()
    row = at.answered()
    ask = {"dispute_id": row.pk, "now": NOON}
    bureau = make.bureau()
    assert questions.disputes(viewer=actor(bureau)).count() == 0
    mediation.ask_mediation(**ask, note="", by=at.office)
    assert questions.disputes(viewer=actor(bureau)).count() == 1
    with pytest.raises(NotAllowed, match="由对方答复"):
        mediation.agree_to_mediation(**ask, statement="", by=at.office)
    with pytest.raises(Conflict):
        mediation.name_mediator(
            **ask, mediator_id=bureau.organisation_id, mediator_name="周", by=actor(bureau)
        )
    row = mediation.refuse_mediation(**ask, reason="准备起诉", by=at.firm)
    assert row.status == "failed"
    assert "第五十二条" in row.closing


def test_the_bureau_names_somebody_who_serves_neither():
    at, bureau, agency = Quarrel(), make.bureau(), make.broker()
    far, exchange = make.bureau("32"), make.exchange()
    agent = make.broker()
    Mandate.objects.create(
        principal=at.firm_member.organisation, agent=agent.organisation, starts_on=date(2020, 1, 1)
    )
    row = at.agreed()
    fit = {card.id for card in questions.mediators(row, on=TODAY)}
    assert {bureau.organisation_id, agency.organisation_id, exchange.organisation_id} <= fit
    assert not fit & {far.organisation_id, agent.organisation_id, at.office.organisation_id}
    name = {"dispute_id": row.pk, "mediator_name": "周调", "now": NOON}
    with pytest.raises(Missing):
        mediation.name_mediator(**name, mediator_id=exchange.organisation_id, by=actor(far))
    with pytest.raises(NotAllowed):
        mediation.name_mediator(**name, mediator_id=exchange.organisation_id, by=at.firm)
    with pytest.raises(Invalid):
        mediation.name_mediator(**name, mediator_id=agent.organisation_id, by=actor(bureau))
    row = mediation.name_mediator(**name, mediator_id=exchange.organisation_id, by=actor(bureau))
    assert (row.status, row.due_by) == ("mediating", TODAY + timedelta(days=60))
    assert questions.disputes_waiting(viewer=actor(exchange)).count == 1


def test_a_bureau_may_decline_and_a_mediator_be_replaced():
    at, bureau, exchange = Quarrel(), make.bureau(), make.exchange()
    row = at.agreed()
    row = mediation.decline_mediation(
        dispute_id=row.pk, reason="已经起诉", by=actor(bureau), now=NOON
    )
    assert (row.status, row.note) == ("negotiating", "已经起诉")
    mediation.ask_mediation(dispute_id=row.pk, note="", by=at.office, now=NOON)
    row = mediation.agree_to_mediation(dispute_id=row.pk, statement="", by=at.firm, now=NOON)
    mediation.name_mediator(
        dispute_id=row.pk, mediator_id=exchange.organisation_id, mediator_name="周调",
        by=actor(bureau), now=NOON,
    )  # fmt: skip
    call = {"at": NOON + timedelta(days=1), "place": "线上", "now": NOON}
    mediation.call_session(dispute_id=row.pk, **call, by=actor(exchange))
    row = mediation.stand_down(dispute_id=row.pk, reason="与对方有合作", by=at.firm, now=NOON)
    assert (row.status, row.mediator, row.sessions.count()) == ("accepted", None, 0)
    with pytest.raises(Missing):
        mediation.call_session(dispute_id=row.pk, **call, by=actor(exchange))


def test_sessions_are_called_held_and_noted_once():
    at, bureau, exchange = Quarrel(), make.bureau(), make.exchange()
    row = at.mediated(bureau, exchange)
    lead = {"by": actor(exchange), "now": NOON}
    with pytest.raises(NotAllowed):
        mediation.call_session(dispute_id=row.pk, at=LATE, place="线上", by=at.firm, now=NOON)
    with pytest.raises(Invalid):
        mediation.call_session(dispute_id=row.pk, at=NOON, place="线上", **lead)
    meeting = mediation.call_session(dispute_id=row.pk, at=LATE, place="线上", **lead)
    due = falling_due(viewer=at.firm, today=TODAY, kind="dispute")
    assert {x.on for x in due} == {LATE.date(), row.due_by}
    with pytest.raises(Conflict, match="还没有开"):
        mediation.note_session(session_id=meeting.pk, minutes="x", **lead)
    after = lead | {"now": LATE + timedelta(hours=3)}
    with pytest.raises(Missing):
        mediation.note_session(session_id=meeting.pk, minutes="x", by=actor(bureau), now=LATE)
    mediation.note_session(session_id=meeting.pk, minutes="双方到场", **after)
    with pytest.raises(Conflict, match="已有笔录"):
        mediation.note_session(session_id=meeting.pk, minutes="改", **after)
    with pytest.raises(Conflict, match="已经开过"):
        mediation.stand_down(dispute_id=row.pk, reason="x", by=at.firm, now=LATE)


def test_the_time_is_extended_once():
    at, exchange = Quarrel(), make.exchange()
    row = at.mediated(make.bureau(), exchange)
    more = {"dispute_id": row.pk, "reason": "等待审计", "by": actor(exchange), "now": NOON}
    for wrong in (TODAY, row.due_by):
        with pytest.raises(Invalid, match="有误"):
            mediation.extend_mediation(**more, until=wrong)
    until = TODAY + timedelta(days=90)
    assert mediation.extend_mediation(**more, until=until).due_by == until
    with pytest.raises(Conflict, match="延长过一次"):
        mediation.extend_mediation(**more, until=until + timedelta(days=1))
    [entry] = AuditEntry.objects.filter(event="dispute.extended")
    assert entry.changes["until"] == until.isoformat()


def test_a_bureau_that_is_a_party_names_nobody():
    bureau = make.bureau()
    at = Quarrel(make.MembershipFactory(role="office", organisation=bureau.organisation))
    row, exchange = at.agreed(), make.exchange()
    with pytest.raises(NotAllowed, match="上级部门"):
        mediation.name_mediator(
            dispute_id=row.pk, mediator_id=exchange.organisation_id, mediator_name="周调",
            by=actor(bureau), now=NOON,
        )  # fmt: skip


# --- settling ------------------------------------------------------------------------------------


def test_both_accept_one_version_and_the_paper_and_the_sum_follow():
    at, exchange = Quarrel(), make.exchange()
    row = at.mediated(make.bureau(), exchange, due_id=at.due.pk)
    first = settling.propose_settlement(
        dispute_id=row.pk, offer=offer(amount=Decimal(4_000)), by=at.firm, now=NOON
    )
    made = settling.propose_settlement(
        dispute_id=row.pk, offer=offer(), by=actor(exchange), now=NOON
    )
    first.refresh_from_db()
    assert (first.status, made.version) == ("replaced", 2)
    answer = {"dispute_id": row.pk, "accept": True, "reason": "", "now": NOON}
    with pytest.raises(Conflict, match="已被新方案取代"):
        settling.answer_settlement(**answer, version=1, by=at.office)
    with pytest.raises(NotAllowed):
        settling.answer_settlement(**answer, version=2, by=actor(exchange))
    settling.answer_settlement(**answer, version=2, by=at.firm)
    with pytest.raises(Conflict, match="等待对方"):
        settling.answer_settlement(**answer, version=2, by=at.firm)
    row = settling.answer_settlement(**answer, version=2, by=at.office)
    assert row.status == "settled"
    assert row.document.number == f"TJ2026{row.pk:08d}"
    told = dict(row.document.content)
    assert told["协议内容"] == offer().text
    assert "5,000" in "".join(told["款项"])
    assert told["调解员"] == "周调"
    assert at.due.released_on == TODAY
    new = at.licence.dues.get(kind="settlement")
    assert (new.amount, new.due_on, new.reason.dispute) == (5_000, offer().pay_by, row)
    assert room_selectors.document(row.document.content_hash) == row.document
    assert {who for who, _ in offered("mediation")} == {row.holder_id, row.taker_id}
    assert {whom for _, whom in offered("mediation")} == {exchange.organisation_id}


def test_they_may_settle_without_a_mediator_and_refuse_with_a_reason():
    at = Quarrel()
    row = at.answered()
    plain = offer(amount=None, payer="", pay_by=None, releases=False)
    with pytest.raises(Invalid):
        settling.propose_settlement(dispute_id=row.pk, offer=offer(), by=at.firm, now=NOON)
    settling.propose_settlement(dispute_id=row.pk, offer=plain, by=at.firm, now=NOON)
    answer = {"dispute_id": row.pk, "version": 1, "by": at.office, "now": NOON}
    with pytest.raises(Invalid):
        settling.answer_settlement(**answer, accept=False, reason="")
    settling.answer_settlement(**answer, accept=False, reason="太少")
    settling.propose_settlement(dispute_id=row.pk, offer=plain, by=at.firm, now=NOON)
    row = settling.answer_settlement(**(answer | {"version": 2}), accept=True, reason="")
    assert row.status == "settled"
    assert "和解协议" in row.closing
    assert at.due.released_on is None
    with pytest.raises(Conflict):
        settling.propose_settlement(dispute_id=row.pk, offer=plain, by=at.firm, now=NOON)


# --- what it keeps still -------------------------------------------------------------------------


def test_dunning_rests_while_a_sum_is_disputed_and_goes_on_after():
    at = Quarrel()
    row = at.opened(due_id=at.due.pk)
    assert row.holds
    room.remind_of_dues(now=LATE)
    letters = Document.objects.filter(kind=Document.Kind.DUNNING)
    assert not letters.exists()
    line = room_selectors.statement(at.licence, today=LATE.date()).lines[0]
    assert (line.disputed, line.is_late) == (True, True)
    assert line.interest > 0
    with pytest.raises(Conflict, match="有争议"):
        room.charge_interest(licence_id=at.licence.pk, due_id=at.due.pk, by=at.office, now=LATE)
    disputes.withdraw_dispute(dispute_id=row.pk, reason="核对无误", by=at.firm, now=LATE)
    room.remind_of_dues(now=LATE)
    assert letters.count() == 1
    again = at.opened(due_id=at.due.pk, now=LATE)
    assert not again.holds
    assert late_sums(at.licence, today=LATE.date(), dunned=True)


def test_a_disputed_report_keeps_its_sum_still():
    office, firm = make.office(), make.enterprise()
    licence = lic.royal_licence(office, firm)
    report = lic.royalty(licence, firm)
    room.accept_royalty(report_id=report.pk, by=actor(office), now=NOON)
    due = licence.dues.get(reason__report=report)
    row = disputes.open_dispute(
        matter=matter(report_id=report.pk), licence_id=licence.pk, by=actor(firm), now=NOON
    )
    late = NOON + timedelta(days=60)
    room.remind_of_dues(now=late)
    assert not Document.objects.filter(kind=Document.Kind.DUNNING, due=due).exists()
    assert questions.disputed_sums(row) == [due.pk]
    assert [d.disputed for d in room_selectors.dues(viewer=actor(firm), today=TODAY)] == [True]


def test_a_notice_for_non_payment_waits_and_works_from_the_day_the_dispute_ends():
    at = Quarrel()
    room.remind_of_dues(now=LATE)
    wanted = Wanted(Ground.NON_PAYMENT, "第一期未付")
    ending = terminations.open_one(licence_id=at.licence.pk, wanted=wanted, by=at.office, now=LATE)
    row = at.opened(due_id=at.due.pk, now=LATE)
    long_after = LATE + timedelta(days=40)
    assert terminations.follow_terminations(now=long_after) == 0
    disputes.withdraw_dispute(dispute_id=row.pk, reason="付款", by=at.firm, now=long_after)
    ending.refresh_from_db()
    assert ending.effective_on == long_after.date()
    assert terminations.follow_terminations(now=long_after) == 1
    at.licence.refresh_from_db()
    assert (at.licence.status, at.licence.ends_on) == (
        "ended", long_after.date() - timedelta(days=1),
    )  # fmt: skip


def test_no_notice_rests_on_a_disputed_sum_alone():
    at = Quarrel()
    room.remind_of_dues(now=LATE)
    at.opened(due_id=at.due.pk, now=LATE)
    with pytest.raises(Conflict, match="没有争议"):
        terminations.open_one(
            licence_id=at.licence.pk, wanted=Wanted(Ground.NON_PAYMENT, "x"), by=at.office, now=LATE
        )


# --- time ----------------------------------------------------------------------------------------


def test_every_state_ends_in_time():
    at = Quarrel()
    row = at.opened()
    day = NOON + timedelta(days=13)
    assert [disputes.follow_disputes(now=day) for _ in range(2)] == [0, 0]
    alarms = Notice.objects.filter(key__startswith=f"dispute:{row.pk}:alarm:opened")
    assert [n.user for n in alarms] == [at.office_member.user]
    day = NOON + timedelta(days=16)
    assert [disputes.follow_disputes(now=day) for _ in range(2)] == [1, 0]
    row.refresh_from_db()
    assert (row.status, row.answered_at) == ("negotiating", None)
    mediation.ask_mediation(dispute_id=row.pk, note="", by=at.firm, now=day)
    after = day + timedelta(days=16)
    assert disputes.follow_disputes(now=after) == 1
    row.refresh_from_db()
    assert (row.status, row.closed_by) == ("failed", "system")
    assert disputes.follow_disputes(now=after) == 0


def test_talks_and_mediation_run_out_and_a_late_bureau_is_rung():
    bureau = make.bureau()
    at, other = Quarrel(), Quarrel()
    talks, waits = at.answered(), other.agreed()
    later = NOON + timedelta(days=31)
    assert disputes.follow_disputes(now=later) == 1
    talks.refresh_from_db()
    waits.refresh_from_db()
    assert (talks.status, waits.status) == ("failed", "accepted")
    assert Notice.objects.filter(user=bureau.user, key__contains="naming-late").count() == 1
    mediation.name_mediator(
        dispute_id=waits.pk, mediator_id=bureau.organisation_id, mediator_name="李",
        by=actor(bureau), now=later,
    )  # fmt: skip
    assert disputes.follow_disputes(now=later + timedelta(days=61)) == 1
    waits.refresh_from_db()
    assert "调解期限届满" in waits.closing


def test_a_region_lays_down_its_own_days():
    RegionSetting.objects.create(region="31", key="dispute.days", value={"opened": 7})
    assert Quarrel().opened().due_by == TODAY + timedelta(days=7)


# --- who reads -----------------------------------------------------------------------------------


def test_papers_and_proposals_are_between_the_parties_and_the_mediator():
    at, bureau, exchange = Quarrel(), make.bureau(), make.exchange()
    row = at.mediated(bureau, exchange)
    handed = disputes.add_paper(
        dispute_id=row.pk, evidence=paper(), note="台账", by=at.firm, now=NOON
    )
    for reader in (at.firm, at.office, actor(exchange)):
        assert questions.paper(row.pk, handed.pk, viewer=reader) == handed
    with pytest.raises(Missing):
        questions.paper(row.pk, handed.pk, viewer=actor(bureau))
    with pytest.raises(Invalid):
        disputes.add_paper(dispute_id=row.pk, evidence=None, note="", by=at.firm, now=NOON)
    with pytest.raises(NotAllowed):
        disputes.add_paper(dispute_id=row.pk, evidence=paper(), note="", by=actor(bureau), now=NOON)


def test_ends_are_the_openers_or_anybodys():
    at = Quarrel()
    row = at.answered()
    known = {"dispute_id": row.pk, "now": NOON}
    with pytest.raises(NotAllowed, match="只有提出的一方"):
        disputes.withdraw_dispute(**known, reason="x", by=at.office)
    with pytest.raises(Invalid):
        disputes.end_dispute(**known, reason=" ", by=at.office)
    row = disputes.end_dispute(**known, reason="分歧太大", by=at.office)
    assert row.status == "failed"
    assert row.closing.startswith("权利人终结")
    with pytest.raises(Conflict):
        disputes.end_dispute(**known, reason="x", by=at.office)
    assert rules.other(row.side) is Party.HOLDER


def test_the_list_costs_the_same_for_one_as_for_many():
    at = Quarrel()
    at.opened()

    def cost():
        with CaptureQueriesContext(connection) as found:
            assert [str(r) + r.holder.name for r in questions.disputes(viewer=at.firm)]
            assert questions.disputes_waiting(viewer=at.office).count
        return len(found)

    one = cost()
    for topic in (Topic.TITLE, Topic.BREACH, Topic.RESULTS):
        at.opened(topic=topic)
    assert cost() == one
