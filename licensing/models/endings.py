"""How licences go on or end: renewals 续展 and terminations 终止."""

from __future__ import annotations

from typing import ClassVar

import pgtrigger
from django.db import models
from django.db.models import CheckConstraint, F, Q, UniqueConstraint

from core.db import ActorKeyField, both_or_neither
from core.people.types import Actor
from licensing.models.licences import Licence
from licensing.rules import claims, moves, renewals, terminations

_R = renewals.RenewalStatus
_T = terminations.TerminationStatus
_G = terminations.Ground
OPEN_TERMINATIONS = sorted(s.value for s in terminations.OPEN)
SIDES = [(s.value, claims.SIDE_LABELS[s]) for s in claims.Side]


class RenewalQuerySet(models.QuerySet["Renewal"]):
    """Who sees which renewals."""

    def visible_to(self, viewer: Actor) -> RenewalQuerySet:
        """Whoever sees the licence."""
        return self.filter(licence__in=Licence.objects.visible_to(viewer))


class TerminationQuerySet(models.QuerySet["Termination"]):
    """Who sees which terminations."""

    def visible_to(self, viewer: Actor) -> TerminationQuerySet:
        """Whoever sees the licence."""
        return self.filter(licence__in=Licence.objects.visible_to(viewer))


class Renewal(models.Model):
    """That a licence shall go on for so many months after its last day."""

    licence = models.ForeignKey(Licence, on_delete=models.PROTECT, related_name="renewals")
    status = models.CharField(
        "状态",
        max_length=10,
        default=_R.ASKED.value,
        choices=[(s.value, renewals.RENEWAL_LABELS[s]) for s in _R],
    )
    months = models.PositiveSmallIntegerField("续展月数")
    fee = models.DecimalField("续展费用", max_digits=18, decimal_places=2, null=True, blank=True)
    former_ends_on = models.DateField("原期限届满日")
    ends_on = models.DateField("续展后届满日")
    explanation = models.TextField("期限的计算", max_length=1000)
    note = models.TextField("说明", blank=True, default="", max_length=2000)
    answer_by = models.DateField("答复期限")
    asked_at = models.DateTimeField()
    asked_by = ActorKeyField()
    answered_at = models.DateTimeField(null=True, blank=True)
    answered_by = ActorKeyField(null=True, blank=True)
    answer = models.TextField("答复", blank=True, default="", max_length=2000)
    # What binds the patent in the further term; that of the former term stays what it was.
    encumbrance = models.OneToOneField(
        "listings.Encumbrance", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )

    objects = RenewalQuerySet.as_manager()

    class Meta:
        verbose_name = "续展"
        ordering: ClassVar = ["licence", "-id"]
        constraints: ClassVar = [
            UniqueConstraint(
                fields=["licence"], condition=Q(status=_R.ASKED.value), name="one_asked_renewal"
            ),
            CheckConstraint(
                condition=Q(status__in=sorted(s.value for s in _R)), name="renewal_status_known"
            ),
            CheckConstraint(
                condition=Q(months__gte=1, months__lte=renewals.LONGEST), name="renewal_months"
            ),
            CheckConstraint(
                condition=Q(fee__isnull=True) | Q(fee__gte=0), name="renewal_fee_not_below_zero"
            ),
            CheckConstraint(
                condition=Q(ends_on__gt=F("former_ends_on")), name="renewal_goes_forward"
            ),
            CheckConstraint(
                condition=Q(answer_by__lte=F("former_ends_on")), name="renewal_answered_within_term"
            ),
            both_or_neither("answered_at", "answered_by", name="renewal_answered_pair"),
            CheckConstraint(
                condition=Q(status=_R.ASKED.value, answered_at__isnull=True)
                | (~Q(status=_R.ASKED.value) & Q(answered_at__isnull=False)),
                name="renewal_answered_or_asked",
            ),
            CheckConstraint(
                condition=~Q(status=_R.REFUSED.value) | ~Q(answer=""),
                name="renewal_refused_with_reason",
            ),
        ]
        triggers: ClassVar = [
            pgtrigger.FSM(
                name="renewal_moves",
                field="status",
                transitions=moves.transitions(renewals.RENEWAL_MOVES),
            ),
            pgtrigger.Protect(name="renewal_kept", operation=pgtrigger.Delete),
        ]

    def __str__(self) -> str:
        return f"{self.licence_id} +{self.months}"


