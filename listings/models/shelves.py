"""Patents shown together: collections, bundles and promotion lists."""

from __future__ import annotations

from typing import ClassVar

import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import CheckConstraint, Q, UniqueConstraint

from core.db import ActorKeyField, both_or_neither
from core.people.types import Actor, Role
from core.permissions import Governance
from listings.models.choices import Route
from listings.models.patents import Patent, sees_all
from listings.rules import moves
from listings.rules import shelves as rules


class CollectionStatus(models.TextChoices):
    DRAFT = rules.CollectionStatus.DRAFT.value, "草稿"
    PUBLISHED = rules.CollectionStatus.PUBLISHED.value, "已发布"


class CollectionKind(models.TextChoices):
    CURATED = rules.CollectionKind.CURATED.value, "人工编选"
    LIVE = rules.CollectionKind.LIVE.value, "按检索条件自动更新"


class BundleStatus(models.TextChoices):
    DRAFT = rules.BundleStatus.DRAFT.value, "草稿"
    LISTED = rules.BundleStatus.LISTED.value, "已上架"
    SUSPENDED = rules.BundleStatus.SUSPENDED.value, "已暂停"
    WITHDRAWN = rules.BundleStatus.WITHDRAWN.value, "已撤回"


class CollectionQuerySet(models.QuerySet["Collection"]):
    """Rows of collections, narrowed by who looks."""

    def visible_to(self, actor: Actor) -> CollectionQuerySet:
        """Published ones for anyone, drafts for their curators and bureau, all for auditors."""
        if sees_all(actor):
            return self
        seen = Q(status=CollectionStatus.PUBLISHED)
        if actor.acts_for:
            seen |= Q(organisation_id__in=actor.acts_for)
        if actor.has(Role.BUREAU):
            seen |= Q(region__startswith=actor.region)
        return self.filter(seen)


class Collection(models.Model):
    """A thematic database 专题库: patents picked by hand, or a saved query that stays live."""

    slug = models.CharField("短地址", max_length=40, unique=True)
    title = models.CharField("标题", max_length=120)
    intro = models.TextField("导语", blank=True, default="")
    kind = models.CharField(max_length=8, choices=CollectionKind)
    query = models.CharField("检索条件", max_length=1_000, blank=True, default="")
    status = models.CharField(
        max_length=10, choices=CollectionStatus, default=CollectionStatus.DRAFT
    )
    organisation = models.ForeignKey(
        "core.Organisation", on_delete=models.PROTECT, related_name="+", verbose_name="编选单位"
    )
    region = models.CharField("行政区划", max_length=6, blank=True, default="")
    is_sample = models.BooleanField("示例", default=False)
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField()
    created_by = ActorKeyField()
    changed_at = models.DateTimeField()
    published_at = models.DateTimeField(null=True, blank=True)
    published_by = ActorKeyField(null=True, blank=True)

    objects = CollectionQuerySet.as_manager()

    class Meta:
        verbose_name = "专题库"
        constraints: ClassVar = [
            CheckConstraint(
                condition=Q(slug__regex=r"^[a-z0-9][a-z0-9-]{1,38}[a-z0-9]$"),
                name="collection_slug_shape",
            ),
            CheckConstraint(condition=~Q(title=""), name="collection_has_title"),
            CheckConstraint(
                condition=Q(kind__in=CollectionKind.values), name="collection_kind_known"
            ),
            CheckConstraint(
                condition=Q(kind=CollectionKind.CURATED, query="")
                | (Q(kind=CollectionKind.LIVE) & ~Q(query="")),
                name="collection_live_has_a_query",
            ),
            both_or_neither("published_at", "published_by", name="collection_published_pair"),
            CheckConstraint(
                condition=~Q(status=CollectionStatus.PUBLISHED) | Q(published_at__isnull=False),
                name="collection_public_was_published",
            ),
        ]
        triggers: ClassVar = [
            pgtrigger.FSM(
                name="collection_moves",
                field="status",
                transitions=moves.pairs(rules.COLLECTION_MOVES),
            )
        ]

    def __str__(self) -> str:
        return self.title

    def governed_by(self) -> Governance:
        """Its curator; the bureau of its region may curate it too."""
        return Governance(organisations=frozenset({self.organisation_id}), region=self.region)


class CollectionItem(models.Model):
    """A patent in a curated collection, in its place, with a note."""

    collection = models.ForeignKey(Collection, on_delete=models.CASCADE, related_name="items")
    patent = models.ForeignKey(Patent, on_delete=models.CASCADE, related_name="collection_items")
    position = models.PositiveSmallIntegerField()
    note = models.CharField("点评", max_length=300, blank=True, default="")

    class Meta:
        verbose_name = "专题条目"
        ordering: ClassVar = ["collection_id", "position", "pk"]
        constraints: ClassVar = [
            UniqueConstraint(fields=["collection", "patent"], name="collection_item_once"),
        ]

    def __str__(self) -> str:
        return f"{self.collection_id}: {self.patent_id}"


class BundleQuerySet(models.QuerySet["Bundle"]):
    """Rows of bundles, narrowed by who looks."""

    def visible_to(self, actor: Actor) -> BundleQuerySet:
        """Listed ones for anyone; others for their offices and those asked to consent."""
        if sees_all(actor):
            return self
        seen = Q(status=BundleStatus.LISTED)
        if actor.acts_for and actor.has(Role.OFFICE, Role.BROKER):
            seen |= Q(organisation_id__in=actor.acts_for)
            seen |= Q(
                pk__in=BundleMember.objects.filter(
                    patent__organisation_id__in=actor.acts_for
                ).values("bundle_id")
            )
        return self.filter(seen)


