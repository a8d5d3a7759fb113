"""What a service institution's list 推荐清单 must say, and how many may be sent. Plain Python."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from matching.rules import Moves


class ShortlistStatus(StrEnum):
    """Where a list stands."""

    DRAFT = "draft"
    SENT = "sent"
    WITHDRAWN = "withdrawn"


MOVES: Moves[ShortlistStatus] = {
    "send": (frozenset({ShortlistStatus.DRAFT}), ShortlistStatus.SENT),
    "withdraw": (
        frozenset({ShortlistStatus.DRAFT, ShortlistStatus.SENT}),
        ShortlistStatus.WITHDRAWN,
    ),
}
MOST_PICKS = 20
LEAST_REASON = 8  # letters or characters that say something
LONGEST_REASON = 500
LONGEST_NOTE = 2_000
LONGEST_BECAUSE = 300
WEEK = timedelta(days=7)
# How many lists one institution sends, and one firm gets without having asked, in seven days.
# RegionSetting rows `shortlist.sender_week` and `shortlist.firm_week` say otherwise by region.
SENDER_WEEK = 10
FIRM_WEEK = 5


@dataclass(frozen=True, slots=True)
class Pick:
    """One patent of a list, and why it."""

    patent_id: int
    reason: str = ""


@dataclass(frozen=True, slots=True)
class ShortlistInput:
    """A list as it comes in: best first."""

    picks: tuple[Pick, ...] = ()
    note: str = ""


def wrong_with(data: ShortlistInput) -> dict[str, list[str]]:
    """What a draft cannot be, by field."""
    problems: dict[str, list[str]] = {}
    if len(data.note) > LONGEST_NOTE:
        problems["note"] = [f"总的说明最多 {LONGEST_NOTE:,} 字。"]
    if len(data.picks) > MOST_PICKS:
        problems["picks"] = [f"一份清单最多 {MOST_PICKS} 件专利，请挑最合适的。"]
    said: list[str] = []
    for place, pick in enumerate(data.picks, start=1):
        if len(pick.reason) > LONGEST_REASON:
            said.append(f"第 {place} 件的理由最多 {LONGEST_REASON} 字。")
    ids = [pick.patent_id for pick in data.picks]
    if twice := [place for place, pk in enumerate(ids, start=1) if pk in ids[: place - 1]]:
        said.append(f"第 {_places(twice)} 件已经在清单里，同一件专利只放一次。")
    if said:
        problems.setdefault("picks", []).extend(said)
    return problems


def unfinished(data: ShortlistInput) -> dict[str, list[str]]:
    """What a list must still say before it goes to a firm, by field."""
    problems = wrong_with(data)
    said: list[str] = []
    if not data.picks:
        said.append("清单里还没有专利，请至少放一件。")
    short = [n for n, pick in enumerate(data.picks, start=1) if _says(pick.reason) < LEAST_REASON]
    if short:
        said.append(f"第 {_places(short)} 件还没有写清理由：对着需求说为什么合适，不少于 8 个字。")
    same: dict[str, list[int]] = defaultdict(list)
    for place, pick in enumerate(data.picks, start=1):
        same["".join(pick.reason.split())].append(place)
    for text, places in same.items():
        if text and len(places) > 1 and places[0] not in short:
            said.append(f"第 {_places(places)} 件的理由一模一样，请逐件写。")
    if said:
        problems.setdefault("picks", []).extend(said)
    return problems


def _says(text: str) -> int:
    return sum(ch.isalnum() for ch in text)


def _places(places: list[int]) -> str:
    return "、".join(map(str, places))
