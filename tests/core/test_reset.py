"""A forgotten password: the page does the same for every address, a letter tells its owner."""

from __future__ import annotations

from typing import Any

import pytest
from django.core import mail
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from core.access.tasks import reset_letter
from tests.factories import core as make

pytestmark = pytest.mark.django_db


def test_the_page_looks_nobody_up_and_the_letter_tells(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = make.enterprise().user
    known.set_password("long-enough-2026")
    known.save()
    owed: list[dict[str, Any]] = []
    monkeypatch.setattr(reset_letter, "apply_async", lambda kwargs, **_: owed.append(kwargs))
    seen = []
    for address in (known.email, "nobody@example.cn"):
        with CaptureQueriesContext(connection) as queries:
            answer = client.post("/accounts/password/reset/", {"email": address})
        tables = {q["sql"] for q in queries if "core_user" in q["sql"]}
        seen.append((answer.status_code, answer.url, tables))
    assert seen == [(302, "/accounts/password/reset/done/", set())] * 2
    for facts in owed:
        reset_letter(**facts)
    letters = {message.to[0]: str(message.body) for message in mail.outbox}
    assert "/accounts/password/reset/key/" in letters[known.email]
    assert "没有使用这个邮箱的账户" in letters["nobody@example.cn"]
