"""Set-off 抵销: one party proposes it, the other agrees, and both debts are so much less."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import transaction

from core.audit import services as audit
from core.days import legal_day
from core.errors import Conflict, Invalid, NotAllowed
from core.people.types import Actor
from core.permissions import Permission, require
from licensing.models import (
    Licence,
    Payment,
    SettlementOffset,
    SettlementPayment,
    SettlementSum,
)
from licensing.rules import fees
from licensing.rules import offsets as rules
from licensing.rules.disputes import other
from licensing.selectors import offsets as questions
from licensing.selectors import settlement_sums
from licensing.selectors.disputes import side_of
from licensing.services.deal_ground import need
from licensing.services.ground import locked, moved, seen, tell
from listings.services.ownership.incomes import note_income

TABLE, LABELS = rules.OFFSET_MOVES, rules.OFFSET_LABELS


@transaction.atomic
def propose_offset(
    *, sum_id: int, due_id: int, amount: Decimal, by: Actor, now: datetime
) -> SettlementOffset:
    """A party of a settlement wants so much of its sum set off against this fee."""
    row = locked(SettlementSum.objects.visible_to(by).select_related("dispute"), sum_id)
    side = _party(row, by=by)
    due = questions.due_for(row, due_id)
    if due is None:
        raise Invalid(fields={"due_id": ["请选择双方之间、同一币种、还没有付清的一笔许可费。"]})
    _refuse(row, due, amount)
    if row.offsets.filter(due=due, status=rules.OffsetStatus.PROPOSED).exists():
        raise Conflict("对这笔许可费的抵销正在等待答复，请先答复或撤回。", code="offset-waits")
    made = SettlementOffset.objects.create(
        sum=row, due=due, amount=amount, side=side, proposed_at=now, proposed_by=by.key
    )
    _said("dispute.offset_proposed", made, by=by, now=now)
    body = f"{questions.in_words(made)}\n同意后两笔款项各减少这个数；不同意的，请写明理由。"
    _ring(made, other(side), "proposed", "对方提出抵销协议款项，请答复", body, now=now)
    return made


@transaction.atomic
def accept_offset(*, offset_id: int, by: Actor, now: datetime) -> SettlementOffset:
    """The other party agrees: what is set off counts as paid on both debts, from today."""
    made, licence = _locked(offset_id, by=by)
    _other_side(made, by=by)
    moved(TABLE, LABELS, made, "accept")
    due = questions.due_for(made.sum, made.due_id)
    if due is None:
        raise Conflict("这笔许可费已经付清、有争议或不再应付，不能抵销。", code="not-owed")
    _refuse(made.sum, due, made.amount)
    reference = f"抵销 {made.sum.dispute.number}/{made.pk}"
    known: dict[str, Any] = {
        "amount": made.amount, "reference": reference, "recorded_at": now, "recorded_by": by.key,
    }  # fmt: skip
    made.settlement_payment = SettlementPayment.objects.create(
        sum=made.sum, paid_on=legal_day(now), **known
    )
    made.payment = Payment.objects.create(licence=licence, due=due, paid_at=now, **known)
    _answer(made, by=by, now=now)
    note_income(  # the fee came in: what it was paid with is the licensor's own debt
        patent_id=licence.patent_id,
        organisation_id=licence.licensor_id,
        reference=f"payment:{made.payment.pk}",
        amount=made.amount,
        currency=licence.plan.currency,
        received_on=legal_day(now),
        now=now,
    )
    changes = {"sum": str(made.amount), "offset": made.pk}
    audit.record("licence.set_off", subject=licence, by=by, at=now, changes=changes)
    _said("dispute.offset_accepted", made, by=by, now=now)
    _ring(made, made.side, "accepted", "对方同意抵销", questions.in_words(made), now=now)
    return made


@transaction.atomic
def refuse_offset(*, offset_id: int, reason: str, by: Actor, now: datetime) -> SettlementOffset:
    """The other party does not agree, and says why; both debts stay as they are."""
    made, _licence = _locked(offset_id, by=by)
    _other_side(made, by=by)
    moved(TABLE, LABELS, made, "refuse")
    made.reason = need(reason, "reason", "请写明不同意抵销的理由。")
    _answer(made, by=by, now=now)
    _said("dispute.offset_refused", made, by=by, now=now)
    _ring(made, made.side, "refused", "对方没有同意抵销", made.reason, now=now)
    return made


@transaction.atomic
def withdraw_offset(*, offset_id: int, by: Actor, now: datetime) -> SettlementOffset:
    """Whoever proposed it takes it back."""
    made, _licence = _locked(offset_id, by=by)
    if _party(made.sum, by=by) != made.side:
        raise NotAllowed("这是对方提出的；不同意的，请答复。", code="other-side")
    moved(TABLE, LABELS, made, "withdraw")
    _answer(made, by=by, now=now)
    _said("dispute.offset_withdrawn", made, by=by, now=now)
    _ring(made, other(made.side), "withdrawn", "对方撤回了抵销", questions.in_words(made), now=now)
    return made


def lapse_offsets(*, now: datetime) -> int:
    """End proposals that nobody can agree to any more, and tell both parties; how many."""
    found = questions.past_agreeing(SettlementOffset.objects.all())
    return sum(_lapse(pk, now=now) for pk in found)


@transaction.atomic
def _lapse(pk: int, *, now: datetime) -> int:
    by = Actor.system()
    made, _licence = _locked(pk, by=by)
    if not questions.past_agreeing(SettlementOffset.objects.filter(pk=pk)):
        return 0
    moved(TABLE, LABELS, made, "lapse")
    made.reason = "其中一笔款项已经另行付款，剩下的不够抵销这个数。仍要抵销的，请按余额重新提出。"
    _answer(made, by=by, now=now)
    _said("dispute.offset_lapsed", made, by=by, now=now)
    for side in (made.side, other(made.side)):
        _ring(made, side, "lapsed", "抵销已失效", made.reason, now=now)
    return 1


def _locked(offset_id: int, *, by: Actor) -> tuple[SettlementOffset, Licence]:
    """The proposal and the licence whose fee it is about: the licence first, then the sum."""
    known = seen(SettlementOffset.objects.visible_to(by).select_related("due"), offset_id)
    licence = locked(Licence.objects.all(), known.due.licence_id)
    locked(SettlementSum.objects.all(), known.sum_id)
    rows = SettlementOffset.objects.select_related("sum__dispute", "due__licence__plan")
    return locked(rows, offset_id), licence


def _party(row: SettlementSum, *, by: Actor) -> str:
    require(by, Permission.RUN_DISPUTE, on=row.dispute)
    side = side_of(row.dispute, by)
    if not side:
        raise NotAllowed(
            "抵销由双方办理；同时受双方委托的，不能代表双方（民法典第一百六十八条）。",
            code="not-one-side",
        )
    return side


def _other_side(made: SettlementOffset, *, by: Actor) -> None:
    if _party(made.sum, by=by) == made.side:
        raise NotAllowed("这是本方提出的，要由对方答复。", code="other-side")


def _refuse(row: SettlementSum, due: Any, amount: Decimal) -> None:
    owed = settlement_sums.with_open(SettlementSum.objects.filter(pk=row.pk)).get().open_sum
    if owed <= 0:
        raise Conflict("这笔协议款项已经付清，不用再抵销。", code="paid")
    if wrong := rules.amount_errors(amount, owed=owed, due=due.open_sum):
        raise Invalid(fields=wrong)


def _answer(made: SettlementOffset, *, by: Actor, now: datetime) -> None:
    made.answered_at, made.answered_by = now, by.key
    made.save()


def _said(name: str, made: SettlementOffset, *, by: Actor, now: datetime) -> None:
    changes = {"offset": made.pk, "due": made.due_id, "sum": str(made.amount)}
    audit.record(name, subject=made.sum.dispute, by=by, at=now, changes=changes)


def _ring(
    made: SettlementOffset, side: str, key: str, title: str, body: str, *, now: datetime
) -> None:
    dispute = made.sum.dispute
    tell(
        [dispute.organisation_of(side)],
        kind="dispute.progress",
        key=f"settlement-offset:{made.pk}:{key}",
        title=f"{title} {fees.exact_text(made.amount, made.sum.currency)}",
        body=body[:400],
        url=f"/disputes/{dispute.pk}/",
        now=now,
    )
