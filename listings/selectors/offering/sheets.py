"""Offer sheets as their writers and reviewers see them: where each stands, its texts, its files."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Case, Count, Exists, F, OuterRef, Q, Value, When
from django.db.models.fields import CharField

from core.attachments.models import Attachment
from core.errors import Missing
from core.people import selectors as people
from core.people.types import Actor, Role
from listings.models import (
    Listing,
    Patent,
    SheetDesk,
    SheetFile,
    SheetPolicy,
    SheetReview,
    SheetVersion,
)
from listings.models.patents import PatentQuerySet
from listings.rules import moves, sheet_text
from listings.rules.sheets import Completeness, SheetState, completeness
from listings.selectors.cards import printed, with_parts
from listings.types import OfferInput, PatentStatus

COLUMNS = (
    "summary", "problem", "how", "benefit", "gains", "contrasts", "scenes", "maturity", "routes",
    "asking_price", "contact", "files",
)  # fmt: skip
Content = dict[str, Any]


def content_of(listing: Listing, patent: Patent) -> Content:
    """The text in the listing's columns, as versions keep it."""
    stored = {name: getattr(listing, name) for name in COLUMNS}
    price = listing.asking_price
    return stored | {"asking_price": None if price is None else str(price), "trl": patent.trl}


def desk(listing: Listing) -> SheetDesk | None:
    """Where the sheet stands; None while nobody has saved a text of it."""
    return SheetDesk.objects.select_related("head", "live").filter(listing=listing).first()


def held_back(listing: Listing, known: SheetDesk | None) -> bool:
    """Whether a later text than the public one waits for its review."""
    return (
        known is not None
        and known.live_id is not None
        and listing.status in moves.ON_THE_BOARD
        and known.head_id != known.live_id
    )


def working(listing: Listing, patent: Patent) -> Content:
    """The text that writers go on with."""
    known = desk(listing)
    if known is not None and held_back(listing, known):
        return dict(known.head.content)
    return content_of(listing, patent)


def review_required(organisation_id: int | None) -> bool:
    """Whether this organisation wants a colleague's review before anything is public."""
    return SheetPolicy.objects.filter(
        organisation_id=organisation_id or 0, review_required=True
    ).exists()


# Where each sheet of a stock stands

STATES: tuple[tuple[str, str], ...] = (
    ("to_write", "待编写"),
    ("in_review", "审核中"),
    ("returned", "已退回"),
    ("ready", "已通过待挂牌"),
    ("live", "已公开"),
)
ALIVE = (PatentStatus.GRANTED, PatentStatus.PENDING, PatentStatus.UNVERIFIED)
WRITTEN = ~Q(problem="", summary="", how="", benefit="", gains=[], maturity="")


def sheet_stock(*, viewer: Actor) -> PatentQuerySet:
    """The stock that wants a sheet, each patent with `sheet_state`: one of STATES."""
    live = Listing.objects.filter(patent=OuterRef("pk"), status__in=moves.LIVE_LISTING)
    shown = live.filter(WRITTEN, status__in=moves.ON_THE_BOARD)
    current = shown.filter(Q(desk__isnull=True) | Q(desk__head=F("desk__live")))
    state = Case(
        When(Exists(live.filter(desk__state=SheetState.IN_REVIEW)), then=Value("in_review")),
        When(Exists(live.filter(desk__state=SheetState.RETURNED)), then=Value("returned")),
        When(Exists(current), then=Value("live")),
        When(
            Exists(live.filter(desk__state=SheetState.APPROVED)),
            then=Value("ready"),
        ),
        default=Value("to_write"),
        output_field=CharField(),
    )
    wanted = Q(status__in=ALIVE) | Q(Exists(live))
    return Patent.objects.managed_by(viewer).filter(wanted).annotate(sheet_state=state)


def sheet_counts(*, viewer: Actor) -> dict[str, int]:
    """How many sheets stand where."""
    rows = sheet_stock(viewer=viewer).order_by().values("sheet_state").annotate(n=Count("pk"))  # type: ignore[misc]
    found = {row["sheet_state"]: row["n"] for row in rows}
    return {code: found.get(code, 0) for code, _ in STATES}


def sheet_todo(*, viewer: Actor) -> dict[str, int]:
    """How many sheets wait for a reviewer or for their writer."""
    mine = SheetDesk.objects.filter(
        listing__status__in=moves.LIVE_LISTING,
        listing__patent__organisation_id__in=viewer.acts_for,
        listing__patent__removed_at__isnull=True,
    )
    return mine.aggregate(
        in_review=Count("pk", filter=Q(state=SheetState.IN_REVIEW)),
        returned=Count("pk", filter=Q(state=SheetState.RETURNED)),
    )


