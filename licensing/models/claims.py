"""Milestones as claims 里程碑申报."""

from __future__ import annotations

from typing import ClassVar

import pgtrigger
from django.db import models
from django.db.models import CheckConstraint, F, Q, UniqueConstraint

from core.db import ActorKeyField, both_or_neither
from core.people.types import Actor
from licensing.models.licences import Licence
from licensing.models.plans import FeePart
from licensing.rules import claims, moves

_S = claims.ClaimStatus


class MilestoneClaimQuerySet(models.QuerySet["MilestoneClaim"]):
    """Who sees which claims."""

    def visible_to(self, viewer: Actor) -> MilestoneClaimQuerySet:
        """Whoever sees the licence."""
        return self.filter(licence__in=Licence.objects.visible_to(viewer))


class MilestoneClaim(models.Model):
    """That an event of the fee plan happened, as one party says; one stands per part at most."""

    licence = models.ForeignKey(Licence, on_delete=models.PROTECT, related_name="claims")
    part = models.ForeignKey(FeePart, on_delete=models.PROTECT, related_name="+")
    side = models.CharField(
        "申报方", max_length=8, choices=[(s.value, claims.SIDE_LABELS[s]) for s in claims.Side]
    )
    status = models.CharField(
        "状态",
        max_length=10,
        default=_S.CLAIMED.value,
        choices=[(s.value, claims.CLAIM_LABELS[s]) for s in _S],
    )
    reached_on = models.DateField("达到日期")
    note = models.TextField("说明", blank=True, default="", max_length=2000)
    evidence = models.ForeignKey("core.Attachment", on_delete=models.PROTECT, related_name="+")
    answer_by = models.DateField("答复期限")
    claimed_at = models.DateTimeField()
    claimed_by = ActorKeyField()
    disputed_at = models.DateTimeField(null=True, blank=True)
    disputed_by = ActorKeyField(null=True, blank=True)
    dispute = models.TextField("争议理由", blank=True, default="", max_length=2000)
    confirmed_at = models.DateTimeField(null=True, blank=True)
    confirmed_by = ActorKeyField(null=True, blank=True)
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    withdrawn_by = ActorKeyField(null=True, blank=True)

    objects = MilestoneClaimQuerySet.as_manager()

    class Meta:
        verbose_name = "里程碑申报"
        ordering: ClassVar = ["licence", "-id"]
        constraints: ClassVar = [
            UniqueConstraint(
                fields=["licence", "part"],
                condition=~Q(status=_S.WITHDRAWN.value),
                name="one_standing_claim_per_part",
            ),
            CheckConstraint(
                condition=Q(status__in=sorted(s.value for s in _S)), name="claim_status_known"
            ),
            CheckConstraint(
                condition=Q(side__in=sorted(s.value for s in claims.Side)), name="claim_side_known"
            ),
            CheckConstraint(
                condition=Q(answer_by__gte=F("reached_on")), name="claim_answered_after_event"
            ),
            both_or_neither("disputed_at", "disputed_by", name="claim_disputed_pair"),
            both_or_neither("confirmed_at", "confirmed_by", name="claim_confirmed_pair"),
            both_or_neither("withdrawn_at", "withdrawn_by", name="claim_withdrawn_pair"),
            CheckConstraint(
                condition=~Q(status=_S.DISPUTED.value)
                | (Q(disputed_at__isnull=False) & ~Q(dispute="")),
                name="claim_disputed_with_reason",
            ),
            CheckConstraint(
                condition=Q(status=_S.CONFIRMED.value, confirmed_at__isnull=False)
                | (~Q(status=_S.CONFIRMED.value) & Q(confirmed_at__isnull=True)),
                name="claim_confirmed_dated",
            ),
            CheckConstraint(
                condition=Q(status=_S.WITHDRAWN.value, withdrawn_at__isnull=False)
                | (~Q(status=_S.WITHDRAWN.value) & Q(withdrawn_at__isnull=True)),
                name="claim_withdrawn_dated",
            ),
        ]
        triggers: ClassVar = [
            pgtrigger.FSM(
                name="claim_moves",
                field="status",
                transitions=moves.transitions(claims.CLAIM_MOVES),
            ),
            pgtrigger.Protect(name="claim_kept", operation=pgtrigger.Delete),
        ]

    def __str__(self) -> str:
        return self.part.trigger or str(self.part)

    @property
    def other_side(self) -> str:
        """The party that has to answer."""
        own = self.side == claims.Side.LICENSOR
        return claims.Side.LICENSEE if own else claims.Side.LICENSOR
