"""Which sums of a pool licence are covered: what is due first, in the order of their days."""

from __future__ import annotations

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
    # While a dispute kept it still: from a day, and before a day when it is over.
    rests: tuple[date, date | None] | None = None

    def turn(self, day: date) -> int:
        """Its turn among others when money comes that day; the lowest is covered first.

        What is due comes before what is not (CC560), and what a dispute keeps still after what
        nobody disputes: who pays the one does not give up the other.
        """
        still = False
        if self.rests is not None:
            since, until = self.rests
            still = since <= day and (until is None or day < until)
        return 2 * (self.due_on > day) + still


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
    found: list[list[tuple[date, Decimal]]] = [[] for _due in dues]
    left = [max(due.amount, ZERO) for due in dues]
    less = sum((-due.amount for due in dues if due.amount < 0), ZERO)

    def take(place: int, day: date, there: Decimal) -> Decimal:
        """Cover a sum as far as this goes; what is left of it."""
        if part := min(left[place], there):
            found[place].append((day, part))
            left[place] -= part
        return there - part

    for place, due in enumerate(dues):
        less = take(place, due.due_on, less)
    for day, amount in sorted(received):
        rest = amount
        for place in sorted(range(len(dues)), key=lambda n: dues[n].turn(day)):
            rest = take(place, day, rest)
    return found
