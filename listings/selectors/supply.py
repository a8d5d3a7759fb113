"""What matching reads of the supply side: facts of listed patents, and their vectors."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
from django.db.models import Exists, OuterRef
from numpy.typing import NDArray

from listings.models import Encumbrance, Listing, Patent
from listings.rules import moves
from listings.selectors.cards import licence_mode
from listings.types import EncumbranceKind, ListingStatus, PatentStatus, SupplyFacts

CHUNK = 1_000


def _active(*kinds: EncumbranceKind) -> Exists:
    return Exists(
        Encumbrance.objects.filter(patent=OuterRef("patent_id"), kind__in=kinds, active=True)
    )


def supply(
    ids: Iterable[int] | None = None, *, after: int = 0, limit: int | None = None
) -> Iterator[SupplyFacts]:
    """Patents with an offer on the board, by patent id; `matchable` says whether to push them.

    `ids` narrows to these patents; `after` and `limit` page through all of them by patent id. A
    suspended offer is told of too, so that its matches can be taken back.
    """
    rows = (
        Listing.objects.filter(
            status__in=moves.ON_THE_BOARD, patent__removed_at__isnull=True, patent_id__gt=after
        )
        .select_related("patent")
        .prefetch_related("patent__holders")
        .defer("patent__embedding", "patent__search")
        .annotate(
            is_declared=_active(EncumbranceKind.OPEN_DECLARATION),
            is_taken=_active(EncumbranceKind.EXCLUSIVE, EncumbranceKind.PRESERVATION),
        )
        .order_by("patent_id")
    )
    if ids is not None:
        rows = rows.filter(patent_id__in=set(ids))
    if limit is not None:
        rows = rows[:limit]
    for row in rows.iterator(chunk_size=CHUNK):
        yield _facts(row)


def supply_ids() -> list[int]:
    """The ids of all that `supply` tells of, ascending."""
    on_board = Listing.objects.filter(
        status__in=moves.ON_THE_BOARD, patent__removed_at__isnull=True
    )
    return list(on_board.order_by("patent_id").values_list("patent_id", flat=True))


def _facts(row: Listing) -> SupplyFacts:
    patent = row.patent
    taken = bool(row.is_taken)  # type: ignore[attr-defined]
    declared = bool(row.is_declared)  # type: ignore[attr-defined]
    if row.published_at is None:
        raise ValueError(f"Listing {row.pk} is on the board and was never published.")
    return SupplyFacts(
        patent_id=patent.pk,
        listing_id=row.pk,
        organisation_id=patent.organisation_id,
        title=patent.title,
        abstract=patent.abstract,
        offer_text="\n".join(
            t
            for t in (
                row.summary,
                row.problem,
                row.how,
                row.benefit,
                row.maturity,
                "；".join(row.scenes),
            )
            if t
        ),
        ipc=tuple(patent.ipc),
        industry_codes=tuple(patent.industry_codes),
        region=patent.region,
        trl=patent.trl,
        asking_price=row.asking_price,
        licence_mode=licence_mode(is_declared=declared, routes=row.routes),
        listed_at=row.published_at,
        matchable=row.status == ListingStatus.LISTED
        and patent.status == PatentStatus.GRANTED
        and not taken,
        holder_organisations=tuple(
            holder.organisation_id
            for holder in patent.holders.all()
            if holder.organisation_id is not None
        ),
    )


def vectors(ids: Iterable[int]) -> dict[int, NDArray[np.float32]]:
    """The stored vectors of these patents; those not embedded yet are left out."""
    rows = Patent.objects.kept().filter(pk__in=set(ids), embedding__isnull=False)
    return {
        pk: np.asarray(vector, dtype=np.float32)
        for pk, vector in rows.values_list("pk", "embedding").iterator(chunk_size=CHUNK)
    }
