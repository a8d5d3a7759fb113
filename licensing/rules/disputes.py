"""Disputes 合同纠纷: answered, negotiated, mediated 调解, settled or ended without agreement.

The order is that of PL52: the parties negotiate first; who does not want to, or does not succeed,
asks for mediation or goes to court. Mediation needs both: nobody is brought to it against his will,
and either may leave it at any time.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum

from licensing.rules.deals import PARTY_LABELS, Party
from licensing.rules.fees import LARGEST


class DisputeStatus(StrEnum):
    """Where a dispute stands."""

    OPENED = "opened"
    NEGOTIATING = "negotiating"
    REQUESTED = "requested"
    ACCEPTED = "accepted"
    MEDIATING = "mediating"
    SETTLED = "settled"
    FAILED = "failed"
    WITHDRAWN = "withdrawn"


class ProposalStatus(StrEnum):
    """Where one proposal of a settlement stands."""

    PROPOSED = "proposed"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    REPLACED = "replaced"


class Topic(StrEnum):
    """What the parties do not agree on."""

    FEE = "fee"
    PERFORMANCE = "performance"
    TITLE = "title"
    TERMINATION = "termination"
    BREACH = "breach"
    RESULTS = "results"
    OTHER = "other"


class Voice(StrEnum):
    """Who hands in a paper or proposes: a party, or the mediator."""

    HOLDER = "holder"
    TAKER = "taker"
    MEDIATOR = "mediator"


_S, _P, _T = DisputeStatus, ProposalStatus, Topic
OPEN = frozenset({_S.OPENED, _S.NEGOTIATING, _S.REQUESTED, _S.ACCEPTED, _S.MEDIATING})
ASKED = frozenset({_S.REQUESTED, _S.ACCEPTED, _S.MEDIATING})
DISPUTE_MOVES: Mapping[str, tuple[frozenset[DisputeStatus], DisputeStatus]] = {
    "answer": (frozenset({_S.OPENED}), _S.NEGOTIATING),
    "let_pass": (frozenset({_S.OPENED}), _S.NEGOTIATING),
    "ask_mediation": (frozenset({_S.OPENED, _S.NEGOTIATING}), _S.REQUESTED),
    "consent": (frozenset({_S.REQUESTED}), _S.ACCEPTED),
    "refuse": (frozenset({_S.REQUESTED}), _S.FAILED),
    "decline": (frozenset({_S.ACCEPTED}), _S.NEGOTIATING),
    "name": (frozenset({_S.ACCEPTED}), _S.MEDIATING),
    "stand_down": (frozenset({_S.MEDIATING}), _S.ACCEPTED),
    "settle": (OPEN, _S.SETTLED),
    "fail": (frozenset({_S.NEGOTIATING, _S.ACCEPTED, _S.MEDIATING}), _S.FAILED),
    "withdraw": (OPEN, _S.WITHDRAWN),
}
PROPOSAL_MOVES: Mapping[str, tuple[frozenset[ProposalStatus], ProposalStatus]] = {
    "accept": (frozenset({_P.PROPOSED}), _P.ACCEPTED),
    "refuse": (frozenset({_P.PROPOSED}), _P.REFUSED),
    "replace": (frozenset({_P.PROPOSED}), _P.REPLACED),
}
DISPUTE_LABELS: Mapping[DisputeStatus, str] = {
    _S.OPENED: "待对方答复",
    _S.NEGOTIATING: "协商中",
    _S.REQUESTED: "待对方同意调解",
    _S.ACCEPTED: "待指定调解员",
    _S.MEDIATING: "调解中",
    _S.SETTLED: "已达成协议",
    _S.FAILED: "未达成协议",
    _S.WITHDRAWN: "已撤回",
}
PROPOSAL_LABELS: Mapping[ProposalStatus, str] = {
    _P.PROPOSED: "待答复",
    _P.ACCEPTED: "双方已接受",
    _P.REFUSED: "未接受",
    _P.REPLACED: "已被新方案取代",
}
TOPIC_LABELS: Mapping[Topic, str] = {
    _T.FEE: "费用、提成的计算或支付",
    _T.PERFORMANCE: "技术资料、指导或成果不符合约定",
    _T.TITLE: "专利权属或权利瑕疵",
    _T.TERMINATION: "合同的解除或终止",
    _T.BREACH: "超出约定的范围，或其他违约",
    _T.RESULTS: "后续改进和新成果的归属",
    _T.OTHER: "其他",
}
VOICE_LABELS: Mapping[Voice, str] = {
    Voice.HOLDER: PARTY_LABELS[Party.HOLDER],
    Voice.TAKER: PARTY_LABELS[Party.TAKER],
    Voice.MEDIATOR: "调解员",
}
POOL_LABELS: Mapping[Voice, str] = {
    Voice.HOLDER: "管理人",
    Voice.TAKER: "被许可人",
    Voice.MEDIATOR: VOICE_LABELS[Voice.MEDIATOR],
}
"""What the sides of a pool licence are called: nobody in it is the one holder."""
DAYS: Mapping[str, int] = {
    "opened": 15,  # for the other side to answer
    "negotiating": 30,
    "requested": 15,  # for the other side to agree to mediation
    "accepted": 10,  # for the bureau to name a mediator
    "mediating": 60,
}
"""How long each state lasts where the region setting `dispute.days` says nothing."""
ALARM_DAYS = 3
LONGEST_TERM = 180  # days by which a mediator may extend, once
OPEN_LICENCE = "专利法第五十二条"
MEDIATION = "专利法实施细则第一百零二条"


def label(voice: str, *, of_pool: bool) -> str:
    """Who speaks, as the contract calls them."""
    return (POOL_LABELS if of_pool else VOICE_LABELS)[Voice(voice)]


def days_of(setting: object, status: DisputeStatus) -> int:
    """How many days a state lasts: the region's word, else ours; nonsense counts as none."""
    said = setting.get(status.value) if isinstance(setting, dict) else None
    good = isinstance(said, int) and not isinstance(said, bool) and 1 <= said <= 366
    return said if good and isinstance(said, int) else DAYS[status.value]


