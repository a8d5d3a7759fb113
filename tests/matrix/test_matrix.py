"""The matrix of every URL pattern × method × identity."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Hashable, Iterator
from copy import copy
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from types import FunctionType
from typing import Any

import pytest
from django.conf import settings
from django.contrib import auth
from django.core.cache import cache
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from pytest_django import DjangoDbBlocker

import tests.matrix as matrix
from core.people.models import Membership
from core.web import middleware
from listings.selectors.searching import columns
from tests.conftest import log_in
from tests.matrix import IDENTITIES, Row, World
from tests.matrix.core import ELSEWHERE, LIBRARY_PREFIXES
from tests.returned import faults
from tests.undoing import Undo

METHODS = ("get", "post", "put", "patch", "delete")
REFUSALS = {302, 401, 403, 404, 405}


def _declared() -> dict[str, Row]:
    rows: dict[str, Row] = {}
    for module in pkgutil.iter_modules(matrix.__path__):
        if not module.name.startswith("test_"):
            found = importlib.import_module(f"tests.matrix.{module.name}").EXPECTATIONS
            assert not rows.keys() & found.keys()
            rows |= found
    return rows


def _names(patterns: list[URLPattern | URLResolver], prefix: str = "") -> Iterator[str]:
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            inner = f"{prefix}{pattern.namespace}:" if pattern.namespace else prefix
            yield from _names(pattern.url_patterns, inner)
        else:
            yield f"{prefix}{pattern.name or '?' + str(pattern.pattern)}"


ROWS = _declared()


# In this world the page does not offer the form: whoever posts it all the same is shown the page.
NOT_OFFERED = {
    "licensing:pool-apply", "listings:auction-object", "listings:consent-answer",
    "listings:consent-end", "listings:layer-rules", "listings:posting-object",
    "listings:service-request", "matching:gathering-meet", "matching:gathering-result",
    "matching:gathering-sign-up", "matching:revision",
}  # fmt: skip


def _is_page(answer: HttpResponse) -> bool:
    return bool(answer.content) and answer.headers["Content-Type"].startswith("text/html")


def test_every_url_is_declared() -> None:
    known = ROWS.keys() | ELSEWHERE
    urls = {n for n in _names(get_resolver().url_patterns) if not n.startswith(LIBRARY_PREFIXES)}
    assert sorted(urls - known) == [], "undeclared URLs: say in tests/matrix who may ask them"
    assert sorted(known - urls) == [], "declared URLs that no longer exist"


@dataclass(frozen=True)
class Crowd:
    """Everyone, the cookies of those who are signed in, and who was met behind each."""

    members: dict[str, Membership]
    cookies: dict[str, SimpleCookie]
    users: dict[str, Any] = field(default_factory=dict)


@pytest.fixture(scope="module")
def crowd(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Crowd]:
    """All identities, made and signed in once for the whole matrix; rolled back at its end."""
    with django_db_blocker.unblock(), transaction.atomic():
        members = World().members
        cookies = {}
        for identity, member in members.items():
            client = Client()
            log_in(client, member)
            client.get("/notices/")  # the first page of a session writes it
            cookies[identity] = client.cookies
        yield Crowd(members, cookies)
        transaction.set_rollback(True)


@pytest.fixture
def _known_at_sight(crowd: Crowd, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who has which cookie is looked up once: the same fourteen people come ten thousand times.

    How a session becomes an actor is asked in tests/core/test_people.py and its neighbours.
    """
    actors: dict[Any, Any] = {}

    def user_of(request: HttpRequest, look: Any = auth.get_user) -> Any:
        key = request.COOKIES.get(settings.SESSION_COOKIE_NAME, "")
        if key not in crowd.users:
            crowd.users[key] = look(request)
        return copy(crowd.users[key])

    def actor_of(user: Any, look: Any = middleware.actor_for, **chosen: Any) -> Any:
        key = (user.pk, *chosen.items())
        if key not in actors:
            actors[key] = look(user, **chosen)
        return actors[key]

    monkeypatch.setattr(auth, "get_user", user_of)
    monkeypatch.setattr(middleware, "actor_for", actor_of)


