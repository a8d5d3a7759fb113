"""Patents, their holders and their listings; who sees which."""

from __future__ import annotations

from typing import ClassVar

import pgtrigger
from django.contrib.postgres.fields import (
    ArrayField,
)
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.db.models import CheckConstraint, Exists, F, OuterRef, Q, UniqueConstraint, Value
from django.db.models.functions import Upper
from pgvector.django import VectorField

from core.db import ActorKeyField, both_or_neither
from core.people.types import Actor, Role
from core.permissions import Governance
from listings import types
from listings.models.choices import (
    Consent,
    EvaluationVerdict,
    HolderKind,
    Layer,
    ListingStatus,
    PatentKind,
    PatentStatus,
    Route,
)
from listings.rules import moves

EMBEDDING_WIDTH = 256
# What the database itself puts into a row of code that does not know these columns yet.
_JSON = models.JSONField()
_SCENES = ArrayField(models.CharField(max_length=60))
_KEYS = ArrayField(models.BigIntegerField())


LISTED = types.ListingStatus.LISTED.value


def sees_all(actor: Actor) -> bool:
    """The platform itself and auditors see everything; each read of an auditor is logged."""
    return actor.is_system or actor.has(Role.AUDITOR)


def oversees(actor: Actor, region: str) -> bool:
    """Whether the actor is a bureau whose prefix covers the region."""
    return actor.has(Role.BUREAU) and region.startswith(actor.region)


def stands_under(actor: Actor, prefix: str = "") -> Q | None:
    """The patents an actor owns, shares, has a right in or oversees; None means all of them.

    `prefix` is the path from the row to its patent, with its trailing underscores.
    """
    if sees_all(actor):
        return None
    mine = Q(**{f"{prefix}organisation_id__in": actor.acts_for})
    if actor.acts_for:
        mine |= Q(**{f"{prefix}holders__organisation_id__in": actor.acts_for})
        mine |= Q(**{f"{prefix}encumbrances__party_id__in": actor.acts_for})
    if actor.has(Role.BUREAU):
        mine |= Q(**{f"{prefix}region__startswith": actor.region})
    return mine


class PatentQuerySet(models.QuerySet["Patent"]):
    """Rows of patents, narrowed by who looks."""

    def kept(self) -> PatentQuerySet:
        """Without those whose import was undone."""
        return self.filter(removed_at__isnull=True)

    def visible_to(self, actor: Actor) -> PatentQuerySet:
        """Anyone sees what is listed; holders their own, bureaus their region, auditors all."""
        mine = stands_under(actor)
        if mine is None:
            return self.kept()
        # EXISTS, not IN: a page about one patent must not hash the whole board first.
        on_board = Listing.objects.filter(patent=OuterRef("pk"), status=LISTED)
        seen = Q(Exists(on_board))
        if actor.acts_for or actor.has(Role.BUREAU):
            seen |= Q(Exists(Patent.objects.filter(mine, pk=OuterRef("pk"))))
        return self.kept().filter(seen)

    def managed_by(self, actor: Actor) -> PatentQuerySet:
        """The stock of the organisations that the actor acts for."""
        return self.kept().filter(organisation_id__in=actor.acts_for)


