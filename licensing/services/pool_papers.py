"""What a pool licence needs as any other: its contract on paper, its filing, its reminders."""

from __future__ import annotations

from datetime import date, datetime

from django.db import transaction

from core.audit import services as audit
from core.days import legal_day
from core.errors import Conflict, Invalid
from core.outbox import services as outbox
from core.people import selectors as people
from core.people.types import Actor
from core.permissions import Permission, require
from licensing.models import Document, PoolLicence
from licensing.rules import effect, fees
from licensing.rules import pools as rules
from licensing.services.documents import issue
from licensing.services.ground import locked, tell
from listings import services as encumbrances

SYSTEM = Actor.system()
RUNNING = rules.PoolLicenceStatus.RUNNING


def put_on_paper(licence: PoolLicence, *, by: Actor, now: datetime) -> Document:
    """The contract as concluded: parties, terms, and every patent with its own last day."""
    ids = [licence.pool.administrator_id, licence.licensee_id]
    names = people.organisations(ids)
    administrator, licensee = names[ids[0]], names[ids[1]]
    patents = [
        f"{p.entry.patent_number} {p.entry.patent_title}（{p.entry.holder.name}），"
        f"至 {p.ends_on:%Y-%m-%d}"
        for p in licence.patents.select_related("entry__holder").order_by("entry_id")
    ]
    content: dict[str, object] = {
        "许可编号": licence.number,
        "专利池": f"{licence.pool.name}（{licence.pool.number}）",
        "管理人": f"{administrator.name}（{administrator.uscc or '—'}）",
        "被许可人": f"{licensee.name}（{licensee.uscc or '—'}）",
        "许可种类": "普通许可（专利池）",
        "许可的专利": patents,
        "许可地域": "中国境内",
        "标准条款": f"第 {licence.terms.version} 版",
        "付费标准": fees.standard_lines(licence.terms.plan.terms()),
        "其他约定": licence.terms.remarks or "无",
        "成立与范围": licence.explanation,
        "许可期限": f"{licence.starts_on:%Y-%m-%d} 至 {licence.ends_on:%Y-%m-%d}",
    }
    document = Document(kind=Document.Kind.POOL_CONTRACT, number=licence.number or "")
    licence.document = issue(document, content, by=by, now=now)
    licence.save(update_fields=["document"])
    return licence.document


@transaction.atomic
def file_pool_licence(
    *, pool_licence_id: int, filing_number: str, filed_on: date, by: Actor, now: datetime
) -> PoolLicence:
    """Either party notes the filing 备案; every patent of it bears the number."""
    rows = PoolLicence.objects.visible_to(by).select_related("pool")
    licence = locked(rows, pool_licence_id)
    require(by, Permission.FILE_LICENCE, on=licence)
    number = filing_number.strip()
    _refuse_filing(licence, number, filed_on, today=legal_day(now))
    licence.filing_number, licence.filed_on = number, filed_on
    licence.filed_at, licence.filed_by = now, by.key
    licence.save(update_fields=["filing_number", "filed_on", "filed_at", "filed_by"])
    for patent in licence.patents.order_by("entry__patent_id"):
        encumbrances.number_in_register(
            encumbrance_id=patent.encumbrance_id, register_number=number, by=by, now=now
        )
    audit.record("pool_licence.filed", subject=licence, by=by, at=now)
    payload = {
        "pool_id": licence.pool_id,
        "pool_licence_id": licence.pk,
        "patent_ids": list(licence.patents.values_list("entry__patent_id", flat=True)),
        "administrator_id": licence.pool.administrator_id,
        "licensee_id": licence.licensee_id,
        "region": licence.pool.region,
    }
    outbox.emit("pool.licence_filed", subject=licence, by=by, at=now, payload=payload)
    _ring(licence, key="filed", title=f"池许可已备案：{number}", body="", now=now)
    return licence


def _refuse_filing(licence: PoolLicence, number: str, filed_on: date, *, today: date) -> None:
    if licence.filed_on is not None:
        raise Conflict(f"这项池许可已经备案（{licence.filing_number}）。", code="filed-already")
    if licence.status != RUNNING:
        raise Conflict("池许可已经期满，不能再登记备案。", code="not-in-force")
    if errors := effect.filing_errors(number, filed_on, starts_on=licence.starts_on, today=today):
        raise Invalid(fields=errors)


def follow_papers(*, now: datetime) -> int:
    """Paper for licences older than their papers; alarms of filing. How many."""
    done = sum(_write_missing(pk, now=now) for pk in _without_paper())
    today = legal_day(now)
    unfiled = PoolLicence.objects.filter(status=RUNNING, filed_on__isnull=True)
    for licence in unfiled.select_related("pool").order_by("pk").iterator():
        done += _alarm(licence, today=today, now=now)
    return done


def _without_paper() -> list[int]:
    rows = PoolLicence.objects.filter(document__isnull=True, number__isnull=False)
    return list(rows.order_by("pk").values_list("pk", flat=True))


@transaction.atomic
def _write_missing(pk: int, *, now: datetime) -> int:
    licence = locked(PoolLicence.objects.all(), pk)
    if licence.document_id is None:
        put_on_paper(licence, by=SYSTEM, now=now)
    return 1


def _alarm(licence: PoolLicence, *, today: date, now: datetime) -> int:
    """Ring both parties 60 and 80 days after effect and when it is late; each alarm once."""
    reached = [str(days) for days in effect.alarms_due(licence.starts_on, today)]
    if today > licence.file_by:
        reached.append("late")
    for alarm in reached[-1:]:
        late = alarm == "late"
        title = "池许可备案已超过期限" if late else f"池许可备案期限提醒：生效已满 {alarm} 天"
        body = (
            f"{licence.pool.name} 的许可应在 {licence.file_by:%Y-%m-%d} 前备案，任何一方均可办理。"
        )
        _ring(licence, key=f"filing:{alarm}", title=title, body=body, now=now)
    return len(reached[-1:])


def _ring(licence: PoolLicence, *who: int, key: str, title: str, body: str, now: datetime) -> None:
    tell(
        who or [licence.pool.administrator_id, licence.licensee_id],
        kind="licence.deadline",
        key=f"pool-licence:{licence.pk}:{key}",
        title=f"{title}：{licence.pool.name[:60]}",
        body=body,
        url=f"/pool-licences/{licence.pk}/",
        now=now,
    )
