"""Everything against everything: in shards, over many workers, seen by nobody until it is whole."""

from __future__ import annotations

from datetime import datetime, timedelta
from time import monotonic

from django.db import transaction
from django.db.models import F, Q, Sum

from core.audit import services as audit
from core.errors import Conflict
from core.people.types import Actor
from core.permissions import Permission, require
from matching import rules
from matching.models import Match, MatchDraft, Run, RunShard
from matching.selectors import arena, feeding
from matching.services.cutting import (
    SHARD_LEASE,
    SHARD_TRIES,
    add_shards,
    alone,
    cut,
    finish,
    hand_out,
    in_turn,
)
from matching.services.measuring import measure_all, measure_soon
from matching.services.pushing import Candidate, push
from matching.services.runs import current_engine, ranked
from matching.services.switching import draft, drop_drafts, prepare, switch
from matching.types import Demand, DemandKind, RunState

LEAST_SHARD, LARGEST_SHARD = 10, 20_000
_FREE = Q(leased_until__isnull=True)


@transaction.atomic
def start_full_run(*, by: Actor, now: datetime, here: bool = False, freeze: bool = False) -> Run:
    """Cut every live demand into shards and hand them to the workers, or keep them `here`.

    The day the scorer takes for today moves on to this one; statistics that the stock has
    outgrown, or all with `freeze`, are frozen anew. Conflict while another full run is under way.
    """
    require(by, Permission.RUN_MATCHING)
    in_turn()
    if Run.objects.under_way().exists():
        raise Conflict("全量匹配正在进行，请等它完成后再启动。", code="run-in-progress")
    version = current_engine(now=now, by=by, anew=freeze)
    keys = feeding.live_keys()
    run = cut(version, keys, by=by, now=now, here=here)
    # Whatever is no longer live has no list any more.
    Match.objects.exclude(
        Q(need__status__in=sorted(rules.LIVE_NEED)) | Q(subscription__status="active")
    ).delete()
    audit.record("matching.full_run", subject=run, by=by, at=now, changes={"demands": len(keys)})
    if not keys:
        finish(run, now=now)
    return run


def run_everything(*, by: Actor, now: datetime, freeze: bool = False) -> Run:
    """A full run in this process, shard by shard: what commands and the demo use."""
    run = start_full_run(by=by, now=now, here=True, freeze=freeze)
    for shard_id in run.shards.order_by("number").values_list("pk", flat=True):
        if Run.objects.get(pk=run.pk).state != RunState.RUNNING:
            break  # somebody has paused or cancelled it: the workers take over from here
        _run_leased(shard_id, now=now)
    for shard_id in run.shards.order_by("number").values_list("pk", flat=True):
        tell_shard(shard_id=shard_id, now=now)
    run.refresh_from_db()
    measure_all(run=run, now=now)
    return run


# --- shards ----------------------------------------------------------------------------------


def run_shard(*, shard_id: int, now: datetime) -> bool:
    """Rank a shard's demands against everything; False when it is done or in other hands.

    The lease is taken first, so two workers do not do it twice. A worker that dies leaves no row:
    drafts and the mark that the shard is done are one transaction.
    """
    free = RunShard.objects.filter(
        _FREE | Q(leased_until__lt=now),
        pk=shard_id,
        done_at__isnull=True,
        run__state=RunState.RUNNING,
    )
    if not free.update(leased_until=now + SHARD_LEASE, attempts=F("attempts") + 1):
        return False
    return _run_leased(shard_id, now=now)


def _run_leased(shard_id: int, *, now: datetime) -> bool:
    with transaction.atomic():
        shard = (
            RunShard.objects.select_for_update(of=("self",))
            .select_related("run__engine")
            .defer("run__engine__corpus")
            .get(pk=shard_id)
        )
        run, began = shard.run, monotonic()
        if shard.done_at is not None or run.state not in (RunState.RUNNING, RunState.PAUSED):
            return False
        assert run.engine is not None
        live = feeding.demands([Demand.of_key(key) for key in shard.keys])
        ranking = arena.rank(run.engine, live.values())
        lists = {key: [ranked(hit) for hit in hits] for key, hits in ranking.lists.items()}
        shard.matches = draft(run, live, lists, ranking.suppliers)
        shard.seconds = round(monotonic() - began, 3)
        now += timedelta(seconds=shard.seconds)
        shard.done_at, shard.leased_until = now, None
        shard.save(update_fields=["done_at", "leased_until", "matches", "seconds"])
    _finish_if_done(run.pk, now=now)
    return True


