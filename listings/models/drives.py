"""Enrolment drives: who was asked to take stock, and how far they are."""

from __future__ import annotations

from typing import ClassVar

import pgtrigger
from django.db import models
from django.db.models import CheckConstraint, F, Q, UniqueConstraint

from core.db import ActorKeyField, both_or_neither
from core.people.types import Actor, Role
from core.permissions import Governance
from listings.models.patents import sees_all
from listings.rules import drives


class DriveState(models.TextChoices):
    OPEN = drives.DriveState.OPEN.value, "进行中"
    CLOSED = drives.DriveState.CLOSED.value, "已结束"


class TaskState(models.TextChoices):
    INVITED = drives.TaskState.INVITED.value, "已邀请"
    STARTED = drives.TaskState.STARTED.value, "盘点中"
    DONE = drives.TaskState.DONE.value, "盘点完成"
    EXCUSED = drives.TaskState.EXCUSED.value, "不参加"


class DriveQuerySet(models.QuerySet["Drive"]):
    """Drives, narrowed by who looks."""

    def run_by(self, actor: Actor) -> DriveQuerySet:
        """The organiser's own; a bureau's region's; auditors all."""
        if sees_all(actor):
            return self.all()
        mine = Q(organiser_id__in=actor.acts_for)
        if actor.has(Role.BUREAU):
            mine |= Q(region__startswith=actor.region) & ~Q(region="")
        return self.filter(mine)


class Drive(models.Model):
    """A call to take stock 盘点动员 by a bureau, or by an agency for those who empowered it."""

    organiser = models.ForeignKey("core.Organisation", on_delete=models.PROTECT, related_name="+")
    region = models.CharField("区划前缀", max_length=6, blank=True, default="")
    title = models.CharField("名称", max_length=100)
    goal = models.CharField("目标", max_length=500)
    todo = models.TextField("要做什么")
    starts_on = models.DateField("开始日")
    ends_on = models.DateField("截止日")
    state = models.CharField(max_length=6, choices=DriveState, default=DriveState.OPEN)
    version = models.PositiveIntegerField(default=1)
    opened_at = models.DateTimeField()
    opened_by = ActorKeyField()
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_by = ActorKeyField(null=True, blank=True)
    snapshot = models.JSONField(null=True, blank=True)
    is_sample = models.BooleanField("示例", default=False)

    objects = DriveQuerySet.as_manager()

    class Meta:
        verbose_name = "盘点动员"
        constraints: ClassVar = [
            both_or_neither("closed_at", "closed_by", name="drive_closed_pair"),
            CheckConstraint(
                condition=Q(state="open", closed_at__isnull=True, snapshot__isnull=True)
                | Q(state="closed", closed_at__isnull=False, snapshot__isnull=False),
                name="drive_closed_with_result",
            ),
            CheckConstraint(condition=Q(ends_on__gte=F("starts_on")), name="drive_term_forward"),
            CheckConstraint(condition=~Q(title=""), name="drive_has_title"),
            CheckConstraint(
                condition=Q(region__regex=r"^([0-9]{2}|[0-9]{4}|[0-9]{6})?$"),
                name="drive_region_shape",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["region"], name="drive_region", opclasses=["varchar_pattern_ops"]),
            models.Index(fields=["ends_on"], condition=Q(state="open"), name="drive_open"),
        ]
        triggers: ClassVar = [
            pgtrigger.FSM(name="drive_moves", field="state", transitions=[("open", "closed")])
        ]

    def __str__(self) -> str:
        return self.title

    def governed_by(self) -> Governance:
        """The organiser runs it; a bureau above may step in."""
        return Governance(organisations=frozenset({self.organiser_id}), region=self.region or "-")


class DriveTaskQuerySet(models.QuerySet["DriveTask"]):
    """Invitations, narrowed by who looks."""

    def invited(self, actor: Actor) -> DriveTaskQuerySet:
        """What the organisations that the actor acts for were asked to do."""
        return self.filter(organisation_id__in=actor.acts_for)


class DriveTask(models.Model):
    """One institution in a drive: what it answers for, and how far it is."""

    drive = models.ForeignKey(Drive, on_delete=models.CASCADE, related_name="tasks")
    organisation = models.ForeignKey(
        "core.Organisation", on_delete=models.PROTECT, related_name="+"
    )
    state = models.CharField(max_length=8, choices=TaskState, default=TaskState.INVITED)
    declared = models.PositiveIntegerField("申报有效专利总数", null=True, blank=True)
    shortfall = models.CharField("差额原因", max_length=300, blank=True, default="")
    excuse = models.CharField("不参加原因", max_length=300, blank=True, default="")
    counts = models.JSONField(null=True, blank=True)  # out of the stock, when it was confirmed
    invited_at = models.DateTimeField()
    invited_by = ActorKeyField()
    done_at = models.DateTimeField(null=True, blank=True)
    done_by = ActorKeyField(null=True, blank=True)

    objects = DriveTaskQuerySet.as_manager()

    class Meta:
        verbose_name = "盘点任务"
        constraints: ClassVar = [
            UniqueConstraint(fields=["drive", "organisation"], name="drive_task_once"),
            both_or_neither("done_at", "done_by", name="drive_task_done_pair"),
            CheckConstraint(
                condition=Q(
                    state="done", done_at__isnull=False, counts__isnull=False,
                    declared__isnull=False,
                )
                | (~Q(state="done") & Q(done_at__isnull=True, counts__isnull=True)),
                name="drive_task_done_with_counts",
            ),
            CheckConstraint(
                condition=Q(state="excused") & ~Q(excuse="") | ~Q(state="excused") & Q(excuse=""),
                name="drive_task_excused_with_reason",
            ),
            CheckConstraint(
                condition=Q(state__in=TaskState.values), name="drive_task_state_known"
            ),
        ]  # fmt: skip
        indexes: ClassVar = [
            models.Index(fields=["organisation", "state"], name="drive_task_of"),
        ]
        triggers: ClassVar = [
            pgtrigger.FSM(name="drive_task_moves", field="state", transitions=drives.steps())
        ]

    def __str__(self) -> str:
        return f"{self.drive_id}: {self.organisation_id} {self.state}"

    def governed_by(self) -> Governance:
        """The institution answers for itself."""
        return Governance(organisations=frozenset({self.organisation_id}), region="-")


class DriveReminder(models.Model):
    """An institution was reminded: by hand at most once a day, by the clock once per term."""

    task = models.ForeignKey(DriveTask, on_delete=models.CASCADE, related_name="reminders")
    occasion = models.CharField(max_length=20)
    reminded_at = models.DateTimeField()
    reminded_by = ActorKeyField()

    class Meta:
        verbose_name = "盘点提醒"
        constraints: ClassVar = [
            UniqueConstraint(fields=["task", "occasion"], name="drive_reminder_once"),
        ]

    def __str__(self) -> str:
        return f"{self.task_id} {self.occasion}"
