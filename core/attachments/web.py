"""How a stored file goes out to a browser."""

from __future__ import annotations

from django.http import HttpResponse
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _

from core.attachments.models import Attachment
from core.errors import Missing


def download(attachment: Attachment | None) -> HttpResponse:
    """The file as a download (at most 10 MB); never shown in place, whatever it claims to be.

    Missing where nothing was handed in.
    """
    if attachment is None:
        raise Missing(_("没有上传文件。"))
    with attachment.file.open("rb") as file:
        content = file.read()
    return HttpResponse(
        content,
        content_type=attachment.content_type,
        headers={
            "Content-Disposition": content_disposition_header(True, attachment.name) or "",
            "X-Content-Type-Options": "nosniff",
        },
    )
