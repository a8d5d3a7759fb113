"""Scoring patents and putting each in its layer: on the spot for one, in portions for many.

Whoever changes a fact either settles the locked patent at once or calls `rescore`, which only marks
it; a sweep settles what is marked or has come of age. A patent that stays where it is tells nobody.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import F, Max, Q

from core.audit import services as audit
from core.days import legal_day
from core.people.types import Actor
from core.permissions import Permission, require
from listings.models import (
    DemandSignal,
    InventoryItem,
    LayerMove,
    LayerOverride,
    LayerRule,
    Patent,
)
from listings.rules import potential
from listings.rules.potential import Facts, Potential
from listings.selectors.layers import evidence
from listings.selectors.layers.evidence import Rulebook
from listings.services import news
from listings.types import Layer, PatentStatus

LOOK_AGAIN = timedelta(days=30)  # remaining life moves a score by a tenth in about that time
A_PORTION = 500
SCORED = ("rule_version", "layer_reasons", "score", "evidence", "parts", "score_due_on")


@dataclass(frozen=True, slots=True)
class Settled:
    """What was found for one patent, a person's word included."""

    found: Potential
    layer: Layer
    by_hand: LayerOverride | None
    due_on: date

    @property
    def reasons(self) -> list[str]:
        if self.by_hand is None:
            return list(self.found.reasons)
        word = f"人工调整为 {self.layer} 层，到 {self.by_hand.until} 为止：{self.by_hand.reason}"
        return [word, *self.found.reasons]


def rescore(patent_ids: Iterable[int]) -> int:
    """Have these patents scored again by the next sweep; how many wait that did not before."""
    return InventoryItem.objects.filter(
        patent_id__in=list(patent_ids), score_due_on__isnull=False
    ).update(score_due_on=None)


def settle(patents: Sequence[Patent], *, by: Actor, now: datetime) -> list[Patent]:
    """Score these locked patents anew and move those whose layer is another; the ones moved."""
    on = legal_day(now)
    items = {
        item.patent_id: item
        for item in InventoryItem.objects.select_for_update(no_key=True).filter(
            patent_id__in=[patent.pk for patent in patents]
        )
    }
    rows = [patent for patent in patents if patent.pk in items]
    facts, overrides = evidence.facts_of(rows, on=on), _overrides(rows)
    rules = Rulebook(on)
    moved: list[Patent] = []
    changed: list[InventoryItem] = []
    for patent in rows:
        one = _settled(facts[patent.pk], rules, patent, overrides.get(patent.pk))
        if _write(items[patent.pk], one, moves=one.layer != patent.layer, now=now):
            changed.append(items[patent.pk])
        if one.layer != patent.layer:
            _move(patent, one, by=by, now=now)
            moved.append(patent)
        elif patent.layer_by_hand != (one.by_hand is not None):
            patent.layer_by_hand = one.by_hand is not None
            patent.save(update_fields=["layer_by_hand"])
    InventoryItem.objects.bulk_update(changed, [*SCORED, "layered_at"], batch_size=A_PORTION)
    return moved


def _overrides(patents: Sequence[Patent]) -> dict[int, LayerOverride]:
    rows = LayerOverride.objects.filter(patent__in=patents, ended_at__isnull=True)
    return {row.patent_id: row for row in rows}


def _settled(
    facts: Facts, rules: Rulebook, patent: Patent, override: LayerOverride | None
) -> Settled:
    """A person's word holds until its last day, but never over a right that is not in force."""
    found = potential.assess(facts, rules.rule_for(patent.region))
    due = [facts.on + LOOK_AGAIN]
    if patent.annuity_paid_to is not None:
        due += [patent.annuity_paid_to + timedelta(days=1)]
    holds = override is not None and override.until >= facts.on
    if override is not None and holds:
        due.append(override.until + timedelta(days=1))
    by_hand = override if holds and facts.status is PatentStatus.GRANTED else None
    layer = Layer(by_hand.layer) if by_hand else found.layer
    return Settled(found, layer, by_hand, min(day for day in due if day > facts.on))


def parts_of(found: Potential) -> list[dict[str, Any]]:
    """The parts as they are stored: points in tenths, so that they sum exactly."""
    return [
        {
            "code": part.code,
            "tenths": int(part.points * 10),
            "max": part.max,
            "words": part.words,
            "evidence": list(part.evidence),
            "known": part.known,
        }
        for part in found.parts
    ]


def _write(item: InventoryItem, one: Settled, *, moves: bool, now: datetime) -> bool:
    """Fill the item with what was found; whether anything is to be stored."""
    values: dict[str, Any] = {
        "rule_version": one.found.rule_version,
        "layer_reasons": one.reasons,
        "score": one.found.score,
        "evidence": one.found.evidence,
        "parts": parts_of(one.found),
        "score_due_on": one.due_on,
    }
    is_new = any(getattr(item, name) != value for name, value in values.items())
    for name, value in values.items():
        setattr(item, name, value)
    if moves:
        item.layered_at = now
    return is_new or moves


