"""Telling those who were shown a patent of a turn in its life."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext as _

from core.notices import services as notices
from core.people import selectors as people
from core.people.types import Actor
from listings import selectors as listings
from listings.types import PatentStatus
from matching.models import Lead


def tell_receivers(*, patent_id: int, turn: str, event: str, now: datetime) -> int:
    """Tell everyone whom it was pushed to or who looked at it; how many people heard.

    One bell per person for one turn: whoever heard of it as holder, licensee or favourite does
    not hear again. It asks instead of believing the event, which may have been overtaken.
    """
    card = listings.card(patent_id, viewer=Actor.system())
    is_in_force = card.status == PatentStatus.GRANTED
    if is_in_force != (event == "patent.restored"):
        return 0
    shown = Lead.objects.filter(patent_id=patent_id).exclude(
        pushed_at__isnull=True, viewed_at__isnull=True
    )
    members = people.members_of(set(shown.values_list("organisation_id", flat=True)))
    if is_in_force:
        title = _("推荐过的专利已恢复有效：%(title)s")
        body = _("持有单位重新挂牌之后，会再次出现在您的匹配中。")
    else:
        title = _("推荐过的专利已失效：%(title)s")
        body = _("它已从您的匹配中撤下。正在洽谈的，请先与持有单位核对权利状态，再决定是否付款。")
    told = notices.notify(
        users={user for found in members.values() for user in found},
        kind="listing.changed",
        key=f"standing:{turn}",
        title=title % {"title": card.title},
        body=body,
        url="/matches/",
        now=now,
    )
    return len(told)
