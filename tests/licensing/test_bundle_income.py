"""Income of a bundle's contract: each patent's inventors get of that patent's part."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.urls import reverse
from hypothesis import given as property_of
from hypothesis import strategies as st

from core.errors import Invalid
from core.money import portions
from licensing.models import Distribution, Licence
from licensing.rules import income as rules
from licensing.rules.fees import FeeMode
from licensing.rules.income import Person, PersonRole
from licensing.selectors import income as questions
from licensing.selectors.bundle_income import weights
from licensing.services import completing
from licensing.services import income as services
from tests.factories import licensing as lic
from tests.factories.licensing import NOON, TODAY
from tests.licensing.refusing import refuses
from tests.licensing.test_bundle_deals import Shelf

SHARES = (Decimal("70000.01"), Decimal(30_000))
SUMS = st.decimals(min_value=0, max_value=10**9, places=2)


@property_of(st.lists(st.none() | SUMS, min_size=1, max_size=9), SUMS)
def test_parts_are_the_whole_whatever_the_shares(shares, received):
    assert sum(portions(received, weights(shares))) == received


def test_without_a_price_to_share_every_patent_has_the_same():
    assert portions(Decimal(100), weights([None, None])) == [50, 50]
    assert portions(Decimal(100), weights([Decimal(0), Decimal(4)])) == [0, 100]


pytestmark = pytest.mark.django_db


def plan(gross):
    return rules.IncomePlan(
        gross=Decimal(gross), percent=Decimal(70), conflict="无", deductions={},
        persons=(Person("张三", PersonRole.INVENTOR, Decimal(100), "", ""),),
    )  # fmt: skip


@pytest.fixture
def shelf():
    """A bundle of two, licensed and paid: 70,000.01 and 30,000 of the price."""
    made = Shelf(2)
    row = made.signed(made.agreed(shares=SHARES))
    made.licence = Licence.objects.filter(deal_item__deal=row).order_by("pk")[0]
    lic.paid(made.licence, made.at.firm)  # the price, as one sum
    return made


def parts(shelf):
    found = questions.sources(viewer=shelf.at.holder)
    return {source.part: source.available for source in found}


def divide(shelf, patent_id, gross):
    return services.draft_income(
        licence_id=shelf.licence.pk, patent_id=patent_id, plan=plan(gross), by=shelf.at.holder,
        now=NOON,
    )  # fmt: skip


def test_what_came_in_stands_patent_by_patent(shelf):
    one, other = shelf.patents
    assert parts(shelf) == {one: SHARES[0], other: SHARES[1]}
    row = divide(shelf, other, 30_000)
    assert (row.patent_id, row.patent_number) == (other, lic.printed(other))
    assert parts(shelf) == {one: SHARES[0]}
    with pytest.raises(Invalid) as refusal:
        divide(shelf, one, "70000.02")
    assert "70,000.01" in refusal.value.fields["gross"][0]
    services.revise_income(distribution_id=row.pk, plan=plan(20_000), by=shelf.at.holder, now=NOON)
    assert parts(shelf) == {one: SHARES[0], other: Decimal(10_000)}


def test_whose_part_is_divided_must_be_said(shelf):
    for wrong in (None, lic.listed(shelf.at.office)):
        with pytest.raises(Invalid) as refusal:
            divide(shelf, wrong, 100)
        assert "patent_id" in refusal.value.fields
    alone = lic.paid(lic.licence(shelf.at.office, shelf.at.firm, mode=FeeMode.FIXED), shelf.at.firm)
    with pytest.raises(Invalid):
        services.draft_income(
            licence_id=alone.pk, patent_id=alone.patent_id, plan=plan(1), by=shelf.at.holder,
            now=NOON,
        )  # fmt: skip
    assert not Distribution.objects.exists()


def test_a_transfer_of_a_bundle_is_divided_by_the_settlement():
    shelf = Shelf(2)
    row = shelf.signed(shelf.agreed(shelf.talking(kind="transfer"), months=None, shares=SHARES))
    completing.register_deal(
        deal_id=row.pk, number="T1", registered_on=TODAY, by=shelf.at.taker, now=NOON
    )
    completing.settle_deal(
        deal_id=row.pk, amount=Decimal(50_000), settled_on=TODAY, note="回单1", by=shelf.at.holder,
        now=NOON,
    )  # fmt: skip
    found = parts(shelf)
    assert found.keys() == set(shelf.patents)
    assert sum(found.values()) == Decimal(50_000)


def test_the_page_and_the_api_divide_one_patents_part(shelf, client_as, api_as):
    _one, other = shelf.patents
    page = client_as(shelf.at.office).get(reverse("licensing:income")).content.decode()
    assert page.count("已到账") == 2
    address = reverse("licensing:income-draft", args=[f"licence-{shelf.licence.pk}-{other}"])
    assert address in page
    sent = {
        "gross": "30000", "percent": "70", "conflict": "无", "tax_note": "", "deduction_note": "",
        "tax": "0", "upkeep": "0", "agency": "0", "direct": "0",
        "p-TOTAL_FORMS": "1", "p-INITIAL_FORMS": "0",
        "p-0-name": "张三", "p-0-role": "inventor", "p-0-share": "100",
    }  # fmt: skip
    assert client_as(shelf.at.office).post(address, sent).status_code == 302
    assert Distribution.objects.get().patent_id == other
    body = {
        "licence_id": shelf.licence.pk, "patent_id": shelf.patents[0], "gross": "100",
        "percent": "70", "conflict": "无",
        "persons": [{"name": "张三", "role": "inventor", "share": "100"}],
    }  # fmt: skip
    key = {"Idempotency-Key": "part-1"}
    made = api_as(shelf.at.office).post(
        "/api/v1/income-distributions/", body, format="json", headers=key
    )
    assert (made.status_code, made.json()["patent_id"]) == (201, shelf.patents[0])


def test_a_part_is_of_a_contract_not_of_a_pool(shelf):
    row = divide(shelf, shelf.patents[0], 100)
    same = Distribution.objects.filter(pk=row.pk)
    refuses("distribution_part_of_a_contract", lambda: same.update(licence=None, pool_licence_id=1))
