"""The members of a bundle that is talked about as one deal, as they stood when it was asked for."""

from __future__ import annotations

from typing import ClassVar

import pgtrigger
from django.db import models
from django.db.models import CheckConstraint, Q, UniqueConstraint

from core.db import ActorKeyField, both_or_neither
from licensing.models.deals import Deal


class DealMember(models.Model):
    """A patent of the bundle; one that fell away stays, with why."""

    deal = models.ForeignKey(Deal, on_delete=models.PROTECT, related_name="members")
    patent = models.ForeignKey("listings.Patent", on_delete=models.PROTECT, related_name="+")
    position = models.PositiveSmallIntegerField()
    patent_number = models.CharField(max_length=40)
    patent_title = models.CharField(max_length=500)
    dropped_at = models.DateTimeField(null=True, blank=True)
    dropped_by = ActorKeyField(null=True, blank=True)
    dropped_reason = models.TextField("去掉的原因", blank=True, default="", max_length=2000)

    class Meta:
        verbose_name = "组合洽谈的成员"
        ordering: ClassVar = ["deal", "position"]
        constraints: ClassVar = [
            UniqueConstraint(fields=["deal", "patent"], name="deal_member_once"),
            both_or_neither("dropped_at", "dropped_by", name="deal_member_dropped_pair"),
            CheckConstraint(
                condition=Q(dropped_at__isnull=True) | ~Q(dropped_reason=""),
                name="deal_member_dropped_with_reason",
            ),
        ]
        triggers: ClassVar = [
            pgtrigger.Protect(name="deal_member_kept", operation=pgtrigger.Delete),
        ]

    def __str__(self) -> str:
        return f"{self.deal_id} {self.patent_number}"
