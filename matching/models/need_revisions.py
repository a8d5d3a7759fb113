"""Every text a need has had or was proposed to have, and who decided on it."""

from __future__ import annotations

from typing import ClassVar

import pgtrigger
from django.db import models
from django.db.models import CheckConstraint, Q, UniqueConstraint

from core.db import ActorKeyField, both_or_neither
from core.people.types import Actor
from matching import types
from matching.models.demands import sees_all
from matching.rules import revisions as rules


class RevisionState(models.TextChoices):
    PROPOSED = types.RevisionState.PROPOSED.value, "等企业决定"
    AGREED = types.RevisionState.AGREED.value, "企业已同意"
    REFUSED = types.RevisionState.REFUSED.value, "企业未同意"
    WITHDRAWN = types.RevisionState.WITHDRAWN.value, "已撤回"
    OWN = types.RevisionState.OWN.value, "企业自己修改"


class NeedRevisionQuerySet(models.QuerySet["NeedRevision"]):
    """Revisions, narrowed by who looks."""

    def visible_to(self, actor: Actor) -> NeedRevisionQuerySet:
        """Those of the needs that the actor owns or is empowered for."""
        return self if sees_all(actor) else self.filter(need__organisation_id__in=actor.acts_for)


class NeedRevision(models.Model):
    """One text of a need: the owner's own, or an agent's proposal under a mandate."""

    need = models.ForeignKey("matching.Need", on_delete=models.CASCADE, related_name="revisions")
    number = models.PositiveIntegerField()
    state = models.CharField(max_length=10, choices=RevisionState)
    before = models.JSONField()
    content = models.JSONField()
    base_version = models.PositiveIntegerField()
    agent = models.ForeignKey(
        "core.Organisation", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    note = models.CharField(max_length=1_000, blank=True, default="")
    proposed_at = models.DateTimeField()
    proposed_by = ActorKeyField()
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = ActorKeyField(null=True, blank=True)
    reason = models.CharField(max_length=1_000, blank=True, default="")

    objects = NeedRevisionQuerySet.as_manager()

    class Meta:
        verbose_name = "需求版本"
        constraints: ClassVar = [
            UniqueConstraint(fields=["need", "number"], name="revision_number_once"),
            UniqueConstraint(
                fields=["need"],
                condition=Q(state=types.RevisionState.PROPOSED.value),
                name="revision_one_open",
            ),
            both_or_neither("decided_at", "decided_by", name="revision_decided_pair"),
            CheckConstraint(
                condition=Q(state__in=RevisionState.values), name="revision_state_known"
            ),
            CheckConstraint(
                condition=Q(state=types.RevisionState.PROPOSED.value, decided_at__isnull=True)
                | (~Q(state=types.RevisionState.PROPOSED.value) & Q(decided_at__isnull=False)),
                name="revision_decided_when_closed",
            ),
            CheckConstraint(
                condition=Q(state=types.RevisionState.OWN.value, agent__isnull=True)
                | (~Q(state=types.RevisionState.OWN.value) & Q(agent__isnull=False)),
                name="revision_agent_if_proposed",
            ),
            CheckConstraint(
                condition=~Q(state=types.RevisionState.REFUSED.value) | ~Q(reason=""),
                name="revision_refused_with_reason",
            ),
        ]
        triggers: ClassVar = [
            pgtrigger.FSM(name="revision_moves", field="state", transitions=list(rules.STEPS))
        ]

    def __str__(self) -> str:
        return f"{self.need_id} v{self.number}"
