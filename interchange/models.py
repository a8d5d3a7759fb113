"""Partners, their keys, where they want to be called, and every delivery owed to them."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import CheckConstraint, Q, QuerySet, UniqueConstraint

from core.db import ActorKeyField, both_or_neither
from core.people.types import Actor, Role
from core.permissions import Governance
from interchange import rules


class PartnerQuerySet(QuerySet["Partner"]):
    def visible_to(self, actor: Actor) -> PartnerQuerySet:
        """Its own organisation's members, its own programs, auditors and the platform."""
        if actor.is_system or actor.has(Role.AUDITOR):
            return self
        if actor.partner_id is not None:
            return self.filter(pk=actor.partner_id)
        if actor.has(Role.EXCHANGE, Role.ENTERPRISE) and actor.organisation_id is not None:
            return self.filter(organisation_id=actor.organisation_id)
        return self.none()


class Partner(models.Model):
    """An exchange or other organisation whose programs talk to ours."""

    organisation = models.OneToOneField("core.Organisation", on_delete=models.PROTECT)
    is_active = models.BooleanField(default=True)
    joined_at = models.DateTimeField()
    joined_by = ActorKeyField()

    objects = PartnerQuerySet.as_manager()

    class Meta:
        verbose_name = "对接机构"

    def __str__(self) -> str:
        return f"partner {self.pk}"

    def governed_by(self) -> Governance:
        return Governance(frozenset({self.organisation_id}))


class Credential(models.Model):
    """One OAuth client of a partner. Two may live at once, so that keys rotate without a gap."""

    partner = models.ForeignKey(Partner, on_delete=models.PROTECT, related_name="credentials")
    slot = models.PositiveSmallIntegerField()
    client_id = models.CharField(max_length=100, unique=True)
    label = models.CharField("用途", max_length=60)
    created_at = models.DateTimeField()
    created_by = ActorKeyField()
    revoked_at = models.DateTimeField(null=True)
    revoked_by = ActorKeyField(null=True)

    class Meta:
        verbose_name = "接口密钥"
        constraints: ClassVar = [
            both_or_neither("revoked_at", "revoked_by", name="credential_revoked_pair"),
            UniqueConstraint(
                fields=["partner", "slot"],
                condition=Q(revoked_at__isnull=True),
                name="credential_two_live",
            ),
            CheckConstraint(
                condition=Q(slot__gte=1, slot__lte=rules.MAX_LIVE_KEYS), name="credential_slot"
            ),
        ]

    def __str__(self) -> str:
        return self.client_id


class Endpoint(models.Model):
    """An address of a partner that hears chosen events."""

    partner = models.ForeignKey(Partner, on_delete=models.PROTECT, related_name="endpoints")
    url = models.URLField("回调地址", max_length=500)
    events = ArrayField(models.CharField(max_length=80))
    secret = models.CharField(max_length=80)
    old_secret = models.CharField(max_length=80, blank=True, default="")
    old_secret_until = models.DateTimeField(null=True)
    failing_since = models.DateTimeField(null=True)
    misses = models.PositiveSmallIntegerField(default=0, db_default=0)  # failures in a row
    rests_until = models.DateTimeField(null=True)
    disabled_at = models.DateTimeField(null=True)
    disabled_because = models.CharField(max_length=200, blank=True, default="")
    removed_at = models.DateTimeField(null=True)
    removed_by = ActorKeyField(null=True)
    created_at = models.DateTimeField()
    created_by = ActorKeyField()

    class Meta:
        verbose_name = "回调地址"
        constraints: ClassVar = [
            both_or_neither("removed_at", "removed_by", name="endpoint_removed_pair"),
            CheckConstraint(condition=Q(events__len__gt=0), name="endpoint_hears_something"),
            UniqueConstraint(
                fields=["partner", "url"],
                condition=Q(removed_at__isnull=True),
                name="endpoint_once",
            ),
        ]

    def __str__(self) -> str:
        return self.url

    def governed_by(self) -> Governance:
        return self.partner.governed_by()


class Delivery(models.Model):
    """One event owed to one endpoint; its id is the receiver's idempotency key."""

    endpoint = models.ForeignKey(Endpoint, on_delete=models.PROTECT, related_name="deliveries")
    event_id = models.CharField(max_length=80)
    name = models.CharField(max_length=80)
    body = models.JSONField()
    due_at = models.DateTimeField()
    leased_until = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    sent_at = models.DateTimeField(null=True)
    given_up_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField()

    class Meta:
        verbose_name = "推送"
        constraints: ClassVar = [
            UniqueConstraint(fields=["endpoint", "event_id"], name="delivery_once"),
            CheckConstraint(
                condition=Q(sent_at__isnull=True) | Q(given_up_at__isnull=True),
                name="delivery_sent_or_given_up",
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["due_at", "id"],
                condition=Q(sent_at__isnull=True, given_up_at__isnull=True),
                name="delivery_due",
            ),
            models.Index(fields=["endpoint", "-id"], name="delivery_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.name} → {self.endpoint_id}"


class Receipt(models.Model):
    """What one try of a delivery came to."""

    delivery = models.ForeignKey(Delivery, on_delete=models.CASCADE, related_name="receipts")
    at = models.DateTimeField()
    status = models.PositiveSmallIntegerField(null=True)
    outcome = models.CharField(max_length=20, choices=[(o.value, o.value) for o in rules.Outcome])
    note = models.CharField(max_length=300, blank=True, default="")

    class Meta:
        verbose_name = "回执"

    def __str__(self) -> str:
        return f"{self.status} {self.outcome}"
