"""The texts of an offer sheet: every saved one is kept, and one of them is what the public reads.

The columns of the listing are the public text (of a draft: the only one). While a review is
required, what is saved over a sheet on the board waits in its version until a colleague approves.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from core.audit import services as audit
from core.people.types import Actor
from listings.models import (
    Listing,
    Patent,
    SheetDesk,
    SheetReview,
    SheetVersion,
)
from listings.rules import moves
from listings.rules.sheets import SheetState
from listings.selectors.offering.sheets import (
    COLUMNS,
    Content,
    content_of,
    desk,
    held_back,
    review_required,
    working,
)
from listings.services import news


def put(listing: Listing, patent: Patent, content: Content) -> None:
    """Make this the text in the listing's columns; the caller saves the listing."""
    price = content["asking_price"]
    for name in COLUMNS:
        setattr(listing, name, content[name])
    listing.asking_price = None if price is None else Decimal(price)
    if content["trl"] is not None and content["trl"] != patent.trl:
        patent.trl = content["trl"]
        Patent.objects.filter(pk=patent.pk).update(trl=patent.trl)


def save_text(
    patent: Patent,
    listing: Listing,
    wanted: Content,
    *,
    by: Actor,
    now: datetime,
    restored_from: int | None = None,
) -> int:
    """Keep a text of a locked listing; the listing's new version. The same text changes nothing."""
    before = working(listing, patent)
    if wanted["trl"] is None:
        wanted = wanted | {"trl": before["trl"]}
    changes = {name: [before[name], value] for name, value in wanted.items()
               if before[name] != value}  # fmt: skip
    if not changes:
        return listing.version
    on_board = listing.status in moves.ON_THE_BOARD
    waits = on_board and not by.is_system and review_required(patent.organisation_id)
    row = keep(
        listing, patent, wanted, by=by, now=now, changed=list(changes), restored_from=restored_from
    )
    supersede(listing, by=by, now=now)
    listing.version, listing.changed_at = listing.version + 1, now
    if not waits:
        put(listing, patent, wanted)
        if on_board:
            SheetDesk.objects.filter(listing=listing).update(live=row)
    listing.save()
    audit.record("listing.edited", subject=listing, by=by, at=now, changes=changes)
    if not waits:
        Patent.objects.filter(pk=patent.pk).update(indexed_at=None)
        news.tell("patent.changed", patent, by=by, now=now, listing_id=listing.pk)
    return listing.version


def keep(
    listing: Listing,
    patent: Patent,
    content: Content,
    *,
    by: Actor,
    now: datetime,
    changed: list[str],
    restored_from: int | None = None,
) -> SheetVersion:
    """The next version; before it whatever other doors (an import) had written meanwhile."""
    known = desk(listing)
    last = known.head.number if known else 0
    standing = content_of(listing, patent)
    if _unkept(listing, known, standing):
        last += 1
        base = SheetVersion.objects.create(
            listing=listing,
            number=last,
            content=standing,
            saved_at=listing.changed_at,
            saved_by=listing.created_by if known is None else by.key,
        )
        known = _point(listing, known, base)
    row = SheetVersion.objects.create(
        listing=listing,
        number=last + 1,
        content=content,
        changed=changed,
        restored_from=restored_from,
        saved_at=now,
        saved_by=by.key,
    )
    _point(listing, known, row)
    return row


def _unkept(listing: Listing, known: SheetDesk | None, standing: Content) -> bool:
    """Whether the columns hold a text that no version has."""
    if known is None:
        return any(value for name, value in standing.items() if name != "trl")
    if held_back(listing, known):
        return False
    return any(known.head.content[name] != standing[name] for name in COLUMNS)


def _point(listing: Listing, known: SheetDesk | None, row: SheetVersion) -> SheetDesk:
    """The desk with this version as its last; of a listing on the board the first is public."""
    if known is None:
        live = row if listing.status in moves.ON_THE_BOARD else None
        return SheetDesk.objects.create(listing=listing, head=row, live=live)
    known.head, known.state = row, SheetState.WRITING
    known.save(update_fields=["head", "state"])
    return known


def first_text(listing: Listing, patent: Patent, *, by: Actor, now: datetime) -> None:
    """The version of a new draft, unless nothing is written yet."""
    content = content_of(listing, patent)
    said = [name for name, value in content.items() if value and name != "trl"]
    if said:
        row = SheetVersion.objects.create(
            listing=listing, number=1, content=content, changed=said, saved_at=now, saved_by=by.key
        )
        SheetDesk.objects.create(listing=listing, head=row)


def supersede(listing: Listing, *, by: Actor, now: datetime) -> None:
    """A review of a text that is no longer the last is over; a submitted draft is a draft again."""
    over = SheetReview.objects.filter(listing=listing, decided_at__isnull=True).update(
        decided_at=now, decided_by=by.key, verdict="superseded"
    )
    if over and listing.status == "submitted":
        listing.status = moves.after(moves.LISTING_MOVES, listing.status, "return")
