"""All that follows from a patent's legal events, as one function of the set of them.

Status and reasons, the day of grant, the day of expiry with its compensation (PL42), who holds it,
what the register binds it with, and where the register contradicts what is recorded here. Whoever
folds a patent's events from scratch gets what was kept up to date event by event.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from listings.rules import claims, standing, terms
from listings.rules.claims import Fact, Overlap, Own
from listings.rules.standing import Standing
from listings.types import EncumbranceKind, PatentKind

RENAMES = frozenset({"CP01", "CP02", "CP03"})
HOLDER_CODES = RENAMES | {"TR01"}
COMPENSATION = "TC01"
_DEAD, _ALIVE = frozenset({"CF01", "AV01", "CX01"}), "RR01"
_ON_LIVING = frozenset({"PE01", "EE01", "OL01"})
KIND_WORDS: dict[EncumbranceKind, str] = {
    EncumbranceKind.PLEDGE: "质押",
    EncumbranceKind.ORDINARY: "普通许可",
    EncumbranceKind.SOLE: "排他许可",
    EncumbranceKind.EXCLUSIVE: "独占许可",
    EncumbranceKind.OPEN_DECLARATION: "开放许可声明",
    EncumbranceKind.PRESERVATION: "保全",
}


@dataclass(frozen=True, slots=True)
class Known:
    """A patent as it is stored, before its events are read."""

    is_verified: bool
    kind: PatentKind
    filed_on: date | None = None
    granted_on: date | None = None
    expires_on: date | None = None


@dataclass(frozen=True, slots=True)
class Declared:
    """The patentees as somebody declared them; events after that one change the list."""

    names: tuple[str, ...]
    after_event: int


@dataclass(frozen=True, slots=True)
class Named:
    """A patentee after the events, and who of the declared ones he was."""

    name: str
    was: str = ""


@dataclass(frozen=True, slots=True)
class Contradiction:
    """An event that does not fit what is recorded; somebody has to look."""

    code: str
    event: int
    message: str
    mend: str
    rival: int | None = None


@dataclass(frozen=True, slots=True)
class Folded:
    """What a patent's events come to."""

    standing: Standing
    granted_on: date | None
    expires_on: date | None
    effects: dict[int, claims.Effect]
    bonds: tuple[claims.Bond, ...]
    contradictions: tuple[Contradiction, ...]
    holders: tuple[Named, ...] | None = None


def fold(
    known: Known,
    facts: Iterable[Fact],
    *,
    own: Sequence[Own] = (),
    declared: Declared | None = None,
    on: date,
) -> Folded:
    """Everything that follows on a day from these events and the platform's own bonds."""
    history = in_order(facts, on=on)
    granted_on, ill_granted = _granted(known, history)
    expires_on, uncompensated = _expiry(known, history)
    open_claims, orphans = claims.read(history)
    outcome = claims.weigh(open_claims, orphans, own)
    holders, unknown = _holders(declared, history)
    found = standing.fold(
        standing.Base(known.is_verified, granted_on, expires_on),
        [standing.Event(f.occurred_on, f.code, f.reference) for f in history],
        on=on,
    )
    against = [
        *ill_granted,
        *uncompensated,
        *unknown,
        *(_overlap(o) for o in outcome.overlaps),
        *_on_the_dead(history),
    ]
    return Folded(
        standing=found,
        granted_on=granted_on,
        expires_on=expires_on,
        effects=outcome.effects,
        bonds=tuple(outcome.bonds),
        contradictions=tuple(against),
        holders=holders,
    )


def in_order(facts: Iterable[Fact], *, on: date) -> list[Fact]:
    """Those that have taken effect, in the order in which they did."""
    ranks = standing.EVENTS
    return sorted(
        (f for f in facts if f.occurred_on <= on),
        key=lambda f: (f.occurred_on, ranks.get(f.code, ("", 3))[1], f.code, f.reference),
    )


def _granted(known: Known, history: Sequence[Fact]) -> tuple[date | None, list[Contradiction]]:
    """The day of grant: as recorded, else the gazette's first that can be."""
    days, wrong = [], []
    for fact in history:
        if fact.code == "GR01":
            if known.filed_on is None or fact.occurred_on >= known.filed_on:
                days.append(fact.occurred_on)
            else:
                wrong.append(
                    Contradiction(
                        "grant-before-filing",
                        fact.id,
                        f"公报的授权日 {fact.occurred_on} 早于登记的申请日 {known.filed_on}。",
                        "请核对申请日；申请日改正后会自动重新计算。",
                    )
                )
    if days and (known.granted_on is None or known.granted_on in days):
        return min(days), wrong
    return known.granted_on, wrong


def _expiry(known: Known, history: Sequence[Fact]) -> tuple[date | None, list[Contradiction]]:
    """The stored day, or a later one where the term is compensated; never an earlier one."""
    days, wrong = 0, []
    for fact in history:
        if fact.code != COMPENSATION:
            continue
        given = fact.detail.get("days")
        fits = known.kind is PatentKind.INVENTION and known.filed_on is not None
        if fits and isinstance(given, int) and given > 0:
            days += given
        else:
            wrong.append(
                Contradiction(
                    "compensation",
                    fact.id,
                    "公告了专利权期限补偿，但没有写明天数、没有登记申请日，或这不是发明专利。",
                    "请核对公告天数、专利类型和申请日；改正之前，届满日没有变动。",
                )
            )
    if not days or known.filed_on is None:
        return known.expires_on, wrong
    longer = terms.expiry(known.kind, known.filed_on) + timedelta(days=days)
    return max(longer, known.expires_on or longer), wrong


