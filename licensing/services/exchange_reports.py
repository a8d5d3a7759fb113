"""What an exchange reports that was done there: registered, certified, money held or paid out."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import transaction

from core.audit import services as audit
from core.days import legal_day
from core.errors import Conflict, Invalid, Missing
from core.outbox import services as outbox
from core.people.types import Actor
from core.permissions import Permission, require
from licensing.models import Deal, ExchangeReport, Licence
from licensing.rules import registrations as rules
from licensing.rules.registrations import ReportSort, Told
from licensing.services.ground import tell
from licensing.services.registrations import contract_facts

UNKNOWN = "没有找到这份合同：请核对合同编号和专利号，两项须与平台记录一致。"
ALREADY = "这份合同的这一事项已经回传过，内容不同。如有更正，请联系平台或主管部门核对。"


@transaction.atomic
def take_report(
    *,
    contract_number: str,
    patent_number: str,
    sort: str,
    number: str,
    on: date,
    amount: Decimal | None = None,
    state: str = "",
    note: str = "",
    by: Actor,
    now: datetime,
) -> tuple[ExchangeReport, bool]:
    """Keep what an exchange reports, and whether it is new; the same again is the same row.

    A number can be guessed, so the patent's number must fit as well, and a party is nobody to
    report on its own contract.
    """
    require(by, Permission.REPORT_DEAL)
    if by.organisation_id is None or sort not in {s.value for s in ReportSort}:
        raise Invalid(fields={"sort": ["请填写回传的事项。"]})
    facts = _facts(contract_number, patent_number)
    if by.organisation_id in {facts["holder_id"], facts["taker_id"]}:
        raise Conflict("合同当事人不能以交易机构身份回传自己的合同。", code="own-contract")
    told = Told(ReportSort(sort), number.strip(), on, amount, state, note.strip()[:500])
    errors = rules.told_problems(told, contract_on=facts["contract_on"], today=legal_day(now))
    if errors:
        raise Invalid(fields=errors)
    if same := _known(facts["contract_number"], told, by=by):
        return same, False
    row = ExchangeReport.objects.create(
        **facts,
        exchange_id=by.organisation_id,
        sort=told.sort.value,
        number=told.number,
        on=told.on,
        amount=told.amount,
        state=told.state,
        note=told.note,
        reported_at=now,
        reported_by=by.key,
    )
    _spread(row, by=by, now=now)
    return row, True


def _facts(contract_number: str, patent_number: str) -> dict[str, Any]:
    """The contract, its row locked so that two reports of it come one after the other."""
    number = contract_number.strip().upper()
    deal = Deal.objects.select_for_update(of=("self",)).filter(number=number).first()
    licence = None
    if deal is None:
        rows = Licence.objects.select_for_update(of=("self",))
        licence = rows.filter(number=number, declaration__isnull=False).first()
    found = deal or licence
    if found is None or _digits(found.patent_number) != _digits(patent_number):
        raise Missing(UNKNOWN, code="unknown-contract")
    return contract_facts(deal=deal, licence=licence)


def _digits(number: str) -> str:
    return "".join(c for c in number.upper() if c.isalnum()).removeprefix("ZL")


def _known(contract_number: object, told: Told, *, by: Actor) -> ExchangeReport | None:
    """The same report made before; Conflict when another stands in its place."""
    rows = ExchangeReport.objects.filter(contract_number=contract_number, sort=told.sort.value)
    if told.sort is ReportSort.SETTLEMENT:
        rows = rows.filter(exchange_id=by.organisation_id, number=told.number)
    before = {row.state: row for row in rows}
    row = before.get(told.state)
    if row is None:
        if told.sort is ReportSort.SETTLEMENT:
            sums = {state: r.amount for state, r in before.items() if r.amount is not None}
            if why := rules.settlement_conflict(sums, told):
                raise Conflict(why, code="report-conflict")
        return None
    same = (row.exchange_id, row.number, row.on, row.amount) == (
        by.organisation_id,
        told.number,
        told.on,
        told.amount,
    )
    if not same:
        raise Conflict(ALREADY, code="report-conflict")
    return row


def _spread(row: ExchangeReport, *, by: Actor, now: datetime) -> None:
    audit.record("exchange_report.reported", subject=row, by=by, at=now,
                 changes={"sort": row.sort, "number": row.number})  # fmt: skip
    outbox.emit(
        "deal.reported",
        subject=row,
        by=by,
        at=now,
        payload={
            "report_id": row.pk,
            "deal_id": row.deal_id,
            "licence_id": row.licence_id,
            "patent_id": row.patent_id,
            "region": row.region,
            "sort": row.sort,
            "state": row.state,
            "exchange_id": row.exchange_id,
        },
    )
    label = row.get_state_display() or row.get_sort_display()
    tell(
        [row.holder_id, row.taker_id],
        kind="deal.progress",
        key=f"exchange-report:{row.pk}",
        title=f"交易机构回传{label}：{row.patent_title[:60]}",
        body=f"编号 {row.number}，{row.on:%Y-%m-%d}。与事实不符的，请向该机构核对。",
        url=row.contract_url,
        now=now,
    )
