"""Disclosing an invention made on duty 职务发明披露: its steps, what to say, what is still new.

Nothing here decides: the office does. The rules say what is missing and what the law makes of a
disclosure to the public before filing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum

from core.days import add_months

GRACE_MONTHS = 6
LEAST_TITLE = 4
LEAST_TEXT = 20
LONGEST_TEXT = 20_000
MOST_CONTRIBUTORS = 20
MOST_PUBLICATIONS = 10
MOST_FILES = 10
WHOLE = Decimal(100)


class DisclosureStatus(StrEnum):
    """Where a disclosure stands."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    EVALUATING = "evaluating"
    DECIDED = "decided"
    FILED = "filed"
    WITHDRAWN = "withdrawn"


class Decision(StrEnum):
    """What the office does with the invention."""

    FILE = "file"
    SECRET = "secret"
    PUBLISH = "publish"
    DECLINE = "decline"


_DRAFT, _SUBMITTED = DisclosureStatus.DRAFT, DisclosureStatus.SUBMITTED
_EVALUATING, _DECIDED = DisclosureStatus.EVALUATING, DisclosureStatus.DECIDED
MOVES: dict[str, tuple[frozenset[DisclosureStatus], DisclosureStatus]] = {
    "submit": (frozenset({_DRAFT}), _SUBMITTED),
    "withdraw": (frozenset({_DRAFT, _SUBMITTED}), DisclosureStatus.WITHDRAWN),
    "take": (frozenset({_SUBMITTED}), _EVALUATING),
    "send_back": (frozenset({_SUBMITTED, _EVALUATING}), _DRAFT),
    "decide": (frozenset({_EVALUATING}), _DECIDED),
    "apply": (frozenset({_DECIDED}), DisclosureStatus.FILED),
}


class PublicationKind(StrEnum):
    """How something reached the public. The first four are those of Patent Law article 24."""

    EMERGENCY = "emergency"
    EXHIBITION = "exhibition"
    CONFERENCE = "conference"
    LEAK = "leak"
    PAPER = "paper"
    DEFENCE = "defence"
    SALE = "sale"
    ONLINE = "online"
    OTHER = "other"


PUBLICATION_WORDS: dict[PublicationKind, str] = {
    PublicationKind.PAPER: "论文、预印本",
    PublicationKind.DEFENCE: "学位论文、公开答辩",
    PublicationKind.ONLINE: "网站、公众号、开源",
    PublicationKind.SALE: "销售、试用、招标",
    PublicationKind.CONFERENCE: "规定的学术或技术会议首次发表",
    PublicationKind.EXHIBITION: "中国政府主办或承认的国际展览会首次展出",
    PublicationKind.LEAK: "他人未经同意泄露",
    PublicationKind.EMERGENCY: "紧急状态下为公共利益首次公开",
    PublicationKind.OTHER: "其他公开",
}
IN_GRACE = frozenset(
    {
        PublicationKind.EMERGENCY,
        PublicationKind.EXHIBITION,
        PublicationKind.CONFERENCE,
        PublicationKind.LEAK,
    }
)


@dataclass(frozen=True, slots=True)
class Contributor:
    """Somebody who made a creative contribution, with the share agreed among them."""

    name: str
    share: Decimal
    employer: str = ""


@dataclass(frozen=True, slots=True)
class Publication:
    """One disclosure to the public, past or planned."""

    kind: PublicationKind
    on: date
    where: str = ""


@dataclass(frozen=True, slots=True)
class DisclosureInput:
    """What an inventor says of an invention."""

    title: str = ""
    novelty: str = ""
    problem: str = ""
    how: str = ""
    results: str = ""
    funding_project: str = ""
    contributors: tuple[Contributor, ...] = ()
    publications: tuple[Publication, ...] = field(default_factory=tuple)


