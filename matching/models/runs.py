"""How matches come about: the engine's versions, runs, and the matches they leave."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import CheckConstraint, Exists, OuterRef, Q, UniqueConstraint

from core.db import ActorKeyField
from core.people.types import Actor
from matching import types
from matching.models.choices import RunScope, RunState
from matching.models.demands import sees_all


class EngineVersion(models.Model):
    """A scorer that can be put back: its weights and the word statistics it was frozen with.

    `as_of` is the day the scorer takes for today (freshness): one day for all runs between two
    full ones, so that an incremental run and a full one say the same.
    """

    weights = models.JSONField()
    corpus = models.BinaryField()
    corpus_digest = models.CharField(max_length=80)
    corpus_size = models.PositiveIntegerField()
    as_of = models.DateField()
    note = models.CharField(max_length=200, blank=True, default="")
    is_active = models.BooleanField(default=False)
    created_at = models.DateTimeField()
    created_by = ActorKeyField()

    class Meta:
        verbose_name = "引擎版本"
        constraints: ClassVar = [
            UniqueConstraint(
                fields=["is_active"], condition=Q(is_active=True), name="engine_one_active"
            ),
        ]

    def __str__(self) -> str:
        return f"v{self.pk}"


class RunQuerySet(models.QuerySet["Run"]):
    """Rows of runs."""

    def under_way(self) -> RunQuerySet:
        """The full run that is being worked on, or waits to go on."""
        return self.filter(scope=RunScope.FULL, state__in=[RunState.RUNNING, RunState.PAUSED])

    def last_pulse(self) -> int:
        """The number of the last run that took effect."""
        return self.aggregate(last=models.Max("pulse"))["last"] or 0


class Run(models.Model):
    """One recomputation. The row is the truth; queues only nudge.

    An incremental run waits and collects what changed until it starts; `pulse` numbers the
    finished ones in the order in which they took effect, which is what processes compare their
    cached arrays with.
    """

    scope = models.CharField(max_length=12, choices=RunScope)
    state = models.CharField(max_length=10, choices=RunState, default=RunState.WAITING)
    engine = models.ForeignKey(EngineVersion, on_delete=models.PROTECT, null=True, related_name="+")
    pulse = models.BigIntegerField(null=True, unique=True)
    demands = models.PositiveIntegerField(default=0)
    patents = models.PositiveIntegerField(default=0)
    matches = models.PositiveIntegerField(default=0)
    pushes = models.PositiveIntegerField(default=0)
    requested_at = models.DateTimeField()
    requested_by = ActorKeyField()
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    paused_at = models.DateTimeField(null=True, blank=True)
    # The last pulse when a full run began: whatever took effect later is looked at once more.
    since = models.BigIntegerField(null=True)

    objects = RunQuerySet.as_manager()

    class Meta:
        verbose_name = "匹配运行"
        constraints: ClassVar = [
            CheckConstraint(condition=Q(scope__in=RunScope.values), name="run_scope_known"),
            CheckConstraint(condition=Q(state__in=RunState.values), name="run_state_known"),
            CheckConstraint(
                condition=Q(state=types.RunState.WAITING.value) | Q(started_at__isnull=False),
                name="run_started_when_not_waiting",
            ),
            CheckConstraint(
                condition=~Q(state=types.RunState.FINISHED.value) | Q(finished_at__isnull=False),
                name="run_finished_moment",
            ),
            UniqueConstraint(
                fields=["scope"],
                condition=Q(
                    scope=types.RunScope.FULL.value,
                    state__in=[types.RunState.RUNNING.value, types.RunState.PAUSED.value],
                ),
                name="run_one_full_at_a_time",
            ),
            CheckConstraint(
                condition=Q(state=types.RunState.PAUSED.value) ^ Q(paused_at__isnull=True),
                name="run_paused_moment",
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["state", "scope"],
                condition=~Q(state=types.RunState.FINISHED.value),
                name="run_unfinished",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.scope} {self.pk} {self.state}"


class RunItem(models.Model):
    """One thing that an incremental run is to look at again."""

    PATENT = "patent"
    KINDS: ClassVar = [PATENT, *(kind.value for kind in types.DemandKind)]

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="items")
    kind = models.CharField(max_length=12)
    ref = models.BigIntegerField()

    class Meta:
        verbose_name = "运行对象"
        constraints: ClassVar = [
            UniqueConstraint(fields=["run", "kind", "ref"], name="run_item_once"),
            CheckConstraint(
                condition=Q(kind__in=["patent", "need", "subscription"]), name="run_item_kind_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.ref}"


class RunShard(models.Model):
    """A slice of a full run: these demands against all patents. Leased by one worker at a time."""

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="shards")
    number = models.PositiveIntegerField()
    keys = models.JSONField()
    leased_until = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    done_at = models.DateTimeField(null=True, blank=True)
    matches = models.PositiveIntegerField(default=0)
    seconds = models.FloatField(null=True, blank=True)
    told_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = "运行分片"
        constraints: ClassVar = [
            UniqueConstraint(fields=["run", "number"], name="shard_once"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["id"], condition=Q(done_at__isnull=True), name="shard_open"),
            models.Index(fields=["id"], condition=Q(told_at__isnull=True), name="shard_untold"),
        ]

    def __str__(self) -> str:
        return f"{self.run_id}/{self.number}"


class MatchQuerySet(models.QuerySet["Match"]):
    """Rows of matches, narrowed by who looks."""

    def visible_to(self, actor: Actor) -> MatchQuerySet:
        """The receiver's own, without what it asked not to see again; auditors see all."""
        if sees_all(actor):
            return self
        return self.filter(organisation_id__in=actor.acts_for).wanted()

    def wanted(self) -> MatchQuerySet:
        """Without what was taken down or the receiver opted out of: at once, before any run."""
        opted = self.model._meta.apps.get_model("matching.MatchOptOut").objects.filter(
            organisation_id=OuterRef("organisation_id"), lifted_at__isnull=True
        )
        return self.filter(
            ~Exists(opted.filter(patent_id=OuterRef("patent_id"))),
            ~Exists(opted.filter(holder_id=OuterRef("supplier_id"), holder__isnull=False)),
            off_at__isnull=True,
        )


