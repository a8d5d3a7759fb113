"""How people want to hear of new matches, and what is owed to each of them."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import CheckConstraint, F, Q, UniqueConstraint

from core.db import ActorKeyField
from core.people.types import Actor
from core.permissions import Governance
from matching.models.choices import Channel, Dropped, Pace
from matching.models.leads import Push
from matching.rules import pushes as rules
from matching.types import Pace as PaceCode
from matching.types import PushWish


class PushPreference(models.Model):
    """推送设置: how one person wants pushes for one organisation; no row means the defaults."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    organisation = models.ForeignKey(
        "core.Organisation", on_delete=models.CASCADE, related_name="+"
    )
    bell = models.CharField("站内消息", max_length=10, choices=Pace, default=Pace.AT_ONCE)
    mail = models.CharField("邮件", max_length=10, choices=Pace, default=Pace.OFF)
    quiet_from = models.TimeField("免打扰开始", null=True, blank=True)
    quiet_until = models.TimeField("免打扰结束", null=True, blank=True)
    weekly_cap = models.PositiveSmallIntegerField("每周上限", default=20)
    per_holder = models.PositiveSmallIntegerField("同一单位上限", default=3)
    version = models.PositiveIntegerField(default=1)
    changed_at = models.DateTimeField()
    changed_by = ActorKeyField()

    class Meta:
        verbose_name = "推送设置"
        constraints: ClassVar = [
            UniqueConstraint(fields=["user", "organisation"], name="push_preference_once"),
            CheckConstraint(
                condition=Q(bell__in=Pace.values) & Q(mail__in=Pace.values),
                name="push_preference_pace_known",
            ),
            CheckConstraint(
                condition=Q(quiet_from__isnull=True, quiet_until__isnull=True)
                | Q(quiet_from__isnull=False, quiet_until__isnull=False)
                & ~Q(quiet_from=F("quiet_until")),
                name="push_preference_quiet_pair",
            ),
            CheckConstraint(
                condition=Q(weekly_cap__range=(rules.LEAST_CAP, rules.MOST_CAP)),
                name="push_preference_cap",
            ),
            CheckConstraint(
                condition=Q(per_holder__range=(rules.LEAST_SHARE, rules.MOST_SHARE)),
                name="push_preference_share",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} @ {self.organisation_id}"

    @property
    def wish(self) -> PushWish:
        """The row as rules read it."""
        return PushWish(
            bell=PaceCode(self.bell),
            mail=PaceCode(self.mail),
            quiet_from=self.quiet_from,
            quiet_until=self.quiet_until,
            weekly_cap=self.weekly_cap,
            per_holder=self.per_holder,
        )


class DigestQuerySet(models.QuerySet["Digest"]):
    """Rows of digests, narrowed by who looks."""

    def visible_to(self, actor: Actor) -> DigestQuerySet:
        """One's own post."""
        if actor.user_id is None:
            return self.none()
        return self.filter(user_id=actor.user_id, organisation_id__in=actor.acts_for)


class Digest(models.Model):
    """One message to one person with one or several matches 推送汇总.

    A mail's Message-ID is made of the row's id, so that a second try is the same message.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    organisation = models.ForeignKey(
        "core.Organisation", on_delete=models.CASCADE, related_name="+"
    )
    channel = models.CharField(max_length=10, choices=Channel)
    created_at = models.DateTimeField()
    due_at = models.DateTimeField()
    leased_until = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    sent_at = models.DateTimeField(null=True, blank=True)
    dropped_at = models.DateTimeField(null=True, blank=True)
    error = models.CharField(max_length=300, blank=True, default="")

    objects = DigestQuerySet.as_manager()

    class Meta:
        verbose_name = "推送汇总"
        constraints: ClassVar = [
            CheckConstraint(
                condition=Q(sent_at__isnull=True) | Q(dropped_at__isnull=True),
                name="digest_sent_or_dropped",
            ),
            CheckConstraint(condition=Q(channel__in=Channel.values), name="digest_channel_known"),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["due_at", "id"],
                condition=Q(sent_at__isnull=True, dropped_at__isnull=True),
                name="digest_waiting",
            ),
            models.Index(fields=["user", "-id"], name="digest_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.channel} {self.pk}"

    def governed_by(self) -> Governance:
        return Governance(organisations=frozenset({self.organisation_id}))


class PushDelivery(models.Model):
    """One push owed to one person on one channel; once, which the database holds."""

    push = models.ForeignKey(Push, on_delete=models.PROTECT, related_name="deliveries")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    channel = models.CharField(max_length=10, choices=Channel)
    created_at = models.DateTimeField()
    due_at = models.DateTimeField()
    digest = models.ForeignKey(
        Digest, on_delete=models.SET_NULL, null=True, blank=True, related_name="items"
    )
    done_at = models.DateTimeField(null=True, blank=True)
    dropped_at = models.DateTimeField(null=True, blank=True)
    because = models.CharField(max_length=10, choices=Dropped, blank=True, default="")

    class Meta:
        verbose_name = "推送投递"
        constraints: ClassVar = [
            UniqueConstraint(fields=["push", "user", "channel"], name="push_delivery_once"),
            CheckConstraint(
                condition=Q(channel__in=Channel.values), name="push_delivery_channel_known"
            ),
            CheckConstraint(
                condition=Q(done_at__isnull=True) | Q(dropped_at__isnull=True),
                name="push_delivery_done_or_dropped",
            ),
            CheckConstraint(
                condition=Q(dropped_at__isnull=True, because="")
                | Q(dropped_at__isnull=False, because__in=Dropped.values),
                name="push_delivery_dropped_why",
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["due_at", "id"],
                condition=Q(done_at__isnull=True, dropped_at__isnull=True, digest__isnull=True),
                name="push_delivery_due",
            ),
            models.Index(fields=["user", "-done_at"], name="push_delivery_told"),
        ]

    def __str__(self) -> str:
        return f"{self.push_id} {self.channel} → {self.user_id}"


class OfferEdition(models.Model):
    """Which edition of a patent's offer sheet receivers were last told of."""

    patent = models.OneToOneField("listings.Patent", on_delete=models.CASCADE, related_name="+")
    number = models.PositiveIntegerField(default=1)
    sheet = models.TextField(blank=True, default="")
    changed_at = models.DateTimeField()

    class Meta:
        verbose_name = "推介表版次"
        constraints: ClassVar = [
            CheckConstraint(condition=Q(number__gte=1), name="offer_edition_from_1"),
        ]

    def __str__(self) -> str:
        return f"{self.patent_id} v{self.number}"
