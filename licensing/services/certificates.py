"""Certificates 鉴证: a party asks an exchange, the exchange certifies the contract or declines."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from core.audit import services as audit
from core.days import legal_day
from core.errors import Conflict, Invalid
from core.outbox import services as outbox
from core.people import selectors as people
from core.people.types import Actor
from core.permissions import Permission, require
from licensing.models import Certificate, Deal, Document, Licence
from licensing.rules import fees, numbers
from licensing.rules import registrations as rules
from licensing.selectors import registrations as questions
from licensing.services.deal_ground import agreed, need
from licensing.services.documents import issue
from licensing.services.ground import locked, moved, tell
from licensing.services.registrations import contract_facts
from licensing.types import Side

TABLE, LABELS = rules.CERTIFICATE_MOVES, rules.CERTIFICATE_LABELS


@transaction.atomic
def request_certificate(
    *,
    exchange_id: int,
    deal_id: int | None = None,
    licence_id: int | None = None,
    note: str = "",
    by: Actor,
    now: datetime,
) -> Certificate:
    """A party asks an exchange that is no party; one live request or certificate per contract."""
    deal = locked(Deal.objects.visible_to(by), deal_id) if deal_id else None
    licence = locked(Licence.objects.visible_to(by), licence_id or 0) if deal is None else None
    require(by, Permission.REGISTER_CONTRACT, on=deal or licence)
    facts = contract_facts(deal=deal, licence=licence)
    parties = {facts["holder_id"], facts["taker_id"]}
    if exchange_id not in {card.id for card in questions.exchanges(but=parties)}:
        raise Invalid(fields={"exchange_id": ["请选择双方以外的交易机构。"]})
    live = sorted(s.value for s in rules.LIVE_CERTIFICATES)
    number = facts["contract_number"]
    if Certificate.objects.filter(contract_number=number, status__in=live).exists():
        raise Conflict("这份合同已经鉴证，或正在鉴证。", code="certificate-exists")
    row = Certificate.objects.create(
        **facts,
        exchange_id=exchange_id,
        note=note.strip()[:500],
        requested_at=now,
        requested_by=by.key,
    )
    audit.record("certificate.requested", subject=row, by=by, at=now)
    _tell(row, [exchange_id], "请办理交易鉴证", now=now, body=row.note)
    return row


@transaction.atomic
def issue_certificate(
    *, certificate_id: int, statement: str, by: Actor, now: datetime
) -> Certificate:
    """The exchange certifies: number, day, and a paper that anyone can check."""
    row = _asked(certificate_id, by=by)
    contract_facts(deal=row.deal, licence=row.licence)
    moved(TABLE, LABELS, row, "issue")
    row.statement = need(statement, "statement", "请写明核对了什么、结论是什么。")
    row.certified_on = legal_day(now)
    row.number = numbers.certificate_number(row.pk, row.certified_on)
    row.document = _paper(row, by=by, now=now)
    row.decided_at, row.decided_by = now, by.key
    row.save()
    audit.record("certificate.issued", subject=row, by=by, at=now, changes={"number": row.number})
    outbox.emit(
        "deal.certified",
        subject=row,
        by=by,
        at=now,
        payload={
            "certificate_id": row.pk,
            "deal_id": row.deal_id,
            "licence_id": row.licence_id,
            "patent_id": row.patent_id,
            "region": row.region,
            "number": row.number,
            "certified_on": row.certified_on.isoformat(),
            "exchange_id": row.exchange_id,
        },
    )
    _tell(row, [row.holder_id, row.taker_id], "交易已鉴证", now=now, body=f"编号 {row.number}。")
    return row


@transaction.atomic
def decline_certificate(
    *, certificate_id: int, reason: str, by: Actor, now: datetime
) -> Certificate:
    """The exchange says why not."""
    row = _asked(certificate_id, by=by)
    row = _close(row, "decline", reason, by=by, now=now)
    audit.record("certificate.declined", subject=row, by=by, at=now)
    return row


@transaction.atomic
def revoke_certificate(
    *, certificate_id: int, reason: str, by: Actor, now: datetime
) -> Certificate:
    """The exchange takes its certificate back; the check page says so."""
    row = _asked(certificate_id, by=by)
    row = _close(row, "revoke", reason, by=by, now=now)
    audit.record("certificate.revoked", subject=row, by=by, at=now)
    return row


@transaction.atomic
def withdraw_certificate(*, certificate_id: int, by: Actor, now: datetime) -> Certificate:
    """A party takes its request back, and may ask another exchange."""
    row = locked(Certificate.objects.visible_to(by), certificate_id)
    require(by, Permission.REGISTER_CONTRACT, on=row)
    moved(TABLE, LABELS, row, "withdraw")
    row.decided_at, row.decided_by = now, by.key
    row.save()
    audit.record("certificate.withdrawn", subject=row, by=by, at=now)
    _tell(row, [row.exchange_id], "鉴证申请已撤回", now=now)
    return row


def price_lines(row: Certificate) -> list[str]:
    """What the contract costs, in words: the exchange sees it before it certifies."""
    if row.deal is not None:
        return fees.standard_lines(agreed(row.deal).plan.terms())
    assert row.licence is not None  # a certificate is of one contract
    return fees.standard_lines(row.licence.plan.terms())


def _close(row: Certificate, move: str, reason: str, *, by: Actor, now: datetime) -> Certificate:
    moved(TABLE, LABELS, row, move)
    row.reason = need(reason, "reason", "请写明理由。")
    row.decided_at, row.decided_by = now, by.key
    row.save()
    title = LABELS[rules.CertificateStatus(row.status)]
    _tell(row, [row.holder_id, row.taker_id], f"交易鉴证：{title}", now=now, body=row.reason)
    return row


def _paper(row: Certificate, *, by: Actor, now: datetime) -> Document:
    names = people.organisations([row.holder_id, row.taker_id, row.exchange_id])
    holder, taker = names[row.holder_id], names[row.taker_id]
    kind = row.deal.get_kind_display() if row.deal else "普通许可（专利开放许可）"
    content: dict[str, object] = {
        "鉴证编号": row.number,
        "鉴证机构": names[row.exchange_id].name,
        "合同编号": row.contract_number,
        "交易方式": kind,
        "权利人": f"{holder.name}（{holder.uscc or '—'}）",
        "受让人或被许可人": f"{taker.name}（{taker.uscc or '—'}）",
        "专利": f"{row.patent_number} {row.patent_title}",
        "合同生效日": f"{row.contract_on:%Y-%m-%d}",
        "价款": price_lines(row),
        "鉴证意见": row.statement,
        "鉴证日": f"{row.certified_on:%Y-%m-%d}",
    }
    document = Document(kind=Document.Kind.CERTIFICATE, number=row.number or "")
    return issue(document, content, by=by, now=now)


def _asked(certificate_id: int, *, by: Actor) -> Certificate:
    row = locked(Certificate.objects.visible_to(by), certificate_id)
    require(by, Permission.CERTIFY_DEAL, on=Side(row.exchange_id))
    return row


def _tell(
    row: Certificate, organisations: list[int], title: str, *, now: datetime, body: str = ""
) -> None:
    tell(
        organisations,
        kind="deal.progress",
        key=f"certificate:{row.pk}:{row.status}",
        title=f"{title}：{row.patent_title[:60]}",
        body=body[:200],
        url=f"/certificates/{row.pk}/",
        now=now,
    )
