"""Service institutions' lists 推荐清单: patents that somebody chose for a need, and why each."""

from __future__ import annotations

from typing import ClassVar

import pgtrigger
from django.db import models
from django.db.models import CheckConstraint, F, Q, UniqueConstraint

from core.db import ActorKeyField, both_or_neither
from core.people.types import Actor
from core.permissions import Governance
from matching.models.choices import Rejection
from matching.models.demands import sees_all
from matching.rules import pairs
from matching.rules import shortlists as rules

_SENT = rules.ShortlistStatus.SENT.value
_DRAFT = rules.ShortlistStatus.DRAFT.value


class ShortlistStatus(models.TextChoices):
    DRAFT = rules.ShortlistStatus.DRAFT.value, "草稿"
    SENT = rules.ShortlistStatus.SENT.value, "已发送"
    WITHDRAWN = rules.ShortlistStatus.WITHDRAWN.value, "已撤回"


class ShortlistQuerySet(models.QuerySet["Shortlist"]):
    """Lists, narrowed by who looks."""

    def visible_to(self, actor: Actor) -> ShortlistQuerySet:
        """The sender's own; what was sent, the firm's and its agents'."""
        if sees_all(actor):
            return self
        sent = Q(sent_at__isnull=False, need__organisation_id__in=actor.acts_for)
        return self.filter(Q(sender_id=actor.organisation_id) | sent)


class Shortlist(models.Model):
    """One institution's answer to one need: up to twenty patents, best first."""

    need = models.ForeignKey("matching.Need", on_delete=models.PROTECT, related_name="shortlists")
    sender = models.ForeignKey("core.Organisation", on_delete=models.PROTECT, related_name="+")
    firm = models.ForeignKey("core.Organisation", on_delete=models.PROTECT, related_name="+")
    under_mandate = models.BooleanField("受企业委托", default=False)
    status = models.CharField(max_length=10, choices=ShortlistStatus, default=ShortlistStatus.DRAFT)
    note = models.CharField("总的说明", max_length=rules.LONGEST_NOTE, blank=True, default="")
    because = models.CharField("撤回原因", max_length=rules.LONGEST_BECAUSE, blank=True, default="")
    is_sample = models.BooleanField("示例", default=False)
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField()
    created_by = ActorKeyField()
    changed_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True, blank=True)
    sent_by = ActorKeyField(null=True, blank=True)
    read_at = models.DateTimeField(null=True, blank=True)
    read_by = ActorKeyField(null=True, blank=True)
    withdrawn_at = models.DateTimeField(null=True, blank=True)
    withdrawn_by = ActorKeyField(null=True, blank=True)

    objects = ShortlistQuerySet.as_manager()

    class Meta:
        verbose_name = "推荐清单"
        constraints: ClassVar = [
            both_or_neither("sent_at", "sent_by", name="shortlist_sent_pair"),
            both_or_neither("read_at", "read_by", name="shortlist_read_pair"),
            both_or_neither("withdrawn_at", "withdrawn_by", name="shortlist_withdrawn_pair"),
            CheckConstraint(
                condition=Q(status__in=ShortlistStatus.values), name="shortlist_status_known"
            ),
            CheckConstraint(
                condition=~Q(status=_SENT) | Q(sent_at__isnull=False),
                name="shortlist_sent_when",
            ),
            CheckConstraint(
                condition=~Q(status=_DRAFT) | Q(sent_at__isnull=True),
                name="shortlist_draft_unsent",
            ),
            CheckConstraint(
                condition=Q(status="withdrawn", withdrawn_at__isnull=False)
                | (~Q(status="withdrawn") & Q(withdrawn_at__isnull=True)),
                name="shortlist_withdrawn_when",
            ),
            CheckConstraint(
                condition=Q(read_at__isnull=True) | Q(sent_at__isnull=False),
                name="shortlist_read_after_sent",
            ),
            CheckConstraint(condition=~Q(sender=F("firm")), name="shortlist_two_parties"),
            UniqueConstraint(
                fields=["need", "sender"],
                condition=Q(status__in=[_DRAFT, _SENT]),
                name="shortlist_one_live",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["sender", "-sent_at"], name="shortlist_of_sender"),
            models.Index(fields=["firm", "-sent_at"], name="shortlist_of_firm"),
        ]
        triggers: ClassVar = [
            pgtrigger.FSM(name="shortlist_moves", field="status", transitions=pairs(rules.MOVES))
        ]

    def __str__(self) -> str:
        return f"{self.sender_id} → n{self.need_id}"

    def governed_by(self) -> Governance:
        """Who made it."""
        return Governance(organisations=frozenset({self.sender_id}))


class ShortlistItem(models.Model):
    """One patent of a list, and what the firm said of it on this list."""

    shortlist = models.ForeignKey(Shortlist, on_delete=models.CASCADE, related_name="items")
    patent = models.ForeignKey("listings.Patent", on_delete=models.PROTECT, related_name="+")
    place = models.PositiveSmallIntegerField()
    reason = models.CharField("推荐理由", max_length=rules.LONGEST_REASON, blank=True, default="")
    interested = models.BooleanField("感兴趣", null=True, blank=True)
    rejection = models.CharField(max_length=20, choices=Rejection, blank=True, default="")
    rated_at = models.DateTimeField(null=True, blank=True)
    rated_by = ActorKeyField(null=True, blank=True)

    class Meta:
        verbose_name = "推荐清单项"
        constraints: ClassVar = [
            UniqueConstraint(fields=["shortlist", "patent"], name="shortlist_patent_once"),
            UniqueConstraint(fields=["shortlist", "place"], name="shortlist_place_once"),
            CheckConstraint(
                condition=Q(place__range=(1, rules.MOST_PICKS)), name="shortlist_place_1_to_20"
            ),
            both_or_neither("rated_at", "rated_by", name="shortlist_item_rated_pair"),
            CheckConstraint(
                condition=Q(rated_at__isnull=True, interested__isnull=True)
                | Q(rated_at__isnull=False, interested__isnull=False),
                name="shortlist_item_rated_says",
            ),
            CheckConstraint(
                condition=Q(rejection="")
                | Q(
                    interested__isnull=False,
                    interested=False,
                    rejection__in=Rejection.values,
                ),
                name="shortlist_item_reason_known",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.shortlist_id}.{self.place}: {self.patent_id}"


class ShortlistStop(models.Model):
    """A firm wants no more lists of an institution 不再接收."""

    organisation = models.ForeignKey(
        "core.Organisation", on_delete=models.PROTECT, related_name="+"
    )
    sender = models.ForeignKey("core.Organisation", on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField()
    made_by = ActorKeyField()
    lifted_at = models.DateTimeField(null=True, blank=True)
    lifted_by = ActorKeyField(null=True, blank=True)

    class Meta:
        verbose_name = "不再接收清单"
        constraints: ClassVar = [
            both_or_neither("lifted_at", "lifted_by", name="shortlist_stop_lifted_pair"),
            UniqueConstraint(
                fields=["organisation", "sender"],
                condition=Q(lifted_at__isnull=True),
                name="shortlist_stop_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.organisation_id} ✕ {self.sender_id}"
