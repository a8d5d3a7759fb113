"""A finished service that may be rated once, the rating, and the answer to a low one."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import CheckConstraint, Q, UniqueConstraint

from core.db import ActorKeyField, both_or_neither
from core.people.models import Organisation
from core.people.types import Actor, Role
from core.permissions import Governance
from core.ratings import rules


class RatingQuerySet(models.QuerySet["ServiceRating"]):
    """Ratings by who may see them."""

    def given_by(self, viewer: Actor) -> RatingQuerySet:
        """Those that the viewer's organisations may give, or gave."""
        return self.filter(organisation_id__in=viewer.acts_for)

    def received_by(self, viewer: Actor) -> RatingQuerySet:
        """Those given to the viewer: as who served, or as the bureau of the region."""
        if viewer.has(Role.AUDITOR, Role.SYSADMIN) or viewer.is_system:
            rows = self.all()
        elif viewer.has(Role.BUREAU):
            rows = self.filter(region__startswith=viewer.region)
        else:
            rows = self.filter(provider_id__in=viewer.acts_for)
        return rows.filter(rated_at__isnull=False)

    def visible_to(self, viewer: Actor) -> RatingQuerySet:
        """One's own, and those one received."""
        mine, received = self.given_by(viewer), self.received_by(viewer)
        return self.filter(Q(pk__in=mine.values("pk")) | Q(pk__in=received.values("pk")))


class ServiceRating(models.Model):
    """One organisation's word on one finished service."""

    service = models.CharField("服务", max_length=20, choices=list(rules.SERVICES.items()))
    reference = models.CharField("办件", max_length=60)
    title = models.CharField("名称", max_length=200)
    url = models.CharField("链接", max_length=300)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="+")
    provider = models.ForeignKey(
        Organisation, on_delete=models.PROTECT, related_name="+", null=True, blank=True
    )
    region = models.CharField("行政区划", max_length=6, blank=True, default="")
    is_sample = models.BooleanField("示例", default=False)
    finished_at = models.DateTimeField("办结时间")
    grade = models.PositiveSmallIntegerField(
        "满意程度", choices=list(rules.GRADES.items()), null=True, blank=True
    )
    reasons = ArrayField(models.CharField(max_length=20), default=list, blank=True)
    words = models.TextField("评价", blank=True, default="")
    rated_at = models.DateTimeField(null=True, blank=True)
    rated_by = ActorKeyField(null=True, blank=True)
    due_on = models.DateField("答复期限", null=True, blank=True)
    answer = models.TextField("答复", blank=True, default="")
    answered_at = models.DateTimeField(null=True, blank=True)
    answered_by = ActorKeyField(null=True, blank=True)

    objects = RatingQuerySet.as_manager()

    class Meta:
        verbose_name = "服务评价"
        constraints: ClassVar = [
            UniqueConstraint(
                fields=["service", "reference", "organisation"], name="rating_once_per_service"
            ),
            both_or_neither("rated_at", "rated_by", name="rating_rated_pair"),
            both_or_neither("answered_at", "answered_by", name="rating_answered_pair"),
            CheckConstraint(
                condition=Q(service__in=sorted(rules.SERVICES)), name="rating_service_known"
            ),
            CheckConstraint(
                condition=Q(grade__isnull=True, rated_at__isnull=True)
                | Q(grade__isnull=False, grade__gte=1, grade__lte=5, rated_at__isnull=False),
                name="rating_grade_when_rated",
            ),
            CheckConstraint(
                condition=Q(due_on__isnull=False, grade__isnull=False, grade__lte=rules.LOW)
                | Q(due_on__isnull=True, grade__isnull=False, grade__gt=rules.LOW)
                | Q(due_on__isnull=True, grade__isnull=True),
                name="rating_due_when_low",
            ),
            CheckConstraint(
                condition=Q(answered_at__isnull=True, answer="")
                | (Q(answered_at__isnull=False, due_on__isnull=False) & ~Q(answer="")),
                name="rating_answer_to_a_low_one",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["organisation", "-id"], name="rating_given"),
            models.Index(fields=["provider", "-id"], name="rating_received"),
        ]

    def __str__(self) -> str:
        return f"{self.service} {self.reference}"

    def governed_by(self) -> Governance:
        """The organisation that may rate it."""
        return Governance(frozenset({self.organisation_id}))

    def answering_side(self) -> ServedBy:
        """Who must answer: the organisation that served, else the bureau of the region."""
        return ServedBy(self)

    @property
    def reason_words(self) -> list[str]:
        """Its reasons in words."""
        return [rules.REASONS.get(code, code) for code in self.reasons]

    @property
    def is_low(self) -> bool:
        return rules.is_low(self.grade)


class ServedBy:
    """Whose service it was."""

    def __init__(self, row: ServiceRating) -> None:
        served = frozenset() if row.provider_id is None else frozenset({row.provider_id})
        self._governance = Governance(served, row.region)

    def governed_by(self) -> Governance:
        return self._governance
