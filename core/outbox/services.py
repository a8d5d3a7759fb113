"""Telling others: emit in the transaction, relay after it.

The rows are the truth and the queue only a nudge. The relay runs as a task after each commit
and, as a sweep, every few seconds: it finds what lost nudges and dead workers left behind.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from celery import current_app
from django.db import connection, models, transaction

from core.events import EVENTS
from core.outbox import registry
from core.outbox.models import OutboxDelivery, OutboxEvent
from core.people.types import Actor

log = logging.getLogger(__name__)

LEASE = timedelta(seconds=20)
BATCH = 1_000  # rows a statement
MAX_ATTEMPTS = 10
MAX_CRASHES = 3
NUMBER_LOCK = 0x0B0C
NUMBER_EVERY = 20  # deliveries: so soon the feed has a new event while a relay is busy


# One listener after the other, as many rows as events times listeners; no object for any of them.
OWE = """
    INSERT INTO core_outboxdelivery (event_id, consumer, due_at, attempts, crashes, error)
    SELECT e.id, c.name, %s, 0, 0, ''
    FROM unnest(%s::text[]) WITH ORDINALITY AS c(name, place),
         unnest(%s::uuid[]) WITH ORDINALITY AS e(id, place)
    ORDER BY c.place, e.place
"""


def emit(
    name: str,
    *,
    subject: models.Model,
    by: Actor,
    at: datetime,
    payload: Mapping[str, Any] | None = None,
) -> OutboxEvent:
    """Owe the news to everyone who listens: rows in this transaction, a nudge after commit."""
    return emit_many(name, [(subject, payload or {})], by=by, at=at)[0]


def emit_many(
    name: str,
    subjects: Iterable[tuple[models.Model, Mapping[str, Any]]],
    *,
    by: Actor,
    at: datetime,
) -> list[OutboxEvent]:
    """The same for many subjects, in two statements."""
    if name not in EVENTS:
        raise ValueError(f"{name} is not in core.events.EVENTS.")
    events = [
        OutboxEvent(
            name=name,
            subject_type=subject._meta.label_lower,
            subject_id=str(subject.pk),
            payload=dict(payload),
            actor_key=by.key,
            occurred_at=at,
        )
        for subject, payload in subjects
    ]
    OutboxEvent.objects.bulk_create(events, batch_size=BATCH)
    listeners = registry.listeners(name)
    if events and listeners:
        with connection.cursor() as cursor:
            cursor.execute(OWE, [at, listeners, [event.pk for event in events]])
        _nudge_after_commit()
    return events


def _nudge_after_commit() -> None:
    """One nudge per transaction, however many events it emitted."""
    if not any(hook[1] is _nudge for hook in connection.run_on_commit):
        transaction.on_commit(_nudge, robust=True)


def _nudge() -> None:
    """Wake the relay. A lost nudge costs a few seconds: the sweep finds the rows."""
    current_app.send_task("core.relay", ignore_result=True, retry=False)


# Statement and lease in one go: a delivery costs one round trip more than its own transaction. And
# no wait for the disk: a lease that a power cut takes with it was one that nobody holds any more.
CLAIM = """
    WITH due AS MATERIALIZED (
        SELECT id, (leased_until IS NOT NULL)::int AS crashed FROM core_outboxdelivery
        WHERE done_at IS NULL AND dead_at IS NULL AND due_at <= %(now)s
          AND (leased_until IS NULL OR leased_until < %(now)s)
        ORDER BY due_at, id LIMIT %(limit)s FOR UPDATE SKIP LOCKED
    )
    UPDATE core_outboxdelivery d
    SET attempts = d.attempts + 1,
        leased_until = %(until)s,
        crashes = d.crashes + due.crashed,
        dead_at = CASE WHEN d.crashes + due.crashed >= %(most)s THEN %(now)s END,
        error = CASE WHEN d.crashes + due.crashed >= %(most)s
                THEN %(most)s || ' relays died on this row. ' || d.error ELSE d.error END
    FROM due WHERE d.id = due.id AND set_config('synchronous_commit', 'off', true) = 'off'
    RETURNING d.due_at, d.id, d.dead_at IS NULL
