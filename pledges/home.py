"""What a bank finds of its pledges on its home page."""

from __future__ import annotations

from datetime import datetime

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from core.people.types import Actor, Role
from core.web.home import Part, Tile, Todo, contribute
from pledges import rules, selectors
from pledges.rules import PledgeStatus


@contribute("pledges", order=40)
def book(actor: Actor, now: datetime) -> Part:
    """The bank's live pledges, and those that end within a month."""
    if not actor.has(Role.BANK):
        return Part()
    live = selectors.pledges(viewer=actor, status=PledgeStatus.REGISTERED)
    by = timezone.localdate(now) + rules.SOON
    ending = selectors.pledges(viewer=actor, ends_by=by).count()
    records = reverse("pledges:records")
    return Part(
        todos=(Todo(_("笔质押一个月内到期"), f"{records}?status=ending", ending),),
        tiles=(Tile(_("在押"), f"{live.count():,}", records, unit=_("笔")),),
    )
