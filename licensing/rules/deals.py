"""Deals 洽谈成交 by agreement: their states, their terms, and what is needed next and by whom.

What differs from kind to kind is the table of `deal_kinds`. An open licence is never negotiated; it
is taken.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from enum import StrEnum

from licensing.rules import bundle_deals, deal_kinds, effect, fees
from licensing.rules.deal_kinds import ACTIONS, BONDS, KIND_LABELS, KINDS, DealKind, Effect
from licensing.rules.fees import FeePart, PartKind
from licensing.rules.outcomes import Code
from listings.types import MODES, WHOLE_COUNTRY, Blocker

__all__ = ["ACTIONS", "BONDS", "KINDS", "KIND_LABELS", "DealKind"]


class DealStatus(StrEnum):
    """Where a deal stands."""

    INTENT = "intent"
    NEGOTIATING = "negotiating"
    AGREED = "agreed"
    POSTED = "posted"
    SIGNED = "signed"
    REGISTERED = "registered"
    SETTLED = "settled"
    ENDED = "ended"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"


class TermsStatus(StrEnum):
    """Where one version of the terms stands."""

    PROPOSED = "proposed"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    REPLACED = "replaced"


class Party(StrEnum):
    """The two sides."""

    HOLDER = "holder"
    TAKER = "taker"


class Waits(StrEnum):
    """Whom a deal waits for."""

    HOLDER = "holder"
    TAKER = "taker"
    BOTH = "both"
    CLOCK = "clock"
    NOBODY = "nobody"


class ApprovalKind(StrEnum):
    """Who outside must have agreed."""

    FUNDER = "funder"
    FOREIGN = "foreign"


_S, _T = DealStatus, TermsStatus

DEAL_MOVES: Mapping[str, tuple[frozenset[DealStatus], DealStatus]] = {
    "take_up": (frozenset({_S.INTENT}), _S.NEGOTIATING),
    "decline": (frozenset({_S.INTENT}), _S.DECLINED),
    "agree": (frozenset({_S.NEGOTIATING}), _S.AGREED),
    "reopen": (frozenset({_S.AGREED, _S.POSTED}), _S.NEGOTIATING),
    "post": (frozenset({_S.AGREED}), _S.POSTED),
    "sign": (frozenset({_S.AGREED, _S.POSTED}), _S.SIGNED),
    "register": (frozenset({_S.SIGNED}), _S.REGISTERED),
    "settle": (frozenset({_S.REGISTERED}), _S.SETTLED),
    "end": (frozenset({_S.SIGNED, _S.REGISTERED}), _S.ENDED),
    "withdraw": (frozenset({_S.INTENT, _S.NEGOTIATING, _S.AGREED, _S.POSTED}), _S.WITHDRAWN),
}
TERMS_MOVES: Mapping[str, tuple[frozenset[TermsStatus], TermsStatus]] = {
    "accept": (frozenset({_T.PROPOSED}), _T.ACCEPTED),
    "refuse": (frozenset({_T.PROPOSED}), _T.REFUSED),
    "replace": (frozenset({_T.PROPOSED, _T.ACCEPTED}), _T.REPLACED),
}
OPEN_DEALS = frozenset({_S.INTENT, _S.NEGOTIATING, _S.AGREED, _S.POSTED})
SIGNED_DEALS = frozenset({_S.SIGNED, _S.REGISTERED, _S.SETTLED})
CONTRACTS = SIGNED_DEALS | {_S.ENDED}
"""Deals on which a contract was concluded, whatever became of it."""
BEFORE_SIGNING = frozenset({_S.AGREED, _S.POSTED})
AGREED_DEALS = BEFORE_SIGNING | CONTRACTS
CLOSED_DEALS = frozenset({_S.DECLINED, _S.WITHDRAWN, _S.ENDED})

DEAL_LABELS: Mapping[DealStatus, str] = {
    _S.INTENT: "意向待答复",
    _S.NEGOTIATING: "洽谈中",
    _S.AGREED: "条款已谈妥",
    _S.POSTED: "公示期满，待签约",
    _S.SIGNED: "已签约，待登记",
    _S.REGISTERED: "已登记，待结算",
    _S.SETTLED: "已结清",
    _S.ENDED: "合同已终止",
    _S.DECLINED: "权利人未接受",
    _S.WITHDRAWN: "已终止洽谈",
}
TERMS_LABELS: Mapping[TermsStatus, str] = {
    _T.PROPOSED: "待对方答复",
    _T.ACCEPTED: "已接受",
    _T.REFUSED: "未接受",
    _T.REPLACED: "已被新版本取代",
}
REOPENED, FELL_WITH_DEAL = "重新商定，不再有效", "洽谈终止，不再有效"
PARTY_LABELS: Mapping[Party, str] = {Party.HOLDER: "权利人", Party.TAKER: "需求方"}
WAITS_LABELS: Mapping[Waits, str] = {
    Waits.HOLDER: "权利人",
    Waits.TAKER: "需求方",
    Waits.BOTH: "双方",
    Waits.CLOCK: "公示期满",
    Waits.NOBODY: "",
}
APPROVAL_LABELS: Mapping[ApprovalKind, str] = {
    ApprovalKind.FUNDER: "资助项目管理机构批准",
    ApprovalKind.FOREIGN: "向境外转让或许可的审批（技术出口）",
}
MODE_LABELS: Mapping[str, str] = {
    "make": "制造",
    "use": "使用",
    "sell": "销售",
    "offer": "许诺销售",
    "import": "进口",
}
POSTING_KINDS = ("university", "institute")
"""Institutes that post an agreed price (TL18) where a region names no others."""
MOST_PATENTS = 50  # as many as a bundle may have
MOST_FILES = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """One version of what two parties would agree on."""

    kind: DealKind
    patents: tuple[int, ...]
    parts: tuple[FeePart, ...]
    territory: str = WHOLE_COUNTRY
    modes: tuple[str, ...] = MODES
    field_of_use: str = ""
    months: int | None = None
    sublicensing: bool = False
    foreign: bool = False
    remarks: str = ""
    counter: tuple[int, ...] = ()  # the taker's own patents in a cross-licence
    particulars: Mapping[str, str] = field(default_factory=dict)
    shares: tuple[Decimal, ...] = ()  # of the price, patent by patent, where it is split


def other(side: str) -> Party:
    """The other side."""
    return Party.TAKER if side == Party.HOLDER else Party.HOLDER


def terms_errors(terms: Terms) -> dict[str, list[str]]:
    """Everything wrong with a version by itself, by field."""
    found: dict[str, list[str]] = {}
    if not terms.patents:
        found["patents"] = ["请至少选择一件专利。"]
    elif len(terms.patents) > MOST_PATENTS:
        found["patents"] = [f"一笔交易最多 {MOST_PATENTS} 件专利，请分开办理。"]
    if errors := fees.plan_errors(terms.parts):
        found["mode"] = errors
    if terms.months is not None and not 1 <= terms.months <= 240:
        found["months"] = ["期限请填 1 到 240 个月；到专利权期限届满的请留空。"]
    if terms.kind in deal_kinds.LICENCES and not terms.modes:
        found["modes"] = ["请至少选择一种实施方式。"]
    if terms.kind is DealKind.CROSS and not terms.counter:
        found["counter"] = ["交叉许可请至少选择一件需求方的专利。（法释〔2020〕19号第二十五条）"]
    if len(terms.patents) + len(terms.counter) > MOST_PATENTS:
        found.setdefault("patents", [f"一笔交易最多 {MOST_PATENTS} 件专利，请分开办理。"])
    total = fixed_sum(terms.parts)
    if bad := bundle_deals.share_problem(terms.shares, patents=len(terms.patents), total=total):
        found["shares"] = [bad]
    return found | deal_kinds.particular_errors(terms.kind, terms.particulars)


def whole(terms: Terms) -> Terms:
    """The terms with what a kind does not know put right.

    Only licences have a scope and a term, only a cross-licence the other side's patents; shares
    taken for a patent are its price.
    """
    said = deal_kinds.particulars_of(terms.kind, terms.particulars)
    known = replace(terms, particulars=said)
    if terms.kind is not DealKind.CROSS:
        known = replace(known, counter=())
    if terms.kind not in deal_kinds.LICENCES:
        known = replace(known, territory=WHOLE_COUNTRY, modes=MODES, field_of_use="",
                        months=None, sublicensing=False)  # fmt: skip
    if terms.kind is DealKind.EQUITY and not deal_kinds.particular_errors(terms.kind, said):
        known = replace(known, parts=(FeePart(PartKind.EQUITY, share=Decimal(said["share"])),))
    if terms.kind is DealKind.SUBLICENCE:
        known = replace(known, sublicensing=False)
    return known


def fixed_sum(parts: Sequence[FeePart]) -> Decimal:
    """The sums named in figures: what a posting shows as the price."""
    known = (part.amount for part in parts if part.kind in fees.SUMS)
    return sum((amount for amount in known if amount is not None), Decimal(0))


def price(terms: Terms) -> Decimal:
    """The sum a posting shows: named in figures by the plan, or what shares are taken at."""
    if valuation := terms.particulars.get("valuation"):
        return Decimal(valuation)
    return fixed_sum(terms.parts)


def territory_text(territory: str, names: Mapping[str, str] | None = None) -> str:
    """A territory as people read it."""
    if territory == WHOLE_COUNTRY:
        return "中国境内"
    known = names or {}
    return "、".join(known.get(code, code) for code in territory.split(","))


def lines(
    terms: Terms,
    *,
    patents: Sequence[str],
    counter: Sequence[str] = (),
    names: Mapping[str, str] | None = None,
) -> list[tuple[str, str]]:
    """The terms as pairs of item and wording, always the same items in the same order."""
    found = [("方式", KIND_LABELS[terms.kind]), ("专利", "；".join(patents))]
    if terms.kind is DealKind.CROSS:
        found.append(("对方许可的专利", "；".join(counter)))
    licence = terms.kind in deal_kinds.LICENCES
    if terms.kind in deal_kinds.EXCHANGEABLE or licence:
        found += _scope_lines(terms, names) if licence else [(label, "—") for label in SCOPE]
    found += deal_kinds.particular_lines(terms.kind, terms.particulars)
    return [
        *found,
        ("境外当事人", "是" if terms.foreign else "否"),
        ("付费", "；".join(fees.standard_lines(terms.parts))),
        *_share_lines(terms, patents),
        ("其他约定", terms.remarks or "无"),
    ]


def _share_lines(terms: Terms, patents: Sequence[str]) -> list[tuple[str, str]]:
    if not terms.shares:
        return []
    said = [
        f"{patent}：{fees.exact_text(share, fees.Currency.CNY)}"
        for patent, share in zip(patents, terms.shares, strict=True)
    ]
    return [("价格分摊", "\n".join(said))]


SCOPE = ("地域", "实施方式", "使用领域", "期限", "分许可")


def _scope_lines(terms: Terms, names: Mapping[str, str] | None) -> list[tuple[str, str]]:
    most = ("上游许可的期限", "至上游许可终止")
    if terms.kind is not DealKind.SUBLICENCE:
        most = ("专利权期限", "至专利权期限届满")
    term = f"{terms.months} 个月，但不超过{most[0]}" if terms.months else most[1]
    said = (
        territory_text(terms.territory, names),
        "、".join(MODE_LABELS[m] for m in terms.modes),
        terms.field_of_use or "不限",
        term,
        "可以" if terms.sublicensing else "不可以",
    )
    return list(zip(SCOPE, said, strict=True))


@dataclass(frozen=True, slots=True)
class Line:
    """One item of the terms beside what the version before said."""

    label: str
    text: str
    before: str
    changed: bool


def compare(new: Sequence[tuple[str, str]], old: Sequence[tuple[str, str]] | None) -> list[Line]:
    """Each item with what it was; without an older version nothing is marked as changed."""
    was = dict(old or ())
    return [
        Line(label, text, was.get(label, ""), old is not None and was.get(label) != text)
        for label, text in new
    ]


@dataclass(frozen=True, slots=True)
class Next:
    """What a deal needs next, and from whom."""

    waits: Waits
    step: str


STEPS: Mapping[str, str] = {
    "answer": "答复意向：接受洽谈，或说明不接受的理由",
    "propose": "任何一方提出条款",
    "answer_terms": "答复对方提出的条款：接受，或说明理由不接受并另提一版",
    "approvals": "登记签约所需的批准文件",
    "post": "成果转化公示：把谈妥的价格公示满规定天数",
    "wait_posting": "公示正在进行，期满且没有成立的异议后可以签约",
    "sign": "上传已签字盖章的合同",
    "seal": "由权利人单位的第二个人核对双方印章",
    "register": "办理登记或备案，并登记编号和日期",
    "settle": "登记到账金额（开发和服务合同另填验收单号），结清",
    "": "没有待办事项",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a deal has come."""

    status: DealStatus
    proposal_by: str = ""
    needs_posting: bool = False
    posting_runs: bool = False
    missing_approvals: bool = False
    signed: frozenset[str] = field(default_factory=frozenset)


