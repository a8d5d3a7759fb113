"""Auctions from draft to announcement, and calling them off."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction

from core.audit import services as audit
from core.days import CHINA
from core.errors import Conflict, Invalid, Missing
from core.notices import services as notices
from core.outbox import services as outbox
from core.people import selectors as people
from core.people.types import Actor
from core.permissions import Permission, require
from listings import types
from listings.models import Auction, AuctionLot, Favourite, Listing, Patent
from listings.models.auctions import AuctionStatus
from listings.rules import auctions as rules
from listings.rules import moves, records
from listings.rules.auctions import Terms
from listings.rules.moves import IllegalMove
from listings.selectors.register import legal
from listings.selectors.trading import auctions as selectors
from listings.types import Action, Blocker, ListingStatus

MOVE_NAMES = {
    "announce": "公告",
    "start": "开始",
    "close": "截止",
    "award": "成交",
    "fail": "记为未成交",
    "cancel": "取消",
}
MOST_LOTS = 50
NOT_LISTED = Blocker(
    "not-listed", "没有在架，请先发布挂牌，再公告拍卖。", "促进科技成果转化法第十八条"
)
REMOVED = Blocker("removed", "这件专利已从库中移除，不能处置。", "平台规则")


def lock_auction(auction_id: int, *, by: Actor | None = None) -> Auction:
    """The auction's row, locked against other commands and rival bids (not against reading)."""
    rows = Auction.objects.all() if by is None else Auction.objects.visible_to(by)
    if not rows.filter(pk=auction_id).exists():
        raise Missing(selectors.NOT_FOUND)
    return Auction.objects.select_for_update(no_key=True).get(pk=auction_id)


def move(auction: Auction, name: str, *, now: datetime, fields: Sequence[str] = ()) -> None:
    """Take one step of the table, or a Conflict that says where the auction stands."""
    try:
        auction.status = moves.after(rules.AUCTION_MOVES, auction.status, name)
    except IllegalMove as illegal:
        raise Conflict(
            f"这场拍卖现在是“{AuctionStatus(illegal.status).label}”，不能{MOVE_NAMES[name]}。"
            "请刷新后查看。",
            code="illegal-move",
        ) from illegal
    auction.changed_at, auction.version = now, auction.version + 1
    auction.save(update_fields=["status", "changed_at", "version", *fields])


def _checked(terms: Terms) -> dict[str, Any]:
    """The terms as columns, or Invalid with every problem."""
    if found := rules.problems(terms):
        raise Invalid(fields=found)
    transfer = terms.right is Action.TRANSFER
    return {
        "title": records.tidy(terms.title)[:200],
        "right": terms.right.value,
        "licence_months": None if transfer else terms.licence_months,
        "method": terms.method.value,
        "start_price": terms.start_price,
        "step": terms.step if terms.method is rules.Method.OPEN else None,
        "reserve_price": terms.reserve_price,
        "reserve_shown": terms.reserve_shown,
        "deposit": terms.deposit,
        "extend_minutes": terms.extend_minutes if terms.method is rules.Method.OPEN else 0,
        "names_winner": terms.names_winner,
        "terms": records.prose(terms.terms)[:5_000],
        "contact": records.tidy(terms.contact)[:200],
        "opens_at": terms.opens_at,
        "closes_at": terms.closes_at,
        "ends_at": terms.closes_at,
    }


@transaction.atomic
def draft_auction(*, patent_ids: Sequence[int], terms: Terms, by: Actor, now: datetime) -> int:
    """A draft for these patents of one seller. Its id."""
    require(by, Permission.RUN_AUCTION)
    columns = _checked(terms)
    patents = _lots(patent_ids, by=by)
    seller = patents[0]
    if seller.organisation_id is None:
        raise Missing("这件专利没有管理单位，不能拍卖。")
    auction = Auction.objects.create(
        organisation_id=seller.organisation_id,
        region=seller.region,
        created_at=now,
        created_by=by.key,
        changed_at=now,
        **columns,
    )
    AuctionLot.objects.bulk_create(
        AuctionLot(auction=auction, patent=patent, position=place)
        for place, patent in enumerate(patents)
    )
    audit.record("auction.drafted", subject=auction, by=by, at=now)
    return auction.pk


