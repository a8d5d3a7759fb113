"""A holder asks for its patent to be pushed to a firm that would want it."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from core.audit import services as audit
from core.errors import Conflict, Missing, NotAllowed
from core.people.types import Actor
from matching.selectors import feeding
from matching.selectors.wanting import found_for, may_ask
from matching.services.pushing import Candidate, leads_of, push


@transaction.atomic
def offer(*, patent_id: int, token: str, by: Actor, now: datetime) -> None:
    """Push one's own patent to one firm, within all its ceilings and wishes.

    Whether it arrived is not said: that would tell what the firm thinks of it.
    """
    if not may_ask(patent_id, viewer=by):
        raise NotAllowed(_("只有专利的管理单位可以请求推送。"))
    facts = feeding.facts({patent_id})
    if not any(row.matchable for row in facts):
        raise Conflict(_("这件专利还没有上架或暂停中，不能推送；请先上架。"), code="not-on-board")
    one = found_for(patent_id, viewer=by).get(token)
    if one is None:
        raise Missing(_("这家企业的需求已经变化，请刷新页面再看。"))
    candidate = Candidate(one.organisation_id, patent_id, one.hit.ticks, one.demand)
    push([candidate], now=now)
    lead = leads_of(one.organisation_id, facts, now=now)[patent_id]
    audit.record("match.offered", subject=lead, by=by, at=now)
