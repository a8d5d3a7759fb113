"""Sums of settlements: the payer notes payments, both parties read, nobody else."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

from licensing.models import SettlementSum
from licensing.services import settlement_sums, settling
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


EXPECTATIONS: dict[str, Row] = {
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
