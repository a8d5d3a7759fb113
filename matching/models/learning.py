"""What the engine learns from, what came of learning, and what its scores have meant."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import CheckConstraint, Q

from core.db import ActorKeyField, both_or_neither
from matching.types import LearningOutcome


class Outcome(models.TextChoices):
    """What came of one attempt to learn."""

    TOO_FEW = LearningOutcome.TOO_FEW.value, "评价不足"
    NO_GAIN = LearningOutcome.NO_GAIN.value, "没有改进"
    SHADOW = LearningOutcome.SHADOW.value, "影子评估中"
    IN_FORCE = LearningOutcome.IN_FORCE.value, "已投入使用"
    REJECTED = LearningOutcome.REJECTED.value, "已放弃"


class Judgement(models.Model):
    """A rating beside what the engine had said: the signals of the pair and its place in the list.

    Written with the first rating and never again: a second one is already coloured by what the
    first has taught.
    """

    evaluation = models.OneToOneField(
        "matching.Evaluation", on_delete=models.CASCADE, related_name="judgement"
    )
    engine = models.ForeignKey("matching.EngineVersion", on_delete=models.PROTECT, related_name="+")
    demand_key = models.CharField(max_length=24)
    industry = models.CharField("行业大类", max_length=2, blank=True, default="")
    place = models.PositiveIntegerField("名次")
    ticks = models.PositiveIntegerField()
    values = models.JSONField()
    taken_at = models.DateTimeField()

    class Meta:
        verbose_name = "评价样本"
        constraints: ClassVar = [
            CheckConstraint(condition=Q(place__gte=1), name="judgement_place_from_1"),
            CheckConstraint(condition=Q(ticks__lte=1_000_000), name="judgement_score_to_100"),
        ]
        indexes: ClassVar = [models.Index(fields=["taken_at"], name="judgement_taken")]

    def __str__(self) -> str:
        return f"{self.demand_key} #{self.place}"


class LearningAttempt(models.Model):
    """One look at whether the ratings teach better weights; a shadow version if they seem to."""

    version = models.OneToOneField(
        "matching.EngineVersion",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="attempt",
    )
    baseline = models.ForeignKey(
        "matching.EngineVersion", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    outcome = models.CharField(max_length=10, choices=Outcome)
    ratings = models.PositiveIntegerField()
    firms = models.PositiveIntegerField()
    report = models.JSONField(default=dict)
    made_at = models.DateTimeField()
    made_by = ActorKeyField()
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = ActorKeyField(null=True, blank=True)

    class Meta:
        verbose_name = "学习记录"
        constraints: ClassVar = [
            CheckConstraint(condition=Q(outcome__in=Outcome.values), name="learning_outcome_known"),
            both_or_neither("decided_at", "decided_by", name="learning_decided_pair"),
            CheckConstraint(
                condition=Q(version__isnull=True)
                ^ Q(outcome__in=["shadow", "in_force", "rejected"]),
                name="learning_version_if_tried",
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["-made_at"], name="learning_newest")]

    def __str__(self) -> str:
        return f"{self.made_at:%Y-%m-%d} {self.outcome}"


class Calibration(models.Model):
    """What scores of one engine version have meant, in general or in one industry.

    `holds` says whether the curve foretold receivers it had not seen; only then is it shown.
    """

    engine = models.ForeignKey(
        "matching.EngineVersion", on_delete=models.CASCADE, related_name="calibrations"
    )
    industry = models.CharField("行业大类", max_length=2, blank=True, default="")
    steps = models.JSONField()
    checks = models.JSONField()
    ratings = models.PositiveIntegerField()
    firms = models.PositiveIntegerField()
    error = models.FloatField()
    holds = models.BooleanField()
    fitted_at = models.DateTimeField()

    class Meta:
        verbose_name = "分数校准"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["engine", "industry"], name="calibration_once"),
            CheckConstraint(condition=Q(error__range=(0, 1)), name="calibration_error_share"),
        ]

    def __str__(self) -> str:
        return f"v{self.engine_id} {self.industry or 'all'}"
