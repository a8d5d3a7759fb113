"""Every number equals the rows behind it, within the overseer's region and not beyond."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta

import pytest
from django.core.cache import cache
from django.db import transaction
from django.test import Client
from pytest_django import DjangoAssertNumQueries, DjangoDbBlocker

from core.errors import Missing, NotAllowed
from core.people.models import Membership
from licensing import services as licensing
from oversight import rules, selectors
from oversight.rules import Period
from tests.conftest import NOON, RELAY, drained
from tests.factories import core as make
from tests.factories import licensing as deals
from tests.factories import matching as demand
from tests.factories import pledges as loans

pytestmark = pytest.mark.django_db
UNREACHABLE = ["since=0001-01-01", "until=9999-12-31"]
YEAR = Period(date(2026, 1, 1), RELAY.date())  # what the relay pushed is dated by its clock


@dataclass
class Region:
    """Some of everything in Pudong, and a listed patent in Suzhou."""

    bureau: Membership
    nation: Membership
    auditor: Membership


@pytest.fixture(scope="module")
def region(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Region]:
    """Built once for all of these tests, taken back at their end."""
    with django_db_blocker.unblock(), transaction.atomic():
        yield built()
        transaction.set_rollback(True)


def built() -> Region:
    cache.clear()
    office, firm = make.office(region="310115"), make.enterprise(region="310115")
    demand.match(drained, firm, office)
    licence = deals.licence(office, firm)
    loans.pledge(office, make.bank())
    deals.listed(make.office(region="320508"))
    bureau = make.bureau("31")
    drained()
    outcome = licence.outcomes.get()
    licensing.verify_outcome(outcome_id=outcome.pk, by=make.actor(bureau), now=NOON)
    drained()
    return Region(bureau, make.bureau(""), make.auditor())


@pytest.mark.parametrize("code", [m.code for m in rules.METRICS])
def test_a_number_equals_its_rows_at_every_level(region: Region, code: str) -> None:
    for who in (region.bureau, region.nation, region.auditor):
        viewer = make.actor(who)
        for prefix in {selectors.scope(viewer), "31", "310115"}:
            page = selectors.dashboard(viewer=viewer, prefix=prefix, period=YEAR)
            figure = next(f for f in page.figures if f.metric.code == code)
            found = selectors.rows(viewer=viewer, code=code, prefix=prefix, period=YEAR)
            assert figure.count == found.count == len(found.rows) > 0
            assert all(len(row.values) == len(found.metric.columns) for row in found.rows)


@pytest.mark.parametrize("code", [m.code for m in rules.METRICS])
def test_every_link_of_a_row_opens_for_whoever_sees_it(
    region: Region, code: str, client_as: Callable[[Membership], Client]
) -> None:
    for who in (region.bureau, region.auditor, make.MembershipFactory(role="sysadmin")):
        viewer = make.actor(who)
        scope = selectors.scope(viewer)
        found = selectors.rows(viewer=viewer, code=code, prefix=scope, period=YEAR)
        urls = [row.url for row in found.rows if row.url]
        assert all(client_as(who).get(url).status_code == 200 for url in urls)
        assert who.role == "sysadmin" or urls


def test_lines_add_up_to_the_whole(region: Region) -> None:
    page = selectors.dashboard(viewer=make.actor(region.nation), prefix="", period=YEAR)
    sums = [sum(column) for column in zip(*(line.counts for line in page.lines), strict=True)]
    assert sums == [figure.count for figure in page.figures]
    assert {line.prefix for line in page.lines} == {"31", "32"}


def test_outside_the_period_there_is_nothing_but_the_stock(region: Region) -> None:
    long_ago = Period(date(2020, 1, 1), date(2020, 12, 31))
    page = selectors.dashboard(viewer=make.actor(region.bureau), prefix="31", period=long_ago)
    assert {f.metric.code for f in page.figures if f.count} == {"listed"}


@pytest.mark.parametrize("prefix", ["32", "3205", "99", "", "3"])
def test_another_region_is_missing(region: Region, prefix: str) -> None:
    viewer = make.actor(region.bureau)
    with pytest.raises(Missing):
        selectors.dashboard(viewer=viewer, prefix=prefix, period=YEAR)
    with pytest.raises(Missing):
        selectors.rows(viewer=viewer, code="listed", prefix=prefix, period=YEAR)


@pytest.mark.parametrize("who", [make.office, make.enterprise, make.bank, make.exchange])
def test_others_are_refused(who: Callable[[], Membership]) -> None:
    with pytest.raises(NotAllowed):
        selectors.dashboard(viewer=make.actor(who()), prefix="", period=YEAR)


def test_an_unknown_metric_is_missing(region: Region) -> None:
    with pytest.raises(Missing):
        selectors.rows(viewer=make.actor(region.bureau), code="filings", prefix="31", period=YEAR)


def test_the_page_costs_the_same_for_more_rows(
    region: Region,
    drain: Callable[[], int],
    client_as: Callable[[Membership], Client],
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    client = client_as(region.bureau)
    client.get("/oversight/")  # the first request of a login stamps its session
    for path in ("/oversight/", "/oversight/metrics/listed/"):
        with django_assert_max_num_queries(60) as first:
            client.get(path)
        for _ in range(3):
            deals.listed(make.office(region="310115"))
        drain()
        with django_assert_max_num_queries(60) as second:
            client.get(path)
        assert len(second) == len(first)


def test_a_download_holds_the_rows_and_no_live_formula(
    region: Region, client_as: Callable[[Membership], Client]
) -> None:
    answer = client_as(region.bureau).get("/oversight/metrics/licences/export.csv")
    text = answer.content.decode("utf-8-sig")
    assert text.startswith("专利,号码,许可人,被许可人,生效时间")
    assert len(text.strip().splitlines()) == 2


@pytest.mark.parametrize(
    "query",
    ["region=abc", "since=yesterday", "since=2026-05-01&until=2026-04-01", "region=3101150"],
)
def test_a_bad_question_is_explained(client_as: Callable[[Membership], Client], query: str) -> None:
    answer = client_as(make.bureau("31")).get(f"/oversight/?{query}")
    assert answer.status_code == 422
    assert "区划或日期有误" in answer.content.decode()


def test_a_day_ends_at_midnight_in_china() -> None:
    start, end = Period(date(2026, 11, 20), date(2026, 11, 20)).moments()
    assert end - start == timedelta(days=1)
    assert start.isoformat() == "2026-11-20T00:00:00+08:00"


@pytest.mark.parametrize("asked", UNREACHABLE)
def test_a_day_that_no_clock_reaches_is_refused_in_words(
    asked: str, client_as: Callable[[Membership], Client]
) -> None:
    bureau = client_as(make.bureau("31"))
    for page in ("/oversight/", "/oversight/metrics/licences/", "/api/v1/metrics/"):
        answer = bureau.get(f"{page}?{asked}")
        assert answer.status_code == 422
        assert "1985" in answer.content.decode()
