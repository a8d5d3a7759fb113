"""Where a patent stands: folded from all of its legal events, never read from the last one.

A patent whose latest event is a pledge or an open licence is in force; one that lapsed and was
restored is too. Events may arrive in any order: they are put in the order in which they took
effect before they are folded.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from listings.types import PatentStatus, Reason

# code: (label, rank among events of one day). What starts a thing ranks before what ends it,
# and a loss of the right before its restoration.
EVENTS: dict[str, tuple[str, int]] = {
    "PB01": ("公布", 0),
    "SE01": ("实质审查的生效", 0),
    "WD01": ("发明专利申请公布后的视为撤回", 1),
    "RJ01": ("发明专利申请公布后的驳回", 1),
    "GR01": ("授权", 2),
    "TR01": ("专利权的转移", 3),
    "CP01": ("专利权人的姓名或者名称、地址的变更", 3),
    "CP02": ("专利权人地址的变更", 3),
    "CP03": ("专利权人的名称和地址的变更", 3),
    "CB03": ("发明人的变更", 3),
    "DD01": ("文件的公告送达", 3),
    "CD02": ("公告的更正", 3),
    "OL01": ("开放许可声明", 4),
    "OL02": ("开放许可声明的撤回", 5),
    "PE01": ("专利权质押合同登记的生效", 4),
    "PM01": ("专利权质押合同登记的变更", 5),
    "PC01": ("专利权质押合同登记的注销", 6),
    "EE01": ("专利实施许可合同备案的生效", 4),
    "EM01": ("专利实施许可合同备案的变更", 5),
    "EC01": ("专利实施许可合同备案的注销", 6),
    "PP01": ("专利权的保全", 4),
    "PD01": ("专利权保全的解除", 6),
    "TC01": ("专利权期限的补偿", 3),  # a code of our own: the gazette's is not settled
    "IP01": ("专利权的部分无效", 7),
    "AV01": ("专利权的主动放弃", 7),
    "CF01": ("未缴年费专利权终止", 7),
    "RR01": ("专利权的恢复", 8),
    "CX01": ("专利权期限届满", 9),
    "IW01": ("专利权的全部无效", 10),
}
IN_FORCE = frozenset({PatentStatus.GRANTED})

# What a beginning code opens, and what closes or restates it.
OPENS = {"PE01": "pledge", "EE01": "licence", "PP01": "preservation", "OL01": "declaration"}
CLOSES = {"PC01": "pledge", "EC01": "licence", "PD01": "preservation", "OL02": "declaration"}


@dataclass(frozen=True, slots=True, order=True)
class Event:
    """A legal event as the fold reads it."""

    occurred_on: date
    code: str
    reference: str = ""

    @property
    def label(self) -> str:
        return EVENTS.get(self.code, ("其他事务", 3))[0]


@dataclass(frozen=True, slots=True)
class Base:
    """What is known of a patent besides its events."""

    is_verified: bool
    granted_on: date | None = None
    expires_on: date | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """The status, why, and what the register says is running."""

    status: PatentStatus
    reasons: tuple[Reason, ...] = ()
    is_partly_invalid: bool = False
    preservations: frozenset[str] = frozenset()
    pledges: frozenset[str] = frozenset()
    licences: frozenset[str] = frozenset()
    declarations: frozenset[str] = frozenset()

    @property
    def is_in_force(self) -> bool:
        return self.status in IN_FORCE

    @property
    def is_preserved(self) -> bool:
        return bool(self.preservations)


def in_order(events: Iterable[Event], *, until: date | None = None) -> list[Event]:
    """Events in the order they took effect: by day, by rank within it, by code and reference."""
    kept = {e for e in events if until is None or e.occurred_on <= until}
    return sorted(
        kept, key=lambda e: (e.occurred_on, EVENTS.get(e.code, ("", 3))[1], e.code, e.reference)
    )


def fold(base: Base, events: Iterable[Event], *, on: date) -> Standing:
    """Where the patent stands on a day, given everything that is known of it."""
    history = in_order(events, until=on)
    reasons = [Reason(e.code, e.label, e.occurred_on) for e in history if e.code in _TELLING]
    running = _running(history)
    status, why = _status(base, history, on)
    return Standing(
        status=status,
        reasons=(*reasons, *why),
        is_partly_invalid=any(e.code == "IP01" for e in history),
        preservations=running["preservation"],
        pledges=running["pledge"],
        licences=running["licence"],
        declarations=running["declaration"],
    )


_TELLING = frozenset(
    {"GR01", "WD01", "RJ01", "CF01", "CX01", "AV01", "IW01", "IP01", "RR01", "PP01", "PD01"}
)


def _status(base: Base, history: list[Event], on: date) -> tuple[PatentStatus, tuple[Reason, ...]]:
    """The register's word first, then the calendar's: an invalid patent never was (PL47)."""
    if not base.is_verified:
        return PatentStatus.UNVERIFIED, (
            Reason("no-number", "没有申请号，身份待核实，不能办理许可、质押和转让。", None),
        )
    if any(e.code == "IW01" for e in history):
        return PatentStatus.INVALID, ()
    status = PatentStatus.PENDING
    if base.granted_on is not None and base.granted_on <= on:
        status = PatentStatus.GRANTED
    renounced = False
    for event in history:
        renounced |= event.code == "AV01"  # given up for good: nothing restores it
        status = _step(status, event.code, renounced=renounced)
    if status in (PatentStatus.GRANTED, PatentStatus.LAPSED):
        if any(e.code == "CX01" for e in history):
            return PatentStatus.EXPIRED, ()
        if base.expires_on is not None and base.expires_on <= on:
            return PatentStatus.EXPIRED, (
                Reason("term-over", "专利权期限已经届满。", base.expires_on),
            )
    return status, ()


def _step(status: PatentStatus, code: str, *, renounced: bool) -> PatentStatus:
    """What one event does to the right itself; most events leave it as it is."""
    if status is PatentStatus.PENDING:
        if code == "GR01" or code in _PRESUPPOSE_GRANT:
            return PatentStatus.GRANTED  # the gazette registers those on granted patents only
        if code in ("WD01", "RJ01"):
            return PatentStatus.ABANDONED
    if code == "CF01":
        return PatentStatus.LAPSED
    if code == "AV01":
        return PatentStatus.ABANDONED
    if code == "RR01" and not renounced:
        # What was lost decides what comes back: a right, or an application held withdrawn.
        return _RESTORED.get(status, status)
    return status


_RESTORED = {
    PatentStatus.LAPSED: PatentStatus.GRANTED,
    PatentStatus.ABANDONED: PatentStatus.PENDING,
}
_PRESUPPOSE_GRANT = frozenset({"PE01", "PM01", "OL01", "IP01"})


def _running(history: list[Event]) -> dict[str, frozenset[str]]:
    """The references still open of each sort; a closing without one closes the oldest."""
    running: dict[str, list[str]] = {sort: [] for sort in set(OPENS.values())}
    for event in history:
        if event.code in OPENS:
            sort = running[OPENS[event.code]]
            if event.reference not in sort:
                sort.append(event.reference)
        elif event.code in CLOSES:
            sort = running[CLOSES[event.code]]
            if event.reference in sort:
                sort.remove(event.reference)
            elif sort and not event.reference:
                sort.pop(0)
    return {sort: frozenset(references) for sort, references in running.items()}