def next_step(at: Progress) -> Next:
    """What is needed next and by whom."""
    match at.status:
        case DealStatus.INTENT:
            return Next(Waits.HOLDER, "answer")
        case DealStatus.NEGOTIATING if at.proposal_by:
            return Next(Waits(other(at.proposal_by).value), "answer_terms")
        case DealStatus.NEGOTIATING:
            return Next(Waits.BOTH, "propose")
        case DealStatus.AGREED if at.needs_posting:
            if at.posting_runs:
                return Next(Waits.CLOCK, "wait_posting")
            return Next(Waits.HOLDER, "post")
        case DealStatus.AGREED | DealStatus.POSTED:
            return _before_signing(at)
        case DealStatus.SIGNED:
            return Next(Waits.BOTH, "register")
        case DealStatus.REGISTERED:
            return Next(Waits.HOLDER, "settle")
    return Next(Waits.NOBODY, "")


def _before_signing(at: Progress) -> Next:
    if at.missing_approvals:
        return Next(Waits.HOLDER, "approvals")
    missing = [party for party in Party if party.value not in at.signed]
    if not missing:
        return Next(Waits.HOLDER, "seal")
    waits = Waits.BOTH if len(missing) > 1 else Waits(missing[0].value)
    return Next(waits, "sign")


