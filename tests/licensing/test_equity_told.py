"""The yearly sheet of equity: where a year and a share begin and end, and what the trail has."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from core.people.models import Membership
from core.people.types import Role
from licensing.models import EquitySheet
from licensing.services import equity as services
from licensing.services.equity import StakeInput
from tests.factories import core as make
from tests.factories.core import actor
from tests.factories.licensing import NOON, TODAY
from tests.licensing.refusing import names, says
from tests.licensing.telling import kept

pytestmark = pytest.mark.django_db


@pytest.fixture
def office() -> Membership:
    return make.office(region="310115")


def stake(company: str = "甲公司", **changes: Any) -> StakeInput:
    known: dict[str, Any] = {
        "company": company, "patents": "201710601862.3", "acquired_on": date(1984, 12, 1),
        "percent": Decimal(20), "opening": Decimal(100), "increase": Decimal(0),
        "decrease": Decimal(0), "received": Decimal(0),
    }  # fmt: skip
    return StakeInput(**(known | changes))


def written(office: Membership, *stakes: StakeInput, year: int = 2026, **more: Any) -> EquitySheet:
    return services.write_sheet(
        year=year, stakes=stakes, by=actor(office), now=NOON, **({"note": ""} | more)
    )


def test_a_year_goes_from_the_first_patent_law_to_now(office: Membership) -> None:
    for year in (1984, 2027):
        names("year", ask=lambda year=year: written(office, stake(), year=year))
    for year in (1985, 2026):
        assert written(office, stake(), year=year).year == year
    alone = replace(actor(office), organisation_id=None)
    names("year", ask=lambda: services.write_sheet(
        year=2026, stakes=[stake()], by=alone, now=NOON
    ))  # fmt: skip


@pytest.mark.parametrize(
    "wrong",
    [
        {"percent": Decimal("100.01")}, {"patents": " "}, {"increase": Decimal(1)},
        {"acquired_on": TODAY + timedelta(days=1)},
    ],
)  # fmt: skip
def test_a_share_that_cannot_be_is_named_by_its_line(
    office: Membership, wrong: dict[str, Any]
) -> None:
    names("stakes", ask=lambda: written(office, stake(**wrong)))
    assert not EquitySheet.objects.exists()


def test_any_share_up_to_the_whole_stands_and_each_company_once(office: Membership) -> None:
    names("stakes", ask=lambda: written(office))
    names("stakes", ask=lambda: written(office, stake("甲公司"), stake(" 甲公司 ")))
    many = [stake(f"公司{n}") for n in range(201)]
    names("stakes", ask=lambda: written(office, *many))
    row = written(
        office,
        stake(percent=Decimal("0.01"), acquired_on=TODAY),
        stake("乙公司", percent=Decimal(100), increase=Decimal(1), reason=" 增资 "),
        *many[:198],
    )
    found = row.stakes.order_by("position")
    assert [one.position for one in found] == list(range(1, 201))
    assert (found[0].percent, found[1].percent, found[1].reason) == (Decimal("0.01"), 100, "增资")


def test_each_step_is_in_the_trail_and_the_last_hand_is_the_drafters(office: Membership) -> None:
    chief = make.MembershipFactory(organisation=office.organisation, role=Role.OFFICE)
    written(office, stake())
    row = written(chief, stake("乙公司"), note=" 补充 ")
    assert row.stakes.get().company == "乙公司"
    row = EquitySheet.objects.get()
    assert (row.note, row.drafted_by) == ("补充", actor(chief).key)
    known: dict[str, Any] = {"sheet_id": row.pk, "now": NOON}
    services.submit_sheet(**known, by=actor(office))
    back = services.send_back_sheet(**known, by=actor(office))
    assert (back.status, back.submitted_at) == ("draft", None)
    services.submit_sheet(**known, by=actor(office))

    def decide(who: Membership = chief, **changes: Any) -> EquitySheet:
        told = {"verdict": "kept", "reasons": " 整体增值 ", "decided_by_whom": "会" * 201}
        return services.decide_sheet(**(known | told | changes), by=actor(who))

    names("reasons", "decided_by_whom", ask=lambda: decide(reasons=" ", decided_by_whom=""))
    says("two-persons", lambda: decide(office))
    row = decide()
    assert (row.reasons, len(row.decided_by_whom)) == ("整体增值", 200)
    says("illegal-move", decide)
    steps = ["drafted", "drafted", "submitted", "sent_back", "submitted", "decided"]
    assert kept("equity_sheet.") == [f"equity_sheet.{step}" for step in steps]
