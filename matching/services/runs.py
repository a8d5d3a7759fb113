"""Running the engine on what changed; `full` runs it on everything. Both leave the same matches.

Order is kept by one advisory lock: incremental runs hold it one after the other, and so does a
full run when it starts and in the moment it switches to what it has found.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from core.audit import services as audit
from core.outbox import services as outbox
from core.people.types import Actor
from core.permissions import Permission, require
from listings import selectors as listings
from matching import engine, rules
from matching.models import EngineVersion, Match, Need, Run, RunItem, Subscription
from matching.selectors import arena, feeding
from matching.selectors.explained import reasons_of
from matching.services.cutting import cut, finish, in_turn
from matching.services.measuring import measure
from matching.services.pushing import Candidate, push
from matching.types import Demand, DemandKind, Ranked, RunScope, RunState

log = logging.getLogger(__name__)

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
    in_turn()
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
    done, candidates = whole(version, asked, now=now)
    if patents:
        candidates += among(version, patents, skip=frozenset(done), now=now)
    run.demands, run.matches = len(asked), len(candidates)
    run.patents = sum(1 for kind, _ in items if kind == RunItem.PATENT)
    run.pushes = push(candidates, now=now)
    measure(touched | _standing_in(asked), run=run, now=now)
    finish(run, now=now)
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
    if not Run.objects.under_way().exists():
        cut(active_engine(now=now), keys, by=SYSTEM, now=now)
    return asked


def whole(
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
    lists = {key: [ranked(hit) for hit in hits] for key, hits in ranking.lists.items()}
    _replace(version, live, lists, ranking.suppliers, now=now)
    return list(live), candidates_of(live, lists, most=rules.PUSHES_A_DEMAND)


def among(
    version: EngineVersion, patents: frozenset[int], *, skip: frozenset[str], now: datetime
) -> list[Candidate]:
    """Match these patents with every live demand but those of `skip`, which have just been done."""
    on_board = [s for s in feeding.supplies(sorted(patents)) if s.matchable]
    found = arena.rank_among(version, on_board)
    concerned = (_holding(patents) | {k for k, hits in found.lists.items() if hits}) - skip
    live = arena.audience(version, concerned)
    concerned &= live.keys()
    before = _lists_of(concerned)
    lists: dict[str, list[Ranked]] = {}
    again: list[Demand] = []
    fresh: dict[str, list[Ranked]] = {}
    for key in sorted(concerned):
        hits = [ranked(hit) for hit in found.lists.get(key, [])]
        merged = rules.merged(before.get(key, []), hits, patents, arena.keep())
        if merged is None:
            again.append(Demand.of_key(key))
            continue
        lists[key] = merged
        stayed = {row.patent_id for row in merged}
        fresh[key] = [row for row in hits if row.patent_id in stayed]
    _replace(version, live, lists, found.suppliers, now=now, touched=patents)
    _, entire = whole(version, again, now=now)
    entered = [c for c in entire if c.patent_id in patents]
    return candidates_of(live, fresh, most=rules.PUSHES_A_DAY) + entered


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


def ranked(hit: engine.Hit) -> Ranked:
    return Ranked(int(hit.key), int(hit.ticks), tuple(reasons_of(hit)))


def candidates_of(
    live: Mapping[str, engine.Demand], lists: Mapping[str, Sequence[Ranked]], *, most: int
) -> list[Candidate]:
    """The best of each list, as what might be pushed."""
    found = []
    for key, ranked in lists.items():
        for row in ranked[:most]:
            found.append(Candidate(owner(live[key]), row.patent_id, row.ticks, Demand.of_key(key)))
    return found


def owner(demand: engine.Demand) -> int:
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
                organisation_id=owner(live[key]),
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
    in_turn()
    EngineVersion.objects.filter(is_active=True).update(is_active=False)
    version = EngineVersion.objects.select_for_update().defer("corpus").get(pk=version_id)
    version.is_active = True
    version.save(update_fields=["is_active"])
    audit.record("engine.put_back", subject=version, by=by, at=now)
    return version


def current_engine(*, now: datetime, by: Actor = SYSTEM, anew: bool = False) -> EngineVersion:
    """The active version, its day moved to today, frozen anew when the stock has outgrown it.

    `anew` freezes it in any case: after an upgrade, statistics of before lack what is new.
    """
    version = active_engine(now=now)
    if anew:
        return freeze_engine(by=by, now=now, note="按要求重建词频", weights=version.weights)
    if rules.corpus_outgrown(version.corpus_size, listings.stock_counts("").listed):
        return freeze_engine(by=SYSTEM, now=now, note="库存翻倍后重建词频", weights=version.weights)
    if version.as_of != timezone.localdate(now):
        version.as_of = timezone.localdate(now)
        version.save(update_fields=["as_of"])
    return version
