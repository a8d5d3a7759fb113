"""The evaluation before filing 申请前评估: scores in, a graded and explained verdict out.

The verdict is advice; the office decides and may differ with a reason. Weights and thresholds
differ from place to place: a region's row replaces them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from typing import Any

from listings.rules.disclosures import Decision

RULE_KEY = "disclosure.rule"
HIGHEST_TRL = 9
HIGHEST = 5


class Mode(StrEnum):
    """How the examination is asked for."""

    FAST = "fast"
    PRIORITY = "priority"
    BATCH = "batch"
    DELAYED = "delayed"
    ORDINARY = "ordinary"


GRADE_WORDS = {"A": "A 级 · 高价值", "B": "B 级 · 值得保护", "C": "C 级 · 一般", "D": "D 级 · 较低"}
ROUTE_WORDS = {
    Decision.FILE: "申请专利",
    Decision.SECRET: "作为商业秘密保护",
    Decision.PUBLISH: "主动公开",
    Decision.DECLINE: "不申请",
}
ROLE_WORDS = {"core": "核心专利", "peripheral": "外围专利", "": ""}
MODE_WORDS = {
    Mode.FAST: "快速审查（保护中心预审）",
    Mode.PRIORITY: "优先审查",
    Mode.BATCH: "集中审查",
    Mode.DELAYED: "延迟审查",
    Mode.ORDINARY: "普通审查",
}


@dataclass(frozen=True, slots=True)
class Scores:
    """What the office found: the TRL of 1–9, the others 1–5, five being best."""

    trl: int
    novelty: int
    market: int
    enforceability: int
    cost: int
    team: int
    can_be_kept: bool = False
    ready: bool = False
    centre_field: bool = False
    in_batch: bool = False
    core_product: bool = False


@dataclass(frozen=True, slots=True)
class Item:
    """One question of the form: what it asks, and what the ends of its scale mean."""

    code: str
    label: str
    question: str
    low: str
    high: str


ITEMS: tuple[Item, ...] = (
    Item("trl", "技术成熟度", "现在是 TRL 几级？", "1 级：只有原理", "9 级：已批量使用"),
    Item("novelty", "新颖与创造性", "和检索到的近似专利比，差别有多大？",
         "几乎相同", "问题和手段都没有人做过"),
    Item("market", "市场前景", "有多少企业会用、愿付多少？", "看不到买家", "多家企业在找"),
    Item("enforceability", "可取证性", "别人用了，能不能发现并取证？",
         "藏在工艺里，看不出来", "拆开产品就能看到"),
    Item("cost", "成本", "申请、维持和产业化要花多少？", "费用高、收回慢", "费用低、收回快"),
    Item("team", "团队", "团队还在做、愿意配合转化吗？", "人已离开", "专人跟进"),
)  # fmt: skip
FLAGS: dict[str, str] = {
    "can_be_kept": "上市后外人看不出做法，单位有能力保密",
    "ready": "已做好实施准备或已开始实施，或有证据证明他人正在实施",
    "centre_field": "属于当地知识产权保护中心的预审领域，且本单位已备案",
    "in_batch": "是同一关键技术成组申请（专利组合）的一件",
    "core_product": "对应本单位的主导产品或重点方向",
}


@dataclass(frozen=True, slots=True)
class Rule:
    """The weights, which sum to 100, and the least points of grades A, B and C."""

    weights: Mapping[str, int] = field(
        default_factory=lambda: {
            "novelty": 25, "market": 25, "trl": 15, "enforceability": 15, "cost": 10, "team": 10,
        }
    )  # fmt: skip
    grades: tuple[int, int, int] = (75, 60, 40)
    version: str = "2026-1"


def rule_from(value: Any) -> Rule:
    """A region's own rule, or the default where the row cannot be used as one."""
    default = Rule()
    if not isinstance(value, Mapping):
        return default
    weights, grades = value.get("weights", default.weights), value.get("grades", default.grades)
    fits = (
        isinstance(weights, Mapping)
        and weights.keys() == default.weights.keys()
        and all(isinstance(n, int) and n >= 0 for n in weights.values())
        and sum(weights.values()) == 100
        and isinstance(grades, list | tuple)
        and len(grades) == 3
        and all(isinstance(n, int) for n in grades)
        and 100 >= grades[0] > grades[1] > grades[2] > 0
    )
    if not fits:
        return default
    version = str(value.get("version", "地区规则"))[:40]
    return replace(default, weights=dict(weights), grades=tuple(grades), version=version)


@dataclass(frozen=True, slots=True)
class Part:
    """What one question brought."""

    code: str
    label: str
    score: int
    highest: int
    points: Decimal
    most: int


