"""The yearly sheet of equity: all stakes together, never one by one."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Conflict, Invalid, Missing, NotAllowed
from core.people.types import Role
from licensing.models import EquitySheet
from licensing.rules import equity as rules
from licensing.rules.equity import Line
from licensing.selectors import equity as questions
from licensing.services import equity as services
from licensing.services.equity import StakeInput
from tests.factories import core as make
from tests.factories.core import actor
from tests.factories.licensing import NOON
from tests.licensing.refusing import refuses, trigger_refuses

SUM = st.integers(0, 10**9).map(Decimal)


@given(st.lists(st.builds(Line, SUM, SUM, SUM, SUM), max_size=6))
def test_the_whole_is_the_sum_of_its_lines(lines):
    found = rules.whole(lines)
    assert found.closing == sum(line.closing for line in lines)
    assert found.change == found.increase - found.decrease + found.received


def test_a_single_loss_does_not_decide():
    lost, won = Line(*map(Decimal, (100, 0, 100, 0))), Line(*map(Decimal, (50, 90, 0, 20)))
    found = rules.whole([lost, won])
    assert found.is_kept
    assert rules.verdict_problem("kept", found) == ""
    assert rules.verdict_problem("lost", found)
    assert rules.verdict_problem("kept", rules.whole([lost]))
    assert rules.verdict_problem("excused", rules.whole([lost])) == ""
    assert rules.verdict_problem("", found)


db = pytest.mark.django_db


@pytest.fixture
def office():
    return make.office(region="310115")


@pytest.fixture
def chief(office):
    return make.MembershipFactory(organisation=office.organisation, role=Role.OFFICE)


def stake(company="甲公司", **changes):
    known = {
        "company": company, "patents": "201710601862.3", "acquired_on": date(2024, 5, 1),
        "percent": Decimal(20), "opening": Decimal(100), "increase": Decimal(0),
        "decrease": Decimal(100), "received": Decimal(0), "reason": "项目终止",
    }  # fmt: skip
    return StakeInput(**(known | changes))


GOOD = stake("乙公司", opening=Decimal(10), increase=Decimal(200), decrease=Decimal(0))


def written(office, *stakes, year=2025):
    return services.write_sheet(year=year, stakes=stakes, by=actor(office), now=NOON)


def decide(row, who, **changes):
    known = {"verdict": "kept", "reasons": "整体增值", "decided_by_whom": "第 3 次校长办公会"}
    return services.decide_sheet(sheet_id=row.pk, by=actor(who), now=NOON, **(known | changes))


@db
def test_from_draft_to_verdict_with_another_person(office, chief):
    row = written(office, stake(), GOOD)
    assert written(office, stake(), GOOD).pk == row.pk
    services.submit_sheet(sheet_id=row.pk, by=actor(office), now=NOON)
    with pytest.raises(Conflict):
        written(office, GOOD)
    with pytest.raises(Conflict, match="另一位"):
        decide(row, office)
    with pytest.raises(Invalid):
        decide(row, chief, verdict="lost")
    row = decide(row, chief)
    assert (row.status, row.verdict) == ("decided", "kept")
    with pytest.raises(Conflict):
        services.send_back_sheet(sheet_id=row.pk, by=actor(office), now=NOON)


@pytest.mark.parametrize(
    "wrong",
    [
        {"decrease": Decimal(101)}, {"opening": Decimal(-1)}, {"reason": ""},
        {"percent": Decimal(0)}, {"acquired_on": date(2026, 1, 1)}, {"company": " "},
    ],
)  # fmt: skip
@db
def test_a_wrong_line_is_named(office, wrong):
    with pytest.raises(Invalid) as refusal:
        written(office, GOOD, stake(**wrong))
    assert "第 2 行" in refusal.value.fields["stakes"][0]
    assert not EquitySheet.objects.exists()


@db
def test_strangers_neither_write_nor_see(office):
    row = written(office, GOOD)
    for who in (make.bureau("31"), make.enterprise(), make.auditor()):
        with pytest.raises(NotAllowed):
            written(who, GOOD)
    for who in (make.office(), make.bureau("31"), make.auditor()):
        with pytest.raises(Missing):
            questions.equity_sheet(row.pk, viewer=actor(who))
    services.submit_sheet(sheet_id=row.pk, by=actor(office), now=NOON)
    for who in (make.bureau("31"), make.auditor()):
        assert questions.equity_sheet(row.pk, viewer=actor(who)) == row
    with pytest.raises(NotAllowed):
        decide(row, make.bureau("31"))


@db
def test_no_sheet_looks_like_this(office):
    row = written(office, GOOD)
    one = row.stakes.get()

    def changed(thing, **to):
        return lambda: type(thing).objects.filter(pk=thing.pk).update(**to)

    refuses("equity_sheet_year", changed(row, year=1900))
    refuses("equity_sheet_submitted_pair", changed(row, submitted_at=NOON))
    refuses("equity_stake_reckons", changed(one, decrease=999, reason="x"))
    refuses("equity_stake_percent", changed(one, percent=0))
    refuses("equity_stake_explained", changed(one, reason=""))
    trigger_refuses(changed(row, status="decided"))
    services.submit_sheet(sheet_id=row.pk, by=actor(office), now=NOON)
    refuses("equity_sheet_decided_whole", changed(row, status="decided"))
    refuses("equity_sheet_two_persons", changed(row, decided_by=actor(office).key, decided_at=NOON))


@db
def test_the_pages(client, office, chief):
    client.force_login(office.user)
    url = reverse("licensing:equity-write")
    told = {
        "year": "2025", "s-TOTAL_FORMS": "4", "s-INITIAL_FORMS": "0", "s-0-company": "甲公司",
        "s-0-patents": "201710601862.3", "s-0-acquired_on": "2024-05-01", "s-0-percent": "20",
        "s-0-opening": "100", "s-0-decrease": "120", "s-0-reason": "x",
    }  # fmt: skip
    refused = client.post(url, told)
    assert refused.status_code == 422
    assert "第 1 行" in refused.content.decode()
    done = client.post(url, told | {"s-0-decrease": "30"})
    row = EquitySheet.objects.get()
    assert done.url == reverse("licensing:equity-sheet", args=[row.pk])
    client.post(reverse("licensing:equity-submit", args=[row.pk]))
    assert "登记考核结论" in client.get(done.url).content.decode()
    decide(row, chief, verdict="excused", reasons="按程序评估")
    assert "已尽职" in client.get(done.url).content.decode()
    next_year = client.get(url, {"year": "2026"}).content.decode()
    assert 'value="70.00"' in next_year
