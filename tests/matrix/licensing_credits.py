"""Who may note money that came in, and credit that went back."""

from __future__ import annotations

from typing import Any

from tests.matrix import Row, World
from tests.matrix.licensing_fees import API_SEEN, of_royal, royal, seen


def pk(world: World) -> dict[str, Any]:
    return {"pk": royal(world).pk}


RECEIPT = {"amount": "5.00", "received_at": "2026-11-20T10:00:00+08:00", "reference": "回单9"}
REFUND = {"amount": "5.00", "refunded_on": "2026-11-20", "reference": "退9"}
KEY = {"Idempotency-Key": "matrix-credits"}
EXPECTATIONS: dict[str, Row] = {
    "licensing:receipt": Row(
        kwargs=of_royal, get=seen("enterprise"), post=seen("enterprise", status=422)
    ),
    "licensing:refund": Row(kwargs=of_royal, get=seen("office"), post=seen("office", status=422)),
    "licensing-api:licence-credits": Row(kwargs=pk, get=API_SEEN),
    "licensing-api:licence-receipts": Row(
        kwargs=pk,
        post=seen("enterprise", status=201, anonymous=401),
        data=lambda w: RECEIPT,
        headers=KEY,
    ),
    "licensing-api:licence-refunds": Row(
        kwargs=pk,
        post=seen("office", status=409, anonymous=401),
        data=lambda w: REFUND,
        headers=KEY,
    ),
}
