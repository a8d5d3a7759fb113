"""Four eyes on an offer sheet: handed in, approved or sent back, put back to an older text."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction

from core.attachments import services as attachments
from core.audit import services as audit
from core.errors import Conflict, Invalid, Missing, NotAllowed
from core.notices import services as notices
from core.people import selectors as people
from core.people.types import Actor, Role
from core.permissions import Permission, require
from listings.models import (
    Listing,
    Patent,
    SheetDesk,
    SheetFile,
    SheetPolicy,
    SheetReview,
    SheetVersion,
)
from listings.models.sheets import ReviewVerdict, SheetState
from listings.rules import moves, sheets
from listings.selectors.offering import sheets as reading
from listings.services import news
from listings.services.locks import lock_listing, same_version
from listings.services.offering import board, sheet_text, versions

NO_TEXT = "推介表还是空的，没有可以审核的内容。请先填写“解决什么问题”等栏目并保存。"


def _lock(listing_id: int, by: Actor, permission: Permission) -> tuple[Patent, Listing]:
    patent, listing = lock_listing(listing_id, by=by)
    require(by, permission, on=patent)
    if listing.status not in moves.LIVE_LISTING:
        raise Conflict("这项挂牌已经结束，不能再修改；需要时请新建挂牌。", code="listing-ended")
    return patent, listing


def _step(desk: SheetDesk, move: str) -> None:
    """Take one step of the table, or a Conflict that says where the sheet stands."""
    sources, target = sheets.MOVES[move]
    if desk.state not in sources:
        raise Conflict(
            f"这份推介表现在是“{SheetState(desk.state).label}”，不能办理这一步。请刷新后查看。",
            code="illegal-move",
        )
    desk.state = target
    desk.save(update_fields=["state"])


@transaction.atomic
def submit_sheet(*, listing_id: int, by: Actor, now: datetime) -> int:
    """Hand the last text in for a colleague's review. The review's id."""
    patent, listing = _lock(listing_id, by, Permission.PUBLISH_LISTING)
    text = reading.working(listing, patent)
    if sheets.is_empty(sheet_text.offer_of(text)):
        raise Invalid(NO_TEXT, fields={"problem": [NO_TEXT]})
    desk = reading.desk(listing)
    if desk is None or desk.head.content != text:  # written by another door: kept first
        versions.keep(listing, patent, text, by=by, now=now, changed=[])
        desk = reading.desk(listing)
    if desk is None:
        raise Missing("没有找到这份推介表，请刷新后重试。")
    _step(desk, "submit")
    review = SheetReview.objects.create(
        listing=listing, version=desk.head, submitted_at=now, submitted_by=by.key
    )
    if listing.status == "draft":
        _relist(listing, "submit", now=now)
    audit.record(
        "sheet.submitted", subject=listing, by=by, at=now, changes={"version": desk.head.number}
    )
    _tell(
        _reviewers(patent, but=by.user_id),
        patent,
        key=f"sheet-review:{review.pk}",
        title=f"推介表待审核：{patent.title[:60]}",
        body=f"{by.name or '同事'}提交了第 {desk.head.number} 版，请审核后公开。",
        now=now,
    )
    return review.pk


def _relist(listing: Listing, move: str, *, now: datetime) -> None:
    listing.status = moves.after(moves.LISTING_MOVES, listing.status, move)
    listing.changed_at, listing.version = now, listing.version + 1
    listing.save(update_fields=["status", "changed_at", "version"])


def _reviewers(patent: Patent, *, but: int | None) -> list[int]:
    """Members of the managing organisation's office other than this one."""
    if patent.organisation_id is None:
        return []
    return [u for u in people.members(patent.organisation_id, Role.OFFICE) if u != but]


def _tell(
    users: Iterable[int], patent: Patent, *, key: str, title: str, body: str, now: datetime
) -> None:
    notices.notify(
        users=users,
        kind="sheet.review",
        key=key,
        title=title,
        body=body,
        url=f"/library/patents/{patent.pk}/offer/review/",
        now=now,
    )


def _open_review(listing: Listing, number: int) -> tuple[SheetDesk, SheetReview]:
    """The review that is open, of the very version the reviewer has read."""
    desk = reading.desk(listing)
    review = (
        SheetReview.objects.select_related("version")
        .filter(listing=listing, decided_at__isnull=True)
        .first()
    )
    if desk is None or review is None:
        raise Conflict(
            "这份推介表没有待审核的版本：可能同事已经审核，或作者又作了修改。请刷新后查看。",
            code="not-in-review",
        )
    if review.version.number != number:
        raise Conflict(
            f"作者已提交新的第 {review.version.number} 版，您看的是第 {number} 版。"
            "请刷新，看过新版再审核。",
            code="edited-meanwhile",
        )
    return desk, review


def _own_work(patent: Patent, review: SheetReview, by: Actor) -> bool:
    """Whether somebody reviews their own text: refused while a colleague could do it."""
    if by.is_system or by.user_id not in people.users_of([review.version.saved_by]):
        return False
    if _reviewers(patent, but=by.user_id):
        raise NotAllowed(
            "这一版是您自己写的，要由本单位另一位同事审核。同事已收到待审核提醒。",
            code="four-eyes",
        )
    return True


def _decide(
    review: SheetReview, verdict: ReviewVerdict, remarks: str, *, by: Actor, now: datetime
) -> None:
    review.verdict, review.remarks = verdict.value, remarks
    review.decided_at, review.decided_by = now, by.key
    review.save()