@pytest.fixture
def _plain_refusals(monkeypatch: pytest.MonkeyPatch) -> None:
    """A refusal's status is asked here ten thousand times; its page is looked at in tests/core."""
    plain = "core.web.middleware.render", lambda *_, status: HttpResponse(status=status)
    monkeypatch.setattr(*plain)


def _recipe(build: Any) -> Any:
    """What tells two functions apart that build worlds: their code and what it closes over."""
    if not isinstance(build, FunctionType):
        return build if isinstance(build, Hashable) else id(build)
    code = build.__code__
    closed = tuple(_recipe(cell.cell_contents) for cell in build.__closure__ or ())
    given = tuple(_recipe(value) for value in build.__defaults__ or ())
    return (build.__module__, code.co_code, code.co_consts, code.co_names, closed, given)


def _by_stage() -> list[Any]:
    """All rows; those whose worlds are built alike stand side by side and share one."""
    stages: dict[Any, list[str]] = {}
    for name in sorted(ROWS):
        stages.setdefault(_recipe(ROWS[name].kwargs), []).append(name)
    return [pytest.param(names[0], name, id=name) for names in stages.values() for name in names]


@dataclass(frozen=True)
class Stage:
    """A world as a row's `kwargs` leaves it, and the parts of the URL."""

    kwargs: dict[str, Any]
    things: dict[str, Any]


@pytest.fixture(scope="module")
def stage(request: pytest.FixtureRequest, crowd: Crowd) -> Iterator[Stage]:
    """Built once for all rows of one recipe: what a row does there is taken back at its end."""
    cache.clear()
    columns.forget()
    point = transaction.savepoint()
    world = World(crowd.members)
    yield Stage(ROWS[request.param].kwargs(world), world.things)
    transaction.savepoint_rollback(point)


@pytest.mark.django_db
@pytest.mark.usefixtures("_known_at_sight", "_plain_refusals", "plain_templates")
@pytest.mark.parametrize(("stage", "name"), _by_stage(), indirect=["stage"])
def test_answers_are_as_declared(name: str, crowd: Crowd, stage: Stage) -> None:
    row, world = ROWS[name], World(crowd.members, stage.things)
    url = reverse(name, kwargs=stage.kwargs) + row.query
    client, undo, wrong = Client(headers=dict(row.headers)), Undo(), []
    nobody: set[str] = set()  # methods that are refused before anybody is looked up
    for identity in IDENTITIES:
        for method in METHODS:
            expected = row.expected(method)
            if method in nobody:
                continue
            client.cookies = SimpleCookie(crowd.cookies.get(identity))
            with undo() as watch:
                data = row.data(world) if expected and method in {"post", "put", "patch"} else {}
                json = name.split(":")[0].endswith("-api") and method != "get"
                kind = {"content_type": "application/json"} if json else {}
                answer = getattr(client, method)(url, data, **kind)
                status = answer.status_code
            fits = status in REFUSALS if expected is None else status == expected[identity]
            if not fits:
                wrong.append(
                    f"{method.upper()} {url} as {identity}: {status}, "
                    f"declared {'refusal' if expected is None else expected[identity]}"
                )
            elif status == 422 and name not in NOT_OFFERED and _is_page(answer):
                wrong += [f"{url} as {identity}: {f}" for f in faults(answer.content.decode())]
            elif status == 405 and not watch.asked:
                nobody.add(method)  # so the next identity would hear the same
            elif status == 405 and name not in settings.THROTTLED_VIEWS:
                wrong.append(
                    f"{method.upper()} {url} as {identity}: {status} after {watch.asked} "
                    "statements; what nobody may do is refused before anybody is looked up"
                )
    assert wrong == []
