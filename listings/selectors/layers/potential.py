"""A patent's potential as its keepers, their bureau and auditors see it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from core.errors import Missing
from core.people.types import Actor, Role
from listings.models import (
    InventoryItem,
    LayerMove,
    LayerOverride,
    LayerRule,
    Patent,
    Screening,
)
from listings.models.patents import oversees, sees_all
from listings.rules import potential
from listings.rules.potential import Part
from listings.selectors.layers.evidence import Rulebook, as_rule

NOT_FOUND = "没有找到这件专利的评估，可能已被移除，或您无权查看。"
MOVES_SHOWN = 20


@dataclass(frozen=True, slots=True)
class MoveCard:
    """One move between layers."""

    source: str
    target: str
    score: Decimal
    reasons: tuple[str, ...]
    rule_version: str
    by_hand: bool
    moved_at: datetime


@dataclass(frozen=True, slots=True)
class ScreeningCard:
    """What the office said last."""

    marks: dict[str, int]
    note: str
    screened_at: datetime
    screened_name: str


@dataclass(frozen=True, slots=True)
class OverrideCard:
    """A person's word on the layer."""

    layer: str
    reason: str
    until: date
    set_at: datetime
    set_name: str


@dataclass(frozen=True, slots=True)
class PotentialCard:
    """The score with everything behind it."""

    patent_id: int
    score: Decimal | None
    evidence: int
    parts: tuple[Part, ...]
    layer: str
    by_hand: bool
    reasons: tuple[str, ...]
    rule_version: str
    is_waiting: bool  # something has changed and the sweep will look at it within a minute
    family_size: int | None
    cited_by: int | None
    screening: ScreeningCard | None
    override: OverrideCard | None
    moves: tuple[MoveCard, ...]


def potential_of(patent_id: int, *, viewer: Actor) -> PotentialCard:
    """Why a patent lies where it lies; Missing for whoever does not keep or oversee it."""
    item = (
        InventoryItem.objects.filter(patent_id=patent_id, patent__removed_at__isnull=True)
        .select_related("patent")
        .defer("patent__embedding", "patent__search")
        .first()
    )
    if item is None or not _may_read(item.patent, viewer):
        raise Missing(NOT_FOUND)
    patent = item.patent
    return PotentialCard(
        patent_id=patent.pk,
        score=item.score,
        evidence=item.evidence,
        parts=parts_of(item),
        layer=patent.layer,
        by_hand=patent.layer_by_hand,
        reasons=tuple(item.layer_reasons),
        rule_version=item.rule_version,
        is_waiting=item.score_due_on is None,
        family_size=patent.family_size,
        cited_by=patent.cited_by,
        screening=_screening(patent),
        override=_override(patent),
        moves=_moves(patent),
    )


def _may_read(patent: Patent, viewer: Actor) -> bool:
    if sees_all(viewer) or oversees(viewer, patent.region):
        return True
    return patent.organisation_id in viewer.acts_for and viewer.has(Role.OFFICE, Role.BROKER)


def parts_of(item: InventoryItem) -> tuple[Part, ...]:
    """The stored parts, in the order of the rule."""
    return tuple(
        Part(
            code=part["code"],
            points=Decimal(part["tenths"]) / 10,
            max=part["max"],
            words=part["words"],
            known=part["known"],
            evidence=tuple(part["evidence"]),
        )
        for part in item.parts
    )


def _screening(patent: Patent) -> ScreeningCard | None:
    row = Screening.objects.filter(patent=patent).first()
    if row is None:
        return None
    marks = {code: getattr(row, code) for code in potential.SCREENED}
    return ScreeningCard(marks, row.note, row.screened_at, row.screened_name)


def _override(patent: Patent) -> OverrideCard | None:
    row = LayerOverride.objects.filter(patent=patent, ended_at__isnull=True).first()
    if row is None:
        return None
    return OverrideCard(row.layer, row.reason, row.until, row.set_at, row.set_name)


def _moves(patent: Patent) -> tuple[MoveCard, ...]:
    rows = LayerMove.objects.filter(patent=patent)[:MOVES_SHOWN]
    return tuple(
        MoveCard(
            source=row.source,
            target=row.target,
            score=row.score,
            reasons=tuple(row.reasons),
            rule_version=row.rule_version,
            by_hand=row.by_hand,
            moved_at=row.moved_at,
        )
        for row in rows
    )


@dataclass(frozen=True, slots=True)
class RuleCard:
    """A region's rule; without a region's own, the platform's."""

    id: int | None
    region: str
    version: str
    valid_from: date | None
    weights: dict[str, int]
    a_from: int
    b_from: int
    neutral: int
    evidence: int
    reason: str
    is_future: bool = False


def _rule_card(row: LayerRule | None, *, on: date) -> RuleCard:
    rule = potential.Rule() if row is None else as_rule(row)
    return RuleCard(
        id=row.pk if row else None,
        region=row.region if row else "",
        version=rule.version,
        valid_from=row.valid_from if row else None,
        weights=dict(rule.weights),
        a_from=rule.a_from,
        b_from=rule.b_from,
        neutral=rule.neutral,
        evidence=rule.evidence,
        reason=row.reason if row else "平台默认规则，地区没有另行规定时适用。",
        is_future=row is not None and row.valid_from > on,
    )


def rule_in_force(region: str, *, on: date) -> RuleCard:
    """What holds in a region that day."""
    return _rule_card(Rulebook(on).row_for(region), on=on)


def rules(*, on: date) -> list[RuleCard]:
    """Every rule ever set, by region, the latest first; the platform's own last."""
    return [_rule_card(row, on=on) for row in LayerRule.objects.all()] + [_rule_card(None, on=on)]