class Termination(models.Model):
    """That a licence shall end before its last day; one is under way per licence at most."""

    licence = models.ForeignKey(Licence, on_delete=models.PROTECT, related_name="terminations")
    side = models.CharField("提出方", max_length=8, choices=SIDES)
    ground = models.CharField(
        "理由",
        max_length=12,
        choices=[(g.value, terminations.GROUND_LABELS[g]) for g in _G],
    )
    status = models.CharField(
        "状态",
        max_length=10,
        choices=[(s.value, terminations.TERMINATION_LABELS[s]) for s in _T],
    )
    reason = models.TextField("说明", max_length=2000)
    evidence = models.ForeignKey(
        "core.Attachment", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    served_on = models.DateField("送达日")
    effective_on = models.DateField("终止日")
    former_ends_on = models.DateField("原期限届满日")
    releases = models.BooleanField("以后到期的款项不再支付", default=True)
    explanation = models.TextField("终止日的计算", max_length=1000)
    money = models.TextField("款项怎样处理", max_length=1000)
    answer_by = models.DateField("答复期限")
    opened_at = models.DateTimeField()
    opened_by = ActorKeyField()
    answered_at = models.DateTimeField(null=True, blank=True)
    answered_by = ActorKeyField(null=True, blank=True)
    answer = models.TextField("答复", blank=True, default="", max_length=2000)
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_by = ActorKeyField(null=True, blank=True)

    objects = TerminationQuerySet.as_manager()

    class Meta:
        verbose_name = "终止"
        ordering: ClassVar = ["licence", "-id"]
        constraints: ClassVar = [
            UniqueConstraint(
                fields=["licence"],
                condition=Q(status__in=OPEN_TERMINATIONS),
                name="one_open_termination",
            ),
            CheckConstraint(
                condition=Q(status__in=sorted(s.value for s in _T)), name="termination_status_known"
            ),
            CheckConstraint(
                condition=Q(ground__in=sorted(g.value for g in _G)), name="termination_ground_known"
            ),
            CheckConstraint(
                condition=Q(side__in=sorted(s.value for s in claims.Side)),
                name="termination_side_known",
            ),
            CheckConstraint(condition=~Q(reason=""), name="termination_has_reason"),
            CheckConstraint(
                condition=~Q(ground=_G.BREACH.value) | Q(evidence__isnull=False),
                name="termination_breach_proved",
            ),
            CheckConstraint(
                condition=Q(side="licensor") | ~Q(ground=_G.NON_PAYMENT.value),
                name="termination_unpaid_by_licensor",
            ),
            CheckConstraint(
                condition=Q(effective_on__gte=F("served_on")), name="termination_after_service"
            ),
            CheckConstraint(
                condition=Q(effective_on__lte=F("former_ends_on")), name="termination_within_term"
            ),
            both_or_neither("answered_at", "answered_by", name="termination_answered_pair"),
            both_or_neither("closed_at", "closed_by", name="termination_closed_pair"),
            CheckConstraint(
                condition=Q(status__in=OPEN_TERMINATIONS, closed_at__isnull=True)
                | (~Q(status__in=OPEN_TERMINATIONS) & Q(closed_at__isnull=False)),
                name="termination_closed_or_open",
            ),
            CheckConstraint(
                condition=~Q(status__in=[_T.OBJECTED.value, _T.REFUSED.value])
                | (Q(answered_at__isnull=False) & ~Q(answer="")),
                name="termination_answered_with_reason",
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["effective_on"],
                condition=Q(status__in=OPEN_TERMINATIONS),
                name="termination_open",
            ),
        ]
        triggers: ClassVar = [
            pgtrigger.FSM(
                name="termination_moves",
                field="status",
                transitions=moves.transitions(terminations.TERMINATION_MOVES),
            ),
            pgtrigger.Protect(name="termination_kept", operation=pgtrigger.Delete),
        ]

    def __str__(self) -> str:
        return f"{self.licence_id} {self.get_status_display()}"

    @property
    def other_side(self) -> str:
        """The party that is told, and answers."""
        own = self.side == claims.Side.LICENSOR
        return claims.Side.LICENSEE if own else claims.Side.LICENSOR
