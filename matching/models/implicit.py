"""A firm's implicit demand: kept only while it, and each person concerned, consents (PIPL)."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import CheckConstraint, Q, UniqueConstraint

from core.db import ActorKeyField
from core.permissions import Governance
from matching.rules import implicit as rules


class DemandProfile(models.Model):
    """A firm's consent and what it may be based on; withdrawn, the row is gone."""

    organisation = models.OneToOneField(
        "core.Organisation", on_delete=models.CASCADE, related_name="+"
    )
    uses = ArrayField(models.CharField(max_length=20), default=list, blank=True)
    products = models.CharField("产品与业务", max_length=1_000, blank=True, default="")
    notice = models.CharField("同意的说明版本", max_length=20)
    consented_at = models.DateTimeField()
    consented_by = ActorKeyField()
    subscription = models.OneToOneField(
        "matching.Subscription", on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )

    class Meta:
        verbose_name = "需求画像"
        constraints: ClassVar = [
            CheckConstraint(
                condition=Q(uses__contained_by=list(rules.USES)), name="demand_profile_uses_known"
            ),
            CheckConstraint(condition=~Q(notice=""), name="demand_profile_says_notice"),
        ]

    def __str__(self) -> str:
        return f"{self.organisation_id}"

    def governed_by(self) -> Governance:
        """Whoever acts for the firm."""
        return Governance(organisations=frozenset({self.organisation_id}))


class ReadingConsent(models.Model):
    """One person lets what they read count for one organisation; withdrawn, the row is gone."""

    user = models.ForeignKey("core.User", on_delete=models.CASCADE, related_name="+")
    profile = models.ForeignKey(DemandProfile, on_delete=models.CASCADE, related_name="readers")
    given_at = models.DateTimeField()

    class Meta:
        verbose_name = "阅读记录授权"
        constraints: ClassVar = [
            UniqueConstraint(fields=["profile", "user"], name="reading_consent_once")
        ]

    def __str__(self) -> str:
        return f"{self.user_id}"


class ReadingTrace(models.Model):
    """A patent that a consenting person opened; it cannot outlive the consent."""

    consent = models.ForeignKey(ReadingConsent, on_delete=models.CASCADE, related_name="traces")
    patent = models.ForeignKey("listings.Patent", on_delete=models.CASCADE, related_name="+")
    times = models.PositiveIntegerField(default=1)
    last_at = models.DateTimeField()

    class Meta:
        verbose_name = "阅读记录"
        constraints: ClassVar = [
            UniqueConstraint(fields=["consent", "patent"], name="reading_trace_once")
        ]

    def __str__(self) -> str:
        return f"{self.consent_id}: {self.patent_id}"
