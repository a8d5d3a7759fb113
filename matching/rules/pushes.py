"""When a push reaches its receiver, how much of it, and what makes it new. Plain Python."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, time, timedelta
from typing import TypeVar

from matching.types import Pace, PushWish

T = TypeVar("T")

DIGEST_HOUR = time(9)  # when a day's or a week's digest goes out, local time
DIGEST_WEEKDAY = 0  # Monday
LEAST_CAP, MOST_CAP = 1, 200
LEAST_SHARE, MOST_SHARE = 1, 20
WEEK = timedelta(days=7)
DAY = timedelta(days=1)
# What waited longer is no news any more; it stays in the list of matches.
KEEPS = timedelta(days=8)

MAIL_TRIES = 8
MAIL_LEASE = timedelta(minutes=5)

# Two sheets whose pairs of characters overlap less than this say something else.
SAME_SHEET = 0.85
_NUMBER = re.compile(r"\d+(?:\.\d+)?")
SHEET_KEPT = 4_000


def is_quiet(at: time, quiet_from: time | None, quiet_until: time | None) -> bool:
    """Whether a moment of the day lies in the quiet hours, which may cross midnight."""
    if quiet_from is None or quiet_until is None or quiet_from == quiet_until:
        return False
    if quiet_from < quiet_until:
        return quiet_from <= at < quiet_until
    return at >= quiet_from or at < quiet_until


def awake(moment: datetime, wish: PushWish) -> datetime:
    """The first moment from this one on that is not quiet; `moment` is local time."""
    if not is_quiet(moment.time(), wish.quiet_from, wish.quiet_until):
        return moment
    assert wish.quiet_until is not None
    end = datetime.combine(moment.date(), wish.quiet_until, moment.tzinfo)
    return end if end > moment else end + DAY


def due(pace: Pace, moment: datetime, wish: PushWish) -> datetime | None:
    """When a channel of this pace tells what came up at `moment` (local); None: never."""
    if pace is Pace.OFF:
        return None
    if pace is Pace.AT_ONCE:
        return awake(moment, wish)
    slot = datetime.combine(moment.date(), DIGEST_HOUR, moment.tzinfo)
    while slot <= moment or (pace is Pace.WEEKLY and slot.weekday() != DIGEST_WEEKDAY):
        slot += DAY
    return awake(slot, wish)


def chosen(
    rows: Sequence[tuple[T, int | None]], *, room: int, per_holder: int, told: Mapping[int, int]
) -> tuple[list[T], list[T]]:
    """What is told now and what waits, of things in order with their holders.

    At most `room` in all and `per_holder` of one holder, those `told` lately included; a thing
    whose holder has no account counts for itself.
    """
    now: list[T] = []
    waiting: list[T] = []
    seen = Counter(told)
    for thing, holder in rows:
        crowded = holder is not None and seen[holder] >= per_holder
        if crowded or len(now) >= room:
            waiting.append(thing)
            continue
        now.append(thing)
        if holder is not None:
            seen[holder] += 1
    return now, waiting


def wrong_with_wish(wish: PushWish) -> dict[str, list[str]]:
    """What a wish cannot be, by field."""
    problems: dict[str, list[str]] = {}
    if (wish.quiet_from is None) != (wish.quiet_until is None):
        missing = "quiet_until" if wish.quiet_until is None else "quiet_from"
        problems[missing] = ["免打扰时段要同时填写开始和结束；都留空表示不设。"]
    elif wish.quiet_from is not None and wish.quiet_from == wish.quiet_until:
        problems["quiet_until"] = ["开始和结束相同。要整天不接收，请把渠道设为“不接收”。"]
    if not LEAST_CAP <= wish.weekly_cap <= MOST_CAP:
        problems["weekly_cap"] = [f"每周上限应为 {LEAST_CAP} 至 {MOST_CAP}。"]
    if not LEAST_SHARE <= wish.per_holder <= MOST_SHARE:
        problems["per_holder"] = [f"同一家单位的上限应为 {LEAST_SHARE} 至 {MOST_SHARE}。"]
    return problems


# --- what makes a push new -------------------------------------------------------------------


def plain(sheet: str) -> str:
    """A sheet as it is compared: letters and digits only, so that a comma is no change."""
    folded = unicodedata.normalize("NFKC", sheet).lower()
    return "".join(c for c in folded if c.isalnum() or c == ".")[:SHEET_KEPT]


def sheet_changed(before: str, after: str) -> bool:
    """Whether a sheet says something else: another number, or a good part in other words.

    Both are `plain`. A slip of the pen put right is not worth a second bell.
    """
    if before == after:
        return False
    if sorted(_NUMBER.findall(before)) != sorted(_NUMBER.findall(after)):
        return True
    a, b = _pairs(before), _pairs(after)
    shared, whole = sum((a & b).values()), max(sum(a.values()), sum(b.values()))
    return whole > 0 and shared / whole < SAME_SHEET


def _pairs(text: str) -> Counter[str]:
    return Counter(text[i : i + 2] for i in range(len(text) - 1))


def state_of_offer(*, terms: str, sheet: int, is_declared: bool) -> str:
    """What a push is about, as a short key: the terms, the edition of the sheet, what is open.

    The first edition of an offer that is not on open licence is its bare terms.
    """
    if sheet <= 1 and not is_declared:
        return terms
    text = f"{terms}/{sheet}/{'open' if is_declared else ''}"
    return hashlib.sha256(text.encode()).hexdigest()[:16]
