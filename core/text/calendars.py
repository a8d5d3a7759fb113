"""A calendar that calendar programs read (RFC 5545): whole days, folded lines, stable names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from core.text.ical import escaped, folded

PRODUCT = "-//PatentOps//Days//ZH"


@dataclass(frozen=True, slots=True)
class Day:
    """An event that takes a whole day; `uid` stays the same as long as it is the same thing."""

    uid: str
    on: date
    summary: str
    description: str = ""
    url: str = ""
    alarms: tuple[int, ...] = ()  # days ahead


def calendar(name: str, days: Iterable[Day], *, stamp: datetime) -> str:
    """The calendar as text, every line ended by CR LF."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", f"PRODID:{PRODUCT}", "CALSCALE:GREGORIAN"]
    lines += ["METHOD:PUBLISH", f"X-WR-CALNAME:{escaped(name)}", "X-WR-TIMEZONE:Asia/Shanghai"]
    for day in days:
        lines += _event(day, stamp)
    lines.append("END:VCALENDAR")
    return "".join(f"{part}\r\n" for line in lines for part in folded(line))


def _event(day: Day, stamp: datetime) -> Iterator[str]:
    yield "BEGIN:VEVENT"
    yield f"UID:{escaped(day.uid)}"
    yield f"DTSTAMP:{stamp.astimezone(UTC):%Y%m%dT%H%M%SZ}"
    yield f"DTSTART;VALUE=DATE:{_basic(day.on)}"
    yield f"DTEND;VALUE=DATE:{_basic(day.on + timedelta(days=1))}"
    yield f"SUMMARY:{escaped(day.summary)}"
    if day.description:
        yield f"DESCRIPTION:{escaped(day.description)}"
    if day.url:
        yield f"URL:{day.url}"
    yield "TRANSP:TRANSPARENT"
    for ahead in day.alarms:
        yield "BEGIN:VALARM"
        yield "ACTION:DISPLAY"
        yield f"DESCRIPTION:{escaped(day.summary)}"
        yield f"TRIGGER:-P{ahead}D"
        yield "END:VALARM"
    yield "END:VEVENT"


def _basic(day: date) -> str:
    return f"{day.year:04}{day.month:02}{day.day:02}"
