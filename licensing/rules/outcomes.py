"""The outcome codes of 转化反馈: nine named by the policy, one line each to add another.

A patent collects several over time, so an outcome is an event, never a column of the patent.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Code(StrEnum):
    """What became of a patent."""

    TRANSFERRED = "transferred"
    EQUITY = "equity"
    OPEN_LICENCE = "open_licence"
    ORDINARY = "ordinary"
    SOLE = "sole"
    EXCLUSIVE = "exclusive"
    LICENSEE_PRODUCES = "licensee_produces"
    CONTRACT_PRODUCES = "contract_produces"
    POOL = "pool"


@dataclass(frozen=True, slots=True)
class OutcomeKind:
    """A code with its name, what must prove it, and whether it takes the listing off the board."""

    label: str
    evidence: str
    needs_licence: bool = False
    takes_off_board: bool = False


OUTCOMES: Mapping[str, OutcomeKind] = {
    Code.TRANSFERRED: OutcomeKind(
        "已转让", "转让合同或变更登记手续合格通知书", takes_off_board=True
    ),
    Code.EQUITY: OutcomeKind("已作价入股", "投资协议或公司章程", takes_off_board=True),
    Code.OPEN_LICENCE: OutcomeKind("已达成开放许可", "本平台生效的开放许可", needs_licence=True),
    Code.ORDINARY: OutcomeKind("已达成普通许可", "普通许可合同或备案通知书"),
    Code.SOLE: OutcomeKind("已达成排他许可", "排他许可合同或备案通知书"),
    Code.EXCLUSIVE: OutcomeKind("已达成独占许可", "独占许可合同或备案通知书", takes_off_board=True),
    Code.LICENSEE_PRODUCES: OutcomeKind("已由被许可人实现产业化", "产品照片、销售或备案材料"),
    Code.CONTRACT_PRODUCES: OutcomeKind(
        "已通过技术服务合同或技术开发合同约定由合作企业实现产业化", "技术合同及产业化材料"
    ),
    Code.POOL: OutcomeKind("已参与专利池运营", "入池协议"),
}


def label(code: str) -> str:
    """The policy's wording of the code; a code since retired is shown as stored."""
    return OUTCOMES[code].label if code in OUTCOMES else code


def report_errors(
    code: str, *, has_licence: bool, has_evidence: bool, contract_number: str
) -> dict[str, list[str]]:
    """What a report still lacks, by field."""
    if code not in OUTCOMES:
        return {"code": ["请从列表中选择转化方式。"]}
    kind = OUTCOMES[code]
    if kind.needs_licence:
        return {} if has_licence else {"code": ["开放许可在生效时自动反馈，不需要手工填报。"]}
    if not has_evidence and not contract_number.strip():
        return {"evidence": [f"请上传证明材料（{kind.evidence}），或填写合同编号。"]}
    return {}
