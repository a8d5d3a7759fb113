"""Public pages of patents, by key, for sitemaps."""

from __future__ import annotations

from datetime import datetime

from django.db.models import F, IntegerField, Max
from django.db.models.functions import Cast, Greatest

from listings.models import Listing

A_PART = 50_000
"""Keys to a part: a part never holds more addresses than this, and an address never moves."""


def listed_parts() -> dict[int, datetime]:
    """The parts that hold listed patents, and when something in each changed last."""
    part = Cast(F("patent_id") / A_PART, IntegerField())
    changed = Max(Greatest("changed_at", "patent__changed_at"))
    rows = Listing.objects.on_board().order_by().values(part=part).annotate(changed=changed)
    return dict(rows.values_list("part", "changed"))


def listed_in(part: int) -> list[tuple[int, datetime]]:
    """The listed patents of one part, and when each changed last."""
    rows = Listing.objects.on_board().filter(
        patent_id__gte=part * A_PART, patent_id__lt=(part + 1) * A_PART
    )
    changed = Greatest("changed_at", "patent__changed_at")
    return list(rows.order_by("patent_id").values_list("patent_id", changed))
