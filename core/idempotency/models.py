"""What was answered to a request that may come twice."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import UniqueConstraint

from core.db import ActorKeyField


class IdempotencyKey(models.Model):
    """The first answer to a key, written in the transaction of its effect."""

    actor_key = ActorKeyField()
    key = models.CharField(max_length=255)
    route = models.CharField(max_length=300)
    body_digest = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField()
    body = models.JSONField(null=True)
    spelled = models.TextField(null=True)  # noqa: DJ001  the body to the letter: jsonb sorts keys
    location = models.CharField(max_length=500, blank=True, default="")
    created_at = models.DateTimeField()

    class Meta:
        verbose_name = "幂等键"
        constraints: ClassVar = [
            UniqueConstraint(fields=["actor_key", "key"], name="idempotency_key_once"),
        ]
        indexes: ClassVar = [models.Index(fields=["created_at"], name="idempotency_age")]

    def __str__(self) -> str:
        return self.key
