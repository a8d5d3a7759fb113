"""The potential of a patent to be put to work 产业化潜力: 0 to 100 in eight parts.

Each part says its points, its most, why, and what it was read from; the parts sum exactly to the
score. Where nothing is known of a part it counts a neutral share of its weight and says so: what
nobody has looked at is neither praised nor punished. Weights and thresholds differ from region to
region and are rows (`Rule`); how a part is read is here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from listings.rules import layers
from listings.rules.annuities import AnnuityState
from listings.rules.layers import Voice
from listings.types import EncumbranceKind, Layer, PatentStatus

TENTH, ONE = Decimal("0.1"), Decimal(1)
FULL_LIFE_YEARS = 10
SHORT_LIFE_YEARS = 1
YEAR = Decimal("365.25")
NO_DEMAND = Decimal("0.2")  # that nobody has asked yet says little
SCREENED: dict[str, str] = {
    "technology": "技术先进性",
    "product": "产品形态",
    "market": "市场前景",
    "resources": "转化资源",
}

LABELS: dict[str, str] = {
    "screening": "本单位筛查",
    "market": "企业评价",
    "demand": "需求热度",
    "legal": "法律健康",
    "life": "剩余保护期",
    "maturity": "技术成熟度",
    "reach": "同族与被引",
    "sheet": "推介表",
}
WEIGHTS: dict[str, int] = {
    "screening": 18,
    "market": 30,
    "demand": 12,
    "legal": 10,
    "life": 8,
    "maturity": 10,
    "reach": 4,
    "sheet": 8,
}


@dataclass(frozen=True, slots=True)
class Rule:
    """The weights and thresholds of a region from a day on."""

    version: str = layers.RULE_VERSION
    weights: Mapping[str, int] = field(default_factory=lambda: dict(WEIGHTS))
    a_from: int = 65
    b_from: int = 50
    neutral: int = 40  # per cent of a part's weight while nothing is known of it
    evidence: int = 50  # so much of the weight must rest on evidence before A


def problems(
    weights: Mapping[str, int], *, a_from: int, b_from: int, neutral: int, evidence: int
) -> dict[str, list[str]]:
    """What is wrong with a rule somebody wants to set, by field; empty: nothing."""
    found: dict[str, list[str]] = {}
    for code, label in LABELS.items():
        if not 0 <= weights.get(code, -1) <= 100:
            found[code] = [f"“{label}”的权重应为 0 到 100 的整数。"]
    total = sum(weights.values())
    if not found and total != 100:
        found["weights"] = [f"各项权重合计应为 100，现在是 {total}，请调整。"]
    if not 0 < b_from < a_from <= 100:
        found["a_from"] = ["分数线应满足：0 < B 层 < A 层 ≤ 100。"]
    if not 0 <= neutral <= 100:
        found["neutral"] = ["应为 0 到 100。"]
    if not 0 <= evidence <= 100:
        found["evidence"] = ["应为 0 到 100。"]
    return found


@dataclass(frozen=True, slots=True)
class Screening:
    """What the office itself thinks, each 1 to 5."""

    technology: int
    product: int
    market: int
    resources: int
    on: date | None = None


@dataclass(frozen=True, slots=True)
class Demand:
    """How many look for something like it, and how well the best of them fits (0 to 100)."""

    needs: int
    subscriptions: int
    best: int
    on: date | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    """All that is known of one patent."""

    on: date
    status: PatentStatus
    voices: tuple[Voice, ...] = ()
    demand: Demand | None = None
    annuity: AnnuityState = AnnuityState.UNKNOWN
    bonds: frozenset[EncumbranceKind] = frozenset()
    silent_owners: int = 0  # co-owners who have agreed to nothing
    is_examined: bool = True  # inventions are; utility models and designs are not
    evaluation_verdict: str = ""
    expires_on: date | None = None
    trl: int | None = None
    family_size: int | None = None
    cited_by: int | None = None
    sheet: tuple[str, ...] = ()  # the fields of the offer sheet that are filled
    screening: Screening | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """One part of the score. Not known: the neutral share, said in the words."""

    code: str
    points: Decimal
    max: int
    words: str
    evidence: tuple[str, ...] = ()
    known: bool = True

    @property
    def label(self) -> str:
        return LABELS[self.code]


@dataclass(frozen=True, slots=True)
class Potential:
    """The score, its parts, how much of it rests on evidence, and the layer that follows."""

    score: Decimal
    parts: tuple[Part, ...]
    evidence: int
    layer: Layer
    reasons: tuple[str, ...]
    rule_version: str


@dataclass(frozen=True, slots=True)
class _Read:
    """A share of 0 to 1, None when unknown, with its words and what it was read from."""

    share: Decimal | None
    words: str
    evidence: tuple[str, ...] = ()


def _clamped(share: Decimal) -> Decimal:
    return min(ONE, max(Decimal(0), share))


def _screening(facts: Facts) -> _Read:
    found = facts.screening
    if found is None:
        return _Read(None, "本单位还没有筛查。")
    said = {code: getattr(found, code) for code in SCREENED}
    share = (Decimal(sum(said.values())) / len(said) - 1) / 4
    when = f"{found.on} 筛查：" if found.on else "筛查："
    return _Read(
        share,
        when + "、".join(f"{SCREENED[code]} {n}" for code, n in said.items()) + "（满分 5）。",
        tuple(f"{code}:{n}" for code, n in said.items()),
    )


def _market(facts: Facts) -> _Read:
    score = layers.market_score(facts.voices)
    if score is None:
        return _Read(None, "尚无企业评价。")
    interested = sum(1 for voice in facts.voices if voice.interested)
    share = _clamped((Decimal(str(score)) - Decimal("1.75")) / Decimal("2.5"))
    return _Read(
        share,
        f"{len(facts.voices)} 家企业评价，折算 {score:.2f} 分（满分 5），{interested} 家有意向。",
        (f"voices:{len(facts.voices)}", f"mean:{score:.2f}", f"interested:{interested}"),
    )


def _demand(facts: Facts) -> _Read:
    found = facts.demand
    if found is None:
        return _Read(None, "尚未参与匹配，没有需求数据。")
    if not found.needs and not found.subscriptions:
        return _Read(NO_DEMAND, "参与匹配后，目前没有需求或订阅与它相配。", ("needs:0",))
    # Each need takes a quarter of what is left: 1 gives 25 %, 5 give 76 %. A profile counts half.
    left = Decimal(3) / 4
    crowd = ONE - left**found.needs * (ONE - (ONE - left) / 2) ** found.subscriptions
    found_share = crowd * Decimal("0.6") + Decimal(found.best) / 100 * Decimal("0.4")
    share = NO_DEMAND + (ONE - NO_DEMAND) * _clamped(found_share)
    return _Read(
        share,
        f"与 {found.needs} 项需求、{found.subscriptions} 个订阅相配，最高匹配度 {found.best} 分。",
        (f"needs:{found.needs}", f"subscriptions:{found.subscriptions}", f"best:{found.best}"),
    )


_FAULTS: dict[EncumbranceKind, tuple[str, str]] = {
    EncumbranceKind.PRESERVATION: ("0.6", "被保全"),
    EncumbranceKind.EXCLUSIVE: ("0.4", "已独占许可"),
    EncumbranceKind.PLEDGE: ("0.3", "已质押"),
    EncumbranceKind.SOLE: ("0.2", "已排他许可"),
}


def _legal(facts: Facts) -> _Read:
    if facts.status is PatentStatus.PENDING:
        return _Read(Decimal("0.4"), "尚在审查，权利未定。", ("status:pending",))
    if facts.status is not PatentStatus.GRANTED:
        return _Read(Decimal(0), "权利未核实或已终止。", (f"status:{facts.status}",))
    faults = [(Decimal(off), why) for kind, (off, why) in _FAULTS.items() if kind in facts.bonds]
    if facts.annuity is AnnuityState.OVERDUE:
        faults.append((Decimal("0.5"), "年费已过宽限期"))
    elif facts.annuity is AnnuityState.GRACE:
        faults.append((Decimal("0.2"), "年费在宽限期内"))
    if facts.silent_owners:
        faults.append((Decimal("0.2"), f"{facts.silent_owners} 位共有人尚未同意"))
    if not facts.is_examined and facts.evaluation_verdict == "against":
        faults.append((Decimal("0.5"), "评价报告不支持授权"))
    elif not facts.is_examined and not facts.evaluation_verdict:
        faults.append((Decimal("0.1"), "没有评价报告"))
    share = _clamped(ONE - sum((off for off, _ in faults), Decimal(0)))
    unknown = "年费缴纳情况不明，未扣分" if facts.annuity is AnnuityState.UNKNOWN else ""
    said = [why for _, why in faults] + ([unknown] if unknown else [])
    return _Read(share, "、".join(said or ["有效，没有影响转化的负担"]) + "。", ("status:granted",))


def _life(facts: Facts) -> _Read:
    if facts.expires_on is None:
        return _Read(None, "没有申请日或届满日，无法计算。")
    years = years_left(facts) or Decimal(0)
    return _Read(
        _clamped(years / FULL_LIFE_YEARS),
        f"保护期到 {facts.expires_on}，还有 {years} 年。",
        (f"expires_on:{facts.expires_on}",),
    )


def years_left(facts: Facts) -> Decimal | None:
    """Years of protection still to come, to a tenth; None when the end is unknown."""
    if facts.expires_on is None:
        return None
    days = max(0, (facts.expires_on - facts.on).days)
    return (Decimal(days) / YEAR).quantize(TENTH, rounding=ROUND_HALF_UP)


def _maturity(facts: Facts) -> _Read:
    if facts.trl is None:
        return _Read(None, "没有填写技术成熟度。")
    stage = "研究" if facts.trl <= 3 else "中试" if facts.trl < layers.READY_TRL else "可用"
    share = Decimal(facts.trl) / 9
    return _Read(share, f"成熟度 {facts.trl} 级（共 9 级），{stage}阶段。", (f"trl:{facts.trl}",))


def _reach(facts: Facts) -> _Read:
    shares, said, evidence = [], [], []
    if facts.family_size is not None:
        shares.append(_clamped(Decimal(facts.family_size - 1) / 4))
        said.append(f"同族 {facts.family_size} 件")
        evidence.append(f"family:{facts.family_size}")
    if facts.cited_by is not None:
        shares.append(_clamped(Decimal(facts.cited_by) / 10))
        said.append(f"被引 {facts.cited_by} 次")
        evidence.append(f"cited:{facts.cited_by}")
    if not shares:
        return _Read(None, "同族和被引情况不清楚。")
    return _Read(sum(shares, Decimal(0)) / len(shares), "，".join(said) + "。", tuple(evidence))


SHEET_FIELDS: dict[str, tuple[str, str]] = {
    "problem": ("解决什么问题", "0.3"),
    "how": ("怎样解决", "0.15"),
    "benefit": ("效果与数据", "0.3"),
    "maturity": ("成熟程度", "0.05"),
    "routes": ("转化方式", "0.1"),
    "asking_price": ("意向价格", "0.05"),
    "contact": ("联系方式", "0.05"),
}


def _sheet(facts: Facts) -> _Read:
    share = sum((Decimal(SHEET_FIELDS[name][1]) for name in facts.sheet), Decimal(0))
    missing = [label for name, (label, _) in SHEET_FIELDS.items() if name not in facts.sheet]
    evidence = tuple(sorted(facts.sheet))
    if not facts.sheet:
        return _Read(Decimal(0), "还没有推介表。", evidence)
    if not missing:
        return _Read(ONE, "推介表完整。", evidence)
    return _Read(share, "推介表还缺：" + "、".join(missing) + "。", evidence)


READERS: dict[str, Callable[[Facts], _Read]] = {
    "screening": _screening,
    "market": _market,
    "demand": _demand,
    "legal": _legal,
    "life": _life,
    "maturity": _maturity,
    "reach": _reach,
    "sheet": _sheet,
}


def _part(code: str, facts: Facts, rule: Rule) -> Part:
    read, most = READERS[code](facts), rule.weights[code]
    share = read.share
    words = read.words
    if share is None:
        share = Decimal(rule.neutral) / 100
    points = (share * most).quantize(TENTH, rounding=ROUND_HALF_UP)
    if read.share is None and most:
        words += f"按中间值计 {points} 分，补充后重新计算。"
    return Part(code, points, most, words, read.evidence, known=read.share is not None)


def assess(facts: Facts, rule: Rule) -> Potential:
    """Score a patent and say which layer it belongs in, with every reason."""
    parts = tuple(_part(code, facts, rule) for code in READERS)
    score = sum((part.points for part in parts), Decimal(0))
    evidence = sum(part.max for part in parts if part.known)
    layer, reasons = _layer(facts, rule, score, evidence)
    return Potential(score, parts, evidence, layer, reasons, rule.version)


def _layer(
    facts: Facts, rule: Rule, score: Decimal, evidence: int
) -> tuple[Layer, tuple[str, ...]]:
    """By score; then what no score may override."""
    if facts.status is not PatentStatus.GRANTED:
        return Layer.C, ("尚未授权或已经失效，列入储备。",)
    if score >= rule.a_from:
        layer, reasons = Layer.A, [f"产业化潜力 {score} 分，达到 A 层的 {rule.a_from} 分。"]
    elif score >= rule.b_from:
        layer, reasons = Layer.B, [f"产业化潜力 {score} 分，达到 B 层的 {rule.b_from} 分。"]
    else:
        layer, reasons = Layer.C, [f"产业化潜力 {score} 分，不到 B 层的 {rule.b_from} 分。"]
    if layer is Layer.A and evidence < rule.evidence:
        layer = Layer.B
        reasons.append(f"只有 {evidence}% 的权重有依据，不到 {rule.evidence}%，暂不列 A 层。")
    left = years_left(facts)
    if layer is Layer.A and left is not None and left < SHORT_LIFE_YEARS:
        layer = Layer.B
        reasons.append("剩余保护期不足一年，不列 A 层。")
    market = layers.market_score(facts.voices)
    if market is not None and market <= layers.LOWER_AT and layer is not Layer.C:
        layer = Layer.B if layer is Layer.A else Layer.C
        reasons.append(f"企业评价折算 {market:.2f} 分，不高于 {layers.LOWER_AT:.1f}，降一层。")
    return layer, tuple(reasons)


def what_lifts(parts: Sequence[Part]) -> list[Part]:
    """The parts where most is to be gained, what is not known first."""
    gains = [part for part in parts if part.max > part.points]
    return sorted(gains, key=lambda part: (part.known, part.points - part.max))
