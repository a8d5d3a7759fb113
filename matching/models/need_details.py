"""What a need says beyond its core, whose list it stands in, how long, and how it ended."""

from __future__ import annotations

from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import CheckConstraint, F, Func, Q, Value
from django.db.models.lookups import Exact

from matching import types
from matching.models.choices import Ending, ListType
from matching.rules import needs as rules

ENDED = sorted({types.NeedStatus.SOLVED.value, types.NeedStatus.CLOSED.value})


class NeedDetails(models.Model):
    """Columns of a need. All have defaults in the database: older code may write beside."""

    tried = models.TextField("已经试过", blank=True, default="", db_default="")
    limits = models.TextField("限制条件", blank=True, default="", db_default="")
    metrics = models.JSONField("量化指标", blank=True, default=list, db_default=[])
    list_type = models.CharField(
        "清单类型",
        max_length=10,
        choices=ListType,
        default=ListType.FIRM,
        db_default=types.ListType.FIRM.value,
    )
    is_confidential = models.BooleanField("保密", default=False, db_default=False)
    released = ArrayField(
        models.CharField(max_length=20), blank=True, default=list, db_default=Value("{}")
    )
    expires_on = models.DateField("有效期至", null=True, blank=True)
    reminded_of = models.DateField("已提醒的到期日", null=True, blank=True)
    ending = models.CharField(
        "结果", max_length=10, choices=Ending, blank=True, default="", db_default=""
    )
    ending_patent = models.ForeignKey(
        "listings.Patent", on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    ending_note = models.CharField(
        "结果说明", max_length=500, blank=True, default="", db_default=""
    )

    class Meta:
        abstract = True

    @property
    def targets_with_numbers(self) -> tuple[types.Metric, ...]:
        """The metrics as values."""
        return tuple(types.Metric(**row) for row in self.metrics)


CONSTRAINTS: list[Any] = [
    CheckConstraint(condition=Q(list_type__in=ListType.values), name="need_list_known"),
    CheckConstraint(
        condition=Q(released__contained_by=list(rules.FIELDS)), name="need_fields_known"
    ),
    CheckConstraint(
        condition=Q(is_confidential=True) | Q(released=[]), name="need_released_if_confidential"
    ),
    CheckConstraint(
        condition=Q(ending="") | Q(ending__in=Ending.values, status__in=ENDED),
        name="need_ending_if_ended",
    ),
    CheckConstraint(
        condition=Q(ending_patent__isnull=True) | Q(ending=types.Ending.PLATFORM.value),
        name="need_patent_if_platform",
    ),
    CheckConstraint(
        condition=Q(status=types.NeedStatus.SOLVED.value)
        | ~Q(ending__in=[e.value for e in rules.SOLVED_BY]),
        name="need_solved_if_solved_by",
    ),
    CheckConstraint(
        condition=Exact(
            Func(F("metrics"), function="jsonb_typeof", output_field=models.TextField()), "array"
        ),
        name="need_metrics_list",
    ),
]
