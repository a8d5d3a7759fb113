"""Running the engine: what changed at once, everything in shards; both leave the same matches.

Order is kept by one advisory lock: an incremental run holds it alone, shards of a full run share
it. So no shard can overwrite what an incremental run has just added, and the other way round.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta

from celery import current_app
from django.db import connection, transaction
from django.db.models import F, Q, Sum
from django.utils import timezone

from core.audit import services as audit
from core.errors import Conflict
from core.outbox import services as outbox
from core.people.types import Actor
from core.permissions import Permission, require
from listings import selectors as listings
from matching import engine, rules
from matching.models import EngineVersion, Match, Need, Run, RunItem, RunShard, Subscription
from matching.selectors import arena, feeding
from matching.services.measuring import measure, measure_all, measure_soon
from matching.services.pushing import Candidate, push
from matching.types import Demand, DemandKind, Ranked, RunScope, RunState

log = logging.getLogger(__name__)

RUN_LOCK = 0x3A7C4
SHARD_SIZE = 100
SHARD_LEASE = timedelta(minutes=10)
SHARD_TRIES = 5

SYSTEM = Actor.system()
Item = tuple[str, int]  # ("patent", 12), ("need", 3), ("subscription", 7)


# --- incremental -----------------------------------------------------------------------------


@transaction.atomic
def note(*, items: Iterable[Item], by: Actor, now: datetime) -> int:
    """Have these patents and demands looked at by the next incremental run; its id.

    Whatever changes before that run starts joins it, so a batch of two thousand new listings
    becomes one run. A waiting run that somebody else is just joining or starting is skipped:
    then there are two, which is harmless.
    """
    run = (
        Run.objects.select_for_update(skip_locked=True, no_key=True)
        .filter(scope=RunScope.INCREMENTAL, state=RunState.WAITING)
        .order_by("-pk")
        .first()
    )
    if run is None:
        run = Run.objects.create(scope=RunScope.INCREMENTAL, requested_at=now, requested_by=by.key)
        outbox.emit("match.run_requested", subject=run, by=by, at=now, payload={"run_id": run.pk})
    rows = [RunItem(run=run, kind=kind, ref=ref) for kind, ref in sorted(set(items))]
    RunItem.objects.bulk_create(rows, ignore_conflicts=True)
    return run.pk


def run_for_patent(*, patent_id: int, by: Actor, now: datetime) -> Run:
    """Match one patent with every demand, now."""
    return run_incremental(run_id=note(items=[("patent", patent_id)], by=by, now=now), now=now)


def run_for_demand(*, kind: DemandKind, demand_id: int, by: Actor, now: datetime) -> Run:
    """Match one need or subscription with every patent, now."""
    return run_incremental(run_id=note(items=[(kind.value, demand_id)], by=by, now=now), now=now)


@transaction.atomic
def run_incremental(*, run_id: int, now: datetime) -> Run:
    """Look at what a waiting run has collected; a run that is no longer waiting stays as it is."""
    run = Run.objects.select_for_update().get(pk=run_id)
    if run.state != RunState.WAITING:
        return run
    _lock(shared=False)
    version = active_engine(now=now)
    run.state, run.started_at, run.engine = RunState.RUNNING, now, version
    run.pulse = arena.latest_pulse() + 1
    run.save(update_fields=["state", "started_at", "engine", "pulse"])
    items = list(run.items.values_list("kind", "ref"))
    patents = frozenset(ref for kind, ref in items if kind == RunItem.PATENT)
    asked = [Demand(DemandKind(kind), ref) for kind, ref in items if kind != RunItem.PATENT]
    if patents and rules.corpus_outgrown(version.corpus_size, listings.stock_counts("").listed):
        asked, patents = _start_over(run, asked, now=now), frozenset()
        version = run.engine = active_engine(now=now)
    touched = set(patents) | _standing_in(asked)
    whole, candidates = _whole(version, asked, now=now)
    if patents:
        candidates += _patents(version, patents, skip=frozenset(whole), now=now)
    run.demands, run.matches = len(asked), len(candidates)
    run.patents = sum(1 for kind, _ in items if kind == RunItem.PATENT)
    run.pushes = push(candidates, now=now)
    measure(touched | _standing_in(asked), run=run, now=now)
    _finish(run, now=now)
    return run


def _start_over(run: Run, asked: list[Demand], *, now: datetime) -> list[Demand]:
    """The stock has doubled: new word statistics, so every list must be ranked whole.

    The demands to rank in this very run; where there are too many for that, a full run takes
    them in shards and only those asked for are ranked here.
    """
    version = active_engine(now=now)
    freeze_engine(by=SYSTEM, now=now, note="库存翻倍后重建词频", weights=version.weights)
    keys = feeding.live_keys()
    if len(keys) <= rules.INLINE_DEMANDS:
        return list({d.key: d for d in [*asked, *map(Demand.of_key, keys)]}.values())
    if not Run.objects.filter(scope=RunScope.FULL, state=RunState.RUNNING).exists():
        _cut(active_engine(now=now), keys, by=SYSTEM, now=now)
    return asked


def _whole(
    version: EngineVersion, asked: Collection[Demand], *, now: datetime
) -> tuple[list[str], list[Candidate]]:
    """Rank these demands against everything; those that are no longer live lose their matches."""
    if not asked:
        return [], []
    live = feeding.demands(asked)
    for kind in DemandKind:
        gone = [d.id for d in asked if d.kind is kind and d.key not in live]
        if gone:
            Match.objects.filter(**{f"{kind.value}_id__in": gone}).delete()
    ranking = arena.rank(version, live.values())
    lists = {key: [_ranked(hit) for hit in hits] for key, hits in ranking.lists.items()}
    _replace(version, live, lists, ranking.suppliers, now=now)
    return list(live), _candidates(live, lists, most=rules.PUSHES_A_DEMAND)


def _patents(
    version: EngineVersion, patents: frozenset[int], *, skip: frozenset[str], now: datetime
) -> list[Candidate]:
    """Match these patents with every live demand but those of `skip`, which have just been done."""
    live = {key: d for key, d in arena.audience(version).items() if key not in skip}
    on_board = [s for s in feeding.supplies(sorted(patents)) if s.matchable]
    found = arena.rank_among(version, on_board)
    concerned = (_holding(patents) | {k for k, hits in found.lists.items() if hits}) & live.keys()
    before = _lists_of(concerned)
    lists: dict[str, list[Ranked]] = {}
    again: list[Demand] = []
    fresh: dict[str, list[Ranked]] = {}
    for key in sorted(concerned):
        hits = [_ranked(hit) for hit in found.lists.get(key, [])]
        merged = rules.merged(before.get(key, []), hits, patents)
        if merged is None:
            again.append(Demand.of_key(key))
            continue
        lists[key] = merged
        stayed = {row.patent_id for row in merged}
        fresh[key] = [row for row in hits if row.patent_id in stayed]
    _replace(version, live, lists, found.suppliers, now=now, touched=patents)
    _, whole = _whole(version, again, now=now)
    entered = [c for c in whole if c.patent_id in patents]
    return _candidates(live, fresh, most=rules.PUSHES_A_DAY) + entered


def _holding(patents: frozenset[int]) -> set[str]:
    """The keys of the demands in whose lists these patents stand."""
    rows = Match.objects.filter(patent_id__in=patents)
    return {_key(*pair) for pair in rows.values_list("need_id", "subscription_id").distinct()}


def _standing_in(asked: Iterable[Demand]) -> set[int]:
    """The patents in the lists of these demands."""
    found = Q(pk__in=[])
    for kind in DemandKind:
        ids = [demand.id for demand in asked if demand.kind is kind]
        found |= Q(**{f"{kind.value}_id__in": ids})
    return set(Match.objects.filter(found).values_list("patent_id", flat=True))


def _lists_of(keys: Collection[str]) -> dict[str, list[Ranked]]:
    """The demands' lists as kept, what was taken down since included."""
    ids = {kind: [d.id for d in map(Demand.of_key, keys) if d.kind is kind] for kind in DemandKind}
    rows = Match.objects.filter(
        Q(need_id__in=ids[DemandKind.NEED]) | Q(subscription_id__in=ids[DemandKind.SUBSCRIPTION])
    ).values_list("need_id", "subscription_id", "patent_id", "ticks")
    lists: dict[str, list[Ranked]] = {}
    for need_id, subscription_id, patent_id, ticks in rows:
        lists.setdefault(_key(need_id, subscription_id), []).append(Ranked(patent_id, ticks))
    return lists


