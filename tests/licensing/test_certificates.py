"""Certificates: who may certify, of which contract, and what the paper says."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from core.errors import Missing, NotAllowed
from core.outbox.models import OutboxEvent
from core.people.models import Membership, Organisation
from core.people.types import Role
from licensing.models import Certificate
from licensing.services import certificates, contests
from tests.factories import core as make
from tests.factories import deals as given
from tests.factories import licensing as lic
from tests.factories.core import actor
from tests.factories.licensing import NOON
from tests.licensing.refusing import names, says

pytestmark = pytest.mark.django_db


@pytest.fixture
def exchange() -> Membership:
    return make.exchange()


def asked(exchange: Membership, by: Any, **contract: Any) -> Certificate:
    return certificates.request_certificate(
        exchange_id=exchange.organisation_id, by=by, now=NOON, **contract
    )


def test_only_the_exchange_that_was_asked_certifies_declines_or_revokes(
    exchange: Membership,
) -> None:
    at = given.table()
    row = asked(exchange, at.holder, deal_id=given.signed(at).pk)
    known: dict[str, Any] = {"certificate_id": row.pk, "now": NOON}
    for party in (at.holder, at.taker):
        with pytest.raises(NotAllowed):
            certificates.issue_certificate(**known, statement="相符", by=party)
        with pytest.raises(NotAllowed):
            certificates.decline_certificate(**known, reason="不", by=party)
    with pytest.raises(NotAllowed):
        certificates.withdraw_certificate(**known, by=actor(exchange))
    row.refresh_from_db()
    assert (row.status, row.decided_at) == ("requested", None)
    certificates.issue_certificate(**known, statement="相符", by=actor(exchange))
    with pytest.raises(NotAllowed):
        certificates.revoke_certificate(**known, reason="不", by=at.taker)
    says("certificate-exists", lambda: asked(make.exchange(), at.taker, deal_id=row.deal_id))
    back = certificates.revoke_certificate(**known, reason=" 材料不实 ", by=actor(exchange))
    assert (back.status, back.reason, back.decided_by) == (
        "revoked", "材料不实", actor(exchange).key,
    )  # fmt: skip


def test_a_certificate_is_of_a_contract_that_its_party_names(exchange: Membership) -> None:
    at = given.table()
    deal = given.signed(at)
    with pytest.raises(Missing):
        asked(exchange, at.holder)
    with pytest.raises(Missing):
        asked(exchange, at.holder, deal_id=deal.pk + 1)
    bureau = actor(make.bureau("31"))
    with_an_office = replace(bureau, roles=frozenset({Role.BUREAU, Role.OFFICE}))
    for overseer in (bureau, with_an_office):  # who reads the contract is no party to it
        with pytest.raises(NotAllowed):
            asked(exchange, overseer, deal_id=deal.pk)
    row = asked(exchange, at.holder, deal_id=deal.pk, note="长" * 600)
    assert (row.contract_number, len(row.note)) == (deal.number, 500)
    names("statement", ask=lambda: certificates.issue_certificate(
        certificate_id=row.pk, statement=" ", by=actor(exchange), now=NOON
    ))  # fmt: skip


def test_what_turned_out_void_since_it_was_asked_for_is_not_certified(exchange: Membership) -> None:
    office, firm, bureau = make.office(region="310115"), make.enterprise(), make.bureau("31")
    licence = lic.licence(office, firm)
    row = asked(exchange, actor(firm), licence_id=licence.pk)
    known: dict[str, Any] = {"licence_id": licence.pk, "now": NOON}
    contests.contest_licence(**known, reason="未付", by=actor(office))
    contests.resolve_contest(**known, uphold=True, resolution="成立", by=actor(bureau))
    says("no-contract", lambda: certificates.issue_certificate(
        certificate_id=row.pk, statement="相符", by=actor(exchange), now=NOON
    ))  # fmt: skip
    row.refresh_from_db()
    assert (row.status, row.document) == ("requested", None)


def test_the_paper_names_the_contract_its_kind_its_parties_and_its_price(
    exchange: Membership,
) -> None:
    at = given.table()
    holder, taker = at.office.organisation, at.firm.organisation
    Organisation.objects.filter(pk=taker.pk).update(uscc=None)
    deal = given.signed(at, kind="sole")
    row = asked(exchange, at.taker, deal_id=deal.pk)
    row = certificates.issue_certificate(
        certificate_id=row.pk, statement=" 主体相符 ", by=actor(exchange), now=NOON
    )
    assert row.document is not None
    said = dict(row.document.content)
    assert (row.document.number, said["鉴证编号"]) == (row.number, row.number)
    assert said["交易方式"] == deal.get_kind_display()
    assert said["权利人"] == f"{holder.name}（{holder.uscc}）"
    assert said["受让人或被许可人"] == f"{taker.name}（—）"
    assert (said["合同编号"], said["鉴证意见"]) == (deal.number, "主体相符")
    assert "8 万元" in said["价款"][0]
    assert said["合同生效日"] == said["鉴证日"] == "2026-11-20"
    event = OutboxEvent.objects.get(name="deal.certified")
    assert (event.payload["certificate_id"], event.payload["deal_id"]) == (row.pk, deal.pk)
