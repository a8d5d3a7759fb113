"""What may be exported of a result set, and for how long the file is kept: plain values."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum
from typing import Final

MOST_ROWS: Final = 10_000
KEPT_FOR: Final = timedelta(days=7)
AT_A_TIME: Final = 2
"""How many exports of one person may wait or run at the same time."""
A_DAY: Final = 20
"""How many one person may ask for within 24 hours."""
MOST_ATTEMPTS: Final = 3
LEASE: Final = timedelta(minutes=2)


class ExportState(StrEnum):
    """Where an export stands."""

    WAITING = "waiting"
    RUNNING = "running"
    READY = "ready"
    FAILED = "failed"
    EXPIRED = "expired"


class Form(StrEnum):
    """What kind of file."""

    XLSX = "xlsx"
    CSV = "csv"


OPEN: Final = frozenset({ExportState.WAITING, ExportState.RUNNING})
STEPS: Final = frozenset(
    {
        (ExportState.WAITING, ExportState.RUNNING),
        (ExportState.WAITING, ExportState.FAILED),
        (ExportState.RUNNING, ExportState.READY),
        (ExportState.RUNNING, ExportState.FAILED),
        (ExportState.RUNNING, ExportState.WAITING),  # another try
        (ExportState.READY, ExportState.EXPIRED),
    }
)


def refusal(*, unfinished: int, within_a_day: int) -> str:
    """Why no further export is taken from this person now; "" when it is."""
    if unfinished >= AT_A_TIME:
        return f"您有 {unfinished} 个导出还没有完成。请等它们完成后再导出。"
    if within_a_day >= A_DAY:
        return f"24 小时内最多导出 {A_DAY} 次。请明天再试，或先使用已导出的文件。"
    return ""


def extent(total: int) -> str:
    """How much of the result the file holds, honestly."""
    if total > MOST_ROWS:
        return (
            f"结果共 {total:,} 件，本文件只含排在最前的 {MOST_ROWS:,} 件。"
            "需要其余的，请加上地区、年份等条件分批导出。"
        )
    return f"结果共 {total:,} 件，全部在本文件中。"
