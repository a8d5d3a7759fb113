"""Registration of technology contracts: made with the contract, applied for, decided."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.db.models import Exists, OuterRef

from core.attachments import services as attachments
from core.audit import services as audit
from core.days import legal_day
from core.errors import Conflict, Invalid
from core.outbox import services as outbox
from core.people import selectors as people
from core.people.types import Actor
from core.permissions import Permission, require
from core.ratings.services import offer_rating
from licensing.models import Deal, Licence, PoolLicence, Registration
from licensing.rules import deals, moves
from licensing.rules import registrations as rules
from licensing.rules.deals import DealKind
from licensing.rules.registrations import ContractKind, RegistrationStatus
from licensing.services.deal_ground import need
from licensing.services.ground import locked, moved, tell
from licensing.types import Side

TABLE, LABELS = rules.REGISTRATION_MOVES, rules.REGISTRATION_LABELS
SYSTEM = Actor.system()
SIGNED = sorted(s.value for s in deals.SIGNED_DEALS)
IN_FORCE = sorted(s.value for s in moves.IN_FORCE)
NOT_A_CONTRACT = "合同还没有生效，或者已经失效，不能办理。请先核对洽谈或许可的状态。"
OF_A_DEAL = "这项许可来自洽谈，请在那份合同上办理，一份合同只办一次。"


def contract_facts(*, deal: Deal | None = None, licence: Licence | None = None) -> dict[str, Any]:
    """What a record of a contract keeps of it; Conflict while there is no contract."""
    if deal is not None and deal.status in SIGNED and deal.effective_on:
        return deal_record(deal)
    if licence is None or licence.status not in IN_FORCE or licence.starts_on is None:
        raise Conflict(NOT_A_CONTRACT, code="no-contract")
    if licence.declaration_id is None:
        raise Conflict(OF_A_DEAL, code="of-a-deal")
    return licence_record(licence)


def deal_record(deal: Deal) -> dict[str, Any]:
    """What a record keeps of a signed deal."""
    return {
        "deal": deal,
        "contract_number": deal.number,
        "contract_on": deal.effective_on,
        "patent_id": deal.patent_id,
        "patent_number": deal.patent_number,
        "patent_title": deal.patent_title,
        "holder_id": deal.holder_id,
        "taker_id": deal.taker_id,
        "region": deal.region,
    }


def pool_record(licence: PoolLicence) -> dict[str, Any]:
    """What a record keeps of a licence of a pool: its administrator stands for the holders."""
    return {
        "pool_licence": licence,
        "contract_number": licence.number,
        "contract_on": licence.starts_on,
        "patent_title": licence.pool.name,
        "holder_id": licence.pool.administrator_id,
        "taker_id": licence.licensee_id,
        "region": licence.pool.region,
    }


def licence_record(licence: Licence) -> dict[str, Any]:
    """What a record keeps of a licence."""
    return {
        "licence": licence,
        "contract_number": licence.number,
        "contract_on": licence.starts_on,
        "patent_id": licence.patent_id,
        "patent_number": licence.patent_number,
        "patent_title": licence.patent_title,
        "holder_id": licence.licensor_id,
        "taker_id": licence.licensee_id,
        "region": licence.region,
    }


@transaction.atomic
def open_registration(
    *, deal: Deal | None = None, licence: Licence | None = None, now: datetime
) -> Registration:
    """The record of a contract, made once; the seller is told until when to apply."""
    facts = contract_facts(deal=deal, licence=licence)
    kind = rules.KIND_OF_DEAL[DealKind(deal.kind)] if deal else ContractKind.LICENCE
    days = int(people.region_setting("registration.days", facts["region"], default=rules.DAYS))
    due_on = rules.deadline(facts["contract_on"], today=legal_day(now), days=days)
    known = {**facts, "kind": kind.value, "due_on": due_on, "opened_at": now}
    row, created = Registration.objects.get_or_create(
        contract_number=facts["contract_number"], defaults=known
    )
    if created:
        audit.record("registration.made", subject=row, by=SYSTEM, at=now)
        until = f"请在 {due_on:%Y-%m-%d} 前申请；未登记的不能享受税收优惠（{rules.ARTICLE}）。"
        _tell(row, [row.holder_id], "请办理技术合同认定登记", now=now, body=until)
    return row


def follow_contract(*, deal_id: int | None, licence_id: int | None, now: datetime) -> None:
    """A deal was signed or an open licence took effect: its record is there."""
    if deal_id is not None:
        deal = Deal.objects.filter(pk=deal_id, status__in=SIGNED).first()
        if deal:
            open_registration(deal=deal, now=now)
        return
    licence = Licence.objects.filter(pk=licence_id or 0, declaration__isnull=False)
    found = licence.filter(status__in=IN_FORCE).first()
    if found:
        open_registration(licence=found, now=now)


def open_missing(*, now: datetime, limit: int = 500) -> int:
    """Make the records of contracts that are older than the records; how many."""
    known = Registration.objects.filter(contract_number=OuterRef("number"))
    signed = Deal.objects.filter(~Exists(known), status__in=SIGNED, effective_on__isnull=False)
    taken = Licence.objects.filter(
        ~Exists(known), declaration__isnull=False, status__in=IN_FORCE, starts_on__isnull=False
    )
    made = [open_registration(deal=row, now=now) for row in signed.order_by("pk")[:limit]]
    made += [open_registration(licence=row, now=now) for row in taken.order_by("pk")[:limit]]
    return len(made)


@transaction.atomic
def apply_for_registration(
    *,
    registration_id: int,
    kind: str,
    amount: Decimal,
    technical: Decimal,
    by: Actor,
    now: datetime,
) -> Registration:
    """The seller applies, with the contract's sum and the technical part of it."""
    row = _own(registration_id, by=by)
    contract_facts(deal=row.deal, licence=row.licence)
    moved(TABLE, LABELS, row, "apply")
    errors = rules.money_problems(amount, technical)
    if kind not in {k.value for k in ContractKind}:
        errors["kind"] = ["请选择合同类型。"]
    if errors:
        raise Invalid(fields=errors)
    row.kind, row.amount, row.technical = kind, amount, technical
    row.applied_at, row.applied_by = now, by.key
    row.decided_at = row.decided_by = None
    row.reason = ""
    row.save()
    audit.record("registration.submitted", subject=row, by=by, at=now,
                 changes={"amount": str(amount), "technical": str(technical)})  # fmt: skip
    _tell(row, [row.taker_id], "卖方已申请技术合同认定登记", now=now)
    return row


