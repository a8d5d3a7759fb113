"""Offer sheets as they are worked on: every saved text, its reviews, the files beside it."""

from __future__ import annotations

from typing import ClassVar

import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import CheckConstraint, Q, UniqueConstraint

from core.db import ActorKeyField, both_or_neither
from listings.models.patents import Listing
from listings.rules import sheets


class SheetState(models.TextChoices):
    WRITING = sheets.SheetState.WRITING.value, "编写中"
    IN_REVIEW = sheets.SheetState.IN_REVIEW.value, "审核中"
    RETURNED = sheets.SheetState.RETURNED.value, "已退回"
    APPROVED = sheets.SheetState.APPROVED.value, "审核通过"


class ReviewVerdict(models.TextChoices):
    APPROVED = "approved", "通过"
    RETURNED = "returned", "退回修改"
    SUPERSEDED = "superseded", "提交后又修改，作废"


class SheetVersion(models.Model):
    """A sheet's text as it was saved once; never changed, never deleted."""

    listing = models.ForeignKey(Listing, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    content = models.JSONField()
    changed = ArrayField(models.CharField(max_length=20), default=list, blank=True)
    restored_from = models.PositiveIntegerField(null=True, blank=True)
    saved_at = models.DateTimeField()
    saved_by = ActorKeyField()

    class Meta:
        verbose_name = "推介表版本"
        constraints: ClassVar = [
            UniqueConstraint(fields=["listing", "number"], name="sheet_version_once"),
            CheckConstraint(condition=Q(number__gte=1), name="sheet_version_from_1"),
            CheckConstraint(
                condition=Q(restored_from__isnull=True) | Q(restored_from__lt=models.F("number")),
                name="sheet_version_restores_older",
            ),
        ]
        triggers: ClassVar = [
            pgtrigger.Protect(name="sheet_version_append_only", operation=pgtrigger.Update)
        ]

    def __str__(self) -> str:
        return f"{self.listing_id} v{self.number}"


class SheetDesk(models.Model):
    """Where a listing's sheet stands: the last text, and the one the public reads."""

    listing = models.OneToOneField(
        Listing, on_delete=models.CASCADE, primary_key=True, related_name="desk"
    )
    state = models.CharField(max_length=10, choices=SheetState.choices, default=SheetState.WRITING)
    head = models.ForeignKey(SheetVersion, on_delete=models.RESTRICT, related_name="+")
    live = models.ForeignKey(
        SheetVersion, on_delete=models.RESTRICT, null=True, blank=True, related_name="+"
    )

    class Meta:
        verbose_name = "推介表"
        constraints: ClassVar = [
            CheckConstraint(condition=Q(state__in=SheetState.values), name="sheet_state_known"),
        ]

    def __str__(self) -> str:
        return f"{self.listing_id} {self.state}"


class SheetReview(models.Model):
    """One version handed in, and what the reviewer made of it."""

    listing = models.ForeignKey(Listing, on_delete=models.CASCADE, related_name="reviews")
    version = models.ForeignKey(SheetVersion, on_delete=models.RESTRICT, related_name="reviews")
    submitted_at = models.DateTimeField()
    submitted_by = ActorKeyField()
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = ActorKeyField(null=True, blank=True)
    verdict = models.CharField(max_length=10, choices=ReviewVerdict.choices, blank=True, default="")
    remarks = models.CharField(max_length=1000, blank=True, default="")
    by_author = models.BooleanField(default=False)

    class Meta:
        verbose_name = "推介表审核"
        constraints: ClassVar = [
            both_or_neither("decided_at", "decided_by", name="sheet_review_decided_pair"),
            UniqueConstraint(
                fields=["listing"],
                condition=Q(decided_at__isnull=True),
                name="sheet_review_one_open",
            ),
            CheckConstraint(
                condition=Q(verdict="", decided_at__isnull=True)
                | Q(verdict__in=ReviewVerdict.values, decided_at__isnull=False),
                name="sheet_review_verdict_when_decided",
            ),
            CheckConstraint(
                condition=~Q(verdict="returned") | ~Q(remarks=""),
                name="sheet_review_return_says_why",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.listing_id} {self.verdict or '…'}"


class SheetFile(models.Model):
    """A file that a listing's sheet may show; which of them it shows is part of its text."""

    listing = models.ForeignKey(Listing, on_delete=models.CASCADE, related_name="sheet_files")
    attachment = models.ForeignKey("core.Attachment", on_delete=models.PROTECT, related_name="+")
    caption = models.CharField("说明", max_length=100, blank=True, default="")
    added_at = models.DateTimeField()
    added_by = ActorKeyField()

    class Meta:
        verbose_name = "推介表附件"
        constraints: ClassVar = [
            UniqueConstraint(fields=["listing", "attachment"], name="sheet_file_once"),
        ]

    def __str__(self) -> str:
        return self.caption or f"{self.listing_id} 附件"


class SheetPolicy(models.Model):
    """Whether an organisation lets a sheet go public only after a colleague's review."""

    organisation = models.OneToOneField(
        "core.Organisation", on_delete=models.CASCADE, primary_key=True, related_name="+"
    )
    review_required = models.BooleanField(default=False)
    changed_at = models.DateTimeField()
    changed_by = ActorKeyField()

    class Meta:
        verbose_name = "推介表审核设置"

    def __str__(self) -> str:
        return f"{self.organisation_id} {self.review_required}"
