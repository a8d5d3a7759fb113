"""Every reason why something may not be done with a patent, at once, each with its article.

PL 专利法, IR 实施细则, CC 民法典, SI 法释〔2020〕19号 (technology contracts), STP 科技进步法.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date

from listings.rules import binding
from listings.rules.annuities import Annuity, AnnuityState
from listings.rules.binding import ALL_CELLS, SI27, Bond
from listings.rules.standing import Standing
from listings.types import Action, Blocker, Consent, EncumbranceKind, PatentKind, PatentStatus

K = EncumbranceKind

LICENSING = frozenset({Action.LICENSE_ORDINARY, Action.LICENSE_SOLE, Action.LICENSE_EXCLUSIVE})
NEEDS_ALL_OWNERS = frozenset(
    {Action.LICENSE_SOLE, Action.LICENSE_EXCLUSIVE, Action.PLEDGE, Action.TRANSFER}
)
AS_KIND: dict[Action, EncumbranceKind] = {
    Action.DECLARE_OPEN: K.OPEN_DECLARATION,
    Action.LICENSE_ORDINARY: K.ORDINARY,
    Action.LICENSE_SOLE: K.SOLE,
    Action.LICENSE_EXCLUSIVE: K.EXCLUSIVE,
    Action.PLEDGE: K.PLEDGE,
}
NAMES: dict[Action, str] = {
    Action.PUBLISH: "发布",
    Action.DECLARE_OPEN: "声明开放许可",
    Action.LICENSE_ORDINARY: "订立普通许可",
    Action.LICENSE_SOLE: "订立排他许可",
    Action.LICENSE_EXCLUSIVE: "订立独占许可",
    Action.PLEDGE: "质押",
    Action.TRANSFER: "转让",
}


@dataclass(frozen=True, slots=True)
class CoOwner:
    """A patentee as the rules read it; the managing one has asked for the act itself."""

    name: str
    consent: Consent
    is_managing: bool = False


@dataclass(frozen=True, slots=True)
class Facts:
    """All that the rules need to know of one patent on one day, and of what is wanted."""

    on: date
    kind: PatentKind
    standing: Standing
    annuity: Annuity
    expires_on: date | None = None
    owners: tuple[CoOwner, ...] = ()
    users: tuple[CoOwner, ...] = ()  # inventors granted long-term use
    bonds: tuple[Bond, ...] = ()
    evaluation_verdict: str = ""
    funding_project: str = ""
    managed: bool = True
    # the scope wanted; the whole country in every mode, from today and without end, by default
    starts_on: date | None = None
    ends_on: date | None = None
    cells: frozenset[int] = field(default=ALL_CELLS)
    exception: str = ""


def blockers(facts: Facts, action: Action) -> list[Blocker]:
    """Every reason against `action`, hard ones first; none: it may be done."""
    found = [
        *_standing(facts, action),
        *_annuity(facts, action),
        *_owners(facts, action),
        *_users(facts, action),
        *_preservation(facts, action),
        *_pledge(facts, action),
        *_licences(facts, action),
        *_report(facts, action),
        *_term(facts, action),
        *_funding(facts, action),
    ]
    return sorted(found, key=lambda blocker: not blocker.hard)


_STANDING: dict[PatentStatus, tuple[str, str]] = {
    PatentStatus.UNVERIFIED: ("number-unverified", "还没有核实的申请号，请先补全申请号"),
    PatentStatus.PENDING: ("not-granted", "尚未授权公告"),
    PatentStatus.LAPSED: ("lapsed", "专利权已因未缴年费终止，恢复后方可办理"),
    PatentStatus.EXPIRED: ("expired", "专利权期限已经届满"),
    PatentStatus.INVALID: ("invalid", "专利权已被宣告全部无效，视为自始不存在"),
    PatentStatus.ABANDONED: ("abandoned", "专利权已放弃或申请已视为撤回"),
}
_IN_FORCE_ARTICLE: dict[Action, str] = {
    Action.PUBLISH: "专利转化运用专项行动方案（挂牌专利应当有效）",
    Action.DECLARE_OPEN: "专利法实施细则第八十五条、第八十六条",
    Action.PLEDGE: "专利权质押登记办法（专利权应当有效）",
    Action.TRANSFER: "专利法第十条",
}


def _standing(facts: Facts, action: Action) -> Iterator[Blocker]:
    if found := _STANDING.get(facts.standing.status):
        code, why = found
        article = _IN_FORCE_ARTICLE.get(action, "民法典第八百六十五条")
        if facts.standing.status is PatentStatus.INVALID:
            article = "专利法第四十七条"
        yield Blocker(code, f"{why}，不能{NAMES[action]}。", article)


def _annuity(facts: Facts, action: Action) -> Iterator[Blocker]:
    if not facts.standing.is_in_force:
        return  # said already, and more gravely
    article = {
        Action.DECLARE_OPEN: "专利法实施细则第八十六条",
        Action.PLEDGE: "专利权质押登记办法（未缴年费不予登记）",
    }.get(action, "专利法实施细则第一百一十五条")
    hard = action in (Action.DECLARE_OPEN, Action.PLEDGE) or action in LICENSING
    match facts.annuity.state:
        case AnnuityState.GRACE:
            yield Blocker(
                "annuity-late",
                f"年费应于 {facts.annuity.due_on} 前缴纳，现处于滞纳期（至 "
                f"{facts.annuity.grace_until}），请先补缴。",
                article,
                hard=hard,
            )
        case AnnuityState.OVERDUE:
            yield Blocker(
                "annuity-unpaid",
                f"年费未缴，滞纳期已于 {facts.annuity.grace_until} 届满，请核实专利是否仍然有效。",
                article,
                hard=True,
            )
        case AnnuityState.UNKNOWN:
            yield Blocker(
                "annuity-unknown",
                "没有年费缴纳记录，请登记年费缴至日期。",
                article,
                hard=False,
            )


def _owners(facts: Facts, action: Action) -> Iterator[Blocker]:
    if not facts.managed or not facts.owners:
        yield Blocker(
            "holder-unknown",
            f"没有登记办理这件专利的专利权人，不能{NAMES[action]}。",
            "专利法第十条、第十二条",
        )
        return
    others = [owner for owner in facts.owners if not owner.is_managing]
    if len(others) == len(facts.owners):
        yield Blocker(
            "holder-not-registered",
            "管理单位不在专利权人之列，请先核对专利权人。",
            "专利法第十二条",
            hard=action is not Action.PUBLISH,  # a tech-transfer firm may show what it keeps
        )
    if action is Action.LICENSE_ORDINARY:
        return  # a co-owner may grant an ordinary licence alone
    enough = {Consent.ALL} if action in NEEDS_ALL_OWNERS else {Consent.ALL, Consent.OPEN}
    missing = [owner.name for owner in others if owner.consent not in enough]
    if missing:
        yield Blocker(
            "co-owner-consent",
            f"共有专利{NAMES[action]}须经全体共有人同意，尚缺：{'、'.join(missing)}。",
            "专利法第十四条"
            if action is not Action.DECLARE_OPEN
            else "专利法第十四条、专利法实施细则第八十五条",
        )


def _users(facts: Facts, action: Action) -> Iterator[Blocker]:
    """Inventors with a right of use: it outlives a transfer, and nothing exclusive passes it by."""
    names = [user.name for user in facts.users]
    asked = [user.name for user in facts.users if user.consent is not Consent.ALL]
    article = "科学技术进步法第三十三条、赋权协议"
    if action in (Action.LICENSE_SOLE, Action.LICENSE_EXCLUSIVE) and asked:
        yield Blocker(
            "inventor-use",
            f"{'；'.join(asked)} 享有长期使用权，{NAMES[action]}须先取得其书面同意。",
            article,
        )
    elif action is Action.TRANSFER and names:
        yield Blocker(
            "inventor-use-survives",
            f"{'；'.join(names)} 的长期使用权在转让后继续有效，应告知受让人。",
            article,
            hard=False,
        )


def _preservation(facts: Facts, action: Action) -> Iterator[Blocker]:
    running = [b for b in _wanted(facts) if b.kind is K.PRESERVATION]
    article = "专利法实施细则第一百零三条、第一百零四条"
    if action is Action.DECLARE_OPEN:
        article = "专利法实施细则第八十六条、第一百零三条、第一百零四条"
    if running or facts.standing.is_preserved:
        yield Blocker(
            "preserved",
            f"专利权处于保全或中止程序，解除前不能{NAMES[action]}。",
            article,
        )


def _pledge(facts: Facts, action: Action) -> Iterator[Blocker]:
    running = [b for b in _wanted(facts) if b.kind is K.PLEDGE]
    if action is Action.PLEDGE:
        if running or facts.standing.pledges:
            yield Blocker(
                "already-pledged",
                "专利权已经出质，同一专利不能重复质押，请先办理注销登记。",
                "专利权质押登记办法（已被申请质押登记且处于质押期间的不予登记）",
            )
        return
    agreed = any(action.value in b.consents for b in running)
    if agreed or not (running or facts.standing.pledges):
        return
    article = "民法典第四百四十四条"
    if action is Action.DECLARE_OPEN:
        article = "民法典第四百四十四条、专利法实施细则第八十六条"
    yield Blocker(
        "pledged",
        f"专利权已经出质，未经质权人同意不能{NAMES[action]}，请先取得质权人书面同意。"
        if action is not Action.PUBLISH
        else "专利权已经出质：可以展示，但许可和转让须经质权人同意。",
        article,
        hard=action is not Action.PUBLISH,
    )


def _licences(facts: Facts, action: Action) -> Iterator[Blocker]:
    running = _wanted(facts)
    barred = [b for b in running if b.kind in (K.EXCLUSIVE, K.SOLE)]
    if action is Action.TRANSFER:
        if held := [b for b in running if b.kind in binding.LICENCES]:
            yield Blocker(
                "licences-survive",
                f"已有 {len(held)} 项许可，转让后继续有效，应告知受让人。",
                "法释〔2020〕19号第二十四条",
                hard=False,
            )
        return
    if action is Action.PLEDGE:
        return
    if action is Action.PUBLISH:
        given = {cell for b in barred if b.kind is K.EXCLUSIVE for cell in b.cells}
        if facts.cells <= given:  # a province given away leaves others
            yield Blocker(
                "exclusive-licence",
                "独占许可有效期内没有可供发布的权利。",
                "法释〔2020〕19号第二十五条",
            )
        return
    kind = AS_KIND[action]
    for bond in running:
        exception = facts.exception if kind is K.ORDINARY else bond.exception
        if binding.exclude_each_other(kind, bond.kind, exception=exception):
            yield _overlap(action, bond)
    yield from _exception(facts, action, running)


def _overlap(action: Action, bond: Bond) -> Blocker:
    until = f"至 {bond.ends_on}" if bond.ends_on else "没有约定终止日"
    if bond.kind is K.OPEN_DECLARATION:
        if action is Action.DECLARE_OPEN:
            return Blocker(
                "already-declared", "开放许可声明已经公告，不能重复声明。", "专利法第五十条"
            )
        return Blocker(
            "open-declared",
            f"开放许可期间不能{NAMES[action]}，请先撤回声明。",
            "专利法第五十一条",
        )
    code = {
        K.EXCLUSIVE: "exclusive-licence",
        K.SOLE: "sole-licence",
    }.get(bond.kind, "ordinary-licence")
    name = {K.EXCLUSIVE: "独占许可", K.SOLE: "排他许可"}.get(bond.kind, "普通许可")
    article = (
        "专利法实施细则第八十六条"
        if action is Action.DECLARE_OPEN
        else "法释〔2020〕19号第二十五条"
    )
    return Blocker(code, f"同一范围内已有{name}（{until}），不能{NAMES[action]}。", article)


def _exception(facts: Facts, action: Action, running: list[Bond]) -> Iterator[Blocker]:
    """The seat of SI27 exists only beside a sole licence, and once."""
    if action is not Action.LICENSE_ORDINARY or facts.exception != SI27:
        return
    if not any(b.kind is K.SOLE for b in running):
        yield Blocker(
            "si27-without-sole",
            "没有排他许可，不需要也不能适用“排他许可人许可一人实施”的例外。",
            "法释〔2020〕19号第二十七条",
        )
    if any(b.kind is K.ORDINARY and b.exception == SI27 for b in running):
        yield Blocker(
            "si27-used",
            "排他许可的许可人不具备独立实施条件时，只能以普通许可许可一人实施，名额已用。",
            "法释〔2020〕19号第二十七条",
        )


def _report(facts: Facts, action: Action) -> Iterator[Blocker]:
    if action is not Action.DECLARE_OPEN or facts.kind is PatentKind.INVENTION:
        return
    name = "实用新型" if facts.kind is PatentKind.UTILITY_MODEL else "外观设计"
    if not facts.evaluation_verdict:
        yield Blocker(
            "evaluation-missing",
            f"{name}声明开放许可应当提供专利权评价报告，请先登记评价报告。",
            "专利法第五十条",
        )
    elif facts.evaluation_verdict != "supports":
        yield Blocker(
            "evaluation-against",
            "专利权评价报告的结论不支持授权，不能声明开放许可。",
            "专利法第五十条",
        )


def _term(facts: Facts, action: Action) -> Iterator[Blocker]:
    """No licence and no pledged debt may outlive the patent."""
    if action not in LICENSING | {Action.PLEDGE, Action.DECLARE_OPEN}:
        return
    if facts.ends_on is None or facts.expires_on is None or facts.ends_on < facts.expires_on:
        return
    yield Blocker(
        "beyond-term",
        f"期限到 {facts.ends_on}，超过专利权期限（{facts.expires_on} 届满）。",
        "民法典第八百六十五条"
        if action is not Action.PLEDGE
        else "专利权质押登记办法（债务履行期限不得超过专利权期限）",
    )


def _funding(facts: Facts, action: Action) -> Iterator[Blocker]:
    if facts.funding_project and action in (Action.LICENSE_EXCLUSIVE, Action.TRANSFER):
        yield Blocker(
            "funder-approval",
            "由财政资金资助形成：向境外转让或独占许可须经项目管理机构批准。",
            "科学技术进步法第三十四条",
            hard=False,
        )


def _wanted(facts: Facts) -> list[Bond]:
    """The encumbrances that share a day and a cell with the scope wanted."""
    start = facts.starts_on or facts.on
    return [b for b in facts.bonds if b.meets(start, facts.ends_on, facts.cells)]