@transaction.atomic
def register_contract(
    *,
    registration_id: int,
    number: str,
    registered_on: date,
    paper: UploadedFile[bytes] | None = None,
    by: Actor,
    now: datetime,
) -> Registration:
    """The bureau notes the registry's number and day; both parties and exchanges hear."""
    row = _overseen(registration_id, by=by)
    moved(TABLE, LABELS, row, "register")
    errors: dict[str, list[str]] = {}
    number = number.strip()
    if not number or len(number) > 60:
        errors["number"] = ["请填写登记编号，最多 60 个字符。"]
    if registered_on > legal_day(now):
        errors["registered_on"] = ["登记日不能晚于今天。"]
    elif registered_on < row.contract_on:
        errors["registered_on"] = ["登记日不能早于合同生效日。"]
    if errors:
        raise Invalid(fields=errors)
    row.number, row.registered_on = number, registered_on
    row.decided_at, row.decided_by = now, by.key
    if paper:
        row.paper = attachments.store(paper, purpose="registration", by=by, now=now, field="paper")
    row.save()
    audit.record("registration.registered", subject=row, by=by, at=now, changes={"number": number})
    outbox.emit("contract.registered", subject=row, by=by, at=now, payload=_facts(row))
    _offer_rating(row, now=now)
    _tell(row, [row.holder_id, row.taker_id], "技术合同已登记", now=now, body=f"编号 {number}。")
    return row


@transaction.atomic
def send_back_registration(
    *, registration_id: int, reason: str, by: Actor, now: datetime
) -> Registration:
    """The bureau sends it back with what is missing."""
    row = _overseen(registration_id, by=by)
    moved(TABLE, LABELS, row, "send_back")
    row.reason = need(reason, "reason", "请写明退回的理由和需要补正的内容。")
    row.decided_at, row.decided_by = now, by.key
    row.save()
    audit.record("registration.sent_back", subject=row, by=by, at=now)
    _tell(row, [row.holder_id], "技术合同登记被退回", now=now, body=row.reason)
    return row


