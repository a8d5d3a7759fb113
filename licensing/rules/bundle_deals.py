"""A bundle 专利组合 taken as one deal: all its members or none, one price split among them."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from licensing.rules.fees import FEN, yuan

FEWEST = 2
WHOLE = "组合作为一个整体洽谈，没有障碍的成员不能单独去掉；只要其中几件的，请到专利页分别洽谈。"
TOO_FEW = "去掉以后只剩一件，不再是组合。请终止这笔洽谈，到专利页按单件洽谈。"


def split_evenly(total: Decimal, parts: int) -> tuple[Decimal, ...]:
    """The sum in equal parts to the fen; the fen that are left go to the first ones."""
    fen = int(total / FEN)
    each, left = divmod(fen, parts)
    return tuple((each + (1 if place < left else 0)) * FEN for place in range(parts))


def share_problem(shares: Sequence[Decimal], *, patents: int, total: Decimal) -> str:
    """What is wrong with how the price is split; empty when it adds up."""
    if not shares:
        return ""
    if not total:
        return "条款里没有写明金额的款项，价格分摊请留空；提成按整个组合计算。"
    if len(shares) != patents:
        return f"组合现有 {patents} 件专利，分摊写了 {len(shares)} 件，请每件写一行。"
    if any(not s.is_finite() or s < 0 or s != yuan(s) for s in shares):
        return "每件分摊的金额应不小于 0，最多两位小数。"
    if (said := sum(shares, Decimal(0))) != total:
        return f"各件分摊合计 {said:,.2f} 元，价格是 {total:,.2f} 元，相差 {total - said:,.2f} 元。"
    return ""
