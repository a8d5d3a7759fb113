"""An enrolment drive 盘点动员: which steps an invited institution may take, and what is left.

Counts come out of the stock; only the total that an institution answers for is declared.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Final

REMINDED_BEFORE: Final = (7, 1)
"""Days before the end at which the platform reminds by itself."""
LONGEST: Final = timedelta(days=366)
MOST_INVITED: Final = 1_000
MOST_DECLARED: Final = 1_000_000


class DriveState(StrEnum):
    """Where a drive stands."""

    OPEN = "open"
    CLOSED = "closed"


class TaskState(StrEnum):
    """Where an invited institution stands."""

    INVITED = "invited"
    STARTED = "started"
    DONE = "done"
    EXCUSED = "excused"


_I, _S, _D, _E = TaskState.INVITED, TaskState.STARTED, TaskState.DONE, TaskState.EXCUSED
MOVES: Final[dict[str, tuple[frozenset[TaskState], TaskState]]] = {
    "start": (frozenset({_I}), _S),
    "confirm": (frozenset({_S}), _D),
    "excuse": (frozenset({_I, _S}), _E),
    "reopen": (frozenset({_D, _E}), _S),
}
OUTSTANDING: Final = frozenset({_I, _S})


class IllegalStep(Exception):
    """This state does not allow this step."""


def after(state: str, move: str) -> TaskState:
    """The state that `move` leads to, or IllegalStep."""
    sources, target = MOVES[move]
    if state not in sources:
        raise IllegalStep(f"A task that is {state} cannot {move}.")
    return target


def steps() -> list[tuple[str, str]]:
    """Every step of the table, for the database's trigger."""
    return sorted((s.value, target.value) for sources, target in MOVES.values() for s in sources)


@dataclass(frozen=True, slots=True)
class Stock:
    """What of an institution lies in the library: valid patents, and those decided upon."""

    valid: int = 0
    decided: int = 0
    unverified: int = 0

    @property
    def undecided(self) -> int:
        return self.valid - self.decided


def coverage(stock: Stock, declared: int | None) -> Decimal | None:
    """The share of the declared patents with a decision, at most 1; None while none is declared."""
    if declared is None:
        return None
    share = Decimal(stock.decided) / declared if declared else Decimal(1)
    return min(Decimal(1), share).quantize(Decimal("0.0001"))


def left(stock: Stock, declared: int | None) -> int:
    """How many patents still want taking in or deciding upon."""
    missing = max(0, declared - stock.valid) if declared is not None else 0
    return missing + stock.undecided


def confirm_problems(stock: Stock, declared: int | None, shortfall: str) -> list[str]:
    """Everything that stands against the confirmation 盘点完成, each with what to do."""
    if declared is None:
        return ["还没有申报本单位的有效专利总数。请先填写总数，再确认完成。"]
    found = []
    if declared < stock.valid:
        found.append(
            f"申报总数 {declared} 件少于库中已登记的有效专利 {stock.valid} 件。请更正申报总数。"
        )
    if stock.undecided:
        found.append(
            f"还有 {stock.undecided} 件有效专利没有盘点结论（入库或归档）。"
            "请到专利库逐件处理，或批量入库。"
        )
    if not found and stock.decided < declared and not shortfall:
        gap = declared - stock.decided
        found.append(
            f"申报 {declared} 件，库中有结论的 {stock.decided} 件，差 {gap} 件。"
            "请补充导入；确实不能导入的，写明原因后再确认。"
        )
    return found


def period_problems(starts_on: date, ends_on: date, today: date) -> dict[str, list[str]]:
    """What is wrong with the days of a drive."""
    found: dict[str, list[str]] = {}
    if starts_on - today > LONGEST:
        found["starts_on"] = ["开始日最晚在一年之内，请核对年份。"]
    if ends_on < starts_on:
        found["ends_on"] = ["截止日不能早于开始日。"]
    elif ends_on - starts_on > LONGEST:
        found["ends_on"] = ["一次动员最长一年，请缩短或分几次开展。"]
    elif ends_on <= today:
        found["ends_on"] = ["截止日要晚于今天，否则受邀单位来不及盘点。"]
    return found


def reminder_due(ends_on: date, today: date, starts_on: date) -> int | None:
    """Which automatic reminder is due today: the nearest of 7 and 1 days before the end that has
    been reached; None before the first and after the end."""
    days = (ends_on - today).days
    if days < 0 or today < starts_on:
        return None
    return min((n for n in REMINDED_BEFORE if days <= n), default=None)


def overall(rows: Iterable[tuple[Stock, int | None, str]]) -> dict[str, int]:
    """The sums of a drive; excused institutions answer for nothing."""
    found = {"invited": 0, "started": 0, "done": 0, "excused": 0, "declared": 0, "valid": 0}
    found["decided"] = found["counted"] = 0
    for stock, declared, state in rows:
        found[state] += 1
        if state == TaskState.EXCUSED:
            continue
        found["valid"] += stock.valid
        found["decided"] += stock.decided
        if declared is not None:
            found["declared"] += declared
            found["counted"] += min(stock.decided, declared)
    return found
