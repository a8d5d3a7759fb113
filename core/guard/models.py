"""What browsers refused on our pages, each thing once."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import CheckConstraint, Q


class PolicyReport(models.Model):
    """Something a page asked for and the content security policy refused, and how often."""

    fingerprint = models.CharField(max_length=64, unique=True)
    directive = models.CharField(max_length=40)
    blocked = models.CharField(max_length=120, blank=True)
    page = models.CharField(max_length=200, blank=True)  # the route, so no number and no secret
    source = models.CharField(max_length=120, blank=True)
    line = models.PositiveIntegerField(default=0)
    times = models.PositiveIntegerField(default=1)
    first_seen_at = models.DateTimeField()
    last_seen_at = models.DateTimeField()

    class Meta:
        verbose_name = "内容安全策略报告"
        constraints: ClassVar = [
            CheckConstraint(
                condition=Q(last_seen_at__gte=models.F("first_seen_at")), name="policy_report_order"
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["last_seen_at"], name="policy_report_age")]

    def __str__(self) -> str:
        return f"{self.directive} {self.blocked}"
