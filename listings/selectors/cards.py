"""Patents as others see them: small frozen cards, narrowed by who looks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django.db.models import Exists, OuterRef, Prefetch

from core.errors import Missing
from core.people.types import Actor
from listings.models import Encumbrance, Holder, Listing, Patent
from listings.models.patents import PatentQuerySet, oversees, sees_all
from listings.rules import moves, numbers, sheet_text
from listings.types import (
    EncumbranceKind,
    HolderCard,
    ListingStatus,
    PatentCard,
    PatentStatus,
    Route,
)

NOT_FOUND = "没有找到这件专利，可能已被移除，或您无权查看。"
HOME_OFFICE = "CN"


def with_parts(rows: PatentQuerySet) -> PatentQuerySet:
    """The rows with all that a card touches: a fixed number of queries for any number of rows."""
    live = Listing.objects.filter(status__in=moves.LIVE_LISTING)
    declared = Encumbrance.objects.filter(
        patent=OuterRef("pk"), kind=EncumbranceKind.OPEN_DECLARATION, active=True
    )
    return (
        rows.defer("embedding", "search")
        .select_related("organisation")
        .prefetch_related("holders", Prefetch("listings", queryset=live, to_attr="live"))
        .annotate(is_declared=Exists(declared))
    )


def licence_mode(*, is_declared: bool, routes: Sequence[str]) -> str:
    """The way a firm would take it: the open licence where one is announced, else as wanted."""
    if is_declared:
        return Route.OPEN_LICENCE.value
    return routes[0] if routes else ""


def printed(patent: Patent) -> str:
    """The number as printed; foreign ones with their office."""
    if patent.number is None:
        return ""
    if patent.office != HOME_OFFICE:
        return f"{patent.office} {patent.number}"
    pending = patent.status in (PatentStatus.PENDING, PatentStatus.UNVERIFIED)
    return numbers.printed(patent.number, granted=not pending)


def as_card(patent: Patent, *, viewer: Actor) -> PatentCard:
    """The card of a row from `with_parts`. A draft's offer is for its own people only."""
    listing = offer_of(patent, viewer=viewer)
    declared = bool(patent.is_declared)  # type: ignore[attr-defined]
    routes = tuple(listing.routes) if listing else ()
    return PatentCard(
        id=patent.pk,
        office=patent.office,
        number=patent.number,
        printed=printed(patent),
        title=patent.title,
        kind=patent.kind,
        status=patent.status,
        filed_on=patent.filed_on,
        granted_on=patent.granted_on,
        expires_on=patent.expires_on,
        annuity_paid_to=patent.annuity_paid_to,
        ipc=tuple(patent.ipc),
        locarno=tuple(patent.locarno),
        industry_codes=tuple(patent.industry_codes),
        holder_names=tuple(holder.name for holder in patent.holders.all()),
        organisation_id=patent.organisation_id,
        organisation_name=patent.organisation.name if patent.organisation else "",
        region=patent.region,
        trl=patent.trl,
        layer=patent.layer,
        abstract=patent.abstract,
        is_sample=patent.is_sample,
        version=patent.version,
        listing_id=listing.pk if listing else None,
        listing_status=listing.status if listing else "",
        listed_at=listing.published_at if listing else None,
        problem=listing.problem if listing else "",
        how=listing.how if listing else "",
        benefit=listing.benefit if listing else "",
        maturity=listing.maturity if listing else "",
        routes=routes,
        licence_mode=licence_mode(is_declared=declared, routes=routes),
        asking_price=listing.asking_price if listing else None,
        is_declared=declared,
        **_more(listing),
        layer_by_hand=patent.layer_by_hand,
    )


def _more(listing: Listing | None) -> dict[str, Any]:
    """The parts of a sheet beside its three texts."""
    if listing is None:
        return {}
    return {
        "summary": listing.summary,
        "gains": sheet_text.gains_of(listing.gains),
        "contrasts": sheet_text.contrasts_of(listing.contrasts),
        "scenes": tuple(listing.scenes),
        "contact": listing.contact,
    }


