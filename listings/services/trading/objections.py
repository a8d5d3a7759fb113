"""Objections 异议 raised while something is posted, and their answers."""

from __future__ import annotations

from datetime import date, datetime

from django.db import transaction

from core.audit import services as audit
from core.days import CHINA, legal_day
from core.errors import Conflict, Invalid, Missing
from core.notices import services as notices
from core.people import selectors as people
from core.people.types import Actor, Role
from core.permissions import Permission, require
from listings.models import Auction, Objection, Posting
from listings.models.auctions import AuctionStatus, ObjectionStatus
from listings.models.postings import PostingStatus
from listings.rules import auctions as rules
from listings.rules import moves, records
from listings.rules.moves import IllegalMove
from listings.services.trading.auctions import call_off, lock_auction
from listings.services.trading.auctions import page_of as auction_page
from listings.services.trading.price_postings import lock_posting, take_back
from listings.services.trading.price_postings import page_of as posting_page

LONGEST_TEXT = 2_000
NOT_FOUND = "没有找到这条异议，或您无权查看。"


@transaction.atomic
def object_to_auction(*, auction_id: int, text: str, contact: str, by: Actor, now: datetime) -> int:
    """Object while the announcement stands and bidding has not begun. Its id."""
    require(by, Permission.RAISE_OBJECTION)
    auction = lock_auction(auction_id, by=by)
    if auction.status != AuctionStatus.ANNOUNCED or now >= auction.opens_at:
        raise Conflict(
            f"异议应在公示期内提出，公示期到 {auction.opens_at.astimezone(CHINA):%Y-%m-%d %H:%M} "
            "为止。有争议的，请直接联系处置单位或主管部门。",
            code="objections-closed",
        )
    objection = _raised(text, contact, by=by, now=now, auction=auction)
    audit.record("auction.objected", subject=auction, by=by, at=now, changes={"id": objection.pk})
    _ask_for_answer(
        objection,
        organisation_id=auction.organisation_id,
        title=f"公示异议待答复：{auction.title}",
        url=f"/library/auctions/{auction.pk}/",
        now=now,
    )
    return objection.pk


@transaction.atomic
def object_to_posting(*, posting_id: int, text: str, contact: str, by: Actor, now: datetime) -> int:
    """Object while the posting stands. Its id."""
    require(by, Permission.RAISE_OBJECTION)
    posting = lock_posting(posting_id, by=by)
    if posting.status != PostingStatus.POSTED or legal_day(now) > (posting.ends_on or date.min):
        raise Conflict(
            "异议应在公示期内提出，这项公示已经结束。有争议的，请直接联系持有单位或主管部门。",
            code="objections-closed",
        )
    objection = _raised(text, contact, by=by, now=now, posting=posting)
    audit.record("posting.objected", subject=posting, by=by, at=now, changes={"id": objection.pk})
    _ask_for_answer(
        objection,
        organisation_id=posting.organisation_id,
        title=f"公示异议待答复：{posting.patent.title[:60]}",
        url=f"/library/auctions/postings/{posting.pk}/",
        now=now,
    )
    return objection.pk


def _raised(
    text: str,
    contact: str,
    *,
    by: Actor,
    now: datetime,
    auction: Auction | None = None,
    posting: Posting | None = None,
) -> Objection:
    text = records.prose(text)
    if not 10 <= len(text) <= LONGEST_TEXT:
        raise Invalid(fields={"text": [f"请写明异议的事实和理由，10 至 {LONGEST_TEXT} 字。"]})
    return Objection.objects.create(
        auction=auction,
        posting=posting,
        organisation_id=by.organisation_id,
        text=text,
        contact=records.tidy(contact)[:200],
        raised_at=now,
        raised_by=by.key,
        raiser_id=by.user_id,
    )


def _ask_for_answer(
    objection: Objection, *, organisation_id: int, title: str, url: str, now: datetime
) -> None:
    notices.notify(
        users=people.members(organisation_id, Role.OFFICE),
        kind="auction.progress",
        key=f"objection:{objection.pk}:raised",
        title=title,
        body=objection.text[:120],
        url=url,
        now=now,
    )


@transaction.atomic
def answer_objection(
    *, objection_id: int, upheld: bool, answer: str, by: Actor, now: datetime
) -> None:
    """Answer it; an upheld one calls off the auction, or takes back the posting."""
    row = Objection.objects.filter(pk=objection_id).first()
    if row is None:
        raise Missing(NOT_FOUND)
    if row.auction_id is not None:
        auction = lock_auction(row.auction_id, by=by)
        require(by, Permission.RUN_AUCTION, on=auction)
        name, title, url = "auction.answered", auction.title, auction_page(auction)
        subject: Auction | Posting = auction
    else:
        subject = posting = lock_posting(row.posting_id or 0, by=by)
        require(by, Permission.POST_PRICE, on=posting)
        name, title, url = "posting.answered", posting.patent.title[:60], posting_page(posting)
    objection = Objection.objects.select_for_update(no_key=True).get(pk=objection_id)
    _answer(objection, upheld=upheld, answer=answer, by=by, now=now)
    said = {"id": objection.pk, "upheld": upheld}
    audit.record(name, subject=subject, by=by, at=now, changes=said)
    _tell_raiser(objection, title=f"您的异议已答复：{title}", url=url, now=now)
    if upheld:
        _stop(subject, reason=f"公示期异议成立：{objection.answer}", by=by, now=now)


def _stop(subject: Auction | Posting, *, reason: str, by: Actor, now: datetime) -> None:
    if isinstance(subject, Auction):
        if subject.status in rules.LIVE:
            call_off(subject, reason=reason, by=by, now=now)
    elif subject.status == PostingStatus.POSTED:
        take_back(subject, reason=reason, by=by, now=now)


def _answer(objection: Objection, *, upheld: bool, answer: str, by: Actor, now: datetime) -> None:
    answer = records.prose(answer)
    if not 5 <= len(answer) <= LONGEST_TEXT:
        raise Invalid(fields={"answer": [f"请写明核查情况和处理结论，5 至 {LONGEST_TEXT} 字。"]})
    try:
        step = "uphold" if upheld else "dismiss"
        objection.status = moves.after(rules.OBJECTION_MOVES, objection.status, step)
    except IllegalMove as illegal:
        said = ObjectionStatus(illegal.status).label
        raise Conflict(f"这条异议已经答复（{said}），不能再改。", code="illegal-move") from illegal
    objection.answer, objection.answered_at, objection.answered_by = answer, now, by.key
    objection.save(update_fields=["status", "answer", "answered_at", "answered_by"])


def _tell_raiser(objection: Objection, *, title: str, url: str, now: datetime) -> None:
    if objection.raiser_id is not None:
        notices.notify(
            users=[objection.raiser_id],
            kind="auction.progress",
            key=f"objection:{objection.pk}:answered",
            title=title,
            body=objection.answer[:200],
            url=url,
            now=now,
        )
