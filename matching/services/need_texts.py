"""Keeping every text that a need has had, and telling its owner of one that an agent wrote."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import Max
from django.utils.translation import gettext as _

from core.notices import services as notices
from core.people import selectors as people
from core.people.types import Actor
from matching.models import Need, NeedRevision
from matching.rules import revisions as rules
from matching.types import RevisionState


def next_number(need: Need) -> int:
    """The number of the next text; ask with the need locked."""
    rows = NeedRevision.objects.filter(need=need)
    last: int | None = rows.aggregate(last=Max("number"))["last"]
    return (last or 0) + 1


def keep_own(
    need: Need, before: dict[str, Any], after: dict[str, Any], *, by: Actor, now: datetime
) -> None:
    """Keep what its owner changed, if anything of the text did."""
    if not rules.changed(before, after):
        return
    NeedRevision.objects.create(
        need=need,
        number=next_number(need),
        state=RevisionState.OWN,
        before=before,
        content=after,
        base_version=need.version,
        proposed_at=now,
        proposed_by=by.key,
        decided_at=now,
        decided_by=by.key,
    )


def tell_client(need: Need, *, by: Actor, now: datetime) -> None:
    """A firm hears what its agent has written down in its name."""
    assert by.organisation_id is not None
    agent = people.organisation(by.organisation_id).name
    notices.notify(
        users=people.members(need.organisation_id),
        kind="need.progress",
        key=f"need:{need.pk}:posted",
        title=_("%(agent)s 为贵单位起草了一条需求") % {"agent": agent},
        body=_("请核对内容；开放征集由贵单位办理：%(title)s") % {"title": need.title},
        url=f"/needs/{need.pk}/",
        now=now,
    )
