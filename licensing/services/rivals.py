"""Who comes too late for a right learns it at once, not after the whole line before him."""

from __future__ import annotations

from datetime import datetime

from core.days import legal_day
from core.errors import Conflict
from licensing.models import Deal, DealItem
from licensing.rules import deal_kinds, effect
from licensing.rules import deals as rules
from licensing.rules.deals import Terms
from listings import selectors as listings
from listings import services as library
from listings.types import Blocker

TAKEN = Blocker(
    "taken",
    "同一范围和期限内的权利刚刚由另一份合同取得，本合同不能生效。可重新商定地域、方式或期限。",
    "法释〔2020〕19号第二十五条",
)
SOLD = Blocker(
    "transfer-in-progress", "这件专利的另一份转让合同已签，正在办理登记。", "专利法第十条第三款"
)


def hold_or_refuse(row: Deal, terms: Terms, *, now: datetime) -> None:
    """Lock the patents of the deal; Conflict at once when a rival has what it is about.

    Asked before the lock, so that latecomers never stand in the line, and again behind it: what
    the winner committed while one waited is then visible, and the next in line waits for one
    query instead of for every guard.
    """
    _refuse(row, terms, now=now)
    library.hold_patents((*terms.patents, *terms.counter))
    _refuse(row, terms, now=now)


def _refuse(row: Deal, terms: Terms, *, now: datetime) -> None:
    if reason := _lost(row, terms, now=now):
        raise Conflict(reason.message, code="taken", blockers=[reason])


def _lost(row: Deal, terms: Terms, *, now: datetime) -> Blocker | None:
    if terms.kind in deal_kinds.WORKS or row.under_id:
        return None
    patents = (*terms.patents, *terms.counter)
    held = DealItem.objects.filter(patent_id__in=patents, holds_transfer=True)
    if held.exclude(deal=row).exists():
        return SOLD
    bond = rules.BONDS.get(terms.kind)
    if bond is None:
        return None
    starts_on = legal_day(now)
    gone = listings.is_taken(
        patents,
        bond,
        starts_on=starts_on,
        ends_on=effect.agreed_end(starts_on, terms.months) if terms.months else None,
        territory=terms.territory,
        modes=terms.modes,
    )
    return TAKEN if gone else None
