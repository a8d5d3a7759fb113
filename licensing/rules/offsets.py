"""Set-off 抵销 of a settlement's sum against fees due: both parties say so, of equal money.

CC569: debts of different sorts may be set off where the parties agree; those of one sort, as here,
all the more (CC568 lets one side do it alone, which the platform does not do for anybody). What is
set off is no more than either debt still is.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from enum import StrEnum

from licensing.rules.fees import exact_text, yuan

ARTICLE = "民法典第五百六十八条、第五百六十九条"


class OffsetStatus(StrEnum):
    """Where one proposal to set off stands."""

    PROPOSED = "proposed"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    LAPSED = "lapsed"


_S = OffsetStatus
OFFSET_MOVES: Mapping[str, tuple[frozenset[OffsetStatus], OffsetStatus]] = {
    "accept": (frozenset({_S.PROPOSED}), _S.ACCEPTED),
    "refuse": (frozenset({_S.PROPOSED}), _S.REFUSED),
    "withdraw": (frozenset({_S.PROPOSED}), _S.WITHDRAWN),
    "lapse": (frozenset({_S.PROPOSED}), _S.LAPSED),
}
OFFSET_LABELS: Mapping[OffsetStatus, str] = {
    _S.PROPOSED: "待对方答复",
    _S.ACCEPTED: "已抵销",
    _S.REFUSED: "未同意",
    _S.WITHDRAWN: "已撤回",
    _S.LAPSED: "已失效",
}


def amount_errors(amount: Decimal, *, owed: Decimal, due: Decimal) -> dict[str, list[str]]:
    """Why so much cannot be set off against what either side still owes."""
    if not amount.is_finite() or amount <= 0 or amount != yuan(amount):
        return {"amount": ["请填写大于 0、最多两位小数的金额。"]}
    if amount > owed:
        return {"amount": [f"协议款项只剩 {exact_text(owed)} 未付，请核对。"]}
    if amount > due:
        return {"amount": [f"这笔许可费只剩 {exact_text(due)} 未付，请核对。"]}
    return {}
