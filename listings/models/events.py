"""Files of legal events on their way in, events that wait for their patent, and contradictions."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import CheckConstraint, Q, UniqueConstraint

from core.db import ActorKeyField, both_or_neither
from core.people.types import Actor, Role
from core.permissions import Governance
from listings.models.binding import Encumbrance, LegalEvent
from listings.models.patents import Patent, sees_all, stands_under


class EventFileState(models.TextChoices):
    CHECKING = "checking", "预检中"
    CHECKED = "checked", "已预检"
    RUNNING = "running", "登记中"
    DONE = "done", "已登记"


class EventVerdict(models.TextChoices):
    PENDING = "pending", "待检查"
    FITS = "fits", "可登记"
    KNOWN = "known", "已登记过"
    WAITING = "waiting", "等待专利入库"
    REJECTED = "rejected", "不能登记"


class Scope(models.TextChoices):
    STOCK = "stock", "本单位的专利"
    REGION = "region", "本地区的专利"


def sent_by(actor: Actor) -> Q:
    """What the actor's organisations sent in; auditors and administrators see all."""
    if sees_all(actor) or actor.has(Role.SYSADMIN):
        return Q()
    return Q(organisation_id__in=actor.acts_for)


class EventFileQuerySet(models.QuerySet["EventFile"]):
    """Files of events, narrowed by who looks."""

    def visible_to(self, actor: Actor) -> EventFileQuerySet:
        """An organisation sees what it sent, auditors and administrators all."""
        return self.filter(sent_by(actor))


class WaitingEventQuerySet(models.QuerySet["WaitingEvent"]):
    """Waiting events, narrowed by who looks."""

    def visible_to(self, actor: Actor) -> WaitingEventQuerySet:
        """An organisation sees what it sent, auditors and administrators all."""
        return self.filter(sent_by(actor))

    def waiting(self) -> WaitingEventQuerySet:
        """Those that are neither applied nor dropped."""
        return self.filter(applied_at__isnull=True, dropped_at__isnull=True)