def offer_of(patent: Patent, *, viewer: Actor) -> Listing | None:
    """The live listing of a row from `with_parts`, as far as the viewer may read it."""
    live: list[Listing] = patent.live  # type: ignore[attr-defined]
    return live[0] if live and _may_read(live[0], patent, viewer) else None


def _may_read(listing: Listing, patent: Patent, viewer: Actor) -> bool:
    """As `Listing.objects.visible_to`, for a row that is at hand."""
    if listing.status == ListingStatus.LISTED or sees_all(viewer):
        return True
    if patent.organisation_id in viewer.acts_for:
        return True
    return listing.published_at is not None and oversees(viewer, patent.region)


def card(patent_id: int, *, viewer: Actor) -> PatentCard:
    """One patent as this viewer may see it, or Missing."""
    found = cards([patent_id], viewer=viewer)
    if patent_id not in found:
        raise Missing(NOT_FOUND)
    return found[patent_id]


def cards(ids: Iterable[int], *, viewer: Actor) -> dict[int, PatentCard]:
    """Those of these patents that the viewer may see, by id, in three queries."""
    rows = with_parts(Patent.objects.visible_to(viewer).filter(pk__in=set(ids)))
    return {row.pk: as_card(row, viewer=viewer) for row in rows}


def public_faces(ids: Iterable[int]) -> dict[int, dict[str, Any]]:
    """Of those of these patents that everybody may see: number, title, status and, where one is on
    the board, its offer's status; in one query, for news that go out by the thousand."""
    listed = Listing.objects.filter(patent=OuterRef("pk"), status=ListingStatus.LISTED)
    rows = Patent.objects.visible_to(Actor.anonymous()).filter(pk__in=set(ids))
    found = rows.annotate(on_board=Exists(listed)).values_list(
        "pk", "number", "title", "status", "on_board"
    )
    return {
        pk: {
            "number": number,
            "title": title,
            "status": status,
            "listing_status": ListingStatus.LISTED.value if on_board else "",
        }
        for pk, number, title, status, on_board in found
    }


def find(number: str, *, viewer: Actor) -> PatentCard | None:
    """The patent behind a number in any spelling, application or publication; None if unseen."""
    rows = Patent.objects.visible_to(viewer)
    try:
        rows = rows.filter(office=HOME_OFFICE, number=numbers.parse(number).canonical)
    except numbers.NumberError:
        try:
            published = numbers.parse_publication(number)
        except numbers.NumberError:
            return None
        rows = rows.filter(publication_numbers__contains=[published])
    row = with_parts(rows).order_by("pk").first()
    return as_card(row, viewer=viewer) if row else None


def cards_by_number(wanted: Iterable[str], *, viewer: Actor) -> dict[str, PatentCard]:
    """The patents behind application numbers in any spelling, by the spelling, in three queries."""
    parsed: dict[str, str] = {}
    for spelling in wanted:
        try:
            parsed[spelling] = numbers.parse(spelling).canonical
        except numbers.NumberError:
            continue
    rows = Patent.objects.visible_to(viewer).filter(
        office=HOME_OFFICE, number__in=set(parsed.values())
    )
    by_number = {row.number: as_card(row, viewer=viewer) for row in with_parts(rows)}
    return {
        spelling: by_number[number] for spelling, number in parsed.items() if number in by_number
    }


def holders(patent_id: int, *, viewer: Actor) -> list[HolderCard]:
    """The patentees in order, with shares and consents."""
    if not Patent.objects.visible_to(viewer).filter(pk=patent_id).exists():
        raise Missing(NOT_FOUND)
    return holder_cards(Holder.objects.filter(patent_id=patent_id))


def holder_cards(rows: Iterable[Holder]) -> list[HolderCard]:
    """The rows of one patent's holders as others see them."""
    return [
        HolderCard(
            id=row.pk,
            name=row.name,
            kind=row.kind,
            share=row.share,
            consent=row.consent,
            organisation_id=row.organisation_id,
        )
        for row in rows
    ]
