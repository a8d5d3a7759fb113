"""Storing attachments."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Collection
from datetime import datetime

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction

from core.attachments import rules
from core.attachments.models import Attachment
from core.db import delete_with_files
from core.errors import Invalid
from core.people.types import Actor


def store(
    file: UploadedFile[bytes], *, purpose: str, by: Actor, now: datetime, field: str = "file"
) -> Attachment:
    """Keep a PDF, PNG or JPEG of at most 10 MB, under a name of our own.

    Invalid names `field` when the file is empty, too large, or of another type by content.
    """
    size = file.size or 0
    if size == 0:
        raise Invalid(fields={field: ["文件是空的，请重新选择文件。"]})
    if size > rules.MAX_BYTES:
        raise Invalid(fields={field: ["文件超过 10 MB，请压缩后重新上传。"]})
    content = file.read()
    file.seek(0)
    kind = rules.content_type(content)
    if kind is None:
        raise Invalid(
            fields={field: ["只接受 PDF、PNG 或 JPG 文件（按内容识别），请转换格式后上传。"]}
        )
    shown = (file.name or "附件").replace("\\", "/").rsplit("/", 1)[-1][:200]
    row = Attachment(
        name=shown,
        content_type=kind[0],
        size=size,
        sha256=hashlib.sha256(content).hexdigest(),
        purpose=purpose,
        organisation_id=by.organisation_id,
        stored_at=now,
        stored_by=by.key,
    )
    row.file.save(f"{uuid.uuid4().hex}{kind[1]}", file, save=False)
    row.save()
    return row


@transaction.atomic
def discard(ids: Collection[int]) -> int:
    """Delete these attachments, and their files once that is certain; how many.

    ProtectedError when something still points at one of them.
    """
    return delete_with_files(Attachment.objects.filter(pk__in=ids))
