"""Logging in: without Valkey, and under attack."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client

from patentops.cache import OptionalRedisCache
from tests.factories import core as make

NOWHERE = "redis://127.0.0.1:1/0"


@pytest.fixture(autouse=True)
def _asks_at_once(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr("patentops.cache._silent_until", 0.0)
    yield
    monkeypatch.setattr("patentops.cache._silent_until", 0.0)


@pytest.fixture
def gone() -> OptionalRedisCache:
    return OptionalRedisCache(NOWHERE, {"OPTIONS": {"socket_connect_timeout": 1}})


def test_a_vanished_cache_is_an_empty_one(gone: OptionalRedisCache) -> None:
    gone.set("a", 1)
    gone.set_many({"a": 1})
    gone.delete_many(["a"])
    assert gone.add("a", 1) is True
    assert gone.get("a", "nothing") == "nothing"
    assert gone.get_many(["a"]) == {}
    assert gone.has_key("a") is False
    assert gone.touch("a") is False
    assert gone.delete("a") is False
    assert gone.incr("a", 2) == 2
    gone.clear()


@pytest.mark.django_db
def test_people_log_in_without_it(settings: Any) -> None:
    settings.CACHES = {
        "default": {"BACKEND": "patentops.cache.OptionalRedisCache", "LOCATION": NOWHERE}
    }
    assert cache.get("anything") is None
    member = make.office()
    member.user.set_password("a-long-passphrase")
    member.user.save()
    answer = Client().post(
        "/accounts/login/", {"login": member.user.email, "password": "a-long-passphrase"}
    )
    assert answer.status_code == 302


@pytest.mark.django_db
def test_failed_logins_lock_one_person_at_one_address_not_the_whole_address() -> None:
    tried, other = make.office(), make.office()
    for member in (tried, other):
        member.user.set_password("a-long-passphrase")
        member.user.save()
    client = Client()
    for _ in range(8):
        cache.clear()  # allauth's own count is not what is tested
        client.post("/accounts/login/", {"login": tried.user.email, "password": "wrong"})
    cache.clear()
    right = {"password": "a-long-passphrase"}
    locked = client.post("/accounts/login/", {"login": tried.user.email.upper(), **right})
    assert locked.status_code != 302
    assert client.post("/accounts/login/", {"login": other.user.email, **right}).status_code == 302
