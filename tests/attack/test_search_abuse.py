"""Questions that are meant to hurt: each is answered within a second, or refused with a 400."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from django.db import connection, transaction
from django.test import Client

from core.db import TOO_SLOW
from core.people.models import Membership
from tests.factories import core as make
from tests.factories import listings as stock

pytestmark = pytest.mark.django_db
MANY = [("ipc", f"{letter}{n:02d}") for letter in "ABCDEFGH" for n in range(1, 8)]
QUESTIONS: dict[str, list[tuple[str, str]]] = {
    "one character": [("q", "一")],
    "one latin": [("q", "a")],
    "2,000 characters": [("q", "长" * 2_000)],
    "200 different characters": [("q", "".join(chr(0x4E00 + n) for n in range(200)))],
    "wildcards": [("q", "%_%_%*?%%%")],
    "like bomb": [("q", "%" * 150)],
    "regex": [("q", "(a+)+$" * 20)],
    "tsquery": [("q", "a:* & !b | (c <-> d)" * 5)],
    "quotes": [("q", "'\"\\$$;--")],
    "deep page": [("page", "50")],
    "deeper page": [("q", "一"), ("page", "1000000")],
    "negative page": [("page", "-1")],
    "page of words": [("page", "9" * 400)],
    "50 facets": MANY[:50],
    "500 facets": MANY * 9,
    "many values": [("region", f"{n}") for n in range(11, 90)],
    "a comma bomb": [("ipc", ",".join(["H01"] * 2_000))],
    "1,500 parameters": [(f"x{n}", "y") for n in range(1_500)],
    "every sort": [("sort", s) for s in ("relevance", "newest", "price", "price-desc", "x")],
    "emoji and marks": [("q", "🙂\u202e\u0300" * 40)],
}
DOORS = ("/patents/", "/api/v1/listings/", "/needs/", "/open-licences/", "/api/v1/needs/",
         "/api/v1/open-declarations/")  # fmt: skip


@pytest.mark.parametrize("door", DOORS)
def test_a_hostile_question_is_answered_soon_or_refused(client: Client, door: str) -> None:
    """Over a small stock; how it is over a national one, benchmarks/search_load.py measures.

    Our own work is timed by the processor's clock, so that a busy machine fails nothing; the
    database's is bounded by the statement timeout of a page.
    """
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = 3000")
    for n in range(3):
        stock.listed_patent(title=f"一种石墨烯阀门{n}")
    client.get(door)  # what is loaded once is not what is measured
    for name, question in QUESTIONS.items():
        began = time.process_time()
        answer = client.get(f"{door}?{urlencode(question)}")
        spent = time.process_time() - began
        assert answer.status_code in {200, 302, 400, 404, 414}, (name, answer.status_code)
        assert spent <= 1.0, (name, spent)


def sleeps(*_: Any, **__: Any) -> Any:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = 20")
        cursor.execute("SELECT pg_sleep(5)")


def test_what_takes_too_long_is_broken_off_in_words(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.web.home.compose", sleeps)
    page = client.get("/")
    assert page.status_code == 503
    assert TOO_SLOW in page.content.decode()
    monkeypatch.setattr("matching.api.views.NeedViewSet.get_queryset", sleeps)
    answer = client.get("/api/v1/needs/")
    assert (answer.status_code, answer.json()["type"]) == (503, "/help/problems/too-slow")


def test_pages_have_three_seconds() -> None:
    told = subprocess.run(
        [
            sys.executable,
            "-c",
            "import patentops.settings as s; print(s.DATABASES['default']['OPTIONS']['options'])",
        ],
        cwd=Path(__file__).resolve().parents[2],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PATENTOPS_PROCESS": "web"},
    ).stdout
    assert "statement_timeout=3000" in told
    assert "lock_timeout=1500" in told


def test_a_member_is_bounded_too(client_as: Callable[[Membership], Client]) -> None:
    client = client_as(make.auditor())
    for text in ("%" * 80, "一", "(a+)+$" * 13, "·" * 80):
        began = time.process_time()
        assert client.get("/audit/", {"q": text}).status_code == 200
        assert time.process_time() - began <= 1.0
