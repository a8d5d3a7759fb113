"""Which sums of a pool licence are covered: money covers them in the order of their days."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from licensing.rules.fees import FeePart, PartKind

ZERO = Decimal(0)
# One price for everyone, reckoned without anybody's word for an event.
NOT_IN_POOLS = frozenset({PartKind.MILESTONE, PartKind.EQUITY})
NO_EVENTS = (
    "专利池的标准条款对所有企业相同，由平台按日期和申报计算，"
    "不能约定里程碑款、股权或以事件起算的款项；请改用定额、分期或提成。"
)


@dataclass(frozen=True, slots=True)
class Sum:
    """A sum owed; below zero it is what a correction no longer asks for."""

    amount: Decimal
    due_on: date


def terms_errors(parts: Sequence[FeePart]) -> list[str]:
    """Why standard terms of a pool cannot be made of these parts."""
    found = any(part.kind in NOT_IN_POOLS or part.trigger.strip() for part in parts)
    return [NO_EVENTS] if found else []


def cover(
    dues: Sequence[Sum], received: Sequence[tuple[date, Decimal]]
) -> list[list[tuple[date, Decimal]]]:
    """For each sum what covers it, with its day: corrections first, then money as it came.

    The dues come in the order of their days. A correction counts from the day the sum fell due,
    so that nothing bears interest that was never owed. Sums below zero are covered by nothing.
    """
    less = sum((-due.amount for due in dues if due.amount < 0), ZERO)
    money = deque(sorted(received))
    found: list[list[tuple[date, Decimal]]] = []
    for due in dues:
        taken: list[tuple[date, Decimal]] = []
        left = max(due.amount, ZERO)
        if part := min(left, less):
            taken.append((due.due_on, part))
            less, left = less - part, left - part
        while left > 0 and money:
            day, amount = money.popleft()
            part = min(left, amount)
            taken.append((day, part))
            left -= part
            if part < amount:
                money.appendleft((day, amount - part))
        found.append(taken)
    return found
