"""Sums of settlements: the payer notes payments, both parties read, nobody else."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

from licensing.models import SettlementSum
from licensing.services import offsets, settlement_sums, settling
from tests.factories.core import actor
from tests.factories.deals import paper
from tests.factories.disputes import NOON, Quarrel, offer
from tests.factories.licensing import TODAY
from tests.matrix import Row, World, everyone, only

KEY = {"Idempotency-Key": "matrix-settlement-sums"}
PARTIES = ("office", "enterprise")


def booked(world: World) -> Any:
    """The office owes the enterprise a sum, of which a part is paid with a proof."""

    def build(w: World) -> Any:
        at = Quarrel(w.members["office"], w.members["enterprise"])
        row = at.opened()
        owed = offer(payer="holder", pay_by=TODAY + timedelta(days=9), releases=False)
        known = {"dispute_id": row.pk, "now": NOON}
        settling.propose_settlement(offer=owed, by=at.firm, **known)
        settling.answer_settlement(version=1, accept=True, reason="", by=at.office, **known)
        found = SettlementSum.objects.get(dispute=row)
        settlement_sums.pay_settlement(
            sum_id=found.pk, amount=Decimal(1), paid_on=TODAY, proof=paper(), by=at.office, now=NOON
        )
        return found

    return world.thing("settlement-sum", build)


def of(world: World) -> dict[str, Any]:
    return {"sum_id": booked(world).pk}


def of_payment(world: World) -> dict[str, Any]:
    return {"payment_id": booked(world).payments.get().pk}


def of_paper(world: World) -> dict[str, Any]:
    return of(world) | {"document_id": booked(world).papers.get().pk}


def pk_of(world: World) -> dict[str, Any]:
    return {"pk": booked(world).pk}


def payer(status: int, anonymous: int = 302) -> dict[str, int]:
    answers = only("office", status=status, others=404, anonymous=anonymous)
    return answers | {"enterprise": 403}


def offset(world: World) -> Any:
    """The enterprise wants a part of it set off against its fee."""

    def build(w: World) -> Any:
        row = booked(w)
        due = row.dispute.licence.dues.get()
        return offsets.propose_offset(
            sum_id=row.pk,
            due_id=due.pk,
            amount=Decimal(1),
            by=actor(w.members["enterprise"]),
            now=NOON,
        )

    return world.thing("settlement-offset", build)


def of_offset(world: World) -> dict[str, Any]:
    return {"offset_id": offset(world).pk}


def pk_of_offset(world: World) -> dict[str, Any]:
    return {"pk": offset(world).pk}


def proposer(status: int, anonymous: int = 401) -> dict[str, int]:
    answers = only("enterprise", status=status, others=404, anonymous=anonymous)
    return answers | {"office": 403}


def both(status: int, anonymous: int = 302) -> dict[str, int]:
    return only(*PARTIES, status=status, others=404, anonymous=anonymous)


EXPECTATIONS: dict[str, Row] = {
    "licensing:settlement-offset": Row(kwargs=of, get=both(200), post=both(422)),
    "licensing:settlement-offset-answer": Row(kwargs=of_offset, get=both(200), post=both(422)),
    "licensing:settlement-offset-withdraw": Row(kwargs=of_offset, post=proposer(302, 302)),
    "licensing-api:settlement-sum-offsets": Row(
        kwargs=pk_of, post=both(422, 401), data=lambda w: {"due_id": 1, "amount": "1"}, headers=KEY
    ),
    "licensing-api:settlement-offset-list": Row(get=everyone(200, anonymous=401)),
    "licensing-api:settlement-offset-detail": Row(kwargs=pk_of_offset, get=both(200, 401)),
    "licensing-api:settlement-offset-accept": Row(kwargs=pk_of_offset, post=payer(200, 401)),
    "licensing-api:settlement-offset-refuse": Row(
        kwargs=pk_of_offset, post=payer(200, 401), data=lambda w: {"reason": "x"}
    ),
    "licensing-api:settlement-offset-withdraw": Row(kwargs=pk_of_offset, post=proposer(200)),
    "licensing:settlement-pay": Row(kwargs=of, get=payer(200), post=payer(422)),
    "licensing:settlement-paper": Row(kwargs=of_paper, get=only(*PARTIES, others=404)),
    "licensing:settlement-proof": Row(kwargs=of_payment, get=only(*PARTIES, others=404)),
    "licensing-api:settlement-sum-list": Row(get=everyone(200, anonymous=401)),
    "licensing-api:settlement-sum-detail": Row(
        kwargs=pk_of, get=only(*PARTIES, others=404, anonymous=401)
    ),
    "licensing-api:settlement-sum-payments": Row(
        kwargs=pk_of,
        post=payer(201, anonymous=401),
        data=lambda w: {"amount": "1.00", "paid_on": f"{TODAY}", "reference": "回单"},
        headers=KEY,
    ),
}
