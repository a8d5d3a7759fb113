"""Claims as the two sides and their bureau see them."""

from __future__ import annotations

from django.db.models import QuerySet

from core.errors import Missing
from core.people.types import Actor, Role
from core.permissions import Permission, allowed
from listings.models import PatentClaim
from listings.models.claims import ClaimState
from listings.rules import disputes as rules

WORDS = {
    "withdraw": "撤回主张",
    "concede": "同意移交",
    "move": "移交给主张方",
    "share": "登记主张方为共有人",
    "refuse": "维持现登记单位",
}


def claims(*, viewer: Actor, state: str = "") -> QuerySet[PatentClaim]:
    """What the viewer has to do with, the open ones first, the newest of them at the top."""
    rows = (
        PatentClaim.objects.visible_to(viewer)
        .select_related("patent", "claimant", "holder")
        .defer("patent__embedding", "patent__search", "patent__abstract")
    )
    if state == "open":
        rows = rows.filter(state=ClaimState.OPEN)
    elif state == "settled":
        rows = rows.exclude(state=ClaimState.OPEN)
    return rows.order_by("settled_at", "-pk") if state == "open" else rows.order_by("-pk")


def claim(claim_id: int, *, viewer: Actor) -> PatentClaim:
    """One claim, or Missing."""
    found = claims(viewer=viewer).filter(pk=claim_id).first()
    if found is None:
        raise Missing("没有找到这项权属主张，或您无权查看。")
    return found


def open_claims(*, viewer: Actor) -> int:
    return claims(viewer=viewer, state="open").count()


def moves_of(row: PatentClaim, *, viewer: Actor) -> list[tuple[str, str]]:
    """What the viewer may do with it: move, and its word."""
    if row.state != ClaimState.OPEN:
        return []
    return [(m, WORDS[m]) for m in rules.MOVES if _may(row, rules.side_of(m), viewer)]


def _may(row: PatentClaim, side: str, viewer: Actor) -> bool:
    if side == "authority":
        on = None if viewer.has(Role.SYSADMIN) else row
        return allowed(viewer, Permission.SETTLE_CLAIM, on=on)
    party = row.claimant_id if side == "claimant" else row.holder_id
    return party in viewer.acts_for and allowed(viewer, Permission.IMPORT_STOCK)


def may_argue(row: PatentClaim, *, viewer: Actor) -> bool:
    return row.state == ClaimState.OPEN and (
        _may(row, "claimant", viewer) or _may(row, "holder", viewer)
    )


def none() -> QuerySet[PatentClaim]:
    return PatentClaim.objects.none()
