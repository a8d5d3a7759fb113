"""Auctions, their bids and the objections to them: announced terms and bids are never rewritten."""

from __future__ import annotations

from functools import reduce
from operator import or_
from typing import ClassVar

import pgtrigger
from django.db import models
from django.db.models import CheckConstraint, F, Q, UniqueConstraint

from core.db import ActorKeyField, both_or_neither
from core.people.types import Actor, Role
from core.permissions import Governance
from listings.models.patents import Patent, sees_all
from listings.rules import auctions as rules
from listings.rules import moves
from listings.types import Action


class AuctionStatus(models.TextChoices):
    DRAFT = rules.AuctionStatus.DRAFT.value, "草稿"
    ANNOUNCED = rules.AuctionStatus.ANNOUNCED.value, "公示中"
    OPEN = rules.AuctionStatus.OPEN.value, "竞价中"
    CLOSED = rules.AuctionStatus.CLOSED.value, "已截止，待定"
    AWARDED = rules.AuctionStatus.AWARDED.value, "已成交"
    FAILED = rules.AuctionStatus.FAILED.value, "未成交"
    CANCELLED = rules.AuctionStatus.CANCELLED.value, "已取消"


class Method(models.TextChoices):
    SEALED = rules.Method.SEALED.value, "密封报价"
    OPEN = rules.Method.OPEN.value, "公开竞价"


class Right(models.TextChoices):
    TRANSFER = Action.TRANSFER.value, "转让"
    EXCLUSIVE = Action.LICENSE_EXCLUSIVE.value, "独占许可"
    SOLE = Action.LICENSE_SOLE.value, "排他许可"
    ORDINARY = Action.LICENSE_ORDINARY.value, "普通许可"


class ObjectionStatus(models.TextChoices):
    PENDING = rules.ObjectionStatus.PENDING.value, "待答复"
    UPHELD = rules.ObjectionStatus.UPHELD.value, "异议成立"
    DISMISSED = rules.ObjectionStatus.DISMISSED.value, "异议不成立"


TERMS = (
    "organisation", "region", "title", "right", "licence_months", "method", "start_price", "step",
    "reserve_price", "reserve_shown", "deposit", "extend_minutes", "names_winner", "terms",
    "contact", "opens_at", "closes_at",
)  # fmt: skip


def changed(*fields: str) -> pgtrigger.Q:
    """Whether an update changes one of these columns."""
    return reduce(or_, (pgtrigger.Q(**{f"old__{f}__df": pgtrigger.F(f"new__{f}")}) for f in fields))


class AuctionQuerySet(models.QuerySet["Auction"]):
    """Rows of auctions, narrowed by who looks."""

    def visible_to(self, actor: Actor) -> AuctionQuerySet:
        """Anyone sees what was announced; sellers their drafts, auditors all."""
        if sees_all(actor):
            return self
        seen = Q(announced_at__isnull=False)
        if actor.acts_for and actor.has(Role.OFFICE, Role.BROKER):
            seen |= Q(organisation_id__in=actor.acts_for)
        return self.filter(seen)


