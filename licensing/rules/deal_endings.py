"""How a contract that grants no licence ends before it is performed: transfers, shares, work.

A licence has its own ends (`terminations`), and a settled contract is over by being performed
(CC557). The course of an ending is that of `terminations`: proposed and agreed, or noticed.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from enum import StrEnum

from licensing.rules.deal_kinds import Effect
from licensing.rules.deals import DealStatus
from licensing.rules.terminations import TerminationStatus

ENDABLE = frozenset({DealStatus.SIGNED, DealStatus.REGISTERED})
PERFORMED = (
    "已结清的合同已经履行完毕（民法典第五百五十七条），没有可以终止的。"
    "要把专利转回的，请另办一笔转让。"
)


class DealGround(StrEnum):
    """Why such a contract ends."""

    AGREEMENT = "agreement"
    BREACH = "breach"
    PATENT = "patent"
    MADE_PUBLIC = "made_public"


_G = DealGround
GROUND_LABELS: Mapping[DealGround, str] = {
    _G.AGREEMENT: "双方协商一致",
    _G.BREACH: "违反约定，逾期不改正",
    _G.PATENT: "登记前专利权失效或被宣告无效",
    _G.MADE_PUBLIC: "要开发的技术已由他人公开",
}
ARTICLES: Mapping[DealGround, str] = {
    _G.AGREEMENT: "民法典第五百六十二条",
    _G.BREACH: "民法典第五百六十三条第一款第三项",
    _G.PATENT: "民法典第五百六十三条第一款、专利法第四十七条",
    _G.MADE_PUBLIC: "民法典第八百五十七条",
}
PROVED = frozenset({_G.BREACH, _G.MADE_PUBLIC})
"""Grounds that a paper must show; whether a patent is gone the register says."""


def why_not(effect: Effect, status: str) -> tuple[str, str] | None:
    """Why a contract of this effect cannot be ended where it stands, as code and words."""
    if effect is Effect.LICENCE:
        return "ends-by-licence", "许可合同的续展和终止在每项许可的页面办理。"
    if status == DealStatus.SETTLED:
        return "not-in-force", PERFORMED
    if status not in ENDABLE:
        return "not-in-force", "只有已签约、还没有结清的合同可以终止；签约前请终止洽谈。"
    return None


def grounds_for(effect: Effect, status: str) -> list[DealGround]:
    """The grounds on which a contract of this effect may end where it stands."""
    if why_not(effect, status):
        return []
    found = [_G.AGREEMENT, _G.BREACH]
    if effect is Effect.WORK:
        return [*found, _G.MADE_PUBLIC]
    return [*found, _G.PATENT] if status == DealStatus.SIGNED else found


def first_status(ground: DealGround) -> TerminationStatus:
    """An agreement waits for the other side; a notice runs by itself."""
    return TerminationStatus.PROPOSED if ground is _G.AGREEMENT else TerminationStatus.NOTICED


def effective_on(ground: DealGround, *, today: date, wished: date | None, grace_days: int) -> date:
    """The first day without the contract; only a breach gives time to mend (CC563)."""
    if ground is _G.AGREEMENT:
        return max(wished or today, today)
    return today + timedelta(days=grace_days) if ground is _G.BREACH else today


def errors(
    ground: DealGround,
    *,
    reason: str,
    handling: str,
    wished: date | None,
    proved: bool,
    today: date,
) -> dict[str, list[str]]:
    """What is missing or wrong in what a party says, by field."""
    found: dict[str, list[str]] = {}
    if not reason.strip():
        found["reason"] = ["请写明终止的事实和理由，对方会看到。"]
    if ground is _G.AGREEMENT:
        if wished is None:
            found["wished_on"] = ["请填写双方商定的终止日。"]
        elif wished < today:
            found["wished_on"] = ["终止日不能早于今天；以前的履行照约定处理。"]
        if not handling.strip():
            found["handling"] = [
                "请写明已付的款项、已交付的成果和资料怎样处理，没有的写“无”。（民法典第五百六十六条）"
            ]
    if ground in PROVED and not proved:
        found["evidence"] = ["请上传证明材料，例如催告函和送达凭证，或者公开该技术的文献。"]
    return found


def why(ground: DealGround, *, served_on: date, on: date) -> str:
    """How the day came about."""
    article = ARTICLES[ground]
    if ground is _G.AGREEMENT:
        return f"双方同意自 {on:%Y-%m-%d} 起终止。依据：{article}。"
    if ground is _G.BREACH:
        days = (on - served_on).days
        return (
            f"通知于 {served_on:%Y-%m-%d} 送达，给予 {days} 天补救；到 {on:%Y-%m-%d} 仍未补救的，"
            f"自该日起终止。依据：{article}、第五百六十五条。"
        )
    gone = "专利权已不再有效" if ground is _G.PATENT else "要开发的技术已经公开"
    return f"{gone}，合同目的不能实现；通知于 {on:%Y-%m-%d} 送达，当日终止。依据：{article}。"


def effects(effect: Effect, status: str) -> str:
    """What becomes of patent, money and results."""
    money = (
        "还没有履行的不再履行；已经履行的，依履行情况和合同性质恢复原状或者采取补救措施，"
        "有损失的可以请求赔偿（民法典第五百六十六条）；结算、清理和争议解决的约定继续有效（第五百六十七条）。"
    )
    if effect is Effect.WORK:
        return f"{money}已经完成的成果按合同关于权利归属的约定处理。"
    if status == DealStatus.SIGNED:
        return f"{money}登记前专利仍归权利人，终止后可以另作处分。"
    return (
        f"{money}专利已经登记到需求方名下，终止合同不会自动转回；"
        "要转回的，另办转让并登记（专利法第十条）。"
    )
