"""Many patents at once: what an office does with a whole stock, in a handful of statements."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from django.db import transaction
from django.db.models import F

from core.audit import services as audit
from core.people.types import Actor
from core.permissions import Permission, require
from listings.models import Holder, Listing, Patent, SheetDesk, SheetPolicy
from listings.rules import moves
from listings.rules.sheet_text import offer_of
from listings.rules.sheets import SheetState, is_empty
from listings.selectors.offering.sheets import content_of
from listings.selectors.register import legal
from listings.services import news
from listings.services.layers.scoring import rescore
from listings.services.searching.index import index_patents
from listings.types import Action, Blocker, Consent, ListingStatus, hard

STRONGER: dict[Consent, tuple[Consent, ...]] = {
    Consent.NONE: (Consent.NONE, Consent.OPEN, Consent.ALL),
    Consent.OPEN: (Consent.OPEN, Consent.ALL),
    Consent.ALL: (Consent.ALL,),
}
"""The consents that already cover one; asking for less than was given takes nothing back."""


UNREVIEWED = Blocker(
    "sheet-not-reviewed",
    "推介表还没有审核通过；本单位规定先审核、后公开。",
    "本单位推介表审核设置",
)


@dataclass(frozen=True, slots=True)
class Published:
    """What became of a stock that was to go on the board."""

    listed: int
    refused: dict[int, list[Blocker]] = field(default_factory=dict)


def _own(patent_ids: Iterable[int], *, by: Actor) -> list[Patent]:
    """Those of these patents that the actor manages, locked in the order of their ids."""
    rows = Patent.objects.kept() if by.is_system else Patent.objects.managed_by(by)
    return list(
        rows.select_for_update(no_key=True, of=("self",))
        .filter(pk__in=set(patent_ids))
        .defer("embedding", "search")
        .order_by("pk")
    )


@transaction.atomic
def publish_stock(*, patent_ids: Iterable[int], by: Actor, now: datetime) -> Published:
    """Put these patents on the board, each with its draft offer or a bare one.

    Those that something forbids stay where they are, each with its reasons; those that are on
    the board already, or not the actor's, are left alone.
    """
    require(by, Permission.PUBLISH_LISTING)
    rows = _own(patent_ids, by=by)
    live = {
        listing.patent_id: listing
        for listing in Listing.objects.select_for_update(no_key=True).filter(
            patent__in=rows, status__in=moves.LIVE_LISTING
        )
    }
    ready = moves.LISTING_MOVES["publish"][0]
    wanted = [row for row in rows if row.pk not in live or live[row.pk].status in ready]
    against = legal.can_many([row.pk for row in wanted], Action.PUBLISH, at=now)
    for pk in _unreviewed(wanted, live, by=by):
        against[pk] = [*against[pk], UNREVIEWED]
    allowed = [row for row in wanted if not hard(against[row.pk])]
    listings = _put_up(allowed, live, by=by, now=now)
    index_patents(patent_ids=[row.pk for row in allowed], now=now)
    audit.record_many("listing.published", subjects=listings, by=by, at=now)
    news.tell_of_many("patent.listed", allowed, by=by, now=now)
    refused = {row.pk: against[row.pk] for row in wanted if hard(against[row.pk])}
    return Published(listed=len(allowed), refused=refused)


def _put_up(
    patents: list[Patent], live: dict[int, Listing], *, by: Actor, now: datetime
) -> list[Listing]:
    """The listings of these patents, on the board: new ones made, drafts moved."""
    fresh = Listing.objects.bulk_create(
        Listing(
            patent=patent,
            status=ListingStatus.LISTED,
            created_at=now,
            created_by=by.key,
            changed_at=now,
            published_at=now,
            published_by=by.key,
        )
        for patent in patents
        if patent.pk not in live
    )
    drafts = [live[patent.pk] for patent in patents if patent.pk in live]
    for draft in drafts:
        draft.status = moves.after(moves.LISTING_MOVES, draft.status, "publish")
        draft.published_at, draft.published_by = now, by.key
        draft.changed_at, draft.version = now, draft.version + 1
    Listing.objects.bulk_update(
        drafts, ["status", "published_at", "published_by", "changed_at", "version"]
    )
    SheetDesk.objects.filter(listing__in=drafts).update(live=F("head"))
    return [*fresh, *drafts]


def _unreviewed(patents: list[Patent], live: dict[int, Listing], *, by: Actor) -> list[int]:
    """Those whose written sheet waits for the review that their organisation wants."""
    if by.is_system:
        return []
    strict = set(
        SheetPolicy.objects.filter(
            organisation__in={patent.organisation_id for patent in patents}, review_required=True
        ).values_list("organisation_id", flat=True)
    )
    asked = {p.pk: live[p.pk] for p in patents if p.organisation_id in strict and p.pk in live}
    approved = set(
        SheetDesk.objects.filter(
            listing__in=[listing.pk for listing in asked.values()], state=SheetState.APPROVED
        ).values_list("listing_id", flat=True)
    )
    return [
        patent.pk
        for patent in patents
        if patent.pk in asked
        and asked[patent.pk].pk not in approved
        and not is_empty(offer_of(content_of(asked[patent.pk], patent)))
    ]


@transaction.atomic
def consent_for_stock(
    *, patent_ids: Iterable[int], consent: Consent, by: Actor, now: datetime
) -> int:
    """Note that the co-owners of these patents have agreed in writing; how many patents changed."""
    require(by, Permission.EDIT_PATENT)
    rows = _own(patent_ids, by=by)
    as_strong = [given.value for given in STRONGER[Consent(consent)]]
    others = (
        Holder.objects.filter(patent__in=rows)
        .exclude(consent__in=as_strong)
        .exclude(organisation_id=F("patent__organisation_id"))
    )
    touched = set(others.values_list("patent_id", flat=True))
    others.update(consent=Consent(consent).value)
    changed = [row for row in rows if row.pk in touched]
    rescore([row.pk for row in changed])
    audit.record_many("patent.consent_noted", subjects=changed, by=by, at=now)
    return len(changed)
