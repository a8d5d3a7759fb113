"""Runs: incremental and full leave the same matches; two at once leave them whole."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction

from core.errors import Conflict, NotAllowed
from core.outbox.models import OutboxEvent
from core.people.types import Actor, Role
from listings import services as listings
from listings.models import Patent
from listings.types import Consent, EncumbranceKind
from matching import rules, services
from matching.models import EngineVersion, Match, Run, RunItem, RunShard
from matching.selectors import arena
from matching.types import DemandKind, RunScope, RunState
from tests.factories import core
from tests.factories import listings as board
from tests.factories import matching as make

pytestmark = pytest.mark.django_db
SYSTEM = Actor.system()
Drain = Callable[[], int]


def pairs() -> dict[tuple[int | None, int | None, int], tuple[int, list[object]]]:
    """What the lists say now: by demand and patent, the score and the reasons."""
    rows = Match.objects.filter(off_at__isnull=True)
    return {(m.need_id, m.subscription_id, m.patent_id): (m.ticks, m.reasons) for m in rows}


@pytest.fixture
def then(now: datetime) -> datetime:
    """The moment at which `drain` hands events over."""
    return now.replace(year=2100)


def test_opened_need_finds_the_patent_that_fits(drain: Drain) -> None:
    patents = make.stock()
    need = make.need()
    drain()
    best = Match.objects.filter(need=need).order_by("-ticks").first()
    assert best is not None
    assert best.patent_id == patents["battery"].pk
    need.refresh_from_db()
    assert need.matched_at is not None


def test_new_listing_reaches_needs_and_subscriptions_by_event(drain: Drain) -> None:
    make.stock()
    need, subscription = make.need(), make.subscription()
    drain()
    newcomer = board.listed_patent(**make.BATTERY | {"title": "一种磷酸铁锂电池脉冲自加热控制电路"})
    drain()
    assert Match.objects.filter(need=need, patent=newcomer).exists()
    assert Match.objects.filter(subscription=subscription, patent=newcomer).exists()


def test_every_score_is_the_sum_of_its_reasons(drain: Drain) -> None:
    make.stock()
    make.need()
    make.need(data=make.FLUORIDE)
    make.subscription()
    drain()
    rows = list(Match.objects.all())
    assert rows
    for row in rows:
        assert rules.adds_up(row.ticks, row.reasons)
        assert sum(bar.points for bar in rules.bars(row.reasons)) == rules.whole_score(row.ticks)


def test_incremental_equals_full(drain: Drain, now: datetime, then: datetime) -> None:
    """Step by step, in any order of things, the lists are those of one full run."""
    make.need()
    patents = make.stock()
    drain()
    firm = core.enterprise()
    make.need(firm, make.FLUORIDE)
    make.subscription(firm)
    drain()
    offer = board.offer(**make.WATER["sheet"] | {"asking_price": Decimal("1.00")})
    listing = patents["water"].listings.get()
    listings.edit_listing(
        listing_id=listing.pk, offer=offer, version=listing.version, by=SYSTEM, now=now
    )
    late = board.listed_patent(**make.BATTERY | {"title": "磷酸铁锂电池低温充电的脉冲自加热装置"})
    drain()
    stepwise = pairs()
    assert {key[2] for key in stepwise} >= {patents["water"].pk, late.pk}
    Match.objects.all().delete()
    arena.forget()
    version = EngineVersion.objects.get(is_active=True)
    run = services.run_everything(by=SYSTEM, now=then)
    assert (run.state, run.engine_id) == (RunState.FINISHED, version.pk)
    assert pairs() == stepwise


def test_full_list_takes_in_the_next_one_when_a_patent_leaves(
    drain: Drain, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rules, "KEEP", 2)
    monkeypatch.setattr(rules, "FLOOR", 0.0)
    patents = make.stock()
    need = make.need()
    drain()
    listed = list(Match.objects.filter(need=need).values_list("patent_id", flat=True))
    assert len(listed) == 2
    listing = patents["battery"].listings.get()
    listings.suspend_listing(listing_id=listing.pk, reason="补充材料", by=SYSTEM, now=now)
    drain()
    left = set(Match.objects.filter(need=need).values_list("patent_id", flat=True))
    assert left == {patents["water"].pk, patents["weld"].pk}


@pytest.mark.parametrize("leave", ["suspend_listing", "withdraw_listing"])
def test_patent_that_leaves_the_board_leaves_every_list(
    drain: Drain, now: datetime, leave: str
) -> None:
    match = make.match(drain)
    listing = Patent.objects.get(pk=match.patent_id).listings.get()
    reason = {"reason": "补充材料"} if leave == "suspend_listing" else {}
    getattr(listings, leave)(listing_id=listing.pk, by=SYSTEM, now=now, **reason)
    drain()
    assert not Match.objects.filter(patent_id=match.patent_id).exists()


def test_exclusively_licensed_patent_is_never_matched(drain: Drain, now: datetime) -> None:
    patents = make.stock()
    board.bound(patents["battery"], EncumbranceKind.EXCLUSIVE)
    need = make.need()
    drain()
    assert not Match.objects.filter(need=need, patent=patents["battery"]).exists()


def test_own_and_co_owned_patents_are_never_matched(drain: Drain) -> None:
    firm = core.enterprise()
    core.MembershipFactory(user=firm.user, organisation=firm.organisation, role=Role.OFFICE)
    own = board.listed_patent(firm, **make.BATTERY)
    shared = board.listed_patent(
        **make.BATTERY,
        holders=(
            board.holder("合作单位", organisation_id=firm.organisation_id, consent=Consent.ALL),
        ),
    )
    need = make.need(firm)
    other = make.need()
    drain()
    assert not Match.objects.filter(need=need, patent__in=[own, shared]).exists()
    assert Match.objects.filter(need=other, patent__in=[own, shared]).count() == 2


def test_database_refuses_a_match_with_ones_own_patent(drain: Drain) -> None:
    match = make.match(drain)
    with pytest.raises(IntegrityError), transaction.atomic():
        Match.objects.filter(pk=match.pk).update(supplier_id=match.organisation_id)


def test_match_keeps_its_address_when_it_is_computed_again(drain: Drain, then: datetime) -> None:
    match = make.match(drain)
    services.run_for_patent(patent_id=match.patent_id, by=SYSTEM, now=then + timedelta(hours=1))
    again = Match.objects.get(need=match.need_id, patent=match.patent_id)
    assert again.pk == match.pk
    assert again.first_at == match.first_at
    assert again.computed_at == then + timedelta(hours=1)


def test_closed_need_loses_its_matches(drain: Drain, now: datetime) -> None:
    firm = core.enterprise()
    match = make.match(drain, firm)
    assert match.need_id is not None
    services.close_need(need_id=match.need_id, by=core.actor(firm), now=now)
    drain()
    assert not Match.objects.filter(need=match.need_id).exists()


def test_bulk_of_listings_becomes_one_run(drain: Drain) -> None:
    make.need()
    drain()
    before = Run.objects.count()
    make.stock()
    drain()
    assert Run.objects.count() == before + 1
    run = Run.objects.latest("pk")
    assert run.patents == 3
    assert run.items.filter(kind=RunItem.PATENT).count() == 3


def test_run_that_is_done_is_not_done_again(now: datetime) -> None:
    make.stock()
    run = services.run_for_patent(patent_id=Patent.objects.earliest("pk").pk, by=SYSTEM, now=now)
    again = services.run_incremental(run_id=run.pk, now=now + timedelta(hours=1))
    assert again.finished_at == now


def test_patents_touched_after_the_fit_are_ranked_beside_it(drain: Drain, now: datetime) -> None:
    """A process that fitted long ago ranks a new need against what has changed since."""
    make.stock()
    make.need()
    drain()
    newcomer = board.listed_patent(**make.BATTERY | {"title": "脉冲自加热磷酸铁锂电池储能柜"})
    drain()
    need = make.need()
    drain()
    assert Match.objects.filter(need=need, patent=newcomer).exists()
    arena.forget()
    stepwise = pairs()
    services.run_for_demand(kind=DemandKind.NEED, demand_id=need.pk, by=SYSTEM, now=now)
    assert pairs() == stepwise


@pytest.mark.parametrize("few", [0, 20])
def test_one_by_one_or_as_a_block_gives_the_same(
    drain: Drain, monkeypatch: pytest.MonkeyPatch, few: int
) -> None:
    """Few changed patents are held against the demands as read, many are fitted: no difference."""
    monkeypatch.setattr(arena, "FEW", few)
    make.need()
    make.need(data=make.FLUORIDE)
    make.subscription()
    drain()
    make.stock()
    drain()
    make.stock()
    drain()
    stepwise = pairs()
    assert stepwise
    services.run_everything(by=SYSTEM, now=Run.objects.latest("pk").requested_at)
    assert pairs() == stepwise


# --- full runs -------------------------------------------------------------------------------


def test_full_run_in_many_shards_equals_one(
    drain: Drain, then: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    make.stock()
    for data in (make.COLD, make.FLUORIDE, make.COLD):
        make.need(data=data)
    make.subscription()
    drain()
    services.run_everything(by=SYSTEM, now=then)
    whole = pairs()
    monkeypatch.setattr("matching.services.cutting.SHARD_SIZE", 1)
    run = services.run_everything(by=SYSTEM, now=then)
    assert run.shards.count() == 4
    assert pairs() == whole
    assert run.matches == len(whole)


def test_only_one_full_run_at_a_time(now: datetime) -> None:
    make.need()
    services.start_full_run(by=SYSTEM, now=now)
    with pytest.raises(Conflict):
        services.start_full_run(by=SYSTEM, now=now)
    assert Run.objects.filter(scope=RunScope.FULL).count() == 1
    with pytest.raises(IntegrityError), transaction.atomic():
        Run.objects.create(
            scope=RunScope.FULL, state=RunState.RUNNING, requested_at=now,
            requested_by="system", started_at=now,
        )  # fmt: skip


def test_stranger_may_not_start_a_full_run(now: datetime) -> None:
    with pytest.raises(NotAllowed):
        services.start_full_run(by=core.actor(core.enterprise()), now=now)
    assert not Run.objects.filter(scope=RunScope.FULL).exists()


def test_leased_shard_is_left_alone_and_an_abandoned_one_is_taken_up(now: datetime) -> None:
    make.stock()
    make.need()
    run = services.start_full_run(by=SYSTEM, now=now)
    shard = run.shards.get()
    RunShard.objects.filter(pk=shard.pk).update(leased_until=now + timedelta(minutes=5), attempts=1)
    assert services.run_shard(shard_id=shard.pk, now=now) is False
    assert services.sweep(now=now) == 0
    later = now + timedelta(minutes=6)
    assert services.sweep(now=later) == 1
    assert services.run_shard(shard_id=shard.pk, now=later) is True
    assert services.run_shard(shard_id=shard.pk, now=later) is False
    run.refresh_from_db()
    assert run.state == RunState.FINISHED


def test_shard_that_keeps_dying_fails_its_run(now: datetime) -> None:
    make.need()
    run = services.start_full_run(by=SYSTEM, now=now)
    run.shards.update(attempts=5, leased_until=now - timedelta(minutes=1))
    services.sweep(now=now)
    run.refresh_from_db()
    assert run.state == RunState.FAILED
    assert services.start_full_run(by=SYSTEM, now=now).state == RunState.RUNNING


def test_finished_run_says_so_once(drain: Drain, now: datetime) -> None:
    make.stock()
    make.need()
    drain()
    before = OutboxEvent.objects.filter(name="match.run_finished").count()
    services.run_everything(by=SYSTEM, now=now)
    assert OutboxEvent.objects.filter(name="match.run_finished").count() == before + 1


# --- the engine's versions -------------------------------------------------------------------


def test_outgrown_statistics_are_frozen_anew(drain: Drain, now: datetime) -> None:
    first = services.active_engine(now=now)
    assert first.corpus_size == 0
    need = make.need()
    make.stock()
    drain()
    version = EngineVersion.objects.get(is_active=True)
    assert version.pk != first.pk
    assert version.corpus_size == 3
    assert set(need.matches.values_list("engine", flat=True)) == {version.pk}
    assert version.weights == first.weights


def test_old_engine_can_be_put_back(drain: Drain, then: datetime) -> None:
    make.stock()
    make.need()
    drain()
    old = EngineVersion.objects.get(is_active=True)
    before = pairs()
    services.freeze_engine(weights={"lexical": 10.0}, note="试验", by=SYSTEM, now=then)
    services.run_everything(by=SYSTEM, now=then)
    assert pairs() != before
    services.put_back_engine(version_id=old.pk, by=SYSTEM, now=then)
    services.run_everything(by=SYSTEM, now=then)
    assert pairs() == before
    assert EngineVersion.objects.filter(is_active=True).get().pk == old.pk


def test_two_active_engines_are_refused(now: datetime) -> None:
    version = services.active_engine(now=now)
    version.pk = None
    with pytest.raises(IntegrityError), transaction.atomic():
        version.save(force_insert=True)


def test_stranger_may_not_change_the_engine(now: datetime) -> None:
    version = services.active_engine(now=now)
    by = core.actor(core.office())
    with pytest.raises(NotAllowed):
        services.freeze_engine(by=by, now=now)
    with pytest.raises(NotAllowed):
        services.put_back_engine(version_id=version.pk, by=by, now=now)
    assert EngineVersion.objects.count() == 1


def test_need_that_says_more_is_ranked_anew(drain: Drain, now: datetime) -> None:
    firm = core.enterprise()
    make.stock()
    need = make.need(firm)
    drain()
    services.edit_need(
        need_id=need.pk,
        data=replace(make.FLUORIDE, industry_codes=("3841",)),
        version=need.version,
        by=core.actor(firm),
        now=now,
    )
    drain()
    best = Match.objects.filter(need=need).order_by("-ticks").select_related("patent").first()
    assert best is not None
    assert "除氟" in best.patent.title
