"""Requests for services that help a patent on: a valuation, a broker, a proof of concept."""

from __future__ import annotations

from typing import ClassVar

import pgtrigger
from django.db import models
from django.db.models import CheckConstraint, Q, UniqueConstraint

from core.db import ActorKeyField, both_or_neither
from core.people.types import Actor
from core.permissions import Governance
from listings.models.patents import Patent, sees_all
from listings.rules import moves, promotion
from listings.rules.promotion import ServiceKind, ServiceState


class ServiceRequestQuerySet(models.QuerySet["ServiceRequest"]):
    """Rows of requests, narrowed by who looks."""

    def visible_to(self, actor: Actor) -> ServiceRequestQuerySet:
        """Those who asked, those who were asked, auditors."""
        if sees_all(actor):
            return self
        mine = Q(patent__organisation_id__in=actor.acts_for, patent__removed_at__isnull=True)
        return self.filter(mine | Q(provider_id__in=actor.acts_for))


class ServiceRequest(models.Model):
    """A request for a service 服务请求: asked of one provider, answered, closed."""

    patent = models.ForeignKey(Patent, on_delete=models.PROTECT, related_name="service_requests")
    kind = models.CharField(max_length=12, choices=[(k.value, k.value) for k in ServiceKind])
    state = models.CharField(
        max_length=10, choices=[(s.value, s.value) for s in ServiceState], default=ServiceState.OPEN
    )
    provider = models.ForeignKey(
        "core.Organisation", on_delete=models.PROTECT, related_name="+", verbose_name="服务机构"
    )
    wish = models.CharField("希望得到什么", max_length=500)
    answer = models.CharField("答复", max_length=1000, blank=True, default="")
    outcome = models.CharField("结果", max_length=500, blank=True, default="")
    asked_at = models.DateTimeField()
    asked_by = ActorKeyField()
    answered_at = models.DateTimeField(null=True, blank=True)
    answered_by = ActorKeyField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_by = ActorKeyField(null=True, blank=True)

    objects = ServiceRequestQuerySet.as_manager()

    class Meta:
        verbose_name = "服务请求"
        ordering: ClassVar = ["-asked_at", "-pk"]
        constraints: ClassVar = [
            CheckConstraint(
                condition=Q(kind__in=[k.value for k in ServiceKind]), name="service_kind_known"
            ),
            CheckConstraint(
                condition=Q(state__in=[s.value for s in ServiceState]), name="service_state_known"
            ),
            CheckConstraint(condition=~Q(wish=""), name="service_says_what"),
            CheckConstraint(
                condition=~Q(state=ServiceState.ANSWERED.value) | Q(answered_at__isnull=False),
                name="service_answered_by_somebody",
            ),
            CheckConstraint(
                condition=Q(state=ServiceState.CLOSED.value, closed_at__isnull=False)
                | (~Q(state=ServiceState.CLOSED.value) & Q(closed_at__isnull=True)),
                name="service_closed_by_somebody",
            ),
            both_or_neither("answered_at", "answered_by", name="service_answered_pair"),
            both_or_neither("closed_at", "closed_by", name="service_closed_pair"),
            UniqueConstraint(
                fields=["patent", "kind"],
                condition=~Q(state=ServiceState.CLOSED.value),
                name="service_one_open_of_a_kind",
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["provider", "state"], name="service_provider")]
        triggers: ClassVar = [
            pgtrigger.FSM(
                name="service_moves",
                field="state",
                transitions=moves.pairs(promotion.SERVICE_MOVES),
            )
        ]

    def __str__(self) -> str:
        return f"{self.patent_id} {self.kind} {self.state}"

    def governed_by(self) -> Governance:
        """The provider answers it; who asked is governed through the patent."""
        return Governance(organisations=frozenset({self.provider_id}))
