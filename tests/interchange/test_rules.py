"""What may be called, and how often."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interchange import rules
from interchange.rules import Outcome

NOW = datetime(2026, 11, 20, 4, tzinfo=UTC)

FORBIDDEN = [
    "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "0.0.0.0", "100.64.0.1",
    "224.0.0.1", "255.255.255.255", "198.18.0.1", "::", "fe80::1", "fc00::1", "ff02::1",
    "::ffff:10.0.0.1", "::ffff:169.254.169.254", "64:ff9b::a00:1", "2002:0a00:0001::",
    "2001:db8::1", "fe80::1%eth0", "not-an-address", "",
]  # fmt: skip
LOOPBACK = ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"]


@pytest.mark.parametrize("address", FORBIDDEN)
@pytest.mark.parametrize("loopback", [True, False])
def test_private_addresses_are_never_called(address: str, loopback: bool) -> None:
    assert not rules.address_allowed(address, loopback=loopback)


@pytest.mark.parametrize("address", LOOPBACK)
def test_loopback_only_where_the_setting_says_so(address: str) -> None:
    assert rules.address_allowed(address, loopback=True)
    assert not rules.address_allowed(address, loopback=False)


@pytest.mark.parametrize("address", ["1.1.1.1", "2606:4700::1111", "::ffff:1.1.1.1"])
def test_public_addresses_may_be_called(address: str) -> None:
    assert rules.address_allowed(address, loopback=False)


@pytest.mark.parametrize(
    "url",
    [
        "http://example.cn/", "ftp://example.cn/", "javascript:alert(1)", "https://", "example.cn",
        "https://user:pw@example.cn/", "https://example.cn:99999/", "https://a@b@example.cn/",
        "https://example.cn/#x", "https://[::1/", "//example.cn", "",
    ],
)  # fmt: skip
def test_unusable_urls_are_explained(url: str) -> None:
    assert rules.url_problem(url, plain_http=False)


def test_a_plain_url_is_fine() -> None:
    assert rules.url_problem("https://example.cn/hooks?x=1", plain_http=False) is None


@given(st.text(max_size=60))
def test_any_text_as_url_gets_an_answer(url: str) -> None:
    rules.url_problem(url, plain_http=True)


@pytest.mark.parametrize(
    ("status", "attempts", "outcome"),
    [
        (200, 1, Outcome.DELIVERED), (204, 9, Outcome.DELIVERED), (410, 1, Outcome.GONE),
        (301, 1, Outcome.RETRY), (500, 9, Outcome.RETRY), (None, 9, Outcome.RETRY),
        (500, 10, Outcome.GIVEN_UP), (None, 10, Outcome.GIVEN_UP), (404, 10, Outcome.GIVEN_UP),
    ],
)  # fmt: skip
def test_only_2xx_counts_and_ten_tries_are_enough(
    status: int | None, attempts: int, outcome: Outcome
) -> None:
    assert rules.judge(status=status, attempts=attempts) is outcome


@given(st.integers(1, 9), st.none() | st.integers(0, 10**9), st.floats(0, 1, exclude_max=True))
def test_the_wait_is_at_least_the_schedules_and_at_most_a_day_and_a_tenth(
    attempts: int, retry_after: int | None, jitter: float
) -> None:
    wait = rules.next_try(now=NOW, attempts=attempts, retry_after=retry_after, jitter=jitter) - NOW
    assert rules.WAITS[attempts - 1] <= wait <= timedelta(days=1.1)


def test_a_receiver_that_asks_for_time_gets_it() -> None:
    then = rules.next_try(now=NOW, attempts=1, retry_after=3600, jitter=0.5)
    assert then == NOW + timedelta(hours=1)