def _move(patent: Patent, one: Settled, *, by: Actor, now: datetime) -> None:
    before, patent.layer = patent.layer, one.layer.value
    patent.layer_by_hand = one.by_hand is not None
    patent.save(update_fields=["layer", "layer_by_hand"])
    LayerMove.objects.create(
        patent=patent,
        source=before,
        target=one.layer,
        score=one.found.score,
        reasons=one.reasons,
        rule_version=one.found.rule_version,
        by_hand=one.by_hand is not None,
        moved_at=now,
        moved_by=by.key,
    )
    step: dict[str, Any] = {
        "from": before,
        "to": one.layer.value,
        "rule_version": one.found.rule_version,
        "by_hand": one.by_hand is not None,
    }
    audit.record(
        "patent.layer_moved",
        subject=patent,
        by=by,
        at=now,
        changes={**step, "score": str(one.found.score), "reasons": one.reasons},
    )
    news.tell("patent.layer_moved", patent, by=by, now=now, **step)


def first_items(
    patents: Sequence[Patent], known: Sequence[Mapping[str, Any]], *, now: datetime
) -> list[InventoryItem]:
    """Items in the stock-taking for patents about to be stored, scored from what came with them.

    `known` says beside each patent what its own row does not (`Facts`' fields). The patents get
    their first layer; nothing is told, since nobody has heard of them yet. The caller stores both.
    """
    on = legal_day(now)
    rules = Rulebook(on)
    items = []
    for patent, beside in zip(patents, known, strict=True):
        one = _settled(evidence.read(patent, on=on, **beside), rules, patent, None)
        patent.layer = one.layer.value
        item = InventoryItem(patent=patent)
        _write(item, one, moves=True, now=now)
        items.append(item)
    return items


@transaction.atomic
def score_due(*, now: datetime, limit: int = A_PORTION) -> int:
    """The sweep: score a portion of what is marked or has come of age; how many were looked at.

    What somebody else holds is left for the next time, so the sweep never waits for anybody. The
    items are locked before anything is read: a mark set meanwhile stays.
    """
    today, by = legal_day(now), Actor.system()
    due = Q(score_due_on__isnull=True) | Q(score_due_on__lte=today)
    items = list(
        InventoryItem.objects.select_for_update(of=("self", "patent"), skip_locked=True)
        .filter(due, patent__removed_at__isnull=True)
        .select_related("patent")
        .defer("patent__embedding", "patent__search", "patent__abstract")
        .order_by(F("score_due_on").asc(nulls_first=True), "pk")[:limit]
    )
    settle([item.patent for item in items], by=by, now=now)
    return len(items)


RULE_STEP = 20_000


def apply_rules(*, now: datetime) -> int:
    """Have every patent scored again whose region's rule came into force; how many were marked.

    In steps, each its own transaction, so that nobody waits for a whole province; a step done
    twice marks what is marked already.
    """
    today, marked = legal_day(now), 0
    for rule in LayerRule.objects.filter(applied_at__isnull=True, valid_from__lte=today):
        last = InventoryItem.objects.aggregate(last=Max("pk"))["last"] or 0
        for start in range(0, last + 1, RULE_STEP):
            marked += InventoryItem.objects.filter(
                pk__range=(start, start + RULE_STEP - 1),
                score_due_on__isnull=False,
                patent__region__startswith=rule.region,
            ).update(score_due_on=None)
        LayerRule.objects.filter(pk=rule.pk).update(applied_at=now)
    return marked


@transaction.atomic
def take_demand(*, measured: Iterable[Mapping[str, int]], by: Actor, now: datetime) -> int:
    """Note how much demand matching measured, and have these patents scored again; how many.

    Each says `patent_id`, `needs`, `subscriptions` and `best` (0 to 100). Patents that are gone
    are left out.
    """
    require(by, Permission.ADMIT_INVENTORY)
    said = {int(one["patent_id"]): one for one in measured}
    kept = list(Patent.objects.kept().filter(pk__in=said).values_list("pk", flat=True))
    DemandSignal.objects.bulk_create(
        [
            DemandSignal(
                patent_id=pk,
                needs=int(said[pk]["needs"]),
                subscriptions=int(said[pk]["subscriptions"]),
                best=int(said[pk]["best"]),
                measured_at=now,
            )
            for pk in sorted(kept)
        ],
        update_conflicts=True,
        unique_fields=["patent"],
        update_fields=["needs", "subscriptions", "best", "measured_at"],
    )
    rescore(kept)
    return len(kept)
