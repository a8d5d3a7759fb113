"""A row of a list of outcomes becomes a report, or a reason why not. Plain Python."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from core.text.headers import columns_by_title, folded
from licensing.rules.outcomes import OUTCOMES, Code

MOST_ROWS = 1_000
MOST_BYTES = 10 * 1024 * 1024

# field: (title in the template, other titles, longest, what to write)
COLUMNS: dict[str, tuple[str, tuple[str, ...], int, str]] = {
    "patent": ("专利号", ("申请号", "专利申请号", "专利（申请）号"), 60, "必填，任何写法均可"),
    "code": ("转化方式", ("转化情况", "转化类型", "反馈类别"), 60, "必填，按九类填写，如 普通许可"),
    "happened_on": (
        "发生日期",
        ("日期", "签订日期", "转化时间", "合同签订日期"),
        40,
        "必填，如 2026-03-01",
    ),
    "contract": ("合同编号", ("合同号", "协议编号"), 80, "没有随文件上传证明材料的必填"),
    "counterparty": (
        "合作方",
        ("受让方", "被许可人", "受让方/被许可方", "合作企业"),
        200,
        "受让人、被许可人或合作企业",
    ),
    "amount": (
        "金额（元）",
        ("金额", "合同金额", "金额（万元）", "合同金额（元）", "合同金额（万元）"),
        40,
        "如 80000 或 8万",
    ),
    "note": ("说明", ("备注",), 2_000, "需要主管部门知道的情况"),
}
EXAMPLE = {
    "patent": "201710601862.3",
    "code": "普通许可",
    "happened_on": "2026-03-01",
    "contract": "XK-2026-018",
    "counterparty": "示例动力科技有限公司",
    "amount": "80000",
    "note": "",
}
REQUIRED = ("patent", "code", "happened_on")


class ImportState(StrEnum):
    """Where a list stands."""

    CHECKED = "checked"
    TAKEN = "taken"


class RowVerdict(StrEnum):
    """What a row is, or became."""

    NEW = "new"
    SAME = "same"
    REFUSED = "refused"
    TAKEN = "taken"


STATE_LABELS = {ImportState.CHECKED: "已预检", ImportState.TAKEN: "已反馈"}
VERDICT_LABELS = {
    RowVerdict.NEW: "可反馈",
    RowVerdict.SAME: "已有，跳过",
    RowVerdict.REFUSED: "需要修改",
    RowVerdict.TAKEN: "已反馈",
}
SHORT = {
    "转让": Code.TRANSFERRED,
    "作价入股": Code.EQUITY,
    "作价投资": Code.EQUITY,
    "开放许可": Code.OPEN_LICENCE,
    "普通许可": Code.ORDINARY,
    "排他许可": Code.SOLE,
    "独占许可": Code.EXCLUSIVE,
    "被许可人已产业化": Code.LICENSEE_PRODUCES,
    "被许可人产业化": Code.LICENSEE_PRODUCES,
    "合作企业产业化": Code.CONTRACT_PRODUCES,
    "经技术服务/开发合同由合作企业产业化": Code.CONTRACT_PRODUCES,
    "技术合同产业化": Code.CONTRACT_PRODUCES,
    "专利池": Code.POOL,
    "参与专利池运营": Code.POOL,
}
NAMES = (
    {folded(name): code for name, code in SHORT.items()}
    | {folded(code): Code(code) for code in OUTCOMES}
    | {folded(kind.label): Code(code) for code, kind in OUTCOMES.items()}
    | {folded(kind.label.removeprefix("已")): Code(code) for code, kind in OUTCOMES.items()}
)


def columns_of(header: Sequence[str]) -> dict[str, int]:
    """Which column holds which field."""
    return columns_by_title(
        {key: (title, *others) for key, (title, others, *_rest) in COLUMNS.items()}, header
    )


def missing(columns: dict[str, int]) -> list[str]:
    """The titles of columns that a list cannot do without and does not have."""
    return [COLUMNS[name][0] for name in REQUIRED if name not in columns]


def code_of(text: str) -> Code | None:
    """The outcome code that a cell names, in the policy's words or shorter; None when unknown."""
    return NAMES.get(folded(text.strip()))


NAMED = "转让、作价入股、普通许可、排他许可、独占许可、被许可人已产业化、合作企业产业化、专利池"
