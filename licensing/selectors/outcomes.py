"""Questions about outcomes."""

from __future__ import annotations

from django.db.models import QuerySet

from core.errors import Missing
from core.people.types import Actor
from licensing.models import Outcome


def outcomes(*, viewer: Actor, status: str = "", code: str = "") -> QuerySet[Outcome]:
    """The outcomes this viewer may see, newest first, with who reported them."""
    rows = Outcome.objects.visible_to(viewer)
    if status:
        rows = rows.filter(status=status)
    if code:
        rows = rows.filter(code=code)
    return rows.select_related("organisation", "licence").order_by("-pk")


def outcome(outcome_id: int, *, viewer: Actor) -> Outcome:
    """One outcome; Missing when the viewer may not see it."""
    found = (
        outcomes(viewer=viewer)
        .select_related("organisation", "licence", "evidence")
        .filter(pk=outcome_id)
        .first()
    )
    if found is None:
        raise Missing("没有找到这条转化反馈，或您无权查看。")
    return found
