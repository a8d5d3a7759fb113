"""A row of a list of needs becomes a need, or a reason why not. Plain Python."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from core.text.headers import columns_by_title
from matching.types import Metric

MOST_ROWS = 2_000
MOST_BYTES = 10 * 1024 * 1024
INLINE_ROWS = 50  # up to so many are taken in at once, more by a worker
PORTION = 50

# field: (title in the template, other titles, longest, what to write)
COLUMNS: dict[str, tuple[str, tuple[str, ...], int, str]] = {
    "title": (
        "需求名称",
        ("名称", "需求题目", "项目名称", "需求标题", "题目"),
        200,
        "必填，写清对象和目的",
    ),
    "problem": (
        "技术问题",
        ("问题", "需求描述", "需求内容", "技术难题", "需求说明", "主要内容", "痛点"),
        5_000,
        "现在怎么做、哪里不行",
    ),
    "situation": ("应用场景", ("场景", "应用领域"), 5_000, "用在哪里、一年用多少"),
    "targets": (
        "目标指标",
        ("技术指标", "指标", "预期目标", "考核指标"),
        3_000,
        "不好用数字说的目标",
    ),
    "metrics": ("量化指标", (), 1_000, "每项写成“升温时间：30→≤10分钟”，多项用分号隔开"),
    "tried": ("已经试过", ("已试方案", "现有基础", "已开展工作"), 3_000, "试过什么、为什么不行"),
    "limits": ("限制条件", ("约束条件", "限制"), 3_000, "哪些条件不能变"),
    "industry": ("所属行业", ("行业", "行业代码", "国民经济行业"), 60, "大类名称或代码，如 38"),
    "budget": (
        "预算",
        ("预算（万元）", "预算(万元)", "预算（元）", "预算(元)", "拟投入资金"),
        40,
        "如 35万",
    ),
    "deadline": ("期望完成日", ("截止日期", "期限", "完成时间", "有效期"), 40, "如 2027-06-30"),
    "trl": ("最低成熟度", ("成熟度", "技术成熟度", "TRL"), 20, "1 到 9"),
    "modes": ("可接受的方式", ("合作方式", "转化方式", "许可方式"), 200, "如 普通许可；转让"),
    "region": ("所在地区", ("地区", "所在地"), 40, "省级名称，如 上海"),
    "ipc": ("IPC 分类", ("IPC", "分类号"), 300, "如 H01M；H02J 7/00"),
    "confidential": ("保密", ("是否保密",), 10, "是 或 否；是：不显示单位名称和内容"),
}
EXAMPLE = {
    "title": "储能柜冬天充不进电，求快速升温办法",
    "problem": "加热膜只热表面，中间电芯升到 5℃ 要半小时。",
    "metrics": "升温时间：30→≤10分钟",
    "industry": "38",
    "budget": "35万",
    "deadline": "2027-06-30",
    "trl": "6",
    "modes": "普通许可；转让",
    "confidential": "否",
}
METRIC = re.compile(
    r"(?P<metric>[^:：]+)[:：]\s*(?:(?P<now>[^→>-]*?)\s*(?:→|->|=>)\s*)?(?P<rest>.+)"
)
NUMBER = re.compile(r"(?P<wanted>[≤≥<>±~]?\s*[-\d.,]+(?:\s*[-~—]\s*[\d.,]+)?)\s*(?P<unit>.*)")
LEAD_NUMBER = re.compile(r"^[≤≥<>±~]?\s*[-\d.,]+")
YES = {"是", "保密", "y", "yes", "true", "1"}
NO = {"", "否", "不保密", "公开", "n", "no", "false", "0"}


@dataclass(slots=True)
class Remark:
    """What is wrong in one cell, and what to do."""

    column: str
    reason: str
    mend: str


@dataclass(slots=True)
class Row:
    """One row as judged: what it says, or why it is refused."""

    number: int
    values: dict[str, Any] = field(default_factory=dict)
    remarks: list[Remark] = field(default_factory=list)


def columns_of(header: Sequence[str]) -> dict[str, int]:
    """Which column holds which field; the first that fits wins."""
    return columns_by_title(
        {key: (title, *others) for key, (title, others, *_) in COLUMNS.items()}, header
    )


def metrics_of(text: str) -> tuple[Metric, ...] | None:
    """The targets written in one cell; None when one cannot be read."""
    found = []
    for part in (p.strip() for p in re.split(r"[;；\n]+", text)):
        if not part:
            continue
        said = METRIC.fullmatch(part)
        number = NUMBER.fullmatch(said["rest"].strip()) if said else None
        if said is None or number is None:
            return None
        now = LEAD_NUMBER.match((said["now"] or "").strip())
        found.append(
            Metric(
                said["metric"].strip(),
                number["wanted"].strip(),
                now.group(0) if now else "",
                number["unit"].strip(),
            )
        )
    return tuple(found)


def chosen(text: str, names: Mapping[str, str]) -> tuple[list[str], list[str]]:
    """The codes of the names in a cell, and what is no such name."""
    codes, unknown = [], []
    for part in (p.strip() for p in re.split(r"[;；,，、/\n]+", text)):
        if part in names:
            codes.append(names[part])
        elif part:
            unknown.append(part)
    return list(dict.fromkeys(codes)), unknown


def yes(text: str) -> bool | None:
    """Whether a cell says yes; None when it says neither."""
    said = unicodedata.normalize("NFKC", text).strip().lower()
    return True if said in YES else False if said in NO else None


def fingerprint(title: str, problem: str) -> str:
    """The same for the same need however it is spaced: what makes a repeat a repeat."""
    plain = re.sub(r"\s+", "", unicodedata.normalize("NFKC", f"{title}\n{problem}")).lower()
    return hashlib.sha256(plain.encode()).hexdigest()[:32]


IMPORT_STEPS = (
    ("checked", "taking"),
    ("taking", "taken"),
    ("taken", "undone"),
)
