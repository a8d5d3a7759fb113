"""Conduct notes 信用记录: a dated, sourced fact about how a party kept its contracts.

No score is made of them. A note counts only after the party was told and had its days to answer,
it runs out, and it is struck where it was wrong.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from enum import StrEnum

from core.days import add_months


class ConductKind(StrEnum):
    """What sort of fact it is."""

    PERFORMED = "performed"
    LATE = "late"
    BROKE = "broke"
    FALSE_REPORT = "false_report"


class ConductStatus(StrEnum):
    """Where a note stands."""

    TOLD = "told"
    IN_FORCE = "in_force"
    APPEALED = "appealed"
    STRUCK = "struck"
    EXPIRED = "expired"


_S, _K = ConductStatus, ConductKind
CONDUCT_MOVES: Mapping[str, tuple[frozenset[ConductStatus], ConductStatus]] = {
    "take_effect": (frozenset({_S.TOLD}), _S.IN_FORCE),
    "appeal": (frozenset({_S.TOLD, _S.IN_FORCE}), _S.APPEALED),
    "dismiss": (frozenset({_S.APPEALED}), _S.IN_FORCE),
    "correct": (frozenset({_S.TOLD, _S.IN_FORCE, _S.APPEALED}), _S.TOLD),
    "strike": (frozenset({_S.TOLD, _S.IN_FORCE, _S.APPEALED}), _S.STRUCK),
    "expire": (frozenset({_S.IN_FORCE}), _S.EXPIRED),
}
LIVE = frozenset({_S.TOLD, _S.IN_FORCE, _S.APPEALED})
SHOWN = frozenset({_S.IN_FORCE, _S.APPEALED})
"""What the other side of a live contract reads; one under appeal is shown as such."""
STATED = frozenset({_K.BROKE, _K.FALSE_REPORT})
"""What a bureau may state with grounds; the others are read off the platform's own records."""
CONDUCT_LABELS: Mapping[ConductStatus, str] = {
    _S.TOLD: "已告知，尚未生效",
    _S.IN_FORCE: "生效中",
    _S.APPEALED: "申诉处理中",
    _S.STRUCK: "已撤销",
    _S.EXPIRED: "已到期",
}
KIND_LABELS: Mapping[ConductKind, str] = {
    _K.PERFORMED: "按约履行",
    _K.LATE: "逾期付款",
    _K.BROKE: "违反约定",
    _K.FALSE_REPORT: "申报不实",
}
ANSWER_DAYS = 15
MONTHS: Mapping[str, int] = {"performed": 36, "late": 12, "broke": 36, "false_report": 36}
LATE_DAYS = 30  # a sum that was dunned and is still open so many days after it fell due


def answer_days(setting: object) -> int:
    """How long the party has to answer: the region's word, else ours."""
    said = setting.get("answer_days") if isinstance(setting, dict) else None
    return said if isinstance(said, int) and 1 <= said <= 366 else ANSWER_DAYS


def expires_on(setting: object, kind: str, from_day: date) -> date:
    """The last day on which a note counts."""
    said = setting.get(kind) if isinstance(setting, dict) else None
    good = isinstance(said, int) and not isinstance(said, bool) and 1 <= said <= 120
    months = said if good and isinstance(said, int) else MONTHS[kind]
    return add_months(from_day, months) - timedelta(days=1)
