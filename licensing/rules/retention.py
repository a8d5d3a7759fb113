"""How long the words of a talk that came to nothing are kept 留存期限.

The record of a transaction is kept for three years from its end (E-commerce Law art. 31), as long
as claims out of it run (Civil Code art. 188). After that nothing needs the words of those who
talked, and what may name people is to be deleted (PIPL arts. 19 and 47): wishes, messages, remarks,
reasons, papers. Who talked with whom about which patent, when, and on what sums stays; so does
every contract.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta

from core.days import add_months, begins, legal_day
from licensing.rules.deals import DealStatus

FOR_NOTHING = frozenset({DealStatus.DECLINED, DealStatus.WITHDRAWN})
KEPT_MONTHS = 36
TOLD_BEFORE = timedelta(days=30)
CLEARED = "保存期满，内容已清除"


def kept_until(closed_at: datetime, told_at: datetime | None = None) -> date:
    """The last day on which the words of a talk that ended then are kept.

    Whoever was told late, after a long rest of ours, has a month from that day on all the same.
    """
    by_law = add_months(legal_day(closed_at), KEPT_MONTHS)
    return by_law if told_at is None else max(by_law, legal_day(told_at + TOLD_BEFORE))


def over_before(today: date) -> datetime:
    """Talks that ended before this moment are past their time today."""
    return begins(add_months(today, -KEPT_MONTHS))


def told_before(today: date) -> datetime:
    """Whose sides were told before this moment have had their month, to the end of its last day."""
    return begins(today) - TOLD_BEFORE
