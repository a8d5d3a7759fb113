"""What this room tells others, always in the same words."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from core.outbox import services as outbox
from core.people.types import Actor
from listings.models import Listing, Patent
from listings.rules import moves


def payload(patent: Patent, listing_id: int | None, **extra: Any) -> dict[str, Any]:
    """What every event of this room says of its patent."""
    return {
        "patent_id": patent.pk,
        "listing_id": listing_id,
        "organisation_id": patent.organisation_id,
        "region": patent.region,
        **extra,
    }


def tell(
    name: str,
    patent: Patent,
    *,
    by: Actor,
    now: datetime,
    listing_id: int | None = None,
    **extra: Any,
) -> None:
    """One event about one patent, with its live listing unless another is named."""
    if listing_id is None:
        listing_id = live_listing_id(patent.pk)
    outbox.emit(name, subject=patent, by=by, at=now, payload=payload(patent, listing_id, **extra))


def tell_of_many(
    name: str, patents: Iterable[Patent], *, by: Actor, now: datetime, **extra: Any
) -> None:
    """The same event about many patents, in a handful of statements."""
    rows = list(patents)
    live = dict(
        Listing.objects.filter(patent__in=rows, status__in=moves.LIVE_LISTING).values_list(
            "patent_id", "pk"
        )
    )
    outbox.emit_many(
        name,
        [(row, payload(row, live.get(row.pk), **extra)) for row in rows],
        by=by,
        at=now,
    )


def live_listing_id(patent_id: int) -> int | None:
    """The patent's draft, submitted, listed or suspended listing."""
    return (
        Listing.objects.filter(patent_id=patent_id, status__in=moves.LIVE_LISTING)
        .values_list("pk", flat=True)
        .first()
    )