@dataclass(frozen=True, slots=True, kw_only=True)
class DealFacts:
    """What the deal itself adds to what each patent allows."""

    kind: DealKind
    foreign: bool
    needs_posting: bool
    posted: bool
    approvals: frozenset[str]
    funded: bool = False
    moved_on: bool = False  # another now keeps one of the patents
    in_transfer: bool = False  # a signed transfer waits for its registration
    declared: bool = False  # an open licence is on offer
    head: deal_kinds.Head | None = None  # the licence above, of a sub-licence


def needed_approvals(*, kind: DealKind, foreign: bool, funded: bool) -> list[ApprovalKind]:
    """Which approvals a deal cannot be signed without."""
    if not foreign or KINDS[kind].effect is Effect.WORK:
        return []
    found = [ApprovalKind.FOREIGN]
    if funded and (kind in deal_kinds.TRANSFERS or kind is DealKind.EXCLUSIVE):
        found.append(ApprovalKind.FUNDER)
    return found


def deal_blockers(facts: DealFacts, *, signing: bool) -> list[Blocker]:
    """Every reason in the deal itself; what only signing needs is not asked before."""
    found = []
    if facts.moved_on:
        found.append(_b("holder-changed", "专利已不由洽谈时的权利人管理，不能由其处分。",
                        "专利法第十条"))  # fmt: skip
    if facts.in_transfer:
        found.append(_b("transfer-in-progress", "这件专利的转让合同已签、正在办理登记，"
                        "登记前不能再作其他处分。", "专利法第十条第三款"))  # fmt: skip
    if facts.head is not None:
        found += [_b(*problem) for problem in deal_kinds.head_problems(facts.head)]
    if facts.declared and facts.kind in deal_kinds.TRANSFERS:
        found.append(_b("declared-transfer", "开放许可声明仍在公告。转让前请先撤回声明，"
                        "已取得的许可不受影响。", "专利法第五十条"))  # fmt: skip
    if not signing:
        return found
    if facts.needs_posting and not facts.posted:
        found.append(_b("not-posted", "协议定价应在本单位公示成果名称和拟交易价格，公示期满前"
                        "不能签约。", "促进科技成果转化法第十八条"))  # fmt: skip
    for kind in needed_approvals(kind=facts.kind, foreign=facts.foreign, funded=facts.funded):
        if kind.value not in facts.approvals:
            found.append(_approval(kind))
    return found


def _approval(kind: ApprovalKind) -> Blocker:
    if kind is ApprovalKind.FUNDER:
        return _b("funder-approval", "财政资金资助形成的专利向境外转让或独占许可，须先登记项目管理"
                  "机构的批准文件。", "科学技术进步法第三十四条")  # fmt: skip
    return _b("foreign-approval", "对方是境外当事人，须先登记技术出口等审批文件。",
              "专利法第十条第二款")  # fmt: skip


def _b(code: str, message: str, article: str) -> Blocker:
    return Blocker(code, message, article)


def outcome_code(kind: DealKind, parts: Sequence[FeePart]) -> Code:
    """Which of the nine codes a deal is reported under; a transfer for shares is equity."""
    shares = any(part.kind is PartKind.EQUITY for part in parts)
    if kind in deal_kinds.TRANSFERS and shares:
        return Code.EQUITY
    return KINDS[kind].code


def last_day(starts_on: date, months: int | None, *, expires_on: date) -> date:
    """The last day of the licence; a term beyond the patent's life is refused, not cut (CC865).

    Without months it ends with the patent.
    """
    if months is None:
        return effect.term_end(starts_on, None, expires_on=expires_on)
    return effect.agreed_end(starts_on, months)