def _key(need_id: int | None, subscription_id: int | None) -> str:
    return f"n{need_id}" if need_id is not None else f"s{subscription_id}"


def _ranked(hit: engine.Hit) -> Ranked:
    reasons = tuple(
        {
            "signal": r.signal,
            "code": r.code,
            "value": round(float(r.value), 6),
            "weight": round(float(r.weight), 6),
            "ticks": int(r.ticks),
            "evidence": list(r.evidence),
        }
        for r in hit.reasons
    )
    return Ranked(int(hit.key), int(hit.ticks), reasons)


def _candidates(
    live: Mapping[str, engine.Demand], lists: Mapping[str, Sequence[Ranked]], *, most: int
) -> list[Candidate]:
    """The best of each list, as what might be pushed."""
    found = []
    for key, ranked in lists.items():
        for row in ranked[:most]:
            found.append(Candidate(_owner(live[key]), row.patent_id, row.ticks, Demand.of_key(key)))
    return found


def _owner(demand: engine.Demand) -> int:
    """The receiver; every demand of ours has one."""
    if demand.organisation_id is None:
        raise ValueError(f"Demand {demand.key} belongs to nobody.")
    return demand.organisation_id


def _replace(
    version: EngineVersion,
    live: Mapping[str, engine.Demand],
    lists: Mapping[str, Sequence[Ranked]],
    suppliers: Mapping[int, int | None],
    *,
    now: datetime,
    touched: frozenset[int] | None = None,
) -> None:
    """Make these the lists of these demands. With `touched`, only those patents' rows are written.

    A pair that stays keeps its row, so its address and its first moment last.
    """
    for kind in DemandKind:
        column = f"{kind.value}_id"
        keys = {key: Demand.of_key(key).id for key in lists if Demand.of_key(key).kind is kind}
        if not keys:
            continue
        wanted = {(keys[key], row.patent_id) for key in keys for row in lists[key]}
        stale = [
            pk
            for pk, demand_id, patent_id in Match.objects.filter(
                **{f"{column}__in": list(keys.values())}
            ).values_list("pk", column, "patent_id")
            if (demand_id, patent_id) not in wanted
        ]
        if stale:
            Match.objects.filter(pk__in=stale).delete()
        rows = [
            Match(
                **{column: demand_id},
                organisation_id=_owner(live[key]),
                patent_id=row.patent_id,
                supplier_id=suppliers.get(row.patent_id),
                ticks=row.ticks,
                reasons=list(row.reasons),
                engine=version,
                first_at=now,
                computed_at=now,
            )
            for key, demand_id in keys.items()
            for row in lists[key]
            if touched is None or row.patent_id in touched
        ]
        Match.objects.bulk_create(
            rows,
            batch_size=1_000,
            update_conflicts=True,
            unique_fields=[kind.value, "patent"],
            update_fields=[
                "ticks",
                "reasons",
                "engine",
                "computed_at",
                "supplier",
                "organisation",
                "off_at",
            ],
        )
        model = Need if kind is DemandKind.NEED else Subscription
        model._default_manager.filter(pk__in=keys.values()).update(matched_at=now)


