"""What every report of a licensee's earnings keeps, whichever contract it is of."""

from __future__ import annotations

from collections.abc import Mapping

import pgtrigger
from django.db import models
from django.db.models import CheckConstraint, F, Q, UniqueConstraint
from django.db.models.constraints import BaseConstraint

from core.db import ActorKeyField, both_or_neither
from licensing.rules import fees, moves, reports

_R = reports.ReportStatus


class EarningsReport(models.Model):
    """What a licensee earned in one period; a correction is another row that replaces it."""

    starts_on = models.DateField("期初")
    ends_on = models.DateField("期末")
    revision = models.PositiveSmallIntegerField("次数", default=1)
    status = models.CharField(
        "状态",
        max_length=12,
        default=_R.REPORTED.value,
        choices=[(s.value, reports.REPORT_LABELS[s]) for s in _R],
    )
    amount = models.DecimalField("申报数", max_digits=18, decimal_places=2)
    currency = models.CharField(
        "币种",
        max_length=3,
        default=fees.Currency.CNY.value,
        choices=[(c.value, fees.CURRENCY_LABELS[c]) for c in fees.Currency],
    )
    exchange_rate = models.DecimalField("汇率", max_digits=14, decimal_places=6, default=1)
    note = models.TextField("说明", blank=True, default="", max_length=2000)
    evidence = models.ForeignKey(
        "core.Attachment", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    reported_at = models.DateTimeField()
    reported_by = ActorKeyField()
    question = models.TextField("疑问", blank=True, default="", max_length=2000)
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = ActorKeyField(null=True, blank=True)
    owed = models.DecimalField(max_digits=18, decimal_places=2, null=True, blank=True)
    lines = models.JSONField(default=list, blank=True)
    below_minimum = models.BooleanField(default=False)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self.starts_on:%Y-%m-%d} 至 {self.ends_on:%Y-%m-%d}"


def report_constraints(name: str) -> list[BaseConstraint]:
    """What no such report may look like; each table names its own."""
    checks: Mapping[str, Q] = {
        "status_known": Q(status__in=sorted(s.value for s in _R)),
        "currency_known": Q(currency__in=sorted(c.value for c in fees.Currency)),
        "period_forward": Q(ends_on__gte=F("starts_on")),
        "rate_positive": Q(exchange_rate__gt=0),
        "accepted_reckoned": ~Q(status=_R.ACCEPTED)
        | Q(owed__isnull=False, decided_at__isnull=False),
        "question_said": ~Q(status=_R.QUESTIONED) | ~Q(question=""),
    }
    return [
        UniqueConstraint(fields=["licence", "starts_on", "revision"], name=f"{name}_revision_once"),
        UniqueConstraint(
            fields=["licence", "starts_on"],
            condition=Q(status__in=sorted(s.value for s in reports.PENDING)),
            name=f"one_pending_{name}",
        ),
        UniqueConstraint(
            fields=["licence", "starts_on"],
            condition=Q(status=_R.ACCEPTED.value),
            name=f"one_accepted_{name}",
        ),
        *(CheckConstraint(condition=said, name=f"{name}_{what}") for what, said in checks.items()),
        both_or_neither("decided_at", "decided_by", name=f"{name}_decided_pair"),
    ]


def report_triggers(name: str) -> list[pgtrigger.Trigger]:
    """Its states move by the table, and no report is taken away."""
    return [
        pgtrigger.FSM(
            name=f"{name}_moves",
            field="status",
            transitions=moves.transitions(reports.REPORT_MOVES),
        ),
        pgtrigger.Protect(name=f"{name}_kept", operation=pgtrigger.Delete),
    ]
