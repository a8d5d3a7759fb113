"""What may happen to a pledge: plain Python, no Django, no clock.

What keeps a *patent* from being pledged is `listings.selectors.can(PLEDGE)`; here is what the
contract itself must hold (domain, section 2.3), and the moves of a pledge once recorded.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum

from listings.types import Blocker, PatentKind

REGISTER_NUMBER = re.compile(r"^[XY]?\d{13}$")
LONGEST_NUMBER = 40
LARGEST = Decimal("9999999999999999.99")
REFUSALS = "专利权质押登记办法"


class IllegalMove(Exception):
    """This state does not allow this move."""

    def __init__(self, status: str, move: str) -> None:
        super().__init__(f"A {status} pledge cannot {move}.")
        self.status, self.move = status, move


class PledgeStatus(StrEnum):
    """Where a pledge stands."""

    REGISTERED = "registered"
    RELEASED = "released"


class Ending(StrEnum):
    """Why a pledge ends (the five grounds for cancelling its registration)."""

    PAID = "paid"
    REALISED = "realised"
    WAIVED = "waived"
    CONTRACT_VOID = "contract_void"
    OTHER = "other"


SOON = timedelta(days=30)  # a pledge that ends within is put before its bank
STATUS_LABELS: Mapping[PledgeStatus, str] = {
    PledgeStatus.REGISTERED: "质押中",
    PledgeStatus.RELEASED: "已解除",
}
ENDING_LABELS: Mapping[Ending, str] = {
    Ending.PAID: "债务已清偿或提前清偿",
    Ending.REALISED: "质权已实现",
    Ending.WAIVED: "质权人放弃质权",
    Ending.CONTRACT_VOID: "主合同无效或被撤销",
    Ending.OTHER: "质权消灭的其他情形",
}
MOVES: Mapping[str, tuple[frozenset[PledgeStatus], PledgeStatus]] = {
    "release": (frozenset({PledgeStatus.REGISTERED}), PledgeStatus.RELEASED),
}


@dataclass(frozen=True, slots=True)
class PledgedRight:
    """What of a patent matters to the term of a pledge on it."""

    printed: str
    expires_on: date | None
    organisation_id: int | None


@dataclass(frozen=True, slots=True)
class PledgeTerms:
    """A pledge contract as it is to be recorded."""

    principal: Decimal
    starts_on: date
    ends_on: date
    registered_on: date
    register_number: str
    today: date


def after(status: str, move: str) -> PledgeStatus:
    """The status that `move` leads to, or IllegalMove."""
    sources, target = MOVES[move]
    if status not in sources:
        raise IllegalMove(status, move)
    return target


def transitions() -> list[tuple[str, str]]:
    """Every legal pair of states: what the database trigger is generated from."""
    return sorted({(str(a), str(target)) for sources, target in MOVES.values() for a in sources})


def number_warning(number: str) -> str | None:
    """A word about an unusual register number: shown, never refused (formats have varied)."""
    if REGISTER_NUMBER.match(number.strip().upper()):
        return None
    return "登记号通常为 Y 加 13 位数字（如 Y2022980001234），请核对；确认无误可以继续。"


def term_errors(terms: PledgeTerms) -> dict[str, list[str]]:
    """What is wrong with the contract's own figures, by field."""
    errors: dict[str, list[str]] = {}
    if not 0 < terms.principal <= LARGEST:
        errors["principal"] = ["请填写大于 0 的担保债权金额（元）。"]
    if terms.ends_on < terms.starts_on:
        errors["ends_on"] = ["债务到期日不能早于起始日。"]
    if terms.registered_on > terms.today:
        errors["registered_on"] = ["登记日不能晚于今天。"]
    number = terms.register_number.strip()
    if not number:
        errors["register_number"] = ["请填写质押登记号。"]
    elif len(number) > LONGEST_NUMBER:
        errors["register_number"] = [f"质押登记号最多 {LONGEST_NUMBER} 个字符。"]
    return errors


def contract_blockers(
    terms: PledgeTerms, rights: Sequence[PledgedRight], *, pledgor_id: int | None
) -> list[Blocker]:
    """What in the contract keeps it from registration, beside each patent's own blockers."""
    found = []
    if not rights:
        message = "请至少选择一件质押的专利。"
        found.append(Blocker(code="no-patent", message=message, article=REFUSALS))
    for right in rights:
        if right.expires_on is not None and terms.ends_on >= right.expires_on:
            message = (
                f"{right.printed}：债务到期日 {terms.ends_on:%Y-%m-%d} "
                f"不早于专利权期限届满日 {right.expires_on:%Y-%m-%d}。"
            )
            found.append(Blocker(code="term-beyond-life", message=message, article=REFUSALS))
        if right.organisation_id != pledgor_id:
            message = f"{right.printed}：出质人与专利登记簿记载的专利权人不一致。"
            found.append(Blocker(code="not-the-owner", message=message, article=REFUSALS))
    return found


def conditional_grounds(kind: PatentKind) -> list[Blocker]:
    """What bars registration unless the parties confirm that they know of it.

    The register alone cannot tell these, so the parties are asked every time.
    """
    found = [
        Blocker(
            code="invalidation-pending",
            message="如专利正处于无效宣告程序，须由当事人书面确认知悉后才能登记。",
            article=f"{REFUSALS}（无效宣告程序中的专利）",
            hard=False,
        )
    ]
    if kind is PatentKind.UTILITY_MODEL:
        found.append(
            Blocker(
                code="same-day-invention",
                message="如同一申请人同日就同样的发明创造申请了发明专利，"
                "须由当事人书面确认知悉后才能登记。",
                article=f"{REFUSALS}（同日申请的实用新型）",
                hard=False,
            )
        )
    return found


# All that parties may be asked to confirm: the conditional grounds, and what our register does not
# tell for certain (a blocker of the patent that only warns).
CONFIRMABLE: Sequence[Blocker] = (
    *conditional_grounds(PatentKind.UTILITY_MODEL),
    Blocker(
        code="annuity-unknown",
        message="如平台没有年费缴纳记录，当事人确认年费已经缴纳。",
        article=REFUSALS,
        hard=False,
    ),
)


def unconfirmed(blockers: Sequence[Blocker], confirmed: Sequence[str]) -> list[Blocker]:
    """The hard blockers, and the conditional ones the parties have not knowingly accepted."""
    return [b for b in blockers if b.hard or b.code not in confirmed]
