"""Interest on late sums of a pool's licence: asked for once covered, divided as all income."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.urls import reverse

from core.errors import Conflict, Missing, NotAllowed
from core.notices.models import Notice
from licensing.models import Document, PoolDue, PoolIncome
from licensing.rules import late
from licensing.rules.royalties import Line
from licensing.services import disputes, pool_dues, pool_interest
from tests.factories import pools as made
from tests.factories.core import actor
from tests.factories.disputes import matter
from tests.factories.licensing import LONG_AGO, NOON, TODAY
from tests.licensing.telling import kept, told
from tests.licensing.test_pool_disputes import Row
from tests.licensing.test_pool_royalties import Royal

D = Decimal
FIFTH = timedelta(days=30 + 73)  # the entry falls due after thirty days; 73 days are a fifth


def test_what_was_asked_before_is_taken_off_and_said():
    found = (Line("逾期利息", "x", D(10)),)
    assert late.still_to_ask(found, D(0)) == (D(10), found)
    amount, lines = late.still_to_ask(found, D(4))
    assert (amount, sum(line.amount for line in lines)) == (D(6), D(6))
    assert late.still_to_ask((), D(4))[0] == D(-4)


pytestmark = pytest.mark.django_db


def interest(at: Royal) -> list[Decimal]:
    rows = PoolDue.objects.filter(licence=at.row, kind="interest").order_by("position")
    return [row.amount for row in rows]


def charge(at: Royal, *, by=None, now=LONG_AGO + FIFTH) -> PoolDue:
    entry = at.row.dues.get(kind="entry")
    return pool_interest.charge_pool_interest(
        pool_licence_id=at.row.pk, due_id=entry.pk, by=by or actor(at.runs), now=now
    )


def pay(at: Royal, amount: int | Decimal, after: timedelta, reference: str = "回单1") -> PoolIncome:
    on = at.row.starts_on + after
    return made.income(at.row, at.runs, amount=D(amount), received_on=on, reference=reference)


def test_a_sum_covered_late_has_its_interest_asked_for_on_paper():
    at = Royal()
    pay(at, 60_000, FIFTH)
    assert interest(at) == [D(468)]  # 60,000 × 3.9 % × 73 ÷ 365
    row = PoolDue.objects.get(kind="interest")
    assert (row.late_due.kind, row.due_on) == ("entry", TODAY + timedelta(days=15))
    assert "73 天" in row.explanation[0]["formula"]
    letter = Document.objects.get(pool_due=row)
    assert dict(letter.content)["款项"] == "逾期利息"
    told = Notice.objects.filter(title__startswith="池许可逾期利息")
    assert {n.user_id for n in told} == {at.firm.user_id, at.runs.user_id}
    assert at.account().outstanding == D(468)
    assert pool_dues.call_for_sums(now=NOON + timedelta(days=16)) == 1


def test_what_is_covered_in_time_or_not_yet_asks_for_nothing():
    at, other = Royal(), Royal()
    pay(at, 60_000, timedelta(days=30))
    pay(other, 59_999, FIFTH)
    assert interest(at) == interest(other) == []


def test_what_is_settled_asks_for_nothing_more():
    at = Royal()
    pay(at, 60_000, FIFTH)
    again = pool_interest.settle_interest(at.row, by=actor(at.runs), now=LONG_AGO + FIFTH)
    assert (again, interest(at)) == ([], [D(468)])


def test_interest_is_divided_in_the_shares_of_the_sum_that_was_late():
    at = Royal()
    first = pay(at, 60_000, FIFTH)
    second = pay(at, 468, FIFTH, "回单2")
    assert at.account().outstanding == 0
    assert interest(at) == [D(468)]  # and none on interest
    for one, two in zip(first.shares.order_by("holder"), second.shares.order_by("holder"),
                        strict=True):  # fmt: skip
        assert (one.holder_id, two.amount) == (two.holder_id, one.amount * 468 / 60_000)
    assert second.fee == first.fee * 468 / 60_000


def test_the_administrator_may_ask_before_it_is_covered_and_the_rest_follows():
    at = Royal()
    with pytest.raises(Conflict, match="没有新的"):
        charge(at, now=LONG_AGO)
    assert charge(at).amount == D(468)
    with pytest.raises(Conflict, match="没有新的"):
        charge(at)
    pay(at, 60_000, FIFTH + timedelta(days=73))
    assert interest(at) == [D(468), D(468)]


def test_money_that_turns_up_with_an_earlier_day_takes_interest_back():
    at = Royal()
    pay(at, 60_000, FIFTH)
    pay(at, 60_000, timedelta(days=20), "回单2")
    assert interest(at) == [D(468), D(-468)]
    account = at.account()
    assert (account.outstanding, account.due, account.ahead) == (0, D(60_000), D(60_000))
    assert "已计利息" in str(PoolDue.objects.get(amount__lt=0).explanation)


def test_who_may_not_and_of_which_licence():
    at, other = Royal(), Royal()
    for who, refusal in [(at.firm, NotAllowed), (at.holder, NotAllowed), (other.runs, Missing)]:
        with pytest.raises(refusal):
            charge(at, by=actor(who))
    with pytest.raises(Missing):
        pool_interest.charge_pool_interest(
            pool_licence_id=at.row.pk, due_id=other.row.dues.get().pk, by=actor(at.runs), now=NOON
        )
    assert interest(at) == []


def test_a_dispute_keeps_it_back_and_its_end_asks_for_it():
    at = Row()
    row = at.opened()
    after = NOON + timedelta(days=300)
    with pytest.raises(Conflict, match="有争议"):
        pool_interest.charge_pool_interest(
            pool_licence_id=at.row.pk, due_id=at.due.pk, by=actor(at.runs), now=after
        )
    made.income(at.row, at.runs, amount=D(30_000), reference="回单2", received_on=TODAY)
    assert interest(at) == []
    disputes.withdraw_dispute(dispute_id=row.pk, reason="核对无误", by=actor(at.firm), now=after)
    assert interest(at) == []  # it was covered before its day


def test_what_a_settlement_takes_off_bears_none():
    at = Royal()
    entry = at.row.dues.get(kind="entry")
    row = disputes.open_dispute(
        matter=matter(pool_due_id=entry.pk), pool_licence_id=at.row.pk, by=actor(at.firm), now=NOON
    )
    Row.settle(at, row, amount=D(50_000))
    made.income(at.row, at.runs, amount=D(50_000), received_on=TODAY)
    assert interest(at) == []
    assert at.account().outstanding == 0


def test_the_end_of_a_dispute_asks_for_the_interest_of_what_was_paid_meanwhile():
    at = Royal()
    entry = at.row.dues.get(kind="entry")
    row = disputes.open_dispute(
        matter=matter(pool_due_id=entry.pk), pool_licence_id=at.row.pk, by=actor(at.firm),
        now=LONG_AGO + timedelta(days=20),
    )  # fmt: skip
    pay(at, 60_000, FIFTH)
    assert interest(at) == []
    disputes.withdraw_dispute(dispute_id=row.pk, reason="不再争议", by=actor(at.firm), now=NOON)
    assert interest(at) == [D(468)]


def test_pages_and_api(client):
    at = Royal()
    entry = at.row.dues.get(kind="entry")
    here = reverse("licensing:pool-licence", args=[at.row.pk])
    there = reverse("licensing:pool-due-interest", args=[at.row.pk, entry.pk])
    client.force_login(at.firm.user)
    assert there not in client.get(here).text
    client.force_login(at.runs.user)
    assert there in client.get(here).text
    assert client.post(there).url == here
    page = client.get(here).text
    assert "逾期利息" in page
    assert there not in page
    assert client.post(there).status_code == 302  # nothing new: said on the page
    assert len(interest(at)) == 1
    api = f"/api/v1/pool-licences/{at.row.pk}/dues/{entry.pk}/interest/"
    answer = client.post(api, headers={"Idempotency-Key": "a"})
    assert (answer.status_code, answer.json()["type"].rsplit("/")[-1]) == (409, "no-interest")
    lines = client.get(f"/api/v1/pool-licences/{at.row.pk}/account/").json()["lines"]
    assert [x["late_due_id"] for x in lines] == [None, entry.pk]


def test_interest_asked_and_taken_back_is_in_the_trail_and_told_in_its_own_words():
    at = Royal()
    pay(at, 60_000, FIFTH)
    pay(at, 60_000, timedelta(days=20), "回单2")
    both = {at.firm.user_id, at.runs.user_id}
    for row in PoolDue.objects.filter(kind="interest"):
        assert told(f"pool-interest:{row.pk}") == both
        title = Notice.objects.filter(key=f"pool-interest:{row.pk}")[0].title
        assert title.startswith("池许可逾期利息减少" if row.amount < 0 else "池许可逾期利息 ")
    assert kept("pool_licence.interest") == ["pool_licence.interest"] * 2
