"""What incremental and full runs share: one at a time, cut into shards, handed out, finished."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from celery import current_app
from django.db import connection, transaction

from core.outbox import services as outbox
from core.people.types import Actor
from matching.models import EngineVersion, Run, RunShard
from matching.types import RunScope, RunState

SYSTEM = Actor.system()
RUN_LOCK = 0x3A7C4
SWITCH_LOCK = 0x3A7C6
SHARD_SIZE = 100  # a small run's; a big one has as many shards as MOST_SHARDS
MOST_SHARDS = 400
SHARD_LEASE = timedelta(minutes=10)
SHARD_TRIES = 5


def in_turn() -> None:
    """Wait for whoever changes lists; held to the end of the transaction."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [RUN_LOCK])


def alone(run_id: int) -> bool:
    """Whether nobody else is switching this run; held to the end of the transaction."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s, %s)", [SWITCH_LOCK, run_id])
        row = cursor.fetchone()
    return bool(row and row[0])


def cut(
    version: EngineVersion, keys: list[str], *, by: Actor, now: datetime, here: bool = False
) -> Run:
    """A full run over these demands; its shards are leased to this process, or handed out."""
    run = Run.objects.create(
        scope=RunScope.FULL,
        state=RunState.RUNNING,
        engine=version,
        demands=len(keys),
        since=Run.objects.last_pulse(),
        requested_at=now,
        requested_by=by.key,
        started_at=now,
    )
    rows = add_shards(run, keys, size=size_for(len(keys)), now=now, here=here)
    if not here:
        hand_out([row.pk for row in rows])
    return run


def size_for(demands: int) -> int:
    """How many demands a shard takes when nobody says otherwise."""
    return max(SHARD_SIZE, -(-demands // MOST_SHARDS))


def add_shards(
    run: Run, keys: Sequence[str], *, size: int, now: datetime, here: bool = False, first: int = 0
) -> list[RunShard]:
    """Cut these demands into shards of `size`, numbered from `first`."""
    lease = now + SHARD_LEASE if here else None
    parts = [list(keys[at : at + size]) for at in range(0, len(keys), size)]
    return RunShard.objects.bulk_create(
        [
            RunShard(run=run, number=first + n, keys=part, leased_until=lease)
            for n, part in enumerate(parts)
        ]
    )


def hand_out(shard_ids: Iterable[int], task: str = "matching.run_shard") -> None:
    """Nudge the workers after the commit; the sweep finds what a lost nudge left."""
    ids = list(shard_ids)

    def send() -> None:
        for shard_id in ids:
            current_app.send_task(
                task, kwargs={"shard_id": shard_id}, ignore_result=True, retry=False
            )

    transaction.on_commit(send, robust=True)


def finish(run: Run, *, now: datetime) -> None:
    """The run is over and says so."""
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
