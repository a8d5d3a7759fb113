"""Terminations 终止 before the term: by agreement, or by one side's notice on a ground.

A notice is a declaration to the other side (CC565). For sums not paid and for breach it gives a
time to mend; what is mended in time ends nothing (CC563). Where the patent is gone, the purpose
cannot be reached any more and the notice works on the day it is served.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from enum import StrEnum

GRACE_DAYS, ANSWER_DAYS = 30, 15  # where the region setting says nothing


class Ground(StrEnum):
    """Why a licence ends early."""

    AGREEMENT = "agreement"
    NON_PAYMENT = "non_payment"
    BREACH = "breach"
    PATENT = "patent"


class TerminationStatus(StrEnum):
    """Where a termination stands."""

    PROPOSED = "proposed"
    NOTICED = "noticed"
    OBJECTED = "objected"
    AGREED = "agreed"
    DONE = "done"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    MENDED = "mended"
    LAPSED = "lapsed"


_S, _G = TerminationStatus, Ground
TERMINATION_LABELS: Mapping[TerminationStatus, str] = {
    _S.PROPOSED: "待对方同意",
    _S.NOTICED: "已通知，待生效",
    _S.OBJECTED: "对方有异议",
    _S.AGREED: "已同意，待生效",
    _S.DONE: "已终止",
    _S.REFUSED: "未同意",
    _S.WITHDRAWN: "已撤回",
    _S.MENDED: "已补救",
    _S.LAPSED: "已失效",
}
GROUND_LABELS: Mapping[Ground, str] = {
    _G.AGREEMENT: "双方协商一致",
    _G.NON_PAYMENT: "逾期不付款，经催告仍未支付",
    _G.BREACH: "违反约定，逾期不改正",
    _G.PATENT: "专利权失效或被宣告无效",
}
ARTICLES: Mapping[Ground, str] = {
    _G.AGREEMENT: "民法典第五百六十二条",
    _G.NON_PAYMENT: "民法典第五百六十三条第一款第三项、第八百七十三条",
    _G.BREACH: "民法典第五百六十三条第一款第三项",
    _G.PATENT: "民法典第五百六十三条第一款、专利法第四十七条",
}
TERMINATION_MOVES: Mapping[str, tuple[frozenset[TerminationStatus], TerminationStatus]] = {
    "agree": (frozenset({_S.PROPOSED}), _S.AGREED),
    "refuse": (frozenset({_S.PROPOSED}), _S.REFUSED),
    "object": (frozenset({_S.NOTICED}), _S.OBJECTED),
    "drop_objection": (frozenset({_S.OBJECTED}), _S.NOTICED),
    "mend": (frozenset({_S.NOTICED, _S.OBJECTED}), _S.MENDED),
    "withdraw": (frozenset({_S.PROPOSED, _S.NOTICED, _S.OBJECTED}), _S.WITHDRAWN),
    "lapse": (frozenset({_S.PROPOSED, _S.NOTICED, _S.OBJECTED, _S.AGREED}), _S.LAPSED),
    "take_effect": (frozenset({_S.NOTICED, _S.AGREED}), _S.DONE),
}
OPEN = frozenset({_S.PROPOSED, _S.NOTICED, _S.OBJECTED, _S.AGREED})
TIMED = frozenset({_S.NOTICED, _S.AGREED})
VERDICTS: Mapping[str, str] = {
    "agree": "agree",
    "refuse": "refuse",
    "object": "object",
    "drop": "drop_objection",
}
"""What the other side may say, and the move it is."""
KEPT_KINDS = frozenset({"running", "milestone", "deferred", "interest", "settlement"})
"""Sums for what was done already: they stay due whenever they fall due (CC566, 567)."""


def first_status(ground: Ground) -> TerminationStatus:
    """An agreement waits for the other side; a notice runs by itself."""
    return _S.PROPOSED if ground is _G.AGREEMENT else _S.NOTICED


def effective_on(ground: Ground, *, today: date, wished: date | None, grace_days: int) -> date:
    """The first day without the licence."""
    if ground is _G.AGREEMENT:
        return max(wished or today, today)
    if ground is _G.PATENT:
        return today
    return today + timedelta(days=grace_days)


def why(ground: Ground, *, served_on: date, on: date) -> str:
    """How that day came about."""
    day, article = f"{on:%Y-%m-%d}", ARTICLES[ground]
    if ground is _G.AGREEMENT:
        return f"双方同意自 {day} 起终止。依据：{article}。"
    if ground is _G.PATENT:
        return f"专利权已不再有效，合同目的不能实现；通知于 {day} 送达，当日终止。依据：{article}。"
    days = (on - served_on).days
    return (
        f"通知于 {served_on:%Y-%m-%d} 送达，给予 {days} 天补救；到 {day} 仍未补救的，自该日起终止。"
        f"依据：{article}、第五百六十五条。"
    )


def money_words(ground: Ground, *, invalid: bool, releases: bool) -> str:
    """What becomes of the sums."""
    if ground is _G.PATENT and invalid:
        return (
            "已付的费用不退：宣告无效的决定对已经履行的许可合同没有追溯力；权利人有恶意的应赔偿，"
            "不退还明显违反公平原则的，应全部或部分退还（专利法第四十七条第二、三款）。尚未到期的款项不再支付。"
        )
    if ground is _G.PATENT:
        return "失效以前的许可费照付，已付的不退；尚未到期的款项不再支付（民法典第五百六十六条）。"
    later = (
        "终止日以后到期的款项不再支付，已经使用而约定后付的除外"
        if releases
        else "终止日以后到期的款项仍按约定支付"
    )
    earlier = "终止日以前到期的款项和逾期利息照付，已付的不退"
    return f"{earlier}；{later}（民法典第五百六十六、五百六十七条）。"


def answer_by(served_on: date, days: int, *, on: date) -> date:
    """The last day of the other side's time to answer: not after the day it is to work."""
    return max(served_on, min(served_on + timedelta(days=days), on))


def wish_errors(wished: date | None, *, today: date, ends_on: date) -> list[str]:
    """What is wrong with the day that the parties want."""
    if wished is None:
        return ["请填写双方商定的终止日。"]
    if wished < today:
        return ["终止日不能早于今天；以前的使用照约定付费。"]
    if wished > ends_on:
        return [f"许可到 {ends_on:%Y-%m-%d} 期满，终止日要在期满之前。"]
    return []