def take_down(*, patent_id: int, now: datetime) -> int:
    """Take a patent out of every list at once; how many lists it stood in."""
    rows = Match.objects.filter(patent_id=patent_id, off_at__isnull=True)
    return rows.update(off_at=now)


# --- full ------------------------------------------------------------------------------------


@transaction.atomic
def start_full_run(*, by: Actor, now: datetime, here: bool = False) -> Run:
    """Cut every live demand into shards and hand them to the workers, or keep them `here`.

    The day the scorer takes for today moves on to this one; statistics that the stock has
    outgrown are frozen anew. Conflict while another full run is under way.
    """
    require(by, Permission.RUN_MATCHING)
    _lock(shared=False)
    if Run.objects.filter(scope=RunScope.FULL, state=RunState.RUNNING).exists():
        raise Conflict("全量匹配正在进行，请等它完成后再启动。", code="run-in-progress")
    version = _current_engine(now=now)
    keys = feeding.live_keys()
    run = _cut(version, keys, by=by, now=now, here=here)
    # Whatever is no longer live has no list any more.
    Match.objects.exclude(
        Q(need__status__in=sorted(rules.LIVE_NEED)) | Q(subscription__status="active")
    ).delete()
    audit.record("matching.full_run", subject=run, by=by, at=now, changes={"demands": len(keys)})
    if not keys:
        _finish(run, now=now)
    return run


