"""Set-off of a settlement's sum against fees: both say so, neither debt falls below zero."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from itertools import product

import pytest
from django.db import DatabaseError, transaction
from django.urls import reverse

from core.errors import Conflict, Invalid, Missing, NotAllowed
from core.notices.models import Notice
from licensing import selectors as room_selectors
from licensing import services as room
from licensing.models import Payment, SettlementOffset, SettlementPayment, SettlementSum
from licensing.rules import moves
from licensing.rules import offsets as rules
from licensing.selectors import disputes as disputed
from licensing.selectors import offsets as questions
from licensing.services import offsets as services
from licensing.services import settlement_sums
from listings.models import PatentIncome
from tests.factories import core as make
from tests.factories.core import actor
from tests.factories.disputes import Quarrel
from tests.factories.licensing import NOON, TODAY
from tests.licensing.refusing import says
from tests.licensing.telling import kept, told
from tests.licensing.test_pool_disputes import Row
from tests.licensing.test_settlement_sums import settled

D = Decimal
LEGAL = {
    ("accept", "proposed"): "accepted",
    ("refuse", "proposed"): "refused",
    ("withdraw", "proposed"): "withdrawn",
    ("lapse", "proposed"): "lapsed",
}


@pytest.mark.parametrize(("move", "status"), list(product(rules.OFFSET_MOVES, rules.OffsetStatus)))
def test_moves(move, status):
    if said := LEGAL.get((move, status)):
        assert moves.after(rules.OFFSET_MOVES, status, move) == said
    else:
        with pytest.raises(moves.IllegalMove):
            moves.after(rules.OFFSET_MOVES, status, move)


@pytest.mark.parametrize(
    ("amount", "fits"),
    [("5", True), ("5.01", False), ("0", False), ("-1", False), ("1.001", False), ("NaN", False)],
)
def test_no_more_than_either_debt(amount, fits):
    for known in ({"owed": D(5), "due": D(9)}, {"owed": D(9), "due": D(5)}):
        assert (rules.amount_errors(D(amount), **known) == {}) is fits


pytestmark = pytest.mark.django_db


class Mutual(Quarrel):
    """The office owes 1,234.56 by a settlement, the firm a fee of 7,000."""

    def __init__(self) -> None:
        super().__init__()
        settled(self.opened(), self.firm, self.office)
        self.sum = SettlementSum.objects.get(dispute__licence=self.licence)

    def proposed(self, amount: str = "1000", *, by=None, due=None) -> SettlementOffset:
        return services.propose_offset(
            sum_id=self.sum.pk, due_id=(due or self.due).pk, amount=D(amount),
            by=by or self.firm, now=NOON,
        )  # fmt: skip

    def open_sums(self) -> tuple[Decimal, Decimal]:
        row = settlement_sums.questions.settlement_sum(self.sum.pk, viewer=self.firm)
        [line] = room_selectors.statement(self.licence, today=TODAY).lines
        return row.open_sum, line.outstanding


def accept(made: SettlementOffset, by) -> SettlementOffset:
    return services.accept_offset(offset_id=made.pk, by=by, now=NOON)


def test_what_both_agree_is_paid_on_both_sides_and_stands_in_the_statement():
    at = Mutual()
    made = at.proposed()
    assert at.open_sums() == (D("1234.56"), D(7_000))
    assert Notice.objects.filter(user=at.office_member.user, title__startswith="对方提出抵销")
    assert disputed.disputes_waiting(viewer=at.office).count == 1
    made = accept(made, at.office)
    assert at.open_sums() == (D("234.56"), D(6_000))
    assert made.payment.amount == made.settlement_payment.amount == D(1_000)
    [line] = room_selectors.statement(at.licence, today=TODAY).lines
    assert [x.pk for x in line.offsets] == [made.pk]
    assert PatentIncome.objects.get(reference=f"payment:{made.payment_id}").amount == D(1_000)
    assert disputed.disputes_waiting(viewer=at.office).count == 0
    with pytest.raises(Conflict):
        accept(made, at.office)
    assert Payment.objects.count() == SettlementPayment.objects.count() == 1


@pytest.mark.parametrize("paid", ["fee", "sum"])
def test_a_proposal_lapses_once_either_debt_was_paid_otherwise(paid):
    at = Mutual()
    made = at.proposed()
    assert services.lapse_offsets(now=NOON) == 0
    if paid == "sum":
        settlement_sums.pay_settlement(
            sum_id=at.sum.pk, amount=D(500), paid_on=TODAY, reference="回单", by=at.office, now=NOON
        )
    else:
        room.record_payment(
            licence_id=at.licence.pk, due_id=at.due.pk, amount=D("6000.01"), paid_at=NOON,
            reference="回单", by=at.firm, now=NOON,
        )  # fmt: skip
    before = at.open_sums()
    assert services.lapse_offsets(now=NOON) == 1
    made.refresh_from_db()
    assert (made.status, made.answered_by) == ("lapsed", "system")
    assert "余额" in made.reason
    assert at.open_sums() == before
    assert disputed.disputes_waiting(viewer=at.office).count == 0
    for member in (at.office_member, at.firm_member):
        assert Notice.objects.filter(user=member.user, title__startswith="抵销已失效").count() == 1
    with pytest.raises(Conflict):
        accept(made, at.office)
    assert services.lapse_offsets(now=NOON) == 0
    at.proposed("100")  # the rest may be proposed anew


def test_what_can_just_be_set_off_still_waits():
    at = Mutual()
    at.proposed()
    room.record_payment(
        licence_id=at.licence.pk, due_id=at.due.pk, amount=D(6_000), paid_at=NOON,
        reference="回单", by=at.firm, now=NOON,
    )  # fmt: skip
    assert services.lapse_offsets(now=NOON) == 0


def test_two_proposals_against_one_sum_are_each_measured_by_what_is_left():
    at = Mutual()
    for due in (at.due, Quarrel(at.office_member, at.firm_member).due):
        at.proposed("500", due=due)
    settlement_sums.pay_settlement(
        sum_id=at.sum.pk, amount=D(700), paid_on=TODAY, reference="回单", by=at.office, now=NOON
    )
    assert services.lapse_offsets(now=NOON) == 0  # 534.56 are left, enough for either
    accept(SettlementOffset.objects.get(due=at.due), at.office)
    assert services.lapse_offsets(now=NOON) == 1


def test_the_whole_sum_may_go_and_then_nothing_more():
    at = Mutual()
    accept(at.proposed("1234.56", by=at.office), at.firm)
    assert at.open_sums() == (D(0), D("5765.44"))
    with pytest.raises(Conflict, match="付清"):
        at.proposed("1")


def test_no_more_than_is_open_not_even_when_it_was_paid_meanwhile():
    at = Mutual()
    with pytest.raises(Invalid):
        at.proposed("1234.57")
    made = at.proposed()
    with pytest.raises(Conflict, match="等待答复"):
        at.proposed("5")
    settlement_sums.pay_settlement(
        sum_id=at.sum.pk, amount=D(1_000), paid_on=TODAY, reference="回单", by=at.office, now=NOON
    )
    with pytest.raises(Invalid):
        accept(made, at.office)
    assert at.open_sums() == (D("234.56"), D(7_000))
    services.withdraw_offset(offset_id=made.pk, by=at.firm, now=NOON)
    accept(at.proposed("234.56"), at.office)
    assert at.open_sums()[0] == 0


def test_the_other_side_answers_and_the_proposer_takes_back():
    at = Mutual()
    made = at.proposed()
    for refused in (
        lambda: accept(made, at.firm),
        lambda: services.withdraw_offset(offset_id=made.pk, by=at.office, now=NOON),
    ):
        with pytest.raises(NotAllowed):
            refused()
    for stranger in (actor(make.enterprise()), actor(make.bureau())):
        with pytest.raises(Missing):
            accept(made, stranger)
        with pytest.raises(Missing):
            at.proposed(by=stranger)
    with pytest.raises(Invalid):
        services.refuse_offset(offset_id=made.pk, reason=" ", by=at.office, now=NOON)
    made = services.refuse_offset(offset_id=made.pk, reason="要现金", by=at.office, now=NOON)
    assert (made.status, made.payment, at.open_sums()) == ("refused", None, (D("1234.56"), 7_000))
    assert at.proposed().pk != made.pk


def test_only_open_fees_between_the_same_two_that_nobody_disputes():
    at, other = Mutual(), Mutual()
    assert [d.pk for d in questions.dues_for(at.sum)] == [at.due.pk]
    with pytest.raises(Invalid):
        at.proposed(due=other.due)
    at.opened(due_id=at.due.pk)
    assert not questions.dues_for(at.sum).exists()
    with pytest.raises(Invalid):
        at.proposed()


def test_nothing_is_mutual_with_a_pools_administrator():
    pool = Row()
    row = pool.settle(pool.opened(), payer="holder", releases=False)
    assert not questions.dues_for(SettlementSum.objects.get(dispute=row)).exists()


def test_the_database_refuses_what_is_below_zero_and_any_change():
    at = Mutual()
    made = accept(at.proposed("1234.56"), at.office)
    more = Payment(licence=at.licence, due=at.due, amount=D(6_000), paid_at=NOON, reference="x",
                   recorded_at=NOON, recorded_by="x")  # fmt: skip
    more.save()
    with pytest.raises(DatabaseError, match="settlement_offset_within"), transaction.atomic():
        SettlementOffset.objects.filter(pk=made.pk).update(amount=D(1))
    with pytest.raises(DatabaseError), transaction.atomic():
        SettlementOffset.objects.filter(pk=made.pk).delete()


def test_what_was_set_off_is_not_called_for_any_more():
    at = Mutual()
    accept(at.proposed("1234.56"), at.office)
    late = NOON + timedelta(days=40)
    assert settlement_sums.remind_of_settlements(now=late) == 0
    assert room.remind_of_dues(now=late) == 1


def test_pages(client):
    at = Mutual()
    client.force_login(at.firm_member.user)
    here = reverse("licensing:dispute", args=[at.sum.dispute_id])
    there = reverse("licensing:settlement-offset", args=[at.sum.pk])
    assert there in client.get(here).text
    assert at.licence.number in client.get(there).text
    refused = client.post(there, {"due_id": at.due.pk, "amount": "9000"})
    assert (refused.status_code, "只剩" in refused.text) == (422, True)
    assert client.post(there, {"due_id": at.due.pk, "amount": "1000"}).url == here
    made = SettlementOffset.objects.get()
    answer = reverse("licensing:settlement-offset-answer", args=[made.pk])
    assert answer not in client.get(here).text
    assert "撤回抵销" in client.get(here).text
    client.force_login(at.office_member.user)
    assert answer in client.get(here).text
    assert client.post(answer, {"verdict": "refuse"}).status_code == 422
    assert client.post(answer, {"verdict": "accept"}).url == here
    assert "已抵销" in client.get(here).text
    statement = reverse("licensing:statement", args=[at.licence.pk])
    assert "经双方同意" in client.get(statement).text
    table = client.get(reverse("licensing:statement-csv", args=[at.licence.pk]))
    assert "抵销协议款项" in b"".join(table).decode("utf-8-sig")


def test_the_page_says_when_there_is_nothing_to_set_off(client):
    at = Mutual()
    at.opened(due_id=at.due.pk)
    client.force_login(at.firm_member.user)
    there = reverse("licensing:settlement-offset", args=[at.sum.pk])
    page = client.get(there).text
    assert "目前没有可以抵销的许可费" in page
    assert 'name="amount"' not in page
    here = client.get(reverse("licensing:dispute", args=[at.sum.dispute_id])).text
    assert there not in here
    assert "1,234.56 元" in here


def test_the_api(client):
    at = Mutual()
    client.force_login(at.firm_member.user)
    known = {"content_type": "application/json"}
    sums = f"/api/v1/settlement-sums/{at.sum.pk}/"
    key = {"Idempotency-Key": "a"}
    said = {"due_id": at.due.pk, "amount": "10.00"}
    done = client.post(f"{sums}offsets/", said, headers=key, **known)
    assert done.status_code == 201
    [row] = done.json()["offsets"]
    one = f"/api/v1/settlement-offsets/{row['id']}/"
    assert client.post(f"{one}accept/", headers={}).status_code == 403
    assert client.post(f"{one}withdraw/").json()["status"] == "withdrawn"
    again = client.post(f"{sums}offsets/", said, headers={"Idempotency-Key": "b"}, **known)
    two = f"/api/v1/settlement-offsets/{again.json()['offsets'][1]['id']}/"
    client.force_login(at.office_member.user)
    refused = client.post(f"{two}refuse/", {"reason": "要现金"}, **known)
    assert (refused.status_code, refused.json()["status"]) == (200, "refused")
    assert client.get("/api/v1/settlement-offsets/").json()["results"]


def test_each_step_of_a_set_off_is_in_the_trail_and_told():
    at = Mutual()
    firm, office = at.firm_member.user_id, at.office_member.user_id
    known = {"now": NOON}

    def key(made: SettlementOffset, step: str) -> set[int]:
        return told(f"settlement-offset:{made.pk}:{step}")

    refused = at.proposed()
    assert key(refused, "proposed") == {office}
    done = services.refuse_offset(offset_id=refused.pk, reason="要现金", by=at.office, **known)
    assert (key(refused, "refused"), done.answered_by) == ({firm}, at.office.key)
    back = at.proposed()
    services.withdraw_offset(offset_id=back.pk, by=at.firm, **known)
    assert key(back, "withdrawn") == {office}
    taken = accept(at.proposed(), at.office)
    assert key(taken, "accepted") == {firm}
    steps = ("proposed", "refused", "proposed", "withdrawn", "proposed", "accepted")
    assert kept("dispute.offset") == [f"dispute.offset_{step}" for step in steps]
    assert kept("licence.set_off") == ["licence.set_off"]


def test_the_last_yuan_may_be_set_off_and_a_sum_paid_meanwhile_not():
    at = Mutual()
    settlement_sums.pay_settlement(
        sum_id=at.sum.pk, amount=D("1233.56"), paid_on=TODAY, reference="回单", by=at.office,
        now=NOON,
    )  # fmt: skip
    made = at.proposed("1")
    room.record_payment(
        licence_id=at.licence.pk, due_id=at.due.pk, amount=at.due.amount, paid_at=NOON,
        reference="回单2", by=at.firm, now=NOON,
    )  # fmt: skip
    says("not-owed", lambda: accept(made, at.office))
    made.refresh_from_db()
    assert (made.status, Payment.objects.count()) == ("proposed", 1)
