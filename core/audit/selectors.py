"""Reading and checking the audit trail."""

from __future__ import annotations

from collections.abc import Iterable

from django.conf import settings
from django.db import models
from django.db.models import Q, QuerySet

from core.audit import rules, words
from core.audit.models import AuditEntry
from core.people.types import Actor, Role

# Rows as they come: a million entries as objects would take twice the time.
SEALED = (
    *("position", "digest", "event", "subject_type", "subject_id", "actor_key"),
    *("organisation_id", "at", "changes"),
)


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
    sealed = AuditEntry.objects.filter(position__isnull=False).order_by("position")
    previous, expected = rules.GENESIS, 1
    if newest is not None:
        top = sealed.last()
        start = max((top.position or 0) - newest, 0) if top else 0
        if start:
            sealed = sealed.filter(position__gt=start)
            before = AuditEntry.objects.filter(position=start).first()
            previous, expected = (before.digest or "") if before else "", start + 1
    for position, digest, *said in sealed.values_list(*SEALED).iterator(chunk_size=10_000):
        right = rules.digest(
            previous, rules.content(position, *said), algorithm=settings.AUDIT_HASH
        )
        if position != expected or digest != right:
            return expected
        previous, expected = right, expected + 1
    return None


def unsealed() -> int:
    """Entries that wait for their place in the chain."""
    return AuditEntry.objects.filter(position__isnull=True).count()