"""


def claim(*, now: datetime, limit: int = 1) -> list[int]:
    """Lease up to `limit` due deliveries, skipping those another relay holds; their ids.

    A lease that ran out means that its holder crashed: after three crashes the row is dead. Who
    works on a row has it locked besides, so a consumer slower than the lease is no crash.
    """
    known: dict[str, Any] = {"now": now, "until": now + LEASE, "most": MAX_CRASHES, "limit": limit}
    with connection.cursor() as cursor:
        while True:
            cursor.execute(CLAIM, known)
            rows = sorted(cursor.fetchall())
            alive = [pk for _due, pk, is_alive in rows if is_alive]
            if alive or not rows:  # rows that all died just now: there may be more behind them
                return alive


def relay(*, clock: Callable[[], datetime], rounds: int = 4_000) -> int:
    """Number what is new and hand over what is due until nothing is; how many were handed over.

    One row is leased at a time: a relay that dies is to blame for that row alone.
    """
    done = 0
    for turn in range(rounds):
        if turn % NUMBER_EVERY == 0:
            number_events()
        ids = claim(now=clock())
        if not ids:
            break
        done += hand_over(delivery_id=ids[0], now=clock())
    number_events()
    return done


# In plain SQL like the claim: a relay does little else, and the ORM would build two objects and
# two statements for each row in several times the time that PostgreSQL takes.
TAKE = """
    SELECT d.consumer, e.id::text, e.name, e.subject_type, e.subject_id, e.payload::text,
           e.actor_key, e.occurred_at
    FROM core_outboxdelivery d JOIN core_outboxevent e ON e.id = d.event_id
    WHERE d.id = %s AND d.done_at IS NULL AND d.dead_at IS NULL
    FOR UPDATE OF d
"""
DONE = "UPDATE core_outboxdelivery SET done_at = %s, leased_until = NULL, error = '' WHERE id = %s"


def hand_over(*, delivery_id: int, now: datetime) -> bool:
    """Run one consumer and mark it done in the same transaction: both happen or neither."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(TAKE, [delivery_id])
            row = cursor.fetchone()
            if row is None:
                return False
            consumer = registry.find(row[0])
            if consumer is None:
                raise LookupError(f"No consumer is called {row[0]}.")
            consumer(_as_event(*row[1:]), now=now)
            cursor.execute(DONE, [now, delivery_id])
            return True
    except Exception as problem:  # a consumer may fail in any way; the row remembers it
        log.exception("Consumer failed on delivery %s", delivery_id)
        _note_failure(delivery_id=delivery_id, problem=problem, now=now)
        return False


def _note_failure(*, delivery_id: int, problem: Exception, now: datetime) -> None:
    row = OutboxDelivery.objects.filter(pk=delivery_id, done_at__isnull=True).first()
    if row is None:
        return
    row.error = f"{type(problem).__name__}: {problem}"[:2_000]
    row.leased_until = None
    if row.attempts >= MAX_ATTEMPTS:
        row.dead_at = now
    else:
        row.due_at = now + timedelta(seconds=2**row.attempts)
    row.save(update_fields=["error", "leased_until", "due_at", "dead_at"])


def _as_event(
    key: str, name: str, subject_type: str, subject_id: str, payload: str, actor: str | None,
    occurred_at: datetime,
) -> registry.Event:  # fmt: skip
    return registry.Event(
        id=key,
        name=name,
        subject_type=subject_type,
        subject_id=subject_id,
        payload=json.loads(payload),
        actor_key=actor or "",
        occurred_at=occurred_at,
    )


@transaction.atomic
def number_events(*, limit: int = 10_000) -> int:
    """Give committed events their place in the change feed; how many were given one.

    Ids commit out of order, so a reader paging by them would skip rows; `sequence` is handed
    out after commit by one numberer at a time and never has a gap that fills later.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [NUMBER_LOCK])
        if not cursor.fetchone()[0]:
            return 0
        cursor.execute(
            """
            WITH fresh AS (
                SELECT id, row_number() OVER (ORDER BY written_at, id) AS place
                FROM core_outboxevent WHERE sequence IS NULL
                ORDER BY written_at, id LIMIT %s
            )
            UPDATE core_outboxevent e
            SET sequence = fresh.place
                + (SELECT coalesce(max(sequence), 0) FROM core_outboxevent)
            FROM fresh WHERE e.id = fresh.id
            """,
            [limit],
        )
        return int(cursor.rowcount)
