"""Postings 挂牌公示 of agreed prices: what was posted is never rewritten."""

from __future__ import annotations

from typing import ClassVar

import pgtrigger
from django.db import models
from django.db.models import CheckConstraint, F, Q, UniqueConstraint

from core.db import ActorKeyField, both_or_neither
from core.people.types import Actor, Role
from core.permissions import Governance
from listings.models.auctions import changed
from listings.models.choices import Route
from listings.models.patents import Patent, sees_all
from listings.rules import moves
from listings.rules import postings as rules


class PostingStatus(models.TextChoices):
    DRAFT = rules.PostingStatus.DRAFT.value, "草稿"
    POSTED = rules.PostingStatus.POSTED.value, "公示中"
    COMPLETED = rules.PostingStatus.COMPLETED.value, "公示期满"
    WITHDRAWN = rules.PostingStatus.WITHDRAWN.value, "已撤回"


class Scope(models.TextChoices):
    PUBLIC = rules.Scope.PUBLIC.value, "向社会公开"
    MEMBERS = rules.Scope.MEMBERS.value, "仅本单位成员"


CONTENT = (
    "patent", "organisation", "region", "route", "counterparty", "price", "price_note", "summary",
    "scope", "days",
)  # fmt: skip


class PostingQuerySet(models.QuerySet["Posting"]):
    """Rows of postings, narrowed by who looks."""

    def visible_to(self, actor: Actor) -> PostingQuerySet:
        """Public ones for anyone, in-house ones for the house and its bureau, drafts for the
        office."""
        if sees_all(actor):
            return self
        posted = Q(posted_at__isnull=False)
        seen = posted & Q(scope=Scope.PUBLIC)
        if actor.acts_for:
            seen |= posted & Q(organisation_id__in=actor.acts_for)
            if actor.has(Role.OFFICE, Role.BROKER):
                seen |= Q(organisation_id__in=actor.acts_for)
        if actor.has(Role.BUREAU):
            seen |= posted & Q(region__startswith=actor.region)
        return self.filter(seen)


class Posting(models.Model):
    """An agreed price made known before the contract is signed, for as long as the place asks."""

    patent = models.ForeignKey(Patent, on_delete=models.PROTECT, related_name="postings")
    organisation = models.ForeignKey(
        "core.Organisation", on_delete=models.PROTECT, related_name="+", verbose_name="持有单位"
    )
    region = models.CharField("行政区划", max_length=6, blank=True, default="")
    route = models.CharField("转化方式", max_length=20, choices=Route)
    counterparty = models.CharField("拟受让单位", max_length=200)
    price = models.DecimalField("拟交易价格", max_digits=18, decimal_places=2)
    price_note = models.CharField("价格说明", max_length=300, blank=True, default="")
    summary = models.TextField("简要情况")
    scope = models.CharField("公示范围", max_length=8, choices=Scope, default=Scope.PUBLIC)
    days = models.PositiveSmallIntegerField("公示天数")
    status = models.CharField(max_length=10, choices=PostingStatus, default=PostingStatus.DRAFT)
    starts_on = models.DateField("公示起", null=True, blank=True)
    ends_on = models.DateField("公示止", null=True, blank=True)
    posted_at = models.DateTimeField(null=True, blank=True)
    posted_by = ActorKeyField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = ActorKeyField(null=True, blank=True)
    because = models.CharField("撤回原因", max_length=500, blank=True, default="")
    digest = models.CharField("校验码", max_length=64, blank=True, default="")
    created_at = models.DateTimeField()
    created_by = ActorKeyField()

    objects = PostingQuerySet.as_manager()

    class Meta:
        verbose_name = "挂牌公示"
        constraints: ClassVar = [
            CheckConstraint(
                condition=Q(status__in=PostingStatus.values), name="posting_status_known"
            ),
            CheckConstraint(
                condition=Q(route__in=[r.value for r in rules.ROUTES]), name="posting_route_known"
            ),
            CheckConstraint(condition=Q(scope__in=Scope.values), name="posting_scope_known"),
            CheckConstraint(
                condition=Q(price__gte=0) & Q(days__gte=1), name="posting_figures_make_sense"
            ),
            both_or_neither("posted_at", "posted_by", name="posting_posted_pair"),
            both_or_neither("posted_at", "starts_on", name="posting_posted_begins"),
            both_or_neither("starts_on", "ends_on", name="posting_has_both_days"),
            both_or_neither("ended_at", "ended_by", name="posting_ended_pair"),
            CheckConstraint(
                condition=Q(ends_on__isnull=True) | Q(ends_on__gt=F("starts_on")),
                name="posting_runs_forward",
            ),
            CheckConstraint(
                condition=Q(status__in=[PostingStatus.DRAFT, PostingStatus.WITHDRAWN])
                | Q(posted_at__isnull=False),
                name="posting_public_was_posted",
            ),
            CheckConstraint(
                condition=~Q(status=PostingStatus.COMPLETED)
                | (Q(ended_at__isnull=False) & ~Q(digest="")),
                name="posting_completed_is_certified",
            ),
            CheckConstraint(
                condition=~Q(status=PostingStatus.WITHDRAWN)
                | (Q(ended_at__isnull=False) & ~Q(because="")),
                name="posting_withdrawn_says_why",
            ),
            UniqueConstraint(
                fields=["patent"],
                condition=Q(status=PostingStatus.POSTED),
                name="posting_one_at_a_time",
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["ends_on"],
                condition=Q(status=PostingStatus.POSTED),
                name="posting_next_to_end",
            ),
        ]
        triggers: ClassVar = [
            pgtrigger.FSM(
                name="posting_moves",
                field="status",
                transitions=moves.pairs(rules.POSTING_MOVES),
            ),
            pgtrigger.Protect(
                name="posting_content_stands",
                operation=pgtrigger.Update,
                condition=~pgtrigger.Q(old__status=rules.PostingStatus.DRAFT.value)
                & changed(*CONTENT),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.patent_id} {self.status}"

    def governed_by(self) -> Governance:
        """The holder."""
        return Governance(organisations=frozenset({self.organisation_id}), region=self.region)
