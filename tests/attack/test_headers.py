"""What every answer tells the browser: each URL of the resolver, files, refusals and failures."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.conf import settings
from django.http import HttpResponse
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.urls.converters import get_converters

from core.people.models import Membership
from core.web import headers
from tests.factories import core as make

pytestmark = pytest.mark.django_db
EXAMPLES = {
    **{"int": "1", "slug": "a", "str": "a", "path": "a"},
    "uuid": "00000000-0000-0000-0000-000000000000",
}
PART = re.compile(r"<(?:(\w+):)?(\w+)>")


def addresses(patterns: list[URLPattern | URLResolver], before: str = "/") -> Iterator[str]:
    """One address for each pattern, its parts filled with something of their kind."""
    for entry in patterns:
        route = str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from addresses(entry.url_patterns, before + filled(route))
        else:
            yield before + filled(route)


def filled(route: str) -> str:
    if "(?P" in route or route.endswith("$") or route.startswith("^"):
        route = re.sub(r"\(\?P<\w+>(\[0-9\]|\\d|\[\^).*?\)", "1", route)
        route = re.sub(r"\(\?P<\w+>.*?\)", "1", route)
        return route.strip("^$").replace("\\Z", "").replace("\\.", ".").replace("/?", "/")
    return PART.sub(lambda part: EXAMPLES.get(part.group(1) or "str", "1"), route)


def missing(answer: Any) -> list[str]:
    """What the answer should say and does not."""
    said = answer.headers
    wrong = [name for name, value in headers.FIXED.items() if said.get(name) != value]
    policy = said.get("Content-Security-Policy", "")
    if "default-src 'none'" not in policy or "unsafe" in policy:
        wrong.append(f"policy {policy!r}")
    wrong += [
        part
        for part in ("base-uri 'none'", "frame-ancestors 'none'", "form-action")
        if part not in policy
    ]
    if said.get("Content-Type", "").startswith("text/html"):
        wrong += [w for w in ("report-uri /csp-reports/", "report-to csp") if w not in policy]
        wrong += [] if "csp=" in said.get("Reporting-Endpoints", "") else ["Reporting-Endpoints"]
    elif policy != headers.BARE:
        wrong.append("a policy that allows what is no page more than nothing")
    return wrong


def test_every_url_says_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """A visitor's answers from every pattern: pages, logins asked for, refusals, problems."""
    plain = "core.web.middleware.render", lambda *_, status: HttpResponse(status=status)
    monkeypatch.setattr(*plain)  # what a refusal looks like is tested elsewhere
    found = list(dict.fromkeys(addresses(get_resolver().url_patterns)))
    assert len(found) > 400
    assert set(EXAMPLES) <= set(get_converters())
    client, wrong, unknown = Client(raise_request_exception=False), [], []
    for address in found:
        answer = client.get(address)
        wrong += [f"{address} {answer.status_code}: {name}" for name in missing(answer)]
        if answer.status_code == 404 and answer.resolver_match is None:
            unknown.append(address)
    assert wrong == []
    assert len(unknown) <= 12, unknown  # the rest are patterns of ours, not "no such address"


def test_a_members_pages_say_it_too(client_as: Callable[[Membership], Client]) -> None:
    client = client_as(make.sysadmin())
    for address in ("/", "/notices/", "/audit/", "/admin/", "/patents/", "/api/v1/needs/"):
        assert missing(client.get(address)) == [], address


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("/static/css/patentops.css", 200),
        ("/static/img/icons.svg", 200),
        ("/static/nothing.css", 404),
        ("/nowhere/", 404),
        ("/api/v1/nowhere/", 404),
        ("/patents", 301),
        ("/api/v1/patents/%00/", 404),
        ("/needs/mine/", 302),
    ],
)
def test_files_and_refusals_say_it_too(client: Client, address: str, status: int) -> None:
    answer = client.get(address)
    assert (answer.status_code, missing(answer)) == (status, [])


def test_what_goes_wrong_says_it_too(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    client.raise_request_exception = False
    assert missing(client.get("/", headers={"host": "evil.example"})) == []
    assert missing(client.post("/patents/")) == []
    assert missing(client.generic("POST", "/x", b"", "text/plain; charset=hex")) == []

    def fail(*_: Any, **__: Any) -> None:
        raise RuntimeError("boom")

    monkeypatch.setattr("core.web.home.compose", fail)
    answer = client.get("/")
    assert (answer.status_code, missing(answer)) == (500, [])


def test_https_only_in_production(client: Client, settings: Any) -> None:
    settings.SECURE_HSTS_SECONDS, settings.SECURE_SSL_REDIRECT = 31_536_000, True
    settings.SECURE_HSTS_INCLUDE_SUBDOMAINS = settings.SECURE_HSTS_PRELOAD = True
    said = "max-age=31536000; includeSubDomains; preload"
    for address in ("/", "/static/css/patentops.css", "/nowhere/", "/api/v1/nowhere/"):
        plain = client.get(address)
        if not address.startswith("/api/"):
            assert plain.status_code == 301
            assert plain.headers["Location"].startswith("https://")
        answer = client.get(address, secure=True)
        assert answer.headers["Strict-Transport-Security"] == said
    refused = client.get("/", headers={"host": "evil.example"}, secure=True)
    assert refused.headers["Strict-Transport-Security"] == said


def test_programs_that_speak_plain_http_are_refused_and_not_redirected(
    client: Client, settings: Any
) -> None:
    settings.SECURE_SSL_REDIRECT = True
    for answer in (
        client.get("/api/v1/patents/"),
        client.post("/api/v1/needs/", headers={"Authorization": "Bearer x"}),
        client.post("/identity/o/api/token", {"grant_type": "client_credentials"}),
    ):
        assert (answer.status_code, "Location" in answer.headers) == (403, False)
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert answer.json()["type"].endswith("https-only")
    assert client.get("/api/v1/patents/", secure=True).status_code == 200


def test_what_parties_alone_may_read_is_not_stored(
    client_as: Callable[[Membership], Client],
) -> None:
    client = client_as(make.office())
    for address in ("/deals/", "/disclosures/", "/account/", "/members/", "/notices/"):
        assert "no-store" in client.get(address).headers["Cache-Control"], address
    found = {route.strip("/") for route in addresses(get_resolver().url_patterns)}
    stale = [p for p in headers.PRIVATE if not any(f.startswith(p.strip("/")) for f in found)]
    assert stale == [], "no page lies there any more"


def test_what_members_read_is_not_kept(client_as: Callable[[Membership], Client]) -> None:
    client = client_as(make.office())
    assert client.get("/").headers["Cache-Control"] == "private, no-cache"
    answer = client.get("/api/v1/needs/")
    assert "no-store" in answer.headers["Cache-Control"]
    assert "Clear-Site-Data" not in answer.headers
    gone = client.post("/accounts/logout/")
    assert gone.headers["Clear-Site-Data"] == '"cache"'
    key = Client().get("/api/v1/needs/", headers={"Authorization": "Bearer x"})
    assert key.headers["Cache-Control"] == "private, no-store"


def test_the_pages_policy_runs_no_strangers_script() -> None:
    told = settings.CONTENT_SECURITY_POLICY["DIRECTIVES"]
    assert told["default-src"] == ["'none'"]
    allowed = {source for name, value in told.items() if name.endswith("-src") for source in value}
    assert allowed == {"'none'", "'self'", "data:"}
    assert told["script-src"] == told["style-src"] == ["'self'"]
