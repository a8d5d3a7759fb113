"""Registration of contracts 技术合同认定登记, certificates 鉴证, reports of exchanges."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum

from licensing.rules.deal_kinds import DealKind
from licensing.rules.fees import LARGEST

DAYS = 30  # from the contract's first day; a region may set another
AT_LEAST = 10  # days left when a record is made later than its contract
ALARM_DAYS = (10, 3)  # before the deadline
ARTICLE = "技术合同认定登记管理办法第六条、第七条"
FEN = Decimal("0.01")


class RegistrationStatus(StrEnum):
    """Where the registration of a contract stands."""

    DUE = "due"
    APPLIED = "applied"
    RETURNED = "returned"
    REGISTERED = "registered"
    WAIVED = "waived"


class ContractKind(StrEnum):
    """The kinds of technology contract that are registered (CC843)."""

    TRANSFER = "transfer"
    LICENCE = "licence"
    DEVELOPMENT = "development"
    CONSULTING = "consulting"
    SERVICE = "service"


class CertificateStatus(StrEnum):
    """Where a certificate 鉴证 stands."""

    REQUESTED = "requested"
    ISSUED = "issued"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"
    REVOKED = "revoked"


class ReportSort(StrEnum):
    """What an exchange reports that was done there."""

    REGISTRATION = "registration"
    CERTIFICATE = "certificate"
    SETTLEMENT = "settlement"


class SettlementState(StrEnum):
    """Where money that goes through an exchange is."""

    HELD = "held"
    RELEASED = "released"
    RETURNED = "returned"


_R, _C, _K, _D = RegistrationStatus, CertificateStatus, ContractKind, DealKind
REGISTRATION_MOVES: Mapping[str, tuple[frozenset[RegistrationStatus], RegistrationStatus]] = {
    "apply": (frozenset({_R.DUE, _R.RETURNED}), _R.APPLIED),
    "register": (frozenset({_R.APPLIED}), _R.REGISTERED),
    "send_back": (frozenset({_R.APPLIED}), _R.RETURNED),
    "waive": (frozenset({_R.DUE, _R.RETURNED}), _R.WAIVED),
    "take_up": (frozenset({_R.WAIVED}), _R.DUE),
}
CERTIFICATE_MOVES: Mapping[str, tuple[frozenset[CertificateStatus], CertificateStatus]] = {
    "issue": (frozenset({_C.REQUESTED}), _C.ISSUED),
    "decline": (frozenset({_C.REQUESTED}), _C.DECLINED),
    "withdraw": (frozenset({_C.REQUESTED}), _C.WITHDRAWN),
    "revoke": (frozenset({_C.ISSUED}), _C.REVOKED),
}
TO_DO = frozenset({_R.DUE, _R.RETURNED})
LIVE_CERTIFICATES = frozenset({_C.REQUESTED, _C.ISSUED})

REGISTRATION_LABELS: Mapping[RegistrationStatus, str] = {
    _R.DUE: "待申请",
    _R.APPLIED: "已申请，待登记",
    _R.RETURNED: "已退回，待补正",
    _R.REGISTERED: "已登记",
    _R.WAIVED: "不办理",
}
CERTIFICATE_LABELS: Mapping[CertificateStatus, str] = {
    _C.REQUESTED: "待鉴证",
    _C.ISSUED: "已鉴证",
    _C.DECLINED: "未予鉴证",
    _C.WITHDRAWN: "已撤回申请",
    _C.REVOKED: "已撤销",
}
KIND_LABELS: Mapping[ContractKind, str] = {
    _K.TRANSFER: "技术转让合同",
    _K.LICENCE: "技术许可合同",
    _K.DEVELOPMENT: "技术开发合同",
    _K.CONSULTING: "技术咨询合同",
    _K.SERVICE: "技术服务合同",
}
SORT_LABELS: Mapping[ReportSort, str] = {
    ReportSort.REGISTRATION: "合同登记",
    ReportSort.CERTIFICATE: "交易鉴证",
    ReportSort.SETTLEMENT: "资金结算",
}
STATE_LABELS: Mapping[SettlementState, str] = {
    SettlementState.HELD: "已托管",
    SettlementState.RELEASED: "已划付",
    SettlementState.RETURNED: "已退回",
}
KIND_OF_DEAL: Mapping[DealKind, ContractKind] = {
    _D.TRANSFER: _K.TRANSFER,
    _D.EQUITY: _K.TRANSFER,
    _D.ORDINARY: _K.LICENCE,
    _D.SOLE: _K.LICENCE,
    _D.EXCLUSIVE: _K.LICENCE,
    _D.CROSS: _K.LICENCE,
    _D.SUBLICENCE: _K.LICENCE,
    _D.CO_DEVELOPMENT: _K.DEVELOPMENT,
    _D.TECH_DEVELOPMENT: _K.DEVELOPMENT,
    _D.TECH_SERVICE: _K.SERVICE,
}
_VAT = "可申请免征增值税（财税〔2016〕36号附件3）"
_PROFIT = (
    "居民企业一个纳税年度内技术转让所得不超过 500 万元的部分免征企业所得税，"
    "超过的部分减半征收（企业所得税法实施条例第九十条）"
)
_OFFICE = "以主管税务机关意见为准。"
TAX: Mapping[ContractKind, str] = {
    _K.TRANSFER: f"凭登记证明{_VAT}；{_PROFIT}；{_OFFICE}",
    _K.LICENCE: f"凭登记证明{_VAT}；{_PROFIT}，五年以上的非独占许可也适用"
    f"（财税〔2015〕116号）；{_OFFICE}",
    _K.DEVELOPMENT: f"凭登记证明{_VAT}；{_OFFICE}",
    _K.CONSULTING: f"与所转让或开发的技术有关、开在同一张发票上的，凭登记证明{_VAT}；{_OFFICE}",
    _K.SERVICE: f"与所转让或开发的技术有关、开在同一张发票上的，凭登记证明{_VAT}；{_OFFICE}",
}


def deadline(contract_on: date, *, today: date, days: int) -> date:
    """When it should be applied for; a record made late still leaves some days."""
    return max(contract_on + timedelta(days=days), today + timedelta(days=AT_LEAST))


def alarm(due_on: date, today: date) -> str:
    """The alarm reached today: days left, "late", or ""."""
    left = (due_on - today).days
    if left < 0:
        return "late"
    return next((str(days) for days in sorted(ALARM_DAYS) if left <= days), "")


def money_problems(amount: Decimal, technical: Decimal) -> dict[str, list[str]]:
    """What is wrong with the sums of an application, by field."""
    found: dict[str, list[str]] = {}
    if not 0 <= amount <= LARGEST or amount != amount.quantize(FEN):
        found["amount"] = ["请填写不小于 0、最多两位小数的合同金额（元）。"]
    if technical < 0 or technical != technical.quantize(FEN):
        found["technical"] = ["请填写不小于 0、最多两位小数的技术交易额（元）。"]
    elif technical > amount:
        found["technical"] = ["技术交易额不能超过合同金额；设备、原材料等不计入。"]
    return found


@dataclass(frozen=True, slots=True)
class Told:
    """What an exchange reports of a contract."""

    sort: ReportSort
    number: str
    on: date
    amount: Decimal | None = None
    state: str = ""
    note: str = ""


def told_problems(told: Told, *, contract_on: date, today: date) -> dict[str, list[str]]:
    """What is wrong with a report by itself, by field."""
    found: dict[str, list[str]] = {}
    if not told.number.strip():
        found["number"] = ["请填写编号或流水号。"]
    if told.on > today:
        found["on"] = ["日期不能晚于今天。"]
    elif told.on < contract_on and told.sort is not ReportSort.SETTLEMENT:
        found["on"] = ["日期不能早于合同生效日。"]
    if told.amount is not None and not 0 <= told.amount <= LARGEST:
        found["amount"] = ["金额应不小于 0。"]
    settles = told.sort is ReportSort.SETTLEMENT
    if settles and not told.amount:
        found["amount"] = ["资金结算须填写大于 0 的金额。"]
    if settles and told.state not in {s.value for s in SettlementState}:
        found["state"] = ["请填写资金状态：held 已托管、released 已划付、returned 已退回。"]
    if not settles and told.state:
        found["state"] = ["只有资金结算才填写资金状态。"]
    return found


def settlement_conflict(before: Mapping[str, Decimal], told: Told) -> str:
    """Why this does not follow what was reported of the same money; "" when it does.

    `before` has the states already reported under this number, with their sums.
    """
    if told.state == SettlementState.HELD:
        return "这笔资金已经划付或退回，不能再报托管。" if before else ""
    if SettlementState.HELD not in before:
        return "这笔资金还没有报过托管，请先报 held。"
    if before.keys() - {SettlementState.HELD}:
        return "这笔资金已经报过划付或退回。"
    if told.amount is not None and told.amount > before[SettlementState.HELD]:
        return "金额超过托管的金额。"
    return ""
