"""Texts of this room in which a person may stand who asked to be forgotten (PIPL art. 47)."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime

from django.urls import reverse

from core.notices.services import notify
from core.people import selectors as people
from core.people.types import Role
from core.privacy import rules
from core.privacy import services as privacy
from core.privacy.forgetting import Change, Texts
from listings.models import (
    Auction,
    Bundle,
    Collection,
    CollectionItem,
    Drive,
    ImportRow,
    LayerOverride,
    Listing,
    Objection,
    PromotionItem,
    PromotionList,
    Screening,
    ServiceRequest,
    SheetReview,
    SheetVersion,
)
from listings.rules import moves
from listings.services.searching.index import index_patents

FORGET = "listings.forget"

KEPT_BY = "patent__organisation_id"  # who keeps the patent
PLACES = [
    Texts(Listing, ("contact",), rules.line, KEPT_BY),
    Texts(
        Listing,
        ("problem", "how", "benefit", "maturity", "summary", "gains", "contrasts", "scenes"),
        organisation=KEPT_BY,
    ),
    Texts(
        SheetVersion,
        ("content",),
        organisation=f"listing__{KEPT_BY}",
        trigger="sheet_version_append_only",
    ),
    Texts(SheetReview, ("remarks",), organisation=f"listing__{KEPT_BY}"),
    Texts(Bundle, ("contact",), rules.line, "organisation_id"),
    Texts(Bundle, ("summary",), organisation="organisation_id"),
    Texts(Auction, ("contact",), rules.line, "organisation_id", trigger="auction_terms_stand"),
    Texts(Auction, ("terms",), organisation="organisation_id", trigger="auction_terms_stand"),
    Texts(
        Objection, ("contact",), rules.line, "organisation_id", authors=("raised_by",), theirs=True
    ),
    Texts(ImportRow, ("raw", "before", "changes"), organisation="batch__organisation_id"),
    Texts(
        ServiceRequest,
        ("wish", "answer", "outcome"),
        organisation=KEPT_BY,
        authors=("asked_by", "answered_by", "closed_by"),
    ),
    Texts(Collection, ("intro",), organisation="organisation_id"),
    Texts(CollectionItem, ("note",), organisation="collection__organisation_id"),
    Texts(PromotionList, ("intro", "audience"), organisation="organisation_id"),
    Texts(PromotionItem, ("note",), organisation="promotion__organisation_id"),
    Texts(Drive, ("goal", "todo"), organisation="organiser_id"),
    Texts(
        Screening,
        ("screened_name",),
        rules.everywhere,
        authors=("screened_by",),
        trigger="screening_is_never_changed",
    ),
    Texts(LayerOverride, ("set_name",), rules.everywhere, authors=("set_by",)),
]


def forget(*, erasure_id: int, now: datetime) -> None:
    """Take the person out; where an offer now names nobody to turn to, its keepers hear."""
    changes = privacy.forget_in(FORGET, PLACES, erasure_id=erasure_id)
    offers = {c.row.patent_id for c in changes if isinstance(c.row, Listing)}
    if offers:
        index_patents(patent_ids=sorted(offers), now=now)
    _ask_for_others(changes, erasure_id, now)


def _ask_for_others(changes: list[Change], erasure_id: int, now: datetime) -> None:
    """One notice an organisation: so many offers have nobody to turn to."""
    silent: dict[int, int] = defaultdict(int)
    for change in changes:
        row = change.row
        if not change.silent:
            continue
        if isinstance(row, Listing) and row.status in moves.LIVE_LISTING:
            silent[row.patent.organisation_id or 0] += 1
        elif isinstance(row, Bundle):
            silent[row.organisation_id] += 1
    for organisation_id, count in sorted(silent.items()):
        notify(
            users=people.members(organisation_id, Role.OFFICE),
            kind="listing.changed",
            key=f"forgotten:{erasure_id}",
            title=f"{count} 项挂牌或组合需要新的联系方式",
            body="原来的联系人已注销账户，其联系方式依法删除。请补上新的联系人。",
            url=reverse("listings:sheets"),
            now=now,
        )
