"""An exchange's program reports what was done there, and hears what was done here."""

from __future__ import annotations

from decimal import Decimal

import pytest

from core.outbox.models import OutboxEvent
from core.people.types import Actor, Role
from core.permissions import Permission, allowed
from interchange import rules, selectors
from licensing.services import registrations
from tests.factories import core as make
from tests.factories import deals as given
from tests.factories.core import actor
from tests.factories.licensing import NOON, TODAY

pytestmark = pytest.mark.django_db
PATH = "/api/v1/exchange-reports/"


def body(deal, **changes):
    known = {
        "contract_number": deal.number, "patent_number": deal.patent_number, "sort": "settlement",
        "number": "ZJ-1", "on": deal.effective_on.isoformat(), "amount": "1000.00",
        "state": "held",
    }  # fmt: skip
    return known | changes


def test_the_same_is_the_same_and_another_is_refused(api_as):
    deal, client = given.signed(given.table()), api_as(make.exchange())

    def send(key, **changes):
        headers = {"Idempotency-Key": key}
        return client.post(PATH, body(deal, **changes), format="json", headers=headers)

    first = send("a")
    assert first.status_code == 201
    assert send("a").data == first.data
    assert (send("b").status_code, send("b").data) == (200, first.data)
    assert send("c", amount="999.00").status_code == 409
    unknown = send("d", contract_number="QT0")
    assert (unknown.status_code, unknown.data["type"]) == (404, "/help/problems/unknown-contract")
    assert send("e", state="released").status_code == 201
    assert send("f", state="returned").data["type"].endswith("report-conflict")
    assert send("g", on="nonsense").status_code == 400
    assert len(client.get(PATH).data["results"]) == 2


def test_a_key_needs_its_scope():
    roles = frozenset({Role.EXCHANGE})
    for scopes, may in ((frozenset(), False), (frozenset({"deals:report"}), True)):
        who = Actor(organisation_id=1, partner_id=1, roles=roles, scopes=scopes)
        assert allowed(who, Permission.REPORT_DEAL) is may


def test_a_registration_is_in_the_feed_without_parties_and_sums():
    at = given.table()
    row = registrations.open_registration(deal=given.signed(at), now=NOON)
    registrations.apply_for_registration(
        registration_id=row.pk,
        kind="licence",
        amount=Decimal(9),
        technical=Decimal(9),
        by=at.holder,
        now=NOON,
    )
    registrations.register_contract(
        registration_id=row.pk, number="沪-1", registered_on=TODAY,
        by=actor(make.bureau("31")), now=NOON,
    )  # fmt: skip
    event = OutboxEvent.objects.get(name="contract.registered")
    found = selectors.public_data(event.name, event.payload)
    assert set(found) == {"patent_id", "contract_kind", "number", "registered_on", "patent"}
    assert event.name in rules.PUBLIC_EVENTS