class Patent(models.Model):
    """A patent or application 专利 as it stands in the library."""

    office = models.CharField("受理局", max_length=2, default="CN")
    number = models.CharField("申请号/专利号", max_length=20, null=True, blank=True)  # noqa: DJ001  no number is a state of its own: 待核实
    publication_numbers = ArrayField(
        models.CharField(max_length=20), default=list, blank=True, verbose_name="公开/公告号"
    )
    title = models.CharField("名称", max_length=500)
    abstract = models.TextField("摘要", blank=True, default="")
    kind = models.CharField("类型", max_length=20, choices=PatentKind)
    filed_on = models.DateField("申请日", null=True, blank=True)
    granted_on = models.DateField("授权公告日", null=True, blank=True)
    expires_on = models.DateField("期限届满日", null=True, blank=True)
    annuity_paid_to = models.DateField("年费缴至", null=True, blank=True)
    ipc = ArrayField(models.CharField(max_length=16), default=list, blank=True)
    main_ipc = models.CharField("主分类号", max_length=16, blank=True, default="")
    locarno = ArrayField(models.CharField(max_length=5), default=list, blank=True)
    industry_codes = ArrayField(models.CharField(max_length=5), default=list, blank=True)
    trl = models.PositiveSmallIntegerField("技术成熟度", null=True, blank=True)
    funding_project = models.CharField("资助项目", max_length=300, blank=True, default="")
    evaluation_verdict = models.CharField(
        "评价报告结论", max_length=10, choices=EvaluationVerdict, blank=True, default=""
    )
    evaluation_on = models.DateField("评价报告日", null=True, blank=True)
    status = models.CharField(
        "法律状态", max_length=12, choices=PatentStatus, default=PatentStatus.UNVERIFIED
    )
    organisation = models.ForeignKey(
        "core.Organisation",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="管理单位",
    )
    region = models.CharField("行政区划", max_length=6, blank=True, default="")
    layer = models.CharField("分层", max_length=1, choices=Layer, default=Layer.C)
    layer_by_hand = models.BooleanField("人工分层", default=False, db_default=False)
    family_size = models.PositiveSmallIntegerField("同族数", null=True, blank=True)
    cited_by = models.PositiveIntegerField("被引次数", null=True, blank=True)
    embedding = VectorField(dimensions=EMBEDDING_WIDTH, null=True, editable=False)
    search = SearchVectorField(null=True, editable=False)
    indexed_at = models.DateTimeField(null=True, editable=False)
    is_sample = models.BooleanField("示例", default=False)
    version = models.PositiveIntegerField(default=1)
    registered_at = models.DateTimeField()
    registered_by = ActorKeyField()
    changed_at = models.DateTimeField()
    removed_at = models.DateTimeField(null=True, blank=True)
    removed_by = ActorKeyField(null=True, blank=True)

    objects = PatentQuerySet.as_manager()

    class Meta:
        verbose_name = "专利"
        constraints: ClassVar = [
            UniqueConstraint(
                fields=["office", "number"],
                condition=Q(removed_at__isnull=True),
                name="patent_number_once",
            ),
            CheckConstraint(
                condition=~Q(office="CN")
                | Q(number__isnull=True)
                | Q(number__regex=r"^([0-9]{12}[0-9X]|[0-9]{8}[0-9X]|8[5-8][0-9]{6})$"),
                name="patent_number_canonical",
            ),
            CheckConstraint(
                condition=Q(status=types.PatentStatus.UNVERIFIED) | Q(number__isnull=False),
                name="patent_without_number_is_unverified",
            ),
            CheckConstraint(condition=~Q(title=""), name="patent_has_title"),
            CheckConstraint(condition=Q(kind__in=PatentKind.values), name="patent_kind_known"),
            CheckConstraint(
                condition=Q(status__in=PatentStatus.values), name="patent_status_known"
            ),
            CheckConstraint(condition=Q(layer__in=Layer.values), name="patent_layer_known"),
            CheckConstraint(
                condition=Q(trl__isnull=True) | Q(trl__range=(1, 9)), name="patent_trl_1_to_9"
            ),
            CheckConstraint(
                condition=Q(region__regex=r"^([0-9]{6})?$"), name="patent_region_shape"
            ),
            CheckConstraint(
                condition=Q(granted_on__isnull=True)
                | Q(filed_on__isnull=True)
                | Q(granted_on__gte=F("filed_on")),
                name="patent_granted_after_filed",
            ),
            CheckConstraint(
                condition=Q(expires_on__isnull=True)
                | Q(filed_on__isnull=True)
                | Q(expires_on__gt=F("filed_on")),
                name="patent_expires_after_filed",
            ),
            CheckConstraint(
                condition=(Q(evaluation_verdict="") & Q(evaluation_on__isnull=True))
                | (
                    Q(evaluation_verdict__in=EvaluationVerdict.values)
                    & Q(evaluation_on__isnull=False)
                ),
                name="patent_evaluation_pair",
            ),
            both_or_neither("removed_at", "removed_by", name="patent_removed_pair"),
        ]
        indexes: ClassVar = [
            GinIndex(fields=["ipc"], name="patent_ipc"),
            GinIndex(fields=["industry_codes"], name="patent_industries"),
            GinIndex(fields=["publication_numbers"], name="patent_publications"),
            GinIndex(fields=["search"], name="patent_search"),
            GinIndex(OpClass(Upper("number"), name="gin_trgm_ops"), name="patent_number_part"),
            models.Index(fields=["organisation", "status"], name="patent_organisation"),
            models.Index(
                fields=["region"], name="patent_region", opclasses=["varchar_pattern_ops"]
            ),
            models.Index(
                fields=["expires_on"],
                condition=Q(status=types.PatentStatus.GRANTED),
                name="patent_next_to_expire",
            ),
            models.Index(
                fields=["annuity_paid_to", "id"],
                condition=Q(status=types.PatentStatus.GRANTED),
                name="patent_next_annuity",
            ),
            models.Index(
                fields=["granted_on", "id"],
                condition=Q(status=types.PatentStatus.GRANTED),
                name="patent_longest_granted",
            ),
            models.Index(
                fields=["id"], condition=Q(indexed_at__isnull=True), name="patent_unindexed"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.number or '待核实'} {self.title}"

    def governed_by(self) -> Governance:
        """The managing organisation may act on it, and the bureau of its region may oversee it."""
        organisations = () if self.organisation_id is None else (self.organisation_id,)
        return Governance(organisations=frozenset(organisations), region=self.region)


class Holder(models.Model):
    """A patentee 专利权人, with the share and the consent of a co-owner."""

    patent = models.ForeignKey(Patent, on_delete=models.CASCADE, related_name="holders")
    position = models.PositiveSmallIntegerField(default=0)
    name = models.CharField("名称", max_length=200)
    kind = models.CharField("类型", max_length=12, choices=HolderKind)
    share = models.DecimalField("份额", max_digits=5, decimal_places=2, null=True, blank=True)
    consent = models.CharField("共有人同意", max_length=4, choices=Consent, default=Consent.NONE)
    organisation = models.ForeignKey(
        "core.Organisation", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )

    class Meta:
        verbose_name = "专利权人"
        ordering: ClassVar = ["patent_id", "position", "pk"]
        constraints: ClassVar = [
            UniqueConstraint(fields=["patent", "name"], name="holder_once_per_patent"),
            CheckConstraint(
                condition=Q(share__isnull=True) | Q(share__gt=0, share__lte=100),
                name="holder_share_0_to_100",
            ),
            CheckConstraint(condition=~Q(name=""), name="holder_has_name"),
            CheckConstraint(condition=Q(kind__in=HolderKind.values), name="holder_kind_known"),
            CheckConstraint(condition=Q(consent__in=Consent.values), name="holder_consent_known"),
        ]
        indexes: ClassVar = [
            GinIndex(OpClass("name", name="gin_trgm_ops"), name="holder_name_part"),
        ]

    def __str__(self) -> str:
        return self.name


class ListingQuerySet(models.QuerySet["Listing"]):
    """Rows of listings, narrowed by who looks."""

    def on_board(self) -> ListingQuerySet:
        """What the public board shows."""
        return self.filter(status=LISTED, patent__removed_at__isnull=True)

    def visible_to(self, actor: Actor) -> ListingQuerySet:
        """Anyone sees the board; holders their own, bureaus what was published, auditors all."""
        kept = self.filter(patent__removed_at__isnull=True)
        if sees_all(actor):
            return kept
        seen = Q(status=LISTED)
        if actor.acts_for:
            seen |= Q(patent__organisation_id__in=actor.acts_for)
        if actor.has(Role.BUREAU):
            seen |= Q(patent__region__startswith=actor.region, published_at__isnull=False)
        return kept.filter(seen)


class Listing(models.Model):
    """An offer 挂牌 of one patent, with its sheet in plain words."""

    patent = models.ForeignKey(Patent, on_delete=models.PROTECT, related_name="listings")
    status = models.CharField(max_length=10, choices=ListingStatus, default=ListingStatus.DRAFT)
    problem = models.TextField("解决什么问题", blank=True, default="")
    how = models.TextField("怎样解决", blank=True, default="")
    benefit = models.TextField("效果与数据", blank=True, default="")
    maturity = models.CharField("成熟程度", max_length=300, blank=True, default="")
    routes = ArrayField(models.CharField(max_length=20, choices=Route), default=list, blank=True)
    asking_price = models.DecimalField(
        "意向价格（元）", max_digits=18, decimal_places=2, null=True, blank=True
    )
    contact = models.CharField("联系方式", max_length=200, blank=True, default="")
    summary = models.CharField(
        "一句话简介", max_length=80, blank=True, default="", db_default=Value("")
    )
    gains = models.JSONField("量化收益", blank=True, default=list, db_default=Value([], _JSON))
    contrasts = models.JSONField(
        "与常规方案对比", blank=True, default=list, db_default=Value([], _JSON)
    )
    scenes = ArrayField(
        models.CharField(max_length=60),
        verbose_name="应用场景",
        blank=True,
        default=list,
        db_default=Value([], _SCENES),
    )
    files = ArrayField(
        models.BigIntegerField(),
        verbose_name="公开的附件",
        blank=True,
        default=list,
        db_default=Value([], _KEYS),
    )
    suspended_because = models.CharField("暂停原因", max_length=200, blank=True, default="")
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField()
    created_by = ActorKeyField()
    published_at = models.DateTimeField(null=True, blank=True)
    published_by = ActorKeyField(null=True, blank=True)
    changed_at = models.DateTimeField()

    objects = ListingQuerySet.as_manager()

    class Meta:
        verbose_name = "挂牌"
        constraints: ClassVar = [
            both_or_neither("published_at", "published_by", name="listing_published_pair"),
            UniqueConstraint(
                fields=["patent"],
                condition=Q(status__in=sorted(moves.LIVE_LISTING)),
                name="one_live_listing",
            ),
            CheckConstraint(
                condition=Q(status__in=ListingStatus.values), name="listing_status_known"
            ),
            CheckConstraint(
                condition=~Q(status__in=[LISTED, types.ListingStatus.CONVERTED])
                | Q(published_at__isnull=False),
                name="listing_listed_was_published",
            ),
            CheckConstraint(
                condition=Q(asking_price__isnull=True) | Q(asking_price__gte=0),
                name="listing_price_not_negative",
            ),
            CheckConstraint(
                condition=Q(routes__contained_by=Route.values), name="listing_routes_known"
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["-published_at", "id"],
                condition=Q(status=LISTED),
                name="listing_newest",
            ),
            models.Index(
                fields=["asking_price"],
                condition=Q(status=LISTED),
                name="listing_price",
            ),
        ]
        triggers: ClassVar = [
            pgtrigger.FSM(
                name="listing_moves",
                field="status",
                transitions=moves.pairs(moves.LISTING_MOVES),
            )
        ]

    def __str__(self) -> str:
        return f"{self.patent_id} {self.status}"

    def governed_by(self) -> Governance:
        """Whoever governs the patent governs its listing."""
        return self.patent.governed_by()


class Favourite(models.Model):
    """A patent that a person keeps an eye on 收藏."""

    user = models.ForeignKey("core.User", on_delete=models.CASCADE, related_name="+")
    patent = models.ForeignKey(Patent, on_delete=models.CASCADE, related_name="favourites")
    created_at = models.DateTimeField()

    class Meta:
        verbose_name = "收藏"
        constraints: ClassVar = [
            UniqueConstraint(fields=["user", "patent"], name="favourite_once"),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} ♥ {self.patent_id}"
