"""The copy of a person's data as a file, for the page and the API."""

from __future__ import annotations

from django.http import HttpResponse
from django.utils import timezone

from core.errors import Missing
from core.people.types import Actor
from core.privacy import selectors


def copy(copy_id: int, *, viewer: Actor) -> HttpResponse:
    """The copy, for its person while it stands; stored by nobody on the way."""
    row = selectors.ready_copy(copy_id, viewer=viewer, now=timezone.now())
    if row is None:
        raise Missing("这份副本不存在或已经过期，请重新申请。")
    with row.file.open("rb") as file:
        content = file.read()
    return HttpResponse(
        content,
        content_type="application/zip",
        headers={
            "Content-Disposition": 'attachment; filename="personal-data.zip"',
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "no-store",
        },
    )
