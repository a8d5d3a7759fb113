"""What becomes of an open declaration when the patent changes hands past a deal.

A deal refuses a transfer while the declaration is announced (its guard `declared-transfer`). A
gazette, a claim or an award in court asks nobody: then the declaration, which names the patentee
(IR85), ends with the old one. Licences taken before stand as they were (SI24); the new patentee may
declare anew.
"""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from core.audit import services as audit
from core.days import legal_day
from core.outbox import services as outbox
from core.people.types import Actor
from licensing.models import OpenDeclaration
from licensing.rules import moves
from licensing.rules.moves import DeclarationStatus
from licensing.services.ground import moved, patent, tell
from listings import services as encumbrances

REASON = (
    "专利权人已经变更，原声明随之终止（专利法第五十条、实施细则第八十五条）。此前取得的许可继续有效"
    "（法释〔2020〕19号第二十四条）。"
)
SYSTEM = Actor.system()


@transaction.atomic
def follow_keeper(*, patent_id: int, now: datetime) -> int:
    """End or discard what the former keeper declares; how many. Doing it again does nothing."""
    open_states = sorted(s.value for s in moves.OPEN_DECLARATIONS)
    rows = OpenDeclaration.objects.select_for_update(of=("self",)).filter(
        patent_id=patent_id, status__in=open_states
    )
    keeper_id = patent(patent_id).organisation_id
    left = [row for row in rows.order_by("pk") if row.licensor_id != keeper_id]
    for row in left:
        _end(row, now=now)
    return len(left)


def _end(row: OpenDeclaration, *, now: datetime) -> None:
    announced = row.status == DeclarationStatus.ANNOUNCED
    move = "end" if announced else "discard"
    moved(moves.DECLARATION_MOVES, moves.DECLARATION_LABELS, row, move)
    row.closed_at, row.closed_by, row.closed_reason = now, SYSTEM.key, REASON
    row.save(update_fields=["status", "closed_at", "closed_by", "closed_reason"])
    if row.encumbrance_id is not None:
        encumbrances.release(
            encumbrance_id=row.encumbrance_id,
            ended_on=legal_day(now),
            reason="专利权人变更，开放许可声明终止",
            by=SYSTEM,
            now=now,
        )
    audit.record("open_declaration.ended", subject=row, by=SYSTEM, at=now)
    if not announced:
        return
    facts = {
        "declaration_id": row.pk,
        "patent_id": row.patent_id,
        "licensor_id": row.licensor_id,
        "region": row.region,
    }
    outbox.emit("open_declaration.withdrawn", subject=row, by=SYSTEM, at=now, payload=facts)
    waiting = row.licences.filter(status=moves.LicenceStatus.NOTICED)
    told = {row.licensor_id, *waiting.values_list("licensee_id", flat=True)}
    tell(
        sorted(told),
        kind="licence.progress",
        key=f"declaration-ended:{row.pk}",
        title=f"开放许可声明 {row.number} 已终止",
        body=REASON,
        url=f"/open-licences/{row.pk}/",
        now=now,
    )