@transaction.atomic
def waive_registration(
    *, registration_id: int, reason: str, by: Actor, now: datetime
) -> Registration:
    """The seller says why it will not be registered; the alarms stop."""
    row = _own(registration_id, by=by)
    moved(TABLE, LABELS, row, "waive")
    row.reason = need(reason, "reason", "请写明不办理的理由。")
    row.save()
    audit.record("registration.waived", subject=row, by=by, at=now)
    return row


def follow_end(deal: Deal, *, reason: str, now: datetime) -> None:
    """The contract ended: what was not applied for falls away, what was is to be changed there."""
    for row in Registration.objects.select_for_update(of=("self",)).filter(deal=deal):
        if row.status in rules.TO_DO:
            moved(TABLE, LABELS, row, "waive")
            row.reason = f"{reason}，不再办理登记"
            row.save(update_fields=["status", "reason"])
            audit.record("registration.waived", subject=row, by=SYSTEM, at=now)
        elif row.status != RegistrationStatus.WAIVED:
            said = f"{reason}。已申请或已登记的，请向原登记机构办理注销。"
            _tell(row, [row.holder_id], "合同已终止，请核对登记", now=now, body=said)


@transaction.atomic
def take_up_registration(*, registration_id: int, by: Actor, now: datetime) -> Registration:
    """It is to be registered after all."""
    row = _own(registration_id, by=by)
    moved(TABLE, LABELS, row, "take_up")
    row.due_on = max(row.due_on, rules.deadline(row.contract_on, today=legal_day(now), days=0))
    row.reason = ""
    row.save()
    audit.record("registration.reopened", subject=row, by=by, at=now)
    return row


def remind_of_contracts(*, now: datetime) -> int:
    """Ring the sellers whose deadline nears or has passed, each alarm once."""
    today, rung = legal_day(now), 0
    rows = Registration.objects.filter(status__in=sorted(s.value for s in rules.TO_DO))
    over = {"licence__status__in": ["ended", "void"]}
    for row in rows.exclude(**over).order_by("pk").iterator():
        if not (found := rules.alarm(row.due_on, today)):
            continue
        rung += 1
        tell(
            [row.holder_id],
            kind="licence.deadline",
            key=f"registration:{row.pk}:{row.due_on}:{found}",
            title="技术合同登记已超过期限" if found == "late" else "技术合同登记期限临近",
            body=f"{row.patent_title[:60]}：应在 {row.due_on:%Y-%m-%d} 前申请，"
            "不办理的请写明理由。",
            url=f"/registrations/{row.pk}/",
            now=now,
        )
    return rung


def _facts(row: Registration) -> dict[str, object]:
    return {
        "registration_id": row.pk,
        "deal_id": row.deal_id,
        "licence_id": row.licence_id,
        "patent_id": row.patent_id,
        "region": row.region,
        "contract_kind": row.kind,
        "number": row.number,
        "registered_on": row.registered_on.isoformat() if row.registered_on else None,
    }


def _own(registration_id: int, *, by: Actor) -> Registration:
    row = locked(Registration.objects.visible_to(by), registration_id)
    require(by, Permission.REGISTER_CONTRACT, on=Side(row.holder_id))
    return row


def _overseen(registration_id: int, *, by: Actor) -> Registration:
    row = locked(Registration.objects.visible_to(by), registration_id)
    require(by, Permission.DECIDE_REGISTRATION, on=Side(None, row.region))
    return row


def _offer_rating(row: Registration, *, now: datetime) -> None:
    offer_rating(
        service="registration",
        reference=f"registration:{row.pk}",
        title=f"技术合同登记：{row.patent_title}",
        url=f"/registrations/{row.pk}/",
        organisation_id=row.holder_id,
        region=row.region,
        now=now,
    )


def _tell(
    row: Registration, organisations: list[int], title: str, *, now: datetime, body: str = ""
) -> None:
    tell(
        organisations,
        kind="deal.progress",
        key=f"registration:{row.pk}:{row.status}:{now:%Y%m%d%H%M%S}",
        title=f"{title}：{row.patent_title[:60]}",
        body=body[:200],
        url=f"/registrations/{row.pk}/",
        now=now,
    )
