"""Offering a patent: the listing from draft to its end."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import F

from core.audit import services as audit
from core.errors import Conflict, Missing, NotAllowed
from core.people.types import Actor
from core.permissions import Permission, require
from listings import types
from listings.models import Favourite, Listing, Patent, SheetDesk, choices
from listings.rules import moves, records, sheets
from listings.rules.moves import IllegalMove
from listings.selectors.offering import sheets as reading
from listings.selectors.register import legal
from listings.services import news
from listings.services.layers import library
from listings.services.locks import NOT_FOUND, lock_listing, lock_patent, same_version
from listings.services.offering import sheet_text, versions
from listings.types import Action, ListingStatus, OfferInput

MOVE_NAMES: dict[str, str] = {
    "submit": "提交",
    "return": "退回修改",
    "publish": "发布",
    "suspend": "暂停",
    "resume": "恢复挂牌",
    "convert": "记为已转化",
    "withdraw": "撤回",
}


@transaction.atomic
def draft_listing(*, patent_id: int, offer: OfferInput, by: Actor, now: datetime) -> int:
    """A draft offer of the patent; Conflict when it has a live listing already. Its id."""
    patent = lock_patent(patent_id, by=by)
    require(by, Permission.PUBLISH_LISTING, on=patent)
    if news.live_listing_id(patent.pk) is not None:
        raise Conflict(
            "这件专利已有一项未结束的挂牌，请在原挂牌上修改，或先撤回。", code="already-listed"
        )
    text = sheet_text.clean(offer)
    listing = Listing(patent=patent, created_at=now, created_by=by.key, changed_at=now)
    versions.put(listing, patent, text)
    listing.save()
    versions.first_text(listing, patent, by=by, now=now)
    _forget_index(patent)
    audit.record("listing.drafted", subject=listing, by=by, at=now)
    return listing.pk


@transaction.atomic
def edit_listing(
    *, listing_id: int, offer: OfferInput, version: int | None, by: Actor, now: datetime
) -> int:
    """Replace the offer sheet; the new version. A listed one is searched and matched anew."""
    patent, listing = lock_listing(listing_id, by=by)
    require(by, Permission.PUBLISH_LISTING, on=patent)
    same_version(listing, version)
    if listing.status not in moves.LIVE_LISTING:
        raise Conflict("这项挂牌已经结束，不能再修改；需要时请新建挂牌。", code="listing-ended")
    wanted = sheet_text.clean(offer) | {"files": reading.working(listing, patent)["files"]}
    return versions.save_text(patent, listing, wanted, by=by, now=now)


def _forget_index(patent: Patent) -> None:
    """What search and matching know of it is out of date."""
    Patent.objects.filter(pk=patent.pk).update(indexed_at=None)


def _move(listing: Listing, move: str, *, now: datetime, fields: tuple[str, ...] = ()) -> None:
    """Take one step of the table, or a Conflict that says where the listing stands."""
    try:
        listing.status = moves.after(moves.LISTING_MOVES, listing.status, move)
    except IllegalMove as illegal:
        raise Conflict(
            f"这项挂牌现在是“{choices.ListingStatus(illegal.status).label}”，"
            f"不能{MOVE_NAMES[move]}。请刷新后查看。",
            code="illegal-move",
        ) from illegal
    listing.changed_at, listing.version = now, listing.version + 1
    listing.save(update_fields=["status", "changed_at", "version", *fields])


@transaction.atomic
def submit_listing(*, listing_id: int, by: Actor, now: datetime) -> None:
    """Hand the draft in for publication."""
    patent, listing = lock_listing(listing_id, by=by)
    require(by, Permission.PUBLISH_LISTING, on=patent)
    _move(listing, "submit", now=now)
    audit.record("listing.submitted", subject=listing, by=by, at=now)


@transaction.atomic
def return_listing(*, listing_id: int, by: Actor, now: datetime) -> None:
    """Give a submitted listing back for correction."""
    patent, listing = lock_listing(listing_id, by=by)
    require(by, Permission.PUBLISH_LISTING, on=patent)
    _move(listing, "return", now=now)
    audit.record("listing.returned", subject=listing, by=by, at=now)


@transaction.atomic
def publish_listing(*, listing_id: int, by: Actor, now: datetime) -> None:
    """Put it on the board, if nothing forbids, and owe the news to everyone who listens."""
    patent, listing = lock_listing(listing_id, by=by)
    require(by, Permission.PUBLISH_LISTING, on=patent)
    _refuse_if_blocked(patent, by=by, now=now)
    refuse_unreviewed(listing, by=by)
    listing.published_at, listing.published_by = now, by.key
    _move(listing, "publish", now=now, fields=("published_at", "published_by"))
    SheetDesk.objects.filter(listing=listing).update(live=F("head"))
    audit.record("listing.published", subject=listing, by=by, at=now)
    library.settle_layer(patent, by=by, now=now)
    news.tell("patent.listed", patent, by=by, now=now, listing_id=listing.pk)


def refuse_unreviewed(listing: Listing, *, by: Actor) -> None:
    """Where the organisation wants a review, a written sheet waits for it; an empty one does not:
    no patent is hidden for want of a sheet."""
    if by.is_system or not reading.review_required(listing.patent.organisation_id):
        return
    if sheets.is_empty(sheet_text.offer_of(reading.content_of(listing, listing.patent))):
        return
    known = reading.desk(listing)
    if known is None or known.state != sheets.SheetState.APPROVED:
        raise Conflict(
            "本单位规定推介表先审核、后公开，这份推介表还没有审核通过。"
            "请在推介表页面提交审核，由同事通过后再挂牌。",
            code="sheet-not-reviewed",
        )


def _refuse_if_blocked(patent: Patent, *, by: Actor, now: datetime) -> None:
    blockers = legal.can(patent.pk, Action.PUBLISH, at=now, by=by)
    if refusing := types.hard(blockers):
        raise Conflict(
            "现在还不能发布：" + "".join(blocker.message for blocker in refusing),
            code="blocked",
            blockers=blockers,
        )


@transaction.atomic
def suspend_listing(*, listing_id: int, reason: str, by: Actor, now: datetime) -> None:
    """Take it off the board for the time being."""
    patent, listing = lock_listing(listing_id, by=by)
    require(by, Permission.PUBLISH_LISTING, on=patent)
    _suspend(patent, listing, reason=records.tidy(reason)[:200], by=by, now=now)


def _suspend(patent: Patent, listing: Listing, *, reason: str, by: Actor, now: datetime) -> None:
    listing.suspended_because = reason
    _move(listing, "suspend", now=now, fields=("suspended_because",))
    audit.record("listing.suspended", subject=listing, by=by, at=now, changes={"reason": reason})
    news.tell("patent.suspended", patent, by=by, now=now, listing_id=listing.pk, reason=reason)


def take_down(patent: Patent, *, reason: str, by: Actor, now: datetime) -> None:
    """Suspend the listing of a locked patent, if it has one on the board."""
    listing = (
        Listing.objects.select_for_update(no_key=True)
        .filter(patent=patent, status=ListingStatus.LISTED)
        .first()
    )
    if listing is not None:
        _suspend(patent, listing, reason=reason, by=by, now=now)


def take_down_given_away(patent: Patent, *, by: Actor, now: datetime) -> None:
    """An exclusive licence of all there is leaves a locked patent nothing to be offered for."""
    if types.hard(legal.can(patent.pk, Action.PUBLISH, at=now)):
        take_down(patent, reason="独占许可已生效，没有可供发布的权利", by=by, now=now)


@transaction.atomic
def resume_listing(*, listing_id: int, by: Actor, now: datetime) -> None:
    """Put a suspended listing back on the board, if nothing forbids."""
    patent, listing = lock_listing(listing_id, by=by)
    require(by, Permission.PUBLISH_LISTING, on=patent)
    _refuse_if_blocked(patent, by=by, now=now)
    listing.suspended_because = ""
    _move(listing, "resume", now=now, fields=("suspended_because",))
    audit.record("listing.resumed", subject=listing, by=by, at=now)
    news.tell("patent.listed", patent, by=by, now=now, listing_id=listing.pk)


@transaction.atomic
def withdraw_listing(*, listing_id: int, by: Actor, now: datetime) -> None:
    """End the offer. Others hear of it only if they had heard of the offer."""
    patent, listing = lock_listing(listing_id, by=by)
    require(by, Permission.PUBLISH_LISTING, on=patent)
    was_public = listing.status in moves.ON_THE_BOARD
    _move(listing, "withdraw", now=now)
    audit.record("listing.withdrawn", subject=listing, by=by, at=now)
    if was_public:
        news.tell("patent.withdrawn", patent, by=by, now=now, listing_id=listing.pk)


@transaction.atomic
def mark_converted(*, patent_id: int, by: Actor, now: datetime) -> None:
    """The offer ended in a deal: its listing is converted. Without one on the board, nothing."""
    patent = lock_patent(patent_id)
    require(by, Permission.PUBLISH_LISTING, on=patent)
    listing = (
        Listing.objects.select_for_update(no_key=True)
        .filter(patent=patent, status__in=moves.ON_THE_BOARD)
        .first()
    )
    if listing is None:
        return
    _move(listing, "convert", now=now)
    audit.record("listing.converted", subject=listing, by=by, at=now)
    news.tell("patent.converted", patent, by=by, now=now, listing_id=listing.pk)


@transaction.atomic
def favourite(*, patent_id: int, by: Actor, now: datetime) -> None:
    """Keep an eye on a patent; doing it twice is doing it once."""
    user_id = _person(by)
    patent = Patent.objects.visible_to(by).filter(pk=patent_id).first()
    if patent is None:
        raise Missing(NOT_FOUND)
    _, created = Favourite.objects.get_or_create(
        user_id=user_id, patent=patent, defaults={"created_at": now}
    )
    if created:
        audit.record("patent.favourited", subject=patent, by=by, at=now)


@transaction.atomic
def unfavourite(*, patent_id: int, by: Actor, now: datetime) -> None:
    """No longer keep an eye on it."""
    user_id = _person(by)
    row = (
        Favourite.objects.select_for_update(of=("self",))
        .select_related("patent")
        .filter(user_id=user_id, patent_id=patent_id)
        .first()
    )
    if row is not None:
        audit.record("patent.unfavourited", subject=row.patent, by=by, at=now)
        row.delete()


def _person(by: Actor) -> int:
    """Favourites belong to people, not to organisations, partners or the platform."""
    require(by, Permission.FAVOURITE)
    if by.user_id is None:
        raise NotAllowed("收藏属于个人，请用个人账号登录后再收藏。", code="person-only")
    return by.user_id