@dataclass(frozen=True, slots=True)
class Verdict:
    """The advice, with everything it rests on."""

    points: Decimal
    grade: str
    route: Decision
    role: str
    mode: str
    parts: tuple[Part, ...]
    reasons: tuple[str, ...]
    rule_version: str


def problems(scores: Scores) -> dict[str, list[str]]:
    """Scores that no scale has."""
    found = {}
    for item in ITEMS:
        most = HIGHEST_TRL if item.code == "trl" else HIGHEST
        if not 1 <= getattr(scores, item.code) <= most:
            found[item.code] = [f"请选 1 到 {most}。"]
    return found


def verdict(scores: Scores, *, novelty_lost: bool, rule: Rule | None = None) -> Verdict:
    """The graded verdict: the route, its role in the portfolio, the examination, and why."""
    rule = rule or Rule()
    parts = tuple(_part(item, scores, rule) for item in ITEMS)
    points = sum((part.points for part in parts), Decimal(0))
    grade = next(
        (name for name, least in zip("ABC", rule.grades, strict=True) if points >= least), "D"
    )
    route, why = _route(scores, points, grade, novelty_lost, rule)
    reasons = [why]
    role = mode = ""
    if route is Decision.FILE:
        role, role_why = _role(scores)
        chosen, mode_why = _mode(scores)
        mode = chosen.value
        reasons += [role_why, mode_why]
    return Verdict(points, grade, route, role, mode, parts, tuple(reasons), rule.version)


def _part(item: Item, scores: Scores, rule: Rule) -> Part:
    most = HIGHEST_TRL if item.code == "trl" else HIGHEST
    score, weight = getattr(scores, item.code), rule.weights[item.code]
    points = (Decimal(weight) * (score - 1) / (most - 1)).quantize(Decimal("0.1"), ROUND_HALF_UP)
    return Part(item.code, item.label, score, most, points, weight)


def _route(
    scores: Scores, points: Decimal, grade: str, novelty_lost: bool, rule: Rule
) -> tuple[Decision, str]:
    if novelty_lost:
        return Decision.DECLINE, (
            "主要内容已经公开、过了或不适用宽限期，不再具备新颖性；建议不申请，"
            "就没有公开的改进另行披露。"
        )
    if scores.novelty == 1:
        return Decision.DECLINE, "和已有专利几乎相同，授权可能性很低，建议不申请。"
    if scores.can_be_kept and scores.enforceability <= 2 and scores.market >= 3:
        return Decision.SECRET, (
            "别人用了难以发现和取证，而本单位能够保密；公开换来的专利难以维权，建议作为商业秘密。"
        )
    if grade != "D":
        return Decision.FILE, f"总分 {points}，达到 {rule.grades[2]} 分的申请线，建议申请专利。"
    if scores.novelty >= 3:
        return Decision.PUBLISH, (
            f"总分 {points}，不到 {rule.grades[2]} 分，不值得长期缴费；内容又确有新意，"
            "建议主动公开，防止他人抢先申请。"
        )
    return Decision.DECLINE, f"总分 {points}，不到 {rule.grades[2]} 分，且新意有限，建议不申请。"


def _role(scores: Scores) -> tuple[str, str]:
    if scores.novelty >= 4 and scores.market >= 4:
        return "core", "新意和市场都在 4 分以上，按核心专利布局。"
    if scores.core_product and scores.novelty >= 3:
        return "core", "对应主导产品或重点方向，且新意在 3 分以上，按核心专利布局。"
    return "peripheral", "新意或市场不足 4 分，作为外围专利配合核心专利布局。"


def _mode(scores: Scores) -> tuple[Mode, str]:
    if scores.centre_field and (scores.ready or scores.market >= 4):
        return Mode.FAST, "属于保护中心预审领域且用得急，走快速预审，通常几个月授权。"
    if scores.ready:
        return Mode.PRIORITY, (
            "已做好实施准备或他人正在实施，可以请求优先审查（专利优先审查管理办法第三条）。"
        )
    if scores.in_batch:
        return Mode.BATCH, "与成组申请一起请求集中审查，保证同一关键技术审查标准一致。"
    if scores.trl <= 3:
        return Mode.DELAYED, (
            "技术尚早、产品未定，可以请求延迟审查一至三年，等市场清楚再定权利要求。"
        )
    return Mode.ORDINARY, "没有特别的急缓，按普通程序审查。"


NEAR = ((Decimal("0.85"), 1), (Decimal("0.70"), 2), (Decimal("0.55"), 3), (Decimal("0.40"), 4))


def suggested_novelty(nearest: float | None) -> int:
    """A first guess at the novelty score from the likeness of the nearest neighbour."""
    if nearest is None:
        return HIGHEST
    return next((score for least, score in NEAR if Decimal(str(nearest)) >= least), HIGHEST)
