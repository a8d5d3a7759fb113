"""What somebody was typing into the form of a need, so that a closed window loses nothing."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import UniqueConstraint


class NeedDraft(models.Model):
    """One person's unsaved form for one organisation: of a new need, or of one that exists."""

    user = models.ForeignKey("core.User", on_delete=models.CASCADE, related_name="+")
    organisation = models.ForeignKey(
        "core.Organisation", on_delete=models.CASCADE, related_name="+"
    )
    need = models.ForeignKey(
        "matching.Need", on_delete=models.CASCADE, null=True, blank=True, related_name="drafts"
    )
    filled = models.TextField()  # as a form sends it
    kept_at = models.DateTimeField()

    class Meta:
        verbose_name = "未保存的需求"
        constraints: ClassVar = [
            UniqueConstraint(
                fields=["user", "organisation", "need"],
                name="need_draft_once",
                nulls_distinct=False,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user_id}: {self.need_id or 'new'}"
