"""When a push comes, how much of it, and what makes it new."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matching.rules import pushes as rules
from matching.types import Pace, PushWish

SHANGHAI = ZoneInfo("Asia/Shanghai")
FRIDAY = datetime(2026, 11, 20, 12, tzinfo=SHANGHAI)
NIGHT = PushWish(quiet_from=time(22), quiet_until=time(7, 30))
moments = st.datetimes(min_value=datetime(2026, 1, 1), max_value=datetime(2027, 1, 1)).map(
    lambda naive: naive.replace(tzinfo=SHANGHAI)
)
hours = st.times()


@pytest.mark.parametrize(
    ("at", "quiet"),
    [(time(21, 59), False), (time(22), True), (time(3), True), (time(7, 30), False)],
)
def test_quiet_hours_cross_midnight(at: time, quiet: bool) -> None:
    assert rules.is_quiet(at, time(22), time(7, 30)) is quiet
    assert rules.is_quiet(at, time(7, 30), time(22)) is not quiet
    assert rules.is_quiet(at, None, None) is False


@given(moments, hours, hours)
def test_awake_is_never_quiet_never_earlier_and_within_a_day(
    moment: datetime, start: time, end: time
) -> None:
    wish = PushWish(quiet_from=start, quiet_until=end)
    found = rules.awake(moment, wish)
    assert not rules.is_quiet(found.time(), start, end)
    assert moment <= found < moment + timedelta(days=1)


@pytest.mark.parametrize(
    ("pace", "expected"),
    [
        (Pace.OFF, None),
        (Pace.AT_ONCE, FRIDAY),
        (Pace.DAILY, datetime(2026, 11, 21, 9, tzinfo=SHANGHAI)),
        (Pace.WEEKLY, datetime(2026, 11, 23, 9, tzinfo=SHANGHAI)),
    ],
)
def test_each_pace_has_its_moment(pace: Pace, expected: datetime | None) -> None:
    assert rules.due(pace, FRIDAY, PushWish()) == expected


def test_quiet_night_puts_off_to_its_end_and_a_digest_too() -> None:
    late = FRIDAY.replace(hour=23)
    assert rules.due(Pace.AT_ONCE, late, NIGHT) == datetime(2026, 11, 21, 7, 30, tzinfo=SHANGHAI)
    morning = PushWish(quiet_from=time(8), quiet_until=time(10))
    assert rules.due(Pace.DAILY, FRIDAY, morning) == datetime(2026, 11, 21, 10, tzinfo=SHANGHAI)


@given(
    st.lists(st.tuples(st.integers(), st.one_of(st.none(), st.integers(1, 4))), max_size=30),
    st.integers(0, 12),
    st.integers(1, 4),
)
def test_a_choice_keeps_both_ceilings_and_loses_nothing(
    rows: list[tuple[int, int | None]], room: int, share: int
) -> None:
    numbered = [((place, thing), holder) for place, (thing, holder) in enumerate(rows)]
    told = {1: 1}
    now, waiting = rules.chosen(numbered, room=room, per_holder=share, told=told)
    assert len(now) <= room
    assert sorted([*now, *waiting]) == sorted(thing for thing, _holder in numbered)
    holders = dict(numbered)
    for holder in (1, 2, 3, 4):
        mine = sum(holders[thing] == holder for thing in now)
        assert mine + told.get(holder, 0) <= max(share, told.get(holder, 0))
    assert now == sorted(now)


@pytest.mark.parametrize(
    ("wish", "field"),
    [
        (PushWish(quiet_from=time(22)), "quiet_until"),
        (PushWish(quiet_until=time(7)), "quiet_from"),
        (PushWish(quiet_from=time(7), quiet_until=time(7)), "quiet_until"),
        (PushWish(weekly_cap=0), "weekly_cap"),
        (PushWish(weekly_cap=201), "weekly_cap"),
        (PushWish(per_holder=0), "per_holder"),
    ],
)
def test_nonsense_is_named_by_field(wish: PushWish, field: str) -> None:
    assert list(rules.wrong_with_wish(wish)) == [field]


def test_defaults_are_right() -> None:
    assert rules.wrong_with_wish(PushWish()) == {}
    assert rules.wrong_with_wish(NIGHT) == {}


SHEET = (
    "零下20度升到5度只要8分钟，电芯温差不超过3度，不加加热膜，也不析锂；"
    "已在两座储能站用了一个冬天。"
)


@pytest.mark.parametrize(
    ("after", "changed"),
    [
        (SHEET, False),
        (SHEET.replace("，", ", "), False),
        (SHEET.replace("只要", "仅需"), False),
        (SHEET.replace("8分钟", "6分钟"), True),
        (
            SHEET
            + "现在可以先试用三个月，试用期间不收费，由我们的工程师上门安装调试并培训操作人员。",
            True,
        ),
        ("", True),
    ],
)
def test_a_comma_is_no_news_and_a_number_is(after: str, changed: bool) -> None:
    assert rules.sheet_changed(rules.plain(SHEET), rules.plain(after)) is changed


def test_state_of_an_offer_moves_with_sheet_and_declaration() -> None:
    found = {
        rules.state_of_offer(terms="t", sheet=sheet, is_declared=declared)
        for sheet in (1, 2, 3)
        for declared in (False, True)
    }
    assert len(found) == 6
    assert "t" in found
