"""Building a case file: what is known now is frozen with its hash; later builds are others."""

from __future__ import annotations

import secrets
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from core.audit import services as audit
from core.days import legal_day
from core.errors import Conflict, Invalid
from core.people import selectors as people
from core.people.types import Actor
from core.permissions import Permission, require
from licensing.models import CaseFile, Deal, Document
from licensing.rules import case_files as rules
from licensing.rules import effect
from licensing.selectors.case_files import entries_for
from licensing.services.documents import issue
from licensing.types import Side
from listings import selectors as listings


@transaction.atomic
def build_case_file(*, number: str, by: Actor, now: datetime) -> CaseFile:
    """Freeze the decisions on a patent, or on one deal, found by the number of either."""
    require(by, Permission.BUILD_CASE_FILE)
    deal = Deal.objects.visible_to(by).filter(number=number.strip()).first()
    if deal is not None:
        card = listings.card(deal.patent_id, viewer=Actor.system())
        organisation_id, region = deal.holder_id, deal.region
    else:
        found = listings.find(number, viewer=by)
        if found is None:
            message = _("没有找到这个专利号或洽谈编号，请核对。")
            raise Invalid(fields={"number": [message]})
        if found.organisation_id is None:
            raise Conflict(_("这件专利没有登记管理单位，不能编制案卷。"))
        card, organisation_id, region = found, found.organisation_id, found.region
    require(by, Permission.BUILD_CASE_FILE, on=Side(organisation_id, region))
    entries = rules.as_data(entries_for(card, organisation_id, deal))
    digest = rules.digest(entries)
    name = _number(now)
    content: dict[str, object] = {
        "案卷编号": name,
        "单位": people.organisation(organisation_id).name,
        "专利": f"{card.printed} {card.title}",
        "范围": f"洽谈 {deal.number}" if deal else "这件专利在本单位的全部处置",
        "编制时间": effect.minute_text(now),
        "条目数": str(len(entries)),
        "全文校验码": digest,
    }
    paper = Document(kind=Document.Kind.CASE_FILE, number=name)
    row = CaseFile.objects.create(
        organisation_id=organisation_id,
        region=region,
        number=name,
        patent_id=card.id,
        patent_number=card.printed,
        patent_title=card.title,
        deal=deal,
        entries=entries,
        entries_hash=digest,
        document=issue(paper, content, by=by, now=now),
        built_at=now,
        built_by=by.key,
    )
    audit.record("case_file.built", subject=row, by=by, at=now)
    return row


def _number(now: datetime) -> str:
    """AJ 案卷, the day, and eight characters that nobody guesses or shares."""
    return f"AJ{legal_day(now):%Y%m%d}{secrets.token_hex(4).upper()}"
