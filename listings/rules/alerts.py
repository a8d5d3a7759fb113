"""When a saved search is answered, and how news of it is put: plain values, no clock."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import datetime, time, timedelta
from enum import StrEnum
from typing import Final

from core.days import CHINA

MOST_SEARCHES: Final = 50
"""How many searches one person may keep."""
REMEMBERED: Final = 5_000
"""How many patents that answered already are remembered one by one when a search is saved."""
GROUPING: Final = timedelta(minutes=2)
"""News of one search within this time is told together."""
DIGEST_HOUR: Final = time(8)
WEEK: Final = 7


class Frequency(StrEnum):
    """How often somebody wants to hear of new patents."""

    AT_ONCE = "at_once"
    DAILY = "daily"
    WEEKLY = "weekly"
    OFF = "off"


def next_check(frequency: Frequency, now: datetime) -> datetime | None:
    """When the clock looks after the search next: eight in the morning in China, on the next day
    or the next Monday. A silent search is still counted daily; one told at once needs no clock."""
    if frequency is Frequency.AT_ONCE:
        return None
    day = now.astimezone(CHINA).date() + timedelta(days=1)
    if frequency is Frequency.WEEKLY:
        day += timedelta(days=-day.weekday() % WEEK)
    return datetime.combine(day, DIGEST_HOUR, CHINA)


def tell_at(last_told: datetime | None, now: datetime) -> datetime:
    """The moment at which news found now may be told: at once, or with what follows the last."""
    return now if last_told is None else max(now, last_told + GROUPING)


def is_news(*, published_at: datetime, saved_at: datetime, known: bool, known_all: bool) -> bool:
    """Whether a patent that answers is news to whoever saved the search.

    What answered at saving is not. Where that was too much to remember one by one, what was on
    the board before is taken for known.
    """
    return not known and (known_all or published_at > saved_at)


def fingerprint(text: str, chosen: Mapping[str, Sequence[str]]) -> str:
    """The same for queries that ask the same: it lets many people's searches be answered once."""
    told = {name: sorted(values) for name, values in sorted(chosen.items()) if values}
    asked = json.dumps([" ".join(text.split()).lower(), told], ensure_ascii=False)
    return hashlib.sha256(asked.encode("utf-8", "surrogatepass")).hexdigest()


def headline(found: Mapping[str, int]) -> tuple[str, str]:
    """Title and text of one notice about the news of one or several searches."""
    total = sum(found.values())
    if len(found) == 1:
        name = next(iter(found))
        return f"“{name}”有 {total} 件新专利", "点开查看；不想再收到，可在该检索页一键停止提醒。"
    listed = "；".join(f"“{name}”{count} 件" for name, count in found.items())
    return f"保存的检索有 {total} 件新专利", listed
