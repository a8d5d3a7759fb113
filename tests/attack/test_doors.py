"""Forged requests, redirects, types of answers, and fields that nobody may send."""

from __future__ import annotations

import json
import logging
import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import pytest
from django.conf import settings
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from drf_spectacular.generators import SchemaGenerator

from core.people.models import Membership
from matching.models import Need
from tests.conftest import log_in
from tests.factories import core as make

pytestmark = pytest.mark.django_db
ROOT = Path(__file__).resolve().parents[2]


def views(patterns: list[URLPattern | URLResolver], before: str = "") -> Iterator[tuple[str, Any]]:
    for entry in patterns:
        if isinstance(entry, URLResolver):
            inner = f"{before}{entry.namespace}:" if entry.namespace else before
            yield from views(entry.url_patterns, inner)
        else:
            yield f"{before}{entry.name}", entry.callback


# What a browser or a mail program sends by itself, and what programs ask with a secret.
WITHOUT_TOKEN = {
    "core:policy-report",
    "matching:push-stop",
    "idp:oidc:token",
    "idp:oidc:revoke",
    "idp:oidc:device_code",
    "idp:oidc:userinfo",
    # django-allauth's: a request for a login, whose consent is a form with a token of its own.
    "idp:oidc:authorization",
    "idp:oidc:device_authorization",
    "idp:oidc:logout",
}


def test_every_form_and_resource_refuses_a_forged_request() -> None:
    """A foreign page sends with the member's cookies and without our token."""
    exempt = {
        name
        for name, view in views(get_resolver().url_patterns)
        if getattr(view, "csrf_exempt", False) and not hasattr(view, "cls")
    }
    assert exempt <= WITHOUT_TOKEN, "these forms take a forged request"
    client = Client(enforce_csrf_checks=True)
    log_in(client, make.office())
    for url in ("/library/patents/new/", "/acting-as/", "/notices/read/", "/accounts/logout/"):
        assert client.post(url).status_code == 403, url
    # Resources of the API share one authentication, which asks a session for the token.
    shared = {
        tuple(c.__name__ for c in view.cls.authentication_classes)
        for _, view in views(get_resolver().url_patterns)
        if hasattr(view, "cls")
    }
    assert shared == {("PartnerAuthentication", "SessionAuthentication")}
    answer = client.post("/api/v1/needs/", {}, headers={"Idempotency-Key": "forged"})
    assert (answer.status_code, answer.json()["type"]) == (403, "/help/problems/csrf-failed")


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example/", "//evil.example/", "/\\evil.example/", "https:evil.example",
        "javascript:alert(1)", "\thttps://evil.example", "%2f%2fevil.example", "http:///evil.example",
    ],
)  # fmt: skip
def test_nobody_is_sent_elsewhere(client_as: Callable[[Membership], Client], target: str) -> None:
    member = make.office()
    member.user.set_password("a-long-passphrase")
    member.user.save()
    client = client_as(member)
    answers = [
        Client().post(
            "/accounts/login/",
            {"login": member.user.email, "password": "a-long-passphrase", "next": target},
        ),
        client.post("/acting-as/", {"identity": str(member.pk), "next": target}),
        client.post("/i18n/setlang/", {"language": "en", "next": target}),
        client.post("/accounts/logout/", {"next": target}),
    ]
    for answer in answers:
        assert answer.status_code in {200, 302}
        where = answer.headers.get("Location", "/")
        assert not re.search(r"[\\\s]", where), where
        assert urlsplit(urljoin("http://testserver/here/", where)).netloc == "testserver", where


def test_text_says_its_charset_and_json_is_json(client: Client) -> None:
    for url in ("/", "/patents/", "/nowhere/", "/accounts/login/", "/robots.txt", "/sitemap.xml",
                "/static/css/patentops.css", "/healthz", "/api/v1/listings/", "/api/v1/nowhere/",
                "/api/v1/schema/"):  # fmt: skip
        answer = client.get(url)
        kind = answer.headers["Content-Type"]
        assert not kind.startswith("text/") or "charset" in kind.lower(), (url, kind)
        if "json" in kind:
            json.loads(answer.content)


@pytest.mark.parametrize(
    "path",
    ["/.git/config", "/.git/HEAD", "/.env", "/manage.py", "/patentops/settings.py", "/var/",
     "/static/", "/static/../manage.py", "/static/%2e%2e/manage.py", "/media/", "/static/css/",
     "/server-status", "/static/..%2f..%2fetc/passwd"],
)  # fmt: skip
def test_nothing_of_the_inside_is_served(client: Client, path: str) -> None:
    answer = client.get(path)
    body = b"".join(answer.streaming_content) if answer.streaming else answer.content
    assert answer.status_code in {400, 404}, path
    assert b"[core]" not in body
    assert b"Index of" not in body
    assert b"django" not in body.lower()


