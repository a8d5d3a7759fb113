"""Locks, always in one order: the patent first, then its listing. So no two commands deadlock."""

from __future__ import annotations

from core.errors import Conflict, Missing
from core.people.types import Actor
from listings.models import Disclosure, Listing, Patent

NOT_FOUND = "没有找到这件专利，可能已被移除，或您无权查看。"


def lock_patent(patent_id: int, *, by: Actor | None = None) -> Patent:
    """The patent's row, locked until the end of the transaction; Missing if `by` may not see it."""
    rows = Patent.objects.kept() if by is None else Patent.objects.visible_to(by)
    if not rows.filter(pk=patent_id).exists():
        raise Missing(NOT_FOUND)
    patent = Patent.objects.select_for_update(no_key=True).filter(pk=patent_id).first()
    if patent is None or patent.removed_at is not None:
        raise Missing(NOT_FOUND)
    return patent


def lock_listing(listing_id: int, *, by: Actor) -> tuple[Patent, Listing]:
    """A listing the actor may see, with its patent; both locked, the patent first."""
    seen = Listing.objects.visible_to(by).filter(pk=listing_id).first()
    if seen is None:
        raise Missing("没有找到这项挂牌，可能已被撤回，或您无权查看。")
    patent = lock_patent(seen.patent_id)
    listing = Listing.objects.select_for_update(no_key=True).get(pk=listing_id)
    listing.patent = patent
    return patent, listing


def same_version(row: Patent | Listing | Disclosure, version: int | None) -> None:
    """Refuse when somebody else has edited since the actor read it."""
    if version is not None and row.version != version:
        raise Conflict(
            "这条记录刚被其他人修改过，您的修改没有保存。请刷新页面查看最新内容后再提交。",
            code="edited-meanwhile",
        )
