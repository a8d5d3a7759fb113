"""Telling a holder what firms say of its patents: by name once they make contact, else without."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext as _

from core.notices import services as notices
from core.people import selectors as people
from matching.models import Evaluation, Lead
from matching.models.choices import Intent
from matching.types import SupplyCard


def tell_holder(
    lead: Lead,
    row: Evaluation,
    card: SupplyCard,
    *,
    makes_contact: bool,
    before: Evaluation | None,
    now: datetime,
) -> None:
    """A bell for an offered hand, and one for a wish that was not there before."""
    if lead.supplier_id is None:
        return
    if makes_contact:
        firm = people.organisation(lead.organisation_id).name
        title = _("%(firm)s 想就“%(title)s”合作") % {"firm": firm, "title": card.title[:60]}
        body = row.cooperation or "、".join(str(Intent(code).label) for code in row.intents)
        key = f"lead:{lead.pk}:contact"
    elif _says(row) and _says(row) != (_says(before) if before else ()):
        title = _("一家企业对“%(title)s”提出改进建议") % {"title": card.title[:60]}
        body = _("内容见“企业评价”；企业在联系您之前是匿名的。")
        key = f"lead:{lead.pk}:wish:{int(now.timestamp())}"
    else:
        return
    notices.notify(
        users=people.members(lead.supplier_id),
        kind="lead.interest",
        key=key,
        title=title,
        body=body,
        url="/matches/received/",
        now=now,
    )


def _says(row: Evaluation) -> tuple[str, ...]:
    """What would make the patent better, in the firm's words and choices."""
    return (*row.wishes, row.improvement) if row.wishes or row.improvement else ()
