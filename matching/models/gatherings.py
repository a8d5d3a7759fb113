"""Events 活动: what is shown, who comes, who meets whom, and what came of it."""

from __future__ import annotations

from typing import ClassVar

import pgtrigger
from django.conf import settings
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateTimeRangeField, RangeOperators
from django.db import models
from django.db.models import CheckConstraint, F, Q, UniqueConstraint

from core.db import ActorKeyField, both_or_neither
from core.people.types import Actor
from core.permissions import Governance
from matching import types
from matching.models.demands import sees_all
from matching.rules import gatherings as rules
from matching.rules import pairs


class GatheringKind(models.TextChoices):
    ROADSHOW = types.GatheringKind.ROADSHOW.value, "路演"
    MATCHMAKING = types.GatheringKind.MATCHMAKING.value, "对接会"
    AUCTION_SEASON = types.GatheringKind.AUCTION_SEASON.value, "拍卖季"


class GatheringStatus(models.TextChoices):
    DRAFT = types.GatheringStatus.DRAFT.value, "草稿"
    OPEN = types.GatheringStatus.OPEN.value, "报名中"
    HELD = types.GatheringStatus.HELD.value, "已举办"
    CANCELLED = types.GatheringStatus.CANCELLED.value, "已取消"


class SignUpStatus(models.TextChoices):
    ASKED = types.SignUpStatus.ASKED.value, "等待确认"
    CONFIRMED = types.SignUpStatus.CONFIRMED.value, "已确认"
    REFUSED = types.SignUpStatus.REFUSED.value, "未通过"
    LEFT = types.SignUpStatus.LEFT.value, "已退出"


class MeetingStatus(models.TextChoices):
    ASKED = types.MeetingStatus.ASKED.value, "等待答复"
    ACCEPTED = types.MeetingStatus.ACCEPTED.value, "已约定"
    DECLINED = types.MeetingStatus.DECLINED.value, "已谢绝"
    CALLED_OFF = types.MeetingStatus.CALLED_OFF.value, "已取消"


class GatheringOutcome(models.TextChoices):
    LEAD = types.GatheringOutcome.LEAD.value, "形成线索"
    FOLLOWING = types.GatheringOutcome.FOLLOWING.value, "跟进中"
    SIGNED = types.GatheringOutcome.SIGNED.value, "已签约"
    NOTHING = types.GatheringOutcome.NOTHING.value, "无意向"


class GatheringQuerySet(models.QuerySet["Gathering"]):
    """Rows of events, narrowed by who looks."""

    def visible_to(self, actor: Actor) -> GatheringQuerySet:
        """What was published, and the organiser's own drafts."""
        if sees_all(actor):
            return self
        public = Q(published_at__isnull=False)
        return self.filter(public | Q(organisation_id__in=actor.acts_for))


class Gathering(models.Model):
    """A roadshow, a matchmaking or an auction season that somebody organises."""

    organisation = models.ForeignKey(
        "core.Organisation", on_delete=models.PROTECT, related_name="+"
    )
    region = models.CharField(max_length=6, blank=True, default="")
    kind = models.CharField("类型", max_length=20, choices=GatheringKind)
    status = models.CharField(max_length=10, choices=GatheringStatus, default=GatheringStatus.DRAFT)
    title = models.CharField("名称", max_length=120)
    summary = models.TextField("简介", blank=True, default="")
    starts_at = models.DateTimeField("开始")
    ends_at = models.DateTimeField("结束")
    place = models.CharField("地点", max_length=200, blank=True, default="")
    link = models.CharField("线上链接", max_length=300, blank=True, default="")
    capacity = models.PositiveIntegerField("名额", null=True, blank=True)
    taken = models.PositiveIntegerField(default=0)
    needs_approval = models.BooleanField("报名需确认", default=False)
    sign_up_until = models.DateTimeField("报名截止", null=True, blank=True)
    slot_minutes = models.PositiveSmallIntegerField("一对一时段（分钟）", null=True, blank=True)
    because = models.CharField("取消原因", max_length=300, blank=True, default="")
    is_sample = models.BooleanField("示例", default=False)
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField()
    created_by = ActorKeyField()
    published_at = models.DateTimeField(null=True, blank=True)
    published_by = ActorKeyField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = ActorKeyField(null=True, blank=True)

    objects = GatheringQuerySet.as_manager()

    class Meta:
        verbose_name = "活动"
        constraints: ClassVar = [
            both_or_neither("published_at", "published_by", name="gathering_published_pair"),
            both_or_neither("ended_at", "ended_by", name="gathering_ended_pair"),
            CheckConstraint(
                condition=Q(kind__in=GatheringKind.values), name="gathering_kind_known"
            ),
            CheckConstraint(
                condition=Q(status__in=GatheringStatus.values), name="gathering_status_known"
            ),
            CheckConstraint(condition=~Q(title=""), name="gathering_has_title"),
            CheckConstraint(
                condition=Q(ends_at__gt=F("starts_at")), name="gathering_ends_after_start"
            ),
            CheckConstraint(condition=~Q(place="") | ~Q(link=""), name="gathering_is_somewhere"),
            CheckConstraint(
                condition=Q(capacity__isnull=True) | Q(capacity__gte=1, taken__lte=F("capacity")),
                name="gathering_not_overbooked",
            ),
            CheckConstraint(
                condition=Q(status__in=["draft", "cancelled"]) | Q(published_at__isnull=False),
                name="gathering_open_was_published",
            ),
            CheckConstraint(
                condition=~Q(status="cancelled") | ~Q(because=""), name="gathering_cancelled_why"
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["starts_at"],
                condition=Q(published_at__isnull=False),
                name="gathering_coming",
            ),
        ]
        triggers: ClassVar = [
            pgtrigger.FSM(name="gathering_moves", field="status", transitions=pairs(rules.MOVES))
        ]

    def __str__(self) -> str:
        return self.title

    def governed_by(self) -> Governance:
        """Its organiser."""
        return Governance(organisations=frozenset({self.organisation_id}))


