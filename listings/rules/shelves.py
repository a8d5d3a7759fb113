"""What is shown together: collections 专题库, bundles 专利组合, promotion lists 推广清单."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from listings.rules.moves import Moves

MOST_LINES = 200
LONGEST_NOTE = 300
LONGEST_QUERY = 1_000
SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]{1,38})[a-z0-9]")
RESERVED = frozenset({"new", "feed", "all"})


class CollectionStatus(StrEnum):
    DRAFT = "draft"
    PUBLISHED = "published"


class CollectionKind(StrEnum):
    """By hand, or whatever answers a saved query now."""

    CURATED = "curated"
    LIVE = "live"


class BundleStatus(StrEnum):
    DRAFT = "draft"
    LISTED = "listed"
    SUSPENDED = "suspended"
    WITHDRAWN = "withdrawn"


C, B = CollectionStatus, BundleStatus
COLLECTION_MOVES: Moves[CollectionStatus] = {
    "publish": (frozenset({C.DRAFT}), C.PUBLISHED),
    "take-down": (frozenset({C.PUBLISHED}), C.DRAFT),
}
BUNDLE_MOVES: Moves[BundleStatus] = {
    "list": (frozenset({B.DRAFT}), B.LISTED),
    "suspend": (frozenset({B.LISTED}), B.SUSPENDED),
    "resume": (frozenset({B.SUSPENDED}), B.LISTED),
    "withdraw": (frozenset({B.DRAFT, B.LISTED, B.SUSPENDED}), B.WITHDRAWN),
}
FEWEST_MEMBERS = 2
MOST_MEMBERS = 50


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a list as people type it: a number, and what they say of it."""

    place: int
    number: str
    note: str


def lines(text: str) -> list[Line]:
    """The lines that hold something: `number | note`; a full-width bar or a tab does as well."""
    found = []
    for place, raw in enumerate(text.splitlines(), start=1):
        number, _, note = re.sub(r"[｜\t]", "|", raw).partition("|")
        if number.strip() or note.strip():
            found.append(Line(place, number.strip(), " ".join(note.split())[:LONGEST_NOTE]))
    return found


def query_problem(kind: str, query: str) -> str | None:
    """Why this cannot be what a collection is filled by."""
    if kind == CollectionKind.LIVE and not query:
        return "自动更新的专题要有检索条件：在“找专利”里搜好，复制网址粘贴到这里。"
    if len(query) > LONGEST_QUERY:
        return "检索条件太长，请减少筛选值。"
    return None


def slug_problem(slug: str) -> str | None:
    """Why a short address cannot be used."""
    if not SLUG.fullmatch(slug) or slug in RESERVED or slug.isdecimal():
        return "短地址用 3 至 40 个小写字母、数字或连字符，如 water-treatment。"
    return None
