"""Hostile values at every door: each URL of the matrix, in its path, its query and its body.

Names come from the pages' own forms, the OpenAPI description and the matrix, so a new field is
attacked without being named here. Whatever the answer is, it is never a failure of ours, never
the value as markup, and it always carries the security policy. The number of requests is bounded:
field by field, the hostile values take turns.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from functools import cache
from html import unescape
from http.cookies import SimpleCookie
from itertools import cycle
from typing import Any

import pytest
from django.test import Client
from django.urls import NoReverseMatch, reverse

from core.api.description import described
from tests.conftest import log_in
from tests.matrix import World
from tests.matrix.test_matrix import ROWS
from tests.undoing import Undo

MARKUP = "'\"></script><script>alert(7)</script>"
TEXTS = (
    MARKUP,
    "\0",
    "长" * 10_001,
    "1" + "0" * 30,
    "-1",
    "😀\u202e؀",
    "0001-01-01T00:00",
    "9999-12-31",
    "NaN",
    "1e400",
    "';--%_\\",
    "cD1hYmM=",  # a cursor of ours in form, with a place that is none
)
VALUES: tuple[Any, ...] = (
    *TEXTS, "\ud800", None, True, 10**30, 1.5, [], {}, [["\0"]], ["\ud800"], {"a": []},
)  # fmt: skip
BODIES = (
    b"", b"null", b"[]", b'"x"', b'{"a":', b'{"a":NaN}', b'{"a":"\xff"}', b"[" * 100_000,
    b'{"\\ud800":"\\ud800"}', b'{"id":' + b"9" * 5_000 + b"}",
)  # fmt: skip
KINDS = (
    "application/json; charset=hex", "application/x-www-form-urlencoded; charset=hex",
    "multipart/form-data", "multipart/form-data; boundary=x; charset=hex", "text/plain", "?",
)  # fmt: skip
NAMED = re.compile(r'<(?:input|select|textarea)[^>]* name="(.+?)"')
DOORS = sorted(name for name, row in ROWS.items() if row.get or row.post or row.put or row.patch)
EVERYWHERE = ("page", "cursor", "q", "next", "status", "region", "mode")
HEADERS = {"Idempotency-Key": "attack", "If-Match": "*"}


class Attack:
    """Sends hostile requests as somebody, takes back what they changed, keeps what went wrong."""

    def __init__(self, world: World, identity: str) -> None:
        self.client = Client(raise_request_exception=False, headers=HEADERS)
        self.identity = identity
        self.wrong: list[str] = []
        if identity != "anonymous":
            cookies = world.thing(f"cookies of {identity}", lambda w: _signed_in(w, identity))
            self.client.cookies = SimpleCookie(cookies)
        self.undo = Undo()  # what was built so far stays

    def __call__(self, method: str, url: str, *args: Any, **more: Any) -> Any:
        """The answer, once judged."""
        with self.undo():
            answer = getattr(self.client, method)(url, *args, **more)
        problem = ""
        if answer.status_code >= 500:
            problem = f"{answer.status_code} {getattr(answer, 'exc_info', None)}"
        elif "Content-Security-Policy" not in answer.headers:
            problem = "no security policy"
        elif not answer.streaming and MARKUP.encode() in answer.content and _is_page(answer):
            problem = "markup"
        if problem:
            sent = str(args or more)[:120]
            self.wrong.append(f"{method} {url[:150]} as {self.identity} {sent}: {problem[:300]}")
        return answer


def _signed_in(world: World, identity: str) -> SimpleCookie:
    """The cookies of a session that has begun: each request would write a fresh one anew."""
    client = Client()
    log_in(client, world.members[identity])
    client.get("/notices/")
    return client.cookies


def _is_page(answer: Any) -> bool:
    return str(answer.headers.get("Content-Type", "")).startswith("text/html")


def _fields(page: str, method: str) -> Iterator[str]:
    for form in re.findall(r"<form\b.*?</form>", page, re.DOTALL):
        sent = re.search(r'method="(\w+)"', form.split(">")[0])
        if (sent.group(1).lower() if sent else "get") == method:
            yield from map(
                unescape, re.findall(r'<(?:input|select|textarea)[^>]* name="(.+?)"', form)
            )


@cache
def _operations() -> dict[tuple[str, str], tuple[list[str], list[str]]]:
    """(method, path) of the API → names in the query, names in the body."""
    found, schema = {}, described("v1")
    for path, operations in schema["paths"].items():
        for method, operation in operations.items():
            query = [p["name"] for p in operation.get("parameters", []) if p["in"] == "query"]
            body: list[str] = []
            for content in operation.get("requestBody", {}).get("content", {}).values():
                name = content["schema"].get("$ref", "").rpartition("/")[2]
                body = list(schema["components"]["schemas"].get(name, {}).get("properties", {}))
            found[method, path] = (query, body)
    return found


def _names(operations: Any, method: str, url: str) -> tuple[list[str], list[str]]:
    path = re.sub(r"/\d+/", "/{id}/", url)
    found: tuple[list[str], list[str]] = operations.get((method, path), ([], []))
    return found


def _who(name: str) -> Iterable[str]:
    """Somebody who gets in, and a visitor."""
    row = ROWS[name]
    answers = [a for a in (row.get, row.post, row.put, row.patch) if a]
    inside = [who for a in answers for who, status in a.items() if status < 400]
    known = [who for who in inside if who != "anonymous"]
    return dict.fromkeys([*(known[:1] or ["office"]), "anonymous"])


@pytest.mark.django_db
@pytest.mark.usefixtures("plain_templates")
@pytest.mark.parametrize("room", sorted({name.split(":")[0] for name in DOORS}))
def test_no_door_breaks(room: str) -> None:
    world, operations = World(), _operations()
    texts, values = cycle(TEXTS), cycle(VALUES)
    stranger = Attack(world, "office")
    wrong: list[str] = []
    for name in (door for door in DOORS if door.split(":")[0] == room):
        row, is_api = ROWS[name], name.split(":")[0].endswith("-api")
        kwargs = row.kwargs(world)
        url = reverse(name, kwargs=kwargs)
        sent = {m: row.data(world) for m in ("post", "put", "patch") if getattr(row, m)}
        for identity in _who(name):
            attack = Attack(world, identity)
            if row.get:
                page = attack("get", url)
                asked = _names(operations, "get", url)[0].copy()
                if _is_page(page) and not page.streaming:
                    asked += _fields(page.content.decode(), "get")
                for text in (MARKUP, "\0") if identity != "anonymous" else (MARKUP,):
                    attack("get", url, dict.fromkeys([*asked, *EVERYWHERE], text))
                for field in dict.fromkeys(asked) if identity != "anonymous" else ():
                    attack("get", url, {field: next(texts)})
            for method, data in sent.items() if identity != "anonymous" else ():
                _body(attack, method, url, data, operations, is_api, values, texts)
            wrong += attack.wrong
        stranger.undo = Undo()
        for field in kwargs:
            for text in ("9" * 30 if isinstance(kwargs[field], int) else "\0😀",):
                try:
                    strange = reverse(name, kwargs={**kwargs, field: text})
                except NoReverseMatch:
                    continue
                stranger("get" if row.get else "post", strange)
    assert wrong + stranger.wrong == []


def _body(
    attack: Attack, method: str, url: str, data: dict[str, Any], operations: Any, is_api: bool,
    values: Iterator[Any], texts: Iterator[str],
) -> None:  # fmt: skip
    names = [*data, *_names(operations, method, url)[1]]
    if not is_api:
        page = attack("get", url)
        if page.status_code == 200 and _is_page(page):
            names += _fields(page.content.decode(), "post")
        for name in dict.fromkeys(names):
            attack(method, url, {**data, name: next(texts)})
        attack(method, url, dict.fromkeys(names, MARKUP))
        return
    for name in dict.fromkeys(names):
        body = json.dumps({**data, name: next(values)}, default=str)
        attack(method, url, body, content_type="application/json")


@pytest.mark.django_db
@pytest.mark.usefixtures("plain_templates")
@pytest.mark.parametrize("url", ["/api/v1/needs/", "/needs/new/", "/accounts/login/"])
def test_no_body_breaks_a_door(url: str) -> None:
    world = World()
    attack = Attack(world, "enterprise")
    for body in BODIES:
        answer = attack("generic", "POST", url, body, content_type="application/json")
    for kind in KINDS:
        attack("generic", "POST", url, b"a=1", content_type=kind)
    assert attack.wrong == []
    answer = attack("generic", "POST", url, b"[" * 100_000, content_type="application/json")
    if url.startswith("/api/"):
        assert answer.status_code == 400
        assert answer.json()["type"] == "/help/problems/parse-error"
