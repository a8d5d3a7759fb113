"""What of an offer receivers were last told: its terms, and which edition of its sheet."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from listings import selectors as listings
from listings.types import EncumbranceKind, SupplyFacts
from matching import rules
from matching.models import OfferEdition
from matching.rules import pushes


def states(facts: Collection[SupplyFacts], *, now: datetime) -> dict[int, str]:
    """The material state of each offer, by patent; a sheet that says something new is counted on.

    Call it in the transaction of the push: the rows are locked until it commits, so that two
    pushers agree on the number.
    """
    editions = _editions(facts, now=now)
    bound = listings.encumbrances_of([f.patent_id for f in facts], at=now)
    declared = {
        patent_id
        for patent_id, rows in bound.items()
        if any(row.kind == EncumbranceKind.OPEN_DECLARATION for row in rows)
    }
    return {
        f.patent_id: pushes.state_of_offer(
            terms=rules.material(
                title=f.title, asking_price=f.asking_price, licence_mode=f.licence_mode
            ),
            sheet=editions[f.patent_id],
            is_declared=f.patent_id in declared,
        )
        for f in facts
    }


def _editions(facts: Collection[SupplyFacts], *, now: datetime) -> dict[int, int]:
    sheets = {f.patent_id: pushes.plain(f.offer_text) for f in facts}
    OfferEdition.objects.bulk_create(
        [
            OfferEdition(patent_id=patent_id, sheet=sheet, changed_at=now)
            for patent_id, sheet in sorted(sheets.items())
        ],
        ignore_conflicts=True,
    )
    rows = OfferEdition.objects.select_for_update().filter(patent_id__in=sheets)
    found = {}
    for row in rows.order_by("patent_id"):
        sheet = sheets[row.patent_id]
        if pushes.sheet_changed(row.sheet, sheet):
            row.number, row.sheet, row.changed_at = row.number + 1, sheet, now
            row.save(update_fields=["number", "sheet", "changed_at"])
        found[row.patent_id] = row.number
    return found
