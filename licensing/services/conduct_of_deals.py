"""What the platform notes of parties of deals: late settlements, ends for breach, deals kept."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef

from core.days import legal_day
from core.people.types import Actor
from licensing.models import ConductNote, Deal, DealEnding, SettlementSum, TermsVersion
from licensing.rules import conduct as rules
from licensing.rules import deal_kinds, deals, fees
from licensing.rules.conduct import ConductKind, ConductStatus
from licensing.rules.deal_endings import DealGround
from licensing.rules.deals import DealStatus, Party
from licensing.rules.terminations import TerminationStatus
from licensing.selectors.settlement_sums import open_until, with_open
from licensing.services.conduct import Fact, strike, write_note
from licensing.services.ground import locked
from licensing.services.registrations import deal_record, licence_record

SYSTEM = Actor.system()
FARTHEST = 400  # days after which what was late is no longer looked for
NO_LICENCE = sorted(k.value for k in deals.DealKind if k not in deal_kinds.LICENCES)


def note_facts(*, now: datetime) -> int:
    """Settlements not paid, contracts ended for breach, contracts performed; how many."""
    today = legal_day(now)
    made = sum(_unpaid(pk, today=today, now=now) for pk in _unpaid_sums(today))
    made += sum(_ended(pk, now=now) for pk in _endings(today))
    made += sum(_kept(pk, now=now) for pk in _settled(today))
    return made + sum(_strike_paid(pk, now=now) for pk in _told())


def _unpaid_sums(today: date) -> list[int]:
    """Agreed, called for, still open so long after, not noted yet; notes are not of pools."""
    noted = ConductNote.objects.filter(settlement=OuterRef("pk"))
    rows = open_until(today - timedelta(days=rules.LATE_DAYS)).filter(~Exists(noted))
    rows = rows.filter(due_on__gte=today - timedelta(days=FARTHEST))
    rows = rows.filter(dispute__pool_licence__isnull=True)
    return list(rows.values_list("pk", flat=True))


@transaction.atomic
def _unpaid(pk: int, *, today: date, now: datetime) -> int:
    locked(SettlementSum.objects.all(), pk)
    row: Any = with_open(SettlementSum.objects.select_related("dispute")).get(pk=pk)
    if row.open_sum <= 0 or ConductNote.objects.filter(settlement_id=pk).exists():
        return 0
    total = fees.exact_text(row.open_sum, row.currency)
    fact = Fact(
        ConductKind.BROKE,
        row.due_on,
        f"协议款项应在 {row.due_on:%Y-%m-%d} 前支付，经提醒到 {today:%Y-%m-%d} 仍有 {total} 未付。",
        f"平台协议款项记录，纠纷 {row.dispute.number}",
    )
    contract = _contract(row.dispute)
    write_note(contract, row.payer_id, fact, by=SYSTEM, now=now, settlement=row)
    return 1


def _contract(dispute: Any) -> dict[str, Any]:
    if dispute.deal is not None:
        return deal_record(dispute.deal)
    return licence_record(dispute.licence)


def _endings(today: date) -> list[int]:
    """Contracts that ended for the other side's breach, to which nobody objected."""
    noted = ConductNote.objects.filter(ending=OuterRef("pk"))
    rows = DealEnding.objects.filter(
        ~Exists(noted),
        status=TerminationStatus.DONE,
        ground=DealGround.BREACH,
        answer="",
        effective_on__gte=today - timedelta(days=FARTHEST),
    )
    return list(rows.order_by("pk").values_list("pk", flat=True))


@transaction.atomic
def _ended(pk: int, *, now: datetime) -> int:
    row = locked(DealEnding.objects.all(), pk)
    if ConductNote.objects.filter(ending=row).exists():
        return 0
    deal = row.deal
    at_fault = deal.taker_id if row.side == Party.HOLDER else deal.holder_id
    fact = Fact(
        ConductKind.BROKE,
        row.effective_on,
        f"合同因“{row.get_ground_display()}”经对方通知，自 {row.effective_on:%Y-%m-%d} 起终止，"
        "期间没有补救，也没有提出异议。",
        f"平台合同终止记录，合同 {deal.number}",
    )
    write_note(deal_record(deal), at_fault, fact, by=SYSTEM, now=now, ending=row)
    return 1


def _settled(today: date) -> list[int]:
    """Contracts without licences settled for their full price, with nothing noted against them."""
    noted = ConductNote.objects.filter(deal=OuterRef("pk"))
    rows = Deal.objects.filter(
        ~Exists(noted),
        status=DealStatus.SETTLED,
        kind__in=NO_LICENCE,
        settled_amount__gt=0,
        settled_on__gte=today - timedelta(days=FARTHEST),
    )
    return list(rows.order_by("pk").values_list("pk", flat=True))


@transaction.atomic
def _kept(pk: int, *, now: datetime) -> int:
    deal = locked(Deal.objects.all(), pk)
    version = TermsVersion.objects.select_related("plan").get(pk=deal.agreed_terms_id or 0)
    price, settled = deals.fixed_sum(version.plan.terms()), deal.settled_amount
    if settled is None or settled < price or ConductNote.objects.filter(deal=deal).exists():
        return 0
    assert deal.settled_on is not None  # a settled deal has its day
    fact = Fact(
        ConductKind.PERFORMED,
        deal.settled_on,
        f"{deal.contract_type}履行完毕，{deal.settled_on:%Y-%m-%d} "
        f"结清 {fees.money_text(settled)}。",
        f"平台结算记录，合同 {deal.number}",
    )
    write_note(deal_record(deal), deal.taker_id, fact, by=SYSTEM, now=now)
    return 1


def _told() -> list[int]:
    rows = ConductNote.objects.filter(status=ConductStatus.TOLD, settlement__isnull=False)
    return list(rows.order_by("pk").values_list("pk", flat=True))


@transaction.atomic
def _strike_paid(pk: int, *, now: datetime) -> int:
    """What was paid while the party still had time to answer is struck before it counts."""
    row = locked(ConductNote.objects.all(), pk)
    found: Any = with_open(SettlementSum.objects.filter(pk=row.settlement_id or 0)).first()
    if row.status != ConductStatus.TOLD or found is None or found.open_sum > 0:
        return 0
    strike(row, "生效以前已经付清，记录撤销。", by=SYSTEM, now=now)
    return 1