class Match(models.Model):
    """A patent that fits a demand, how well, and why; replaced by the next run that looks at it.

    The row of a pair that still fits is updated in place, so that its address lasts. A patent that
    leaves the board is only marked `off_at`: the list must stay as long as it was until a run has
    looked for the one that comes in at its end.
    """

    need = models.ForeignKey(
        "matching.Need", on_delete=models.CASCADE, null=True, blank=True, related_name="matches"
    )
    subscription = models.ForeignKey(
        "matching.Subscription",
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="matches",
    )
    organisation = models.ForeignKey(
        "core.Organisation", on_delete=models.PROTECT, related_name="+"
    )
    patent = models.ForeignKey("listings.Patent", on_delete=models.CASCADE, related_name="+")
    supplier = models.ForeignKey(
        "core.Organisation", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    ticks = models.PositiveIntegerField()
    reasons = models.JSONField()
    engine = models.ForeignKey(EngineVersion, on_delete=models.PROTECT, related_name="+")
    first_at = models.DateTimeField()
    computed_at = models.DateTimeField()
    off_at = models.DateTimeField(null=True, blank=True)

    objects = MatchQuerySet.as_manager()

    class Meta:
        verbose_name = "匹配"
        constraints: ClassVar = [
            CheckConstraint(
                condition=Q(need__isnull=False, subscription__isnull=True)
                | Q(need__isnull=True, subscription__isnull=False),
                name="match_one_demand",
            ),
            UniqueConstraint(fields=["need", "patent"], name="match_once_per_need"),
            UniqueConstraint(fields=["subscription", "patent"], name="match_once_per_subscription"),
            CheckConstraint(condition=Q(ticks__lte=1_000_000), name="match_score_to_100"),
            CheckConstraint(
                condition=Q(supplier__isnull=True) | ~Q(supplier=models.F("organisation")),
                name="match_never_own_patent",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["organisation", "-ticks"], name="match_best"),
            models.Index(fields=["organisation", "patent"], name="match_of_receiver"),
            models.Index(fields=["supplier", "need"], name="match_supplier"),
        ]

    def __str__(self) -> str:
        return f"{self.demand.key} × {self.patent_id}: {self.ticks / 10_000}"

    @property
    def demand(self) -> types.Demand:
        """Which need or subscription it is for."""
        if self.need_id is not None:
            return types.Demand(types.DemandKind.NEED, self.need_id)
        assert self.subscription_id is not None
        return types.Demand(types.DemandKind.SUBSCRIPTION, self.subscription_id)
