"""What may happen to an event 活动 and its meetings, when, and its calendar entry. Plain Python."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from core.text.ical import escaped, folded
from matching.rules import Moves
from matching.types import (
    GatheringInput,
    GatheringStatus,
    MeetingStatus,
    SignUpStatus,
)

MOVES: Moves[GatheringStatus] = {
    "publish": (frozenset({GatheringStatus.DRAFT}), GatheringStatus.OPEN),
    "cancel": (
        frozenset({GatheringStatus.DRAFT, GatheringStatus.OPEN}),
        GatheringStatus.CANCELLED,
    ),
    "finish": (frozenset({GatheringStatus.OPEN}), GatheringStatus.HELD),
}
SIGN_UP_MOVES: Moves[SignUpStatus] = {
    "approve": (frozenset({SignUpStatus.ASKED}), SignUpStatus.CONFIRMED),
    "refuse": (frozenset({SignUpStatus.ASKED}), SignUpStatus.REFUSED),
    "leave": (
        frozenset({SignUpStatus.ASKED, SignUpStatus.CONFIRMED}),
        SignUpStatus.LEFT,
    ),
}
MEETING_MOVES: Moves[MeetingStatus] = {
    "accept": (frozenset({MeetingStatus.ASKED}), MeetingStatus.ACCEPTED),
    "decline": (frozenset({MeetingStatus.ASKED}), MeetingStatus.DECLINED),
    "call_off": (
        frozenset({MeetingStatus.ASKED, MeetingStatus.ACCEPTED}),
        MeetingStatus.CALLED_OFF,
    ),
}
PUBLIC = frozenset({GatheringStatus.OPEN, GatheringStatus.HELD, GatheringStatus.CANCELLED})
MOST_ITEMS = 200
MOST_DAYS = 31
REMIND_AHEAD = timedelta(hours=24)


def wrong_with(data: GatheringInput) -> dict[str, list[str]]:
    """What an event cannot be, by field."""
    problems: dict[str, list[str]] = {}
    if not data.title.strip():
        problems["title"] = ["请填写活动名称。"]
    if data.ends_at <= data.starts_at:
        problems["ends_at"] = ["结束时间要晚于开始时间。"]
    elif data.ends_at - data.starts_at > timedelta(days=MOST_DAYS):
        problems["ends_at"] = [f"一场活动最长 {MOST_DAYS} 天；更长的请分场次发布。"]
    if not (data.place.strip() or data.link.strip()):
        problems["place"] = ["请填写地点，或填写线上链接。"]
    if data.sign_up_until is not None and data.sign_up_until > data.ends_at:
        problems["sign_up_until"] = ["报名截止不能晚于活动结束。"]
    if data.capacity is not None and data.capacity < 1:
        problems["capacity"] = ["名额至少 1 个；不限名额请留空。"]
    if data.slot_minutes is not None and not 5 <= data.slot_minutes <= 240:
        problems["slot_minutes"] = ["一对一时段应为 5 至 240 分钟；不安排请留空。"]
    if len(data.patents) + len(data.needs) > MOST_ITEMS:
        problems["items"] = [f"一场活动最多 {MOST_ITEMS} 项专利和需求。"]
    return problems


def may_sign_up(status: str, *, now: datetime, until: datetime | None, ends_at: datetime) -> bool:
    """Whether sign-up is still open."""
    return status == GatheringStatus.OPEN and now < min(until or ends_at, ends_at)


def slots(
    starts_at: datetime, ends_at: datetime, minutes: int | None
) -> list[tuple[datetime, datetime]]:
    """The one-to-one slots of an event's first day, whole ones only."""
    if minutes is None:
        return []
    length, last = timedelta(minutes=minutes), min(ends_at, starts_at + timedelta(hours=12))
    found, at = [], starts_at
    while at + length <= last:
        found.append((at, at + length))
        at += length
    return found


def ics(event: Mapping[str, str], *, starts_at: datetime, ends_at: datetime, stamp: datetime,
        cancelled: bool) -> str:  # fmt: skip
    """The event as an RFC 5545 calendar; `event`: uid, summary, description, location, url."""
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//PatentOps//Gatherings//ZH",
        "BEGIN:VEVENT",
        f"UID:{event['uid']}",
        f"DTSTAMP:{_utc(stamp)}",
        f"DTSTART:{_utc(starts_at)}",
        f"DTEND:{_utc(ends_at)}",
        f"STATUS:{'CANCELLED' if cancelled else 'CONFIRMED'}",
    ]
    for name in ("summary", "description", "location"):
        if event[name]:
            lines.append(f"{name.upper()}:{escaped(event[name])}")
    lines += [f"URL:{event['url']}", "END:VEVENT", "END:VCALENDAR"]
    return "".join(f"{part}\r\n" for line in lines for part in folded(line))


def _utc(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y%m%dT%H%M%SZ}"
