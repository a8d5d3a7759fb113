"""Patent pools 专利池: states, who may stand in one, and how its income is split to the fen.

A pool licenses a set of patents of several holders as one, on standard terms. What a licence grants
is the set as it stood when it was taken; a patent that leaves does so for later licences only. The
holder promises that when it applies (`COVENANT`), and the law says the same: a contract binds its
parties as concluded (Civil Code 465, 136), a later transfer leaves it as it is (SI24), a patent
declared invalid does not undo what was performed (PL47).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from fractions import Fraction

from core import money
from licensing.rules.numbers import numbered

FEN = Decimal("0.01")
HUNDRED = Decimal(100)
MOST_FEE = Decimal(50)
MOST_MONTHS = 240

COVENANT = (
    "专利退出专利池只对此后的许可发生效力。退出之前按标准条款取得的许可，在其期限和范围内继续包含这件专利，"
    "本单位不以退出、转让为由解除或另行收费（民法典第一百三十六条、第四百六十五条；法释〔2020〕19号第二十四条）；"
    "应得份额按许可取得时的比例继续支付。专利终止或被宣告无效的，不影响同一许可中的其他专利，"
    "已经支付的款项按专利法第四十七条处理。"
)
CONCLUDED = (
    "标准条款内容具体确定，企业提交接受时合同成立（民法典第四百九十一条第二款），许可当日生效。"
    "许可的专利以取得时池内的专利为准，以后加入的不包含，以后退出的继续包含。"
)


class PoolStatus(StrEnum):
    """Where a pool stands."""

    OPEN = "open"
    CLOSED = "closed"


class EntryStatus(StrEnum):
    """Where a patent's place in a pool stands."""

    APPLIED = "applied"
    ADMITTED = "admitted"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    LEFT = "left"


class PoolLicenceStatus(StrEnum):
    """Where a pool licence stands."""

    RUNNING = "running"
    ENDED = "ended"


class Split(StrEnum):
    """How income is shared among the holders."""

    EQUAL = "equal"
    PATENTS = "patents"
    WEIGHTS = "weights"


_P, _E, _L = PoolStatus, EntryStatus, PoolLicenceStatus
POOL_MOVES: Mapping[str, tuple[frozenset[PoolStatus], PoolStatus]] = {
    "close": (frozenset({_P.OPEN}), _P.CLOSED),
}
ENTRY_MOVES: Mapping[str, tuple[frozenset[EntryStatus], EntryStatus]] = {
    "admit": (frozenset({_E.APPLIED}), _E.ADMITTED),
    "refuse": (frozenset({_E.APPLIED}), _E.REFUSED),
    "withdraw": (frozenset({_E.APPLIED}), _E.WITHDRAWN),
    "leave": (frozenset({_E.ADMITTED}), _E.LEFT),
}
POOL_LICENCE_MOVES: Mapping[str, tuple[frozenset[PoolLicenceStatus], PoolLicenceStatus]] = {
    "end": (frozenset({_L.RUNNING}), _L.ENDED),
}
POOL_LABELS: Mapping[PoolStatus, str] = {_P.OPEN: "运营中", _P.CLOSED: "已关闭"}
ENTRY_LABELS: Mapping[EntryStatus, str] = {
    _E.APPLIED: "待审核",
    _E.ADMITTED: "已入池",
    _E.REFUSED: "未通过",
    _E.WITHDRAWN: "已撤回申请",
    _E.LEFT: "已退出",
}
POOL_LICENCE_LABELS: Mapping[PoolLicenceStatus, str] = {_L.RUNNING: "生效中", _L.ENDED: "已到期"}
SPLIT_LABELS: Mapping[Split, str] = {
    Split.EQUAL: "各权利人均分",
    Split.PATENTS: "按专利件数",
    Split.WEIGHTS: "按约定权重",
}


@dataclass(frozen=True, slots=True)
class Stake:
    """One patent of a licence: whose it is, and its weight where weights are stated."""

    holder_id: int
    weight: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Divided:
    """A sum received: what the administrator keeps, and what each holder gets."""

    fee: Decimal
    shares: Mapping[int, Decimal]


def portions(split: Split, stakes: Sequence[Stake]) -> dict[int, Fraction]:
    """Each holder's portion of the net income; they sum to 1."""
    raw: dict[int, Fraction] = {}
    for stake in stakes:
        if split is Split.EQUAL:
            raw[stake.holder_id] = Fraction(1)
            continue
        part = Fraction(stake.weight or 0) if split is Split.WEIGHTS else Fraction(1)
        raw[stake.holder_id] = raw.get(stake.holder_id, Fraction(0)) + part
    whole = sum(raw.values(), Fraction(0))
    if whole <= 0:
        raise ValueError("A pool licence has at least one patent with a weight.")
    return {holder: part / whole for holder, part in sorted(raw.items())}


def divide(
    amount: Decimal, *, fee_percent: Decimal, split: Split, stakes: Sequence[Stake]
) -> Divided:
    """The administration fee half up to the fen; the rest by largest remainder, no fen lost.

    Of equal remainders the holder with the lower id gets the fen, so the result never varies.
    """
    fee = (amount * fee_percent / HUNDRED).quantize(FEN, ROUND_HALF_UP)
    parts = portions(split, stakes)
    shares = money.portions(amount - fee, list(parts.values()))
    return Divided(fee=fee, shares=dict(zip(parts, shares, strict=True)))


def weights_unset(split: str, weights: Iterable[Decimal | None]) -> bool:
    """Whether a pool that shares by weight lacks some, so that nothing can be licensed yet."""
    known = [weight or Decimal(0) for weight in weights]
    return split == Split.WEIGHTS and bool(known) and bool(weight_errors(known))


def weight_errors(weights: Iterable[Decimal]) -> list[str]:
    """What is wrong with the weights of a pool's patents."""
    known = list(weights)
    if any(not 0 < weight <= 1 for weight in known):
        return ["每件专利的权重请填写大于 0、不超过 1 的数。"]
    if sum(known, Decimal(0)) != 1:
        return [
            f"各件专利的权重之和应为 1，现在是 {sum(known, Decimal(0)).normalize():f}，请调整。"
        ]
    return []


def pool_number(pk: int, day: date) -> str:
    """ZLC 专利池, the year it was founded, and the running number."""
    return numbered("ZLC", pk, day)


def pool_licence_number(pk: int, day: date) -> str:
    """CXK 池许可, the year it was taken, and the running number."""
    return numbered("CXK", pk, day)
