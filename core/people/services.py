"""Commands on people."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from core.audit import services as audit
from core.errors import NotAllowed
from core.people.models import User
from core.people.types import Actor


@transaction.atomic
def set_recommendations(*, wanted: bool, by: Actor, now: datetime) -> None:
    """Switch personal recommendations on or off for the actor (PIPL art. 24)."""
    if by.user_id is None:
        raise NotAllowed("请先登录，再修改推荐设置。", code="login-required")
    user = User.objects.select_for_update().get(pk=by.user_id)
    if user.wants_recommendations == wanted:
        return
    user.wants_recommendations = wanted
    user.save(update_fields=["wants_recommendations"])
    audit.record("user.recommendations", subject=user, by=by, at=now, changes={"wanted": wanted})