@dataclass(frozen=True, slots=True)
class SheetLine:
    """One patent on the list of sheets."""

    patent_id: int
    title: str
    printed: str
    summary: str
    state: str
    listing_status: str
    head: int | None
    live: int | None
    changed_at: datetime | None
    whole: Completeness
    is_sample: bool


def sheet_rows(*, viewer: Actor, state: str = "", text: str = "") -> PatentQuerySet:
    """The stock of one state, the one that waits longest first; `sheet_lines` makes the lines."""
    rows = with_parts(sheet_stock(viewer=viewer))
    if state:
        rows = rows.filter(sheet_state=state)  # type: ignore[misc]
    if text:
        rows = rows.filter(Q(title__icontains=text) | Q(number__contains=text.upper()))
    return rows.order_by("-changed_at", "-pk")


def sheet_lines(rows: list[Patent]) -> list[SheetLine]:
    """A page of the list, in two queries however many there are."""
    listings = {row.pk: row.live[0] for row in rows if row.live}  # type: ignore[attr-defined]
    desks = {
        desk.listing_id: desk
        for desk in SheetDesk.objects.filter(
            listing__in=[listing.pk for listing in listings.values()]
        ).select_related("head", "live")
    }
    found = []
    for row in rows:
        listing = listings.get(row.pk)
        known = desks.get(listing.pk) if listing else None
        content = _latest(listing, row, known)
        found.append(
            SheetLine(
                patent_id=row.pk,
                title=row.title,
                printed=printed(row),
                summary=content["summary"] if content else "",
                state=row.sheet_state,  # type: ignore[attr-defined]
                listing_status=listing.status if listing else "",
                head=known.head.number if known else None,
                live=known.live.number if known and known.live else None,
                changed_at=listing.changed_at if listing else None,
                whole=completeness(
                    sheet_text.offer_of(content) if content else OfferInput(trl=row.trl)
                ),
                is_sample=row.is_sample,
            )
        )
    return found


def _latest(listing: Listing | None, patent: Patent, known: SheetDesk | None) -> Content | None:
    if listing is None:
        return None
    if known is not None and held_back(listing, known):
        return dict(known.head.content)
    return content_of(listing, patent)


# One sheet


@dataclass(frozen=True, slots=True)
class FileCard:
    """A file beside a sheet."""

    id: int
    name: str
    caption: str
    size: int
    content_type: str


@dataclass(frozen=True, slots=True)
class ReviewCard:
    """What became of a version that was handed in."""

    version: int
    verdict: str
    label: str
    remarks: str
    submitted_at: datetime
    submitted_by: str
    decided_at: datetime | None
    decided_by: str
    by_author: bool


@dataclass(frozen=True, slots=True)
class SheetCard:
    """A sheet as its writers go on with it."""

    patent_id: int
    listing_id: int | None
    listing_status: str
    version: int
    state: str
    state_label: str
    offer: OfferInput
    whole: Completeness
    head: int | None
    live: int | None
    waits: bool
    review_required: bool
    files: tuple[FileCard, ...]
    review: ReviewCard | None
    written_by_viewer: bool
    others_can_review: bool


def sheet(patent_id: int, *, viewer: Actor) -> SheetCard:
    """The sheet of a patent of the viewer's own stock; Missing when it is not theirs."""
    patent = Patent.objects.managed_by(viewer).filter(pk=patent_id).first()
    if patent is None:
        raise Missing("没有找到这件专利，或者它不在本单位的库中。")
    listing = Listing.objects.filter(patent=patent, status__in=moves.LIVE_LISTING).first()
    known = desk(listing) if listing else None
    content = working(listing, patent) if listing else None
    offer = sheet_text.offer_of(content) if content else OfferInput(trl=patent.trl)
    state = known.state if known else SheetState.WRITING.value
    writer = known.head.saved_by if known else ""
    colleagues = people.members(patent.organisation_id or 0, Role.OFFICE)
    return SheetCard(
        patent_id=patent.pk,
        listing_id=listing.pk if listing else None,
        listing_status=listing.status if listing else "",
        version=listing.version if listing else 0,
        state=state,
        state_label=_state_label(state),
        offer=offer,
        whole=completeness(offer),
        head=known.head.number if known else None,
        live=known.live.number if known and known.live else None,
        waits=bool(listing and held_back(listing, known)),
        review_required=review_required(patent.organisation_id),
        files=tuple(files(listing.pk, offer.files)) if listing else (),
        review=_last_review(listing) if listing else None,
        written_by_viewer=viewer.user_id in people.users_of([writer]),
        others_can_review=any(user != viewer.user_id for user in colleagues),
    )


