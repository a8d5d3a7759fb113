"""Deals 洽谈成交: who talks with whom about what, and how far they have come."""

from __future__ import annotations

from datetime import date
from typing import ClassVar

import pgtrigger
from django.db import models
from django.db.models import CheckConstraint, F, Q, UniqueConstraint

from core.db import ActorKeyField, both_or_neither
from core.people.types import Actor, Role
from core.permissions import Governance
from licensing.models.licences import Licence
from licensing.rules import deal_kinds, deals, moves, retention
from licensing.rules.deals import DealKind, DealStatus, Party, Waits
from licensing.types import Side

KINDS = [(k.value, deals.KIND_LABELS[k]) for k in DealKind]
LICENCE_KINDS = sorted(k.value for k in deal_kinds.LICENCES)
SIDES = [(p.value, deals.PARTY_LABELS[p]) for p in Party]
STATUSES = [(s.value, deals.DEAL_LABELS[s]) for s in DealStatus]


def among(states: frozenset[DealStatus]) -> list[str]:
    """The states as the database has them, always in one order."""
    return sorted(state.value for state in states)


class DealQuerySet(models.QuerySet["Deal"]):
    """Who sees which deals."""

    def visible_to(self, viewer: Actor) -> DealQuerySet:
        """The two parties; bureau of the holder's region and auditors once terms are agreed."""
        if viewer.is_system:
            return self
        seen = Q(holder_id__in=viewer.acts_for) | Q(taker_id__in=viewer.acts_for)
        agreed = Q(status__in=among(deals.AGREED_DEALS))
        if viewer.has(Role.AUDITOR):
            seen |= agreed
        if viewer.has(Role.BUREAU):
            seen |= agreed & Q(region__startswith=viewer.region)
        return self.filter(seen)


