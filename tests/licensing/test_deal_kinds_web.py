"""The pages of the kinds of deal: each asks for what its kind must say, and for nothing else."""

from __future__ import annotations

from datetime import date

import pytest
from django.urls import reverse

from core.people.models import Mandate
from licensing.models import Deal
from licensing.rules.deal_kinds import ASKED_OF_HOLDER, EXCHANGEABLE, KINDS, LICENCES, DealKind
from listings.types import Action, Blocker
from tests.factories import core as make
from tests.factories import deals as given
from tests.factories import licensing as lic
from tests.licensing.test_deal_kinds import SAID, firms_patent, under

pytestmark = pytest.mark.django_db


def filled(at, kind):
    said = dict(SAID[kind]) | {"seen_version": "0"}
    if kind is not DealKind.EQUITY:
        said |= {"mode": "fixed", "amount": "80000"}
    if kind in LICENCES:
        said |= {"modes": ["make", "sell"], "months": "24"}
    if kind in EXCHANGEABLE:
        said |= {"kind": kind.value, "modes": ["make"]}
    if kind is DealKind.CROSS:
        from listings import selectors as listings

        said["counter"] = listings.card(firms_patent(at), viewer=at.taker).number
    return said


@pytest.mark.parametrize("kind", ASKED_OF_HOLDER)
def test_the_terms_page_asks_for_what_the_kind_must_say(client, kind):
    at = given.table()
    row = given.talking(at, kind=kind.value)
    client.force_login(at.firm.user)
    address = reverse("licensing:deal-step", args=[row.pk, "propose"])
    page = client.get(address).content.decode()
    for item in KINDS[kind].particulars:
        assert item.label in page
    assert ('name="territory"' in page) == (kind in LICENCES | EXCHANGEABLE)
    assert ('name="mode"' in page) == (kind is not DealKind.EQUITY)
    answer = client.post(address, filled(at, kind))
    assert answer.status_code == 302, answer.context["form"].errors
    version = row.versions.get()
    assert version.as_rule().kind is kind
    again = client.get(address).content.decode()  # what was said stands in the next version's form
    for value in version.particulars.values():
        assert value in again
    sheet = client.get(reverse("licensing:deal-terms-pdf", args=[row.pk]))
    assert sheet.content.startswith(b"%PDF")


def test_what_is_missing_is_named_and_what_was_written_stays(client):
    at = given.table()
    row = given.talking(at, kind="equity")
    client.force_login(at.firm.user)
    said = filled(at, DealKind.EQUITY) | {"assessment_year": "", "share": "12"}
    address = reverse("licensing:deal-step", args=[row.pk, "propose"])
    answer = client.post(address, said)
    assert answer.status_code == 422
    page = answer.content.decode()
    assert "国有股权年度整体评估" in page
    assert 'value="12"' in page
    assert not row.versions.exists()


def test_a_sublicence_is_asked_for_by_number(client):
    at = given.table()
    given.signed(at, sublicensing=True, territory="31,32")
    head = Deal.objects.get().items.get().licence
    other = make.enterprise()
    client.force_login(other.user)
    address = reverse("licensing:deal-sublicence")
    wrong = client.post(address, {"licence_number": "XK1", "wish": "要"})
    assert wrong.status_code == 422
    assert "第八百六十七条" in wrong.content.decode()
    client.post(address, {"licence_number": head.number.lower(), "wish": "要"})
    row = Deal.objects.get(kind="sublicence")
    assert (row.under_id, row.holder_id) == (head.pk, at.firm.organisation_id)
    client.force_login(at.firm.user)
    assert client.get(reverse("licensing:deal", args=[row.pk])).status_code == 200


def test_the_licence_page_names_what_was_granted_under_it(client):
    at = given.table()
    given.signed(at, sublicensing=True)
    head = Deal.objects.get().items.get().licence
    second = make.MembershipFactory(role=at.firm.role, organisation=at.firm.organisation)
    below = given.Table(at.firm, second, make.enterprise())
    row = under(head, below, months=12)
    from tests.licensing.test_deal_kinds import sealed

    sub = sealed(row, below).items.get().licence
    client.force_login(at.firm.user)
    assert sub.number in client.get(reverse("licensing:licence", args=[head.pk])).content.decode()
    assert head.number in client.get(reverse("licensing:licence", args=[sub.pk])).content.decode()


def test_the_api_asks_for_a_sublicence_by_number(client):
    at = given.table()
    given.signed(at, sublicensing=True)
    head = Deal.objects.get().items.get().licence
    client.force_login(make.enterprise().user)
    said = {"kind": "sublicence", "wish": "要"}
    key = {"Idempotency-Key": "sub-1"}
    wrong = client.post("/api/v1/deals/", said, content_type="application/json", headers=key)
    assert wrong.status_code == 400
    said["licence_number"] = head.number
    key = {"Idempotency-Key": "sub-2"}
    answer = client.post("/api/v1/deals/", said, content_type="application/json", headers=key)
    assert answer.status_code == 201
    assert answer.json()["under_id"] == head.pk


def test_a_province_is_read_by_its_name_and_a_term_by_what_bounds_it(client):
    at = given.table()
    given.signed(at, sublicensing=True, territory="31,32")
    head = Deal.objects.get().items.get().licence
    second = make.MembershipFactory(role=at.firm.role, organisation=at.firm.organisation)
    row = under(head, given.Table(at.firm, second, make.enterprise()), months=12, territory="32")
    client.force_login(at.firm.user)
    page = client.get(reverse("licensing:deal", args=[row.pk])).content.decode()
    assert "江苏省" in page
    assert "不超过上游许可的期限" in page


def test_a_broker_whose_mandate_ran_out_no_longer_finds_the_deal(client):
    at, broker = given.table(), make.broker()
    row = given.talking(at)
    mandate = Mandate.objects.create(
        principal=at.firm.organisation, agent=broker.organisation, starts_on=date(2020, 1, 1)
    )
    client.force_login(broker.user)
    address = reverse("licensing:deal", args=[row.pk])
    assert client.get(address).status_code == 200
    Mandate.objects.filter(pk=mandate.pk).update(ends_on=date(2020, 12, 31))
    assert client.get(address).status_code == 404
    step = reverse("licensing:deal-step", args=[row.pk, "close"])
    assert client.post(step, {"reason": "停"}).status_code == 404
    row.refresh_from_db()
    assert row.status == "negotiating"


def test_the_inquiry_calls_bars_and_reminders_by_two_names(client, monkeypatch):
    at = given.table()
    said = {
        Action.TRANSFER: [Blocker("pledged", "质押中", "民法典第444条")],
        Action.LICENSE_SOLE: [Blocker("report", "建议先做评价报告", "", hard=False)],
    }
    monkeypatch.setattr(
        "licensing.web.deals.listings.can", lambda _pk, action, at: said.get(action, [])
    )
    client.force_login(at.firm.user)
    patent = lic.listed(at.office)
    page = client.get(reverse("licensing:deal-inquire", args=[patent])).content.decode()
    assert page.count("有提醒") == 1
    assert 1 <= page.count("有障碍<") < page.count("<details")
    assert "有障碍或提醒" not in page
