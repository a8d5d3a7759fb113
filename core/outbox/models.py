"""What happened, and who is still owed the news."""

from __future__ import annotations

import uuid
from typing import ClassVar

import pgtrigger
from django.db import models
from django.db.models import Q, UniqueConstraint

from core.db import ActorKeyField


class OutboxEvent(models.Model):
    """A fact that others must hear, written in the transaction that made it true."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    sequence = models.BigIntegerField(unique=True, editable=False, null=True)
    name = models.CharField(max_length=80)
    subject_type = models.CharField(max_length=60)
    subject_id = models.CharField(max_length=40)
    payload = models.JSONField(default=dict)
    actor_key = ActorKeyField()
    occurred_at = models.DateTimeField()
    written_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = "事件"
        indexes: ClassVar = [
            models.Index(fields=["name", "sequence"], name="outbox_name_sequence"),
            models.Index(
                fields=["written_at"], condition=Q(sequence__isnull=True), name="outbox_unnumbered"
            ),
        ]
        triggers: ClassVar = [
            pgtrigger.Protect(name="outbox_keep", operation=pgtrigger.Delete),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.subject_type}:{self.subject_id}"


class OutboxDelivery(models.Model):
    """One consumer is owed one event until `done_at`.

    A crash leaves the lease to run out; the sweep takes the row up again. Three crashes or ten
    failures make it dead: it stays, with its error, for a person to look at and revive.
    """

    event = models.ForeignKey(OutboxEvent, on_delete=models.CASCADE, related_name="deliveries")
    consumer = models.CharField(max_length=120)
    due_at = models.DateTimeField()
    leased_until = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    crashes = models.PositiveSmallIntegerField(default=0)
    done_at = models.DateTimeField(null=True)
    dead_at = models.DateTimeField(null=True)
    error = models.TextField(blank=True, default="")

    class Meta:
        verbose_name = "事件投递"
        constraints: ClassVar = [
            UniqueConstraint(fields=["event", "consumer"], name="outbox_delivery_once"),
            models.CheckConstraint(
                condition=Q(done_at__isnull=True) | Q(dead_at__isnull=True),
                name="outbox_delivery_done_or_dead",
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["due_at", "id"],
                condition=Q(done_at__isnull=True, dead_at__isnull=True),
                name="outbox_delivery_due",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.consumer} ← {self.event_id}"
