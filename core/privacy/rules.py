"""How a forgotten person is taken out of texts that stay.

An address or a telephone number of theirs goes wherever it stands. A name is more often somebody
else's word (张江, 和平): in free text it goes only where it plainly names a person to turn to.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

NOBODY = "已注销用户"
GONE = "（联系方式已删除）"

CUES = "联系人|负责人|经办人|对接人|请联系|可联系|联系|请找|致电|咨询|收件人|参加人"
TITLES = "先生|女士|小姐|老师|教授|博士|院长|所长|主任|经理|总监|工程师|同学"
PHONE = r"(?:\+?86[\s-]?)?(?:1\d{2}[\s-]?\d{4}[\s-]?\d{4}|0\d{2,3}[\s-]?\d{7,8})(?:转\d{1,5})?"
# Headings of a list, or keys of a document, under which somebody to turn to is written.
HEADINGS = re.compile("联系|电话|手机|邮箱|contact|phone|e-?mail", re.IGNORECASE)
SHORTEST_NUMBER = 7
NOTHING = r"$^\b"  # a pattern that no text fits, for Python and PostgreSQL alike

Cleaner = Callable[[str, "Known"], str]


@dataclass(frozen=True, slots=True)
class Known:
    """Under what a forgotten person is known, and where they belonged."""

    user_id: int
    names: tuple[str, ...]
    addresses: tuple[str, ...]
    numbers: tuple[str, ...] = ()
    organisations: tuple[int, ...] = ()

    @classmethod
    def of(cls, user_id: int, told: Mapping[str, Any]) -> Known:
        """From what was written down when the account was closed."""
        return cls(
            user_id,
            tuple(told["names"]),
            tuple(told["addresses"]),
            tuple(told["numbers"]),
            tuple(told["organisations"]),
        )

    @property
    def ways(self) -> str:
        """A pattern, the same for Python and PostgreSQL: their addresses and numbers."""
        numbers = [
            digits for n in self.numbers if len(digits := re.sub(r"\D", "", n)) >= SHORTEST_NUMBER
        ]
        return "|".join(
            [re.escape(a).replace(r"\-", "-") for a in sorted(self.addresses) if "@" in a]
            + ["[ -]*".join(digits) for digits in sorted(numbers)]
        )

    @property
    def anything(self) -> str:
        """A pattern that finds every text that may be about them."""
        return "|".join(part for part in (self.ways, self.called) if part) or NOTHING

    @property
    def called(self) -> str:
        """A pattern of their names, the longest first; "" when there is none to go by."""
        known = sorted({n for n in self.names if len(n) > 1}, key=lambda n: (-len(n), n))
        return "|".join(re.escape(name).replace(r"\-", "-") for name in known)


def without_ways(text: str, known: Known) -> str:
    """Addresses and numbers taken out."""
    return re.sub(known.ways, GONE, text, flags=re.IGNORECASE) if known.ways else text


def line(text: str, known: Known) -> str:
    """A line that says whom to turn to: empty when it is this person."""
    return "" if re.search(known.anything, text, re.IGNORECASE) else text


def everywhere(text: str, known: Known) -> str:
    """A short text about people: the name goes wherever it stands."""
    text = without_ways(text, known)
    return re.sub(known.called, NOBODY, text) if known.called else text


def prose(text: str, known: Known) -> str:
    """Free text: ways to reach them go; the name where it stands as somebody to turn to."""
    text = without_ways(text, known)
    if not known.called:
        return text
    name = f"(?:{known.called})"
    reach = rf"(?:{PHONE}|{re.escape(GONE)})"
    text = re.sub(rf"{name}((?:{TITLES})?)[\s，,、：:（(]{{0,3}}{reach}", NOBODY + GONE, text)
    text = re.sub(rf"((?:{CUES})[\s：:]*){name}", rf"\1{NOBODY}", text)
    return re.sub(rf"{name}(?=(?:{TITLES}))", NOBODY, text)


def inside(value: Any, known: Known, how: Cleaner) -> Any:
    """The same through a document or a list; lines under a heading of contacts are emptied."""
    if isinstance(value, str):
        return how(value, known)
    if isinstance(value, list):
        return [inside(item, known, how) for item in value]
    if isinstance(value, dict):
        return {
            key: inside(item, known, line if HEADINGS.search(str(key)) else how)
            for key, item in value.items()
        }
    return value
