"""One URL each for PostgreSQL and Valkey, also over sockets."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patentops.runner.urls import (
    BadAddress,
    celery_broker,
    database_settings,
    postgres_url,
    redis_database,
)


@given(
    user=st.text(min_size=1, max_size=20),
    password=st.text(max_size=20),
    folder=st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=30),
    name=st.text(min_size=1, max_size=20).filter(lambda t: t != "/" and not t.startswith("/")),
)
def test_a_socket_url_is_read_back_as_written(
    user: str, password: str, folder: str, name: str
) -> None:
    url = postgres_url(user=user, password=password, host=f"/{folder}", port=5432, name=name)
    read = database_settings(url)
    assert (read["USER"], read["PASSWORD"], read["NAME"]) == (user, password, name)
    assert (read["HOST"], read["PORT"]) == (f"/{folder}", "5432")


def test_a_tcp_url_keeps_case_port_and_options() -> None:
    read = database_settings("postgres://Me:p%40ss@DB.example:6432/Patents?sslmode=require")
    assert read["HOST"] == "DB.example"
    assert read["PORT"] == "6432"
    assert read["PASSWORD"] == "p@ss"
    assert read["OPTIONS"] == {"sslmode": "require"}


def test_a_host_in_the_query_wins() -> None:
    assert database_settings("postgresql://me@/p?host=/run/pg")["HOST"] == "/run/pg"


def test_ipv6() -> None:
    read = database_settings("postgresql://me@[::1]:5433/p")
    assert (read["HOST"], read["PORT"]) == ("::1", "5433")


@pytest.mark.parametrize("url", ["mysql://me@host/p", "postgresql://me@host", "host/p"])
def test_what_is_no_database_is_refused(url: str) -> None:
    with pytest.raises(BadAddress):
        database_settings(url)


@pytest.mark.parametrize(
    ("url", "offset", "expected"),
    [
        ("unix:///run/v.sock?db=0", 1, "unix:///run/v.sock?db=1"),
        ("unix:///run/v.sock", 2, "unix:///run/v.sock?db=2"),
        ("redis://:pw@host:6379/3", 1, "redis://:pw@host:6379/4"),
        ("rediss://host", 0, "rediss://host/0"),
    ],
)
def test_another_database_of_the_same_valkey(url: str, offset: int, expected: str) -> None:
    assert redis_database(url, offset) == expected


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("unix:///run/v.sock?db=2", "redis+socket:///run/v.sock?virtual_host=2"),
        (
            "unix:///run/v.sock?password=x",
            "redis+socket:///run/v.sock?virtual_host=0&password=x",
        ),
        ("redis://host:6379/0", "redis://host:6379/0"),
    ],
)
def test_the_broker_is_spelt_as_celery_wants(url: str, expected: str) -> None:
    assert celery_broker(url) == expected


def test_what_is_no_valkey_is_refused() -> None:
    with pytest.raises(BadAddress):
        redis_database("amqp://host", 0)


def test_an_address_without_a_password_takes_it_from_pgpassword(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PGPASSWORD", "p@s/s:#%41")
    assert database_settings("postgresql://me@db/x")["PASSWORD"] == "p@s/s:#%41"
    assert database_settings("postgresql://me:own@db/x")["PASSWORD"] == "own"