@transaction.atomic
def _finish_if_done(run_id: int, *, now: datetime) -> None:
    """The last shard switches; whoever dies in it leaves the old lists; the sweep tries again.

    What takes long, filling the second table of a large run, comes before the runs' lock: lists
    are looked at and kept up meanwhile. One does it; others find the lock taken and go.
    """
    if RunShard.objects.filter(run=run_id, done_at__isnull=True).exists() or not alone(run_id):
        return
    runs = Run.objects.select_related("engine").defer("engine__corpus")
    run = runs.get(pk=run_id)
    if run.state != RunState.RUNNING:
        return
    run.matches = run.shards.aggregate(n=Sum("matches"))["n"] or 0
    prepared = prepare(run, now=now)
    in_turn()
    state = Run.objects.select_for_update(of=("self",)).get(pk=run_id).state
    if state != RunState.RUNNING or run.shards.filter(done_at__isnull=True).exists():
        return
    switch(run, now=now, prepared=prepared)
    finish(run, now=now)
    measure_soon(run)
    hand_out(run.shards.values_list("pk", flat=True), task="matching.tell_shard")


@transaction.atomic
def tell_shard(*, shard_id: int, now: datetime) -> int:
    """Push the best of a shard's new lists; once, and only after the switch."""
    shard = RunShard.objects.select_for_update(of=("self",)).select_related("run").get(pk=shard_id)
    if shard.told_at is not None or shard.run.state != RunState.FINISHED:
        return 0
    pushed = push(_candidates(shard), now=now)
    shard.told_at = now
    shard.save(update_fields=["told_at"])
    Run.objects.filter(pk=shard.run_id).update(pushes=F("pushes") + pushed)
    return pushed


def _candidates(shard: RunShard) -> list[Candidate]:
    """The first few of each list."""
    found: list[Candidate] = []
    for kind in DemandKind:
        ids = [d.id for d in map(Demand.of_key, shard.keys) if d.kind is kind]
        rows = Match.objects.filter(
            **{f"{kind.value}_id__in": ids},
            ticks__gte=rules.PUSH_FLOOR * 10_000,
            off_at__isnull=True,
        ).order_by("-ticks", "patent_id")
        taken: dict[int, int] = {}
        for demand_id, organisation_id, patent_id, ticks in rows.values_list(
            f"{kind.value}_id", "organisation_id", "patent_id", "ticks"
        ):
            taken[demand_id] = taken.get(demand_id, 0) + 1
            if taken[demand_id] <= rules.PUSHES_A_DEMAND:
                found.append(Candidate(organisation_id, patent_id, ticks, Demand(kind, demand_id)))
    return found


def sweep(*, now: datetime) -> int:
    """Find what lost nudges and dead workers left; how many pieces were taken up again."""
    open_shards = RunShard.objects.filter(
        _FREE | Q(leased_until__lt=now), done_at__isnull=True, run__state=RunState.RUNNING
    )
    dead = open_shards.filter(attempts__gte=SHARD_TRIES).values_list("run_id", flat=True)
    for run in Run.objects.filter(pk__in=sorted(set(dead)), state=RunState.RUNNING):
        _end(run, RunState.FAILED, now=now)
    leftovers()
    ids = list(open_shards.filter(attempts__lt=SHARD_TRIES).values_list("pk", flat=True))
    hand_out(ids)
    for run_id in Run.objects.under_way().values_list("pk", flat=True):
        _finish_if_done(run_id, now=now)
    untold = RunShard.objects.filter(
        told_at__isnull=True, done_at__isnull=False, run__state=RunState.FINISHED
    )
    hand_out(list(untold.values_list("pk", flat=True)), task="matching.tell_shard")
    return len(ids)


