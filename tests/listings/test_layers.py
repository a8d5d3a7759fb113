"""Scores kept, patents moved: on events, by the sweep, by rules of a region."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from core.audit.models import AuditEntry
from core.errors import NotAllowed
from core.outbox.models import OutboxEvent
from core.people.types import Actor
from listings.models import (
    DemandSignal,
    InventoryItem,
    LayerMove,
    LayerOverride,
    LayerRule,
    Patent,
    Screening,
)
from listings.services.layers import scoring
from listings.types import EncumbranceKind, Layer
from matching.models import DemandMeasure
from tests.factories import core
from tests.factories import listings as make
from tests.factories import matching as demands
from tests.factories.listings import NOON

pytestmark = pytest.mark.django_db
SYSTEM = Actor.system()


def rule(**fields: Any) -> LayerRule:
    given: dict[str, Any] = {
        "valid_from": NOON.date(),
        "a_from": 65,
        "b_from": 50,
        "neutral": 40,
        "evidence": 50,
        "reason": "市局 2026 年分层细则",
        "created_at": NOON,
        "created_by": "system",
    } | fields
    return LayerRule.objects.create(**given)


def sweep(now: Any = NOON) -> int:
    """All portions; how many patents were looked at."""
    scoring.apply_rules(now=now)
    looked = 0
    while n := scoring.score_due(now=now):
        looked += n
    return looked


def item(patent: Patent) -> InventoryItem:
    return InventoryItem.objects.get(patent=patent)


def points(patent: Patent, code: str) -> float:
    return next(p["tenths"] for p in item(patent).parts if p["code"] == code) / 10


def test_a_new_patent_is_scored_at_once_and_tells_nobody() -> None:
    patent = make.patent()
    row = item(patent)
    assert row.score is not None
    assert sum(p["tenths"] for p in row.parts) == row.score * 10
    assert patent.layer == Layer.C
    assert not OutboxEvent.objects.filter(name="patent.layer_moved").exists()
    assert sweep() == 0, "what has just been scored is not due"


def test_the_sweep_finds_what_was_marked_and_moves_only_what_moves() -> None:
    patent = make.listed_patent()
    make.bound(patent, EncumbranceKind.PLEDGE)
    before = points(patent, "legal")
    assert (sweep(), sweep()) == (1, 0)
    assert points(patent, "legal") < before
    assert LayerMove.objects.count() == 1, "from C to B when its sheet was published"


def test_demand_is_noted_and_scored_by_the_sweep() -> None:
    patent = make.listed_patent()
    said = [{"patent_id": patent.pk, "needs": 30, "subscriptions": 9, "best": 95}]
    said += [{"patent_id": 999_999, "needs": 1, "subscriptions": 0, "best": 1}]
    assert scoring.take_demand(measured=said, by=SYSTEM, now=NOON) == 1
    assert sweep() == 1
    assert points(patent, "demand") > 11
    with pytest.raises(NotAllowed):
        scoring.take_demand(measured=said, by=core.actor(core.enterprise()), now=NOON)


def test_a_run_measures_demand_once_and_says_it_to_the_library(drain: Callable[[], int]) -> None:
    firm = core.enterprise()
    match = demands.match(drain, firm)
    drain()
    told = OutboxEvent.objects.filter(name="demand.measured")
    last = {one["patent_id"]: one for event in told for one in event.payload["patents"]}
    assert last[match.patent_id]["needs"] + last[match.patent_id]["subscriptions"] == 1
    signal = DemandSignal.objects.get(patent_id=match.patent_id)
    kept = DemandMeasure.objects.get(patent_id=match.patent_id)
    assert (signal.needs, signal.best) == (kept.needs, kept.best)
    assert item(Patent.objects.get(pk=match.patent_id)).score_due_on is None


def test_a_score_comes_of_age() -> None:
    patent = make.patent()
    due = item(patent).score_due_on
    assert due is not None
    assert sweep(NOON + timedelta(days=29)) == 0
    assert sweep(NOON + timedelta(days=30)) == 1
    assert item(patent).score_due_on > due


def test_a_regions_rule_holds_from_its_day_for_its_patents_only() -> None:
    here = make.patent(core.office(region="310115"))
    there = make.patent(core.office(region="320500"))
    later = rule(region="31", valid_from=NOON.date() + timedelta(days=1), b_from=10, a_from=99)
    assert sweep() == 0
    tomorrow = NOON + timedelta(days=1)
    assert sweep(tomorrow) == 1
    here.refresh_from_db()
    there.refresh_from_db()
    assert (here.layer, there.layer) == (Layer.B, Layer.C)
    assert item(here).rule_version == f"2026-2/r{later.pk}"
    assert sweep(tomorrow) == 0, "a rule is applied once"
    assert AuditEntry.objects.filter(event="patent.layer_moved").count() == 1


def test_the_nearest_rule_wins() -> None:
    rule(region="", b_from=1, a_from=2, evidence=0)
    rule(region="3101", b_from=98, a_from=99)
    assert make.patent(core.office(region="310115")).layer == Layer.C
    assert make.patent(core.office(region="320500")).layer == Layer.A


def test_scoring_many_costs_the_queries_of_one() -> None:
    keeper = core.office()
    for _ in range(2):
        make.listed_patent(keeper)
    sweep()

    def cost() -> int:
        InventoryItem.objects.update(score_due_on=None)
        with CaptureQueriesContext(
            connection,
        ) as seen:
            scoring.score_due(now=NOON + timedelta(days=1))
        return len(seen)

    two = cost()
    for _ in range(5):
        make.listed_patent(keeper)
    sweep()
    assert cost() == two


SCREENED = {"screened_at": NOON, "screened_by": "system"}


@pytest.mark.parametrize(
    ("build", "constraint"),
    [
        (lambda p: rule(life=9), "layer_rule_weights_sum_to_100"),
        (lambda p: rule(a_from=50), "layer_rule_thresholds_in_order"),
        (lambda p: rule(neutral=101), "layer_rule_percentages"),
        (lambda p: rule(region="3"), "layer_rule_region_shape"),
        (lambda p: (rule(), rule()), "layer_rule_one_a_day"),
        (
            lambda p: Screening.objects.create(
                patent=p, technology=6, product=1, market=1, resources=1, **SCREENED
            ),
            "screening_marks_1_to_5",
        ),
        (
            lambda p: DemandSignal.objects.create(
                patent=p, needs=1, subscriptions=0, best=101, measured_at=NOON
            ),
            "demand_best_to_100",
        ),
        (
            lambda p: DemandMeasure.objects.create(
                patent=p, needs=1, subscriptions=0, best=101, told_at=NOON
            ),
            "measure_best_to_100",
        ),
        (lambda p: override(p, reason=""), "override_says_why"),
        (lambda p: override(p, layer="D"), "override_layer_known"),
        (lambda p: override(p, ended_at=NOON), "override_ended_pair"),
        (lambda p: (override(p), override(p)), "override_one_live"),
        (lambda p: moved(p, "A", "A"), "layer_move_moves"),
        (lambda p: moved(p, "A", "D"), "layer_move_layers_known"),
        (
            lambda p: InventoryItem.objects.filter(patent=p).update(score=101),
            "inventory_score_0_to_100",
        ),
    ],
)
def test_a_broken_row(build: Callable[[Patent], Any], constraint: str) -> None:
    patent = make.patent()
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        build(patent)


def override(patent: Patent, **fields: Any) -> LayerOverride:
    given: dict[str, Any] = {
        "layer": "A",
        "reason": "市重点项目",
        "until": NOON.date(),
        "set_at": NOON,
        "set_by": "system",
    } | fields
    return LayerOverride.objects.create(patent=patent, **given)


def moved(patent: Patent, source: str, target: str) -> LayerMove:
    return LayerMove.objects.create(
        patent=patent,
        source=source,
        target=target,
        score=50,
        rule_version="t",
        moved_at=NOON,
        moved_by="system",
    )
