"""Pages and resources work as the database role that serves them: for each room and role one,
all of them with `PATENTOPS_ALL_WALLS=1`.

The matrix asks every URL as the tests' own role, before which there is no wall; here what it
declares readable is asked as `patentops_web` with the walls up, and must answer the same.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from http.cookies import SimpleCookie
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection, transaction
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoDbBlocker

from core.people.models import Membership
from listings.selectors.searching import columns
from tests.attack.test_walls import GRANTS, as_web
from tests.conftest import log_in
from tests.matrix import IDENTITIES, World
from tests.matrix.test_matrix import ROWS

ALL = bool(os.environ.get("PATENTOPS_ALL_WALLS"))
# Pages of what is walled, each with somebody who reads it by right.
WALLED = ("licensing:deal", "licensing-api:deal", "licensing:deals", "matching:need",
          "matching-api:need", "matching:needs-mine", "matching:need-versions", "matching:revision",
          "pledges:pledge", "listings:disclosure", "licensing:pricing",
          "licensing:case-file", "licensing:licence")  # fmt: skip


def _chosen() -> list[Any]:
    """(URL name, identities): each pair of room and role once, and what is walled for all."""
    met: set[tuple[str, str]] = set()
    found = []
    described = {"api-schema"}  # long to write and the same for everybody
    for name in sorted(ROWS.keys() - described, key=lambda n: (n not in WALLED, n)):
        readers = [i for i in IDENTITIES if (ROWS[name].get or {}).get(i) == 200]
        room = name.partition(":")[0]
        asked = readers if ALL or name in WALLED else [i for i in readers if (room, i) not in met]
        if asked:
            met |= {(room, i) for i in asked}
            found.append(pytest.param(name, asked, id=name))
    return found


@pytest.fixture(scope="module")
def crowd(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Any]:
    with django_db_blocker.unblock(), transaction.atomic():
        members = World().members
        cookies: dict[str, SimpleCookie] = {}
        for identity, member in members.items():
            client = Client()
            log_in(client, member)
            client.get("/notices/")
            cookies[identity] = client.cookies
        with connection.cursor() as cursor:
            for statement in GRANTS:
                cursor.execute(statement)
        yield members, cookies
        transaction.set_rollback(True)


@pytest.mark.django_db
@pytest.mark.parametrize(("name", "asked"), _chosen())
def test_what_may_be_read_is_read_behind_the_walls(
    name: str, asked: list[str], settings: Any,
    crowd: tuple[dict[str, Membership], dict[str, SimpleCookie]],
) -> None:  # fmt: skip
    cache.clear()
    columns.forget()
    members, cookies = crowd
    row = ROWS[name]
    url = reverse(name, kwargs=row.kwargs(World(members))) + row.query
    settings.ROW_WALLS = True
    wrong = {}
    for identity in asked:
        client = Client(headers=dict(row.headers))
        client.cookies = SimpleCookie(cookies.get(identity))
        before = client.get(url)
        with as_web():
            behind = client.get(url)
        if behind.status_code != 200 or _said(before) != _said(behind):
            wrong[identity] = behind.status_code
    assert wrong == {}, url


def _said(answer: Any) -> str:
    """The words of a page or a resource: rows that the wall swallows are missed."""
    if answer.streaming or not answer["Content-Type"].startswith(("text/html", "application/json")):
        return str(answer["Content-Type"])
    return re.sub(r"<[^>]+>|\s+", " ", answer.content.decode())
