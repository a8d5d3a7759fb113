"""What an exchange reports: who hears of it, what the trail has, whose money it is."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from core.errors import Missing
from core.notices.models import Notice
from core.outbox.models import OutboxEvent
from core.people.models import Membership
from core.people.types import Actor
from licensing.models import ExchangeReport, Licence
from licensing.services import exchange_reports
from tests.factories import core as make
from tests.factories import deals as given
from tests.factories import licensing as lic
from tests.factories.core import actor
from tests.factories.licensing import NOON, TODAY
from tests.licensing.refusing import names, says
from tests.licensing.telling import kept, told

pytestmark = pytest.mark.django_db
MONEY = {"sort": "settlement", "number": "S-1", "amount": Decimal(10), "state": "held"}


@pytest.fixture
def exchange() -> Membership:
    return make.exchange()


def reported(contract: Any, by: Actor, **changes: Any) -> ExchangeReport:
    known: dict[str, Any] = {
        "contract_number": contract.number, "patent_number": contract.patent_number,
        "sort": "registration", "number": "沪-9", "on": TODAY,
    }  # fmt: skip
    return exchange_reports.take_report(by=by, now=NOON, **(known | changes))[0]


def test_a_report_goes_to_both_parties_into_the_trail_and_out(exchange: Membership) -> None:
    at = given.table()
    deal = given.signed(at)
    row = reported(deal, actor(exchange))
    assert told(f"exchange-report:{row.pk}") == {
        at.office.user_id, at.second.user_id, at.firm.user_id,
    }  # fmt: skip
    heard = Notice.objects.filter(key=f"exchange-report:{row.pk}")[0]
    assert row.get_sort_display() in heard.title
    assert ("沪-9" in heard.body, heard.url) == (True, row.contract_url)
    money = reported(deal, actor(exchange), **MONEY)
    heard = Notice.objects.filter(key=f"exchange-report:{money.pk}")[0]
    assert money.get_state_display() in heard.title
    assert kept("exchange_report.") == ["exchange_report.reported"] * 2
    out = OutboxEvent.objects.filter(name="deal.reported")
    said = {one.payload["report_id"]: one.payload["state"] for one in out}
    assert said == {row.pk: "", money.pk: "held"}
    reported(deal, actor(exchange))
    assert out.count() == 2  # the same again is no news


def test_an_open_licence_is_reported_by_its_own_number(exchange: Membership) -> None:
    office, firm = make.office(), make.enterprise()
    licence = lic.licence(office, firm)
    row = reported(licence, actor(exchange))
    assert (row.licence, row.deal, row.contract_number) == (licence, None, licence.number)
    assert told(f"exchange-report:{row.pk}") == {office.user_id, firm.user_id}


def test_a_licence_of_a_deal_is_reported_by_the_number_of_its_deal(exchange: Membership) -> None:
    deal = given.signed(given.table())
    licence = Licence.objects.get()
    row = reported(deal, actor(exchange))
    assert (row.deal, row.licence) == (deal, None)
    with pytest.raises(Missing):
        reported(licence, actor(exchange))


def test_what_cannot_have_been_is_named_and_long_notes_are_cut(exchange: Membership) -> None:
    deal, by = given.signed(given.table()), actor(exchange)
    names("on", ask=lambda: reported(deal, by, on=TODAY + timedelta(days=1)))
    names("number", ask=lambda: reported(deal, by, number=" "))
    names("amount", ask=lambda: reported(deal, by, **(MONEY | {"amount": None})))
    names("sort", ask=lambda: reported(deal, replace(by, organisation_id=None)))
    assert not ExchangeReport.objects.exists()
    row = reported(deal, by, number=" 沪-9 ", note="长" * 600)
    assert (row.number, len(row.note), row.reported_by) == ("沪-9", 500, by.key)


def test_money_is_followed_number_by_number_and_house_by_house(exchange: Membership) -> None:
    deal = given.signed(given.table())
    one, other = actor(exchange), actor(make.exchange())
    reported(deal, one, **MONEY)
    reported(deal, one, **(MONEY | {"number": "S-2", "amount": Decimal(5)}))
    reported(deal, other, **MONEY)
    over = {"state": "released", "amount": Decimal(6), "number": "S-2"}
    says("report-conflict", lambda: reported(deal, one, **(MONEY | over)))
    reported(deal, one, **(MONEY | {"state": "released"}))
    says("report-conflict", lambda: reported(deal, one, **(MONEY | {"state": "returned"})))
    reported(deal, other, **(MONEY | {"state": "returned"}))
    assert ExchangeReport.objects.count() == 5
