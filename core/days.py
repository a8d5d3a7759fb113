"""Legal days: times are stored in UTC, but a day in law is a day in China. No Django, no clock."""

from __future__ import annotations

from calendar import monthrange
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

CHINA = ZoneInfo("Asia/Shanghai")
MONTHS_IN_YEAR = 12


def legal_day(moment: datetime) -> date:
    """The local day a moment falls on."""
    return moment.astimezone(CHINA).date()


def begins(day: date) -> datetime:
    """The moment at which a day begins in China."""
    return datetime.combine(day, time(0), tzinfo=CHINA)


def ends(day: date) -> datetime:
    """The moment at which a day is over: that at which the next one begins."""
    return begins(day + timedelta(days=1))


def add_months(day: date, months: int) -> date:
    """The same day so many months on; the last of the month where it has no such day (CC202)."""
    index = day.year * MONTHS_IN_YEAR + day.month - 1 + months
    year, month = divmod(index, MONTHS_IN_YEAR)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))
