"""Questions about yearly sheets of equity."""

from __future__ import annotations

from django.db.models import Count, QuerySet

from core.errors import Missing
from core.people.types import Actor
from licensing.models import EquitySheet
from licensing.rules import equity as rules


def equity_sheets(*, viewer: Actor) -> QuerySet[EquitySheet]:
    """The sheets this viewer may see, newest year first."""
    rows = EquitySheet.objects.visible_to(viewer).select_related("organisation")
    return rows.annotate(lines=Count("stakes")).order_by("-year", "-pk")


def equity_sheet(sheet_id: int, *, viewer: Actor) -> EquitySheet:
    """One sheet with its stakes; Missing when the viewer may not see it."""
    rows = equity_sheets(viewer=viewer).prefetch_related("stakes")
    found = rows.filter(pk=sheet_id).first()
    if found is None:
        raise Missing("没有找到这份考核表，或您无权查看。")
    return found


def whole_of(row: EquitySheet) -> rules.Whole:
    """All its stakes together."""
    return rules.whole(stake.line for stake in row.stakes.all())
