"""How far runs are: for whoever steers them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, F, Func, IntegerField, Max, Min, Q, QuerySet, Sum

from core.people.types import Actor
from core.permissions import Permission, require
from matching.models import Run, RunShard
from matching.types import RunScope, RunState

RECENT = timedelta(minutes=10)  # whose shards tell the speed


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a full run stands. Rates are of the last minutes; None where nothing tells them."""

    shards: int
    done: int
    working: int
    retried: int
    demands_done: int
    rows: int
    told: int
    per_second: float | None
    left: timedelta | None
    last_done: datetime | None = None

    @property
    def waiting(self) -> int:
        return self.shards - self.done - self.working

    @property
    def percent(self) -> int:
        return 100 * self.done // self.shards if self.shards else 100


def runs(*, viewer: Actor) -> QuerySet[Run]:
    """Full runs and incremental ones, the newest first."""
    require(viewer, Permission.RUN_MATCHING)
    return Run.objects.order_by("-pk").defer("engine__corpus")


def full_runs(*, viewer: Actor) -> QuerySet[Run]:
    """Full runs, the newest first."""
    return runs(viewer=viewer).filter(scope=RunScope.FULL)


def under_way(*, viewer: Actor) -> Run | None:
    """The full run that is being worked on, or is paused."""
    require(viewer, Permission.RUN_MATCHING)
    return Run.objects.under_way().first()


def run_of(run_id: int, *, viewer: Actor) -> Run | None:
    """One full run."""
    return full_runs(viewer=viewer).filter(pk=run_id).first()


def progress(run_ids: Collection[int], *, now: datetime) -> dict[int, Progress]:
    """How far these runs are, by id; a constant number of queries."""
    fresh = Q(done_at__gte=now - RECENT)
    rows = (
        RunShard.objects.filter(run_id__in=run_ids)
        .values("run_id", "run__state", "run__started_at")
        .annotate(
            shards=Count("pk"),
            done=Count("done_at"),
            working=Count("pk", filter=Q(done_at__isnull=True, leased_until__gt=now)),
            retried=Count("pk", filter=Q(attempts__gt=1)),
            rows=Sum("matches"),
            told=Count("told_at"),
            fresh=Count("pk", filter=fresh),
            first=Min("done_at", filter=fresh),
            last=Max("done_at", filter=fresh),
            latest=Max("done_at"),
        )
    )
    sizes = _demands(run_ids, now=now)
    return {row["run_id"]: _progress(row, *sizes.get(row["run_id"], (0, 0, 0))) for row in rows}


def _demands(run_ids: Collection[int], *, now: datetime) -> dict[int, tuple[int, int, int]]:
    """Demands in all shards, in those done, and in those done lately."""
    found: dict[int, tuple[int, int, int]] = {}
    length = Func(F("keys"), function="jsonb_array_length", output_field=IntegerField())
    query = RunShard.objects.filter(run_id__in=run_ids).annotate(size=length)
    for run_id, done_at, size in query.values_list("run_id", "done_at", "size"):
        whole, done, fresh = found.get(run_id, (0, 0, 0))
        is_fresh = done_at is not None and done_at >= now - RECENT
        found[run_id] = (
            whole + size,
            done + (size if done_at else 0),
            fresh + (size if is_fresh else 0),
        )
    return found


def _progress(row: Mapping[str, Any], whole: int, done: int, fresh: int) -> Progress:
    began, first, last = row["run__started_at"], row["first"], row["last"]
    speed = None
    if began is not None and last is not None:
        since = began if last - began <= RECENT else first
        seconds = (last - since).total_seconds()
        speed = fresh / seconds if seconds > 0 else None
    is_running = row["run__state"] == RunState.RUNNING
    left = timedelta(seconds=round((whole - done) / speed)) if speed and is_running else None
    return Progress(
        shards=row["shards"],
        done=row["done"],
        working=row["working"],
        retried=row["retried"],
        demands_done=done,
        rows=row["rows"] or 0,
        told=row["told"],
        per_second=speed,
        left=left,
        last_done=row["latest"],
    )