def unstorable(data: DisclosureInput) -> dict[str, list[str]]:
    """What not even a draft can hold, by field."""
    found: dict[str, list[str]] = {}
    if not data.title.strip():
        found["title"] = ["请写一个名称，例如“低温下快速加热电池的办法”。"]
    for name in ("novelty", "problem", "how", "results"):
        if len(getattr(data, name)) > LONGEST_TEXT:
            found[name] = [f"最多 {LONGEST_TEXT} 字，请精简，细节可放在附件里。"]
    names = [person.name.strip() for person in data.contributors]
    if not all(names):
        found["contributors"] = ["每位贡献人都要写姓名。"]
    elif len(set(names)) < len(names):
        found["contributors"] = ["有两行是同一个人，请合并成一行。"]
    elif any(not 0 < person.share <= WHOLE for person in data.contributors):
        found["contributors"] = ["每人的贡献比例应大于 0、不超过 100。"]
    if len(names) > MOST_CONTRIBUTORS:
        found["contributors"] = [f"最多 {MOST_CONTRIBUTORS} 位贡献人。"]
    if len(data.publications) > MOST_PUBLICATIONS:
        found["publications"] = [f"最多 {MOST_PUBLICATIONS} 条公开记录。"]
    return found


def unfinished(data: DisclosureInput) -> dict[str, list[str]]:
    """What the office needs before it can evaluate, by field."""
    found = unstorable(data)
    if 0 < len(data.title.strip()) < LEAST_TITLE:
        found["title"] = ["名称太短，看不出是什么技术。"]
    asked = {
        "novelty": "和现在最好的办法比，新在哪里？",
        "problem": "解决什么问题、对谁要紧？",
        "how": "具体怎样做到？",
    }
    for name, question in asked.items():
        if len(getattr(data, name).strip()) < LEAST_TEXT:
            found.setdefault(name, [f"请回答：{question}（不少于 {LEAST_TEXT} 字）"])
    if not data.contributors:
        found.setdefault("contributors", ["请写明每位贡献人和贡献比例。"])
    elif "contributors" not in found:
        total = sum((person.share for person in data.contributors), Decimal(0))
        if total != WHOLE:
            found["contributors"] = [f"贡献比例合计是 {total:f}%，应为 100%。"]
    return found


@dataclass(frozen=True, slots=True)
class NoveltyNote:
    """What one disclosure to the public means for the novelty of an application in China."""

    lost: bool
    message: str
    file_by: date | None = None


def novelty_notes(publications: tuple[Publication, ...], *, today: date) -> list[NoveltyNote]:
    """Patent Law articles 22 and 24: what is public is no longer new, but for four exceptions
    within six months before filing."""
    return [_note(publication, today) for publication in publications]


def _note(publication: Publication, today: date) -> NoveltyNote:
    what = f"{publication.on.isoformat()} {PUBLICATION_WORDS[publication.kind]}"
    if publication.on > today:
        return NoveltyNote(
            False, f"{what}（计划）：要在这一天之前提交申请，否则新颖性受影响。", publication.on
        )
    last = add_months(publication.on, GRACE_MONTHS)
    if publication.kind not in IN_GRACE:
        return NoveltyNote(
            True,
            f"{what}：不属于宽限期的四种情形（专利法第二十四条），已公开的内容不再具备新颖性；"
            "没有公开的改进部分仍可申请。",
        )
    if today <= last:
        return NoveltyNote(
            False,
            f"{what}：可以适用六个月宽限期（专利法第二十四条），最迟 {last.isoformat()} 提交申请，"
            "申请时要声明并附证明。许多国家没有这样的宽限期。",
            last,
        )
    return NoveltyNote(
        True, f"{what}：六个月宽限期已在 {last.isoformat()} 届满，公开的内容不再具备新颖性。"
    )


def file_by(notes: list[NoveltyNote]) -> date | None:
    """The last day on which an application still keeps what is new."""
    return min((note.file_by for note in notes if note.file_by), default=None)
