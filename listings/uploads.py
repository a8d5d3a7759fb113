"""From a request's file to one that the confined child may read."""

from __future__ import annotations

import tempfile
from datetime import datetime
from pathlib import Path
from typing import Any

from django.core.files.uploadedfile import UploadedFile

from core.people.types import Actor
from listings.services import gazette, importing


def take_in_events(upload: UploadedFile[Any], *, by: Actor, now: datetime) -> int:
    """Take an uploaded file of legal events in; its id."""
    with tempfile.NamedTemporaryFile(prefix="events-", suffix=".upload") as kept:
        for chunk in upload.chunks():
            kept.write(chunk)
        kept.flush()
        return gazette.take_in(path=Path(kept.name), filename=upload.name or "", by=by, now=now)


def take_in(upload: UploadedFile[Any], *, complete: bool = False, by: Actor, now: datetime) -> int:
    """Take an uploaded list in; the batch's id."""
    with tempfile.NamedTemporaryFile(prefix="import-", suffix=".upload") as kept:
        for chunk in upload.chunks():
            kept.write(chunk)
        kept.flush()
        return importing.take_in(
            path=Path(kept.name), filename=upload.name or "", complete=complete, by=by, now=now
        )