class Deal(models.Model):
    """One matter between the keeper of a patent and who wants it or a right in it."""

    class Origin(models.TextChoices):
        """Where it came from."""

        PATENT = "patent", "专利页询价"
        MATCH = "match", "匹配推荐"
        AUCTION = "auction", "拍卖成交"
        BUNDLE = "bundle", "专利组合"

    patent = models.ForeignKey("listings.Patent", on_delete=models.PROTECT, related_name="+")
    patent_number = models.CharField(max_length=40)
    patent_title = models.CharField(max_length=500)
    holder = models.ForeignKey("core.Organisation", on_delete=models.PROTECT, related_name="+")
    taker = models.ForeignKey("core.Organisation", on_delete=models.PROTECT, related_name="+")
    region = models.CharField("行政区划", max_length=6, blank=True, default="")
    number = models.CharField("洽谈编号", max_length=40, unique=True, null=True, blank=True)
    kind = models.CharField("方式", max_length=16, choices=KINDS)
    # The licence above a sub-licence; its licensee is this deal's holder.
    under = models.ForeignKey(
        Licence, on_delete=models.PROTECT, null=True, blank=True, related_name="deals_under"
    )
    status = models.CharField(
        "状态", max_length=12, default=DealStatus.INTENT.value, choices=STATUSES
    )
    origin = models.CharField("来源", max_length=8, choices=Origin, default=Origin.PATENT)
    match_id = models.BigIntegerField(null=True, blank=True)
    auction_id = models.BigIntegerField(null=True, blank=True, unique=True)
    # A bundle taken as one; `patent` is then the first of its members that stand.
    bundle_id = models.BigIntegerField(null=True, blank=True)
    bundle_title = models.CharField(max_length=120, blank=True, default="", db_default="")
    # The same for all deals that came out of one inquiry on a bundle of several holders.
    inquiry = models.UUIDField(null=True, blank=True, db_index=True, editable=False)
    wish = models.TextField("意向说明", max_length=2000)
    opened_at = models.DateTimeField()
    opened_by = ActorKeyField()
    waits_for = models.CharField(
        "等待", max_length=6, choices=[(w.value, deals.WAITS_LABELS[w]) for w in Waits]
    )
    next_step = models.CharField(max_length=16, blank=True, default="")
    waiting_since = models.DateTimeField()
    agreed_terms = models.ForeignKey(
        "licensing.TermsVersion", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    agreed_at = models.DateTimeField(null=True, blank=True)
    agreed_by = ActorKeyField(null=True, blank=True)
    needs_posting = models.BooleanField(default=False)
    posted_on = models.DateField(null=True, blank=True)
    holder_signer_id = models.BigIntegerField(null=True, blank=True)
    sealed_at = models.DateTimeField(null=True, blank=True)
    sealed_by = ActorKeyField(null=True, blank=True)
    sealed_user_id = models.BigIntegerField(null=True, blank=True)
    effective_on = models.DateField("生效日", null=True, blank=True)
    ends_on = models.DateField("终止日", null=True, blank=True)
    register_number = models.CharField("登记（备案）编号", max_length=40, blank=True, default="")
    registered_on = models.DateField("登记（备案）日", null=True, blank=True)
    registered_at = models.DateTimeField(null=True, blank=True)
    registered_by = ActorKeyField(null=True, blank=True)
    settled_amount = models.DecimalField(
        "到账金额", max_digits=18, decimal_places=2, null=True, blank=True
    )
    settled_on = models.DateField("结清日", null=True, blank=True)
    settled_note = models.CharField("结算凭证", max_length=200, blank=True, default="")
    settled_at = models.DateTimeField(null=True, blank=True)
    settled_by = ActorKeyField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_by = ActorKeyField(null=True, blank=True)
    closed_reason = models.TextField("终止原因", blank=True, default="", max_length=2000)
    # A talk that came to nothing: its parties were told that its words go, and then they went.
    clearing_told_at = models.DateTimeField(null=True, blank=True, editable=False)
    cleared_at = models.DateTimeField("内容清除时间", null=True, blank=True, editable=False)

    objects = DealQuerySet.as_manager()

    class Meta:
        verbose_name = "洽谈"
        constraints: ClassVar = [
            CheckConstraint(
                condition=Q(status__in=[s.value for s in DealStatus]), name="deal_status_known"
            ),
            CheckConstraint(
                condition=Q(kind__in=[k.value for k in DealKind]), name="deal_kind_known"
            ),
            CheckConstraint(condition=~Q(holder=F("taker")), name="deal_two_parties"),
            CheckConstraint(
                condition=Q(kind=DealKind.SUBLICENCE.value, under__isnull=False)
                | (~Q(kind=DealKind.SUBLICENCE.value) & Q(under__isnull=True)),
                name="deal_sublicence_under_one",
            ),
            UniqueConstraint(
                fields=["patent", "taker"],
                condition=Q(status__in=among(deals.OPEN_DEALS)),
                name="one_open_deal_per_taker",
            ),
            UniqueConstraint(
                fields=["bundle_id", "taker", "holder"],
                condition=Q(status__in=among(deals.OPEN_DEALS)),
                name="one_open_deal_per_bundle_party",
            ),
            CheckConstraint(
                condition=Q(bundle_id__isnull=True, bundle_title="")
                | (Q(bundle_id__isnull=False) & ~Q(bundle_title="")),
                name="deal_bundle_named",
            ),
            both_or_neither("agreed_at", "agreed_by", name="deal_agreed_pair"),
            both_or_neither("agreed_at", "agreed_terms", name="deal_agreed_pins_terms"),
            CheckConstraint(
                condition=~Q(status__in=among(deals.AGREED_DEALS))
                | Q(agreed_at__isnull=False),
                name="deal_agreed_whole",
            ),
            CheckConstraint(
                condition=~Q(status=DealStatus.POSTED.value) | Q(posted_on__isnull=False),
                name="deal_posted_whole",
            ),
            CheckConstraint(
                condition=~Q(status__in=among(deals.CONTRACTS), needs_posting=True)
                | Q(posted_on__isnull=False),
                name="deal_signed_after_posting",
            ),
            both_or_neither("sealed_at", "sealed_by", name="deal_sealed_pair"),
            CheckConstraint(
                condition=~Q(status__in=among(deals.CONTRACTS))
                | Q(sealed_at__isnull=False, effective_on__isnull=False),
                name="deal_signed_whole",
            ),
            CheckConstraint(
                condition=Q(sealed_user_id__isnull=True)
                | Q(holder_signer_id__isnull=True)
                | ~Q(sealed_user_id=F("holder_signer_id")),
                name="deal_seal_two_persons",
            ),
            both_or_neither("registered_at", "registered_by", name="deal_registered_pair"),
            CheckConstraint(
                condition=~Q(status__in=["registered", "settled"])
                | (Q(registered_at__isnull=False, registered_on__isnull=False)
                   & ~Q(register_number="")),
                name="deal_registered_whole",
            ),
            both_or_neither("settled_at", "settled_by", name="deal_settled_pair"),
            CheckConstraint(
                condition=~Q(status="settled")
                | Q(settled_at__isnull=False, settled_on__isnull=False, settled_amount__gte=0),
                name="deal_settled_whole",
            ),
            both_or_neither("closed_at", "closed_by", name="deal_closed_pair"),
            CheckConstraint(
                condition=~Q(status__in=among(deals.CLOSED_DEALS))
                | (Q(closed_at__isnull=False) & ~Q(closed_reason="")),
                name="deal_closed_with_reason",
            ),
            CheckConstraint(
                condition=~Q(status=DealStatus.ENDED.value) | ~Q(kind__in=LICENCE_KINDS),
                name="deal_ended_without_licence",
            ),
            CheckConstraint(
                condition=Q(ends_on__isnull=True) | Q(ends_on__gte=F("effective_on")),
                name="deal_term_forward",
            ),
            CheckConstraint(
                condition=Q(cleared_at__isnull=True)
                | (Q(status__in=among(retention.FOR_NOTHING), sealed_at__isnull=True)
                   & Q(clearing_told_at__isnull=False, clearing_told_at__lt=F("cleared_at"))),
                name="deal_cleared_of_nothing_told_before",
            ),
        ]  # fmt: skip
        indexes: ClassVar = [
            models.Index(fields=["holder", "-id"], name="deal_holder"),
            models.Index(fields=["taker", "-id"], name="deal_taker"),
            models.Index(fields=["patent", "status"], name="deal_patent"),
            models.Index(fields=["status", "region"], name="deal_region"),
        ]
        triggers: ClassVar = [
            pgtrigger.FSM(
                name="deal_moves", field="status", transitions=moves.transitions(deals.DEAL_MOVES)
            ),
        ]

    def __str__(self) -> str:
        return self.number or f"洽谈 {self.pk}"

    def governed_by(self) -> Governance:
        """Either party's affair."""
        return Governance(
            organisations=frozenset({self.holder_id, self.taker_id}), region=self.region
        )

    def side(self, party: str) -> Side:
        """What only this party may do."""
        return Side(self.holder_id if party == Party.HOLDER else self.taker_id, self.region)

    @property
    def kept_until(self) -> date | None:
        """The last day on which the words of a talk that came to nothing are kept."""
        if self.status not in retention.FOR_NOTHING or self.closed_at is None:
            return None
        return retention.kept_until(self.closed_at, self.clearing_told_at)

    @property
    def step_text(self) -> str:
        """What it needs next, in words."""
        return deals.STEPS.get(self.next_step, "")

    @property
    def effect(self) -> deal_kinds.Effect:
        """What it does to the patents."""
        return deal_kinds.KINDS[DealKind(self.kind)].effect

    @property
    def is_licence(self) -> bool:
        """Whether a right of use is granted, and not the patent itself."""
        return self.effect is deal_kinds.Effect.LICENCE

    @property
    def contract_type(self) -> str:
        """The type of technology contract it is registered as (CC843)."""
        return deal_kinds.KINDS[DealKind(self.kind)].contract


class DealItem(models.Model):
    """One patent of an agreed deal: its posting, and what binds it once the deal is signed."""

    deal = models.ForeignKey(Deal, on_delete=models.PROTECT, related_name="items")
    patent = models.ForeignKey("listings.Patent", on_delete=models.PROTECT, related_name="+")
    position = models.PositiveSmallIntegerField()
    side = models.CharField(  # whose patent it is: the taker's own in a cross-licence
        max_length=6, choices=SIDES, default=Party.HOLDER.value, db_default=Party.HOLDER.value
    )
    patent_number = models.CharField(max_length=40)
    patent_title = models.CharField(max_length=500)
    posting = models.ForeignKey(
        "listings.Posting", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    posted_on = models.DateField(null=True, blank=True)
    encumbrance = models.OneToOneField(
        "listings.Encumbrance", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    licence = models.OneToOneField(
        Licence, on_delete=models.PROTECT, null=True, blank=True, related_name="deal_item"
    )
    holds_transfer = models.BooleanField(default=False)

    class Meta:
        verbose_name = "洽谈的专利"
        ordering: ClassVar = ["deal", "position"]
        constraints: ClassVar = [
            UniqueConstraint(fields=["deal", "patent"], name="deal_item_once"),
            CheckConstraint(
                condition=Q(side__in=[p.value for p in Party]), name="deal_item_side_known"
            ),
            UniqueConstraint(
                fields=["patent"],
                condition=Q(holds_transfer=True),
                name="one_signed_transfer_per_patent",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.patent_number}"


class DealMessage(models.Model):
    """What one party wrote to the other; never changed."""

    deal = models.ForeignKey(Deal, on_delete=models.PROTECT, related_name="messages")
    side = models.CharField(max_length=6, choices=SIDES)
    text = models.TextField(max_length=4000)
    attachment = models.ForeignKey(
        "core.Attachment", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    sent_at = models.DateTimeField()
    sent_by = ActorKeyField()

    class Meta:
        verbose_name = "洽谈消息"
        ordering: ClassVar = ["sent_at", "id"]
        constraints: ClassVar = [
            CheckConstraint(
                condition=~Q(text="") | Q(attachment__isnull=False), name="deal_message_not_empty"
            ),
        ]
        triggers: ClassVar = [
            pgtrigger.Protect(
                name="deal_message_fixed", operation=pgtrigger.Update | pgtrigger.Delete
            ),
        ]

    def __str__(self) -> str:
        return f"{self.deal_id} {self.side}"


class DealApproval(models.Model):
    """A paper from outside without which the deal must not be signed."""

    deal = models.ForeignKey(Deal, on_delete=models.PROTECT, related_name="approvals")
    kind = models.CharField(
        max_length=8, choices=[(k.value, deals.APPROVAL_LABELS[k]) for k in deals.ApprovalKind]
    )
    authority = models.CharField("批准机构", max_length=120)
    number = models.CharField("批准文号", max_length=80)
    approved_on = models.DateField("批准日期")
    attachment = models.ForeignKey("core.Attachment", on_delete=models.PROTECT, related_name="+")
    recorded_at = models.DateTimeField()
    recorded_by = ActorKeyField()

    class Meta:
        verbose_name = "批准文件"
        constraints: ClassVar = [
            UniqueConstraint(fields=["deal", "kind"], name="deal_approval_once"),
            CheckConstraint(
                condition=~Q(authority="") & ~Q(number=""), name="deal_approval_named"
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return self.get_kind_display()
