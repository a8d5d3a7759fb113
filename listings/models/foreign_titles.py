"""What patents with foreign titles say, beside the board: few, so compared one by one."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from pgvector.django import HalfVectorField

from core.text.sentences import WIDTH


class ForeignTitle(models.Model):
    """The sentence row of a patent whose title has no Chinese character."""

    patent = models.OneToOneField(
        "listings.Patent", on_delete=models.CASCADE, primary_key=True, related_name="+"
    )
    sentence = HalfVectorField(dimensions=WIDTH)

    objects: ClassVar[models.Manager[ForeignTitle]] = models.Manager()

    class Meta:
        verbose_name = "外文题名"

    def __str__(self) -> str:
        return str(self.pk)