class EventFile(models.Model):
    """A file of legal events 法律事件文件: checked, then recorded. The same twice does nothing.

    `scope` and `region` say whose patents it may touch: the sender's own stock, or a region's.
    """

    organisation = models.ForeignKey(
        "core.Organisation", on_delete=models.PROTECT, related_name="+"
    )
    scope = models.CharField(max_length=6, choices=Scope)
    region = models.CharField(max_length=6, blank=True, default="")
    filename = models.CharField(max_length=255)
    sha256 = models.CharField(max_length=64)
    about = models.JSONField(default=dict, blank=True)  # header, mapping, rows, actor
    state = models.CharField(max_length=8, choices=EventFileState, default=EventFileState.CHECKING)
    progress = models.PositiveIntegerField(default=0)
    counts = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField()
    created_by = ActorKeyField()
    worked_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    objects = EventFileQuerySet.as_manager()

    class Meta:
        verbose_name = "法律事件文件"
        constraints: ClassVar = [
            CheckConstraint(
                condition=Q(state__in=EventFileState.values), name="event_file_state_known"
            ),
            CheckConstraint(condition=Q(scope__in=Scope.values), name="event_file_scope_known"),
            CheckConstraint(
                condition=~Q(state=EventFileState.DONE) | Q(finished_at__isnull=False),
                name="event_file_done_is_finished",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["organisation", "-created_at"], name="event_file_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.filename} {self.state}"

    def governed_by(self) -> Governance:
        """Whoever sent it."""
        return Governance(organisations=frozenset({self.organisation_id}))


class EventRow(models.Model):
    """What became of one row of a file of events, and how to mend what is wrong with it."""

    file = models.ForeignKey(EventFile, on_delete=models.CASCADE, related_name="rows")
    number = models.PositiveIntegerField("行号")
    raw = models.JSONField(default=list, blank=True)
    verdict = models.CharField(max_length=8, choices=EventVerdict, default=EventVerdict.PENDING)
    problems = models.JSONField(default=list, blank=True)
    is_done = models.BooleanField(default=False)
    patent = models.ForeignKey(
        Patent, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )

    class Meta:
        verbose_name = "法律事件文件的行"
        ordering: ClassVar = ["file_id", "number"]
        constraints: ClassVar = [
            UniqueConstraint(fields=["file", "number"], name="event_row_once"),
            CheckConstraint(
                condition=Q(verdict__in=EventVerdict.values), name="event_row_verdict_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.file_id}:{self.number} {self.verdict}"


class WaitingEvent(models.Model):
    """An event for a patent that is not here yet: recorded by itself when the patent comes.

    Only for a patent that its sender might have recorded it for: `scope` and `region` are those
    of the file it came in.
    """

    number = models.CharField("申请号/专利号", max_length=13)
    code = models.CharField("事件代码", max_length=6)
    occurred_on = models.DateField("生效日")
    reference = models.CharField("登记号", max_length=40, blank=True, default="")
    detail = models.JSONField(default=dict, blank=True)
    organisation = models.ForeignKey(
        "core.Organisation", on_delete=models.PROTECT, related_name="+"
    )
    scope = models.CharField(max_length=6, choices=Scope)
    region = models.CharField(max_length=6, blank=True, default="")
    recorded_at = models.DateTimeField()
    recorded_by = ActorKeyField()
    applied_at = models.DateTimeField(null=True, blank=True)
    applied_to = models.ForeignKey(
        Patent, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    dropped_at = models.DateTimeField(null=True, blank=True)
    dropped_by = ActorKeyField(null=True, blank=True)

    objects = WaitingEventQuerySet.as_manager()

    class Meta:
        verbose_name = "等待中的法律事件"
        constraints: ClassVar = [
            UniqueConstraint(
                fields=["organisation", "number", "code", "occurred_on", "reference"],
                name="waiting_event_once",
            ),
            CheckConstraint(condition=Q(scope__in=Scope.values), name="waiting_event_scope_known"),
            CheckConstraint(
                condition=Q(code__regex=r"^[A-Z]{2}[0-9]{2}$"), name="waiting_event_code_shape"
            ),
            CheckConstraint(
                condition=Q(number__regex=r"^([0-9]{12}[0-9X]|[0-9]{8}[0-9X]|8[5-8][0-9]{6})$"),
                name="waiting_event_number_canonical",
            ),
            both_or_neither("applied_at", "applied_to", name="waiting_event_applied_pair"),
            both_or_neither("dropped_at", "dropped_by", name="waiting_event_dropped_pair"),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["number"],
                condition=Q(applied_at__isnull=True, dropped_at__isnull=True),
                name="waiting_event_number",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.code} {self.occurred_on}"

    def governed_by(self) -> Governance:
        """Whoever sent it."""
        return Governance(organisations=frozenset({self.organisation_id}))


class DeclaredHolders(models.Model):
    """The patentees as somebody last declared them: where later transfers 转移 start from."""

    patent = models.OneToOneField(
        Patent, on_delete=models.CASCADE, related_name="declared_holders", primary_key=True
    )
    holders = models.JSONField()
    after_event = models.BigIntegerField(default=0)

    class Meta:
        verbose_name = "申报的专利权人"

    def __str__(self) -> str:
        return f"{self.patent_id}: {len(self.holders)}"


class ContradictionQuerySet(models.QuerySet["Contradiction"]):
    """Contradictions, narrowed by who looks."""

    def visible_to(self, actor: Actor) -> ContradictionQuerySet:
        """Those of patents that the actor holds or oversees."""
        mine = stands_under(actor)
        kept = self.filter(patent__removed_at__isnull=True)
        if mine is None or actor.has(Role.SYSADMIN):
            return kept
        return kept.filter(
            models.Exists(Patent.objects.filter(mine, pk=models.OuterRef("patent_id")))
        )

    def open(self) -> ContradictionQuerySet:
        """Those that somebody still has to look at."""
        return self.filter(settled_at__isnull=True)


class Contradiction(models.Model):
    """An event that does not fit what is recorded here 与公报不一致: somebody has to look.

    It settles by itself when later events make it fit, or a person says why the record stays.
    """

    patent = models.ForeignKey(Patent, on_delete=models.PROTECT, related_name="contradictions")
    event = models.ForeignKey(LegalEvent, on_delete=models.PROTECT, related_name="+")
    code = models.CharField(max_length=24)
    message = models.CharField(max_length=400)
    mend = models.CharField(max_length=300)
    rival = models.ForeignKey(
        Encumbrance, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    found_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True, blank=True)
    settled_by = ActorKeyField(null=True, blank=True)
    reason = models.CharField("处理说明", max_length=300, blank=True, default="")

    objects = ContradictionQuerySet.as_manager()

    class Meta:
        verbose_name = "与公报不一致"
        constraints: ClassVar = [
            UniqueConstraint(fields=["event", "code"], name="contradiction_once"),
            both_or_neither("settled_at", "settled_by", name="contradiction_settled_pair"),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["patent"],
                condition=Q(settled_at__isnull=True),
                name="contradiction_open",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.patent_id} {self.code}"

    def governed_by(self) -> Governance:
        """Whoever governs the patent governs what contradicts its record."""
        return self.patent.governed_by()
