"""What people did with a match: unique and lasting per receiver and patent."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import CheckConstraint, Q, UniqueConstraint

from core.db import ActorKeyField, both_or_neither
from core.people.types import Actor
from core.permissions import Governance
from matching.models.choices import Channel, ImprovementWish, Intent, Rejection
from matching.models.demands import sees_all

MOMENTS = ("pushed", "viewed", "rated", "contacted", "deal")


class LeadQuerySet(models.QuerySet["Lead"]):
    """Rows of leads, narrowed by who looks."""

    def visible_to(self, actor: Actor) -> LeadQuerySet:
        """The receiver's own; holders ask `received`, bureaus get counts."""
        return self if sees_all(actor) else self.filter(organisation_id__in=actor.acts_for)


class Lead(models.Model):
    """A receiver and a patent that were brought together 线索, and how far it went."""

    organisation = models.ForeignKey(
        "core.Organisation", on_delete=models.PROTECT, related_name="+"
    )
    patent = models.ForeignKey("listings.Patent", on_delete=models.PROTECT, related_name="+")
    supplier = models.ForeignKey(
        "core.Organisation", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    region = models.CharField("权利人所在区划", max_length=6, blank=True, default="")
    created_at = models.DateTimeField()
    pushed_at = models.DateTimeField(null=True, blank=True)
    pushed_by = ActorKeyField(null=True, blank=True)
    viewed_at = models.DateTimeField(null=True, blank=True)
    viewed_by = ActorKeyField(null=True, blank=True)
    rated_at = models.DateTimeField(null=True, blank=True)
    rated_by = ActorKeyField(null=True, blank=True)
    contacted_at = models.DateTimeField(null=True, blank=True)
    contacted_by = ActorKeyField(null=True, blank=True)
    deal_at = models.DateTimeField(null=True, blank=True)
    deal_by = ActorKeyField(null=True, blank=True)

    objects = LeadQuerySet.as_manager()

    class Meta:
        verbose_name = "线索"
        constraints: ClassVar = [
            UniqueConstraint(fields=["organisation", "patent"], name="lead_once"),
            *(both_or_neither(f"{m}_at", f"{m}_by", name=f"lead_{m}_pair") for m in MOMENTS),
        ]
        indexes: ClassVar = [
            models.Index(fields=["supplier", "-rated_at"], name="lead_supplier"),
            models.Index(fields=["patent"], name="lead_patent"),
            models.Index(fields=["region"], name="lead_region", opclasses=["varchar_pattern_ops"]),
        ]

    def __str__(self) -> str:
        return f"{self.organisation_id} ↔ {self.patent_id}"

    def governed_by(self) -> Governance:
        """Whoever acts for the receiver."""
        return Governance(organisations=frozenset({self.organisation_id}), region=self.region)


class Push(models.Model):
    """A receiver was told of a lead, once per channel and material state of the offer."""

    lead = models.ForeignKey(Lead, on_delete=models.PROTECT, related_name="pushes")
    channel = models.CharField(max_length=10, choices=Channel, default=Channel.BELL)
    material = models.CharField(max_length=16)
    ticks = models.PositiveIntegerField()
    pushed_at = models.DateTimeField()

    class Meta:
        verbose_name = "推送"
        constraints: ClassVar = [
            UniqueConstraint(fields=["lead", "channel", "material"], name="push_once"),
            CheckConstraint(condition=Q(channel__in=Channel.values), name="push_channel_known"),
        ]
        indexes: ClassVar = [models.Index(fields=["pushed_at"], name="push_day")]

    def __str__(self) -> str:
        return f"{self.lead_id} {self.channel}"


class Evaluation(models.Model):
    """What a receiver says of a patent it was shown 评价: the last word of its organisation.

    `is_implied` marks a prospect that nobody typed: one tap on 感兴趣 or on a reason implies it.
    """

    lead = models.OneToOneField(Lead, on_delete=models.PROTECT, related_name="evaluation")
    prospect = models.PositiveSmallIntegerField("应用前景")
    is_implied = models.BooleanField(default=False)
    interested = models.BooleanField("感兴趣")
    reason = models.CharField(max_length=20, choices=Rejection, blank=True, default="")
    improvement = models.CharField("改进建议", max_length=500, blank=True, default="")
    cooperation = models.CharField("合作意向", max_length=500, blank=True, default="")
    wishes = ArrayField(
        models.CharField(max_length=20, choices=ImprovementWish),
        verbose_name="希望的改进",
        default=list,
        db_default=[],
        blank=True,
    )
    intents = ArrayField(
        models.CharField(max_length=20, choices=Intent),
        verbose_name="合作方式",
        default=list,
        db_default=[],
        blank=True,
    )
    subclasses = ArrayField(models.CharField(max_length=4), default=list, blank=True)
    holders = ArrayField(models.CharField(max_length=200), default=list, blank=True)
    rated_at = models.DateTimeField()
    rated_by = ActorKeyField()

    class Meta:
        verbose_name = "评价"
        constraints: ClassVar = [
            CheckConstraint(condition=Q(prospect__range=(1, 5)), name="evaluation_prospect_1_to_5"),
            CheckConstraint(
                condition=Q(reason="") | Q(reason__in=Rejection.values),
                name="evaluation_reason_known",
            ),
            CheckConstraint(
                condition=Q(reason="") | Q(interested=False), name="evaluation_reason_if_rejected"
            ),
            CheckConstraint(
                condition=Q(wishes__contained_by=ImprovementWish.values),
                name="evaluation_wishes_known",
            ),
            CheckConstraint(
                condition=Q(intents__contained_by=Intent.values), name="evaluation_intents_known"
            ),
            CheckConstraint(
                condition=Q(intents=[]) | Q(interested=True),
                name="evaluation_intents_if_interested",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.lead_id}: {self.prospect}"


class MatchOptOut(models.Model):
    """不再推荐: a receiver never wants to see this patent, or this holder, again."""

    organisation = models.ForeignKey(
        "core.Organisation", on_delete=models.PROTECT, related_name="+"
    )
    patent = models.ForeignKey(
        "listings.Patent", on_delete=models.CASCADE, null=True, blank=True, related_name="+"
    )
    holder = models.ForeignKey(
        "core.Organisation", on_delete=models.CASCADE, null=True, blank=True, related_name="+"
    )
    made_at = models.DateTimeField()
    made_by = ActorKeyField()
    lifted_at = models.DateTimeField(null=True, blank=True)
    lifted_by = ActorKeyField(null=True, blank=True)

    class Meta:
        verbose_name = "不再推荐"
        constraints: ClassVar = [
            both_or_neither("lifted_at", "lifted_by", name="opt_out_lifted_pair"),
            CheckConstraint(
                condition=Q(patent__isnull=False, holder__isnull=True)
                | Q(patent__isnull=True, holder__isnull=False),
                name="opt_out_of_one_thing",
            ),
            UniqueConstraint(
                fields=["organisation", "patent"],
                condition=Q(lifted_at__isnull=True),
                name="opt_out_patent_once",
            ),
            UniqueConstraint(
                fields=["organisation", "holder"],
                condition=Q(lifted_at__isnull=True),
                name="opt_out_holder_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.organisation_id} ✕ {self.patent_id or self.holder_id}"

    def governed_by(self) -> Governance:
        """Whoever acts for the organisation that opted out."""
        return Governance(organisations=frozenset({self.organisation_id}))