def due_by(setting: object, status: DisputeStatus, today: date) -> date | None:
    """The last day of the state; None when the dispute is over."""
    return today + timedelta(days=days_of(setting, status)) if status in OPEN else None


def other(side: str) -> Party:
    """The other party."""
    return Party.TAKER if side == Party.HOLDER else Party.HOLDER


def where_to_ask(*, open_licence: bool) -> str:
    """Who mediates, and by which article."""
    if open_licence:
        return (
            f"实施开放许可发生的纠纷，不愿协商或者协商不成的，可以请求专利行政部门调解（{OPEN_LICENCE}）。"
            "这里由所在地知识产权管理部门受理，也可以另向国家知识产权局请求。"
        )
    return f"当事人可以请求管理专利工作的部门调解专利纠纷（{MEDIATION}）；双方都同意才进行。"


def where_next(*, open_licence: bool) -> str:
    """Where the parties go when nothing was agreed."""
    limitation = "请留意诉讼时效（一般三年，民法典第一百八十八条）。"
    if open_licence:
        return (
            f"可以向人民法院起诉（{OPEN_LICENCE}）；另有仲裁协议的，向约定的仲裁机构申请仲裁。"
            f"{limitation}"
        )
    return (
        "合同有仲裁条款或事后订有仲裁协议的，向约定的仲裁机构申请仲裁；没有的，向有管辖权的人民法院起诉。"
        f"{limitation}"
    )


def settled_words(*, mediated: bool) -> str:
    """What a settlement is worth."""
    if mediated:
        return (
            "调解协议具有合同效力，双方应当履行。自协议生效之日起三十日内，双方可以共同向有管辖权的"
            "人民法院申请司法确认；经确认的，一方不履行时可以申请强制执行。"
        )
    return "和解协议具有合同效力，双方应当履行；一方不履行的，可以依协议起诉或者申请仲裁。"


HELD_WORDS = (
    "处理期间，这笔款项标为“有争议”，平台暂停催款，也不能以不付这笔款项为由终止许可；"
    "逾期利息照常计算，可以在协议中一并商定。"
)
AGAIN_WORDS = "这笔款项以前已经提出过一次争议，本次不再暂停催款。"
STOPPED_WORDS = "处理期间，终止合同的通知停止计算期限；处理完毕后自当日起才可能生效。"
AGAIN_WORDS_ENDING = "这份合同的终止以前已经提出过一次争议，本次不再停止计算通知的期限。"


def opening_errors(
    *, facts: str, wish: str, amount: Decimal | None, lines: int
) -> dict[str, list[str]]:
    """What is missing or wrong in what a party says, by field."""
    found: dict[str, list[str]] = {}
    if not facts.strip():
        found["facts"] = ["请写明争议的事实和理由，对方会看到。"]
    if not wish.strip():
        found["wish"] = ["请写明希望怎样解决，例如“按双方核对的销量重新计算”。"]
    if bad := _sum_problem(amount):
        found["amount"] = [bad]
    if lines > 1:
        found["line"] = ["一次只就一笔款项、一期申报或一项终止提出；其余的另行提出。"]
    return found


def _sum_problem(amount: Decimal | None) -> str:
    if amount is None:
        return ""
    good = amount.is_finite() and 0 < amount <= LARGEST
    if good and amount == amount.quantize(Decimal("0.01")):
        return ""
    return "请填写大于 0、最多两位小数的金额，没有的留空。"


def proposal_errors(
    *,
    text: str,
    amount: Decimal | None,
    payer: str,
    pay_by: date | None,
    releases: bool,
    has_line: bool,
    today: date,
) -> dict[str, list[str]]:
    """What is missing or wrong in a proposal, by field."""
    found: dict[str, list[str]] = {}
    if not text.strip():
        found["text"] = ["请写明怎样解决，双方接受后原样写入协议。"]
    if bad := _sum_problem(amount):
        found["amount"] = [bad]
    if amount is not None and payer not in {p.value for p in Party}:
        found["payer"] = ["请选择由哪一方支付。"]
    if amount is not None and pay_by is None:
        found["pay_by"] = ["请填写支付的最后一天。"]
    if amount is None and (payer or pay_by):
        found["amount"] = ["填了付款方或付款日的，请填写金额；不涉及付款的都留空。"]
    if pay_by is not None and pay_by < today:
        found["pay_by"] = ["支付日不能早于今天。"]
    if releases and not has_line:
        found["releases"] = ["这起纠纷没有指明款项或申报，不能写“争议款项不再支付”。"]
    return found
