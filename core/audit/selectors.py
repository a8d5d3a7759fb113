"""Reading and checking the audit trail."""

from __future__ import annotations

import json
from collections.abc import Generator, Iterable
from contextlib import closing
from typing import Any

from django.conf import settings
from django.db import connection, models, transaction
from django.db.models import Max, Q, QuerySet

from core.audit import rules, words
from core.audit.models import AuditEntry
from core.people.types import Actor, Role

# Rows as PostgreSQL sends them: for a million entries the ORM's conversions took twice as long as
# hashing does.
SEALED = """
    SELECT position, digest, event, subject_type, subject_id, actor_key, organisation_id, at,
           changes::text
    FROM core_auditentry WHERE position > %s ORDER BY position
"""
ROWS = 10_000  # a fetch


def entries(*, viewer: Actor) -> QuerySet[AuditEntry]:
    """Auditors and administrators see all, others what their own organisation did."""
    rows = AuditEntry.objects.select_related("person").order_by("-pk")
    if viewer.is_system or viewer.has(Role.AUDITOR, Role.SYSADMIN):
        return rows
    if viewer.organisation_id is None:
        return rows.none()
    return rows.filter(organisation_id=viewer.organisation_id)


def searched(rows: QuerySet[AuditEntry], text: str) -> QuerySet[AuditEntry]:
    """Entries that hold every part of the text: an event's words or code, a number, a person."""
    for part in text.replace("·", " ").split()[:4]:
        wanted = (
            Q(event__icontains=part)
            | Q(subject_id=part)
            | Q(actor_key__icontains=part)
            | Q(person__name__icontains=part)
        )
        things, done = words.codes_like(part)
        for code in things:
            wanted |= Q(event__startswith=f"{code}.")
        for code in done:
            wanted |= Q(event__endswith=f".{code}")
        rows = rows.filter(wanted)
    return rows


def trail(subject: models.Model) -> QuerySet[AuditEntry]:
    """What was done to one thing, oldest first."""
    return AuditEntry.objects.filter(
        subject_type=subject._meta.label_lower, subject_id=str(subject.pk)
    ).order_by("pk")


def trails_of(things: Iterable[tuple[str, str]]) -> QuerySet[AuditEntry]:
    """What was done to these, by (type, id), oldest first, in one query."""
    wanted = Q(pk__in=[])
    for kind, pk in things:
        wanted |= Q(subject_type=kind, subject_id=pk)
    return AuditEntry.objects.filter(wanted).order_by("pk")


def first_break(*, newest: int | None = None) -> int | None:
    """The first position whose digest does not follow from the one before; None if all do.

    `newest` checks only that many of the newest entries, for a page that must answer at once.
    """
    previous, start = rules.GENESIS, 0
    if newest is not None:
        top = AuditEntry.objects.aggregate(top=Max("position"))["top"] or 0
        start = max(top - newest, 0)
        if start:
            before = AuditEntry.objects.filter(position=start).first()
            previous = (before.digest or "") if before else ""
    algorithm = settings.AUDIT_HASH
    with closing(_sealed(after=start)) as rows:
        for expected, (position, digest, *said, changes) in enumerate(rows, start=start + 1):
            known = None if changes is None else json.loads(changes)
            right = rules.digest(
                previous, rules.content(position, *(*said, known)), algorithm=algorithm
            )
            if position != expected or digest != right:
                return expected
            previous = right
    return None


def _sealed(*, after: int) -> Generator[tuple[Any, ...]]:
    """What is sealed behind a place, in order, some thousand rows in memory at a time."""
    with transaction.atomic(), connection.chunked_cursor() as cursor:
        cursor.execute(SEALED, [after])
        while rows := cursor.fetchmany(ROWS):
            yield from rows


def unsealed() -> int:
    """Entries that wait for their place in the chain."""
    return AuditEntry.objects.filter(position__isnull=True).count()