class GatheringItem(models.Model):
    """A patent or a need that an event shows."""

    gathering = models.ForeignKey(Gathering, on_delete=models.CASCADE, related_name="items")
    patent = models.ForeignKey(
        "listings.Patent", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    need = models.ForeignKey(
        "matching.Need", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    owner = models.ForeignKey(
        "core.Organisation", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )

    class Meta:
        verbose_name = "活动项目"
        constraints: ClassVar = [
            CheckConstraint(
                condition=Q(patent__isnull=False, need__isnull=True)
                | Q(patent__isnull=True, need__isnull=False),
                name="gathering_item_one_thing",
            ),
            UniqueConstraint(fields=["gathering", "patent"], name="gathering_patent_once"),
            UniqueConstraint(fields=["gathering", "need"], name="gathering_need_once"),
        ]

    def __str__(self) -> str:
        return f"{self.gathering_id}: {self.patent_id or self.need_id}"


class SignUp(models.Model):
    """An organisation comes to an event with so many people 报名."""

    gathering = models.ForeignKey(Gathering, on_delete=models.PROTECT, related_name="sign_ups")
    organisation = models.ForeignKey(
        "core.Organisation", on_delete=models.PROTECT, related_name="+"
    )
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    attendees = models.CharField("参加人", max_length=200)
    seats = models.PositiveSmallIntegerField("人数", default=1)
    status = models.CharField(max_length=10, choices=SignUpStatus)
    asked_at = models.DateTimeField()
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = ActorKeyField(null=True, blank=True)

    class Meta:
        verbose_name = "活动报名"
        constraints: ClassVar = [
            UniqueConstraint(fields=["gathering", "organisation"], name="sign_up_once"),
            both_or_neither("decided_at", "decided_by", name="sign_up_decided_pair"),
            CheckConstraint(
                condition=Q(status__in=SignUpStatus.values), name="sign_up_status_known"
            ),
            CheckConstraint(condition=Q(seats__range=(1, 50)), name="sign_up_seats"),
            CheckConstraint(condition=~Q(attendees=""), name="sign_up_names_somebody"),
        ]

    def __str__(self) -> str:
        return f"{self.organisation_id} @ {self.gathering_id}"


class Meeting(models.Model):
    """Two who come to an event want to talk alone 一对一约见."""

    gathering = models.ForeignKey(Gathering, on_delete=models.PROTECT, related_name="meetings")
    asker = models.ForeignKey("core.Organisation", on_delete=models.PROTECT, related_name="+")
    asked = models.ForeignKey("core.Organisation", on_delete=models.PROTECT, related_name="+")
    slot = DateTimeRangeField()
    topic = models.CharField("想谈什么", max_length=200, blank=True, default="")
    status = models.CharField(max_length=10, choices=MeetingStatus, default=MeetingStatus.ASKED)
    asked_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True, blank=True)
    answered_by = ActorKeyField(null=True, blank=True)

    class Meta:
        verbose_name = "一对一约见"
        constraints: ClassVar = [
            both_or_neither("answered_at", "answered_by", name="meeting_answered_pair"),
            CheckConstraint(condition=~Q(asker=F("asked")), name="meeting_two_parties"),
            CheckConstraint(
                condition=Q(status__in=MeetingStatus.values), name="meeting_status_known"
            ),
            UniqueConstraint(
                fields=["gathering", "asker", "asked"],
                condition=Q(status__in=["asked", "accepted"]),
                name="meeting_asked_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.asker_id} ↔ {self.asked_id}"


class MeetingSeat(models.Model):
    """One side of an accepted meeting: nobody sits in two at once, whoever asked whom."""

    meeting = models.ForeignKey(Meeting, on_delete=models.CASCADE, related_name="seats")
    organisation = models.ForeignKey(
        "core.Organisation", on_delete=models.PROTECT, related_name="+"
    )
    slot = DateTimeRangeField()

    class Meta:
        verbose_name = "约见时段"
        constraints: ClassVar = [
            UniqueConstraint(fields=["meeting", "organisation"], name="meeting_seat_once"),
            ExclusionConstraint(
                name="meeting_no_double_booking",
                expressions=[
                    ("organisation", RangeOperators.EQUAL),
                    ("slot", RangeOperators.OVERLAPS),
                ],
            ),
        ]

    def __str__(self) -> str:
        return f"{self.organisation_id} {self.slot}"


class GatheringResult(models.Model):
    """What came of one item with one firm."""

    item = models.ForeignKey(GatheringItem, on_delete=models.PROTECT, related_name="results")
    organisation = models.ForeignKey(
        "core.Organisation", on_delete=models.PROTECT, related_name="+"
    )
    outcome = models.CharField(max_length=12, choices=GatheringOutcome)
    note = models.CharField("说明", max_length=300, blank=True, default="")
    noted_at = models.DateTimeField()
    noted_by = ActorKeyField()

    class Meta:
        verbose_name = "活动成果"
        constraints: ClassVar = [
            UniqueConstraint(fields=["item", "organisation"], name="gathering_result_once"),
            CheckConstraint(
                condition=Q(outcome__in=GatheringOutcome.values), name="gathering_outcome_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.item_id}: {self.outcome}"