class Auction(models.Model):
    """A right in one or several patents, put up for bids 拍卖."""

    organisation = models.ForeignKey(
        "core.Organisation", on_delete=models.PROTECT, related_name="+", verbose_name="处置单位"
    )
    region = models.CharField("行政区划", max_length=6, blank=True, default="")
    title = models.CharField("标题", max_length=200)
    right = models.CharField("标的", max_length=20, choices=Right)
    licence_months = models.PositiveSmallIntegerField("许可期限（月）", null=True, blank=True)
    method = models.CharField("方式", max_length=8, choices=Method)
    start_price = models.DecimalField("起拍价", max_digits=18, decimal_places=2)
    step = models.DecimalField("加价幅度", null=True, blank=True, max_digits=18, decimal_places=2)
    reserve_price = models.DecimalField(
        "保留价", null=True, blank=True, max_digits=18, decimal_places=2
    )
    reserve_shown = models.BooleanField("公开保留价", default=False)
    deposit = models.DecimalField("保证金", null=True, blank=True, max_digits=18, decimal_places=2)
    extend_minutes = models.PositiveSmallIntegerField("延时（分钟）", default=0)
    names_winner = models.BooleanField("公布成交人名称", default=False)
    terms = models.TextField("竞买须知")
    contact = models.CharField("联系方式", max_length=200, blank=True, default="")
    opens_at = models.DateTimeField("开始时间")
    closes_at = models.DateTimeField("公告的截止时间")
    ends_at = models.DateTimeField("实际截止时间")
    status = models.CharField(max_length=10, choices=AuctionStatus, default=AuctionStatus.DRAFT)
    notice_days = models.PositiveSmallIntegerField("公示天数下限", null=True, blank=True)
    announced_at = models.DateTimeField(null=True, blank=True)
    announced_by = ActorKeyField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = ActorKeyField(null=True, blank=True)
    winning_bid = models.ForeignKey(
        "listings.Bid", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    price = models.DecimalField("成交价", null=True, blank=True, max_digits=18, decimal_places=2)
    sign_by = models.DateField("签约期限", null=True, blank=True)
    because = models.CharField("未成交或取消的原因", max_length=500, blank=True, default="")
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField()
    created_by = ActorKeyField()
    changed_at = models.DateTimeField()
    patents = models.ManyToManyField(Patent, through="AuctionLot", related_name="auctions")

    objects = AuctionQuerySet.as_manager()

    class Meta:
        verbose_name = "拍卖"
        constraints: ClassVar = [
            CheckConstraint(
                condition=Q(status__in=AuctionStatus.values), name="auction_status_known"
            ),
            CheckConstraint(condition=Q(method__in=Method.values), name="auction_method_known"),
            CheckConstraint(condition=Q(right__in=Right.values), name="auction_right_known"),
            CheckConstraint(
                condition=Q(right=Right.TRANSFER, licence_months__isnull=True)
                | (
                    ~Q(right=Right.TRANSFER)
                    & Q(licence_months__isnull=False, licence_months__gte=1)
                ),
                name="auction_licence_has_a_term",
            ),
            CheckConstraint(
                condition=Q(start_price__gte=0)
                & (Q(step__isnull=True) | Q(step__gt=0))
                & (Q(reserve_price__isnull=True) | Q(reserve_price__gte=F("start_price")))
                & (Q(deposit__isnull=True) | Q(deposit__gte=0)),
                name="auction_sums_make_sense",
            ),
            CheckConstraint(
                condition=Q(method=Method.SEALED) | Q(step__isnull=False),
                name="auction_open_has_a_step",
            ),
            CheckConstraint(
                condition=Q(closes_at__gt=F("opens_at")) & Q(ends_at__gte=F("closes_at")),
                name="auction_opens_then_closes",
            ),
            both_or_neither("announced_at", "announced_by", name="auction_announced_pair"),
            both_or_neither("decided_at", "decided_by", name="auction_decided_pair"),
            CheckConstraint(
                condition=Q(status__in=[AuctionStatus.DRAFT, AuctionStatus.CANCELLED])
                | Q(announced_at__isnull=False, notice_days__isnull=False),
                name="auction_public_was_announced",
            ),
            CheckConstraint(
                condition=Q(
                    status=AuctionStatus.AWARDED,
                    winning_bid__isnull=False,
                    price__isnull=False,
                    decided_at__isnull=False,
                    sign_by__isnull=False,
                )
                | (
                    ~Q(status=AuctionStatus.AWARDED)
                    & Q(winning_bid__isnull=True, price__isnull=True, sign_by__isnull=True)
                ),
                name="auction_award_is_whole",
            ),
            CheckConstraint(
                condition=~Q(status__in=[AuctionStatus.FAILED, AuctionStatus.CANCELLED])
                | (~Q(because="") & Q(decided_at__isnull=False)),
                name="auction_end_says_why",
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["ends_at"],
                condition=Q(status__in=sorted(rules.LIVE)),
                name="auction_next_to_settle",
            ),
            models.Index(fields=["organisation", "-id"], name="auction_of_seller"),
        ]
        triggers: ClassVar = [
            pgtrigger.FSM(
                name="auction_moves",
                field="status",
                transitions=moves.pairs(rules.AUCTION_MOVES),
            ),
            pgtrigger.Protect(
                name="auction_terms_stand",
                operation=pgtrigger.Update,
                condition=~pgtrigger.Q(old__status=rules.AuctionStatus.DRAFT.value)
                & changed(*TERMS),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.title} {self.status}"

    def governed_by(self) -> Governance:
        """Whoever sells."""
        return Governance(organisations=frozenset({self.organisation_id}), region=self.region)


class AuctionLot(models.Model):
    """A patent that is part of what is put up; in one live auction at a time."""

    auction = models.ForeignKey(Auction, on_delete=models.CASCADE, related_name="lots")
    patent = models.ForeignKey(Patent, on_delete=models.PROTECT, related_name="lots")
    position = models.PositiveSmallIntegerField(default=0)
    live = models.BooleanField(default=False)

    class Meta:
        verbose_name = "拍卖标的"
        ordering: ClassVar = ["auction_id", "position", "pk"]
        constraints: ClassVar = [
            UniqueConstraint(fields=["auction", "patent"], name="lot_once"),
            UniqueConstraint(
                fields=["patent"], condition=Q(live=True), name="lot_one_live_auction"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.auction_id}: {self.patent_id}"


class Bid(models.Model):
    """A binding bid 出价. It is added, opened once if it was sealed, and never taken back."""

    auction = models.ForeignKey(Auction, on_delete=models.PROTECT, related_name="bids")
    organisation = models.ForeignKey(
        "core.Organisation", on_delete=models.PROTECT, related_name="+", verbose_name="竞买人"
    )
    token = models.CharField(max_length=80)
    is_sealed = models.BooleanField()
    sealed = models.BinaryField(null=True, blank=True)
    amount = models.DecimalField("金额", null=True, blank=True, max_digits=18, decimal_places=2)
    placed_at = models.DateTimeField("到达时间")
    placed_by = ActorKeyField()

    class Meta:
        verbose_name = "出价"
        ordering: ClassVar = ["auction_id", "pk"]
        constraints: ClassVar = [
            UniqueConstraint(
                fields=["auction", "organisation", "token"], name="bid_once_per_submission"
            ),
            UniqueConstraint(
                fields=["auction", "organisation"],
                condition=Q(is_sealed=True),
                name="bid_sealed_once_each",
            ),
            UniqueConstraint(
                fields=["auction", "amount"],
                condition=Q(is_sealed=False),
                name="bid_open_ascends",
            ),
            CheckConstraint(
                condition=Q(is_sealed=True, sealed__isnull=False)
                | Q(is_sealed=False, sealed__isnull=True, amount__isnull=False),
                name="bid_sealed_or_open",
            ),
            CheckConstraint(
                condition=Q(amount__isnull=True) | Q(amount__gte=0), name="bid_not_negative"
            ),
            CheckConstraint(condition=~Q(token=""), name="bid_has_a_token"),
        ]
        triggers: ClassVar = [
            pgtrigger.Protect(name="bid_is_never_taken_back", operation=pgtrigger.Delete),
            pgtrigger.ReadOnly(name="bid_is_binding", exclude=["amount"]),
            pgtrigger.Protect(
                name="bid_is_opened_once",
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__amount__isnull=False) & changed("amount"),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.organisation_id} → {self.auction_id}"


class Objection(models.Model):
    """An objection raised while something is posted 公示期异议, and its answer."""

    auction = models.ForeignKey(
        Auction, on_delete=models.PROTECT, null=True, blank=True, related_name="objections"
    )
    posting = models.ForeignKey(
        "listings.Posting",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="objections",
    )
    organisation = models.ForeignKey(
        "core.Organisation", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    text = models.TextField("异议内容")
    contact = models.CharField("联系方式", max_length=200, blank=True, default="")
    status = models.CharField(
        max_length=10, choices=ObjectionStatus, default=ObjectionStatus.PENDING
    )
    answer = models.TextField("答复", blank=True, default="")
    raised_at = models.DateTimeField()
    raised_by = ActorKeyField()
    raiser_id = models.BigIntegerField(null=True)
    answered_at = models.DateTimeField(null=True, blank=True)
    answered_by = ActorKeyField(null=True, blank=True)

    class Meta:
        verbose_name = "公示异议"
        ordering: ClassVar = ["raised_at", "pk"]
        constraints: ClassVar = [
            CheckConstraint(condition=~Q(text=""), name="objection_says_something"),
            CheckConstraint(
                condition=Q(auction__isnull=False, posting__isnull=True)
                | Q(auction__isnull=True, posting__isnull=False),
                name="objection_is_about_one_thing",
            ),
            CheckConstraint(
                condition=Q(status__in=ObjectionStatus.values), name="objection_status_known"
            ),
            both_or_neither("answered_at", "answered_by", name="objection_answered_pair"),
            CheckConstraint(
                condition=Q(status=ObjectionStatus.PENDING, answered_at__isnull=True)
                | (
                    ~Q(status=ObjectionStatus.PENDING)
                    & Q(answered_at__isnull=False)
                    & ~Q(answer="")
                ),
                name="objection_decided_is_answered",
            ),
        ]
        triggers: ClassVar = [
            pgtrigger.FSM(
                name="objection_moves",
                field="status",
                transitions=moves.pairs(rules.OBJECTION_MOVES),
            )
        ]

    def __str__(self) -> str:
        return f"{self.auction_id or self.posting_id}: {self.status}"
