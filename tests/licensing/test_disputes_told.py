"""Disputes and their settlements: what each step leaves in the trail, and whom it tells."""

from __future__ import annotations

from decimal import Decimal

import pytest

from core.notices.models import Notice
from licensing.models import Document, SettlementSum
from licensing.services import disputes, settlement_sums, settling
from tests.factories import core as make
from tests.factories.core import actor
from tests.factories.disputes import Quarrel, offer
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
