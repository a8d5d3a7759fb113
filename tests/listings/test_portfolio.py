"""The portfolio: every number leads to exactly its rows; what is suggested can be done at once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from core.errors import Invalid, NotAllowed
from core.people.models import Membership
from listings.models import InventoryItem, Listing, MaintenanceDecision, PatentIncome
from listings.selectors.offering import portfolios as selectors
from listings.services.layers import promotion
from listings.services.offering import portfolio
from listings.services.ownership.incomes import forget_income, note_income
from listings.types import EncumbranceKind
from tests.factories import core
from tests.factories import listings as make
from tests.factories.listings import NOON

pytestmark = pytest.mark.django_db
TODAY = NOON.date()


@pytest.fixture
def keeper() -> Membership:
    return core.office(region="310115")


def test_every_cell_leads_to_exactly_its_rows(keeper: Membership) -> None:
    viewer = core.actor(keeper)
    make.listed_patent(keeper, trl=8)
    for year in (2007, 2009):
        number = make.fresh_number("1", year)
        granted = date(year + 2, 3, 1)
        make.patent(keeper, number=number, filed_on=date(year, 6, 1), granted_on=granted)
    unscored = make.patent(keeper)
    InventoryItem.objects.filter(patent=unscored).update(score=None)
    make.patent(keeper, granted_on=None)  # still examined: no annuity, no cell
    make.patent()
    found = selectors.overview(viewer=viewer, on=TODAY)
    assert found.granted == 4
    assert sum(cell.count for cell in found.cells) == 4
    assert sum(found.layers.values()) == 4
    every = selectors.holdings(viewer=viewer)
    for cell in found.cells:
        rows = selectors.narrowed(every, on=TODAY, score=cell.score, life=cell.life)
        assert rows.count() == cell.count
    assert selectors.UNKNOWN in {cell.score for cell in found.cells}
    assert {cell.life for cell in found.cells} == {"0", "1", "10"}


def test_what_costs_and_earns_nothing(keeper: Membership) -> None:
    viewer = core.actor(keeper)
    idle = make.patent(keeper, annuity_paid_to=TODAY + timedelta(days=102))
    earning = make.patent(keeper, annuity_paid_to=TODAY + timedelta(days=102))
    make.bound(earning, EncumbranceKind.ORDINARY)
    found = selectors.overview(viewer=viewer, on=TODAY)
    rows = selectors.narrowed(selectors.holdings(viewer=viewer), on=TODAY, idle=True)
    assert [row.pk for row in rows] == [idle.pk]
    assert found.idle == 1
    assert Decimal(0) < found.idle_cost < found.cost


def test_what_came_in_is_counted_and_what_is_licensed_for_nothing_is_named(
    keeper: Membership, client_as: Callable[[Membership], Client]
) -> None:
    viewer, other = core.actor(keeper), core.office()
    paid, free, _idle = (make.patent(keeper) for _ in range(3))
    for patent in (paid, free):
        make.bound(patent, EncumbranceKind.ORDINARY)
    given = {"organisation_id": keeper.organisation_id, "currency": "CNY", "now": NOON}
    for _again in range(2):
        note_income(
            patent_id=paid.pk,
            reference="payment:1",
            amount=Decimal(800),
            received_on=TODAY,
            **given,
        )
    long_ago = TODAY - timedelta(days=366)
    note_income(
        patent_id=free.pk, reference="payment:2", amount=Decimal(9), received_on=long_ago, **given
    )
    theirs = given | {
        "organisation_id": other.organisation_id
    }  # of a sub-licence, not the keeper's
    note_income(
        patent_id=free.pk, reference="payment:3", amount=Decimal(7), received_on=TODAY, **theirs
    )
    found = selectors.overview(viewer=viewer, on=TODAY)
    assert (found.earned, found.dry, found.idle) == (Decimal(800), 1, 1)
    rows = selectors.dry(selectors.holdings(viewer=viewer), viewer=viewer, on=TODAY)
    assert [row.pk for row in rows] == [free.pk]
    page = client_as(keeper).get("/library/portfolio/?idle=dry").content.decode()
    assert "有许可或转化，近一年没有到账" in page
    forget_income(patent_id=paid.pk, references=["payment:1"])
    assert selectors.overview(viewer=viewer, on=TODAY).dry == 2


@pytest.mark.parametrize(
    ("broken", "constraint"),
    [
        ({"amount": 0}, "patent_income_positive"),
        ({"reference": ""}, "patent_income_referenced"),
        ({}, "patent_income_once"),
    ],
)
def test_a_broken_income(keeper: Membership, broken: dict[str, object], constraint: str) -> None:
    row = {
        "patent": make.patent(keeper), "organisation_id": keeper.organisation_id,
        "reference": "payment:1", "amount": 5, "received_on": TODAY, "noted_at": NOON,
    }  # fmt: skip
    PatentIncome.objects.create(**row)
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        PatentIncome.objects.create(**row | broken)


def test_the_portfolio_costs_the_same_for_one_row_as_for_ten(keeper: Membership) -> None:
    viewer = core.actor(keeper)

    def cost() -> int:
        with CaptureQueriesContext(connection) as seen:
            selectors.overview(viewer=viewer, on=TODAY)
            rows = selectors.holdings(viewer=viewer)
            ideas, _counts = selectors.suggested(rows, viewer=viewer, on=TODAY)
            selectors.page_rows(ideas, on=TODAY)
        return len(seen)

    make.patent(keeper)
    one = cost()
    for _ in range(4):
        make.patent(keeper)
    assert cost() == one


def test_suggestions_are_counted_and_filtered(keeper: Membership) -> None:
    viewer = core.actor(keeper)
    for _ in range(3):
        make.patent(keeper, trl=8)
    rows = selectors.holdings(viewer=viewer)
    ideas, counts = selectors.suggested(rows, viewer=viewer, on=TODAY, act="pool")
    assert len(ideas) == counts["pool"] == counts["list"] == 3
    assert counts["lapse"] == 0
    shown = selectors.page_rows(ideas[:2], on=TODAY)
    assert "H01M" in next(s.why for s in shown[0].suggestions if s.act == "pool")


def test_what_is_suggested_is_done_for_one_s_own_and_refusals_are_said(
    keeper: Membership,
) -> None:
    by = core.actor(keeper)
    mine, pending = make.patent(keeper, trl=8), make.patent(keeper, granted_on=None)
    strange = make.patent()
    ids = [mine.pk, pending.pk, strange.pk]
    drafted = portfolio.act_on(act="transfer", patent_ids=[mine.pk, strange.pk], by=by, now=NOON)
    assert (drafted.done, drafted.refused) == (1, {})
    assert Listing.objects.get(patent=mine).routes == ["transfer"]
    again = portfolio.act_on(act="open", patent_ids=[mine.pk], by=by, now=NOON)
    assert again.done == 0
    assert "原挂牌" in again.refused[mine.pk]
    listed = portfolio.act_on(act="list", patent_ids=ids, by=by, now=NOON)
    assert listed.done == 1
    assert not Listing.objects.filter(patent=strange).exists()
    dropped = portfolio.act_on(act="lapse", patent_ids=ids, reason="无人问津", by=by, now=NOON)
    assert dropped.done + len(dropped.refused) == 2
    assert "有效的专利" in dropped.refused[pending.pk]
    assert not MaintenanceDecision.objects.filter(patent=strange).exists()
    for ids_, act in (([], "list"), ([mine.pk], "fly"), ([strange.pk], "list")):
        with pytest.raises(Invalid):
            portfolio.act_on(act=act, patent_ids=ids_, by=by, now=NOON)
    for stranger in (core.enterprise(), core.bureau("31"), core.auditor()):
        with pytest.raises(NotAllowed):
            portfolio.act_on(act="list", patent_ids=ids, by=core.actor(stranger), now=NOON)


def test_a_region_s_layers_by_organisation(
    keeper: Membership, client_as: Callable[[Membership], Client]
) -> None:
    make.listed_patent(keeper)
    resting = make.patent(keeper)
    make.patent(core.office(region="320500"))
    promotion.archive_stock(
        patent_ids=[resting.pk],
        reason="过时",
        review_on=TODAY + timedelta(days=9),
        by=core.actor(keeper),
        now=NOON,
    )
    (row,) = selectors.layers_by_organisation("31")
    assert (row["total"], row["a"], row["b"], row["c"], row["archived"]) == (2, 0, 1, 0, 1)
    assert len(selectors.layers_by_organisation("")) == 2
    shown = client_as(core.bureau("31")).get("/oversight/layers/").content.decode()
    assert keeper.organisation.name in shown


def test_the_page_draws_the_matrix_and_acts(
    keeper: Membership, client_as: Callable[[Membership], Client]
) -> None:
    client = client_as(keeper)
    assert "还没有有效专利" in client.get("/library/portfolio/").content.decode()
    patent = make.patent(keeper, trl=8)
    shown = client.get("/library/portfolio/?act=list").content.decode()
    assert "<svg" in shown
    assert "挂牌勾选的" in shown
    assert client.get("/library/portfolio/?score=zz&life=&act=x&page=q").status_code == 200
    said = client.post(
        "/library/portfolio/act/", {"act": "list", "patent": [patent.pk, "y"]}, follow=True
    )
    assert "已挂牌 1 件" in said.content.decode()
    said = client.post("/library/portfolio/act/", {"act": "lapse"}, follow=True)
    assert "请先勾选" in said.content.decode()
