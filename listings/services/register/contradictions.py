"""Where the register and the record part: noted, settled by later events, or by a person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from django.db import transaction

from core.audit import services as audit
from core.errors import Conflict, Invalid, Missing
from core.people.types import Actor
from core.permissions import Permission, require
from listings.models import Contradiction, Patent
from listings.rules import folding
from listings.rules.records import tidy
from listings.services import news
from listings.services.locks import lock_patent

BY_ITSELF = "后来登记的事件已使两边一致"


def note(
    patents: Sequence[Patent],
    found: Mapping[int, Sequence[folding.Contradiction]],
    *,
    by: Actor,
    now: datetime,
) -> None:
    """Bring the open contradictions of these locked patents in line with the fold."""
    rows = Contradiction.objects.filter(patent__in=[patent.pk for patent in patents])
    here = {(row.event_id, row.code): row for row in rows}
    wanted = {(c.event, c.code) for listed in found.values() for c in listed}
    for key, row in here.items():
        if key not in wanted and row.settled_at is None:
            row.settled_at, row.settled_by, row.reason = now, Actor.system().key, BY_ITSELF
            row.save(update_fields=["settled_at", "settled_by", "reason"])
    for patent in patents:
        for said in found.get(patent.pk, ()):
            _note(patent, said, here.get((said.event, said.code)), by=by, now=now)


def _note(
    patent: Patent,
    said: folding.Contradiction,
    row: Contradiction | None,
    *,
    by: Actor,
    now: datetime,
) -> None:
    settled_by_itself = row is not None and row.settled_by == Actor.system().key
    if row is not None and not settled_by_itself:
        return  # known, or answered by a person
    if row is None:
        row = Contradiction(patent=patent, event_id=said.event, code=said.code)
    row.message, row.mend, row.rival_id = said.message[:400], said.mend[:300], said.rival
    row.found_at, row.settled_at, row.settled_by, row.reason = now, None, None, ""
    row.save()
    audit.record(
        "patent.event_contradicts",
        subject=patent,
        by=by,
        at=now,
        changes={"code": said.code, "event": said.event, "message": said.message},
    )
    news.tell(
        "patent.contradicted",
        patent,
        by=by,
        now=now,
        contradiction_id=row.pk,
    )


@transaction.atomic
def settle_contradiction(*, contradiction_id: int, reason: str, by: Actor, now: datetime) -> int:
    """A person has looked: the record stays as it is, for this reason. The patent's id."""
    row = Contradiction.objects.visible_to(by).filter(pk=contradiction_id).first()
    if row is None:
        raise Missing("没有找到这条记录，可能已经处理，或您无权查看。")
    patent = lock_patent(row.patent_id)
    require(by, Permission.RECORD_LEGAL_EVENT, on=patent)
    row.refresh_from_db()
    if row.settled_at is not None:
        raise Conflict("这一条已经处理过了，请刷新页面查看。", code="settled")
    said = tidy(reason)
    if not 5 <= len(said) <= 300:
        raise Invalid(fields={"reason": ["请写明核对的结果（5 到 300 字），以后可以查到。"]})
    row.settled_at, row.settled_by, row.reason = now, by.key, said
    row.save(update_fields=["settled_at", "settled_by", "reason"])
    audit.record(
        "patent.contradiction_settled",
        subject=patent,
        by=by,
        at=now,
        changes={"contradiction": row.pk, "reason": said},
    )
    return row.patent_id