def _lots(patent_ids: Sequence[int], *, by: Actor) -> list[Patent]:
    """The patents in the order given: all there, all of one organisation the actor acts for."""
    wanted = list(dict.fromkeys(patent_ids))
    if not 1 <= len(wanted) <= MOST_LOTS:
        raise Invalid(fields={"patents": [f"请选择 1 至 {MOST_LOTS} 件专利。"]})
    rows = {row.pk: row for row in Patent.objects.managed_by(by).filter(pk__in=wanted)}
    if missing := [pk for pk in wanted if pk not in rows]:
        raise Missing(f"本单位库中没有编号为 {missing[0]} 的专利，请从专利库中选择。")
    patents = [rows[pk] for pk in wanted]
    if len({patent.organisation_id for patent in patents}) > 1:
        raise Invalid(fields={"patents": ["一场拍卖的专利应由同一单位管理，请分开公告。"]})
    require(by, Permission.RUN_AUCTION, on=patents[0])
    return patents


@transaction.atomic
def edit_auction(
    *, auction_id: int, terms: Terms, version: int | None, by: Actor, now: datetime
) -> None:
    """Replace the terms of a draft. Announced terms stand: cancel it and announce another."""
    auction = lock_auction(auction_id, by=by)
    require(by, Permission.RUN_AUCTION, on=auction)
    if auction.status != AuctionStatus.DRAFT:
        raise Conflict(
            "公告后的条款不能修改。确需修改的，请取消这场拍卖并说明原因，再另行公告。",
            code="terms-stand",
        )
    if version is not None and version != auction.version:
        raise Conflict(
            "这份草稿刚被其他人修改过，您的修改没有保存。请刷新页面查看后再提交。",
            code="edited-meanwhile",
        )
    for name, value in _checked(terms).items():
        setattr(auction, name, value)
    auction.version, auction.changed_at = auction.version + 1, now
    auction.save()
    audit.record("auction.edited", subject=auction, by=by, at=now)


def announcement_blockers(auction: Auction, *, at: datetime) -> list[Blocker]:
    """Every reason against announcing it at this moment."""
    found: list[Blocker] = []
    days = selectors.notice_days(auction.region)
    earliest = rules.earliest_opening(at, days)
    if auction.opens_at < earliest:
        found.append(
            Blocker(
                "notice-too-short",
                f"本地区拍卖公告不得少于 {days} 日（公告当日不计）：现在公告，最早 "
                f"{earliest.astimezone(CHINA):%Y-%m-%d %H:%M} 开始竞价。请推迟开始时间。",
                "拍卖法第四十五条；地区设置",
            )
        )
    return found + lot_blockers(auction, at=at)


def lot_blockers(auction: Auction, *, at: datetime, listed: bool = True) -> list[Blocker]:
    """Every reason why one of its patents cannot be disposed of as announced."""
    found: list[Blocker] = []
    lots = list(auction.lots.select_related("patent").defer("patent__embedding", "patent__search"))
    ids = [lot.patent_id for lot in lots]
    on_board = set(
        Listing.objects.filter(patent_id__in=ids, status=ListingStatus.LISTED).values_list(
            "patent_id", flat=True
        )
    )
    against = legal.can_many(ids, Action(auction.right), at=at)
    for lot in lots:
        these = list(against.get(lot.patent_id, [REMOVED]))
        if listed and lot.patent_id not in on_board:
            these.append(NOT_LISTED)
        name = f"“{lot.patent.title[:24]}”：" if len(lots) > 1 else ""
        found += [replace(blocker, message=name + blocker.message) for blocker in these]
    return found


@transaction.atomic
def announce_auction(*, auction_id: int, by: Actor, now: datetime) -> None:
    """Post it publicly; from here on its terms stand."""
    seen = lock_auction(auction_id, by=by)
    require(by, Permission.RUN_AUCTION, on=seen)
    blockers = announcement_blockers(seen, at=now)
    if refusing := types.hard(blockers):
        raise Conflict(
            "现在还不能公告：" + "".join(blocker.message for blocker in refusing),
            code="blocked",
            blockers=blockers,
        )
    seen.announced_at, seen.announced_by = now, by.key
    seen.notice_days = selectors.notice_days(seen.region)
    try:
        with transaction.atomic():
            seen.lots.update(live=True)
    except IntegrityError as clash:
        raise Conflict(
            "其中有专利正在另一场拍卖中，同一专利同一时间只能拍卖一次。", code="already-in-auction"
        ) from clash
    move(seen, "announce", now=now, fields=("announced_at", "announced_by", "notice_days"))
    audit.record("auction.announced", subject=seen, by=by, at=now)
    tell("auction.announced", seen, by=by, now=now)
    _tell_watchers(seen, now=now)


