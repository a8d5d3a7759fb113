"""Keeping what somebody types into the form of a need, until it is saved or thrown away."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from core.people.types import Actor
from core.permissions import Permission, require
from matching.models import Need, NeedDraft

LONGEST = 200_000  # a form filled to its limits, encoded
KEPT_FOR = timedelta(days=90)


def keep_draft(*, filled: str, need_id: int | None, by: Actor, now: datetime) -> bool:
    """Keep the form as it is now; False when it is not worth keeping or may not be kept."""
    require(by, Permission.POST_NEED)
    if by.user_id is None or by.organisation_id is None or len(filled) > LONGEST:
        return False
    if need_id is not None:
        require(by, Permission.POST_NEED, on=Need.objects.visible_to(by).get(pk=need_id))
    values = {"filled": filled, "kept_at": now}
    NeedDraft.objects.update_or_create(**_whose(need_id, by), defaults=values)
    return True


def drop_draft(*, need_id: int | None, by: Actor) -> bool:
    """Throw it away, or it was saved; whether there was one."""
    if by.user_id is None:
        return False
    return NeedDraft.objects.filter(**_whose(need_id, by)).delete()[0] > 0


def _whose(need_id: int | None, by: Actor) -> dict[str, Any]:
    return {"user_id": by.user_id, "organisation_id": by.organisation_id, "need_id": need_id}


def forget_drafts(*, now: datetime) -> int:
    """Nobody came back for three months: gone."""
    return NeedDraft.objects.filter(kept_at__lt=now - KEPT_FOR).delete()[0]
