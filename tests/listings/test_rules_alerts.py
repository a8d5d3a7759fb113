"""When saved searches are looked after, and how their news is put."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.days import CHINA
from listings.rules import alerts
from listings.rules.alerts import Frequency

NOON = datetime(2026, 11, 20, 12, tzinfo=CHINA)
MOMENTS = st.datetimes(
    min_value=datetime(2024, 1, 1), max_value=datetime(2040, 1, 1), timezones=st.just(UTC)
)


@given(MOMENTS, st.sampled_from([Frequency.DAILY, Frequency.WEEKLY, Frequency.OFF]))
def test_the_next_check_is_a_morning_to_come(now: datetime, frequency: Frequency) -> None:
    due = alerts.next_check(frequency, now)
    assert due is not None
    local = due.astimezone(CHINA)
    assert local.hour == 8
    most = 8 if frequency is Frequency.WEEKLY else 2
    assert timedelta(0) < due - now < timedelta(days=most)
    assert frequency is not Frequency.WEEKLY or local.weekday() == 0


def test_at_once_needs_no_clock() -> None:
    assert alerts.next_check(Frequency.AT_ONCE, NOON) is None


@pytest.mark.parametrize(
    ("last", "expected"),
    [
        (None, NOON),
        (NOON - timedelta(minutes=10), NOON),
        (NOON - timedelta(minutes=1), NOON + timedelta(minutes=1)),
    ],
)
def test_news_in_quick_succession_is_held_back(last: datetime | None, expected: datetime) -> None:
    assert alerts.tell_at(last, NOON) == expected


@pytest.mark.parametrize(
    ("age", "known", "known_all", "news"),
    [
        (1, True, True, False),
        (1, False, True, True),
        (-1, False, True, True),  # an older offer that has come to answer
        (-1, False, False, False),  # too many to remember: what was there is known
        (1, False, False, True),
        (1, True, False, False),
    ],
)
def test_what_answered_at_saving_is_no_news(
    age: int, known: bool, known_all: bool, news: bool
) -> None:
    published = NOON + timedelta(days=age)
    found = alerts.is_news(published_at=published, saved_at=NOON, known=known, known_all=known_all)
    assert found is news


def test_the_same_question_has_one_fingerprint() -> None:
    one = alerts.fingerprint("石墨烯  散热", {"region": ["32", "31"], "ipc": []})
    assert one == alerts.fingerprint(" 石墨烯 散热", {"region": ["31", "32"]})
    assert one != alerts.fingerprint("石墨烯散热", {"region": ["31", "32"]})


def test_one_notice_says_how_many() -> None:
    assert alerts.headline({"散热": 3})[0] == "“散热”有 3 件新专利"
    title, text = alerts.headline({"散热": 2, "电池": 1})
    assert (title, text) == ("保存的检索有 3 件新专利", "“散热”2 件；“电池”1 件")