def _cut(
    version: EngineVersion, keys: list[str], *, by: Actor, now: datetime, here: bool = False
) -> Run:
    """A full run over these demands; its shards are leased to this process, or handed out."""
    run = Run.objects.create(
        scope=RunScope.FULL,
        state=RunState.RUNNING,
        engine=version,
        demands=len(keys),
        requested_at=now,
        requested_by=by.key,
        started_at=now,
    )
    shards = [keys[i : i + SHARD_SIZE] for i in range(0, len(keys), SHARD_SIZE)]
    rows = RunShard.objects.bulk_create(
        [
            RunShard(run=run, number=i, keys=part, leased_until=now + SHARD_LEASE if here else None)
            for i, part in enumerate(shards)
        ]
    )
    if not here:
        ids = [row.pk for row in rows]
        transaction.on_commit(lambda: _hand_out(ids), robust=True)
    return run


def _hand_out(shard_ids: Iterable[int]) -> None:
    """Nudge the workers; the sweep finds what a lost nudge left."""
    for shard_id in shard_ids:
        current_app.send_task(
            "matching.run_shard", kwargs={"shard_id": shard_id}, ignore_result=True, retry=False
        )


def run_shard(*, shard_id: int, now: datetime) -> bool:
    """Rank a shard's demands against everything; False when it is done or in other hands.

    The lease is taken first, so two workers do not do it twice; if they did, the second would
    only write the same again.
    """
    free = Q(leased_until__isnull=True) | Q(leased_until__lt=now)
    row = RunShard.objects.filter(free, pk=shard_id, done_at__isnull=True)
    if not row.update(leased_until=now + SHARD_LEASE, attempts=F("attempts") + 1):
        return False
    return _run_leased(shard_id, now=now)


def _run_leased(shard_id: int, *, now: datetime) -> bool:
    with transaction.atomic():
        _lock(shared=True)
        shard = (
            RunShard.objects.select_for_update(of=("self",))
            .select_related("run__engine")
            .defer("run__engine__corpus")
            .get(pk=shard_id)
        )
        run = shard.run
        if shard.done_at is not None or run.state != RunState.RUNNING:
            return False
        assert run.engine is not None
        _, candidates = _whole(run.engine, [Demand.of_key(key) for key in shard.keys], now=now)
        keys = Q()
        for kind in DemandKind:
            ids = [Demand.of_key(k).id for k in shard.keys if Demand.of_key(k).kind is kind]
            keys |= Q(**{f"{kind.value}_id__in": ids})
        shard.done_at, shard.leased_until = now, None
        shard.matches = Match.objects.filter(keys).count()
        shard.save(update_fields=["done_at", "leased_until", "matches"])
        Run.objects.filter(pk=run.pk).update(pushes=F("pushes") + push(candidates, now=now))
    _finish_if_done(run.pk, now=now)
    return True


@transaction.atomic
def _finish_if_done(run_id: int, *, now: datetime) -> None:
    run = Run.objects.select_for_update().get(pk=run_id)
    if run.state != RunState.RUNNING or run.shards.filter(done_at__isnull=True).exists():
        return
    run.matches = run.shards.aggregate(n=Sum("matches"))["n"] or 0
    _finish(run, now=now)
    measure_soon(run)


