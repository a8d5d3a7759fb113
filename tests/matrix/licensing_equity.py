"""Who may write and read sheets of equity: the office writes; overseers read once submitted."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from licensing.services import equity
from tests.factories.core import actor
from tests.factories.licensing import NOON
from tests.matrix import Row, World, logged_in, only

READERS = ("office", "bureau", "auditor")
ROOM = only("office", "office2", "bureau", "bureau2", "auditor")
STAKE = {
    "company": "甲公司", "patents": "201710601862.3", "acquired_on": date(2024, 5, 1),
    "percent": Decimal(20), "opening": Decimal(100), "increase": Decimal(0),
    "decrease": Decimal(0), "received": Decimal(0),
}  # fmt: skip


def submitted(world: World) -> Any:
    def build(w: World) -> Any:
        by = actor(w.members["office"])
        stake = equity.StakeInput(**STAKE)
        row = equity.write_sheet(year=2025, stakes=[stake], by=by, now=NOON)
        return equity.submit_sheet(sheet_id=row.pk, by=by, now=NOON)

    return world.thing("equity-sheet", build)


def of(world: World) -> dict[str, Any]:
    return {"sheet_id": submitted(world).pk}


def pk(world: World) -> dict[str, Any]:
    return {"pk": submitted(world).pk}


def mine(status: int) -> dict[str, int]:
    """The office acts, those who see are refused, other offices and bureaus find nothing."""
    return only("office", status=status, office2=404, bureau2=404)


def api(status: int) -> dict[str, int]:
    return only("office", status=status, others=404, anonymous=401, bureau=403, auditor=403)


def sheet(world: World) -> dict[str, Any]:
    stake = {name: str(value) for name, value in STAKE.items()}
    return {"year": 2024, "stakes": [stake]}


VERDICT = {"verdict": "kept", "reasons": "x", "decided_by_whom": "x"}
EXPECTATIONS: dict[str, Row] = {
    "licensing:equity": Row(get=ROOM),
    "licensing:equity-write": Row(
        get=only("office", "office2"), post=only("office", "office2", status=422)
    ),
    "licensing:equity-sheet": Row(kwargs=of, get=only(*READERS, office2=404, bureau2=404)),
    "licensing:equity-submit": Row(kwargs=of, post=mine(302)),
    "licensing:equity-send-back": Row(kwargs=of, post=mine(302)),
    "licensing:equity-decide": Row(kwargs=of, get=mine(200), post=mine(422)),
    "licensing-api:equity-list": Row(
        get=logged_in(200, anonymous=401),
        post=only("office", "office2", status=201, anonymous=401),
        data=sheet,
        headers={"Idempotency-Key": "matrix"},
    ),
    "licensing-api:equity-detail": Row(kwargs=pk, get=only(*READERS, others=404, anonymous=401)),
    "licensing-api:equity-submit": Row(kwargs=pk, post=api(409)),
    "licensing-api:equity-send-back": Row(kwargs=pk, post=api(200)),
    "licensing-api:equity-decide": Row(kwargs=pk, post=api(409), data=lambda w: VERDICT),
}