@transaction.atomic
def cancel_auction(*, auction_id: int, reason: str, by: Actor, now: datetime) -> None:
    """Call it off with a reason that everybody reads; the bidders are told."""
    auction = lock_auction(auction_id, by=by)
    require(by, Permission.RUN_AUCTION, on=auction)
    reason = records.tidy(reason)[:500]
    if not reason:
        raise Invalid(fields={"reason": ["请写明取消的原因，竞买人和公众会看到。"]})
    call_off(auction, reason=reason, by=by, now=now)


def call_off(auction: Auction, *, reason: str, by: Actor, now: datetime) -> None:
    """Cancel a locked auction."""
    was_public = auction.announced_at is not None
    auction.because, auction.decided_at, auction.decided_by = reason[:500], now, by.key
    move(auction, "cancel", now=now, fields=("because", "decided_at", "decided_by"))
    auction.lots.update(live=False)
    audit.record("auction.cancelled", subject=auction, by=by, at=now, changes={"reason": reason})
    if was_public:
        tell("auction.cancelled", auction, by=by, now=now, reason=reason)
        told = {*bidder_people(auction), *people.members(auction.organisation_id)}
        notices.notify(
            users=told - {by.user_id},
            kind="auction.progress",
            key=f"auction:{auction.pk}:cancelled",
            title=f"拍卖已取消：{auction.title}",
            body=reason,
            url=page_of(auction),
            now=now,
        )


@transaction.atomic
def call_off_blocked(*, patent_id: int, because: str = "", by: Actor, now: datetime) -> int:
    """Cancel live auctions of a patent that may no longer be disposed of; how many."""
    done = 0
    for pk in list(
        Auction.objects.filter(
            lots__patent_id=patent_id, status__in=sorted(rules.LIVE)
        ).values_list("pk", flat=True)
    ):
        auction = Auction.objects.select_for_update(no_key=True).get(pk=pk)
        if auction.status not in rules.LIVE:
            continue
        against = types.hard(lot_blockers(auction, at=now, listed=False))
        reason = because or "".join(blocker.message for blocker in against)
        if reason:
            call_off(auction, reason=f"标的情况变化，拍卖取消：{reason}", by=by, now=now)
            done += 1
    return done


def tell(name: str, auction: Auction, *, by: Actor, now: datetime, **extra: Any) -> None:
    """One event about an auction, always with the same keys."""
    payload = {
        "auction_id": auction.pk,
        "patent_ids": list(auction.lots.values_list("patent_id", flat=True)),
        "organisation_id": auction.organisation_id,
        "region": auction.region,
        "right": auction.right,
        **extra,
    }
    outbox.emit(name, subject=auction, by=by, at=now, payload=payload)


def page_of(auction: Auction) -> str:
    return f"/auctions/{auction.pk}/"


def bidder_people(auction: Auction) -> set[int]:
    """The people of every organisation that has bid."""
    organisations = auction.bids.order_by().values_list("organisation_id", flat=True).distinct()
    return {user for users in people.members_of(organisations).values() for user in users}


def _tell_watchers(auction: Auction, *, now: datetime) -> None:
    """Whoever keeps an eye on one of the patents hears that it is put up."""
    watching = Favourite.objects.filter(patent__lots__auction=auction)
    notices.notify(
        users=watching.values_list("user_id", flat=True),
        kind="auction.progress",
        key=f"auction:{auction.pk}:announced",
        title=f"您收藏的专利将拍卖：{auction.title}",
        body=f"{auction.opens_at.astimezone(CHINA):%Y-%m-%d %H:%M} 开始竞价。",
        url=page_of(auction),
        now=now,
    )
