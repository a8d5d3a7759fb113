"""One entry per command, sealed into a hash chain after commit."""

from __future__ import annotations

from typing import ClassVar

import pgtrigger
from django.db import models
from django.db.models import UniqueConstraint

from core.db import ActorKeyField, both_or_neither


class AuditEntry(models.Model):
    """What was done to what, by whom and when. Holds no personal data: see AuditPerson."""

    event = models.CharField(max_length=80)
    subject_type = models.CharField(max_length=60)
    subject_id = models.CharField(max_length=40)
    actor_key = ActorKeyField()
    organisation_id = models.BigIntegerField(null=True)
    at = models.DateTimeField()
    changes = models.JSONField(null=True)
    position = models.BigIntegerField(null=True, unique=True)
    digest = models.CharField(max_length=64, null=True)  # noqa: DJ001  NULL until sealed

    class Meta:
        verbose_name = "审计记录"
        constraints: ClassVar = [
            both_or_neither("position", "digest", name="audit_sealed_pair"),
            UniqueConstraint(fields=["digest"], name="audit_digest_once"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["subject_type", "subject_id"], name="audit_subject"),
            models.Index(fields=["organisation_id", "at"], name="audit_organisation"),
        ]
        triggers: ClassVar = [
            pgtrigger.Protect(name="audit_keep", operation=pgtrigger.Delete),
            pgtrigger.Protect(
                name="audit_fixed",
                operation=pgtrigger.Update,
                condition=pgtrigger.Condition(
                    "OLD.position IS NOT NULL OR"
                    " (OLD.event, OLD.subject_type, OLD.subject_id, OLD.actor_key, OLD.at,"
                    " OLD.organisation_id, OLD.changes) IS DISTINCT FROM"
                    " (NEW.event, NEW.subject_type, NEW.subject_id, NEW.actor_key, NEW.at,"
                    " NEW.organisation_id, NEW.changes)"
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.event} {self.subject_type}:{self.subject_id}"


class AuditPerson(models.Model):
    """The erasable side of an entry: the name that was shown when it was written."""

    entry = models.OneToOneField(AuditEntry, on_delete=models.CASCADE, related_name="person")
    name = models.CharField(max_length=120, blank=True)

    def __str__(self) -> str:
        return self.name
