"""State-owned equity from patents, assessed as a whole and once a year, never case by case."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from core.money import yuan

ARTICLE = "专利转化运用专项行动方案第五项：作价入股形成的国有股权年度整体考核"


class SheetStatus(StrEnum):
    """Where a yearly sheet stands."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    DECIDED = "decided"


_S = SheetStatus
SHEET_MOVES: Mapping[str, tuple[frozenset[SheetStatus], SheetStatus]] = {
    "submit": (frozenset({_S.DRAFT}), _S.SUBMITTED),
    "send_back": (frozenset({_S.SUBMITTED}), _S.DRAFT),
    "decide": (frozenset({_S.SUBMITTED}), _S.DECIDED),
}
SHEET_LABELS: Mapping[SheetStatus, str] = {
    _S.DRAFT: "填报中",
    _S.SUBMITTED: "待考核",
    _S.DECIDED: "已考核",
}


class Verdict(StrEnum):
    """The result for the whole of the stakes."""

    KEPT = "kept"
    EXCUSED = "excused"
    LOST = "lost"


VERDICT_LABELS: Mapping[Verdict, str] = {
    Verdict.KEPT: "整体保值增值",
    Verdict.EXCUSED: "整体有减损，已尽职，不追责",
    Verdict.LOST: "整体有减损，需要整改",
}


@dataclass(frozen=True, slots=True)
class Line:
    """One stake in a year: what it was worth, what came to it and went off, what it gave."""

    opening: Decimal
    increase: Decimal
    decrease: Decimal
    received: Decimal  # dividends and proceeds of sale that came in

    @property
    def closing(self) -> Decimal:
        """What it is worth at the end of the year."""
        return self.opening + self.increase - self.decrease


@dataclass(frozen=True, slots=True)
class Whole:
    """All stakes together: the only thing that is assessed."""

    opening: Decimal
    increase: Decimal
    decrease: Decimal
    received: Decimal
    closing: Decimal

    @property
    def change(self) -> Decimal:
        """What the year brought, with what was received."""
        return self.closing + self.received - self.opening

    @property
    def is_kept(self) -> bool:
        """Whether the whole kept its value; a single loss does not matter."""
        return self.change >= 0


def whole(lines: Iterable[Line]) -> Whole:
    """The lines added up."""
    rows: Sequence[Line] = list(lines)

    def total(name: str) -> Decimal:
        return sum((getattr(row, name) for row in rows), Decimal(0))

    return Whole(*(total(n) for n in ("opening", "increase", "decrease", "received", "closing")))


def line_problems(line: Line) -> list[str]:
    """What is wrong with one line."""
    values = (line.opening, line.increase, line.decrease, line.received)
    if any(value < 0 for value in values):
        return ["金额不能为负数：减少的写在“减少”栏。"]
    if line.closing < 0:
        return ["减少的不能多于年初加增加的。"]
    return []


def verdict_problem(verdict: str, result: Whole) -> str:
    """Why this result does not fit the numbers; "" when it does."""
    if verdict not in VERDICT_LABELS:
        return "请选择考核结论。"
    if result.is_kept and verdict != Verdict.KEPT:
        return "整体没有减损，结论应为“整体保值增值”；不因单个项目亏损作否定评价。"
    if not result.is_kept and verdict == Verdict.KEPT:
        return f"整体减损 {yuan(-result.change)}，结论不能是“整体保值增值”。"
    return ""
