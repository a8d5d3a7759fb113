"""What a text says in any language, kept: reading it takes milliseconds, and another processor
might round it otherwise. A row goes with what it was read from."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import CheckConstraint, Q


class Meaning(models.Model):
    """The sentence row of a need, a subscription or a patent with a foreign title."""

    need = models.OneToOneField(
        "matching.Need", on_delete=models.CASCADE, null=True, blank=True, related_name="+"
    )
    subscription = models.OneToOneField(
        "matching.Subscription", on_delete=models.CASCADE, null=True, blank=True, related_name="+"
    )
    patent = models.OneToOneField(
        "listings.Patent", on_delete=models.CASCADE, null=True, blank=True, related_name="+"
    )
    mark = models.BinaryField("所读文字的摘要", max_length=16)
    sentence = models.BinaryField("512 个有符号字节", max_length=512)

    class Meta:
        constraints: ClassVar = [
            CheckConstraint(
                name="meaning_of_one",
                condition=Q(need__isnull=False, subscription__isnull=True, patent__isnull=True)
                | Q(need__isnull=True, subscription__isnull=False, patent__isnull=True)
                | Q(need__isnull=True, subscription__isnull=True, patent__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"meaning of {self.need_id or self.subscription_id or self.patent_id}"
