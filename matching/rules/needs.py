"""What a need should say, what of it others may read, and how long it stands. Plain Python."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

from core.days import add_months
from core.text.tokeniser import is_han
from matching.types import Ending, ListType, Metric, NeedInput, Visibility

# What a firm may release of a confidential need, in the order in which a need is read.
FIELDS = (
    "title",
    "problem",
    "situation",
    "targets",
    "tried",
    "limits",
    "industry_codes",
    "region",
    "budget",
    "deadline",
    "trl",
    "licence_modes",
    "ipc",
)
HARMLESS = ("industry_codes", "trl", "licence_modes")  # what the form proposes to release
# Fields that are shown or hidden together with the one that names them.
GOES_WITH = {"targets": ("metrics",), "industry_codes": ("industry_divisions",)}

SOLVED_BY = (Ending.PLATFORM, Ending.OUTSIDE, Ending.IN_HOUSE)
CLOSED_BY = (Ending.ABANDONED, Ending.EXPIRED, Ending.OTHER)
SHARED_LISTS = frozenset({ListType.INDUSTRY, ListType.SCENARIO})  # published by a body

MOST_METRICS = 8
LONGEST_METRIC = 40
MONTHS = 12  # how long a need stands, unless its region says otherwise
REMINDER_DAYS = 14
LONGEST_NOTE = 500


def withheld(*, is_confidential: bool, released: Collection[str]) -> frozenset[str]:
    """The fields that others may not read."""
    if not is_confidential:
        return frozenset()
    hidden = [name for name in FIELDS if name not in released]
    return frozenset(hidden) | {more for name in hidden for more in GOES_WITH.get(name, ())}


def released_of(data: NeedInput) -> list[str]:
    """What is released, in reading order; nothing to release where nothing is confidential.

    Who sees it because of its industry knows its industry.
    """
    if not data.is_confidential:
        return []
    chosen = set(data.released)
    if data.visibility is Visibility.INDUSTRY:
        chosen.add("industry_codes")
    return [name for name in FIELDS if name in chosen]


def wrong_with_details(need: NeedInput) -> dict[str, list[str]]:
    """What is wrong with targets and releases, by field."""
    problems: dict[str, list[str]] = {}
    if len(need.metrics) > MOST_METRICS:
        problems["metrics"] = [f"最多填 {MOST_METRICS} 项指标，请保留最重要的几项。"]
    for row in need.metrics:
        problems.setdefault("metrics", []).extend(_wrong_with_metric(row))
    if unknown := sorted(set(need.released) - set(FIELDS)):
        problems["released"] = [f"不能公开“{'、'.join(unknown)}”：没有这个栏目。"]
    return {name: found for name, found in problems.items() if found}


def _wrong_with_metric(row: Metric) -> list[str]:
    name = row.metric or "未写名称的指标"
    if not row.metric:
        return ["有一项指标没有写名称，请补上，例如“升温时间”。"]
    if not re.search(r"\d", row.wanted):
        return [f"“{name[:20]}”的目标值里没有数字，请写成“≤10”这样的数。"]
    if max(len(row.metric), len(row.wanted), len(row.now), len(row.unit)) > LONGEST_METRIC:
        return [f"“{name[:20]}…”太长，每格最多 {LONGEST_METRIC} 个字；说明请写在“目标指标”里。"]
    return []


def is_foreign(*texts: str) -> bool:
    """Whether nothing of it is Chinese, so that it meets hardly any of the patents on the board."""
    return not any(is_han(character) for text in texts for character in text)


# --- completeness ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Part:
    """One thing a good need says, what it is worth, and how to say it."""

    field: str
    points: int
    done: bool
    help: str


def completeness(need: NeedInput) -> list[Part]:
    """What is said and what would help, in points that sum to 100."""
    problem = len(need.problem.strip())
    said = [
        ("title", 5, len(need.title.strip()) >= 8, "名称写清对象和目的，至少 8 个字。"),
        ("problem", 15, problem >= 10, "用一两句话写明现在怎么做、哪里不行。"),
        ("problem", 15, problem >= 60, "多写几句：在什么条件下出问题、已经到什么程度。"),
        ("industry_codes", 10, bool(need.industry_codes), "选择所属行业，用来与专利分类对照。"),
        ("metrics", 15, bool(need.metrics), "至少写一项带数字的指标：现在多少，要到多少。"),
        ("tried", 10, len(need.tried.strip()) >= 10, "写明试过什么、为什么不行，避免重复推荐。"),
        ("limits", 8, len(need.limits.strip()) >= 5, "写明不能改变的条件，如尺寸、温度、成本。"),
        ("situation", 7, len(need.situation.strip()) >= 10, "写明用在哪里、一年用多少。"),
        ("budget", 5, need.budget is not None, "给出预算，报价超出的会排在后面。"),
        ("licence_modes", 5, bool(need.licence_modes), "选择可以接受的方式，如开放许可、转让。"),
        ("trl", 3, need.trl is not None, "选择至少要到什么成熟度。"),
        ("deadline", 2, need.deadline is not None, "写明什么时候要用上。"),
    ]
    return [Part(*row) for row in said]


def points(parts: Collection[Part]) -> int:
    """How complete a need is, of 100."""
    return sum(part.points for part in parts if part.done)


# --- standing and ending ---------------------------------------------------------------------


def expiry(*, today: date, deadline: date | None, months: int) -> date:
    """The last day on which a need opened today stands: its deadline, or so many months on."""
    longest = add_months(today, months)
    return min(deadline, longest) if deadline is not None and deadline >= today else longest


def wrong_with_ending(ending: Ending, *, move: str, patent_id: int | None) -> dict[str, list[str]]:
    """Why a need cannot end like this, by field."""
    fits = SOLVED_BY if move == "solve" else CLOSED_BY
    if ending not in fits:
        return {"ending": ["这个结果与办理的事项不符，请重新选择。"]}
    if (ending is Ending.PLATFORM) != (patent_id is not None):
        said = "请选择是哪一件专利解决的。" if patent_id is None else "只有平台上的专利才需要选择。"
        return {"patent_id": [said]}
    return {}


def move_of(ending: Ending) -> str:
    """The move by which a need ends like this."""
    return "solve" if ending in SOLVED_BY else "close"
