"""Files that people hand in: proofs, contracts, sheets."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import CheckConstraint, Q

from core.db import ActorKeyField


class Attachment(models.Model):
    """One stored file. Its name on disk is ours; its content never changes."""

    file = models.FileField(upload_to="attachments/%Y/%m/")
    name = models.CharField("文件名", max_length=200)
    content_type = models.CharField(max_length=80)
    size = models.PositiveIntegerField()
    sha256 = models.CharField(max_length=64)
    purpose = models.CharField(max_length=60)
    organisation_id = models.BigIntegerField(null=True)
    stored_at = models.DateTimeField()
    stored_by = ActorKeyField()

    class Meta:
        verbose_name = "附件"
        constraints: ClassVar = [
            CheckConstraint(
                condition=Q(size__gt=0, size__lte=10 * 1024 * 1024), name="attachment_size"
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["sha256"], name="attachment_sha256")]

    def __str__(self) -> str:
        return self.name
