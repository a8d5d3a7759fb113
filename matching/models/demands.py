"""What firms look for: needs, and subscriptions to what fits a profile."""

from __future__ import annotations

from typing import ClassVar

import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import CheckConstraint, Exists, OuterRef, Q

from core.db import ActorKeyField, both_or_neither
from core.people import selectors as people
from core.people.types import Actor, Role
from core.permissions import Governance
from matching import rules, types
from matching.models.choices import LicenceMode, NeedStatus, SubscriptionStatus, Visibility
from matching.models.need_details import CONSTRAINTS as DETAILS
from matching.models.need_details import NeedDetails

LIVE = sorted(status.value for status in rules.LIVE_NEED)
PUBLISHED = sorted(status.value for status in rules.PUBLISHED_NEED)


def sees_all(actor: Actor) -> bool:
    """The platform itself and auditors see everything; each read of an auditor is logged."""
    return actor.is_system or actor.has(Role.AUDITOR)


def divisions(codes: tuple[str, ...] | list[str]) -> list[str]:
    """Industry codes cut to their division (大类, two digits): what "the same industry" means."""
    return sorted({code.lstrip("ABCDEFGHIJKLMNOPQRST")[:2] for code in codes} - {""})


class NeedQuerySet(models.QuerySet["Need"]):
    """Rows of needs, narrowed by who looks."""

    def live(self) -> NeedQuerySet:
        """What is matched."""
        return self.filter(status__in=LIVE)

    def published(self) -> NeedQuerySet:
        """What others than its owner may ever see."""
        return self.filter(status__in=PUBLISHED)

    def on_board(self) -> NeedQuerySet:
        """The public board 找需求: open needs that anyone may read."""
        return self.live().filter(visibility=types.Visibility.PUBLIC.value)

    def owned_by(self, actor: Actor) -> NeedQuerySet:
        """The needs of the organisations that the actor acts for."""
        return self.filter(organisation_id__in=actor.acts_for)

    def visible_to(self, actor: Actor) -> NeedQuerySet:
        """Own needs; published ones that are public, of one's industry, or met by one's patents."""
        if sees_all(actor):
            return self
        others = Q(visibility=types.Visibility.PUBLIC.value)
        if actor.acts_for:
            cards = people.organisations(actor.acts_for).values()
            mine = divisions([code for card in cards for code in card.industry_codes])
            others |= Q(
                visibility=types.Visibility.INDUSTRY.value, industry_divisions__overlap=mine
            )
            met = self.model._meta.apps.get_model("matching.Match").objects.filter(
                need_id=OuterRef("pk"), supplier_id__in=actor.acts_for
            )
            others |= Q(Exists(met), visibility=types.Visibility.MATCHED.value)
        published = Q(status__in=PUBLISHED) & others
        return self.filter(Q(organisation_id__in=actor.acts_for) | published)


class Need(NeedDetails):
    """A need 需求: a problem a firm wants solved, in its own words."""

    organisation = models.ForeignKey(
        "core.Organisation", on_delete=models.PROTECT, related_name="+"
    )
    status = models.CharField(max_length=10, choices=NeedStatus, default=NeedStatus.DRAFT)
    visibility = models.CharField(max_length=10, choices=Visibility, default=Visibility.PUBLIC)
    title = models.CharField("需求名称", max_length=200)
    situation = models.TextField("应用场景", blank=True, default="")
    problem = models.TextField("技术问题", blank=True, default="")
    targets = models.TextField("目标指标", blank=True, default="")
    budget = models.DecimalField(
        "预算（元）", max_digits=18, decimal_places=2, null=True, blank=True
    )
    deadline = models.DateField("期望完成日", null=True, blank=True)
    industry_codes = ArrayField(models.CharField(max_length=5), default=list, blank=True)
    industry_divisions = ArrayField(
        models.CharField(max_length=2), default=list, blank=True, editable=False
    )
    ipc = ArrayField(models.CharField(max_length=16), default=list, blank=True)
    trl = models.PositiveSmallIntegerField("最低技术成熟度", null=True, blank=True)
    licence_modes = ArrayField(
        models.CharField(max_length=20, choices=LicenceMode), default=list, blank=True
    )
    region = models.CharField("行政区划", max_length=6, blank=True, default="")
    is_sample = models.BooleanField("示例", default=False)
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField()
    created_by = ActorKeyField()
    changed_at = models.DateTimeField()
    opened_at = models.DateTimeField(null=True, blank=True)
    opened_by = ActorKeyField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = ActorKeyField(null=True, blank=True)
    matched_at = models.DateTimeField("最近匹配", null=True, blank=True)

    objects = NeedQuerySet.as_manager()

    class Meta:
        verbose_name = "需求"
        constraints: ClassVar = [
            both_or_neither("opened_at", "opened_by", name="need_opened_pair"),
            both_or_neither("ended_at", "ended_by", name="need_ended_pair"),
            CheckConstraint(condition=Q(status__in=NeedStatus.values), name="need_status_known"),
            CheckConstraint(
                condition=Q(visibility__in=Visibility.values), name="need_visibility_known"
            ),
            CheckConstraint(condition=~Q(title=""), name="need_has_title"),
            CheckConstraint(
                condition=Q(status=types.NeedStatus.DRAFT.value) | ~Q(problem=""),
                name="need_refined_says_problem",
            ),
            CheckConstraint(
                condition=~Q(status__in=PUBLISHED) | Q(opened_at__isnull=False),
                name="need_published_was_opened",
            ),
            CheckConstraint(
                condition=Q(budget__isnull=True) | Q(budget__gte=0), name="need_budget_not_negative"
            ),
            CheckConstraint(
                condition=Q(trl__isnull=True) | Q(trl__range=(1, 9)), name="need_trl_1_to_9"
            ),
            CheckConstraint(
                condition=Q(licence_modes__contained_by=LicenceMode.values), name="need_modes_known"
            ),
            CheckConstraint(condition=Q(region__regex=r"^([0-9]{6})?$"), name="need_region_shape"),
            *DETAILS,
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["-opened_at", "-id"],
                condition=Q(status__in=LIVE),
                name="need_newest",
            ),
            models.Index(fields=["organisation", "status"], name="need_organisation"),
            models.Index(fields=["region"], name="need_region", opclasses=["varchar_pattern_ops"]),
            GinIndex(fields=["industry_divisions"], name="need_industries"),
            models.Index(fields=["expires_on"], condition=Q(status__in=LIVE), name="need_expiring"),
        ]
        triggers: ClassVar = [
            pgtrigger.FSM(
                name="need_moves", field="status", transitions=rules.pairs(rules.NEED_MOVES)
            )
        ]

    def __str__(self) -> str:
        return self.title

    def governed_by(self) -> Governance:
        """Whoever acts for the organisation in need."""
        return Governance(organisations=frozenset({self.organisation_id}), region=self.region)


