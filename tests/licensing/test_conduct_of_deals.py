"""What is noted of parties of deals: from which day, of which contract, against whom."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from licensing.models import ConductNote, SettlementSum
from licensing.rules.deal_endings import DealGround
from licensing.rules.fees import FeeMode, parts_for
from licensing.services import conduct, conduct_of_deals, deal_endings
from tests.factories import deals as given
from tests.factories.deals import paper
from tests.factories.disputes import Quarrel
from tests.factories.licensing import NOON, TODAY
from tests.licensing.test_deal_kinds import SAID
from tests.licensing.test_settlement_sums import (
    LATE,
    PAY_BY,
    concluded,
    pay,
    quarrelled,
    settled,
    work,
)

pytestmark = pytest.mark.django_db


def ended(at, deal, by):
    wanted = deal_endings.Wanted(DealGround.BREACH, "没有履行")
    deal_endings.open_deal_ending(deal_id=deal.pk, wanted=wanted, evidence=paper(), by=by, now=NOON)
    deal_endings.follow_deal_endings(now=LATE)


def test_a_sum_is_noted_thirty_days_after_its_day_and_not_before():
    at = given.table()
    row = quarrelled(at, work(at))
    due = NOON + (PAY_BY - TODAY)
    assert conduct_of_deals.note_facts(now=due + timedelta(days=29)) == 0
    pay(row, at.holder, "1233.56")
    assert conduct_of_deals.note_facts(now=due + timedelta(days=30)) == 1
    note = ConductNote.objects.get()
    assert (note.happened_on, note.settlement) == (PAY_BY, row)
    assert "仍有 1 元 未付" in note.fact
    assert conduct_of_deals.note_facts(now=due + timedelta(days=30)) == 0


def test_a_note_is_struck_with_the_last_fen_and_not_before_it():
    at = given.table()
    row = quarrelled(at, work(at))
    assert conduct_of_deals.note_facts(now=LATE) == 1
    pay(row, at.holder, "1234.55")
    assert conduct_of_deals.note_facts(now=LATE) == 0
    pay(row, at.holder, "0.01", reference="回单2")
    assert conduct_of_deals.note_facts(now=LATE) == 1
    note = ConductNote.objects.get()
    assert (note.status, "付清" in note.decision) == ("struck", True)


def test_what_a_holder_owes_over_a_licence_is_noted_of_the_licence():
    at = Quarrel()
    settled(at.opened(), at.firm, at.office)
    assert conduct_of_deals.note_facts(now=LATE) == 1
    note = ConductNote.objects.get()
    assert (note.licence, note.deal) == (at.licence, None)
    assert note.organisation_id == at.office.organisation_id


def test_who_gave_no_ground_is_not_noted():
    at = given.table()
    deal = work(at)
    ended(at, deal, at.holder)
    assert conduct_of_deals.note_facts(now=LATE) == 1
    note = ConductNote.objects.get()
    assert (note.organisation_id, note.deal) == (at.taker.organisation_id, deal)
    assert deal.number in note.source


@pytest.mark.parametrize("price", ["1", "0.5"])
def test_a_price_of_one_coin_is_a_price(price):
    at = given.table()
    parts = parts_for(FeeMode.FIXED, amount=Decimal(price))
    deal = given.signed(at, kind="tech_dev", months=None, particulars=SAID["tech_dev"], parts=parts)
    concluded(at, deal, price)
    assert conduct_of_deals.note_facts(now=NOON) == 1
    note = ConductNote.objects.get()
    assert (note.kind, note.organisation_id) == ("performed", at.taker.organisation_id)


@pytest.mark.parametrize("turn", ["_unpaid_sums", "_endings", "_settled", "_told"])
def test_who_is_quicker_than_the_look_is_not_noted_twice(monkeypatch, turn):
    """A colleague process noted it, or it was paid, between the list and the lock."""
    at = given.table()
    deal = work(at)
    if turn in ("_unpaid_sums", "_told"):
        row = quarrelled(at, deal)
        found = row.pk
    elif turn == "_endings":
        ended(at, deal, at.taker)
        found = deal.endings.get().pk
    else:
        concluded(at, deal, "80000")
        found = deal.pk
    assert conduct_of_deals.note_facts(now=LATE) == 1
    if turn == "_told":
        note = ConductNote.objects.get()
        found = note.pk
        conduct.strike(note, "查无实据", by=conduct_of_deals.SYSTEM, now=LATE)
        pay(SettlementSum.objects.get(), at.holder)
    before = list(ConductNote.objects.values_list("pk", "status", "decision"))
    monkeypatch.setattr(conduct_of_deals, turn, lambda *_today: [found])
    assert conduct_of_deals.note_facts(now=LATE) == 0
    assert list(ConductNote.objects.values_list("pk", "status", "decision")) == before


def test_what_was_paid_between_the_list_and_the_lock_is_not_noted(monkeypatch):
    at = given.table()
    row = quarrelled(at, work(at))
    pay(row, at.holder)
    monkeypatch.setattr(conduct_of_deals, "_unpaid_sums", lambda _today: [row.pk])
    assert conduct_of_deals.note_facts(now=LATE) == 0
    assert not ConductNote.objects.exists()
