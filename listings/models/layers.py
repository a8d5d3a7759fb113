"""What the layers of the library rest on: rules by region, screenings, demand, overrides, moves."""

from __future__ import annotations

from typing import ClassVar

import pgtrigger
from django.db import models
from django.db.models import CheckConstraint, F, Q, UniqueConstraint

from core.db import ActorKeyField, both_or_neither
from listings.models.choices import Layer
from listings.models.patents import Patent
from listings.rules import potential


def _weight(code: str) -> models.PositiveSmallIntegerField[int, int]:
    return models.PositiveSmallIntegerField(potential.LABELS[code], default=potential.WEIGHTS[code])


class LayerRule(models.Model):
    """Weights and thresholds 分层规则 of a region from a day on. Added, never changed."""

    region = models.CharField("行政区划前缀", max_length=6, blank=True, default="")
    valid_from = models.DateField("生效日")
    screening = _weight("screening")
    market = _weight("market")
    demand = _weight("demand")
    legal = _weight("legal")
    life = _weight("life")
    maturity = _weight("maturity")
    reach = _weight("reach")
    sheet = _weight("sheet")
    a_from = models.PositiveSmallIntegerField("A 层分数线")
    b_from = models.PositiveSmallIntegerField("B 层分数线")
    neutral = models.PositiveSmallIntegerField("缺项按权重的百分之几计")
    evidence = models.PositiveSmallIntegerField("列 A 层所需依据占比")
    reason = models.CharField("依据", max_length=300)
    applied_at = models.DateTimeField(null=True, blank=True, editable=False)
    created_at = models.DateTimeField()
    created_by = ActorKeyField()

    class Meta:
        verbose_name = "分层规则"
        ordering: ClassVar = ["region", "-valid_from"]
        constraints: ClassVar = [
            UniqueConstraint(fields=["region", "valid_from"], name="layer_rule_one_a_day"),
            CheckConstraint(
                condition=Q(region__regex=r"^([0-9]{2}|[0-9]{4}|[0-9]{6})?$"),
                name="layer_rule_region_shape",
            ),
            CheckConstraint(
                condition=Q(
                    screening=100
                    - F("market")
                    - F("demand")
                    - F("legal")
                    - F("life")
                    - F("maturity")
                    - F("reach")
                    - F("sheet")
                ),
                name="layer_rule_weights_sum_to_100",
            ),
            CheckConstraint(
                condition=Q(b_from__gt=0, b_from__lt=F("a_from"), a_from__lte=100),
                name="layer_rule_thresholds_in_order",
            ),
            CheckConstraint(
                condition=Q(neutral__lte=100, evidence__lte=100), name="layer_rule_percentages"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.region or '全国'} {self.valid_from}"


def _mark(label: str) -> models.PositiveSmallIntegerField[int, int]:
    return models.PositiveSmallIntegerField(label)


class Screening(models.Model):
    """What the office itself thinks of a patent 筛查; the last one counts, all are kept."""

    patent = models.ForeignKey(Patent, on_delete=models.CASCADE, related_name="screenings")
    technology = _mark(potential.SCREENED["technology"])
    product = _mark(potential.SCREENED["product"])
    market = _mark(potential.SCREENED["market"])
    resources = _mark(potential.SCREENED["resources"])
    note = models.CharField("说明", max_length=500, blank=True, default="")
    screened_at = models.DateTimeField()
    screened_by = ActorKeyField()
    screened_name = models.CharField("筛查人", max_length=120, blank=True, default="")

    class Meta:
        verbose_name = "筛查"
        ordering: ClassVar = ["patent_id", "-screened_at", "-pk"]
        constraints: ClassVar = [
            CheckConstraint(
                condition=Q(
                    technology__range=(1, 5),
                    product__range=(1, 5),
                    market__range=(1, 5),
                    resources__range=(1, 5),
                ),
                name="screening_marks_1_to_5",
            ),
        ]
        triggers: ClassVar = [
            pgtrigger.Protect(name="screening_is_never_changed", operation=pgtrigger.Update)
        ]

    def __str__(self) -> str:
        return f"{self.patent_id} {self.screened_at:%Y-%m-%d}"


class DemandSignal(models.Model):
    """How much demand there is for a patent, as last measured by matching."""

    patent = models.OneToOneField(Patent, on_delete=models.CASCADE, related_name="demand_signal")
    needs = models.PositiveIntegerField()
    subscriptions = models.PositiveIntegerField()
    best = models.PositiveSmallIntegerField("最高匹配度")
    measured_at = models.DateTimeField()

    class Meta:
        verbose_name = "需求热度"
        constraints: ClassVar = [
            CheckConstraint(condition=Q(best__lte=100), name="demand_best_to_100"),
        ]

    def __str__(self) -> str:
        return f"{self.patent_id}: {self.needs}"


class LayerOverride(models.Model):
    """A person puts a patent in a layer by hand, for a reason and until a day 人工调整."""

    patent = models.ForeignKey(Patent, on_delete=models.CASCADE, related_name="overrides")
    layer = models.CharField("分层", max_length=1, choices=Layer)
    reason = models.CharField("理由", max_length=300)
    until = models.DateField("有效期至")
    set_at = models.DateTimeField()
    set_by = ActorKeyField()
    set_name = models.CharField(max_length=120, blank=True, default="")
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = ActorKeyField(null=True, blank=True)

    class Meta:
        verbose_name = "人工分层"
        ordering: ClassVar = ["patent_id", "-set_at", "-pk"]
        constraints: ClassVar = [
            UniqueConstraint(
                fields=["patent"], condition=Q(ended_at__isnull=True), name="override_one_live"
            ),
            CheckConstraint(condition=Q(layer__in=Layer.values), name="override_layer_known"),
            CheckConstraint(condition=~Q(reason=""), name="override_says_why"),
            both_or_neither("ended_at", "ended_by", name="override_ended_pair"),
        ]

    def __str__(self) -> str:
        return f"{self.patent_id} → {self.layer}"


class LayerMove(models.Model):
    """One move of a patent from layer to layer, with the reasons of the day. Never changed."""

    patent = models.ForeignKey(Patent, on_delete=models.CASCADE, related_name="layer_moves")
    source = models.CharField(max_length=1, choices=Layer)
    target = models.CharField(max_length=1, choices=Layer)
    score = models.DecimalField(max_digits=4, decimal_places=1)
    reasons = models.JSONField(default=list)
    rule_version = models.CharField(max_length=20)
    by_hand = models.BooleanField(default=False)
    moved_at = models.DateTimeField()
    moved_by = ActorKeyField()

    class Meta:
        verbose_name = "分层变动"
        ordering: ClassVar = ["patent_id", "-moved_at", "-pk"]
        constraints: ClassVar = [
            CheckConstraint(condition=~Q(source=F("target")), name="layer_move_moves"),
            CheckConstraint(
                condition=Q(source__in=Layer.values, target__in=Layer.values),
                name="layer_move_layers_known",
            ),
        ]
        triggers: ClassVar = [
            pgtrigger.Protect(name="layer_move_is_never_changed", operation=pgtrigger.Update)
        ]

    def __str__(self) -> str:
        return f"{self.patent_id} {self.source} → {self.target}"
