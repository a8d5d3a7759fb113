"""While a process fills in more of the sample, pages say so: their lists are still growing."""

from __future__ import annotations

from django.core.cache import cache

KEY = "sample-filling"
KEPT = 300  # seconds after the last word; a filler that was killed is not waited for


def progress() -> str:
    """How many volumes are in, such as "3/9"; nothing when nobody fills."""
    found = cache.get(KEY)
    return found if isinstance(found, str) else ""
