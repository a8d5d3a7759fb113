"""Five grades, the reasons that go with them, and when a low one must be answered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta

GRADES: dict[int, str] = {
    5: "非常满意",
    4: "满意",
    3: "基本满意",
    2: "不满意",
    1: "非常不满意",
}
LOW = 2  # and below: whoever served must answer
OPEN_DAYS = 90  # how long a finished service may be rated
ANSWER_DAYS = 15  # to answer a low rating; a region may set another
LONGEST = 1000

SERVICES: dict[str, str] = {
    "import": "专利盘点入库",
    "licence": "许可与备案",
    "registration": "技术合同登记",
    "outcome": "转化反馈核验",
    "dispute": "许可异议处理",
    "mediation": "合同纠纷调解",
    "pledge": "质押登记与解除",
    "auction": "拍卖竞价",
    "gathering": "活动组织",
}
PRAISE: dict[str, str] = {
    "fast": "办得快",
    "clear": "指引清楚",
    "simple": "材料少、不重复",
    "kind": "服务热情",
    "easy": "系统好用",
}
BLAME: dict[str, str] = {
    "slow": "办得太慢",
    "unclear": "说明不清楚",
    "repeated": "反复提交材料",
    "rude": "态度不好",
    "faulty": "系统出错或难用",
    "unexpected": "结果与说明不符",
}
REASONS: dict[str, str] = PRAISE | BLAME


def is_low(grade: int | None) -> bool:
    """Whether this grade obliges whoever served to answer."""
    return grade is not None and grade <= LOW


def problems(grade: int, reasons: Sequence[str], words: str) -> dict[str, list[str]]:
    """What is wrong with a rating, by field; nothing when it may be stored."""
    found: dict[str, list[str]] = {}
    if grade not in GRADES:
        found["grade"] = ["请选择满意程度。"]
    if unknown := sorted(set(reasons) - REASONS.keys()):
        found["reasons"] = [f"没有这个选项：{'、'.join(unknown)}。请从列表中选择。"]
    elif grade in GRADES and is_low(grade) and not (set(reasons) & BLAME.keys() or words.strip()):
        found["reasons"] = ["请选择哪里不满意，或写几句话，办理方才能改进和答复。"]
    if len(words.strip()) > LONGEST:
        found["words"] = [f"最多 {LONGEST} 字，现为 {len(words.strip())} 字。"]
    return found


def due_on(grade: int, rated_on: date, *, days: int) -> date | None:
    """Until when it must be answered; None where it need not be."""
    return rated_on + timedelta(days=days) if is_low(grade) else None


def average(counts: Mapping[int, int]) -> float | None:
    """The mean grade to the hundredth; None of nothing."""
    number = sum(counts.values())
    return round(sum(g * n for g, n in counts.items()) / number, 2) if number else None


def satisfied(counts: Mapping[int, int]) -> float | None:
    """The share of ratings that are not low; None of nothing."""
    number = sum(counts.values())
    if not number:
        return None
    return sum(n for g, n in counts.items() if not is_low(g)) / number
