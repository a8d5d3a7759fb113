"""Fill in the volumes of the sample behind running pages, and tell the pages how far it is."""

from __future__ import annotations

from datetime import datetime

from django.core.cache import cache

from core.web.filling import KEPT, KEY
from patentops.sample.loading import load_volumes


def fill(*, now: datetime) -> int:
    """Load what is missing; pages say meanwhile that more is coming. How many steps it took."""
    try:
        return load_volumes(now=now, tell=_tell)
    finally:
        cache.delete(KEY)


def _tell(done: int, of: int) -> None:
    cache.set(KEY, f"{done}/{of}", KEPT)