def _finish(run: Run, *, now: datetime) -> None:
    run.state, run.finished_at = RunState.FINISHED, now
    run.save()
    payload = {
        "run_id": run.pk,
        "scope": run.scope,
        "demands": run.demands,
        "patents": run.patents,
        "matches": run.matches,
        "pushes": run.pushes,
    }
    outbox.emit("match.run_finished", subject=run, by=SYSTEM, at=now, payload=payload)


def run_everything(*, by: Actor, now: datetime) -> Run:
    """A full run in this process, shard by shard: what commands and the demo use."""
    run = start_full_run(by=by, now=now, here=True)
    for shard_id in run.shards.order_by("number").values_list("pk", flat=True):
        _run_leased(shard_id, now=now)
    run.refresh_from_db()
    measure_all(run=run, now=now)
    return run


def sweep(*, now: datetime) -> int:
    """Find what lost nudges and dead workers left; how many pieces were taken up again."""
    open_shards = RunShard.objects.filter(
        Q(leased_until__isnull=True) | Q(leased_until__lt=now),
        done_at__isnull=True,
        run__state=RunState.RUNNING,
    )
    dead = open_shards.filter(attempts__gte=SHARD_TRIES).values_list("run_id", flat=True)
    Run.objects.filter(pk__in=list(dead)).update(state=RunState.FAILED, finished_at=now)
    ids = list(open_shards.filter(attempts__lt=SHARD_TRIES).values_list("pk", flat=True))
    _hand_out(ids)
    for run_id in Run.objects.filter(scope=RunScope.FULL, state=RunState.RUNNING).values_list(
        "pk", flat=True
    ):
        _finish_if_done(run_id, now=now)
    return len(ids)


# --- the engine's versions -------------------------------------------------------------------


def active_engine(*, now: datetime) -> EngineVersion:
    """The scorer in force; the first one is frozen from what is on the board."""
    version = EngineVersion.objects.filter(is_active=True).defer("corpus").first()
    return version or freeze_engine(by=SYSTEM, now=now, note="首次建立")


@transaction.atomic
def freeze_engine(
    *, by: Actor, now: datetime, note: str = "", weights: Mapping[str, float] | None = None
) -> EngineVersion:
    """A new version in force: the given weights (else the defaults), today's word statistics."""
    require(by, Permission.RUN_MATCHING)
    chosen = engine.Weights(**(weights or {}))
    patents = list(feeding.supplies())
    corpus = engine.Corpus.freeze(patents, name=now.isoformat())
    EngineVersion.objects.filter(is_active=True).update(is_active=False)
    version = EngineVersion.objects.create(
        weights=asdict(chosen),
        corpus=corpus.to_bytes(),
        corpus_digest=corpus.digest,
        corpus_size=len(patents),
        as_of=timezone.localdate(now),
        note=note,
        is_active=True,
        created_at=now,
        created_by=by.key,
    )
    audit.record("engine.frozen", subject=version, by=by, at=now, changes={"patents": len(patents)})
    return version


@transaction.atomic
def put_back_engine(*, version_id: int, by: Actor, now: datetime) -> EngineVersion:
    """Put an earlier version in force again; the full run that follows makes it show."""
    require(by, Permission.RUN_MATCHING)
    _lock(shared=False)
    EngineVersion.objects.filter(is_active=True).update(is_active=False)
    version = EngineVersion.objects.select_for_update().defer("corpus").get(pk=version_id)
    version.is_active = True
    version.save(update_fields=["is_active"])
    audit.record("engine.put_back", subject=version, by=by, at=now)
    return version


def _current_engine(*, now: datetime) -> EngineVersion:
    """The active version, its day moved to today, frozen anew when the stock has outgrown it."""
    version = active_engine(now=now)
    if rules.corpus_outgrown(version.corpus_size, listings.stock_counts("").listed):
        return freeze_engine(by=SYSTEM, now=now, note="库存翻倍后重建词频", weights=version.weights)
    if version.as_of != timezone.localdate(now):
        version.as_of = timezone.localdate(now)
        version.save(update_fields=["as_of"])
    return version


def _lock(*, shared: bool) -> None:
    """Alone, or together with other shards; held to the end of the transaction."""
    how = "pg_advisory_xact_lock_shared" if shared else "pg_advisory_xact_lock"
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {how}(%s)", [RUN_LOCK])
