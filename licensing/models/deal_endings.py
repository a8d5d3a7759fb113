"""How contracts that grant no licence end before they are performed 合同终止."""

from __future__ import annotations

from typing import ClassVar

import pgtrigger
from django.db import models
from django.db.models import CheckConstraint, F, Q, UniqueConstraint

from core.db import ActorKeyField, both_or_neither
from core.people.types import Actor
from licensing.models.deals import SIDES, Deal
from licensing.rules import deal_endings as rules
from licensing.rules import moves, terminations
from licensing.rules.deals import Party

_G, _T = rules.DealGround, terminations.TerminationStatus
OPEN_ENDINGS = sorted(s.value for s in terminations.OPEN)
IS_OPEN = Q(status__in=OPEN_ENDINGS)


class DealEndingQuerySet(models.QuerySet["DealEnding"]):
    """Who sees which endings."""

    def visible_to(self, viewer: Actor) -> DealEndingQuerySet:
        """Whoever sees the deal."""
        return self.filter(deal__in=Deal.objects.visible_to(viewer))


class DealEnding(models.Model):
    """That a contract shall end; one is under way per deal at most."""

    deal = models.ForeignKey(Deal, on_delete=models.PROTECT, related_name="endings")
    side = models.CharField("提出方", max_length=8, choices=SIDES)
    ground = models.CharField(
        "理由", max_length=12, choices=[(g.value, rules.GROUND_LABELS[g]) for g in _G]
    )
    status = models.CharField(
        "状态",
        max_length=10,
        choices=[(s.value, terminations.TERMINATION_LABELS[s]) for s in _T],
    )
    reason = models.TextField("事实和理由", max_length=2000)
    handling = models.TextField("款项和成果的处理", blank=True, default="", max_length=2000)
    evidence = models.ForeignKey(
        "core.Attachment", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    served_on = models.DateField("送达日")
    effective_on = models.DateField("终止日")
    explanation = models.TextField("终止日的计算", max_length=1000)
    effects = models.TextField("终止的后果", max_length=1000)
    answer_by = models.DateField("答复期限")
    opened_at = models.DateTimeField()
    opened_by = ActorKeyField()
    answered_at = models.DateTimeField(null=True, blank=True)
    answered_by = ActorKeyField(null=True, blank=True)
    answer = models.TextField("答复", blank=True, default="", max_length=2000)
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_by = ActorKeyField(null=True, blank=True)

    objects = DealEndingQuerySet.as_manager()

    class Meta:
        verbose_name = "合同终止"
        ordering: ClassVar = ["deal", "-id"]
        constraints: ClassVar = [
            UniqueConstraint(fields=["deal"], condition=IS_OPEN, name="one_open_deal_ending"),
            CheckConstraint(
                condition=Q(status__in=sorted(s.value for s in _T)), name="deal_ending_status_known"
            ),
            CheckConstraint(
                condition=Q(ground__in=sorted(g.value for g in _G)), name="deal_ending_ground_known"
            ),
            CheckConstraint(
                condition=Q(side__in=sorted(p.value for p in Party)), name="deal_ending_side_known"
            ),
            CheckConstraint(condition=~Q(reason=""), name="deal_ending_has_reason"),
            CheckConstraint(
                condition=~Q(ground=_G.AGREEMENT.value) | ~Q(handling=""),
                name="deal_ending_agreed_whole",
            ),
            CheckConstraint(
                condition=~Q(ground__in=sorted(g.value for g in rules.PROVED))
                | Q(evidence__isnull=False),
                name="deal_ending_proved",
            ),
            CheckConstraint(
                condition=Q(effective_on__gte=F("served_on")), name="deal_ending_after_service"
            ),
            both_or_neither("answered_at", "answered_by", name="deal_ending_answered_pair"),
            both_or_neither("closed_at", "closed_by", name="deal_ending_closed_pair"),
            CheckConstraint(
                condition=(IS_OPEN & Q(closed_at__isnull=True))
                | (~IS_OPEN & Q(closed_at__isnull=False)),
                name="deal_ending_closed_or_open",
            ),
            CheckConstraint(
                condition=~Q(status__in=[_T.OBJECTED.value, _T.REFUSED.value])
                | (Q(answered_at__isnull=False) & ~Q(answer="")),
                name="deal_ending_answered_with_reason",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["effective_on"], condition=IS_OPEN, name="deal_ending_open"),
        ]
        triggers: ClassVar = [
            pgtrigger.FSM(
                name="deal_ending_moves",
                field="status",
                transitions=moves.transitions(terminations.TERMINATION_MOVES),
            ),
            pgtrigger.Protect(name="deal_ending_kept", operation=pgtrigger.Delete),
        ]

    def __str__(self) -> str:
        return f"{self.deal_id} {self.get_status_display()}"
