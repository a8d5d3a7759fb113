"""Writing the audit trail, and sealing it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import connection, models, transaction
from django.db.models import Max
from psycopg.types.json import Jsonb

from core.audit import rules
from core.audit.models import AuditEntry, AuditPerson
from core.people.types import Actor

SEAL_LOCK = 0x5EA1

# Every command writes one: in one plain statement, which the ORM would need two for and build for
# longer than PostgreSQL takes.
WRITE = """
    WITH entry AS (
        INSERT INTO core_auditentry
            (event, subject_type, subject_id, actor_key, organisation_id, at, changes)
        VALUES (%s, %s, %s, %s, %s, %s, %s) RETURNING id
    ), person AS (
        INSERT INTO core_auditperson (entry_id, name) SELECT id, %s FROM entry WHERE %s <> ''
    )
    SELECT id FROM entry
"""


def record(
    event: str,
    *,
    subject: models.Model,
    by: Actor,
    at: datetime,
    changes: Mapping[str, Any] | None = None,
) -> AuditEntry:
    """Write one entry in the caller's transaction: no chain yet, so no lock under every write."""
    entry = _entry(event, subject, by=by, at=at, changes=changes)
    said: Any = None if entry.changes is None else Jsonb(entry.changes)
    thing: list[Any] = [event, entry.subject_type, entry.subject_id]
    with connection.cursor() as cursor:
        cursor.execute(
            WRITE, [*thing, by.key, by.organisation_id, at, said, by.name[:120], by.name]
        )
        entry.pk = cursor.fetchone()[0]
    entry._state.adding = False
    return entry


def record_many(
    event: str, *, subjects: Iterable[models.Model], by: Actor, at: datetime
) -> list[AuditEntry]:
    """The same for a command on many subjects, one entry each, in two statements."""
    entries = AuditEntry.objects.bulk_create(
        [_entry(event, subject, by=by, at=at) for subject in subjects], batch_size=1_000
    )
    if by.name:
        AuditPerson.objects.bulk_create(
            [AuditPerson(entry=entry, name=by.name[:120]) for entry in entries], batch_size=1_000
        )
    return entries


def _entry(
    event: str,
    subject: models.Model,
    *,
    by: Actor,
    at: datetime,
    changes: Mapping[str, Any] | None = None,
) -> AuditEntry:
    return AuditEntry(
        event=event,
        subject_type=subject._meta.label_lower,
        subject_id=str(subject.pk),
        actor_key=by.key,
        organisation_id=by.organisation_id,
        at=at,
        changes=dict(changes) if changes is not None else None,
    )


def content(entry: AuditEntry) -> str:
    """What of an entry is sealed: everything but the erasable name."""
    return rules.content(
        entry.position,
        entry.event,
        entry.subject_type,
        entry.subject_id,
        entry.actor_key,
        entry.organisation_id,
        entry.at,
        entry.changes,
    )


@transaction.atomic
def seal(*, limit: int = 5_000) -> int:
    """Chain the entries committed since last time; how many there were.

    One sealer at a time (advisory lock); a second one finds nothing to do and leaves.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [SEAL_LOCK])
        if not cursor.fetchone()[0]:
            return 0
    last = AuditEntry.objects.aggregate(last=Max("position"))["last"] or 0
    previous = (
        AuditEntry.objects.get(position=last).digest if last else rules.GENESIS
    ) or rules.GENESIS
    entries = list(AuditEntry.objects.filter(position__isnull=True).order_by("pk")[:limit])
    for place, entry in enumerate(entries, start=last + 1):
        entry.position = place
        entry.digest = previous = rules.digest(
            previous, content(entry), algorithm=settings.AUDIT_HASH
        )
    AuditEntry.objects.bulk_update(entries, ["position", "digest"], batch_size=1_000)
    return len(entries)
