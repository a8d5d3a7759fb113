"""A login ends after 30 idle minutes, and after 12 hours in any case."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.contrib.auth import get_user
from django.http import HttpRequest, HttpResponse
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from patentops.sessions import SessionLimitsMiddleware
from tests.factories.core import UserFactory

NINE = datetime(2026, 11, 20, 1, tzinfo=UTC)


def visit(client: Client) -> bool:
    """One request with this client's session; is it still logged in?"""
    request = HttpRequest()
    request.session = client.session
    request.COOKIES["sessionid"] = "any"
    request.user = get_user(request)
    SessionLimitsMiddleware(lambda r: HttpResponse())(request)
    known = bool(request.user.is_authenticated)
    request.session.save()
    return known


@pytest.fixture
def client(db: None) -> Client:
    client = Client()
    with time_machine.travel(NINE, tick=False):
        client.force_login(UserFactory())
        assert visit(client)
    return client


@pytest.mark.parametrize(("minutes", "stays"), [(29, True), (31, False)])
def test_idle(client: Client, minutes: int, stays: bool) -> None:
    with time_machine.travel(NINE + timedelta(minutes=minutes), tick=False):
        assert visit(client) is stays


def test_twelve_hours_end_even_a_busy_login(client: Client) -> None:
    for minutes in range(20, 12 * 60 + 1, 20):
        with time_machine.travel(NINE + timedelta(minutes=minutes), tick=False):
            assert visit(client)
    with time_machine.travel(NINE + timedelta(hours=12, minutes=10), tick=False):
        assert not visit(client)


@pytest.mark.parametrize("url", ["/notices/", "/api/v1/needs/"])
def test_who_is_there_is_asked_only_when_it_matters(
    client: Client, django_assert_num_queries: DjangoAssertNumQueries, url: str
) -> None:
    with django_assert_num_queries(0):
        assert client.delete(url).status_code == 405
    with time_machine.travel(NINE + timedelta(minutes=1), tick=False):
        assert visit(client)
