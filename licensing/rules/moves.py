"""The states of declarations, licences, contests and outcomes, and the moves between them."""

from collections.abc import Mapping
from enum import StrEnum
from typing import TypeVar

S = TypeVar("S", bound=StrEnum)


class IllegalMove(Exception):
    """This state does not allow this move."""

    def __init__(self, status: str, move: str) -> None:
        super().__init__(f"A {status} row cannot {move}.")
        self.status, self.move = status, move


class DeclarationStatus(StrEnum):
    """Where an open declaration 开放许可声明 stands."""

    DRAFT = "draft"
    INTERNAL_OK = "internal_ok"
    FILED = "filed"
    ANNOUNCED = "announced"
    WITHDRAWN = "withdrawn"
    ENDED = "ended"
    DISCARDED = "discarded"


class LicenceStatus(StrEnum):
    """Where a licence 许可 stands."""

    NOTICED = "noticed"
    EFFECTIVE = "effective"
    FILED = "filed"
    ENDED = "ended"
    VOID = "void"


class ContestStatus(StrEnum):
    """Where a licensor's objection 异议 to a licence stands."""

    RAISED = "raised"
    UPHELD = "upheld"
    DISMISSED = "dismissed"
    DROPPED = "dropped"


class OutcomeStatus(StrEnum):
    """Where a reported outcome 转化反馈 stands."""

    REPORTED = "reported"
    VERIFIED = "verified"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"


_D, _L, _C, _O = DeclarationStatus, LicenceStatus, ContestStatus, OutcomeStatus

DECLARATION_MOVES: Mapping[str, tuple[frozenset[DeclarationStatus], DeclarationStatus]] = {
    "approve": (frozenset({_D.DRAFT}), _D.INTERNAL_OK),
    "send_back": (frozenset({_D.INTERNAL_OK, _D.FILED}), _D.DRAFT),
    "file": (frozenset({_D.INTERNAL_OK}), _D.FILED),
    "announce": (frozenset({_D.FILED}), _D.ANNOUNCED),
    "withdraw": (frozenset({_D.ANNOUNCED}), _D.WITHDRAWN),
    "end": (frozenset({_D.ANNOUNCED}), _D.ENDED),
    "discard": (frozenset({_D.DRAFT, _D.INTERNAL_OK, _D.FILED}), _D.DISCARDED),
}
LICENCE_MOVES: Mapping[str, tuple[frozenset[LicenceStatus], LicenceStatus]] = {
    "take_effect": (frozenset({_L.NOTICED}), _L.EFFECTIVE),
    "file": (frozenset({_L.EFFECTIVE}), _L.FILED),
    "end": (frozenset({_L.EFFECTIVE, _L.FILED}), _L.ENDED),
    "void": (frozenset({_L.NOTICED, _L.EFFECTIVE, _L.FILED}), _L.VOID),
}
CONTEST_MOVES: Mapping[str, tuple[frozenset[ContestStatus], ContestStatus]] = {
    "uphold": (frozenset({_C.RAISED}), _C.UPHELD),
    "dismiss": (frozenset({_C.RAISED}), _C.DISMISSED),
    "drop": (frozenset({_C.RAISED}), _C.DROPPED),
}
OUTCOME_MOVES: Mapping[str, tuple[frozenset[OutcomeStatus], OutcomeStatus]] = {
    "verify": (frozenset({_O.REPORTED}), _O.VERIFIED),
    "reject": (frozenset({_O.REPORTED}), _O.REJECTED),
    "report_again": (frozenset({_O.REJECTED}), _O.REPORTED),
    # The licence it rests on turned out void: it no longer counts.
    "annul": (frozenset({_O.REPORTED, _O.VERIFIED}), _O.REJECTED),
    # What was said turns out different: it counts again once the bureau has looked at it again.
    "correct": (frozenset({_O.REPORTED, _O.VERIFIED}), _O.REPORTED),
    "withdraw": (frozenset({_O.REPORTED, _O.VERIFIED, _O.REJECTED}), _O.WITHDRAWN),
}

OPEN_DECLARATIONS = frozenset({_D.DRAFT, _D.INTERNAL_OK, _D.FILED, _D.ANNOUNCED})
LIVE_LICENCES = frozenset({_L.NOTICED, _L.EFFECTIVE, _L.FILED})
IN_FORCE = frozenset({_L.EFFECTIVE, _L.FILED})

DECLARATION_LABELS: Mapping[DeclarationStatus, str] = {
    _D.DRAFT: "草稿",
    _D.INTERNAL_OK: "内部已审",
    _D.FILED: "已提交",
    _D.ANNOUNCED: "已公告",
    _D.WITHDRAWN: "已撤回",
    _D.ENDED: "已终止",
    _D.DISCARDED: "已作废",
}
LICENCE_LABELS: Mapping[LicenceStatus, str] = {
    _L.NOTICED: "已通知，待付款",
    _L.EFFECTIVE: "已生效，待备案",
    _L.FILED: "已备案",
    _L.ENDED: "已到期",
    _L.VOID: "已失效",
}
CONTEST_LABELS: Mapping[ContestStatus, str] = {
    _C.RAISED: "待处理",
    _C.UPHELD: "异议成立",
    _C.DISMISSED: "异议不成立",
    _C.DROPPED: "已撤回异议",
}
OUTCOME_LABELS: Mapping[OutcomeStatus, str] = {
    _O.REPORTED: "待核验",
    _O.VERIFIED: "已核验",
    _O.REJECTED: "已退回",
    _O.WITHDRAWN: "已撤回",
}


def after(moves: Mapping[str, tuple[frozenset[S], S]], status: str, move: str) -> S:
    """The state that `move` leads to from `status`, or IllegalMove."""
    sources, target = moves[move]
    if status not in sources:
        raise IllegalMove(status, move)
    return target


def transitions(moves: Mapping[str, tuple[frozenset[S], S]]) -> list[tuple[str, str]]:
    """Every legal pair of states, once: what the database trigger is generated from."""
    return sorted({(str(a), str(target)) for sources, target in moves.values() for a in sources})
