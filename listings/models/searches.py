"""Searches that people keep, and what has answered them since."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import CheckConstraint, Q, UniqueConstraint

from core.people.types import Actor
from listings.models.patents import Patent
from listings.rules import alerts


class Frequency(models.TextChoices):
    AT_ONCE = alerts.Frequency.AT_ONCE.value, "有新专利就提醒"
    DAILY = alerts.Frequency.DAILY.value, "每天汇总"
    WEEKLY = alerts.Frequency.WEEKLY.value, "每周一汇总"
    OFF = alerts.Frequency.OFF.value, "不提醒"


class SavedSearchQuerySet(models.QuerySet["SavedSearch"]):
    """Searches, narrowed by who looks."""

    def visible_to(self, actor: Actor) -> SavedSearchQuerySet:
        """What somebody looks for is nobody else's business."""
        return self.filter(user_id=actor.user_id) if actor.user_id else self.none()


class SavedSearch(models.Model):
    """A question to the board that somebody wants to hear the new answers to 保存的检索."""

    user = models.ForeignKey("core.User", on_delete=models.CASCADE, related_name="+")
    organisation = models.ForeignKey(
        "core.Organisation", on_delete=models.SET_NULL, null=True, related_name="+"
    )
    name = models.CharField("名称", max_length=60)
    text = models.CharField("检索词", max_length=200, blank=True, default="")
    chosen = models.JSONField("筛选条件", default=dict, blank=True)
    sort = models.CharField(max_length=20, blank=True, default="")
    fingerprint = models.CharField(max_length=64)
    # The words as a tsquery: a patent without them cannot answer. None: always look closer.
    words = models.TextField(null=True, blank=True)  # noqa: DJ001
    frequency = models.CharField("提醒", max_length=10, choices=Frequency)
    # What answered when it was saved: no news. Beyond a limit only the moment is remembered.
    known = ArrayField(models.BigIntegerField(), default=list, blank=True)
    known_all = models.BooleanField(default=True)
    saved_at = models.DateTimeField()
    checked_at = models.DateTimeField()
    due_at = models.DateTimeField(null=True, blank=True)
    told_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField()

    objects = SavedSearchQuerySet.as_manager()

    class Meta:
        verbose_name = "保存的检索"
        constraints: ClassVar = [
            UniqueConstraint(fields=["user", "name"], name="search_name_once"),
            CheckConstraint(condition=~Q(name=""), name="search_has_name"),
            CheckConstraint(condition=~Q(text="", chosen={}), name="search_asks_something"),
            CheckConstraint(
                condition=Q(frequency__in=Frequency.values), name="search_frequency_known"
            ),
            CheckConstraint(
                condition=Q(frequency=alerts.Frequency.AT_ONCE.value) | Q(due_at__isnull=False),
                name="search_has_next_check",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["due_at"], condition=Q(due_at__isnull=False), name="search_due"),
            models.Index(
                fields=["fingerprint", "id"],
                condition=Q(frequency=alerts.Frequency.AT_ONCE.value),
                name="search_at_once",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class SearchHit(models.Model):
    """A patent that has come to answer a saved search: found once, told once."""

    search = models.ForeignKey(SavedSearch, on_delete=models.CASCADE, related_name="hits")
    patent = models.ForeignKey(Patent, on_delete=models.CASCADE, related_name="+")
    found_at = models.DateTimeField()
    told_at = models.DateTimeField(null=True, blank=True)
    seen_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = "检索命中"
        constraints: ClassVar = [
            UniqueConstraint(fields=["search", "patent"], name="search_hit_once"),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["search"], condition=Q(seen_at__isnull=True), name="search_hit_unseen"
            ),
            models.Index(
                fields=["search"], condition=Q(told_at__isnull=True), name="search_hit_untold"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.search_id} ← {self.patent_id}"