class Bundle(models.Model):
    """Several patents offered as one, on shared terms 专利组合."""

    organisation = models.ForeignKey(
        "core.Organisation", on_delete=models.PROTECT, related_name="+", verbose_name="牵头单位"
    )
    region = models.CharField("行政区划", max_length=6, blank=True, default="")
    title = models.CharField("名称", max_length=120)
    summary = models.TextField("组合说明", blank=True, default="")
    routes = ArrayField(models.CharField(max_length=20, choices=Route), default=list, blank=True)
    price = models.DecimalField(
        "整体报价（元）", max_digits=18, decimal_places=2, null=True, blank=True
    )
    contact = models.CharField("联系方式", max_length=200, blank=True, default="")
    status = models.CharField(max_length=10, choices=BundleStatus, default=BundleStatus.DRAFT)
    suspended_because = models.CharField("暂停原因", max_length=500, blank=True, default="")
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField()
    created_by = ActorKeyField()
    changed_at = models.DateTimeField()
    listed_at = models.DateTimeField(null=True, blank=True)
    listed_by = ActorKeyField(null=True, blank=True)

    objects = BundleQuerySet.as_manager()

    class Meta:
        verbose_name = "专利组合"
        constraints: ClassVar = [
            CheckConstraint(condition=~Q(title=""), name="bundle_has_title"),
            CheckConstraint(
                condition=Q(routes__contained_by=Route.values), name="bundle_routes_known"
            ),
            CheckConstraint(
                condition=Q(price__isnull=True) | Q(price__gte=0), name="bundle_price_not_negative"
            ),
            both_or_neither("listed_at", "listed_by", name="bundle_listed_pair"),
            CheckConstraint(
                condition=~Q(status__in=[BundleStatus.LISTED, BundleStatus.SUSPENDED])
                | Q(listed_at__isnull=False),
                name="bundle_public_was_listed",
            ),
            CheckConstraint(
                condition=~Q(status=BundleStatus.SUSPENDED) | ~Q(suspended_because=""),
                name="bundle_suspended_says_why",
            ),
        ]
        triggers: ClassVar = [
            pgtrigger.FSM(
                name="bundle_moves", field="status", transitions=moves.pairs(rules.BUNDLE_MOVES)
            )
        ]

    def __str__(self) -> str:
        return self.title

    def governed_by(self) -> Governance:
        """The office that leads it."""
        return Governance(organisations=frozenset({self.organisation_id}), region=self.region)


class BundleMember(models.Model):
    """A patent of a bundle; another holder's only with that holder's consent."""

    bundle = models.ForeignKey(Bundle, on_delete=models.CASCADE, related_name="members")
    patent = models.ForeignKey(Patent, on_delete=models.CASCADE, related_name="bundle_members")
    position = models.PositiveSmallIntegerField()
    note = models.CharField("作用", max_length=300, blank=True, default="")
    consented_at = models.DateTimeField(null=True, blank=True)
    consented_by = ActorKeyField(null=True, blank=True)

    class Meta:
        verbose_name = "组合成员"
        ordering: ClassVar = ["bundle_id", "position", "pk"]
        constraints: ClassVar = [
            UniqueConstraint(fields=["bundle", "patent"], name="bundle_member_once"),
            both_or_neither("consented_at", "consented_by", name="bundle_consented_pair"),
        ]

    def __str__(self) -> str:
        return f"{self.bundle_id}: {self.patent_id}"


class PromotionList(models.Model):
    """A list 推广清单 that an office hands out for an occasion, by a link that expires."""

    organisation = models.ForeignKey(
        "core.Organisation", on_delete=models.PROTECT, related_name="+", verbose_name="单位"
    )
    title = models.CharField("标题", max_length=120)
    audience = models.CharField("对象", max_length=200, blank=True, default="")
    intro = models.TextField("说明", blank=True, default="")
    token = models.CharField(max_length=43, unique=True)
    expires_on = models.DateField("链接有效至")
    views = models.PositiveIntegerField("浏览次数", default=0)
    last_viewed_at = models.DateTimeField(null=True, blank=True)
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField()
    created_by = ActorKeyField()
    changed_at = models.DateTimeField()

    class Meta:
        verbose_name = "推广清单"
        constraints: ClassVar = [
            CheckConstraint(condition=~Q(title=""), name="promotion_has_title"),
            CheckConstraint(
                condition=Q(token__regex=r"^[A-Za-z0-9_-]{20,43}$"), name="promotion_token_shape"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["organisation", "-id"], name="promotion_of_office"),
        ]

    def __str__(self) -> str:
        return self.title

    def governed_by(self) -> Governance:
        """The office that made it."""
        return Governance(organisations=frozenset({self.organisation_id}))


class PromotionItem(models.Model):
    """A patent on a promotion list."""

    promotion = models.ForeignKey(PromotionList, on_delete=models.CASCADE, related_name="items")
    patent = models.ForeignKey(Patent, on_delete=models.CASCADE, related_name="promotion_items")
    position = models.PositiveSmallIntegerField()
    note = models.CharField("推荐语", max_length=300, blank=True, default="")

    class Meta:
        verbose_name = "清单条目"
        ordering: ClassVar = ["promotion_id", "position", "pk"]
        constraints: ClassVar = [
            UniqueConstraint(fields=["promotion", "patent"], name="promotion_item_once"),
        ]

    def __str__(self) -> str:
        return f"{self.promotion_id}: {self.patent_id}"
