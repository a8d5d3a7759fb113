"""A sign-in ends after 30 idle minutes and after 12 hours, whatever is done in between."""

from __future__ import annotations

import time

import pytest
from django.conf import settings
from django.test import Client

from patentops.sessions import BEGAN, SEEN
from tests.factories import core as make


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("idle", "age", "stays"),
    [
        (29 * 60, 29 * 60, True),
        (31 * 60, 31 * 60, False),
        (10, 12 * 3600 - 60, True),
        (10, 12 * 3600 + 60, False),
    ],
)
def test_a_session_ends_idle_or_old(idle: int, age: int, stays: bool) -> None:
    assert (settings.SESSION_IDLE_SECONDS, settings.SESSION_COOKIE_AGE) == (1800, 43_200)
    client = Client()
    client.force_login(make.enterprise().user)
    session = client.session
    now = int(time.time())
    session[SEEN], session[BEGAN] = now - idle, now - age
    session.save()
    answer = client.get("/account/")
    assert answer.status_code == (200 if stays else 302)
    if not stays:
        assert answer.url.startswith("/accounts/login/")
        assert client.get("/account/").status_code == 302
