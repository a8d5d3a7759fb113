"""A second office says that a patent in the library is its own."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import CheckConstraint, F, Q, UniqueConstraint

from core.db import ActorKeyField, both_or_neither
from core.people.types import Actor, Role
from core.permissions import Governance
from listings.models.imports import ImportBatch
from listings.models.patents import Patent, sees_all
from listings.rules import disputes as rules


class ClaimState(models.TextChoices):
    OPEN = "open", "待处理"
    WITHDRAWN = "withdrawn", "已撤回"
    CONCEDED = "conceded", "对方同意移交"
    MOVED = "moved", "裁定移交"
    SHARED = "shared", "登记为共有人"
    REFUSED = "refused", "裁定维持"


class PatentClaimQuerySet(models.QuerySet["PatentClaim"]):
    """Claims, narrowed by who looks."""

    def visible_to(self, actor: Actor) -> PatentClaimQuerySet:
        """Both sides, the bureau of the region, the platform's administrator, auditors."""
        if sees_all(actor) or actor.has(Role.SYSADMIN):
            return self.all()
        seen = Q(claimant_id__in=actor.acts_for) | Q(holder_id__in=actor.acts_for)
        if actor.has(Role.BUREAU):
            seen |= Q(patent__region__startswith=actor.region)
        return self.filter(seen)


class PatentClaim(models.Model):
    """The dispute over who keeps a patent in the library; nothing moves until it is settled."""

    patent = models.ForeignKey(Patent, on_delete=models.PROTECT, related_name="claims")
    claimant = models.ForeignKey("core.Organisation", on_delete=models.PROTECT, related_name="+")
    holder = models.ForeignKey("core.Organisation", on_delete=models.PROTECT, related_name="+")
    batch = models.ForeignKey(
        ImportBatch, on_delete=models.SET_NULL, null=True, blank=True, related_name="claims"
    )
    row = models.PositiveIntegerField(null=True, blank=True)
    grounds = models.TextField("主张理由", blank=True, default="")
    answer = models.TextField("对方答复", blank=True, default="")
    state = models.CharField(max_length=10, choices=ClaimState, default=ClaimState.OPEN)
    reason = models.CharField("处理说明", max_length=500, blank=True, default="")
    opened_at = models.DateTimeField()
    opened_by = ActorKeyField()
    settled_at = models.DateTimeField(null=True, blank=True)
    settled_by = ActorKeyField(null=True, blank=True)

    objects = PatentClaimQuerySet.as_manager()

    class Meta:
        verbose_name = "权属主张"
        constraints: ClassVar = [
            UniqueConstraint(
                fields=["patent", "claimant"],
                condition=Q(state=rules.OPEN),
                name="claim_open_once",
            ),
            CheckConstraint(condition=Q(state__in=rules.STATES), name="claim_state_known"),
            CheckConstraint(condition=~Q(claimant=F("holder")), name="claim_against_another"),
            both_or_neither("settled_at", "settled_by", name="claim_settled_pair"),
            CheckConstraint(
                condition=Q(state=rules.OPEN, settled_at__isnull=True)
                | (~Q(state=rules.OPEN) & Q(settled_at__isnull=False)),
                name="claim_settled_by_someone",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["holder", "state"], name="claim_holder"),
            models.Index(fields=["claimant", "state"], name="claim_claimant"),
        ]

    def __str__(self) -> str:
        return f"{self.claimant_id} → {self.patent_id}: {self.state}"

    def governed_by(self) -> Governance:
        """The bureau of the patent's region settles it; neither side governs it alone."""
        return Governance(region=self.patent.region)
