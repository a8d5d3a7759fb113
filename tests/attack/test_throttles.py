"""Asking too often: the same limits in every process, and without Valkey too."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.conf import settings as configured
from django.core.cache import cache
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from rest_framework.test import APIClient

from core.guard import throttle
from core.people.models import Membership
from tests.factories import core as make

pytestmark = pytest.mark.django_db
NOWHERE = {"default": {"BACKEND": "patentops.cache.OptionalRedisCache",
                       "LOCATION": "redis://127.0.0.1:1/0"}}  # fmt: skip


@pytest.fixture(autouse=True)
def _strict(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Two of each kind in a long window: the other tests run with a thousand times the limits."""
    settings.THROTTLE_FACTOR = 1.0
    settings.THROTTLES = dict.fromkeys(configured.THROTTLES, (2, 3600))
    monkeypatch.setattr("patentops.cache._silent_until", 0.0)
    # The middle of a window: no test may depend on when it runs.
    monkeypatch.setattr("core.guard.throttle.time.time", lambda: 3600 * 500_000 + 1800)
    throttle.forget()
    yield
    throttle.forget()
    monkeypatch.setattr("patentops.cache._silent_until", 0.0)


def asked(client: Any, url: str, times: int = 3, **more: Any) -> list[int]:
    return [client.get(url, **more).status_code for _ in range(times)]


def test_a_page_says_wait_in_chinese(client: Client) -> None:
    assert asked(client, "/patents/?q=阀门") == [200, 200, 429]
    answer = client.get("/patents/?q=阀门")
    assert "1800 秒后再试" in answer.content.decode()
    assert answer.headers["Retry-After"] == "1800"
    assert answer.headers["RateLimit"] == '"search";r=0;t=1800'
    assert answer.headers["RateLimit-Policy"] == '"search";q=2;w=3600'
    assert client.get("/help/").status_code == 200  # the rest of the site stands open


def test_the_api_says_it_as_a_problem(client: Client) -> None:
    first = client.get("/api/v1/listings/")
    assert first.headers["RateLimit"] == '"api-visitor";r=1;t=1800'
    assert asked(client, "/api/v1/listings/", 2) == [200, 429]
    answer = client.get("/api/v1/listings/")
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["type"] == "/help/problems/throttled"
    assert "稍后" in answer.json()["detail"]
    assert int(answer.headers["Retry-After"]) == 1800


def test_people_are_counted_by_person_and_visitors_by_address(
    client_as: Callable[[Membership], Client],
) -> None:
    one, other = client_as(make.office()), client_as(make.office())
    assert asked(one, "/needs/?q=a") == [200, 200, 429]
    assert asked(other, "/needs/?q=a", 1) == [200]
    near, far = {"REMOTE_ADDR": "203.0.113.7"}, {"REMOTE_ADDR": "203.0.113.8"}
    assert asked(Client(), "/needs/?q=a", **near) == [200, 200, 429]
    assert asked(Client(), "/needs/?q=a", 1, **far) == [200]


def test_a_forged_cookie_is_no_person() -> None:
    statuses = []
    for n in range(3):
        client = Client()
        client.cookies["sessionid"] = f"forged{n}"
        statuses.append(client.get("/needs/?q=a").status_code)
    assert statuses == [200, 200, 429]


def test_a_search_of_the_api_counts_as_search(api_as: Callable[..., APIClient]) -> None:
    configured.THROTTLES["api"] = (50, 3600)
    client = api_as(make.office())
    assert asked(client, "/api/v1/listings/?q=阀") == [200, 200, 429]
    assert asked(client, "/api/v1/listings/", 1) == [200]


def test_exports_wait_too(client_as: Callable[[Membership], Client]) -> None:
    url = "/oversight/metrics/patents/export.csv"
    assert asked(client_as(make.bureau("31")), url)[2] == 429


def test_tokens_cannot_be_guessed_without_end(client: Client) -> None:
    tries = [
        client.get("/api/v1/listings/", headers={"Authorization": f"Bearer guess{n}"}).status_code
        for n in range(3)
    ]
    assert tries == [401, 401, 429]
    throttle.forget()
    cache.clear()
    body = {"grant_type": "client_credentials", "client_id": "x", "client_secret": "y"}
    answers = [client.post("/identity/o/api/token", body) for _ in range(3)]
    assert [answer.status_code for answer in answers[:2]] != [429, 429]
    assert answers[2].status_code == 429
    assert answers[2].headers["Content-Type"] == "application/problem+json"


def test_reports_of_browsers_are_throttled(client: Client) -> None:
    sent = [
        client.post("/csp-reports/", b"[]", content_type="application/reports+json").status_code
        for _ in range(3)
    ]
    assert sent == [204, 204, 429]


def test_other_processes_count_along(client: Client) -> None:
    assert asked(client, "/patents/", 2) == [200, 200]
    throttle.forget()  # another process, which has seen nothing yet
    assert asked(client, "/patents/", 1) == [429]


def test_without_valkey_each_process_counts_for_itself(client: Client, settings: Any) -> None:
    settings.CACHES = NOWHERE
    assert asked(client, "/patents/") == [200, 200, 429]
    throttle.forget()
    assert asked(client, "/patents/", 1) == [200]


def test_a_window_later_all_is_well(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    assert asked(client, "/patents/") == [200, 200, 429]
    monkeypatch.setattr("core.guard.throttle.time.time", lambda: 3600 * 500_002 + 1.0)
    assert asked(client, "/patents/", 1) == [200]


@pytest.mark.parametrize(
    ("proxies", "told", "address"),
    [
        (0, "198.51.100.9", "127.0.0.1"),
        (1, "198.51.100.9", "198.51.100.9"),
        (1, "6.6.6.6, 198.51.100.9", "198.51.100.9"),
        (2, "6.6.6.6, 198.51.100.9, 10.0.0.2", "198.51.100.9"),
        (2, "198.51.100.9", "127.0.0.1"),
        (1, "2001:db8:1:2:3:4:5:6", "2001:0db8:0001:0002"),
        (1, "::1%eth0", "0000:0000:0000:0000"),
        (1, "x:y", "x:y"),
    ],
)
def test_whose_address_counts(
    rf: Any, settings: Any, proxies: int, told: str, address: str
) -> None:
    settings.AXES_IPWARE_PROXY_COUNT = proxies
    assert throttle.address_of(rf.get("/", headers={"X-Forwarded-For": told})) == address


def routes(
    patterns: list[URLPattern | URLResolver], before: str = "", name: str = ""
) -> Iterator[tuple[str, str]]:
    for entry in patterns:
        route = before + str(entry.pattern)
        if isinstance(entry, URLResolver):
            inner = f"{name}{entry.namespace}:" if entry.namespace else name
            yield from routes(entry.url_patterns, route, inner)
        else:
            yield f"{name}{entry.name}", route


def test_every_download_that_is_made_on_demand_is_counted() -> None:
    known = dict(routes(get_resolver().url_patterns))
    assert configured.THROTTLED_VIEWS.keys() <= known.keys()
    made = re.compile(r"\.(csv|xlsx|pdf|json)$|/export/|/export/<")
    loose = {
        name
        for name, route in known.items()
        if made.search(route)
        and not route.startswith(("admin/", "api/", ".well-known/"))
        and name not in configured.THROTTLED_VIEWS
    }
    assert loose == set()


def test_no_limit_is_ours_alone() -> None:
    assert set(configured.THROTTLED_VIEWS.values()) <= configured.THROTTLES.keys()
