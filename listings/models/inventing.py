"""Who invented a patent, and who of them does not want to be shown."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import CheckConstraint, Q, UniqueConstraint

from core.db import ActorKeyField, both_or_neither
from listings.models.patents import Patent


class PatentInventors(models.Model):
    """The inventors' names as the patent's papers print them."""

    patent = models.OneToOneField(Patent, on_delete=models.CASCADE, related_name="invented_by")
    names = ArrayField(models.CharField(max_length=60), verbose_name="发明人")
    changed_at = models.DateTimeField()
    changed_by = ActorKeyField()

    class Meta:
        verbose_name = "发明人"
        constraints: ClassVar = [
            CheckConstraint(condition=Q(names__len__range=(1, 30)), name="inventors_1_to_30")
        ]

    def __str__(self) -> str:
        return "、".join(self.names)


class InventorSilence(models.Model):
    """An inventor of a holder asked not to be shown (PIPL art. 27, 44)."""

    organisation = models.ForeignKey(
        "core.Organisation", on_delete=models.PROTECT, related_name="+"
    )
    name = models.CharField("姓名", max_length=60)
    asked_at = models.DateTimeField()
    asked_by = ActorKeyField()
    lifted_at = models.DateTimeField(null=True, blank=True)
    lifted_by = ActorKeyField(null=True, blank=True)

    class Meta:
        verbose_name = "发明人不展示"
        constraints: ClassVar = [
            both_or_neither("lifted_at", "lifted_by", name="silence_lifted_pair"),
            CheckConstraint(condition=~Q(name=""), name="silence_has_name"),
            UniqueConstraint(
                fields=["organisation", "name"],
                condition=Q(lifted_at__isnull=True),
                name="silence_once",
            ),
        ]

    def __str__(self) -> str:
        return self.name
