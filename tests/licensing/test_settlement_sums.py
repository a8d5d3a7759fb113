"""What a settled dispute gives a party to pay where no licence takes it up; dunning rests once."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import DatabaseError, transaction
from django.urls import reverse

from core.errors import Conflict, Invalid, Missing, NotAllowed
from core.notices.models import Notice
from core.people.models import Membership
from licensing import services as room
from licensing.models import ConductNote, Document, SettlementPayment, SettlementSum
from licensing.rules.deal_endings import DealGround
from licensing.rules.disputes import Topic
from licensing.selectors import settlement_sums as questions
from licensing.selectors.falling_due import falling_due
from licensing.services import (
    completing,
    conduct_facts,
    deal_endings,
    disputes,
    settlement_sums,
    settling,
)
from tests.factories import core as make
from tests.factories import deals as given
from tests.factories import licensing as lic
from tests.factories.core import actor
from tests.factories.deals import paper
from tests.factories.disputes import Quarrel, matter, offer
from tests.factories.licensing import NOON, TODAY
from tests.licensing.test_deal_kinds import SAID

pytestmark = pytest.mark.django_db
PAY_BY = TODAY + timedelta(days=20)
OWED = offer(payer="holder", amount=Decimal("1234.56"), pay_by=PAY_BY, releases=False)
LATE = NOON + timedelta(days=60)


def settled(row, proposer, other, made=OWED):
    """Both accept one proposal."""
    settling.propose_settlement(dispute_id=row.pk, offer=made, by=proposer, now=NOON)
    return settling.answer_settlement(
        dispute_id=row.pk, version=1, accept=True, reason="", by=other, now=NOON
    )


def concluded(at, deal, amount):
    completing.register_deal(
        deal_id=deal.pk, number="D1", registered_on=TODAY, by=at.holder, now=NOON
    )
    completing.settle_deal(
        deal_id=deal.pk, amount=Decimal(amount), settled_on=TODAY, note="验收1", by=at.holder,
        now=NOON,
    )  # fmt: skip


def work(at):
    return given.signed(at, kind="tech_dev", months=None, particulars=SAID["tech_dev"])


def quarrelled(at, deal, made=OWED):
    """A dispute about a contract without a licence, settled."""
    row = disputes.open_dispute(
        matter=matter(topic=Topic.RESULTS), deal_id=deal.pk, by=at.taker, now=NOON
    )
    settled(row, at.taker, at.holder, made)
    return SettlementSum.objects.get(dispute=row)


def pay(row, by, amount="1234.56", **changes):
    known = {"paid_on": TODAY, "reference": "回单1", "by": by, "now": NOON}
    return settlement_sums.pay_settlement(
        sum_id=row.pk, amount=Decimal(amount), **(known | changes)
    )


def test_what_a_holder_pays_on_a_licence_is_a_sum_that_explains_itself():
    at = Quarrel()
    row = settled(at.opened(), at.firm, at.office)
    booked = row.agreed_sum
    assert (booked.amount, booked.payer_id, booked.due_on) == (
        Decimal("1234.56"), at.office.organisation_id, PAY_BY,
    )  # fmt: skip
    [line] = booked.explanation
    assert row.document.number in line["label"]
    assert "由权利人支付" in line["formula"]
    assert not at.licence.dues.filter(kind="settlement").exists()
    [due] = [x for x in falling_due(viewer=at.firm, today=TODAY) if x.on == PAY_BY]
    assert "权利人应付" in due.text


def test_what_a_licensee_pays_stays_a_sum_of_its_licence():
    at = Quarrel()
    settled(at.opened(), at.firm, at.office, offer(releases=False))
    assert at.licence.dues.filter(kind="settlement").count() == 1
    assert not SettlementSum.objects.exists()


def test_a_contract_without_a_licence_has_its_sum_paid_in_parts():
    at = given.table()
    row = quarrelled(at, work(at), offer(amount=Decimal(500), pay_by=PAY_BY, releases=False))
    with pytest.raises(NotAllowed):
        pay(row, at.holder, "500")
    with pytest.raises(Missing):
        pay(row, actor(make.enterprise()), "500")
    pay(row, at.taker, "200")
    with pytest.raises(Conflict) as twice:
        pay(row, at.taker, "100")
    assert twice.value.code == "receipt-used"
    assert questions.settlement_sum(row.pk, viewer=at.holder).open_sum == 300
    pay(row, at.taker, "300", reference="", proof=paper())
    with pytest.raises(Conflict) as over:
        pay(row, at.taker, "1", reference="回单3")
    assert over.value.code == "paid"
    told = Notice.objects.filter(user_id=at.office.user_id, title__startswith="协议款项已支付")
    assert told.count() == 2


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"amount": "0"}, "amount"),
        ({"amount": "1234.57"}, "amount"),
        ({"amount": "0.001"}, "amount"),
        ({"amount": "NaN"}, "amount"),
        ({"paid_on": TODAY + timedelta(days=1)}, "paid_on"),
        ({"reference": " "}, "proof"),
    ],
)
def test_a_payment_is_checked(said, field):
    at = given.table()
    row = quarrelled(at, work(at))
    with pytest.raises(Invalid) as wrong:
        pay(row, at.holder, **said)
    assert set(wrong.value.fields) == {field}


def test_the_database_takes_no_more_than_was_agreed():
    at = given.table()
    row = quarrelled(at, work(at))
    known = {"sum": row, "paid_on": TODAY, "recorded_at": NOON, "recorded_by": "x"}
    SettlementPayment.objects.create(**known, amount=1_000, reference="1")
    with pytest.raises(DatabaseError, match="settlement_payment_within"), transaction.atomic():
        SettlementPayment.objects.create(**known, amount=Decimal("234.57"), reference="2")


def test_it_is_called_for_and_at_last_noted_and_struck_when_paid():
    at = given.table()
    row = quarrelled(at, work(at))
    assert settlement_sums.remind_of_settlements(now=NOON) == 0
    assert settlement_sums.remind_of_settlements(now=NOON + timedelta(days=15)) == 1
    assert settlement_sums.remind_of_settlements(now=LATE) == 1
    assert settlement_sums.remind_of_settlements(now=LATE) == 1  # the same step: no second letter
    told = Document.objects.filter(agreed_sum=row).order_by("kind").values_list("kind", "number")
    number = row.dispute.document.number
    assert list(told) == [("dunning", f"{number}-C01-30"), ("invoice", f"{number}-T01")]
    late = Notice.objects.filter(title__startswith="协议款项已逾期")
    assert {n.user_id for n in late} == {
        at.office.user_id, at.second.user_id, at.firm.user_id,
    }  # fmt: skip
    assert conduct_facts.note_facts(now=LATE) == 1
    note = ConductNote.objects.get(settlement=row)
    assert (note.kind, note.organisation_id) == ("broke", at.holder.organisation_id)
    assert note.deal_id == row.dispute.deal_id
    assert conduct_facts.note_facts(now=LATE) == 0
    pay(row, at.holder)
    assert conduct_facts.note_facts(now=LATE) == 1
    note.refresh_from_db()
    assert note.status == "struck"


def test_a_contract_ended_for_breach_is_noted_against_the_other_side():
    at = given.table()
    deal = work(at)
    wanted = deal_endings.Wanted(DealGround.BREACH, "未交付样机")
    deal_endings.open_deal_ending(
        deal_id=deal.pk, wanted=wanted, evidence=paper(), by=at.taker, now=NOON
    )
    later = NOON + timedelta(days=31)
    deal_endings.follow_deal_endings(now=later)
    assert conduct_facts.note_facts(now=later) == 1
    note = ConductNote.objects.get(deal=deal)
    assert (note.organisation_id, note.kind) == (at.holder.organisation_id, "broke")
    assert conduct_facts.note_facts(now=later) == 0


@pytest.mark.parametrize(("amount", "noted"), [("80000", 1), ("79999.99", 0)])
def test_a_contract_settled_for_its_price_was_performed(amount, noted):
    at = given.table()
    deal = work(at)
    concluded(at, deal, amount)
    assert conduct_facts.note_facts(now=NOON) == noted
    notes = ConductNote.objects.filter(deal=deal)
    assert [(n.kind, n.organisation_id) for n in notes] == [
        ("performed", at.taker.organisation_id)
    ][:noted]
    assert conduct_facts.note_facts(now=NOON) == 0


def test_dunning_rests_once_over_one_sum_by_the_report_then_by_the_sum():
    office, firm = make.office(), make.enterprise()
    licence = lic.royal_licence(office, firm)
    report = lic.royalty(licence, firm)
    room.accept_royalty(report_id=report.pk, by=actor(office), now=NOON)
    due = licence.dues.get(reason__report=report)

    def dispute(**line):
        return disputes.open_dispute(
            matter=matter(**line), licence_id=licence.pk, by=actor(firm), now=NOON
        )

    def dunned(now):
        room.remind_of_dues(now=now)
        return Document.objects.filter(kind=Document.Kind.DUNNING, due=due).count()

    by_report = dispute(report_id=report.pk)
    by_sum = dispute(due_id=due.pk)
    assert (by_report.holds, by_sum.holds) == (True, False)
    assert dunned(LATE) == 0
    disputes.withdraw_dispute(dispute_id=by_report.pk, reason="x", by=actor(firm), now=LATE)
    assert dunned(LATE) == 1
    disputes.withdraw_dispute(dispute_id=by_sum.pk, reason="x", by=actor(firm), now=LATE)
    again = dispute(report_id=report.pk)
    assert not again.holds


def test_and_by_the_sum_then_by_its_report():
    office, firm = make.office(), make.enterprise()
    licence = lic.royal_licence(office, firm)
    report = lic.royalty(licence, firm)
    room.accept_royalty(report_id=report.pk, by=actor(office), now=NOON)
    due = licence.dues.get(reason__report=report)
    known = {"licence_id": licence.pk, "by": actor(firm), "now": NOON}
    first = disputes.open_dispute(matter=matter(due_id=due.pk), **known)
    disputes.withdraw_dispute(dispute_id=first.pk, reason="x", by=actor(firm), now=NOON)
    second = disputes.open_dispute(matter=matter(report_id=report.pk), **known)
    assert (first.holds, second.holds) == (True, False)


def test_pages_show_the_sum_to_the_parties_alone(client):
    at = given.table()
    deal = work(at)
    row = quarrelled(at, deal)
    pages = [
        reverse("licensing:deal", args=[deal.pk]),
        reverse("licensing:dispute", args=[row.dispute_id]),
    ]
    client.force_login(at.office.user)
    for page in pages:
        assert "1,234.56" in client.get(page).text
    there = reverse("licensing:settlement-pay", args=[row.pk])
    assert client.post(there, {"amount": "1"}).status_code == 422
    good = {"amount": "1234.56", "paid_on": f"{TODAY}", "proof": paper()}
    assert client.post(there, good).status_code == 302
    assert "已付清" in client.get(pages[0]).text
    bureau: Membership = make.bureau("31")
    client.force_login(bureau.user)
    assert "协议款项" not in client.get(pages[0]).text