def test_a_form_takes_only_its_own_fields(api_as: Callable[..., Any]) -> None:
    """Mass assignment: what the description does not name is not taken, whoever sends it."""
    member = make.enterprise()
    client = api_as(member)
    other = make.enterprise()
    body = {
        "title": "寻找耐高温密封材料", "problem": "现有密封圈在二百度下老化，需要替代材料。",
        "status": "closed", "posted_by": "system", "id": 987_654, "is_sample": True, "version": 99,
    }  # fmt: skip
    key = {"Idempotency-Key": "mass"}
    answer = client.post("/api/v1/needs/", body, headers=key, format="json")
    assert answer.status_code == 201, answer.data
    assert answer.data["id"] != 987_654
    assert answer.data["status"] != "closed"
    body |= {"organisation": other.organisation_id, "organisation_id": other.organisation_id}
    key = {"Idempotency-Key": "mass of another"}
    refused = client.post("/api/v1/needs/", body, headers=key, format="json")
    assert refused.status_code == 403  # a broker may say for whom; a firm speaks for itself
    assert not Need.objects.filter(organisation=other.organisation).exists()
    proof = "post /api/v1/account/proof/: password"  # is compared there, and sets nothing
    assert _writable_secrets() == [proof]


def _writable_secrets() -> list[str]:
    """Request bodies of the whole API that would let somebody say who they are or what is so."""
    generator: Any = SchemaGenerator
    schema = generator().get_schema(request=None, public=True)
    never = re.compile(
        r"^(id|pk|(?!cited_by$|pay_by$).*_by|actor|actor_key|roles?|is_sample|is_staff|is_superuser|"
        r"created_at|position|digest|password)$"
    )
    found = []
    for path, operations in schema["paths"].items():
        for method, operation in operations.items():
            for content in operation.get("requestBody", {}).get("content", {}).values():
                name = content["schema"].get("$ref", "").rpartition("/")[2]
                fields = schema["components"]["schemas"].get(name, {}).get("properties", {})
                found += [f"{method} {path}: {f}" for f in fields if never.match(f)]
    return found


def test_refusals_are_logged(
    client_as: Callable[[Membership], Client], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        client_as(make.enterprise()).get("/audit/")
        Client().get("/api/v1/needs/mine/", headers={"Authorization": "Bearer x"})
    said = [record.getMessage() for record in caplog.records if record.name == "django.request"]
    assert any("/audit/" in line for line in said)
    assert any("/api/v1/needs/mine/" in line for line in said)


def test_scripts_keep_nothing_private_and_build_no_markup() -> None:
    texts = "\n".join(p.read_text("utf-8") for p in (ROOT / "static" / "js").glob("*.js"))
    kept = set(re.findall(r"remembered\(\"([\w-]+)\"", texts))
    assert kept <= {"large-text"}
    assert texts.count("localStorage") <= 2 * len(kept)
    for bad in ("eval(", "innerHTML", "document.write", "postMessage", "document.cookie",
                "sessionStorage", "insertAdjacentHTML", "new Function"):  # fmt: skip
        assert bad not in texts, bad


def test_the_server_refuses_two_lengths_at_once() -> None:
    """Request smuggling: what uvicorn's parser does with both headers, or a bent chunk."""
    import h11

    for lines in (
        b"Content-Length: 5\r\nContent-Length: 6\r\n",
        b"Transfer-Encoding: chunked, identity\r\n",
        b"Transfer-Encoding: xchunked\r\n",
        b"Content-Length: +5\r\n",
        b"Content-Length : 5\r\n",
        b"X: a\r\n b\x00\r\n",
    ):
        connection = h11.Connection(h11.SERVER)
        connection.receive_data(b"POST / HTTP/1.1\r\nHost: a\r\n" + lines + b"\r\n")
        with pytest.raises(h11.RemoteProtocolError):
            connection.next_event()
    both = h11.Connection(h11.SERVER)
    both.receive_data(
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"0\r\n\r\nGET /smuggled HTTP/1.1\r\n"
    )
    both.next_event()
    assert isinstance(both.next_event(), h11.EndOfMessage)  # chunked wins, as RFC 9112 says


def test_cookies_in_production() -> None:
    asked = (
        "from django.conf import settings as s; import django; django.setup();"
        "print([(getattr(s, f'{n}_COOKIE_NAME'), getattr(s, f'{n}_COOKIE_SECURE'),"
        " getattr(s, f'{n}_COOKIE_SAMESITE'), getattr(s, f'{n}_COOKIE_PATH'),"
        " getattr(s, f'{n}_COOKIE_DOMAIN'), getattr(s, f'{n}_COOKIE_HTTPONLY'))"
        " for n in ('SESSION', 'CSRF', 'LANGUAGE')])"
    )
    import os
    import sys

    done = subprocess.run(
        [sys.executable, "-c", asked],
        cwd=ROOT, capture_output=True, text=True, check=True,
        env={**os.environ, "PATENTOPS_PROCESS": "command", "PATENTOPS_PRODUCTION": "1",
             "PATENTOPS_SECRET_KEY": "k" * 60, "PATENTOPS_HOSTS": "p.example",
             "DJANGO_SETTINGS_MODULE": "patentops.settings"},
    )  # fmt: skip
    cookies = eval(done.stdout)  # printed by ourselves, above
    assert [name for name, *_ in cookies] == [
        "__Host-sessionid", "__Host-csrftoken", "__Host-language",
    ]  # fmt: skip
    for _, secure, same_site, path, domain, _only in cookies:
        assert (secure, path, domain) == (True, "/", None)
        assert same_site == "Lax"
    assert cookies[0][-1] is True  # no script reads the session
    assert settings.SESSION_COOKIE_HTTPONLY