def _overlap(found: Overlap) -> Contradiction:
    """A registered right that cannot stand beside another."""
    fact, word = found.claim.opened, KIND_WORDS[found.claim.as_kind]
    number = f"（登记号 {fact.reference}）" if fact.reference else ""
    if found.rival is not None:
        message = (
            f"公报登记了{word}{number}，{fact.occurred_on} 生效，与平台上仍然有效的权利负担相冲突。"
        )
        mend = (
            "请核对是哪一边有误：平台记录已经结束的，请在许可或质押页面办结；"
            "公报登记的权利已经注销的，请补登注销事件。"
        )
    else:
        rival = found.rival_event
        earlier = f"{rival.occurred_on} 登记的 {rival.reference or rival.code}" if rival else ""
        message = (
            f"公报登记了{word}{number}，{fact.occurred_on} 生效，但{earlier}在公报上还没有注销。"
        )
        mend = "请查询登记簿；如较早的一项已经注销，请补登它的注销事件。"
    return Contradiction("overlap", fact.id, message, mend, found.rival)


def _on_the_dead(history: Sequence[Fact]) -> list[Contradiction]:
    """Rights registered on a patent that had ended and was not restored before."""
    found, lost, renounced = [], None, False
    for fact in history:
        if fact.code in _DEAD:
            lost, renounced = fact, renounced or fact.code == "AV01"
        elif fact.code == _ALIVE and not renounced:
            lost = None
        elif lost is not None and fact.code in _ON_LIVING:
            found.append(
                Contradiction(
                    "right-had-ended",
                    fact.id,
                    f"{fact.occurred_on} 登记了{standing.EVENTS[fact.code][0]}，"
                    f"但专利权已在 {lost.occurred_on} {standing.EVENTS[lost.code][0]}。",
                    "请查询登记簿，多半是缺少一条“专利权的恢复”（RR01），补登后会自动消除。",
                )
            )
    return found


def _holders(
    declared: Declared | None, history: Sequence[Fact]
) -> tuple[tuple[Named, ...] | None, list[Contradiction]]:
    """Who holds it after its transfers and changes of name; None where nothing is to be changed."""
    if declared is None:
        return None, []
    now = [Named(name, name) for name in declared.names]
    wrong: list[Contradiction] = []
    for fact in history:
        if fact.code not in HOLDER_CODES or fact.id <= declared.after_event:
            continue
        old, new = _parties(fact, "from"), _parties(fact, "to")
        if fact.code == "CP02" and not new:
            continue  # an address
        step = _renamed(now, old, new) if fact.code in RENAMES else _transferred(now, old, new)
        if step is None:
            wrong.append(_unknown_parties(fact, old, new, now))
        else:
            now = step
    return tuple(now), wrong


def _parties(fact: Fact, side: str) -> list[str]:
    given = fact.detail.get(side)
    return [str(name) for name in given if str(name)] if isinstance(given, list) else []


def _transferred(now: list[Named], old: list[str], new: list[str]) -> list[Named] | None:
    """The givers' places go to the takers; None when the parties do not fit the list."""
    names = {holder.name for holder in now}
    givers = [name for name in old if name in names]
    if not new:
        return None
    if not givers:
        return now if names.issuperset(new) else None
    staying = [name for name in old if name in new]  # a co-owner joins, the others stay
    place = next(i for i, holder in enumerate(now) if holder.name in givers)
    kept = {holder.name: holder for holder in now}
    coming = [kept[n] if n in staying and n in kept else Named(n) for n in dict.fromkeys(new)]
    rest = [(i, h) for i, h in enumerate(now) if h.name not in givers and h.name not in new]
    before = [holder for i, holder in rest if i < place]
    after = [holder for i, holder in rest if i > place]
    return [*before, *coming, *after]


def _renamed(now: list[Named], old: list[str], new: list[str]) -> list[Named] | None:
    if len(old) != len(new) or not new:
        return None
    found = list(now)
    for was, name in zip(old, new, strict=True):
        names = [holder.name for holder in found]
        if was in names and (name == was or name not in names):
            found[names.index(was)] = replace(found[names.index(was)], name=name)
        elif name not in names:
            return None
    return found


def _unknown_parties(fact: Fact, old: list[str], new: list[str], now: list[Named]) -> Contradiction:
    label = standing.EVENTS[fact.code][0]
    if not new:
        said = "但没有写明变更后的权利人"
    else:
        said = f"由 {'、'.join(old) or '（未写明）'} 变为 {'、'.join(new)}"
    return Contradiction(
        "holders",
        fact.id,
        f"公报 {fact.occurred_on} {label}，{said}；登记的专利权人是"
        f" {'、'.join(holder.name for holder in now) or '（空）'}，对不上，名单没有改动。",
        "请核对专利权人：缺少更早的转移或更名事件的，补登后会自动接上；名单写错的，请更正名单。",
    )
