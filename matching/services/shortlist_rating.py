"""What a firm says of a patent that an institution recommended: a rating like any other."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from core.errors import Conflict, Missing, NotAllowed
from core.people.types import Actor
from matching.models import Evaluation, Match, MatchOptOut, Shortlist, ShortlistItem
from matching.rules.shortlists import ShortlistStatus
from matching.selectors import feeding
from matching.services.rating import lead_of, take_verdict
from matching.services.shortlists import found, tell_sender
from matching.types import Verdict


@transaction.atomic
def rate_item(*, item_id: int, verdict: Verdict, by: Actor, now: datetime) -> Evaluation:
    """The firm's word on one patent of a list: for its next lists, for the holder, for the sender.

    Its maker hears the verdict and the reason against; what is written goes to the holder only.
    """
    shortlist_id = ShortlistItem.objects.filter(pk=item_id).values_list("shortlist_id", flat=True)
    row = found(next(iter(shortlist_id), 0), by=by)
    if row.firm_id != by.organisation_id:
        raise NotAllowed(_("只有收到清单的企业可以评价。"))
    item = row.items.select_for_update().filter(pk=item_id).first()
    if item is None:
        raise Missing(_("这一件已经不在清单里了。"))
    _ratable(row, item)
    match = Match.objects.wanted().filter(need_id=row.need_id, patent_id=item.patent_id).first()
    lead = lead_of(row.firm_id, item.patent_id, now=now)
    if lead.viewed_at is None:
        lead.viewed_at, lead.viewed_by = now, by.key
    evaluation = take_verdict(lead, verdict, need_id=row.need_id, match=match, by=by, now=now)
    rejection = "" if verdict.reason is None else verdict.reason.value
    if (item.interested, item.rejection) != (verdict.interested, rejection):
        first = item.rated_at is None
        item.interested, item.rejection = verdict.interested, rejection
        item.rated_at, item.rated_by = now, by.key
        item.save()
        if first:
            title = _("企业评价了贵单位推荐的一件专利")
            tell_sender(row, key=f"rated:{item.patent_id}", title=title, now=now)
    return evaluation


def _ratable(row: Shortlist, item: ShortlistItem) -> None:
    if row.status != ShortlistStatus.SENT:
        raise Conflict(
            _("对方刚撤回了这份清单，评价没有保存。仍想评价，可打开这件专利所在的匹配推荐。"),
            code="shortlist-withdrawn",
        )
    facts = next(iter(feeding.facts({item.patent_id})), None)
    if facts is None or not facts.matchable:
        raise Conflict(
            _("这件专利刚刚下架或被占用，评价没有保存。恢复在架后可以再评价。"),
            code="match-withdrawn",
        )
    hidden = MatchOptOut.objects.filter(organisation_id=row.firm_id, lifted_at__isnull=True)
    if hidden.filter(patent_id=item.patent_id).exists() or (
        facts.organisation_id is not None
        and hidden.filter(holder_id=facts.organisation_id).exists()
    ):
        raise Conflict(
            _("贵单位已经屏蔽这件专利或它的权利人，评价没有保存；可在“不再推荐的内容”里恢复。"),
            code="match-withdrawn",
        )
