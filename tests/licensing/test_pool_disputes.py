"""Sums of a pool's licence in dispute: kept still, mediated, settled; what covers which sum."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse

from core.errors import Conflict, Invalid, Missing, NotAllowed
from core.notices.models import Notice
from licensing.models import Dispute, Document, PoolDue, PoolRelease, SettlementSum
from licensing.rules import pool_dues as rules
from licensing.rules.disputes import Topic
from licensing.selectors import disputes as questions
from licensing.selectors import pool_royalties as accounts
from licensing.selectors.falling_due import falling_due
from licensing.services import conduct_of_deals, disputes, mediation, pool_dues, settling
from tests.factories import core as make
from tests.factories import pools as made
from tests.factories.core import actor
from tests.factories.disputes import matter, offer
from tests.factories.licensing import LONG_AGO, NOON, TODAY
from tests.licensing.test_pool_royalties import Royal

D = Decimal
DAY = date(2026, 1, 1)
BADGE = "有争议</span>"
LATE = NOON + timedelta(days=60)


def after(days: int) -> date:
    return DAY + timedelta(days)


# --- rules ---------------------------------------------------------------------------------------


def test_money_goes_to_what_nobody_disputes_first_while_a_dispute_runs():
    dues = [rules.Sum(D(100), DAY, (after(5), after(50))), rules.Sum(D(40), after(10))]
    early, during, later = after(2), after(20), after(60)
    assert rules.cover(dues, [(early, D(10))]) == [[(early, D(10))], []]
    assert rules.cover(dues, [(during, D(60))]) == [[(during, D(20))], [(during, D(40))]]
    assert rules.cover(dues, [(during, D(30)), (later, D(90))]) == [
        [(later, D(90))], [(during, D(30))],
    ]  # fmt: skip


def test_what_is_due_and_disputed_comes_before_what_is_not_due():
    dues = [rules.Sum(D(100), DAY, (DAY, None)), rules.Sum(D(40), after(90))]
    assert rules.cover(dues, [(after(20), D(60))]) == [[(after(20), D(60))], []]


# --- with a database -----------------------------------------------------------------------------

pytestmark = pytest.mark.django_db


class Row(Royal):
    """The licence of a pool with an accepted report of 30,000 that nobody paid yet."""

    def __init__(self) -> None:
        super().__init__()
        made.income(self.row, self.runs, amount=D(60_000), received_on=self.row.starts_on)
        self.accepted = self.accept(self.report(2_000_000))
        self.due = PoolDue.objects.get(report=self.accepted)

    def opened(self, *, by=None, now=NOON, **said) -> Dispute:
        known = {"pool_due_id": self.due.pk} | said
        return disputes.open_dispute(
            matter=matter(**known), pool_licence_id=self.row.pk, by=by or actor(self.firm), now=now
        )

    def settle(self, row: Dispute, *, now=NOON, **said) -> Dispute:
        settling.propose_settlement(
            dispute_id=row.pk, offer=offer(**said), by=actor(self.firm), now=now
        )
        return settling.answer_settlement(
            dispute_id=row.pk, version=1, accept=True, reason="", by=actor(self.runs), now=now
        )


def test_the_licensee_disputes_a_sum_and_the_administrator_answers():
    at = Row()
    row = at.opened()
    assert (row.holder_id, row.taker_id) == (at.runs.organisation_id, at.firm.organisation_id)
    assert (row.patent, row.patent_title, row.holds) == (None, at.row.pool.name, True)
    assert (row.holder_label, row.taker_label) == ("管理人", "被许可人")
    assert Notice.objects.filter(user=at.runs.user, kind="dispute.progress").exists()
    row = disputes.answer_dispute(dispute_id=row.pk, answer="按条款", by=actor(at.runs), now=NOON)
    assert row.status == "negotiating"
    row = disputes.end_dispute(dispute_id=row.pk, reason="分歧大", by=actor(at.runs), now=NOON)
    assert row.closing.startswith("管理人终结")


def test_who_may_not_and_what_is_no_line_of_it():
    at, other = Row(), Row()
    with pytest.raises(NotAllowed):  # a holder in the pool: the administrator acts for it
        at.opened(by=actor(at.holder))
    for who in (make.enterprise(), make.office()):
        with pytest.raises(Missing):
            at.opened(by=actor(who))
    with pytest.raises(Invalid):
        at.opened(pool_due_id=other.due.pk)
    with pytest.raises(Invalid):
        at.opened(pool_due_id=None, due_id=at.due.pk)
    with pytest.raises(Invalid):
        disputes.open_dispute(
            matter=matter(), pool_licence_id=at.row.pk, licence_id=1, by=actor(at.firm), now=NOON
        )
    at.opened()
    with pytest.raises(Conflict, match="正在处理"):
        at.opened(by=actor(at.runs))
    at.opened(pool_due_id=None, topic=Topic.TITLE)
    with pytest.raises(Conflict, match="正在处理"):
        at.opened(pool_due_id=None, topic=Topic.TITLE)
    assert Dispute.objects.count() == 2
    row = Dispute.objects.first()
    with pytest.raises(Missing):
        questions.dispute(row.pk, viewer=actor(at.holder))


def test_dunning_rests_once_and_the_sum_is_marked():
    at = Row()
    row = at.opened()
    assert pool_dues.call_for_sums(now=LATE) == 0
    letters = Document.objects.filter(kind=Document.Kind.DUNNING)
    assert not letters.exists()
    line = next(x for x in at.account(LATE.date()).lines if x.due == at.due)
    assert (line.disputed, line.is_late, line.interest > 0) == (True, True, True)
    disputes.withdraw_dispute(dispute_id=row.pk, reason="核对无误", by=actor(at.firm), now=LATE)
    assert pool_dues.call_for_sums(now=LATE) == 1
    assert letters.count() == 1
    assert not at.opened(now=LATE).holds
    assert not at.opened(pool_due_id=None, pool_report_id=at.accepted.pk, now=LATE).holds


def test_a_disputed_report_keeps_its_sum_still():
    at = Row()
    row = at.opened(pool_due_id=None, pool_report_id=at.accepted.pk)
    assert row.holds
    assert questions.disputed_sums(row) == [at.due.pk]
    assert pool_dues.call_for_sums(now=LATE) == 0
    assert accounts.disputed_reports(at.fresh()) == {at.accepted.pk}


def test_who_pays_the_rest_meanwhile_does_not_pay_what_is_disputed():
    at = Row()
    at.opened()
    second = at.accept(at.report(3_000_000, 1))
    made.income(at.row, at.runs, amount=D(45_000), reference="回单2", received_on=TODAY)
    paid = {x.due.report_id: x.paid for x in at.account(LATE.date()).lines}
    assert (paid[second.pk], paid[at.accepted.pk]) == (D(45_000), D(0))


def test_mediation_is_named_by_the_bureau_of_the_pools_region_and_stands_in_the_calendar():
    at, bureau, exchange = Row(), make.bureau(), make.exchange()
    row = at.opened()
    known = {"dispute_id": row.pk, "now": NOON}
    mediation.ask_mediation(**known, note="", by=actor(at.firm))
    assert questions.dispute(row.pk, viewer=actor(bureau)).pk == row.pk
    mediation.agree_to_mediation(**known, statement="", by=actor(at.runs))
    row = mediation.name_mediator(
        **known, mediator_id=exchange.organisation_id, mediator_name="周调", by=actor(bureau)
    )
    assert row.status == "mediating"
    [due] = falling_due(viewer=actor(at.firm), today=TODAY, kind="dispute")
    assert (due.on, due.title) == (row.due_by, at.row.pool.name)
    row = at.settle(row)
    told = dict(row.document.content)
    assert told["专利池"] == at.row.pool.name
    assert {"管理人", "被许可人", "调解员"} <= set(told)


def test_a_settlement_takes_off_what_is_open_and_asks_for_what_was_agreed():
    at = Row()
    made.income(at.row, at.runs, amount=D(10_000), reference="回单2")
    row = at.settle(at.opened(), amount=D(5_000))
    release = PoolRelease.objects.get()
    assert (release.due, release.amount, release.dispute) == (at.due, D(20_000), row)
    agreed = PoolDue.objects.get(kind="settlement")
    assert (agreed.amount, agreed.dispute, agreed.due_on) == (D(5_000), row, offer().pay_by)
    letter = Document.objects.get(pool_due=agreed)
    assert row.document.number in str(letter.content)
    account = at.account()
    assert (account.outstanding, account.due) == (D(5_000), D(75_000))
    assert pool_dues.call_for_sums(now=NOON + timedelta(days=40)) == 0
    told = Notice.objects.filter(title__startswith="池许可费减少")
    assert {n.user_id for n in told} == {at.holder.user_id, at.runs.user_id}


def test_what_the_administrator_owes_is_a_sum_of_its_own_and_noted_nowhere():
    at = Row()
    row = at.settle(at.opened(), payer="holder", releases=False)
    owed = SettlementSum.objects.get(dispute=row)
    assert owed.payer_id == at.runs.organisation_id
    assert PoolRelease.objects.count() == 0
    later = NOON + timedelta(days=120)
    assert conduct_of_deals.note_facts(now=later) == 0


def test_the_database_lets_no_more_be_released_than_was_owed():
    at = Row()
    row = at.opened()
    known = {"due": at.due, "dispute": row, "released_at": NOON, "released_by": "x"}
    with pytest.raises(IntegrityError, match="pool_release_within"), transaction.atomic():
        PoolRelease.objects.create(amount=D("30000.01"), **known)
    PoolRelease.objects.create(amount=D(30_000), **known)


def test_pages(client):
    at = Row()
    client.force_login(at.firm.user)
    here = reverse("licensing:pool-licence", args=[at.row.pk])
    there = reverse("licensing:dispute-new", args=["pool-licence", at.row.pk])
    assert there in client.get(here).text
    periods = client.get(reverse("licensing:pool-royalties", args=[at.row.pk])).text
    assert f"{there}?line=pool_report-{at.accepted.pk}" in periods
    page = client.get(there).text
    assert at.row.pool.name in page
    assert f"pool_due-{at.due.pk}" in page
    said = {"topic": "fee", "facts": "口径不同", "wish": "", "line": f"pool_due-{at.due.pk}"}
    assert client.post(there, said).status_code == 422
    done = client.post(there, said | {"wish": "重算"})
    row = Dispute.objects.get()
    assert (done.url, row.pool_due) == (reverse("licensing:dispute", args=[row.pk]), at.due)
    text = client.get(done.url).text
    assert "暂停催款" in text
    assert here in text
    assert BADGE in client.get(here).text
    client.force_login(at.holder.user)
    assert BADGE not in client.get(here).text
    assert client.get(done.url).status_code == 404


def test_the_api_opens_one_and_shows_what_is_disputed(client):
    at = Row()
    client.force_login(at.firm.user)
    said = {"topic": "fee", "facts": "x", "wish": "x", "pool_licence_id": at.row.pk}
    known = {"content_type": "application/json", "headers": {"Idempotency-Key": "a"}}
    done = client.post("/api/v1/disputes/", said | {"pool_due_id": at.due.pk}, **known)
    assert (done.status_code, done.json()["pool_due_id"]) == (201, at.due.pk)
    assert done.json()["patent_id"] is None
    lines = client.get(f"/api/v1/pool-licences/{at.row.pk}/account/").json()["lines"]
    assert [x["disputed"] for x in lines] == [False, True]


def test_an_account_costs_the_same_for_one_sum_as_for_many(django_assert_num_queries):
    at = Row()
    for year in (1, 2):
        at.accept(at.report(2_000_000, year), now=LONG_AGO + timedelta(days=1_200))
    at.opened()
    row = accounts_row(at)
    with django_assert_num_queries(0):
        assert len(accounts.covered(row)) == 4


def accounts_row(at: Row):
    from licensing.selectors import pools

    return pools.licence(at.row.pk, viewer=actor(at.firm))