# --- steering --------------------------------------------------------------------------------


@transaction.atomic
def pause_run(*, run_id: int, by: Actor, now: datetime) -> Run:
    """Begin no further shard; those being worked on are finished and kept."""
    run = _steered(run_id, by, RunState.RUNNING, "只有运行中的全量匹配可以暂停，请刷新后再看。")
    run.state, run.paused_at = RunState.PAUSED, now
    run.save(update_fields=["state", "paused_at"])
    audit.record("matching.paused", subject=run, by=by, at=now)
    return run


@transaction.atomic
def resume_run(*, run_id: int, by: Actor, now: datetime) -> Run:
    """Go on with what is left."""
    run = _steered(run_id, by, RunState.PAUSED, "这次全量匹配没有暂停，无需继续，请刷新后再看。")
    run.state, run.paused_at = RunState.RUNNING, None
    run.save(update_fields=["state", "paused_at"])
    hand_out(run.shards.filter(done_at__isnull=True).values_list("pk", flat=True))
    audit.record("matching.resumed", subject=run, by=by, at=now)
    return run


@transaction.atomic
def recut_run(*, run_id: int, size: int, by: Actor, now: datetime) -> Run:
    """Cut what nobody has begun into shards of another size."""
    require(by, Permission.RUN_MATCHING)
    if not LEAST_SHARD <= size <= LARGEST_SHARD:
        message = f"每片的需求数应在 {LEAST_SHARD} 到 {LARGEST_SHARD} 之间，请改后再提交。"
        raise Conflict(message, code="shard-size")
    run = Run.objects.select_for_update().get(pk=run_id)
    if run.state not in (RunState.RUNNING, RunState.PAUSED):
        raise Conflict("这次运行已经结束，不能再改分片。", code="run-over")
    waiting = run.shards.select_for_update(skip_locked=True).filter(
        _FREE | Q(leased_until__lt=now), done_at__isnull=True
    )
    rows = list(waiting.order_by("number"))
    keys = [key for row in rows for key in row.keys]
    if not keys:
        raise Conflict("没有尚未开始的分片可以重切。", code="nothing-to-cut")
    first = (run.shards.order_by("-number").values_list("number", flat=True).first() or 0) + 1
    RunShard.objects.filter(pk__in=[row.pk for row in rows]).delete()
    new = add_shards(run, keys, size=size, now=now, first=first)
    if run.state == RunState.RUNNING:
        hand_out([row.pk for row in new])
    changes = {"before": len(rows), "after": len(new), "demands": len(keys)}
    audit.record("matching.recut", subject=run, by=by, at=now, changes=changes)
    return run


@transaction.atomic
def cancel_run(*, run_id: int, by: Actor, now: datetime) -> Run:
    """Stop, and throw away what was found; the lists people see stay as they are."""
    require(by, Permission.RUN_MATCHING)
    run = Run.objects.select_for_update().get(pk=run_id)
    if run.state not in (RunState.RUNNING, RunState.PAUSED):
        raise Conflict("这次运行已经结束，不能再取消。", code="run-over")
    _end(run, RunState.CANCELLED, now=now)
    audit.record("matching.cancelled", subject=run, by=by, at=now)
    return run


def _steered(run_id: int, by: Actor, state: RunState, refusal: str) -> Run:
    require(by, Permission.RUN_MATCHING)
    run = Run.objects.select_for_update().get(pk=run_id)
    if run.state != state:
        raise Conflict(refusal, code="run-state")
    return run


def _end(run: Run, state: RunState, *, now: datetime) -> None:
    run.state, run.finished_at, run.paused_at = state, now, None
    run.save(update_fields=["state", "finished_at", "paused_at"])
    drop_drafts(run)


def leftovers() -> int:
    """Drafts of runs that are over: of a shard that ended after its run was cancelled."""
    over = Run.objects.exclude(state__in=[RunState.RUNNING, RunState.PAUSED])
    drafts = MatchDraft.objects.filter(run__in=over)
    return drafts.delete()[0] if drafts.exists() else 0