@transaction.atomic
def approve_sheet(
    *, listing_id: int, version: int, remarks: str = "", publish: bool = False, by: Actor,
    now: datetime,
) -> None:  # fmt: skip
    """Let this version go public: at once where the listing is on the board, else with it."""
    patent, listing = _lock(listing_id, by, Permission.REVIEW_SHEET)
    desk, review = _open_review(listing, version)
    review.by_author = _own_work(patent, review, by)
    _decide(review, ReviewVerdict.APPROVED, remarks.strip()[:1000], by=by, now=now)
    _step(desk, "approve")
    if listing.status in moves.ON_THE_BOARD:
        _show(patent, listing, desk, by=by, now=now)
    audit.record(
        "sheet.approved",
        subject=listing,
        by=by,
        at=now,
        changes={"version": version, "by_author": review.by_author},
    )
    _tell_writers(patent, review, "已审核通过", remarks, by=by, now=now)
    if publish and listing.status not in moves.ON_THE_BOARD:
        board.publish_listing(listing_id=listing.pk, by=by, now=now)


def _show(patent: Patent, listing: Listing, desk: SheetDesk, *, by: Actor, now: datetime) -> None:
    """The approved text takes the place of the public one."""
    versions.put(listing, patent, desk.head.content)
    listing.version, listing.changed_at = listing.version + 1, now
    listing.save()
    desk.live = desk.head
    desk.save(update_fields=["live"])
    Patent.objects.filter(pk=patent.pk).update(indexed_at=None)
    news.tell("patent.changed", patent, by=by, now=now, listing_id=listing.pk)


@transaction.atomic
def send_back_sheet(
    *, listing_id: int, version: int, remarks: str, by: Actor, now: datetime
) -> None:
    """Give the sheet back to its writer with remarks; the public text stays as it is."""
    patent, listing = _lock(listing_id, by, Permission.REVIEW_SHEET)
    said = remarks.strip()[:1000]
    if not said:
        raise Invalid(fields={"remarks": ["请写明哪里要改、怎样改，作者才知道从哪里下手。"]})
    desk, review = _open_review(listing, version)
    _decide(review, ReviewVerdict.RETURNED, said, by=by, now=now)
    _step(desk, "send_back")
    if listing.status == "submitted":
        _relist(listing, "return", now=now)
    audit.record("sheet.sent_back", subject=listing, by=by, at=now, changes={"version": version})
    _tell_writers(patent, review, "已退回修改", said, by=by, now=now)


def _tell_writers(
    patent: Patent, review: SheetReview, what: str, remarks: str, *, by: Actor, now: datetime
) -> None:
    writers = people.users_of([review.submitted_by, review.version.saved_by])
    _tell(
        [user for user in writers if user != by.user_id],
        patent,
        key=f"sheet-decided:{review.pk}",
        title=f"推介表{what}：{patent.title[:60]}",
        body=remarks or f"第 {review.version.number} 版{what}。",
        now=now,
    )


@transaction.atomic
def restore_sheet(
    *, listing_id: int, number: int, version: int | None = None, by: Actor, now: datetime
) -> int:
    """Go on from an older text: it becomes a new version. The listing's new version."""
    patent, listing = _lock(listing_id, by, Permission.PUBLISH_LISTING)
    same_version(listing, version)
    old = SheetVersion.objects.filter(listing=listing, number=number).first()
    if old is None:
        raise Missing("没有这个版本，请刷新版本列表后再选。")
    audit.record("sheet.put_back", subject=listing, by=by, at=now, changes={"version": number})
    return versions.save_text(
        patent, listing, dict(old.content), by=by, now=now, restored_from=number
    )


@transaction.atomic
def add_sheet_file(
    *, listing_id: int, file: UploadedFile[bytes], caption: str, by: Actor, now: datetime
) -> int:
    """Put a file beside the sheet; it goes public as the text does. Its id."""
    patent, listing = _lock(listing_id, by, Permission.PUBLISH_LISTING)
    text = reading.working(listing, patent)
    if len(text["files"]) >= sheets.MOST_FILES:
        raise Invalid(fields={"file": [f"最多放 {sheets.MOST_FILES} 个附件，请先移除一个。"]})
    kept = attachments.store(file, purpose="offer-sheet", by=by, now=now)
    row = SheetFile.objects.create(
        listing=listing, attachment=kept, caption=caption.strip()[:100], added_at=now,
        added_by=by.key,
    )  # fmt: skip
    text = text | {"files": [*text["files"], row.pk]}
    versions.save_text(patent, listing, text, by=by, now=now)
    return row.pk


@transaction.atomic
def remove_sheet_file(*, listing_id: int, file_id: int, by: Actor, now: datetime) -> None:
    """Take a file off the sheet; older versions keep it."""
    patent, listing = _lock(listing_id, by, Permission.PUBLISH_LISTING)
    text = reading.working(listing, patent)
    left = [key for key in text["files"] if key != file_id]
    versions.save_text(patent, listing, text | {"files": left}, by=by, now=now)


@transaction.atomic
def set_sheet_policy(*, review_required: bool, by: Actor, now: datetime) -> None:
    """Say whether this organisation's sheets go public only after a review."""
    require(by, Permission.REVIEW_SHEET)
    if by.organisation_id is None:
        raise NotAllowed("请先切换到本单位的身份，再修改这项设置。")
    row, created = SheetPolicy.objects.select_for_update().get_or_create(
        organisation_id=by.organisation_id,
        defaults={
            "review_required": review_required, "changed_at": now, "changed_by": by.key,
        },
    )  # fmt: skip
    if not created:
        if row.review_required == review_required:
            return
        row.review_required, row.changed_at, row.changed_by = review_required, now, by.key
        row.save()
    audit.record(
        "sheet.policy_set", subject=row, by=by, at=now,
        changes={"review_required": review_required},
    )  # fmt: skip