class SubscriptionQuerySet(models.QuerySet["Subscription"]):
    """Rows of subscriptions, narrowed by who looks."""

    def live(self) -> SubscriptionQuerySet:
        """What is matched."""
        return self.filter(status=types.SubscriptionStatus.ACTIVE.value)

    def visible_to(self, actor: Actor) -> SubscriptionQuerySet:
        """One's own; nobody else's business."""
        return self if sees_all(actor) else self.filter(organisation_id__in=actor.acts_for)


class Subscription(models.Model):
    """A saved profile of what a firm wants pushed 订阅."""

    organisation = models.ForeignKey(
        "core.Organisation", on_delete=models.PROTECT, related_name="+"
    )
    status = models.CharField(
        max_length=10, choices=SubscriptionStatus, default=SubscriptionStatus.ACTIVE
    )
    name = models.CharField("订阅名称", max_length=100)
    text = models.TextField("关注内容", blank=True, default="")
    keywords = ArrayField(models.CharField(max_length=60), default=list, blank=True)
    industry_codes = ArrayField(models.CharField(max_length=5), default=list, blank=True)
    ipc = ArrayField(models.CharField(max_length=16), default=list, blank=True)
    regions = ArrayField(models.CharField(max_length=6), default=list, blank=True)
    price_cap = models.DecimalField(
        "价格上限（元）", max_digits=18, decimal_places=2, null=True, blank=True
    )
    licence_modes = ArrayField(
        models.CharField(max_length=20, choices=LicenceMode), default=list, blank=True
    )
    min_score = models.PositiveSmallIntegerField("最低匹配度", default=0)
    bell = models.BooleanField("站内消息推送", default=True)
    is_sample = models.BooleanField("示例", default=False)
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField()
    created_by = ActorKeyField()
    changed_at = models.DateTimeField()
    paused_at = models.DateTimeField(null=True, blank=True)
    paused_by = ActorKeyField(null=True, blank=True)
    matched_at = models.DateTimeField("最近匹配", null=True, blank=True)

    objects = SubscriptionQuerySet.as_manager()

    class Meta:
        verbose_name = "订阅"
        constraints: ClassVar = [
            both_or_neither("paused_at", "paused_by", name="subscription_paused_pair"),
            CheckConstraint(
                condition=Q(status__in=SubscriptionStatus.values), name="subscription_status_known"
            ),
            CheckConstraint(
                condition=Q(status=types.SubscriptionStatus.PAUSED.value, paused_at__isnull=False)
                | Q(status=types.SubscriptionStatus.ACTIVE.value, paused_at__isnull=True),
                name="subscription_paused_since",
            ),
            CheckConstraint(condition=~Q(name=""), name="subscription_has_name"),
            CheckConstraint(condition=Q(min_score__lte=100), name="subscription_min_score_to_100"),
            CheckConstraint(
                condition=Q(price_cap__isnull=True) | Q(price_cap__gte=0),
                name="subscription_cap_not_negative",
            ),
            CheckConstraint(
                condition=~Q(text="") | ~Q(keywords=[]) | ~Q(ipc=[]),
                name="subscription_asks_something",
            ),
            CheckConstraint(
                condition=Q(licence_modes__contained_by=LicenceMode.values),
                name="subscription_modes_known",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["organisation", "status"], name="subscription_organisation"),
        ]
        triggers: ClassVar = [
            pgtrigger.FSM(
                name="subscription_moves",
                field="status",
                transitions=rules.pairs(rules.SUBSCRIPTION_MOVES),
            )
        ]

    def __str__(self) -> str:
        return self.name

    def governed_by(self) -> Governance:
        """Whoever acts for the subscriber."""
        return Governance(organisations=frozenset({self.organisation_id}))
