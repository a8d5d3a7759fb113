"""What a patent has brought in, as far as payments on it were recorded."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import CheckConstraint, Q, UniqueConstraint

from listings.models.patents import Patent


class PatentIncome(models.Model):
    """Money received for a patent 到账: which payment, how much, when, by whom."""

    patent = models.ForeignKey(Patent, on_delete=models.PROTECT, related_name="incomes")
    organisation = models.ForeignKey(
        "core.Organisation", on_delete=models.PROTECT, related_name="+", verbose_name="收款单位"
    )
    reference = models.CharField("来源编号", max_length=80)
    amount = models.DecimalField("金额", max_digits=18, decimal_places=2)
    currency = models.CharField("币种", max_length=3, default="CNY")
    received_on = models.DateField("到账日")
    noted_at = models.DateTimeField()

    class Meta:
        verbose_name = "专利到账"
        ordering: ClassVar = ["patent_id", "received_on", "pk"]
        constraints: ClassVar = [
            UniqueConstraint(fields=["patent", "reference"], name="patent_income_once"),
            CheckConstraint(condition=Q(amount__gt=0), name="patent_income_positive"),
            CheckConstraint(condition=~Q(reference=""), name="patent_income_referenced"),
        ]

    def __str__(self) -> str:
        return f"{self.patent_id} {self.reference}"
