"""What is in a person's bell."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import QuerySet

from core.notices.models import Notice, NoticePreference
from core.people.types import Actor


def inbox(*, viewer: Actor) -> QuerySet[Notice]:
    """The viewer's notices, newest first."""
    if viewer.user_id is None:
        return Notice.objects.none()
    return Notice.objects.filter(user_id=viewer.user_id).order_by("-pk")


def unread_count(*, viewer: Actor) -> int:
    """How many the viewer has not read."""
    if viewer.user_id is None:
        return 0
    return Notice.objects.filter(user_id=viewer.user_id, read_at__isnull=True).count()


def kinds_off(*, viewer: Actor) -> set[str]:
    """The kinds the viewer has switched off."""
    if viewer.user_id is None:
        return set()
    rows = NoticePreference.objects.filter(user_id=viewer.user_id)
    return set(rows.values_list("kind", flat=True))


def switched_off(user_ids: Iterable[int], *, kind: str) -> set[int]:
    """Those of these people who have switched this kind off."""
    rows = NoticePreference.objects.filter(user_id__in=set(user_ids), kind=kind)
    return set(rows.values_list("user_id", flat=True))
