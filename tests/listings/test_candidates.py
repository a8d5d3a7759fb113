"""The open-licence candidates: in SQL what the rules say of each patent, and who sees which."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from core.people.models import Membership, RegionSetting
from core.people.types import Actor
from listings import selectors
from listings.models import Patent
from listings.rules.inventors import InventorRightKind
from listings.rules.working import WorkingKind
from listings.selectors.ownership import candidates
from listings.services.ownership import rights
from listings.types import Action, EncumbranceKind, PatentKind, hard
from tests.factories import core as make
from tests.factories import listings as stock

pytestmark = pytest.mark.django_db
TODAY = stock.NOON.date()
OLD = date(2021, 6, 1)


@pytest.fixture
def office() -> Membership:
    return make.office(region="310115")


def stock_of_all_sorts(office: Membership) -> dict[str, Patent]:
    """Patents that are and are not candidates, each for one reason."""
    late = TODAY - timedelta(days=60)
    shared = {
        "holders": (
            stock.holder("学校", organisation_id=office.organisation_id),
            stock.holder("别人"),
        )
    }
    given: dict[str, dict[str, Any]] = {
        "good": {},
        "no annuity known": {"annuity_paid_to": None},
        "recent": {"granted_on": TODAY - timedelta(days=3 * 365)},
        "pending": {"granted_on": None, "annuity_paid_to": None},
        "late": {"annuity_paid_to": late, "filed_on": late.replace(year=2019)},
        "overdue": {"annuity_paid_to": date(2025, 3, 1)},
        "model": {"kind": PatentKind.UTILITY_MODEL},
        "supported model": {
            "kind": PatentKind.UTILITY_MODEL,
            "evaluation_verdict": "supports",
            "evaluation_on": date(2022, 1, 1),
        },
        "shared": shared,
        "not the holder": {"holders": (stock.holder("别人"),)},
    }
    rows = {
        name: stock.patent(office, **({"granted_on": OLD} | fields))
        for name, fields in given.items()
    }
    for kind in (
        EncumbranceKind.PLEDGE,
        EncumbranceKind.OPEN_DECLARATION,
        EncumbranceKind.PRESERVATION,
        EncumbranceKind.EXCLUSIVE,
        EncumbranceKind.SOLE,
    ):
        rows[kind.value] = stock.patent(office, granted_on=OLD)
        stock.bound(rows[kind.value], kind)
    rows["pledged later"] = stock.patent(office, granted_on=OLD)
    stock.bound(rows["pledged later"], EncumbranceKind.PLEDGE, starts_on=TODAY + timedelta(days=30))
    rows["inventors"] = stock.patent(office, granted_on=OLD)
    rights.grant_right(
        patent_id=rows["inventors"].pk,
        kind=InventorRightKind.OWNERSHIP,
        inventors=["张三"],
        share=Decimal(30),
        starts_on=date(2025, 1, 1),
        ends_on=None,
        by=make.actor(office),
        now=stock.NOON,
    )
    return rows


def test_the_list_says_in_sql_what_the_rules_say_of_each(office: Membership) -> None:
    rows, by = stock_of_all_sorts(office), make.actor(office)
    found = set(candidates.candidates(viewer=by, on=TODAY).values_list("pk", flat=True))
    against = selectors.can_many([r.pk for r in rows.values()], Action.DECLARE_OPEN, at=stock.NOON)
    for name, row in rows.items():
        free = not hard(against[row.pk])
        assert (row.pk in found) is (free and name != "recent"), (name, against[row.pk])
    shown = candidates.of_page(found, viewer=by, at=stock.NOON)
    assert all(row.may_declare for row in shown.values())
    assert {r.years for r in shown.values()} == {5}
    assert len(found) == 3


def test_worked_and_licensed_patents_are_no_candidates(office: Membership) -> None:
    by = make.actor(office)
    worked, licensed = (stock.patent(office, granted_on=OLD) for _ in range(2))
    assert candidates.candidates(viewer=by, on=TODAY).count() == 2
    rights.state_working(
        patent_id=worked.pk,
        kind=WorkingKind.OWN,
        since=date(2025, 1, 1),
        note="示范线",
        by=by,
        now=stock.NOON,
    )
    stock.bound(licensed, EncumbranceKind.ORDINARY)
    assert candidates.candidates(viewer=by, on=TODAY).count() == 0


def test_offices_see_their_own_bureaus_their_region_auditors_all(office: Membership) -> None:
    mine = stock.patent(office, granted_on=OLD)
    theirs = stock.patent(make.office(region="320500"), granted_on=OLD)

    def seen(by: Actor) -> set[int]:
        return set(candidates.candidates(viewer=by, on=TODAY).values_list("pk", flat=True))

    assert seen(make.actor(office)) == {mine.pk}
    assert seen(make.actor(make.bureau("31"))) == {mine.pk}
    assert seen(make.actor(make.bureau("32"))) == {theirs.pk}
    assert seen(make.actor(make.auditor())) == {mine.pk, theirs.pk}
    assert seen(make.actor(make.enterprise())) == set()
    assert seen(Actor.anonymous()) == set()


def test_a_region_may_wait_longer(office: Membership) -> None:
    stock.patent(office, granted_on=OLD)
    RegionSetting.objects.create(region="31", key="open_licence.candidate_years", value=6)
    assert not candidates.candidates(viewer=make.actor(office), on=TODAY).exists()


def test_pages_lead_to_the_declaration(office: Membership, client_as: Any, api_as: Any) -> None:
    row = stock.patent(office, granted_on=OLD, title="一种候选装置", funding_project="项目 1")
    page = client_as(office).get("/library/candidates/").content.decode()
    assert f"/open-licences/declare/{row.pk}/" in page
    assert "授权满 5 年" in page
    assert "财政资助未实施" in page
    bureau = client_as(make.bureau("31"))
    shown = bureau.get("/library/candidates/?list=unworked").content.decode()
    assert "一种候选装置" in shown
    assert "单位尚未说明理由" in shown
    assert f"/open-licences/declare/{row.pk}/" not in shown
    empty = client_as(make.bureau("32")).get("/library/candidates/").content.decode()
    assert "现在没有候选" in empty
    body = api_as(office).get("/api/v1/open-licence-candidates/").json()["results"]
    assert [(r["patent_id"], r["may_declare"], r["unworked_flag"]) for r in body] == [
        (row.pk, True, True)
    ]


def test_the_list_asks_the_same_for_one_row_as_for_ten(
    office: Membership, client_as: Any, django_assert_max_num_queries: Any
) -> None:
    client = client_as(office)
    stock.patent(office, granted_on=OLD)
    client.get("/library/candidates/")
    with django_assert_max_num_queries(60) as one:
        client.get("/library/candidates/")
    for _ in range(9):
        stock.patent(office, granted_on=OLD)
    with django_assert_max_num_queries(len(one)):
        client.get("/library/candidates/")


def test_a_count_that_stops_early_says_so(
    office: Membership, client_as: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(2):
        stock.patent(office, granted_on=OLD)
    browser = client_as(office)
    assert "候选，不少于" not in browser.get("/library/candidates/").content.decode()
    monkeypatch.setattr(candidates, "MOST", 1)
    assert "候选，不少于" in browser.get("/library/candidates/").content.decode()