def _state_label(state: str) -> str:
    return {
        SheetState.WRITING.value: "编写中",
        SheetState.IN_REVIEW.value: "审核中",
        SheetState.RETURNED.value: "已退回",
        SheetState.APPROVED.value: "审核通过",
    }[state]


def _last_review(listing: Listing) -> ReviewCard | None:
    rows = reviews(listing.pk)
    return rows[0] if rows else None


def reviews(listing_id: int) -> list[ReviewCard]:
    """What became of every version that was handed in, the newest first."""
    rows = list(
        SheetReview.objects.filter(listing=listing_id).select_related("version").order_by("-pk")
    )
    names = people.names_of(key for row in rows for key in (row.submitted_by, row.decided_by))
    return [
        ReviewCard(
            version=row.version.number,
            verdict=row.verdict,
            label=row.get_verdict_display() if row.verdict else "等待审核",
            remarks=row.remarks,
            submitted_at=row.submitted_at,
            submitted_by=names.get(row.submitted_by or "", ""),
            decided_at=row.decided_at,
            decided_by=names.get(row.decided_by or "", ""),
            by_author=row.by_author,
        )
        for row in rows
    ]


def files(listing_id: int, ids: tuple[int, ...] | list[int]) -> list[FileCard]:
    """These files of a listing, in the order of the text."""
    rows = {
        row.pk: row
        for row in SheetFile.objects.filter(listing=listing_id, pk__in=ids).select_related(
            "attachment"
        )
    }
    return [
        FileCard(
            id=key,
            name=rows[key].attachment.name,
            caption=rows[key].caption,
            size=rows[key].attachment.size,
            content_type=rows[key].attachment.content_type,
        )
        for key in ids
        if key in rows
    ]


def public_files(patent_id: int, *, viewer: Actor) -> list[FileCard]:
    """The files that the sheet on show names, for whoever may read the sheet."""
    listing = (
        Listing.objects.visible_to(viewer)
        .filter(patent=patent_id, status__in=moves.LIVE_LISTING)
        .only("pk", "files")
        .first()
    )
    return files(listing.pk, listing.files) if listing else []


def attachment(patent_id: int, file_id: int, *, viewer: Actor) -> Attachment:
    """A sheet's file: public ones for whoever sees the sheet, the others for its keepers."""
    row = (
        SheetFile.objects.filter(pk=file_id, listing__patent=patent_id)
        .select_related("attachment", "listing", "listing__patent")
        .first()
    )
    if row is not None:
        seen = Listing.objects.visible_to(viewer).filter(pk=row.listing_id).exists()
        mine = row.listing.patent.organisation_id in viewer.acts_for
        if seen and (mine or file_id in row.listing.files):
            return row.attachment
    raise Missing("没有找到这个附件：可能已被移除，或不对您当前的身份开放。")


@dataclass(frozen=True, slots=True)
class VersionCard:
    """One saved text."""

    number: int
    saved_at: datetime
    saved_by: str
    changed: tuple[str, ...]
    restored_from: int | None
    content: Content
    is_live: bool
    is_head: bool


def sheet_versions(patent_id: int, *, viewer: Actor) -> list[VersionCard]:
    """Every saved text of the patent's live listing, the newest first; its keepers' only."""
    listing_id = sheet(patent_id, viewer=viewer).listing_id
    rows = list(SheetVersion.objects.filter(listing=listing_id or 0).order_by("-number"))
    known = SheetDesk.objects.filter(listing=listing_id or 0).first()
    names = people.names_of(row.saved_by for row in rows)
    return [
        VersionCard(
            number=row.number,
            saved_at=row.saved_at,
            saved_by=names.get(row.saved_by or "", ""),
            changed=tuple(row.changed),
            restored_from=row.restored_from,
            content=row.content,
            is_live=known is not None and row.pk == known.live_id,
            is_head=known is not None and row.pk == known.head_id,
        )
        for row in rows
    ]


def policy(organisation_id: int | None) -> SheetPolicy | None:
    """What the organisation has set; None while it never has."""
    return SheetPolicy.objects.filter(organisation_id=organisation_id or 0).first()
